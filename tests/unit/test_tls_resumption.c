// SPDX-License-Identifier: GPL-2.0-or-later
/* libs: -lwolfssl */
/*
 * What resumption of TLS 1.3 sessions would save, and what this wolfSSL does with it as a server: why
 * lib/tls_ctx.c turns it off. Both ends are wolfSSL's own here, with the groups and the suite of the profile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

#include <sys/mman.h>
#include <time.h>

#include "certs.h"

#define TURNS 40
#define ROUNDS 15
#define SESSION_MAX 8192

struct pipe {
	char octets[65536];
	size_t n;
};

static struct pipe to_server, to_client;

struct outcome {
	bool done, resumed;
	bool fresh_keys;		/* an ephemeral key exchange took place */
	double client_ms, server_ms;	/* of processor */
	uint8_t session[SESSION_MAX];
	int session_len;
};

static int take(struct pipe *p, char *to, int len)
{
	size_t n = p->n < (size_t)len ? p->n : (size_t)len;

	if (!n)
		return WOLFSSL_CBIO_ERR_WANT_READ;
	memcpy(to, p->octets, n);
	p->n -= n;
	memmove(p->octets, p->octets + n, p->n);
	return (int)n;
}

static int put(struct pipe *p, const char *from, int len)
{
	if (p->n + (size_t)len > sizeof(p->octets))
		return WOLFSSL_CBIO_ERR_GENERAL;
	memcpy(p->octets + p->n, from, (size_t)len);
	p->n += (size_t)len;
	return len;
}

static int on_recv(WOLFSSL *ssl, char *buf, int len, void *arg)
{
	(void)ssl;
	return take(arg, buf, len);
}

static int on_send(WOLFSSL *ssl, char *buf, int len, void *arg)
{
	(void)ssl;
	return put(arg, buf, len);
}

