/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenSSL as the other end, and as what the kernel does with the keys that it
 * is given. In a file of its own: the headers of both TLS libraries do not go
 * together.
 */
#ifndef EFTF_TEST_OPENSSL_PEER_H
#define EFTF_TEST_OPENSSL_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls_key.h"

#define PEER_RECORD_MAX 1024

struct peer;

/* cert, key: of a server. suite: of TLS 1.3. tickets: that a server sends. */
struct peer *peer_new(const char *cert, const char *key, const char *suite, int fd, int tickets);

/* A peer that does what it should not. NULL: OpenSSL's own choice. */
struct peer_spec {
	bool server;
	const char *cert, *key;		/* PEM: a chain */
	const char *ca;			/* server: client certificates are wanted */
	int version;			/* 0x0303, 0x0304; 0: any */
	const char *suites;		/* of TLS 1.3 */
	const char *ciphers;		/* of TLS 1.2 */
	const char *groups, *signatures;
	const char *alpn;		/* server: the protocol that it chooses, if the client offers it */
	const char *staple;		/* server: DER file of an OCSP response */
	bool wants_staple;		/* client */
	struct peer *resume;		/* client: offer the session of this one */
};
struct peer *peer_new_spec(const struct peer_spec *spec, int fd);
void peer_free(struct peer *p);
/* Returns 1: done, 0: not yet, -1: failed. */
int peer_handshake(struct peer *p);
/* The fatal alert that it got; -1: none. */
int peer_alert(const struct peer *p);
bool peer_resumed(const struct peer *p);
/* Client: octets of the OCSP response that it got; -1: none. */
long peer_staple(const struct peer *p, const unsigned char **der);
/* Sends a KeyUpdate and is under the new key then. */
bool peer_update(struct peer *p, bool request);
bool peer_write(struct peer *p, const char *text);
/* Compares what comes; takes KeyUpdates on the way, and answers them. */
bool peer_reads(struct peer *p, const char *text);

/* Makes a record, of octets in all, and counts on. */
size_t record_seal(struct eftf_tls_key *key, uint8_t type, const void *data, size_t len,
		   uint8_t record[PEER_RECORD_MAX]);
/* Opens one and counts on. Returns octets of data and the type; -1: it is not authentic. */
int record_open(struct eftf_tls_key *key, const uint8_t *record, size_t len, uint8_t *type,
		uint8_t data[PEER_RECORD_MAX]);

#endif
