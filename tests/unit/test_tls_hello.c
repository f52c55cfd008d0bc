/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/tls_ctx.c lib/tls_staple.c lib/tls_keypair.c lib/tls_conn.c lib/tls_error.c lib/tls_ktls.c lib/tls_trust.c lib/tls_watch.c lib/x509.c lib/der.c lib/crl.c lib/pem.c lib/log.c lib/log_json.c lib/alert.c lib/err.c ../tests/unit/openssl_peer.c */
/* libs: -lwolfssl -lssl -lcrypto */
/* TS 33.210 clause 6.2: what the UE says in its hello. */
#include <wolfssl/options.h>

#include "tls_meet.h"

static int setup(void **state)
{
	(void)state;
	assert_int_equal(certs_setup(), 0);
	assert_int_equal(certs_make("server", "DNS:" NAME, NOW), 0);
	return eftf_tls_init(NULL);
}

struct hello {
	uint8_t octets[2048];
	const uint8_t *suites, *ext;
	size_t n_suites, n_ext;		/* octets */
};

/* The hello of a UE, which has a TLS 1.3 session id and null compression only. */
static void get_hello_of(struct hello *h, struct eftf_tls_config cfg)
{
	struct eftf_tls_ctx *ctx = context(cfg);
	struct eftf_tls *tls;
	const uint8_t *p;
	ssize_t n;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(eftf_tls_new(&tls, ctx, fd[0], NAME, NULL), 0);
	assert_int_equal(eftf_tls_handshake(tls, NULL), EFTF_TLS_WANT_READ);
	n = read(fd[1], h->octets, sizeof(h->octets));
	assert_true(n > 100);
	p = h->octets + 5 + 4 + 2 + 32;
	p += 1 + p[0];
	h->n_suites = (size_t)(p[0] << 8 | p[1]);
	h->suites = p + 2;
	p += 2 + h->n_suites;
	assert_int_equal(p[0], 1);
	assert_int_equal(p[1], 0);
	h->n_ext = (size_t)(p[2] << 8 | p[3]);
	h->ext = p + 4;
	assert_ptr_equal(h->ext + h->n_ext, h->octets + n);
	eftf_tls_free(tls);
	eftf_tls_ctx_free(ctx);
	close(fd[0]);
	close(fd[1]);
}

static void get_hello(struct hello *h)
{
	get_hello_of(h, config(false, "ca", NULL));
}

/* The body of an extension, or NULL. */
static const uint8_t *extension(const struct hello *h, unsigned int type, size_t *len)
{
	const uint8_t *p = h->ext;

	for (; p < h->ext + h->n_ext; p += 4 + *len) {
		*len = (size_t)(p[2] << 8 | p[3]);
		if ((unsigned int)(p[0] << 8 | p[1]) == type)
			return p + 4;
	}
	return NULL;
}

static bool in_list(unsigned int n, const unsigned int *list)
{
	for (; *list; list++)
		if (*list == n)
			return true;
	return false;
}

static void expect_only(const uint8_t *p, size_t len, const unsigned int *allowed, const char *what)
{
	assert_int_equal(len % 2, 0);
	for (; len; p += 2, len -= 2)
		if (!in_list((unsigned int)(p[0] << 8 | p[1]), allowed))
			fail_msg("%s 0x%02x%02x is offered", what, p[0], p[1]);
}

static void test_hello_suites(void **state)
{
	static const unsigned int allowed[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f,
						0xc030, 0xcca9, 0xcca8, 0x00ff, 0 };
	struct hello h;

	(void)state;
	get_hello(&h);
	expect_only(h.suites, h.n_suites, allowed, "the suite");
}

static void test_hello_groups(void **state)
{
	static const unsigned int allowed[] = { 29, 23, 24, 0 };
	struct hello h;
	const uint8_t *p;
	size_t len;

	(void)state;
	get_hello(&h);
	p = extension(&h, 10, &len);
	assert_non_null(p);
	expect_only(p + 2, len - 2, allowed, "the group");
}

static void test_hello_signatures(void **state)
{
	/* rsa_pss_pss comes with wolfSSL's rsa_pss_rsae. */
	static const unsigned int allowed[] = { 0x0403, 0x0503, 0x0603, 0x0401, 0x0501, 0x0601,
						0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0 };
	struct hello h;
	const uint8_t *p;
	size_t len;

	(void)state;
	get_hello(&h);
	p = extension(&h, 13, &len);
	assert_non_null(p);
	expect_only(p + 2, len - 2, allowed, "the signature algorithm");
}

#ifdef HAVE_CERTIFICATE_STATUS_REQUEST
static void test_hello_staple(void **state)
{
	struct hello h;
	size_t len;

	(void)state;
	get_hello(&h);
	assert_non_null(extension(&h, 5, &len));
}
#endif

/* TS 33.210 6.2.3: SNI, renegotiation_info, extended_master_secret; no truncated_hmac. */
static void test_hello_extensions(void **state)
{
	struct hello h;
	const uint8_t *p;
	size_t len;
	bool scsv = false;

	(void)state;
	get_hello(&h);
	assert_non_null(extension(&h, 0, &len));
	assert_non_null(extension(&h, 23, &len));
	assert_null(extension(&h, 4, &len));
	assert_null(extension(&h, 35, &len));	/* session_ticket */
	assert_null(extension(&h, 16, &len));	/* ALPN: only if it is configured */
	for (size_t i = 0; i < h.n_suites; i += 2)
		scsv |= h.suites[i] == 0 && h.suites[i + 1] == 0xff;
	p = extension(&h, 0xff01, &len);
	assert_true(scsv || (p && len == 1 && !p[0]));
}

static void test_alpn(void **state)
{
	static const uint8_t offered[] = "\0\x0b\x08http/1.1\1x";
	static const char *const answers[] = { NULL, "x" };	/* of the EFTF; NULL: none */
	struct eftf_tls_config cfg = config(false, "ca", NULL);
	struct hello h;
	const uint8_t *p;
	size_t len;

	(void)state;
	cfg.alpn = "http/1.1,x";
	get_hello_of(&h, cfg);
	p = extension(&h, 16, &len);
	assert_non_null(p);
	assert_int_equal(len, sizeof(offered) - 1);
	assert_memory_equal(p, offered, len);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		for (int version = TLS12; version <= TLS13; version++) {
			struct peer_spec spec = { .version = version, .alpn = answers[i],
						  .cert = certs_file("server", "pem"),
						  .key = certs_file("server", "key") };
			struct eftf_tls_ctx *ctx;

			cfg.ca_file = certs_file("ca", "pem");
			ctx = context(cfg);
			expect_accepted(meet(ctx, false, &spec, NULL), answers[i] ? answers[i] : "no answer");
			eftf_tls_ctx_free(ctx);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_suites),
		cmocka_unit_test(test_hello_groups),
		cmocka_unit_test(test_hello_signatures),
		cmocka_unit_test(test_hello_extensions),
#ifdef HAVE_CERTIFICATE_STATUS_REQUEST
		cmocka_unit_test(test_hello_staple),
#endif
		cmocka_unit_test(test_alpn),
	};

	return cmocka_run_group_tests(tests, setup, certs_teardown);
}
