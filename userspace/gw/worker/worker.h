/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker process: what its parts share. One thread, one loop; it has sockets
 * and a configuration, and nothing else.
 */
#ifndef EFTF_GW_WORKER_H
#define EFTF_GW_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>
#include <stdnoreturn.h>

#include <ev.h>

#include "../conf.h"
#include "../message.h"
#include "../prefix.h"
#include "dhcp4_server.h"
#include "log.h"
#include "rekey.h"
#include "sandbox.h"
#include "tls.h"

struct eftf_conn;
struct eftf_keys;

/* How far a connection is; conn.c has a queue for each. */
enum eftf_conn_stage {
	EFTF_CONN_SILENT,		/* has not sent a whole record */
	EFTF_CONN_HANDSHAKE,
	EFTF_CONN_NEGOTIATING,
	EFTF_CONN_ASKED,		/* the main process has the UE's message */
	EFTF_CONN_SETTLING,		/* acknowledged; what it sent too early is read */
	EFTF_CONN_ATTACHING,		/* the main process has the socket */
	EFTF_CONN_CLOSING,		/* its end was sent, the peer may take it */
	EFTF_CONN_ENDED,
	EFTF_CONN_STAGES,
};

/* What the main process gives a new worker. */
struct eftf_worker_start {
	const struct eftf_gw_conf *conf;
	const struct eftf_dhcp4s_policy *policy;
	struct eftf_tls_ctx *const *tls;	/* one for each certificate */
	size_t n_tls;
	enum eftf_log_level log_level;
	bool can_update;		/* this kernel can take new TLS keys */
	unsigned int max_conns;
	struct eftf_prefixes *prefixes;	/* of all workers */
	int main_fd;			/* to the main process */
	int port_fd, port6_fd;		/* the DHCP ports inside the tunnels; -1: another worker's, or none */
	const int *listen_fd;
	size_t n_listen;
	int parent;			/* process id */
	struct eftf_sandbox_user user;
};

/* A socket that waits. */
struct eftf_watch {
	int fd;
	uint32_t events;		/* EPOLLIN, EPOLLOUT; 0: not now */
	void (*on_ready)(void *data);
	void *data;
};

struct eftf_worker {
	const struct eftf_worker_start *start;
	const struct eftf_gw_conf *conf;
	struct ev_loop *loop;
	ev_io main_io;
	bool draining;
	ev_check turn;
	double turn_ends;		/* then signals, deadlines and other descriptors are looked at */
	struct eftf_worker_counts counts;
	ev_io watches;			/* watch.c: its epoll set */

	/* listener.c */
	struct eftf_listener {
		struct eftf_watch io;
		struct eftf_worker *worker;
	} listener[EFTF_GW_MAX_LISTEN];
	size_t n_listeners;
	ev_timer accept_pause;

	/* conn.c */
	struct eftf_conn_queue {
		struct eftf_conn *first, *last;
	} conns[EFTF_CONN_STAGES];
	unsigned int n_conns;
	struct eftf_conn **place;	/* by eftf_conn_id.place */
	uint32_t *free_place;		/* a stack of n_free */
	uint32_t n_places, n_free, serial;
	unsigned int asked;		/* messages that were not answered yet */

	/* keys.c */
	struct eftf_keys **keys;
	unsigned int n_keys;

	/* port.c */
	struct eftf_watch port_io, port6_io;
	struct eftf_ue_rate *rates;
};

/* worker.c: a forked process becomes a worker; ends by _exit(). */
noreturn void eftf_worker_run(const struct eftf_worker_start *start);
/* Sends to the main process; waits for room, for that one never waits for a worker. fd: -1, or passed along. */
void eftf_worker_send(struct eftf_worker *w, const struct eftf_msg *msg, int fd);
/* The connections have had their turn. */
bool eftf_worker_turn_over(const struct eftf_worker *w);
/* Draining, and nothing is left: ends the process. */
void eftf_worker_maybe_end(struct eftf_worker *w);

/* watch.c */
int eftf_watches_open(struct eftf_worker *w, struct eftf_err *err);
/* From now on waits for these events; 0, before its close: for none, also while others have the socket. */
void eftf_watch_set(struct eftf_worker *w, struct eftf_watch *watch, uint32_t events);

/* listener.c */
void eftf_worker_listen(struct eftf_worker *w);
void eftf_worker_listen_no_more(struct eftf_worker *w);

/* admit.c: counts the connection, in use, if it may be; else counts why not. */
bool eftf_worker_admits(struct eftf_worker *w, const struct sockaddr_storage *peer,
			struct eftf_prefix_use *use);

/* hello.c */
#define EFTF_HELLO_MAX (5 + 16384)	/* octets of a record in the clear, with its header */
/*
 * Octets that must be there before a look at the first record makes sense, of
 * which n are; 0: it is there. What is no record, or ends early, is for the
 * TLS library to say.
 */
size_t eftf_hello_missing(const uint8_t *record, ssize_t n);
/* With the certificate that suits the client best, the first of those that do so alike. */
struct eftf_tls_ctx *eftf_hello_choose(const struct eftf_worker *w, const uint8_t *record,
				       size_t len);

/* conn.c */
int eftf_worker_conns_open(struct eftf_worker *w, struct eftf_err *err);
/* Takes the fd over. */
void eftf_conn_new(struct eftf_worker *w, int fd, const struct sockaddr_storage *peer);
void eftf_conn_on_attached(struct eftf_worker *w, const struct eftf_msg *msg);
/* Frees those that have ended: no function up the stack looks at one any more. */
void eftf_conns_reap(struct eftf_worker *w);
/* Tells all peers that this side ends. */
void eftf_conns_close(struct eftf_worker *w);

/* negotiate.c: answers to messages of connections. */
void eftf_conn_on_answer(struct eftf_worker *w, const struct eftf_msg *msg);

/* keys.c: parked TLS states of attached tunnels. */
int eftf_keys_open(struct eftf_worker *w, struct eftf_err *err);
/* tls is taken over. */
void eftf_keys_add(struct eftf_worker *w, uint32_t tunnel, uint32_t transport, struct eftf_tls *tls);
void eftf_keys_forget(struct eftf_worker *w, uint32_t tunnel, uint32_t transport);
/* Answers UPDATE. */
void eftf_keys_update(struct eftf_worker *w, const struct eftf_msg *msg);

/* port.c */
int eftf_port_open(struct eftf_worker *w, struct eftf_err *err);
void eftf_port_close(struct eftf_worker *w);
/* Asks all that is there. */
void eftf_port_read_all(struct eftf_worker *w);
void eftf_port_on_answer(struct eftf_worker *w, const struct eftf_msg *msg);

#endif
