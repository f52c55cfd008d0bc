/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A handshake of ours with OpenSSL, which goes beyond the profile, and what comes of it. */
#ifndef EFTF_TEST_TLS_MEET_H
#define EFTF_TEST_TLS_MEET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "certs.h"
#include "openssl_peer.h"
#include "tls.h"

#define TLS12 0x0303
#define TLS13 0x0304

static inline struct eftf_tls_config config(bool server, const char *ca, const char *cert)
{
	struct eftf_tls_config cfg = { .server = server };

	if (ca)
		cfg.ca_file = certs_file(ca, "pem");
	if (cert) {
		cfg.cert_file = certs_file(cert, "pem");
		cfg.key_file = certs_file(cert, "key");
	}
	return cfg;
}

static inline struct eftf_tls_ctx *context(struct eftf_tls_config cfg)
{
	struct eftf_err err = { "" };
	struct eftf_tls_ctx *ctx;

	if (eftf_tls_ctx_new(&ctx, &cfg, &err))
		fail_msg("%s", err.text);
	return ctx;
}

struct outcome {
	enum eftf_tls_status status;
	struct eftf_err err;
	struct eftf_tls_info info;
	int peer, alert;		/* what the peer says; the alert that it got */
	bool resumed;
};

static inline bool waits(enum eftf_tls_status s)
{
	return s == EFTF_TLS_WANT_READ || s == EFTF_TLS_WANT_WRITE;
}

/* One handshake with OpenSSL; keep (or NULL): what becomes of the peer. */
static inline struct outcome meet(struct eftf_tls_ctx *ctx, bool server, const struct peer_spec *spec,
				  struct peer **keep)
{
	struct outcome o = { .status = EFTF_TLS_WANT_READ };
	struct peer_spec other = *spec;
	struct eftf_tls *tls;
	struct peer *p;
	int fd[2];

	other.server = !server;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(eftf_tls_new(&tls, ctx, fd[0], server ? NULL : NAME, NULL), 0);
	p = peer_new_spec(&other, fd[1]);
	for (int i = 0; i < 50 && (waits(o.status) || !o.peer); i++) {
		if (waits(o.status))
			o.status = eftf_tls_handshake(tls, &o.err);
		if (!o.peer)
			o.peer = peer_handshake(p);
		if (!waits(o.status) && o.status != EFTF_TLS_DONE)
			shutdown(fd[0], SHUT_WR);
		if (o.peer < 0)
			shutdown(fd[1], SHUT_WR);
	}
	if (o.status == EFTF_TLS_DONE)
		eftf_tls_info(tls, &o.info);
	o.alert = peer_alert(p);
	o.resumed = peer_resumed(p);
	eftf_tls_free(tls);
	close(fd[0]);
	close(fd[1]);
	if (keep)
		*keep = p;
	else
		peer_free(p);
	return o;
}

static inline void expect_accepted(struct outcome o, const char *what)
{
	if (o.status != EFTF_TLS_DONE || o.peer != 1)
		fail_msg("%s: refused: %s (the peer got the alert %d)", what, o.err.text, o.alert);
}

#endif
