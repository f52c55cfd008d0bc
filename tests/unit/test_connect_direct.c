// SPDX-License-Identifier: GPL-2.0-or-later
/* The outer connection without libcurl, as make PROXY=no builds it. */
/* needs: ue/connect.c ue/conf.c ue/conf_parse.c ue/resolve.c ue/targets.c ue/signals.c lib/addr.c lib/config.c lib/config_value.c lib/err.c lib/log.c lib/log_json.c lib/nat64.c */
/* libs: -linih -lpthread */
/* defines: -DEFTF_NO_PROXY */
#include "ue/connect_direct.c"	/* the order of the attempts is static there */

#include <fcntl.h>
#include <signal.h>

#include "connect_setup.h"
#include "tcp_server.h"

#define SILENT 0x7f000002	/* 127.0.0.2 and the following */
#define SECOND 0x7f000003
#define LONG_MS 20000

static struct sockaddr_storage v4(in_addr_t a)
{
	struct sockaddr_storage ss = { .ss_family = AF_INET };

	((struct sockaddr_in *)&ss)->sin_addr.s_addr = htonl(a);
	return ss;
}

static struct sockaddr_storage v6(const char *text)
{
	struct sockaddr_storage ss = { .ss_family = AF_INET6 };

	assert_int_equal(inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&ss)->sin6_addr), 1);
	return ss;
}

/* A port that answers no SYN: its queue of connections is full. */
struct silent {
	int fd, waiting[8];
	unsigned int n, port;
};

static void be_silent(struct silent *s)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(SILENT) };
	socklen_t len = sizeof(sin);
	struct pollfd pfd = { .events = POLLOUT };

	memset(s, 0, sizeof(*s));
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(s->fd, 0), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sin, &len), 0);
	s->port = ntohs(sin.sin_port);
	do {
		assert_true(s->n < sizeof(s->waiting) / sizeof(s->waiting[0]));
		pfd.fd = s->waiting[s->n++] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		connect(pfd.fd, (struct sockaddr *)&sin, sizeof(sin));
	} while (poll(&pfd, 1, 300) == 1);
}

static void end_silence(struct silent *s)
{
	while (s->n)
		close(s->waiting[--s->n]);
	close(s->fd);
}

static const struct eftf_targets known;

static struct eftf_connect_spec by_addresses(const struct sockaddr_storage *addrs, size_t n,
					     unsigned int port)
{
	return (struct eftf_connect_spec){
		.host = "eftf.ims.example", .port = port, .targets = &known, .addrs = addrs,
		.n_addrs = n, .timeout_ms = LONG_MS,
	};
}

static void test_connects(void **state)
{
	struct eftf_connect_spec spec = { .host = "127.0.0.1", .timeout_ms = LONG_MS };
	socklen_t len = sizeof(int);
	struct eftf_err err;
	struct server s;
	int fd = -1, one = 0;

	(void)state;
	start(&s, "");
	spec.port = s.port;
	/* a proxy of the environment is none of its business */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	if (eftf_connect(&spec, &sig, &fd, &err))
		fail_msg("%s", err.text);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, &len), 0);
	assert_true(one);
	assert_echo(fd);
	close(fd);
	stop(&s);
}

static void test_refused(void **state)
{
	struct sockaddr_storage addrs[] = { v4(SECOND), v4(SECOND + 1) };
	struct eftf_connect_spec spec;
	struct eftf_err err;
	struct server s;
	int fd = -1;

	(void)state;
	start_at(&s, "", SECOND, 0);
	spec = by_addresses(addrs, 2, s.port);
	stop(&s);
	assert_int_equal(eftf_connect(&spec, &sig, &fd, &err), -ECONNREFUSED);
	assert_string_not_equal(err.text, "");
	assert_non_null(strstr(err.text, "EFTF: connection refused (eftf.ims.example:"));
	assert_int_equal(fd, -1);
	/* none at all is no success, either */
	spec.n_addrs = 0;
	assert_int_equal(eftf_connect(&spec, &sig, &fd, &err), -EIO);
	assert_non_null(strstr(err.text, "no address worked"));
}

static void test_name(void **state)
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

/* One that refuses costs no time; one that is silent as much as RFC 8305 grants it. */
static void test_next_address(void **state)
{
	struct sockaddr_storage addrs[] = { v4(SILENT), v4(SECOND) };
	struct sockaddr_storage refusing[] = { v4(SECOND + 1), v4(SECOND) };
	struct eftf_connect_spec spec;
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	struct eftf_err err;
	struct silent quiet;
	struct server s;
	uint64_t begun;
	int fd = -1;

	(void)state;
	be_silent(&quiet);
	start_at(&s, "", SECOND, quiet.port);
	spec = by_addresses(addrs, 2, quiet.port);
	begun = eftf_now_ms();
	if (eftf_connect(&spec, &sig, &fd, &err))
		fail_msg("%s", err.text);
	assert_in_range(eftf_now_ms() - begun, NEXT_MS, LONG_MS / 2);
	assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &len), 0);
	assert_int_equal(ntohl(peer.sin_addr.s_addr), SECOND);
	assert_echo(fd);
	close(fd);
	stop(&s);

	start_at(&s, "", SECOND, quiet.port);
	spec.addrs = refusing;
	if (eftf_connect(&spec, &sig, &fd, &err))
		fail_msg("%s", err.text);
	assert_echo(fd);
	close(fd);
	stop(&s);
	end_silence(&quiet);
}

