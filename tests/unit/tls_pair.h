/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two ends of wolfSSL on a pair of sockets, and a kernel that the test plays
 * itself: setsockopt() keeps the keys that it is given. Include it once, behind
 * cmocka.h.
 */
#ifndef TLS_PAIR_H
#define TLS_PAIR_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "certs.h"
#include "tls_priv.h"

#define SOL_TLS 282

/* What the kernel was given last. */
static struct eftf_tls_key planted[2];	/* sending, receiving */
static int kernel_errno;		/* instead of taking it */

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	struct eftf_tls_key *key = &planted[name == TLS_RX];

	(void)fd;
	if (kernel_errno) {
		errno = kernel_errno;
		return -1;
	}
	if (level != SOL_TLS)
		return 0;
	memset(key, 0, sizeof(*key));
	memcpy(key, value, len);
	key->len = len;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(certs_setup(), 0);
	assert_int_equal(certs_make("server", "DNS:" NAME, NOW), 0);
	return eftf_tls_init(NULL);
}

/* suite: NULL: any. TLS 1.2 is what a suite of it stands for. */
static struct eftf_tls *make(bool server, int fd, const char *suite)
{
	struct eftf_tls_config cfg = { .server = server };
	struct eftf_tls_ctx *ctx;
	struct eftf_err err = { "" };
	struct eftf_tls *tls;

	if (server) {
		cfg.cert_file = certs_path("server.pem");
		cfg.key_file = certs_path("server.key");
	} else {
		cfg.ca_file = certs_path("ca.pem");
	}
	if (eftf_tls_ctx_new(&ctx, &cfg, &err) || eftf_tls_new(&tls, ctx, fd, NAME, &err))
		fail_msg("%s", err.text);
	eftf_tls_ctx_free(ctx);
	if (suite)
		assert_int_equal(wolfSSL_set_cipher_list(tls->ssl, suite), WOLFSSL_SUCCESS);
	if (suite && !strncmp(suite, "ECDHE", 5))
		wolfSSL_set_options(tls->ssl, WOLFSSL_OP_NO_TLSv1_3);
	return tls;
}

static bool waits(enum eftf_tls_status s)
{
	return s == EFTF_TLS_WANT_READ || s == EFTF_TLS_WANT_WRITE;
}

static void make_pair(int fd[2], const char *suite, struct eftf_tls **c, struct eftf_tls **s)
{
	enum eftf_tls_status a = EFTF_TLS_WANT_READ, b = a;
	struct eftf_err err = { "" };

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	*c = make(false, fd[0], suite);
	*s = make(true, fd[1], NULL);
	for (int i = 0; i < 100 && (waits(a) || waits(b)); i++) {
		if (waits(a))
			a = eftf_tls_handshake(*c, &err);
		if (waits(b))
			b = eftf_tls_handshake(*s, &err);
	}
	if (a != EFTF_TLS_DONE || b != EFTF_TLS_DONE)
		fail_msg("%s", err.text);
}

#endif
