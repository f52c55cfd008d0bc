/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/tls_ctx.c lib/tls_staple.c lib/tls_keypair.c lib/tls_conn.c lib/tls_error.c lib/tls_ktls.c lib/tls_trust.c lib/tls_watch.c lib/x509.c lib/der.c lib/crl.c lib/pem.c lib/log.c lib/log_json.c lib/alert.c lib/err.c ../tests/unit/openssl_peer.c */
/* libs: -lwolfssl -lssl -lcrypto */
/* TS 33.210 clause 6.2 against a peer (OpenSSL) that goes beyond it: what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include <wolfssl/options.h>

#include "tls_meet.h"
#include "tls_watch.h"

#define HANDSHAKE_FAILURE 40

static int setup(void **state)
{
	(void)state;
	assert_int_equal(certs_setup(), 0);
	assert_int_equal(certs_make("server", "DNS:" NAME, NOW), 0);
	assert_int_equal(certs_make("client", "email:ue@example.org", NOW), 0);
	assert_int_equal(certs_make_key("rsa", "DNS:" NAME, "rsa:2048", NOW), 0);
	assert_int_equal(certs_make_key("ed", "DNS:" NAME, "ed25519", NOW), 0);
	assert_int_equal(certs_make_key("short", "DNS:" NAME, "rsa:1024", NOW), 0);
	assert_int_equal(certs_request("weak", "P-256", "subjectAltName=DNS:" NAME), 0);
	assert_int_equal(certs_sign("weak", "ca", "sha1", NOW), 0);
	return eftf_tls_init(NULL);
}

/* The gateway with one certificate, and a client. */
static struct outcome gateway(const char *cert, const struct peer_spec *spec)
{
	struct eftf_tls_ctx *ctx = context(config(true, NULL, cert));
	struct outcome o = meet(ctx, true, spec, NULL);

	eftf_tls_ctx_free(ctx);
	return o;
}

/* ---- what the gateway refuses ----------------------------------------------- */

static void expect_refused(struct outcome o, int alert, const char *what)
{
	if (o.status == EFTF_TLS_DONE)
		fail_msg("%s: accepted: %s %s %s", what, o.info.version, o.info.cipher,
			 o.info.group);
	if (o.alert != alert)
		fail_msg("%s: alert %d, not %d (%s)", what, o.alert, alert, o.err.text);
}

