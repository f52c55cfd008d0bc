/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic while a test does something else. A pump is the peer of one
 * connection with a thread of its own: it says packets all the time, reads what
 * comes and checks it. A blast is a thread that sends numbered packets from the
 * module's inner address into the tunnels, and takes what comes out.
 *
 * Tunnel k has the UE's inner address FX_UE + k; only a gateway has more than
 * k = 0. Nothing in these threads fails a test; pump_end() tells.
 */
#ifndef PUMP_H
#define PUMP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "fixture.h"

#define PUMP_PORT 9998
#define PUMP_VOICE 0xb8	/* type of service of voice (EF); its packets have no numbers */

struct pump {
	struct rec rec;
	unsigned int pause;		/* ms between two packets */
	uint16_t port;			/* of UDP, at both ends; 0: PUMP_PORT */
	bool deaf, silent;		/* does not read, says no packets; may change at any time */
	bool bye;			/* says close_notify, once */
	unsigned long said, heard, records;	/* packets, packets, records */
	bool ended;			/* the module's stream has ended */
	bool cut;			/* ... in the middle of a record */
	bool has_alert;
	uint8_t alert[2];
	unsigned long voice;		/* packets heard of PUMP_VOICE */
	uint32_t last;			/* number of the last packet heard */
	int64_t heard_at, longest;	/* ms: when it was, and the longest time between two */
	char wrong[128];		/* the first thing that must not be */

	/* the thread's own */
	pthread_t thread;
	int cpu;
	bool stop, running, said_bye;
	uint8_t envelope[256];
	size_t len;
	struct ftt_ims_decoder decoder;
	uint8_t packet[2048];
	size_t n_packet;
};

/* Takes the connection over; 0 or 1 for cpu, -1 for any. The caller fills pause, port, deaf, silent, bye before. */
void pump_start(struct pump *p, const struct fx *fx, unsigned int k, const struct rec *rec,
		int cpu);
/* Stops the thread; the connection is the caller's, in p->rec, until the thread goes on. */
void pump_stop(struct pump *p);
void pump_resume(struct pump *p);
/* Lets the thread read on until the module's stream has ended, at most ms. Has it? */
bool pump_hears_end(struct pump *p, int ms);
/*
 * The same; then stops it and closes the connection. False if the end did not
 * come, or if what came was wrong; why says what.
 */
bool pump_ends(struct pump *p, int ms, char *why, size_t size);
/* The same, and fails the test. */
void pump_end(struct pump *p);

struct blast {
	unsigned int first, n;		/* tunnels first to n - 1 */
	unsigned int pause;		/* ms between two rounds */
	uint16_t port;			/* 0: PUMP_PORT */
	unsigned long sent, got;
	int64_t got_at, longest;	/* ms, as above */

	pthread_t thread;
	int fd, cpu;
	bool stop;
	enum eftf_role role;
};

/* The caller fills first, n, pause and port before. */
void blast_start(struct blast *b, const struct fx *fx, int cpu);
void blast_end(struct blast *b);

/*
 * A process that says one thing on fx->udp all the time, as fast as that goes, for
 * so many ms or until pump_hush(); it does so, too, where no tunnel takes it.
 */
pid_t pump_talk(const struct fx *fx, int ms);
/* Ends this process, or any other child of the test's that says something without end. */
void pump_hush(pid_t talker);

/* The inner address of UE k. */
struct in_addr pump_ue(unsigned int k);
/* UDP at the module's inner address, to and from all tunnels. */
int pump_socket_of_all(const struct fx *fx, uint16_t port);
/* UDP between the inner addresses of tunnel k; for the module's side. */
int pump_socket(const struct fx *fx, unsigned int k, uint16_t port, int tos);
/* Of tunnel k. */
struct eftf_tunnel_spec pump_spec(const struct fx *fx, int fd, unsigned int k);
/* A random time below us microseconds, spent without sleeping. */
void pump_spin(unsigned int us);

#endif
