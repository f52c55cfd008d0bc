/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/tls_ctx.c lib/tls_staple.c lib/tls_keypair.c lib/tls_conn.c lib/tls_error.c lib/tls_ktls.c lib/tls_trust.c lib/tls_watch.c lib/x509.c lib/der.c lib/crl.c lib/pem.c lib/log.c lib/log_json.c lib/alert.c lib/err.c */
/* libs: -lwolfssl */
/* Which certificates are believed: paths, names, signatures, revocation lists. In-process, both roles ours. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "certs.h"
#include "tls.h"
#include "x509.h"

#define PAST "000930000000Z", "210930000000Z"

/* name.pem made of others. */
static int join(const char *name, const char *a, const char *b, const char *c)
{
	char command[512];

	snprintf(command, sizeof(command), "cat %s %s %s > %s", a, b ? b : "", c ? c : "", name);
	return certs_run((char *[]){ "sh", "-c", command, NULL });
}

static int copy(const char *from, const char *to)
{
	return join(to, from, NULL, NULL);
}

/* A public CA as it was on 30 September 2021: a new root, cross-signed by one that has expired. */
static int make_cross(void)
{
	return certs_authority("oldroot", "oldroot", PAST) ||
		certs_authority("newroot", "newroot", NOW) || copy("newroot.csr", "cross.csr") ||
		certs_sign_as("cross", "oldroot", "sha256", "authority", "200101000000Z",
			      "240930000000Z") ||
		certs_authority("int", "newroot", NOW) ||
		certs_request("leaf", "P-256", "subjectAltName=DNS:" NAME) ||
		certs_sign("leaf", "int", "sha256", NOW) ||
		join("chain.pem", "leaf.pem", "int.pem", "cross.pem") ||
		join("plain.pem", "leaf.pem", "int.pem", NULL) ||
		copy("leaf.key", "chain.key") || copy("leaf.key", "plain.key") ||
		join("both.pem", "oldroot.pem", "newroot.pem", NULL);
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(certs_setup(), 0);
	assert_int_equal(make_cross(), 0);
	assert_int_equal(certs_make("server", "DNS:" NAME, NOW), 0);
	assert_int_equal(certs_make("client", "email:ue@example.org", NOW), 0);
	assert_int_equal(certs_make("other", "email:ue2@example.org", NOW), 0);
	assert_int_equal(certs_crl("none.crl", "ca", "86400"), 0);
	assert_int_equal(certs_crl("expired.crl", "ca", "1"), 0);
	assert_int_equal(certs_make("bad", "DNS:" NAME, NOW), 0);
	assert_int_equal(certs_make("badclient", "email:ue3@example.org", NOW), 0);
	assert_int_equal(certs_revoke("bad", "ca"), 0);
	assert_int_equal(certs_revoke("badclient", "ca"), 0);
	assert_int_equal(certs_crl("some.crl", "ca", "86400"), 0);
	assert_int_equal(certs_crl("int.crl", "int", "86400"), 0);
	assert_int_equal(certs_openssl("crl", "-in", "some.crl", "-outform", "DER", "-out",
				       "some.der"), 0);
	assert_int_equal(join("two.crl", "int.crl", "some.crl", NULL), 0);
	return eftf_tls_init(NULL);
}

struct run {
	const char *ca, *crl;		/* the client's */
	const char *cert;		/* the server's */
	const char *name;
	const char *client_ca, *client_crl, *client_cert;
	const struct eftf_tls_ctx *old;	/* the server's before a reload */
};

struct result {
	enum eftf_tls_status client, server;
	struct eftf_err client_err, server_err;
};

static int make_ctx(struct eftf_tls_ctx **ctx, bool server, const char *ca, const char *cert,
		    const char *crl, const struct eftf_tls_ctx *old, struct eftf_err *err)
{
	struct eftf_tls_config cfg = { .server = server, .old = old };

	if (ca)
		cfg.ca_file = certs_file(ca, "pem");
	if (cert) {
		cfg.cert_file = certs_file(cert, "pem");
		cfg.key_file = certs_file(cert, "key");
	}
	if (crl)
		cfg.crl_file = certs_path(crl);
	return eftf_tls_ctx_new(ctx, &cfg, err);
}

