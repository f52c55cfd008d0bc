/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at the messages of a handshake that come in the clear, on their way
 * to wolfSSL: it takes key exchange groups and signatures from a peer that it
 * was told not to offer, and sends what a peer has not offered.
 */
#ifndef EFTF_TLS_WATCH_H
#define EFTF_TLS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "x509.h"

#define EFTF_TLS_X25519 29
#define EFTF_TLS_P256 23
#define EFTF_TLS_P384 24
#define EFTF_TLS_P521 25

/* What a client says first, as far as a server chooses its certificate by it. */
struct eftf_tls_hello {
	char name[256];			/* server_name; "": none */
	bool ecdsa, rsa;		/* it takes signatures of such a key that are good enough */
};

/* From the client's first record, whole. False if that is no whole ClientHello. */
bool eftf_tls_hello_parse(struct eftf_tls_hello *hello, const uint8_t *record, size_t len);

/* What one's own side can do. */
struct eftf_tls_profile {
	bool x25519;			/* not in every wolfSSL */
	enum eftf_x509_key key;		/* of a server's certificate */
};

struct eftf_tls_watch {
	uint8_t record[5], message[4];	/* headers */
	unsigned int n_record, n_message;
	size_t in_record, in_message;	/* octets to come */
	uint8_t *body;			/* of a message that is looked at; from the heap */
	size_t n_body, max_body;
	bool done;			/* nothing comes in the clear any more */
};

/*
 * Octets as they came, cut anywhere. Returns 0 to go on, or an alert, and in
 * why what was against the profile.
 */
unsigned int eftf_tls_watch(struct eftf_tls_watch *w, bool server,
			    const struct eftf_tls_profile *profile, const uint8_t *p, size_t len,
			    const char **why);
void eftf_tls_watch_end(struct eftf_tls_watch *w);

#endif