static double processor_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static WOLFSSL_CTX *context(bool server, const char *cert, bool verify)
{
	WOLFSSL_CTX *ctx = wolfSSL_CTX_new(server ? wolfTLSv1_3_server_method() : wolfTLSv1_3_client_method());
	int groups[] = { WOLFSSL_ECC_X25519, WOLFSSL_ECC_SECP256R1 };

	assert_non_null(ctx);
	assert_int_equal(wolfSSL_CTX_set_cipher_list(ctx, "TLS13-AES128-GCM-SHA256"), WOLFSSL_SUCCESS);
	assert_int_equal(wolfSSL_CTX_set_groups(ctx, groups, 2), WOLFSSL_SUCCESS);
	assert_int_equal(wolfSSL_CTX_load_verify_locations(ctx, certs_file("ca", "pem"), NULL), WOLFSSL_SUCCESS);
	if (cert) {
		assert_int_equal(wolfSSL_CTX_use_certificate_file(ctx, certs_file(cert, "pem"),
								  WOLFSSL_FILETYPE_PEM), WOLFSSL_SUCCESS);
		assert_int_equal(wolfSSL_CTX_use_PrivateKey_file(ctx, certs_file(cert, "key"),
								 WOLFSSL_FILETYPE_PEM), WOLFSSL_SUCCESS);
	}
	wolfSSL_CTX_set_verify(ctx, !verify ? WOLFSSL_VERIFY_NONE : WOLFSSL_VERIFY_PEER |
			       (server ? WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
	wolfSSL_SetIORecv(ctx, on_recv);
	wolfSSL_SetIOSend(ctx, on_send);
	return ctx;
}

static WOLFSSL *end_of(WOLFSSL_CTX *ctx, struct pipe *in, struct pipe *out)
{
	WOLFSSL *ssl = wolfSSL_new(ctx);

	assert_non_null(ssl);
	wolfSSL_SetIOReadCtx(ssl, in);
	wolfSSL_SetIOWriteCtx(ssl, out);
	in->n = 0;
	return ssl;
}

static void offer(WOLFSSL *ssl, const struct outcome *before)
{
	const uint8_t *p = before->session;
	WOLFSSL_SESSION *session = wolfSSL_d2i_SSL_SESSION(NULL, &p, before->session_len);

	assert_non_null(session);
	assert_int_equal(wolfSSL_set_session(ssl, session), WOLFSSL_SUCCESS);
	wolfSSL_SESSION_free(session);
}

static void keep(WOLFSSL *ssl, struct outcome *o)
{
	WOLFSSL_SESSION *session = wolfSSL_get1_session(ssl);
	uint8_t *p = o->session;

	if (session && wolfSSL_i2d_SSL_SESSION(session, NULL) <= SESSION_MAX)
		o->session_len = wolfSSL_i2d_SSL_SESSION(session, &p);
	wolfSSL_SESSION_free(session);
}

/* before: whose session the client offers; or NULL */
static void meet(struct outcome *o, WOLFSSL_CTX *client_ctx, WOLFSSL_CTX *server_ctx, const struct outcome *before)
{
	WOLFSSL *client = end_of(client_ctx, &to_client, &to_server);
	WOLFSSL *server = end_of(server_ctx, &to_server, &to_client);
	int c = 0, s = 0;
	char octet;

	memset(o, 0, sizeof(*o));
	if (before)
		offer(client, before);
	for (int i = 0; i < TURNS && (c != WOLFSSL_SUCCESS || s != WOLFSSL_SUCCESS); i++) {
		double start = processor_ms(), middle;

		c = c == WOLFSSL_SUCCESS ? c : wolfSSL_connect(client);
		middle = processor_ms();
		s = s == WOLFSSL_SUCCESS ? s : wolfSSL_accept(server);
		o->client_ms += middle - start;
		o->server_ms += processor_ms() - middle;
	}
	o->done = c == WOLFSSL_SUCCESS && s == WOLFSSL_SUCCESS;
	o->resumed = o->done && wolfSSL_session_reused(server);
	o->fresh_keys = o->done && wolfSSL_get_curve_name(server);
	/* the ticket, which comes behind the handshake */
	if (o->done && wolfSSL_read(client, &octet, 1) < 0)
		keep(client, o);
	wolfSSL_free(client);
	wolfSSL_free(server);
}

/* The processes of a gateway would share the key of the tickets, too. */
static void share_ticket_key(WOLFSSL_CTX *ctx)
{
	uint8_t keys[128];

	/* how long all of it is differs; it ends with until when two keys are good, numbers of 32 bits */
	for (int len = 48; len <= (int)sizeof(keys); len++) {
		memset(keys, 1, sizeof(keys));
		keys[15] = 0;	/* of their name; its last bit tells two keys apart */
		memset(keys + len - 8, 0x7f, 8);
		if (wolfSSL_CTX_set_tlsext_ticket_keys(ctx, keys, len) == WOLFSSL_SUCCESS)
			return;
	}
	fail_msg("this wolfSSL takes no ticket keys");
}

static void try_once(struct outcome *o, WOLFSSL_CTX *client, WOLFSSL_CTX *server, const struct outcome *before,
		     bool fork_first)
{
	int status = -1;
	pid_t pid = fork_first ? fork() : 0;

	if (pid) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	} else {
		meet(o, client, server, before);
		if (fork_first)
			_exit(0);
	}
	assert_true(o->done);
}

/*
 * The least of several, of each end, in *best: the machine does other things, too. fresh: each in a process that has
 * done nothing yet, as a child of eftf-ue. best, which children write to, is shared with them.
 */
static void measure(struct outcome *best, WOLFSSL_CTX *client, WOLFSSL_CTX *server, const struct outcome *before,
		    bool fresh)
{
	double client_ms = 0, server_ms = 0;

	for (int i = 0; i < ROUNDS; i++) {
		try_once(best, client, server, before, fresh);
		client_ms = i && client_ms < best->client_ms ? client_ms : best->client_ms;
		server_ms = i && server_ms < best->server_ms ? server_ms : best->server_ms;
	}
	best->client_ms = client_ms;
	best->server_ms = server_ms;
}

static void test_what_it_saves(void **state)
{
	WOLFSSL_CTX *client = context(false, NULL, true), *server = context(true, "server", false);
	size_t size = 4 * sizeof(struct outcome);
	struct outcome *o = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(o, MAP_FAILED);
	share_ticket_key(server);
	measure(&o[0], client, server, NULL, true);
	assert_false(o[0].resumed);
	assert_in_range(o[0].session_len, 100, SESSION_MAX);
	measure(&o[1], client, server, &o[0], true);
	assert_true(o[1].resumed && o[1].fresh_keys);
	measure(&o[2], client, server, NULL, false);
	measure(&o[3], client, server, &o[2], false);
	assert_true(o[3].resumed);
	print_message("processor time of a handshake, ms: UE, a fresh process: full %.2f, resumed %.2f; "
		      "gateway, a worker that has done many: full %.2f, resumed %.2f\n",
		      o[0].client_ms, o[1].client_ms, o[2].server_ms, o[3].server_ms);
	/* else there is nothing to be had from it */
	assert_true(o[1].client_ms < o[0].client_ms);
	munmap(o, size);
	wolfSSL_CTX_free(client);
	wolfSSL_CTX_free(server);
}

static void test_what_is_against_it(void **state)
{
	WOLFSSL_CTX *client = context(false, "client", true), *bare = context(false, NULL, true);
	WOLFSSL_CTX *server = context(true, "server", true);
	struct outcome *o = calloc(3, sizeof(*o));

	(void)state;
	assert_non_null(o);
	meet(&o[0], client, server, NULL);
	assert_true(o[0].done && !o[0].resumed);
	/* the server wants a certificate: this client has none, but the ticket of one that had */
	meet(&o[1], bare, server, NULL);
	assert_false(o[1].done);
	meet(&o[1], bare, server, &o[0]);
	/* and this one wants no new key exchange (psk_ke), which the profile forbids: no forward secrecy */
	assert_int_equal(wolfSSL_CTX_no_dhe_psk(bare), 0);
	meet(&o[2], bare, server, &o[0]);
	print_message("wolfSSL %s as a server takes a ticket without looking at a certificate: %s; without new keys: %s\n",
		      wolfSSL_lib_version(), o[1].resumed ? "yes" : "no", o[2].resumed && !o[2].fresh_keys ? "yes" : "no");
	free(o);
	wolfSSL_CTX_free(client);
	wolfSSL_CTX_free(bare);
	wolfSSL_CTX_free(server);
}

static int make(char *name)
{
	char key[32], csr[32], pem[32], subject[32];

	snprintf(key, sizeof(key), "%s.key", name);
	snprintf(csr, sizeof(csr), "%s.csr", name);
	snprintf(pem, sizeof(pem), "%s.pem", name);
	snprintf(subject, sizeof(subject), "/CN=%s", name);
	return certs_openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
			     key, "-out", csr, "-subj", subject) ||
		certs_openssl("x509", "-req", "-in", csr, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
			      "-days", "30", "-out", pem);
}

static int setup(void **state)
{
	(void)state;
	snprintf(certs_dir, sizeof(certs_dir), "/tmp/eftf-certs-XXXXXX");
	return !mkdtemp(certs_dir) || certs_make_ca("ca") || make("server") || make("client") ||
		wolfSSL_Init() != WOLFSSL_SUCCESS;
}

static int teardown(void **state)
{
	(void)state;
	return certs_run((char *[]){ "rm", "-rf", certs_dir, NULL });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_saves),
		cmocka_unit_test(test_what_is_against_it),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