static bool waits(enum eftf_tls_status s)
{
	return s == EFTF_TLS_WANT_READ || s == EFTF_TLS_WANT_WRITE;
}

static struct result meet(struct eftf_tls_ctx *cctx, struct eftf_tls_ctx *sctx, const char *name)
{
	struct result r = { EFTF_TLS_WANT_READ, EFTF_TLS_WANT_READ, { "" }, { "" } };
	struct eftf_tls *c, *s;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(eftf_tls_new(&c, cctx, fd[0], name, NULL), 0);
	assert_int_equal(eftf_tls_new(&s, sctx, fd[1], NULL, NULL), 0);
	for (int i = 0; i < 100 && (waits(r.client) || waits(r.server)); i++) {
		if (waits(r.client))
			r.client = eftf_tls_handshake(c, &r.client_err);
		if (waits(r.server))
			r.server = eftf_tls_handshake(s, &r.server_err);
		if (!waits(r.client) && r.client != EFTF_TLS_DONE)
			shutdown(fd[0], SHUT_WR);
		if (!waits(r.server) && r.server != EFTF_TLS_DONE)
			shutdown(fd[1], SHUT_WR);
	}
	eftf_tls_free(c);
	eftf_tls_free(s);
	close(fd[0]);
	close(fd[1]);
	return r;
}

static struct result run(struct run t)
{
	struct eftf_err err = { "" };
	struct eftf_tls_ctx *c = NULL, *s = NULL;
	struct result r;

	if (make_ctx(&c, false, t.ca ? t.ca : "ca", t.client_cert, t.crl, NULL, &err) ||
	    make_ctx(&s, true, t.client_ca, t.cert ? t.cert : "server", t.client_crl, t.old, &err))
		fail_msg("%s", err.text);
	r = meet(c, s, t.name ? t.name : NAME);
	eftf_tls_ctx_free(c);
	eftf_tls_ctx_free(s);
	return r;
}

static void accept_server(struct run t)
{
	struct result r = run(t);

	if (r.client != EFTF_TLS_DONE)
		fail_msg("%s by %s for %s is refused: %s", t.cert, t.ca, t.name, r.client_err.text);
}

static void refuse_server(struct run t, const char *words)
{
	struct result r = run(t);

	assert_int_equal(r.client, EFTF_TLS_UNTRUSTED);
	if (!strstr(r.client_err.text, words))
		fail_msg("'%s' does not say '%s'", r.client_err.text, words);
}

static void refuse_client(struct run t, const char *words)
{
	struct result r = run(t);

	assert_int_equal(r.server, EFTF_TLS_UNTRUSTED);
	if (!strstr(r.server_err.text, words))
		fail_msg("'%s' does not say '%s'", r.server_err.text, words);
}

static void accept_client(struct run t)
{
	struct result r = run(t);

	if (r.server != EFTF_TLS_DONE)
		fail_msg("%s is refused: %s", t.client_cert, r.server_err.text);
}

/* ---- paths ------------------------------------------------------------------ */

static void test_one_path_is_enough(void **state)
{
	(void)state;
	accept_server((struct run){ .cert = "plain", .ca = "newroot" });
	accept_server((struct run){ .cert = "chain", .ca = "newroot" });
	accept_server((struct run){ .cert = "chain", .ca = "both" });
	accept_server((struct run){ .cert = "plain", .ca = "both" });
	refuse_server((struct run){ .cert = "chain", .ca = "oldroot" },
		      "its CA \"newroot\": it has expired");
	refuse_server((struct run){ .cert = "chain", .ca = "ca" },
		      "signed by a CA that is not configured");
	/* What was seen on the way makes nothing else trusted. */
	refuse_server((struct run){ .cert = "leaf", .ca = "newroot" },
		      "signed by a CA that is not configured");
}

/* ---- names ------------------------------------------------------------------ */

