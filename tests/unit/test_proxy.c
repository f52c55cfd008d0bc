// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/connect.c ue/connect_curl.c ue/interim.c ue/targets.c ue/signals.c lib/addr.c lib/err.c */
/* libs: -lcurl -lpthread */
/* A proxy that means no good: whatever it says, there is a clear error in a bounded time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "connect_setup.h"

#define TIMEOUT_MS 3000
#define BOUND_MS 90000	/* of a busy machine */
#define CHALLENGE "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n" \
	"Proxy-Authenticate: Digest realm=\"x\", nonce=\"n\"\r\nContent-Length: 0\r\n\r\n"
#define INTERIM "HTTP/1.1 100 Continue\r\n\r\n"
#define OK "HTTP/1.1 200 OK\r\n\r\n"

struct answer {
	const char *first;	/* to the first request */
	const char *then;	/* to each later one; NULL: first again */
	const char *old;	/* to each of HTTP/1.0 without credentials, with them: OK; NULL: as to all */
	const char *endless;	/* sent again and again after first until the other end goes */
	bool close;		/* afterwards; else the next request is waited for */
};

struct proxy {
	const struct answer *answer;
	int fd;
	unsigned int port, requests;
	char request[8][2048];	/* the first ones */
	size_t sent;		/* octets of endless */
	pthread_t thread;
};

static bool read_request(int fd, char *to, size_t size)
{
	size_t got = 0;

	to[0] = '\0';
	while (got < size - 1 && !strstr(to, "\r\n\r\n")) {
		ssize_t n = read(fd, to + got, size - 1 - got);

		if (n <= 0)
			return false;
		got += (size_t)n;
		to[got] = '\0';
	}
	return true;
}

static bool say(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

static const char *answer_to(const struct proxy *p, const char *request)
{
	const struct answer *a = p->answer;

	if (a->old && strstr(request, " HTTP/1.0\r\n"))
		return strstr(request, "\r\nProxy-Authorization: ") ? OK : a->old;
	return p->requests && a->then ? a->then : a->first;
}

/* One connection, until one of both ends has enough. */
static void converse(struct proxy *p, int fd)
{
	const struct answer *a = p->answer;

	for (;;) {
		char *request = p->request[p->requests < 8 ? p->requests : 7];
		const char *text;

		if (!read_request(fd, request, sizeof(p->request[0])))
			return;
		text = answer_to(p, request);
		p->requests++;
		if (!say(fd, text))
			return;
		while (a->endless && say(fd, a->endless))
			p->sent += strlen(a->endless);
		if (a->close || a->endless)
			return;
	}
}

static void *serve(void *arg)
{
	struct proxy *p = arg;
	int fd;

	while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
		converse(p, fd);
		close(fd);
	}
	return NULL;
}

static void start(struct proxy *p, const struct answer *answer)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);

	memset(p, 0, sizeof(*p));
	p->answer = answer;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(p->fd, 4), 0);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&sin, &len), 0);
	p->port = ntohs(sin.sin_port);
	assert_int_equal(pthread_create(&p->thread, NULL, serve, p), 0);
}

static void stop(struct proxy *p)
{
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
}

/* Connects through such a proxy, and lets go at once what comes of it. */
static int meet(struct proxy *p, const struct answer *answer, enum eftf_ue_auth auth,
		struct eftf_err *err)
{
	struct eftf_connect_spec spec = {
		.host = "eftf.ims.example", .port = 443, .timeout_ms = TIMEOUT_MS,
		.user = "joe", .password = "xyzzy-secret", .auth = auth,
	};
	uint64_t before = eftf_now_ms();
	char url[64];
	int fd = -1, ret;

	start(p, answer);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", p->port);
	spec.proxy = url;
	err->text[0] = '\0';
	ret = eftf_connect(&spec, &sig, &fd, err);
	if (fd >= 0)
		close(fd);
	stop(p);
	assert_in_range(eftf_now_ms() - before, 0, BOUND_MS);
	/* the password is in no word that goes to a log */
	assert_null(strstr(err->text, "xyzzy"));
	return ret;
}

