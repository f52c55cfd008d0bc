/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record layer of TLS 1.3, or 1.2, in user space (AES-128-GCM, fixed test
 * keys) on a plain TCP socket: the peer that says what the project's own
 * programs never would. libcrypto does the cipher, everything else is in the
 * test's hands.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REC_ALERT	21
#define REC_HANDSHAKE	22
#define REC_DATA	23
#define REC_MAX		16384

#define REC_OVERHEAD	29	/* octets that a sealed record has more than its data and padding, at most */

struct rec_key {
	uint8_t key[16];
	uint8_t iv[12];		/* TLS 1.2: 4 octets of it, the other 8 are in each record */
	uint64_t seq;
	bool tls12;
};

struct rec {
	int fd;
	struct rec_key tx, rx;
	uint8_t raw[5 + REC_MAX + 256];
	size_t have;		/* octets of the record that comes */
};

/* Makes one sealed record in out (len + pad + REC_OVERHEAD octets); returns its length. TLS 1.2 has no padding. */
size_t rec_seal(struct rec_key *key, uint8_t type, const void *data, size_t len, size_t pad,
		uint8_t *out);
/* Seals and writes everything, blocking. */
void rec_send(struct rec *r, uint8_t type, const void *data, size_t len);
/*
 * Reads one record, at most ms milliseconds. Returns its plaintext length and
 * *type; -1 at end of stream, -2 on reset, -3 when it has not come in time (a
 * part of it is kept for the next call), -4 if it does not authenticate, -5 if
 * what came is no TLS record.
 */
long rec_recv(struct rec *r, uint8_t *type, uint8_t *data, int ms);

/*
 * Is a whole record there, or the end of the stream? Does not wait. A part of
 * one is taken: the last octets of a large segment hold up TCP's window.
 */
bool rec_there(struct rec *r);

/* Gives a socket the same keys by kTLS: tx = key A, rx = key B, or the reverse. */
enum { KTLS_NONE, KTLS_ULP, KTLS_TX, KTLS_RX, KTLS_BOTH };
int ktls_plant(int fd, int what, const struct rec_key *tx, const struct rec_key *rx);

#endif