static void test_silence(void **state)
{
	struct sockaddr_storage addrs[] = { v4(SILENT) };
	struct eftf_connect_spec spec;
	struct eftf_err err;
	struct silent quiet;
	int fd = -1;

	(void)state;
	be_silent(&quiet);
	spec = by_addresses(addrs, 1, quiet.port);
	spec.timeout_ms = 600;
	assert_int_equal(eftf_connect(&spec, &sig, &fd, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "in 600 ms"));
	/* a signal does not wait for that */
	spec.timeout_ms = 60000;
	kill(getpid(), SIGTERM);
	assert_int_equal(eftf_connect(&spec, &sig, &fd, &err), -EINTR);
	assert_true(sig.stop);
	sig.stop = false;
	end_silence(&quiet);
}

/* The link that it is told, and no other. */
static void test_link(void **state)
{
	struct sockaddr_storage addrs[] = { v4(SECOND) };
	struct eftf_connect_spec spec = by_addresses(addrs, 1, 9);
	struct eftf_err err;
	int fd = -1;

	(void)state;
	spec.link = "no-such-link";
	/* without the capability for that, it is not allowed; nothing else may come of it */
	assert_int_equal(eftf_connect(&spec, &sig, &fd, &err), -EIO);
	assert_non_null(strstr(err.text, "cannot connect"));
}

static void assert_order(const struct sockaddr_storage *in, size_t n, const char *expected)
{
	struct eftf_connector c = { .n = 0 };
	char text[2 * EFTF_TARGETS_MAX + 1] = "";

	take_turns(&c, in, n);
	assert_int_equal(c.n, n);
	/* the last octet of each */
	for (size_t i = 0; i < n; i++) {
		const uint8_t *p = c.addr[i].ss_family == AF_INET6 ?
			((struct sockaddr_in6 *)&c.addr[i])->sin6_addr.s6_addr + 15 :
			(const uint8_t *)&((struct sockaddr_in *)&c.addr[i])->sin_addr.s_addr + 3;

		text[i] = (char)('0' + *p);
	}
	assert_string_equal(text, expected);
}

static void test_families_take_turns(void **state)
{
	const struct sockaddr_storage mixed[] = {
		v6("2001:db8::1"), v6("2001:db8::2"), v6("2001:db8::3"), v4(4), v4(5),
	};
	const struct sockaddr_storage one[] = { v4(1), v4(2), v4(3) };
	const struct sockaddr_storage late[] = { v4(1), v4(2), v6("::3"), v4(4) };
	struct sockaddr_storage many[EFTF_TARGETS_MAX];

	(void)state;
	assert_order(mixed, 5, "14253");
	assert_order(one, 3, "123");
	assert_order(late, 4, "1324");
	for (size_t i = 0; i < EFTF_TARGETS_MAX; i++)
		many[i] = v4(i % 8);
	assert_order(many, EFTF_TARGETS_MAX, "0123456701234567");
}

#define BASE "[eftf]\naddress = eftf.ims.example\nca = /etc/eftf/ca.pem\n[detect]\nmode = always\n"

static void test_proxy_is_refused(void **state)
{
	static const char *const wrong[] = {
		BASE "[proxy]\nurl = http://p.example:3128\n", BASE "[proxy]\nurl = env\n",
		BASE "[proxy]\nfallback = yes\n",
	};
	struct eftf_connect_spec spec = {
		.host = "127.0.0.1", .port = 443, .proxy = "http://127.0.0.1:1", .timeout_ms = 1000,
	};
	struct eftf_ue_conf conf;
	struct eftf_err err;
	int fd = -1;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(eftf_ue_conf_load_text(&conf, wrong[i], strlen(wrong[i]), "t.conf", NULL,
							&err), -EINVAL);
		assert_string_equal(err.text, "t.conf: [proxy] url and fallback need an eftf-ue with libcurl; "
				    "this one was built without it (PROXY=no)");
		eftf_ue_conf_free(&conf);
	}
	assert_int_equal(eftf_ue_conf_load_text(&conf, BASE, strlen(BASE), "t.conf", NULL, &err), 0);
	eftf_ue_conf_free(&conf);
	assert_int_equal(eftf_connect(&spec, &sig, &fd, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "without libcurl"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connects),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_next_address),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_families_take_turns),
		cmocka_unit_test(test_proxy_is_refused),
	};

	return cmocka_run_group_tests(tests, connect_setup, NULL);
}
