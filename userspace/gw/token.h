/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resume tokens: a lease, sealed by AES-256-GCM. Nothing is kept about a token:
 * a gateway that has the key can open it, and without the key none can be made.
 * A token on the wire:
 *
 *   version (1) | salt (24) | sealed: identity (16), IPv4 address (4),
 *   IPv6 prefix (8), epoch (4) | tag (16)
 *
 * Gateways share the key and count nothing together, and GCM's nonce of 96 bits
 * is too short to be drawn at random for all tokens of one key. So each token has
 * a key of its own, HMAC-SHA256 of the shared key over 192 random bits, and the
 * nonce is 0. (XChaCha20-Poly1305 would do the same in one call, but the wolfSSL
 * of routers does not have it.)
 */
#ifndef EFTF_GW_TOKEN_H
#define EFTF_GW_TOKEN_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define EFTF_TOKEN_KEY_LEN 32
#define EFTF_TOKEN_ID_LEN 16
#define EFTF_TOKEN_LEN (1 + 24 + EFTF_TOKEN_ID_LEN + 4 + 8 + 4 + 16)

struct eftf_tokens;

struct eftf_token_lease {
	uint8_t id[EFTF_TOKEN_ID_LEN];	/* random, the lease's for as long as it goes on */
	struct in_addr inner4;
	uint8_t inner6[8];		/* the /64; 0: none */
	uint32_t epoch;			/* one more with each connection that gets the lease */
};

/*
 * Keys from a file: one or two lines of 64 hexadecimal digits; blank lines and
 * lines with # do not count. The first key seals, each opens. path NULL: a
 * random key. Returns 0 or a negative errno with file, line and remedy in err.
 */
int eftf_tokens_new(struct eftf_tokens **t, const char *path, struct eftf_err *err);
/* Reads the keys anew. After a failure, and without a file, they stay as they are. */
int eftf_tokens_reload(struct eftf_tokens *t, const char *path, struct eftf_err *err);
void eftf_tokens_free(struct eftf_tokens *t);

/* Writes EFTF_TOKEN_LEN octets. Returns 0 or -EIO. */
int eftf_token_seal(const struct eftf_tokens *t, const struct eftf_token_lease *lease, uint8_t *out);
/* Returns 0, or -EBADMSG: not a token, or not of these keys. */
int eftf_token_open(const struct eftf_tokens *t, const uint8_t *data, size_t len,
		    struct eftf_token_lease *lease);

#endif
