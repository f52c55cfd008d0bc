/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/tls_ctx.c lib/tls_staple.c lib/tls_keypair.c lib/tls_conn.c lib/tls_error.c lib/tls_ktls.c lib/tls_trust.c lib/tls_watch.c lib/x509.c lib/der.c lib/crl.c lib/pem.c lib/log.c lib/log_json.c lib/alert.c lib/err.c */
/* libs: -lwolfssl */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <wolfssl/options.h>

#include "certs.h"
#include "tls.h"

#define PAST "200101000000Z", "210101000000Z"
#define FUTURE "480101000000Z", "490101000000Z"

static int setup(void **state)
{
	(void)state;
	assert_int_equal(certs_setup(), 0);
	assert_int_equal(certs_make_ca("other"), 0);
	assert_int_equal(certs_make("server", "DNS:" NAME ",IP:192.0.2.1,IP:2001:db8::1", NOW), 0);
	assert_int_equal(certs_make("dnsip", "DNS:192.0.2.1,DNS:x", NOW), 0);
	assert_int_equal(certs_make("expired", "DNS:" NAME, PAST), 0);
	assert_int_equal(certs_make("early", "DNS:" NAME, FUTURE), 0);
	assert_int_equal(certs_make("client", "email:ue@example.org", NOW), 0);
	assert_int_equal(certs_openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
				       "ec_paramgen_curve:P-256", "-nodes", "-keyout", "self.key",
				       "-out", "self.pem", "-subj", "/CN=" NAME, "-days", "3",
				       "-addext", "subjectAltName=DNS:" NAME), 0);
	return eftf_tls_init(NULL);
}

struct run {
	const char *ca;			/* the client's; default ca */
	const char *cert;		/* the server's; default server */
	const char *name;		/* asked for; default NAME */
	const char *client_ca;		/* the server's demand */
	const char *client_cert;
	bool tcp;			/* loopback TCP, not a socketpair */
};

struct result {
	enum eftf_tls_status client, server;
	struct eftf_err client_err, server_err;
	struct eftf_tls_info info;
	int plant;
	struct eftf_err plant_err;
	bool has_id;
	uint8_t id[EFTF_TLS_PEER_ID_LEN];
};

static void tcp_pair(int fd[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(l, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&sin, &len), 0);
	fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd[0], (struct sockaddr *)&sin, len), 0);
	fd[1] = accept(l, NULL, NULL);
	assert_true(fd[1] >= 0);
	close(l);
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
}

static struct eftf_tls_ctx *make_ctx(bool server, const char *ca, const char *cert)
{
	struct eftf_tls_config cfg = { .server = server };
	struct eftf_tls_ctx *ctx;
	struct eftf_err err = { "" };
	char file[64];

	if (ca) {
		snprintf(file, sizeof(file), "%s.pem", ca);
		cfg.ca_file = certs_path(file);
	}
	if (cert) {
		snprintf(file, sizeof(file), "%s.pem", cert);
		cfg.cert_file = certs_path(file);
		snprintf(file, sizeof(file), "%s.key", cert);
		cfg.key_file = certs_path(file);
	}
	if (eftf_tls_ctx_new(&ctx, &cfg, &err))
		fail_msg("%s", err.text);
	return ctx;
}

static bool waits(enum eftf_tls_status s)
{
	return s == EFTF_TLS_WANT_READ || s == EFTF_TLS_WANT_WRITE;
}

/* Both ends in turn until each has finished; a closed end is closed for real. */
static void shake(struct eftf_tls *c, struct eftf_tls *s, int fd[2], struct result *r)
{
	r->client = r->server = EFTF_TLS_WANT_READ;
	for (int i = 0; i < 200 && (waits(r->client) || waits(r->server)); i++) {
		if (waits(r->client))
			r->client = eftf_tls_handshake(c, &r->client_err);
		if (waits(r->server))
			r->server = eftf_tls_handshake(s, &r->server_err);
		if (!waits(r->client) && r->client != EFTF_TLS_DONE)
			shutdown(fd[0], SHUT_WR);
		if (!waits(r->server) && r->server != EFTF_TLS_DONE)
			shutdown(fd[1], SHUT_WR);
	}
}

