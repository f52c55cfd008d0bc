/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/tls_ctx.c lib/tls_staple.c lib/tls_keypair.c lib/tls_conn.c lib/tls_error.c lib/tls_ktls.c lib/tls_update.c lib/tls_trust.c lib/tls_watch.c lib/x509.c lib/der.c lib/crl.c lib/pem.c lib/log.c lib/log_json.c lib/alert.c lib/err.c ../tests/unit/openssl_peer.c */
/* libs: -lwolfssl -lssl -lcrypto */
/*
 * KeyUpdate, with a kernel that this test plays itself: setsockopt() takes the
 * keys, and what goes through the socket then is made and read here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "openssl_peer.h"
#include "tls_pair.h"

#define ROUNDS 3
#define HANDSHAKE 22
#define APPLICATION_DATA 23

static const uint8_t key_update[] = { 24, 0, 0, 1, 0 };
static const uint8_t key_update_requested[] = { 24, 0, 0, 1, 1 };

static const struct suite {
	const char *wolf, *openssl;
	uint16_t cipher;
} suites[] = {
	{ "TLS13-AES128-GCM-SHA256", "TLS_AES_128_GCM_SHA256", TLS_CIPHER_AES_GCM_128 },
	{ "TLS13-AES256-GCM-SHA384", "TLS_AES_256_GCM_SHA384", TLS_CIPHER_AES_GCM_256 },
	{ "TLS13-CHACHA20-POLY1305-SHA256", "TLS_CHACHA20_POLY1305_SHA256",
	  TLS_CIPHER_CHACHA20_POLY1305 },
};

#define N_SUITES (sizeof(suites) / sizeof(suites[0]))

static void close_pair(int fd[2], struct eftf_tls *c, struct eftf_tls *s)
{
	eftf_tls_free(c);
	eftf_tls_free(s);
	close(fd[0]);
	close(fd[1]);
}

static void plant(struct eftf_tls *tls, struct eftf_tls_key *tx, struct eftf_tls_key *rx)
{
	struct eftf_err err = { "" };

	if (eftf_tls_plant(tls, &err))
		fail_msg("%s", err.text);
	*tx = planted[0];
	*rx = planted[1];
}

static void plant_and_park(struct eftf_tls *tls, struct eftf_tls_key *tx, struct eftf_tls_key *rx)
{
	struct eftf_err err = { "" };

	plant(tls, tx, rx);
	if (eftf_tls_park(tls, &err))
		fail_msg("%s", err.text);
}

static int waiting(int fd)
{
	int n = -1;

	assert_int_equal(ioctl(fd, FIONREAD, &n), 0);
	return n;
}

static void next(struct eftf_tls *tls, bool tx, struct eftf_tls_key *key)
{
	struct eftf_err err = { "" };

	memset(key, 0xaa, sizeof(*key));
	if (tx ? eftf_tls_next_tx(tls, key, &err) : eftf_tls_next_rx(tls, key, &err))
		fail_msg("%s", err.text);
}

/* The key of a sender is that of its receiver, and not the one before. */
static void agree(struct eftf_tls *from, struct eftf_tls *to, struct eftf_tls_key *last)
{
	struct eftf_tls_key tx, rx;

	next(from, true, &tx);
	next(to, false, &rx);
	assert_int_equal(tx.len, last->len);
	assert_int_equal(tx.len, rx.len);
	assert_memory_equal(&tx, &rx, tx.len);
	assert_memory_not_equal(&tx, last, tx.len);
	assert_int_equal(tx.info.version, TLS_1_3_VERSION);
	assert_int_equal(tx.info.cipher_type, last->info.cipher_type);
	*last = tx;
}

static void both_ends(const struct suite *suite)
{
	struct eftf_tls_key ctx, crx, stx, srx;
	struct eftf_tls *c, *s;
	char octet = 'x';
	int fd[2];

	make_pair(fd, suite->wolf, &c, &s);
	plant_and_park(c, &ctx, &crx);
	plant_and_park(s, &stx, &srx);
	assert_int_equal(ctx.info.cipher_type, suite->cipher);
	assert_memory_equal(&ctx, &srx, ctx.len);
	assert_memory_equal(&stx, &crx, stx.len);
	/* what is in the socket is the kernel's */
	assert_int_equal(write(fd[0], &octet, 1), 1);
	assert_int_equal(write(fd[1], &octet, 1), 1);
	for (int i = 0; i < ROUNDS; i++) {
		agree(c, s, &ctx);
		agree(s, c, &stx);
	}
	/* one direction far ahead of the other */
	for (int i = 0; i < 20; i++)
		agree(s, c, &stx);
	agree(c, s, &ctx);
	assert_int_equal(waiting(fd[0]), 1);
	assert_int_equal(waiting(fd[1]), 1);
	close_pair(fd, c, s);
}

static void test_both_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SUITES; i++)
		both_ends(&suites[i]);
}

