/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/tls_ctx.c ../tests/unit/openssl_peer.c lib/tls_keypair.c lib/tls_conn.c lib/tls_error.c lib/tls_ktls.c lib/tls_trust.c lib/tls_watch.c lib/x509.c lib/der.c lib/crl.c lib/pem.c lib/log.c lib/log_json.c lib/alert.c lib/err.c */
/* libs: -lwolfssl -lssl -lcrypto */
/* The OCSP response that a gateway staples, as OpenSSL and eftf-ue get it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include <wolfssl/options.h>

static unsigned int library_version = ~0u;
#define LIBRARY_VERSION() library_version
#include "../../userspace/lib/tls_staple.c"

#include "certs.h"
#include "openssl_peer.h"

#define TLS12 0x0303
#define TLS13 0x0304
#define DAY_S 86400

static time_t later;			/* seconds that the clock of this process is ahead */

/* In the place of libc's: the TLS library judges dates by it. */
time_t time(time_t *t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += later;
	if (t)
		*t = now.tv_sec;
	return now.tv_sec;
}

/* What a CA says of a certificate now. */
static void make_response(char *name, char *ca, char *file, bool with_ca)
{
	char pem[64], ca_pem[64], ca_key[64];

	snprintf(pem, sizeof(pem), "%s.pem", name);
	snprintf(ca_pem, sizeof(ca_pem), "%s.pem", ca);
	snprintf(ca_key, sizeof(ca_key), "%s.key", ca);
	assert_int_equal(certs_openssl("ocsp", "-issuer", ca_pem, "-cert", pem, "-no_nonce", "-reqout",
				       "req.der"), 0);
	assert_int_equal(certs_openssl("ocsp", "-index", "index.txt", "-rsigner", ca_pem, "-rkey", ca_key,
				       "-CA", ca_pem, "-reqin", "req.der", "-respout", file, "-ndays",
				       "1", with_ca ? NULL : "-resp_no_certs"), 0);
}

/* chain.pem: a certificate and those behind it */
static void make_chain(const char *name, const char *certs)
{
	char command[256];

	snprintf(command, sizeof(command), "cat %s >%s.pem", certs, name);
	assert_int_equal(certs_run((char *[]){ "sh", "-c", command, NULL }), 0);
}

static int setup(void **state)
{
	(void)state;
	if (certs_setup() || certs_make("leaf", "DNS:" NAME, NOW) || certs_make("other", "DNS:" NAME, NOW) ||
	    certs_authority("mid", "ca", NOW) || certs_request("low", "P-256", "subjectAltName=DNS:" NAME) ||
	    certs_sign("low", "mid", "sha256", NOW))
		return -1;
	make_chain("chain", "leaf.pem ca.pem");
	make_chain("low-chain", "low.pem mid.pem");
	make_chain("long-chain", "low.pem mid.pem ca.pem");
	make_response("leaf", "ca", "good.der", true);
	make_response("low", "mid", "low.der", false);
	make_response("low", "mid", "with-ca.der", true);
	make_response("other", "ca", "other.der", true);
	if (certs_revoke("leaf", "ca"))
		return -1;
	make_response("leaf", "ca", "revoked.der", true);
	return eftf_tls_init(NULL);
}

static struct eftf_tls_config config(const char *cert, const char *key, const char *response)
{
	return (struct eftf_tls_config){ .server = true, .cert_file = certs_file(cert, "pem"),
					 .key_file = certs_file(key, "key"),
					 .ocsp_file = certs_path(response) };
}

static struct eftf_tls_ctx *context(const struct eftf_tls_config *cfg)
{
	struct eftf_tls_ctx *ctx;
	struct eftf_err err;

	if (eftf_tls_ctx_new(&ctx, cfg, &err))
		fail_msg("%s", err.text);
	return ctx;
}

#ifdef HAVE_CERTIFICATE_STATUS_REQUEST

static bool waits(enum eftf_tls_status s)
{
	return s == EFTF_TLS_WANT_READ || s == EFTF_TLS_WANT_WRITE;
}

/* A library that loses memory with TLS 1.3 is asked for TLS 1.2 only. */
static int last_version(void)
{
	return wolfSSL_lib_version_hex() < GOOD_VERSION ? TLS12 : TLS13;
}