static struct result run(struct run t)
{
	struct eftf_tls_ctx *cctx = make_ctx(false, t.ca ? t.ca : "ca", t.client_cert);
	struct eftf_tls_ctx *sctx = make_ctx(true, t.client_ca, t.cert ? t.cert : "server");
	struct result r = { .plant = 1 };
	struct eftf_tls *c, *s;
	int fd[2];

	if (t.tcp)
		tcp_pair(fd);
	else
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(eftf_tls_new(&c, cctx, fd[0], t.name ? t.name : NAME, NULL), 0);
	assert_int_equal(eftf_tls_new(&s, sctx, fd[1], NULL, NULL), 0);
	eftf_tls_ctx_free(cctx);	/* connections outlive it */
	eftf_tls_ctx_free(sctx);
	shake(c, s, fd, &r);
	if (r.client == EFTF_TLS_DONE) {
		eftf_tls_info(c, &r.info);
		r.plant = eftf_tls_plant(c, &r.plant_err);
	}
	if (r.server == EFTF_TLS_DONE)
		r.has_id = eftf_tls_peer_id(s, r.id);
	eftf_tls_free(c);
	eftf_tls_free(s);
	close(fd[0]);
	close(fd[1]);
	return r;
}

static void expect_untrusted(struct run t, const char *words)
{
	struct result r = run(t);

	if (!strstr(r.client_err.text, words))
		fail_msg("'%s' does not say '%s'", r.client_err.text, words);
	assert_int_equal(r.client, EFTF_TLS_UNTRUSTED);
	/* The alert tells the server why. */
	assert_int_not_equal(r.server, EFTF_TLS_DONE);
	if (!strstr(r.server_err.text, "alert"))
		fail_msg("server: '%s'", r.server_err.text);
}

static void test_good(void **state)
{
	struct result r = run((struct run){ .tcp = true });

	(void)state;
	assert_string_equal(r.client_err.text, "");
	assert_int_equal(r.client, EFTF_TLS_DONE);
	assert_int_equal(r.server, EFTF_TLS_DONE);
	assert_string_equal(r.info.version, "TLSv1.3");
	assert_string_equal(r.info.cipher, "TLS_AES_128_GCM_SHA256");
#ifdef HAVE_CURVE25519
	assert_string_equal(r.info.group, "X25519");
#else
	assert_string_equal(r.info.group, "SECP256R1");	/* OpenWrt's wolfSSL */
#endif
	assert_false(r.has_id);
}

static bool kernel_has_tls(void)
{
	int fd[2], ret;

	tcp_pair(fd);
	ret = setsockopt(fd[0], IPPROTO_TCP, 31, "tls", 3);
	close(fd[0]);
	close(fd[1]);
	return !ret;
}

static void test_plant(void **state)
{
	struct result r = run((struct run){ .tcp = true });

	(void)state;
	if (kernel_has_tls()) {
		assert_string_equal(r.plant_err.text, "");
		assert_int_equal(r.plant, 0);
	} else {
		assert_int_equal(r.plant, -ENOENT);
		assert_non_null(strstr(r.plant_err.text, "modprobe tls"));
	}
	r = run((struct run){ 0 });	/* a socketpair is no TCP */
	assert_true(r.plant < 0);
	assert_non_null(strstr(r.plant_err.text, "does not take TLS"));
}

