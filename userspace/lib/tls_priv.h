/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the tls_*.c files only. */
#ifndef EFTF_TLS_PRIV_H
#define EFTF_TLS_PRIV_H

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include "tls.h"
#include "tls_cert.h"
#include "tls_trust.h"
#include "tls_watch.h"

#define TLS_RECORD_HDR 5
#define TLS12_NONCE 8

struct eftf_tls_staple;

struct eftf_tls_ctx {
	WOLFSSL_CTX *wolf;
	bool server;
	struct eftf_tls_staple *staple;	/* NULL: none is sent */
	struct eftf_tls_trust *trust;	/* NULL: no peer certificate is asked for */
	struct eftf_tls_profile profile;
	char *alpn;			/* client: what is offered; from the heap; NULL: nothing */
	uint8_t *own_der;		/* its certificate; from the heap */
	struct eftf_x509 own;		/* the same, taken apart */
};

/* Follows the records of one direction, cut anywhere. */
struct tls_records {
	uint8_t hdr[TLS_RECORD_HDR];
	unsigned int have;		/* octets of hdr; 0: between two records */
	size_t left;			/* octets of the record to come */
	size_t at;			/* octets of the record seen */
	uint8_t nonce[TLS12_NONCE];	/* first octets of the last record: TLS 1.2's explicit nonce */
	unsigned int n;			/* whole records */
	unsigned int turn_ends;		/* n at which the channel begins no other */
	size_t octets;			/* of all */
};

struct eftf_tls {
	WOLFSSL *ssl;
	int fd;
	bool server;
	bool dead;			/* nothing goes through wolfSSL any more */
	bool planted;			/* the kernel has the keys of the handshake */
	bool parked;			/* makes keys, and has nothing to do with fd any more */
	bool swallow;			/* while parked: wolfSSL may send, to nowhere */
	const uint8_t *feed;		/* while parked: what wolfSSL receives */
	size_t n_feed;
	bool want_write;		/* the send callback last said: no room */
	bool closed;			/* the peer closed the connection */
	int io_errno;			/* of the last failed send or recv */
	struct eftf_tls_trust *trust;	/* NULL: no peer certificate is asked for */
	struct eftf_tls_profile profile;
	bool verified;			/* the peer's certificate is good */
	bool has_peer_id;
	uint8_t peer_id[EFTF_TLS_PEER_ID_LEN];
	int verify_error;		/* wolfSSL's code for the refused certificate */
	char why[EFTF_TLS_WHY_LEN];	/* it is refused */
	char peer_name[256];
	uint8_t ip[16];			/* peer_name is an IP literal */
	unsigned int ip_len;		/* 0, 4 or 16 */
	struct eftf_tls_watch watch;	/* of what comes in the clear */
	const char *refused;		/* what was against the profile in that */
	uint8_t first[TLS_RECORD_HDR];	/* what the peer said first */
	unsigned int n_first;
	struct tls_records tx, rx;
	bool one_by_one;		/* after the handshake: wolfSSL gets no record that was not asked for */
	bool may_begin;			/* it may get one */
};

/* Before the context goes; connections that were made from it have none then. */
void eftf_tls_staple_free(struct eftf_tls_ctx *ctx);
/* Turns wolfSSL's code into words. Returns FAILED or UNTRUSTED. */
enum eftf_tls_status eftf_tls_explain(struct eftf_tls *tls, int code, struct eftf_err *err);
/* The key that wolfSSL uses now in one direction. Returns 0 or a negative errno. */
int eftf_tls_fill(struct eftf_tls *tls, bool tx, struct eftf_tls_key *key, struct eftf_err *err);

#endif