/* A handshake with OpenSSL. Returns the octets of the response that it got, -1: none. */
static long got_by_openssl(struct eftf_tls_ctx *ctx, int version, uint8_t response[RESPONSE_MAX])
{
	struct peer_spec spec = { .version = version, .wants_staple = true };
	enum eftf_tls_status status = EFTF_TLS_WANT_READ;
	struct eftf_err err = { "" };
	const unsigned char *der;
	struct eftf_tls *tls;
	int fd[2], done = 0;
	struct peer *p;
	long len;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(eftf_tls_new(&tls, ctx, fd[0], NULL, NULL), 0);
	p = peer_new_spec(&spec, fd[1]);
	for (int i = 0; i < 50 && (waits(status) || !done); i++) {
		if (waits(status))
			status = eftf_tls_handshake(tls, &err);
		if (!done)
			done = peer_handshake(p);
	}
	if (status != EFTF_TLS_DONE || done != 1)
		fail_msg("version %04x: the handshake failed: %s", version, err.text);
	len = peer_staple(p, &der);
	assert_true(len <= RESPONSE_MAX);
	if (len > 0)
		memcpy(response, der, (size_t)len);
	peer_free(p);
	eftf_tls_free(tls);
	close(fd[0]);
	close(fd[1]);
	return len;
}

static void expect_response(struct eftf_tls_ctx *ctx, const char *file)
{
	uint8_t response[RESPONSE_MAX], expected[RESPONSE_MAX];
	FILE *f = fopen(certs_path(file), "r");
	size_t len;

	assert_non_null(f);
	len = fread(expected, 1, sizeof(expected), f);
	fclose(f);
	for (int version = TLS12; version <= last_version(); version++)
		for (int again = 0; again < 2; again++) {
			assert_int_equal(got_by_openssl(ctx, version, response), len);
			assert_memory_equal(response, expected, len);
		}
}

static void a_good_response_is_sent(void **state)
{
	struct eftf_tls_config cfg = config("chain", "leaf", "good.der");
	struct eftf_tls_ctx *ctx = context(&cfg);
	uint8_t response[RESPONSE_MAX];
	struct eftf_err err;

	(void)state;
	assert_int_equal(got_by_openssl(ctx, TLS12, response), -1);	/* there is none yet */
	assert_int_equal(got_by_openssl(ctx, TLS13, response), -1);
	if (eftf_tls_ctx_staple(ctx, &cfg, &err))
		fail_msg("%s", err.text);
	assert_int_equal(eftf_tls_ctx_check_staple(ctx, &err), 0);
	expect_response(ctx, "good.der");
	eftf_tls_ctx_free(ctx);
}

static void the_issuer_may_be_among_the_cas_of_clients(void **state)
{
	struct eftf_tls_config cfg = config("leaf", "leaf", "good.der");
	struct eftf_tls_ctx *ctx = context(&cfg);
	struct eftf_err err;

	(void)state;
	assert_int_not_equal(eftf_tls_ctx_staple(ctx, &cfg, &err), 0);
	assert_non_null(strstr(err.text, "without the certificate of the CA"));
	cfg.ca_file = certs_path("ca.pem");
	if (eftf_tls_ctx_staple(ctx, &cfg, &err))
		fail_msg("%s", err.text);
	expect_response(ctx, "good.der");
	eftf_tls_ctx_free(ctx);
}

/* A response that has the certificate of its signer in it needs what is above that. */
static void the_issuer_may_be_an_intermediate(void **state)
{
	static const char *const cases[][2] = { { "low-chain", "low.der" }, { "long-chain", "low.der" },
						{ "long-chain", "with-ca.der" } };
	struct eftf_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct eftf_tls_config cfg = config(cases[i][0], "low", cases[i][1]);
		struct eftf_tls_ctx *ctx = context(&cfg);

		if (eftf_tls_ctx_staple(ctx, &cfg, &err))
			fail_msg("%s, %s: %s", cases[i][0], cases[i][1], err.text);
		expect_response(ctx, cases[i][1]);
		eftf_tls_ctx_free(ctx);
	}
}

static void a_wrong_response_is_not_sent(void **state)
{
	static const struct {
		const char *file, *words;
	} cases[] = {
		{ "missing.der", "No such file" },
		{ "index.txt", "no OCSP response" },
		{ "req.der", "no OCSP response" },
		{ "other.der", "no OCSP response for this certificate" },
		{ "low.der", "no OCSP response for this certificate" },
		{ "revoked.der", "revoked" },
		{ "/dev/null", "empty" },
		{ "/dev/zero", "longer" },
	};
	uint8_t response[RESPONSE_MAX];
	struct eftf_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct eftf_tls_config cfg = config("chain", "leaf", cases[i].file);
		struct eftf_tls_ctx *ctx = context(&cfg);

		if (*cases[i].file == '/')
			cfg.ocsp_file = cases[i].file;
		assert_int_not_equal(eftf_tls_ctx_staple(ctx, &cfg, &err), 0);
		if (!strstr(err.text, cases[i].words))
			fail_msg("%s: '%s' does not say '%s'", cases[i].file, err.text, cases[i].words);
		assert_int_equal(got_by_openssl(ctx, TLS13, response), -1);
		assert_int_equal(got_by_openssl(ctx, TLS12, response), -1);
		eftf_tls_ctx_free(ctx);
	}
}