static void test_names(void **state)
{
	(void)state;
	expect_untrusted((struct run){ .name = "other.example.org" }, "for another name");
	expect_untrusted((struct run){ .name = "192.0.2.2" }, "for another address than 192.0.2.2");
	expect_untrusted((struct run){ .name = "2001:db8::2" }, "another address");
	/* A DNS name that looks like the address is none. */
	expect_untrusted((struct run){ .name = "192.0.2.1", .cert = "dnsip" }, "another address");
	assert_int_equal(run((struct run){ .name = "192.0.2.1" }).client, EFTF_TLS_DONE);
	assert_int_equal(run((struct run){ .name = "2001:db8::1" }).client, EFTF_TLS_DONE);
	assert_int_equal(run((struct run){ .name = "EFTF.example.ORG" }).client, EFTF_TLS_DONE);
}

static void test_trust(void **state)
{
	(void)state;
	expect_untrusted((struct run){ .ca = "other" }, "CA that is not configured");
	expect_untrusted((struct run){ .cert = "expired" }, "has expired");
	expect_untrusted((struct run){ .cert = "early" }, "not valid yet");
	expect_untrusted((struct run){ .cert = "self" }, "self-signed");
}

static void test_client_cert(void **state)
{
	struct result r;

	(void)state;
	r = run((struct run){ .client_ca = "ca", .client_cert = "client" });
	assert_int_equal(r.client, EFTF_TLS_DONE);
	assert_int_equal(r.server, EFTF_TLS_DONE);
	assert_true(r.has_id);
	r = run((struct run){ .client_ca = "ca" });
	assert_int_equal(r.server, EFTF_TLS_UNTRUSTED);
	assert_non_null(strstr(r.server_err.text, "client's certificate is refused: there is none"));
	r = run((struct run){ .client_ca = "other", .client_cert = "client" });
	assert_int_equal(r.server, EFTF_TLS_UNTRUSTED);
	assert_non_null(strstr(r.server_err.text, "CA that is not configured"));
}

static void test_alert_words(void **state)
{
	struct result r = run((struct run){ .ca = "other" });

	(void)state;
	assert_int_equal(r.server, EFTF_TLS_FAILED);
	assert_non_null(strstr(r.server_err.text, "unknown_ca (48)"));
}

/* What is in the way of wolfSSL: plain HTTP, a closed door, and an alert that any station on the way can send. */
static void test_not_tls(void **state)
{
	struct eftf_tls_ctx *ctx = make_ctx(false, "ca", NULL);
	static const char *const said[] = {
		NULL, "HTTP/1.1 400 Bad Request\r\n\r\n", "\x15\x03\x03\0\x02\x02\x30",
	};
	static const size_t len[] = { 0, 28, 7 };
	static const char *const words[] = {
		"closed the connection", "begins with \"HTTP/\"", "unknown_ca (48)",
	};
	struct eftf_err err = { "" };
	struct eftf_tls *tls;
	int fd[2];

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
		assert_int_equal(eftf_tls_new(&tls, ctx, fd[0], NAME, &err), 0);
		assert_int_equal(eftf_tls_handshake(tls, &err), EFTF_TLS_WANT_READ);
		if (said[i])
			assert_int_equal(write(fd[1], said[i], len[i]), len[i]);
		else
			shutdown(fd[1], SHUT_RDWR);
		assert_int_equal(eftf_tls_handshake(tls, &err), EFTF_TLS_FAILED);
		assert_non_null(strstr(err.text, words[i]));
		eftf_tls_free(tls);
		close(fd[0]);
		close(fd[1]);
	}
	eftf_tls_ctx_free(ctx);
}

static char accept_on[32];

/* A port that was free a moment ago. */
static struct sockaddr_in free_port(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	close(fd);
	snprintf(accept_on, sizeof(accept_on), "127.0.0.1:%u", ntohs(sin.sin_port));
	return sin;
}

/* openssl as the peer with one version and cipher; returns the client's result. */
static enum eftf_tls_status against_openssl(char *const argv[], struct eftf_tls_info *info,
					    struct eftf_err *err)
{
	struct eftf_tls_ctx *ctx = make_ctx(false, "ca", NULL);
	enum eftf_tls_status status = EFTF_TLS_WANT_READ;
	struct sockaddr_in sin = free_port();
	struct pollfd pfd = { .events = POLLIN };
	struct eftf_tls *tls;
	pid_t pid;
	int fd = -1;