static const struct {
	const char *san, *name;
	bool fits;
} names[] = {
	{ "DNS:" NAME, NAME, true },
	{ "DNS:" NAME, "EFTF.Example.ORG", true },
	{ "DNS:" NAME, NAME ".", true },
	{ "DNS:a.example.org,DNS:" NAME, NAME, true },
	{ "DNS:*.example.org", NAME, true },
	{ "DNS:*.example.org", "a.b.example.org", false },
	{ "DNS:*.example.org", "example.org", false },
	{ "DNS:*.org", "example.org", false },
	{ "DNS:*", "eftf", false },
	{ "DNS:*.", "eftf.", false },
	{ "DNS:e*.example.org", NAME, false },
	{ "DNS:eftf.*.org", NAME, false },
	{ "DNS:*.*.org", NAME, false },
	{ "email:eftf@example.org", NAME, false },
	{ "URI:https://" NAME, NAME, false },
	{ "IP:192.0.2.1", "192.0.2.1", true },
	{ "DNS:192.0.2.1", "192.0.2.1", false },
	{ "IP:192.0.2.1", NAME, false },
};

static void test_names(void **state)
{
	struct result r;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(certs_make("named", names[i].san, NOW), 0);
		r = run((struct run){ .cert = "named", .name = names[i].name });
		if ((r.client == EFTF_TLS_DONE) != names[i].fits)
			fail_msg("%s for %s: %s", names[i].san, names[i].name, names[i].fits ?
				 r.client_err.text : "accepted");
		if (!names[i].fits)
			assert_non_null(strstr(r.client_err.text, "it is for another"));
	}
}

/* CN=eftf.example.org and no SAN. */
static void test_no_san(void **state)
{
	(void)state;
	assert_int_equal(certs_request_as("cn", "P-256", NAME, NULL), 0);
	assert_int_equal(certs_sign("cn", "ca", "sha256", NOW), 0);
	refuse_server((struct run){ .cert = "cn" }, "it has no subjectAltName");
}

static void test_signatures(void **state)
{
	struct eftf_tls_ctx *ctx;
	struct eftf_err err;

	(void)state;
	assert_int_equal(certs_request("weak", "P-256", "subjectAltName=DNS:" NAME), 0);
	assert_int_equal(certs_sign("weak", "int", "sha1", NOW), 0);
	/* At home it is an error, and from a peer. */
	assert_int_not_equal(make_ctx(&ctx, true, NULL, "weak", NULL, NULL, &err), 0);
	assert_non_null(strstr(err.text, "its signature is with SHA-1"));
}

/* TS 33.310 6.1.3a: digitalSignature; if there is an extended key usage, that of the role. */
static void test_usage(void **state)
{
	struct run client = { .client_ca = "ca", .client_cert = "used" };

	(void)state;
	assert_int_equal(certs_request("used", "P-256", "subjectAltName=DNS:" NAME), 0);
	assert_int_equal(certs_sign_as("used", "ca", "sha256", "server", NOW), 0);
	accept_server((struct run){ .cert = "used" });
	refuse_client(client, "its extended key usage forbids this use");
	assert_int_equal(certs_sign_as("used", "ca", "sha256", "client", NOW), 0);
	refuse_server((struct run){ .cert = "used" }, "its extended key usage forbids this use");
	accept_client(client);
	assert_int_equal(certs_sign_as("used", "ca", "sha256", "encipher", NOW), 0);
	refuse_server((struct run){ .cert = "used" }, "its key usage forbids signatures");
	refuse_client(client, "its key usage forbids signatures");
}

/* ---- revocation ------------------------------------------------------------- */

static void test_revoked_server(void **state)
{
	(void)state;
	accept_server((struct run){ .cert = "bad" });
	accept_server((struct run){ .cert = "bad", .crl = "none.crl" });
	refuse_server((struct run){ .cert = "bad", .crl = "some.crl" }, "it is revoked");
	refuse_server((struct run){ .cert = "bad", .crl = "some.der" }, "it is revoked");
	refuse_server((struct run){ .cert = "bad", .crl = "two.crl" }, "it is revoked");
	accept_server((struct run){ .cert = "server", .crl = "some.crl" });
	refuse_server((struct run){ .cert = "server", .crl = "int.crl" },
		      "its CA is in no list of the CRL file");
}