static void one_that_is_out_of_date_is_not_sent(void **state)
{
	struct eftf_tls_config cfg = config("chain", "leaf", "good.der");
	struct eftf_tls_ctx *ctx = context(&cfg), *ctx2 = context(&cfg);
	uint8_t response[RESPONSE_MAX];
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_tls_ctx_staple(ctx, &cfg, &err), 0);
	expect_response(ctx, "good.der");
	later = 3 * DAY_S;
	assert_int_not_equal(eftf_tls_ctx_check_staple(ctx, &err), 0);
	assert_non_null(strstr(err.text, "in date"));
	for (int version = TLS12; version <= last_version(); version++)
		assert_int_equal(got_by_openssl(ctx, version, response), -1);
	assert_int_not_equal(eftf_tls_ctx_staple(ctx2, &cfg, &err), 0);
	later = 0;
	eftf_tls_ctx_free(ctx);
	eftf_tls_ctx_free(ctx2);
}

static void a_library_that_loses_memory_is_not_used_for_it(void **state)
{
	struct eftf_tls_config cfg = config("chain", "leaf", "good.der");
	struct eftf_tls_ctx *ctx = context(&cfg);
	uint8_t response[RESPONSE_MAX];
	struct eftf_err err;

	(void)state;
	library_version = 0x05005004;
	assert_int_not_equal(eftf_tls_ctx_staple(ctx, &cfg, &err), 0);
	library_version = ~0u;
	assert_non_null(strstr(err.text, "would lose memory"));
	assert_int_equal(eftf_tls_ctx_check_staple(ctx, &err), 0);
	assert_int_equal(got_by_openssl(ctx, TLS13, response), -1);
	eftf_tls_ctx_free(ctx);
}

/* eftf-ue asks for it as well, and judges it. */
static void the_ue_takes_it(void **state)
{
	struct eftf_tls_config cfg = config("low-chain", "low", "low.der");
	struct eftf_tls_config ue_cfg = { .ca_file = certs_path("ca.pem") };
	struct eftf_tls_ctx *gw = context(&cfg), *ue = context(&ue_cfg);
	enum eftf_tls_status a = EFTF_TLS_WANT_READ, b = EFTF_TLS_WANT_READ;
	struct eftf_tls *gw_tls, *ue_tls;
	struct eftf_err err = { "" };
	int fd[2];

	(void)state;
	assert_int_equal(eftf_tls_ctx_staple(gw, &cfg, &err), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(eftf_tls_new(&gw_tls, gw, fd[0], NULL, &err), 0);
	assert_int_equal(eftf_tls_new(&ue_tls, ue, fd[1], NAME, &err), 0);
	for (int i = 0; i < 50 && (waits(a) || waits(b)); i++) {
		if (waits(b))
			b = eftf_tls_handshake(ue_tls, &err);
		if (waits(a))
			a = eftf_tls_handshake(gw_tls, &err);
	}
	if (a != EFTF_TLS_DONE || b != EFTF_TLS_DONE)
		fail_msg("the handshake failed: %s", err.text);
	eftf_tls_free(gw_tls);
	eftf_tls_free(ue_tls);
	close(fd[0]);
	close(fd[1]);
	eftf_tls_ctx_free(gw);
	eftf_tls_ctx_free(ue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_response_is_sent),
		cmocka_unit_test(the_issuer_may_be_among_the_cas_of_clients),
		cmocka_unit_test(the_issuer_may_be_an_intermediate),
		cmocka_unit_test(a_library_that_loses_memory_is_not_used_for_it),
		cmocka_unit_test(a_wrong_response_is_not_sent),
		cmocka_unit_test(one_that_is_out_of_date_is_not_sent),
	};

	/* of TLS 1.3 */
	const struct CMUnitTest newest[] = {
		cmocka_unit_test(the_ue_takes_it),
	};
	int failed = cmocka_run_group_tests(tests, setup, certs_teardown);

	return failed || last_version() == TLS12 ? failed : cmocka_run_group_tests(newest, setup, certs_teardown);
}

#else

static void it_is_said_that_there_is_no_stapling(void **state)
{
	struct eftf_tls_config cfg = config("chain", "leaf", "good.der");
	struct eftf_tls_ctx *ctx = context(&cfg);
	struct eftf_err err;

	(void)state;
	assert_int_not_equal(eftf_tls_ctx_staple(ctx, &cfg, &err), 0);
	assert_non_null(strstr(err.text, "has no OCSP stapling"));
	eftf_tls_ctx_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_said_that_there_is_no_stapling),
	};

	return cmocka_run_group_tests(tests, setup, certs_teardown);
}

#endif
