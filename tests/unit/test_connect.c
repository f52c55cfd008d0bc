// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/connect.c ue/connect_curl.c ue/interim.c ue/targets.c ue/signals.c lib/addr.c lib/err.c */
/* libs: -lcurl -lpthread */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
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
#include "tcp_server.h"

static struct eftf_connect_spec direct_to(const struct server *s)
{
	return (struct eftf_connect_spec){
		.host = "127.0.0.1", .port = s->port, .timeout_ms = 5000,
	};
}

static void test_direct(void **state)
{
	struct eftf_connect_spec spec;
	socklen_t len = sizeof(int);
	struct eftf_err err;
	struct server s;
	int fd = -1, one = 0;

	(void)state;
	start(&s, "");
	spec = direct_to(&s);
	if (eftf_connect(&spec, &sig, &fd, &err))
		fail_msg("%s", err.text);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, &len), 0);
	assert_true(one);
	assert_echo(fd);
	close(fd);
	stop(&s);
}

static void test_environment_is_ignored(void **state)
{
	struct eftf_connect_spec spec;
	struct eftf_err err;
	struct server s;
	int fd = -1;

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	start(&s, "");
	spec = direct_to(&s);
	if (eftf_connect(&spec, &sig, &fd, &err))
		fail_msg("%s", err.text);
	close(fd);
	stop(&s);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
}

static void test_refused(void **state)
{
	struct eftf_connect_spec spec;
	struct eftf_err err;
	struct server s;
	int fd = -1;

	(void)state;
	start(&s, "");
	spec = direct_to(&s);
	stop(&s);
	assert_int_equal(eftf_connect(&spec, &sig, &fd, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "refused"));
	assert_int_equal(fd, -1);
}

static void test_unknown_name(void **state)
{
	struct eftf_connect_spec spec = {
		.host = "nowhere.invalid", .port = 443, .timeout_ms = 10000,
	};
	struct eftf_err err;
	int fd = -1, ret = eftf_connect(&spec, &sig, &fd, &err);

	(void)state;
	/* without any DNS server the lookup may also take too long */
	assert_true(ret == -ENXIO || ret == -ETIMEDOUT);
	assert_non_null(strstr(err.text, "nowhere.invalid"));
}

static int by_proxy(struct server *s, const char *answer, const char *user, int *fd,
		    struct eftf_err *err)
{
	struct eftf_connect_spec spec = {
		.host = "eftf.ims.example", .port = 443, .timeout_ms = 1500, .user = user,
		.password = user ? "secret" : NULL, .auth = EFTF_AUTH_BASIC,
	};
	char url[64];
	int ret;

	start(s, answer);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", s->port);
	spec.proxy = url;
	*fd = -1;
	ret = eftf_connect(&spec, &sig, fd, err);
	if (ret)
		stop(s);
	return ret;
}

static void test_proxy_connects(void **state)
{
	struct pollfd pfd = { .events = POLLIN };
	struct eftf_err err;
	struct server s;
	char got[16];

	(void)state;
	/* any 2xx; Content-Length means nothing; what follows is the tunnel's */
	if (by_proxy(&s, "HTTP/1.1 299 Fine\r\nContent-Length: 10\r\n\r\nTLS", NULL, &pfd.fd, &err))
		fail_msg("%s", err.text);
	assert_non_null(strstr(s.request, "CONNECT eftf.ims.example:443 HTTP/1.1\r\n"));
	assert_non_null(strstr(s.request, "\r\nHost: eftf.ims.example:443\r\n"));
	assert_null(strstr(s.request, "Authorization"));
	assert_int_equal(poll(&pfd, 1, 5000), 1);
	assert_int_equal(read(pfd.fd, got, sizeof(got)), 3);
	assert_memory_equal(got, "TLS", 3);
	assert_echo(pfd.fd);
	close(pfd.fd);
	stop(&s);
}

static void test_proxy_user(void **state)
{
	struct eftf_err err;
	struct server s;
	int fd;

	(void)state;
	if (by_proxy(&s, "HTTP/1.1 200 OK\r\n\r\n", "joe", &fd, &err))
		fail_msg("%s", err.text);
	/* base64 of joe:secret */
	assert_non_null(strstr(s.request, "Proxy-Authorization: Basic am9lOnNlY3JldA==\r\n"));
	close(fd);
	stop(&s);
}

static const struct {
	const char *answer, *user, *words;
	int code;
} refusals[] = {
	{ "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
	  NULL, "user name", -EACCES },
	{ "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", NULL, "forbids", -EACCES },
	{ "HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n", NULL, "forbids", -EACCES },
	{ "HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n", NULL, "cannot reach", -EIO },
	{ "HTTP/1.1 302 Away\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n",
	  NULL, "302", -EIO },
	{ "SSH-2.0-OpenSSH\r\n\r\n", NULL, "no HTTP proxy", -EIO },
	{ NULL, NULL, "1500 ms", -ETIMEDOUT },
};

static void test_proxy_refusals(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct eftf_err err;
		struct server s;
		int fd, ret;

		ret = by_proxy(&s, refusals[i].answer, refusals[i].user, &fd, &err);
		print_message("%zu: %s\n", i, err.text);
		assert_int_equal(ret, refusals[i].code);
		assert_non_null(strstr(err.text, refusals[i].words));
	}
}

static void *interrupt(void *arg)
{
	(void)arg;
	poll(NULL, 0, 200);
	kill(getpid(), SIGTERM);
	return NULL;
}

static void test_signal_ends_it(void **state)
{
	uint64_t before = eftf_now_ms();
	struct eftf_connect_spec spec;
	struct eftf_err err;
	pthread_t thread;
	struct server s;
	char url[64];
	int fd = -1;

	(void)state;
	start(&s, NULL);
	spec = direct_to(&s);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", s.port);
	spec.proxy = url;
	spec.timeout_ms = 30000;
	assert_int_equal(pthread_create(&thread, NULL, interrupt, NULL), 0);
	assert_int_equal(eftf_connect(&spec, &sig, &fd, &err), -EINTR);
	assert_true(eftf_now_ms() - before < spec.timeout_ms);
	assert_true(sig.stop);
	pthread_join(thread, NULL);
	stop(&s);
	sig.stop = false;
}

static void test_environment_proxy(void **state)
{
	struct eftf_err err;

	(void)state;
	unsetenv("HTTPS_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	unsetenv("https_proxy");
	assert_null(eftf_connect_env_proxy(&err));
	assert_non_null(strstr(err.text, "https_proxy"));
	setenv("https_proxy", "http://p.example:3128", 1);
	assert_string_equal(eftf_connect_env_proxy(&err), "http://p.example:3128");
	setenv("https_proxy", "socks5://p.example:1080", 1);
	assert_null(eftf_connect_env_proxy(&err));
	assert_non_null(strstr(err.text, "no http://"));
	unsetenv("https_proxy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_environment_is_ignored),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unknown_name),
		cmocka_unit_test(test_proxy_connects),
		cmocka_unit_test(test_proxy_user),
		cmocka_unit_test(test_proxy_refusals),
		cmocka_unit_test(test_signal_ends_it),
		cmocka_unit_test(test_environment_proxy),
	};

	return cmocka_run_group_tests(tests, connect_setup, NULL);
}