static void refuse(struct eftf_tls *tls, int code, const char *words)
{
	struct eftf_tls_key key = { .len = 1 };
	struct eftf_err err = { "" };

	assert_int_equal(eftf_tls_park(tls, &err), code);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_int_equal(eftf_tls_next_rx(tls, &key, &err), -EINVAL);
	assert_int_equal(eftf_tls_next_tx(tls, &key, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not parked"));
}

static void test_refusals(void **state)
{
	struct eftf_err err = { "" };
	struct eftf_tls_key tx, rx;
	struct eftf_tls *c, *s;
	int fd[2];

	(void)state;
	make_pair(fd, "ECDHE-ECDSA-AES128-GCM-SHA256", &c, &s);
	plant(c, &tx, &rx);
	plant(s, &tx, &rx);
	assert_int_equal(tx.info.version, TLS_1_2_VERSION);
	refuse(c, -EOPNOTSUPP, "TLSv1.2 changes no keys");
	refuse(s, -EOPNOTSUPP, "only TLS 1.3 does");
	close_pair(fd, c, s);

	make_pair(fd, NULL, &c, &s);
	refuse(c, -EINVAL, "does not have the TLS keys");	/* not planted */
	kernel_errno = ENOPROTOOPT;
	assert_int_equal(eftf_tls_plant(s, &err), -ENOPROTOOPT);
	kernel_errno = 0;
	refuse(s, -EINVAL, "does not have the TLS keys");	/* in vain */
	plant_and_park(c, &tx, &rx);
	assert_int_equal(eftf_tls_park(c, &err), -EINVAL);
	close_pair(fd, c, s);
}

/* ---- OpenSSL as the other end ------------------------------------------------ */

struct talk {
	struct eftf_tls *tls;
	struct peer *peer;
	struct eftf_tls_key tx, rx;	/* what the kernel would use */
	int fd[2];			/* ours, the peer's */
};

static void talk_start(struct talk *t, bool server, const char *suite, int tickets)
{
	enum eftf_tls_status status = EFTF_TLS_WANT_READ;
	struct eftf_err err = { "" };
	int theirs = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, t->fd), 0);
	t->tls = make(server, t->fd[0], NULL);
	t->peer = peer_new(server ? NULL : certs_path("server.pem"), certs_path("server.key"), suite,
			   t->fd[1], tickets);
	for (int i = 0; i < 100 && (waits(status) || !theirs); i++) {
		if (waits(status))
			status = eftf_tls_handshake(t->tls, &err);
		if (!theirs)
			theirs = peer_handshake(t->peer);
	}
	if (status != EFTF_TLS_DONE || theirs != 1)
		fail_msg("%s", err.text);
	plant_and_park(t->tls, &t->tx, &t->rx);
}

static void talk_end(struct talk *t)
{
	assert_int_equal(waiting(t->fd[0]), 0);
	assert_int_equal(waiting(t->fd[1]), 0);
	peer_free(t->peer);
	eftf_tls_free(t->tls);
	close(t->fd[0]);
	close(t->fd[1]);
}

/* The next record that the peer sent is this one. */
static void receive(struct talk *t, uint8_t type, const void *data, size_t len)
{
	uint8_t record[PEER_RECORD_MAX], got[PEER_RECORD_MAX], got_type = 0;
	size_t body;

	assert_int_equal(read(t->fd[0], record, 5), 5);
	body = (size_t)(record[3] << 8 | record[4]);
	assert_true(5 + body <= sizeof(record));
	assert_int_equal(read(t->fd[0], record + 5, body), body);
	assert_true(record_open(&t->rx, record, 5 + body, &got_type, got) >= (int)len);
	assert_int_equal(got_type, type);
	assert_memory_equal(got, data, len);
}

static void transmit(struct talk *t, uint8_t type, const void *data, size_t len)
{
	uint8_t record[PEER_RECORD_MAX];
	size_t n = record_seal(&t->tx, type, data, len, record);

	assert_int_equal(write(t->fd[0], record, n), n);
}

static void say(struct talk *t, const char *text)
{
	transmit(t, APPLICATION_DATA, text, strlen(text));
	assert_true(peer_reads(t->peer, text));
}

static void hear(struct talk *t, const char *text)
{
	assert_true(peer_write(t->peer, text));
	receive(t, APPLICATION_DATA, text, strlen(text));
}

/* What the module does when a KeyUpdate comes. */
static void peer_changes(struct talk *t, bool request)
{
	assert_true(peer_update(t->peer, request));
	receive(t, HANDSHAKE, request ? key_update_requested : key_update, sizeof(key_update));
	next(t->tls, false, &t->rx);
	if (!request)
		return;
	transmit(t, HANDSHAKE, key_update, sizeof(key_update));
	next(t->tls, true, &t->tx);
}

static void against_openssl(bool server, const struct suite *suite)
{
	int tickets = server ? 0 : 2;
	struct talk t;

	talk_start(&t, server, suite->openssl, tickets);
	assert_int_equal(t.tx.info.cipher_type, suite->cipher);
	for (int i = 0; i < tickets; i++)	/* in front of everything else; wolfSSL never sees them */
		receive(&t, HANDSHAKE, "\4", 1);
	say(&t, "before");
	hear(&t, "before");
	for (int i = 0; i < ROUNDS; i++) {
		peer_changes(&t, false);
		hear(&t, "receiving key changed");
		say(&t, "sending key not");
		peer_changes(&t, true);
		hear(&t, "receiving key changed again");
		say(&t, "sending key as well");
		/* of our own accord, and an answer is wanted */
		transmit(&t, HANDSHAKE, key_update_requested, sizeof(key_update));
		next(t.tls, true, &t.tx);
		say(&t, "new sending key");
		/* OpenSSL answers when it writes next */
		assert_true(peer_write(t.peer, "new receiving key"));
		receive(&t, HANDSHAKE, key_update, sizeof(key_update));
		next(t.tls, false, &t.rx);
		receive(&t, APPLICATION_DATA, "new receiving key", 17);
	}
	talk_end(&t);
}

static void test_against_openssl(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SUITES; i++) {
		against_openssl(false, &suites[i]);
		against_openssl(true, &suites[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ends),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_against_openssl),
	};

	return cmocka_run_group_tests(tests, setup, certs_teardown);
}