/* The list of a CA that only the server has sent. */
static void test_revoked_below(void **state)
{
	(void)state;
	accept_server((struct run){ .cert = "plain", .ca = "newroot", .crl = "int.crl" });
	assert_int_equal(certs_revoke("leaf", "int"), 0);
	assert_int_equal(certs_crl("int2.crl", "int", "86400"), 0);
	refuse_server((struct run){ .cert = "plain", .ca = "newroot", .crl = "int2.crl" },
		      "it is revoked");
	/* The root has revoked the CA between. */
	assert_int_equal(certs_revoke("int", "newroot"), 0);
	assert_int_equal(certs_crl("root.crl", "newroot", "86400"), 0);
	assert_int_equal(join("path.crl", "root.crl", "int.crl", NULL), 0);
	refuse_server((struct run){ .cert = "plain", .ca = "newroot", .crl = "path.crl" },
		      "its CA \"int\": it is revoked");
}

static void test_revoked_client(void **state)
{
	struct run t = { .client_ca = "ca", .client_crl = "some.crl", .client_cert = "badclient" };

	(void)state;
	refuse_client(t, "the client's certificate is refused: it is revoked");
	t.client_cert = "client";
	accept_client(t);
}

static void expect_ctx_error(const char *crl, const char *words)
{
	struct eftf_tls_ctx *ctx;
	struct eftf_err err = { "" };

	assert_int_not_equal(make_ctx(&ctx, true, "ca", "server", crl, NULL, &err), 0);
	if (!strstr(err.text, words) || !strstr(err.text, crl))
		fail_msg("'%s' does not name '%s' and '%s'", err.text, crl, words);
}

static void test_crl_files(void **state)
{
	struct eftf_tls_ctx *ctx;
	struct eftf_err err;

	(void)state;
	/* Another CA with the same name. */
	assert_int_equal(copy("ca.pem", "true.pem") || copy("ca.key", "true.key") ||
			 certs_make_ca("ca") || certs_crl("forged.crl", "ca", "86400") ||
			 copy("true.pem", "ca.pem") || copy("true.key", "ca.key"), 0);
	sleep(1);
	expect_ctx_error("absent.crl", "No such file");
	expect_ctx_error("expired.crl", "is out of date since 20");
	expect_ctx_error("forged.crl", "is not signed by its CA");
	expect_ctx_error("server.pem", "no PEM block X509 CRL");
	expect_ctx_error("server.key", "no PEM block X509 CRL");
	assert_int_equal(make_ctx(&ctx, true, "ca", "server", "expired.crl", NULL, &err), -EKEYEXPIRED);
	assert_int_not_equal(make_ctx(&ctx, true, NULL, "server", "some.crl", NULL, &err), 0);
	assert_non_null(strstr(err.text, "no CA file with it"));
}

/* What was read stays in force when the new file cannot be used, and when time goes on. */
static void test_crl_stays(void **state)
{
	static const char *const useless[] = { "absent.crl", "expired.crl", "server.pem" };
	struct run t = { .client_ca = "ca", .client_cert = "badclient" };
	struct eftf_tls_ctx *old, *next;
	struct eftf_err err;

	(void)state;
	assert_int_equal(certs_crl("short.crl", "ca", "3"), 0);
	assert_int_equal(make_ctx(&old, true, "ca", "server", "short.crl", NULL, &err), 0);
	sleep(4);
	for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
		t.old = old;
		t.client_crl = useless[i];
		t.client_cert = "badclient";
		refuse_client(t, "it is revoked");
		t.client_cert = "client";
		accept_client(t);
	}
	/* A new list that is good, and no list any more. */
	assert_int_equal(make_ctx(&next, true, "ca", "server", "none.crl", old, &err), 0);
	eftf_tls_ctx_free(old);
	t = (struct run){ .client_ca = "ca", .client_cert = "badclient", .old = next };
	t.client_crl = "none.crl";
	accept_client(t);
	t.client_crl = NULL;
	accept_client(t);
	eftf_tls_ctx_free(next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_path_is_enough),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_san),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_revoked_server),
		cmocka_unit_test(test_revoked_below),
		cmocka_unit_test(test_revoked_client),
		cmocka_unit_test(test_crl_files),
		cmocka_unit_test(test_crl_stays),
	};

	return cmocka_run_group_tests(tests, setup, certs_teardown);
}
