/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The peer's side of one connection of the stream fuzzer: what it says, and what it hears. */
#ifndef FUZZ_SIDE_H
#define FUZZ_SIDE_H

#include "fixture.h"

#define PLAIN_MAX	(256 * 1024)

/* One connection, from the peer's side. */
struct side {
	struct rec rec;
	int dut;			/* the module's socket, if it was kept; or -1 */
	uint8_t *plain;			/* envelopes that are not in records yet */
	size_t n_plain;
	uint8_t *wire;			/* records that are not sent yet */
	size_t n_wire;
	struct ftt_ims_decoder said;	/* where the stream is that the module reads */
	unsigned int unknown;		/* useless envelopes in a row */
	bool fresh;			/* nothing useful was said yet */
	bool broken;			/* what was said cannot be read as TLS */
	bool honest;			/* alters no records any more */
	struct ftt_ims_decoder heard;
	uint8_t packet[65536];		/* that the module sends */
	size_t n_packet;
	bool ended;			/* the module's side of the stream has ended */
	bool to_server;			/* the module is the TLS server: it takes no tickets */
	void (*packet_heard)(const uint8_t *packet, size_t len);
	const char **may_die;		/* where to note what may end the tunnel; NULL: nothing does */
};

extern unsigned long side_records;	/* that were said, by all */

/* Keeps the buffers that *s has. may_die: see above. The caller sets packet_heard and to_server. */
void side_open(struct side *s, bool fresh, const char **may_die);
/* What of the module's stream is there, and in which state the connection is; in a buffer of its own. */
const char *side_state(const struct side *s);
/* Closes the module's descriptor of the socket, if it was kept. */
void side_let_go(struct side *s);
void side_close(struct side *s, bool reset);
/* Notes why the tunnel may end, unless that is known. */
void side_may_die(const struct side *s, const char *why);

/* Octets of the stream, for a record that is made later. */
void side_say(struct side *s, const void *data, size_t len);
/* Envelopes that are no packets; control records. */
void side_say_odd(struct side *s);
void side_say_control(struct side *s);
/* Some of what was said goes into records. */
void side_seal(struct side *s, bool all);
/* Sends what TCP takes; ms: how long to wait for it to take everything. */
void side_push(struct side *s, size_t most, int ms);
/* Reads whole records that are there; fails the test if the module says what it must not. */
void side_listen(struct side *s, unsigned int most);

#endif