	pid = fork();
	if (!pid) {
		if (chdir(certs_dir) || !freopen("/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "r", stdin))
			_exit(1);
		execvp(argv[0], argv);
		_exit(1);
	}
	for (int i = 0; i < 500; i++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (!connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
			break;
		close(fd);
		fd = -1;
		poll(NULL, 0, 20);
	}
	assert_true(fd >= 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	pfd.fd = fd;
	assert_int_equal(eftf_tls_new(&tls, ctx, fd, NAME, err), 0);
	while (status == EFTF_TLS_WANT_READ) {
		status = eftf_tls_handshake(tls, err);
		if (status == EFTF_TLS_WANT_READ && poll(&pfd, 1, 5000) != 1)
			break;
	}
	if (status == EFTF_TLS_DONE)
		eftf_tls_info(tls, info);
	eftf_tls_free(tls);
	eftf_tls_ctx_free(ctx);
	close(fd);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return status;
}

#define S_SERVER(...) (char *[]){ "openssl", "s_server", "-accept", accept_on, "-cert", \
	"server.pem", "-key", "server.key", "-quiet", __VA_ARGS__, NULL }

static void test_profile(void **state)
{
	struct eftf_tls_info info;
	struct eftf_err err = { "" };

	(void)state;
	assert_int_equal(against_openssl(S_SERVER("-tls1_2"), &info, &err), EFTF_TLS_DONE);
	assert_string_equal(info.version, "TLSv1.2");
	assert_non_null(strstr(info.cipher, "TLS_ECDHE_ECDSA_WITH_"));
	/* Too old, not AEAD, or without a certificate: no. */
	assert_int_equal(against_openssl(S_SERVER("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), &info,
					 &err), EFTF_TLS_FAILED);
	assert_int_equal(against_openssl(S_SERVER("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"),
					 &info, &err), EFTF_TLS_FAILED);
	assert_int_equal(against_openssl(S_SERVER("-tls1_2", "-cipher", "ADH:@SECLEVEL=0"), &info,
					 &err), EFTF_TLS_FAILED);
	assert_int_equal(against_openssl(S_SERVER("-tls1_3", "-groups", "P-521"), &info, &err),
			 EFTF_TLS_FAILED);
	assert_int_equal(against_openssl(S_SERVER("-tls1_3", "-groups", "P-384"), &info, &err),
			 EFTF_TLS_DONE);
}

static void expect_ctx_error(struct eftf_tls_config cfg, const char *words)
{
	struct eftf_tls_ctx *ctx;
	struct eftf_err err = { "" };

	assert_true(eftf_tls_ctx_new(&ctx, &cfg, &err) < 0);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void test_files(void **state)
{
	const char *ca = certs_path("ca.pem"), *cert = certs_path("server.pem");

	(void)state;
	expect_ctx_error((struct eftf_tls_config){ 0 }, "no CA file");
	expect_ctx_error((struct eftf_tls_config){ .ca_file = "/nonexistent" },
			 "CA file /nonexistent: No such file");
	expect_ctx_error((struct eftf_tls_config){ .ca_file = certs_path("ca.cnf") },
			 "no usable PEM certificate");
	expect_ctx_error((struct eftf_tls_config){ .server = true }, "needs a certificate");
	expect_ctx_error((struct eftf_tls_config){ .server = true, .cert_file = cert },
			 "no key file");
	expect_ctx_error((struct eftf_tls_config){ .server = true, .cert_file = cert,
						   .key_file = ca }, "no usable PEM key");
	expect_ctx_error((struct eftf_tls_config){ .server = true, .cert_file = cert,
						   .key_file = certs_path("client.key") },
			 "does not belong to certificate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_plant),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_trust),
		cmocka_unit_test(test_client_cert),
		cmocka_unit_test(test_alert_words),
		cmocka_unit_test(test_not_tls),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, setup, certs_teardown);
}