static char *megabyte(void)
{
	char *text = malloc((1 << 20) + 1);

	assert_non_null(text);
	memset(text, 'a', 1 << 20);
	memcpy(text, "HTTP/1.1 200 OK\r\nX: ", 20);
	text[1 << 20] = '\0';
	return text;
}

static const struct {
	struct answer answer;
	int code;
	const char *words;
} table[] = {
	{ { .first = "HTTP/1.1 200 OK\r\nX: y", .close = true }, -EIO, "closed the connection" },
	{ { .first = "HTTP/1.1 2", .close = true }, -EIO, "closed the connection" },
	{ { .first = "", .close = true }, -EIO, "closed the connection" },
	{ { .first = "HTTP/1.1 200 OK\r\nX: y" }, -ETIMEDOUT, "no connection to" },
	{ { .first = "HTTP/1.1 200 OK\r\n", .endless = "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" },
	  -EIO, "says too much" },
	{ { .first = "HTTP/1.1 200 OK\r\nX: ", .endless = "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy" },
	  -EIO, "says too much" },
	{ { .first = "HTTP/1.1 302 Found\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n" },
	  -EIO, "302" },
	{ { .first = INTERIM "HTTP/1.1 101 Switching Protocols\r\n\r\n" }, -EIO, "with 101" },
	{ { .first = INTERIM "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" }, -EACCES, "forbids" },
	{ { .first = INTERIM CHALLENGE }, -EACCES, "after an interim answer" },
	{ { .first = INTERIM "SSH-2.0-x\r\n" }, -EIO, "no HTTP proxy" },
	{ { .first = INTERIM "HTTP/1.1 200 OK\r\nX: y", .close = true }, -EIO, "closed the connection" },
	{ { .first = INTERIM "HTTP/1.1 2" }, -ETIMEDOUT, "no connection to" },
	{ { .first = INTERIM, .endless = INTERIM }, -EIO, "says too much" },
	{ { .first = INTERIM "HTTP/1.1 200 OK\r\nX: ", .endless = "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy" },
	  -EIO, "says too much" },
	{ { .first = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n" }, -EIO, "cannot reach" },
	{ { .first = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n" }, -EACCES, "forbids" },
	{ { .first = CHALLENGE }, -EACCES, "refuses user joe" },
	{ { .first = CHALLENGE, .close = true }, -EACCES, "refuses user joe" },
};

static void test_each_has_its_outcome(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct eftf_err err;
		struct proxy p;
		int ret = meet(&p, &table[i].answer, EFTF_AUTH_DIGEST, &err);

		print_message("%zu: %d %s (%u requests, %zu octets)\n", i, ret, err.text, p.requests,
			      p.sent);
		assert_int_equal(ret, table[i].code);
		assert_non_null(strstr(err.text, table[i].words));
		assert_non_null(strstr(err.text, "proxy"));
		assert_in_range(p.requests, 1, 4);
		/* what is in buffers counts, too */
		assert_in_range(p.sent, 0, 16 << 20);
	}
}

static void test_line_of_a_mebibyte(void **state)
{
	char *text = megabyte();
	struct answer answer = { .first = text, .close = true };
	struct eftf_err err;
	struct proxy p;
	int ret = meet(&p, &answer, EFTF_AUTH_BASIC, &err);

	(void)state;
	free(text);
	assert_int_equal(ret, -EIO);
	assert_non_null(strstr(err.text, "says too much"));
}

/* libcurl takes an interim answer to CONNECT for the final one. */
static void test_interim_answers(void **state)
{
	static const struct answer answers[] = {
		{ .first = INTERIM OK },
		{ .first = INTERIM "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.0 200\r\nX: y\r\n\r\n" },
		{ .first = CHALLENGE, .then = "HTTP/1.1 102 Processing\r\n\r\n" INTERIM OK },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct eftf_err err;
		struct proxy p;

		if (meet(&p, &answers[i], EFTF_AUTH_SAFE, &err))
			fail_msg("answer %zu: %s", i, err.text);
		assert_int_equal(p.requests, answers[i].then ? 2 : 1);
	}
}

/* To HTTP/1.0 there is no interim answer, so libcurl sees that credentials are wanted, and how. */
static void test_credentials_after_an_interim_answer(void **state)
{
	static const struct answer answers[] = {
		{ .first = INTERIM CHALLENGE, .old = CHALLENGE },
		{ .first = INTERIM CHALLENGE, .close = true,
		  .old = "HTTP/1.0 407 No\r\nProxy-Authenticate: Digest realm=\"x\", nonce=\"n\"\r\n"
			 "Connection: close\r\n\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct eftf_err err;
		struct proxy p;

		if (meet(&p, &answers[i], EFTF_AUTH_SAFE, &err))
			fail_msg("answer %zu: %s", i, err.text);
		assert_int_equal(p.requests, 3);
		assert_null(strstr(p.request[1], "Proxy-Authorization"));
		assert_non_null(strstr(p.request[2], "Proxy-Authorization: Digest username=\"joe\""));
		assert_null(strstr(p.request[2], "xyzzy"));
	}
}

/* What comes behind the last answer is the peer's, and is left in the socket. */
static void test_nothing_behind_is_read(void **state)
{
	static const struct answer answer = { .first = INTERIM OK "behind" };
	struct eftf_connect_spec spec = {
		.host = "eftf.ims.example", .port = 443, .timeout_ms = TIMEOUT_MS,
	};
	struct eftf_err err;
	struct proxy p;
	char url[64], octets[16] = "";
	int fd;

	(void)state;
	start(&p, &answer);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", p.port);
	spec.proxy = url;
	if (eftf_connect(&spec, &sig, &fd, &err))
		fail_msg("%s", err.text);
	assert_int_equal(read(fd, octets, sizeof(octets)), 6);
	assert_string_equal(octets, "behind");
	close(fd);
	stop(&p);
}

static void test_credentials_when_asked(void **state)
{
	static const struct answer answer = { .first = CHALLENGE, .then = OK };
	struct eftf_err err;
	struct proxy p;

	(void)state;
	if (meet(&p, &answer, EFTF_AUTH_SAFE, &err))
		fail_msg("%s", err.text);
	assert_int_equal(p.requests, 2);
	assert_null(strstr(p.request[0], "Proxy-Authorization"));
	assert_non_null(strstr(p.request[1], "Proxy-Authorization: Digest username=\"joe\""));
	assert_null(strstr(p.request[1], "xyzzy"));
}

/* safe: never the password itself */
static void test_basic_is_not_had_by_asking(void **state)
{
	static const struct answer answer = {
		.first = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
			"Content-Length: 0\r\n\r\n",
		.then = OK,
	};
	struct eftf_err err;
	struct proxy p;
	unsigned int i;

	(void)state;
	assert_int_equal(meet(&p, &answer, EFTF_AUTH_SAFE, &err), -EACCES);
	for (i = 0; i < p.requests && i < 8; i++)
		assert_null(strstr(p.request[i], "Proxy-Authorization"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_has_its_outcome),
		cmocka_unit_test(test_line_of_a_mebibyte),
		cmocka_unit_test(test_interim_answers),
		cmocka_unit_test(test_credentials_after_an_interim_answer),
		cmocka_unit_test(test_nothing_behind_is_read),
		cmocka_unit_test(test_credentials_when_asked),
		cmocka_unit_test(test_basic_is_not_had_by_asking),
	};

	return cmocka_run_group_tests(tests, connect_setup, NULL);
}