static void test_gateway_suites(void **state)
{
	(void)state;
	expect_refused(gateway("server", &(struct peer_spec){
		.version = TLS13, .suites = "TLS_AES_128_CCM_8_SHA256" }), HANDSHAKE_FAILURE,
		"CCM_8");
	expect_refused(gateway("server", &(struct peer_spec){
		.version = TLS13, .suites = "TLS_AES_128_CCM_SHA256" }), HANDSHAKE_FAILURE, "CCM");
	expect_refused(gateway("server", &(struct peer_spec){
		.version = TLS12, .ciphers = "ECDHE-ECDSA-AES128-CCM8" }), HANDSHAKE_FAILURE,
		"CCM_8 in TLS 1.2");
	expect_accepted(gateway("server", &(struct peer_spec){
		.version = TLS13, .suites = "TLS_AES_256_GCM_SHA384" }), "GCM-256");
	expect_accepted(gateway("rsa", &(struct peer_spec){
		.version = TLS12, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256" }), "RSA");
}

static void test_gateway_groups(void **state)
{
	static const char *const outside[] = { "secp256k1", "brainpoolP256r1", "brainpoolP384r1",
					       "P-521", "X448" };
	static const char *const inside[] = { "P-256", "P-384", "secp256k1:P-384", "X448:P-256" };

	(void)state;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		expect_refused(gateway("rsa", &(struct peer_spec){
			.version = TLS12, .groups = outside[i] }), HANDSHAKE_FAILURE, outside[i]);
		if (strncmp(outside[i], "brainpool", 9) && strcmp(outside[i], "secp256k1"))
			expect_refused(gateway("rsa", &(struct peer_spec){
				.version = TLS13, .groups = outside[i] }), HANDSHAKE_FAILURE,
				outside[i]);
	}
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
		expect_accepted(gateway("rsa", &(struct peer_spec){
			.version = TLS12, .groups = inside[i] }), inside[i]);
}

/* RFC 8422 5.1: in TLS 1.2 the groups are for the certificate's key, too. */
static void test_gateway_curve(void **state)
{
	struct peer_spec without = { .version = TLS12, .groups = "P-384:X25519" };

	(void)state;
	expect_refused(gateway("server", &without), HANDSHAKE_FAILURE,
		       "a P-256 certificate without P-256");
	expect_accepted(gateway("rsa", &without), "an RSA certificate without P-256");
	without.version = TLS13;
	expect_accepted(gateway("server", &without), "TLS 1.3 without P-256");
}

static void test_gateway_signatures(void **state)
{
	(void)state;
	expect_refused(gateway("server", &(struct peer_spec){
		.version = TLS12, .signatures = "ECDSA+SHA1:RSA+SHA1" }), HANDSHAKE_FAILURE,
		"SHA-1");
	expect_refused(gateway("rsa", &(struct peer_spec){
		.version = TLS12, .signatures = "RSA+SHA224:RSA+SHA1" }), HANDSHAKE_FAILURE,
		"SHA-224");
	expect_accepted(gateway("rsa", &(struct peer_spec){
		.version = TLS12, .signatures = "RSA+SHA1:RSA+SHA224:RSA+SHA384" }), "SHA-384");
}

/* A client that offers its session again: a full handshake, certificate and all. */
static void test_no_resumption(void **state)
{
	struct peer_spec spec = { .version = TLS12, .cert = certs_file("client", "pem"),
				  .key = certs_file("client", "key") };
	struct eftf_tls_ctx *ctx = context(config(true, "ca", "server"));
	struct peer *first;

	(void)state;
	expect_accepted(meet(ctx, true, &spec, &first), "the first");
	spec.resume = first;
	for (int i = 0; i < 2; i++) {
		struct outcome o = meet(ctx, true, &spec, NULL);

		expect_accepted(o, "the session again");
		assert_false(o.resumed);
	}
	peer_free(first);
	eftf_tls_ctx_free(ctx);
}

/* ---- what the UE refuses ---------------------------------------------------- */

static struct outcome ue(const char *cert, struct peer_spec spec)
{
	struct eftf_tls_ctx *ctx = context(config(false, "ca", NULL));
	struct outcome o;

	spec.cert = certs_file(cert, "pem");
	spec.key = certs_file(cert, "key");
	o = meet(ctx, false, &spec, NULL);
	eftf_tls_ctx_free(ctx);
	return o;
}

static void expect_words(struct outcome o, const char *words)
{
	assert_int_not_equal(o.status, EFTF_TLS_DONE);
	if (!strstr(o.err.text, words))
		fail_msg("'%s' does not say '%s'", o.err.text, words);
}

static void test_ue_keys(void **state)
{
	static const int versions[] = { TLS12, TLS13 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct peer_spec spec = { .version = versions[i] };

		expect_words(ue("short", spec), "RSA key is shorter than 2048 bits");
		expect_accepted(ue("rsa", spec), "RSA 2048");
		expect_words(ue("ed", spec), "handshake_failure");
		expect_words(ue("weak", spec), "its signature is with SHA-1");
	}
}

static void test_ue_groups(void **state)
{
	(void)state;
	assert_int_not_equal(ue("rsa", (struct peer_spec){ .version = TLS12, .groups = "P-521" })
			     .status, EFTF_TLS_DONE);
	expect_accepted(ue("rsa", (struct peer_spec){ .version = TLS12, .groups = "P-384" }),
			"P-384");
	assert_int_not_equal(ue("rsa", (struct peer_spec){ .signatures = "RSA+SHA1",
							   .version = TLS12 }).status,
			     EFTF_TLS_DONE);
}

/* ---- what wolfSSL would take from a peer that does as it likes --------------- */

static unsigned int seen(bool server, uint8_t type, const void *body, size_t len, size_t step)
{
	static const struct eftf_tls_profile profile = { .x25519 = true,
							 .key = EFTF_X509_KEY_P256 };
	struct eftf_tls_watch w = { .done = false };
	uint8_t record[256] = { 22, 3, 3, 0, (uint8_t)(len + 4), type, 0, 0, (uint8_t)len };
	unsigned int alert = 0;
	const char *why = NULL;

	memcpy(record + 9, body, len);
	len += 9;
	for (size_t at = 0; at < len && !alert; at += step)
		alert = eftf_tls_watch(&w, server, &profile, record + at,
				       len - at < step ? len - at : step, &why);
	eftf_tls_watch_end(&w);
	return alert;
}

/* TLS 1.2: ServerKeyExchange and CertificateVerify. */
static void test_watch(void **state)
{
	static const struct {
		uint8_t group, hash, kind;
		unsigned int alert;
	} exchange[] = {
		{ 23, 4, 3, 0 },	/* P-256, ECDSA with SHA-256 */
		{ 29, 8, 4, 0 },	/* X25519, RSA-PSS */
		{ 24, 6, 1, 0 },
		{ 23, 2, 3, 47 },	/* SHA-1 */
		{ 23, 3, 1, 47 },	/* SHA-224 */
		{ 23, 1, 1, 47 },	/* MD5 */
		{ 23, 4, 2, 47 },	/* DSA */
		{ 22, 4, 3, 47 },	/* secp256k1 */
		{ 25, 4, 3, 47 },	/* P-521 */
		{ 30, 4, 3, 47 },	/* X448 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(exchange) / sizeof(exchange[0]); i++) {
		uint8_t body[] = { 3, 0, exchange[i].group, 2, 'x', 'y', exchange[i].hash,
				   exchange[i].kind, 0, 1, 's' };

		for (size_t step = 1; step < 20; step += 6) {
			assert_int_equal(seen(false, 12, body, sizeof(body), step),
					 exchange[i].alert);
			if (exchange[i].group == 23)
				assert_int_equal(seen(true, 15, body + 6, 5, step),
						 exchange[i].alert);
		}
	}
	assert_int_equal(seen(false, 12, "\3\0", 2, 5), 50);
	assert_int_equal(seen(true, 1, "\3\3", 2, 5), 50);
}

/* ---- OCSP stapling ---------------------------------------------------------- */

#ifdef HAVE_CERTIFICATE_STATUS_REQUEST
/* What the CA says of a certificate now. */
static void make_staple(char *name, char *file, char *days)
{
	char pem[64];

	snprintf(pem, sizeof(pem), "%s.pem", name);
	assert_int_equal(certs_openssl("ocsp", "-issuer", "ca.pem", "-cert", pem, "-no_nonce",
				       "-reqout", "req.der"), 0);
	assert_int_equal(certs_openssl("ocsp", "-index", "index.txt", "-rsigner", "ca.pem", "-rkey",
				       "ca.key", "-CA", "ca.pem", "-reqin", "req.der", "-respout",
				       file, "-ndays", days, "-resp_no_certs"), 0);
}

/* With another last octet, which is one of the signature. */
static void forge_staple(const char *from, const char *to)
{
	uint8_t response[4096];
	FILE *f = fopen(certs_path(from), "r");
	size_t n = f ? fread(response, 1, sizeof(response), f) : 0;

	assert_in_range(n, 100, sizeof(response) - 1);
	fclose(f);
	response[n - 1] ^= 1;
	f = fopen(certs_path(to), "w");
	assert_non_null(f);
	assert_int_equal(fwrite(response, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* wolfSSL 5.7.2 does not understand a response that says "revoked", and so does not take it. */
static void expect_revoked(struct outcome o)
{
	expect_words(o, strstr(o.err.text, "OCSP") ? "does not say that it is good" :
		     "it is revoked");
}

static void test_staple(void **state)
{
	static const int versions[] = { TLS12, TLS13 };

	(void)state;
	assert_int_equal(certs_make("stapled", "DNS:" NAME, NOW), 0);
	make_staple("stapled", "good.der", "1");
	forge_staple("good.der", "forged.der");
	make_staple("server", "other.der", "1");
	assert_int_equal(certs_revoke("stapled", "ca"), 0);
	make_staple("stapled", "revoked.der", "1");
	for (int i = 0; i < 2; i++) {
		struct peer_spec spec = { .version = versions[i] };

		expect_accepted(ue("stapled", spec), "no response");
		spec.staple = certs_path("good.der");
		expect_accepted(ue("stapled", spec), "a good one");
		spec.staple = certs_path("revoked.der");
		expect_revoked(ue("stapled", spec));
		spec.staple = certs_path("forged.der");
		expect_words(ue("stapled", spec), "does not say that it is good");
		/* from 3.6 on OpenSSL sends none that is not for the certificate */
		if (OpenSSL_version_num() >= 0x30600000)
			continue;
		spec.staple = certs_path("other.der");
		expect_words(ue("stapled", spec), "does not say that it is good");
		spec.staple = certs_path("req.der");
		expect_words(ue("stapled", spec), "does not say that it is good");
	}
}
#endif

/* ---- one's own files -------------------------------------------------------- */

static void test_own_key(void **state)
{
	static const struct {
		const char *cert, *words;
	} unfit[] = {
		{ "ed", "its key is Ed25519" },
		{ "short", "RSA key is shorter than 2048 bits" },
	};
	struct eftf_err err;
	struct eftf_tls_ctx *ctx;

	(void)state;
	for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
		struct eftf_tls_config cfg = config(true, NULL, unfit[i].cert);

		assert_int_not_equal(eftf_tls_ctx_new(&ctx, &cfg, &err), 0);
		if (!strstr(err.text, unfit[i].words) || !strstr(err.text, "certificate file"))
			fail_msg("'%s' does not say '%s'", err.text, unfit[i].words);
	}
}

/* ---- several certificates ----------------------------------------------------- */

static struct eftf_tls_ctx *server_of(const char *name)
{
	return context((struct eftf_tls_config){ .server = true,
						 .cert_file = certs_file(name, "pem"),
						 .key_file = certs_file(name, "key") });
}

/* The first record of a client that asks for a name and takes these signatures. */
static size_t hello_of(const char *name, const char *signatures, uint8_t *record, size_t size)
{
	struct peer_spec spec = { .signatures = signatures };
	struct eftf_tls_ctx *ctx;
	struct peer *p = NULL;
	struct eftf_tls *tls;
	ssize_t n;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	if (name) {
		ctx = context((struct eftf_tls_config){ .ca_file = certs_path("ca.pem") });
		assert_int_equal(eftf_tls_new(&tls, ctx, fd[0], name, NULL), 0);
		assert_int_equal(eftf_tls_handshake(tls, NULL), EFTF_TLS_WANT_READ);
		eftf_tls_free(tls);
		eftf_tls_ctx_free(ctx);
	} else {
		p = peer_new_spec(&spec, fd[0]);
		peer_handshake(p);
	}
	n = read(fd[1], record, size);
	assert_in_range(n, 50, size - 1);
	if (p)
		peer_free(p);
	close(fd[0]);
	close(fd[1]);
	return (size_t)n;
}

static void the_certificate_that_suits_a_client(void **state)
{
	uint8_t record[4096];
	struct eftf_tls_ctx *ecdsa, *rsa, *other;
	size_t n;

	(void)state;
	assert_int_equal(certs_make("other", "DNS:other.example.org,DNS:*.wild.example.org", NOW), 0);
	ecdsa = server_of("server");
	rsa = server_of("rsa");
	other = server_of("other");
	n = hello_of(NAME, NULL, record, sizeof(record));
	assert_true(eftf_tls_ctx_suits(ecdsa, record, n) > eftf_tls_ctx_suits(rsa, record, n));
	assert_true(eftf_tls_ctx_suits(rsa, record, n) > eftf_tls_ctx_suits(other, record, n));
	n = hello_of("other.example.org", NULL, record, sizeof(record));
	assert_true(eftf_tls_ctx_suits(other, record, n) > eftf_tls_ctx_suits(ecdsa, record, n));
	n = hello_of("a.wild.example.org", NULL, record, sizeof(record));
	assert_true(eftf_tls_ctx_suits(other, record, n) > eftf_tls_ctx_suits(ecdsa, record, n));
	n = hello_of("unknown.example.org", NULL, record, sizeof(record));
	assert_int_equal(eftf_tls_ctx_suits(other, record, n), eftf_tls_ctx_suits(ecdsa, record, n));
	n = hello_of(NULL, "RSA-PSS+SHA256:RSA+SHA256", record, sizeof(record));
	assert_true(eftf_tls_ctx_suits(rsa, record, n) > eftf_tls_ctx_suits(ecdsa, record, n));
	n = hello_of(NULL, "ECDSA+SHA256", record, sizeof(record));
	assert_true(eftf_tls_ctx_suits(ecdsa, record, n) > eftf_tls_ctx_suits(rsa, record, n));
	for (size_t cut = 0; cut < n; cut++)
		assert_int_equal(eftf_tls_ctx_suits(ecdsa, record, cut), 0);
	eftf_tls_ctx_free(ecdsa);
	eftf_tls_ctx_free(rsa);
	eftf_tls_ctx_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_certificate_that_suits_a_client),
		cmocka_unit_test(test_gateway_suites),
		cmocka_unit_test(test_gateway_groups),
		cmocka_unit_test(test_gateway_curve),
		cmocka_unit_test(test_gateway_signatures),
		cmocka_unit_test(test_no_resumption),
		cmocka_unit_test(test_ue_keys),
		cmocka_unit_test(test_ue_groups),
		cmocka_unit_test(test_watch),
#ifdef HAVE_CERTIFICATE_STATUS_REQUEST
		cmocka_unit_test(test_staple),
#endif
		cmocka_unit_test(test_own_key),
	};

	return cmocka_run_group_tests(tests, setup, certs_teardown);
}
