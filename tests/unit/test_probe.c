// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/probe.c ue/portal.c ue/detect.c ue/connect.c ue/connect_curl.c ue/interim.c ue/targets.c ue/signals.c lib/sip_probe.c lib/tls_probe.c lib/ike_probe.c lib/stun.c lib/err.c lib/addr.c lib/random.c */
/* libs: -lcurl -lpthread */
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
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "clock.h"
#include "connect_setup.h"
#include "tcp_server.h"
#include "ue/probe.h"

#define TIMEOUT_MS 4000	/* of a busy machine; where something is silent it is waited for */
#define BOUND_MS 60000

/* as enum eftf_probe_kind */
enum { SIP_UDP, SIP_TCP, SIP_TLS, IPSEC, STUN, CONTROL, SOCKETS };
_Static_assert((int)SOCKETS == (int)EFTF_PROBE_KINDS, "one for each kind");

/* Answers on loopback: which of them is the test's choice. */
struct network {
	int fd[SOCKETS], quit;
	unsigned int answers;	/* EFTF_PROBE_BIT()s */
	unsigned int drop;	/* so many UDP requests are lost first */
	bool junk;		/* garbage before, or instead of, each answer */
	uint16_t tls_port, ipsec_port;
	pthread_t thread;
	struct eftf_probe_spec spec;
};

static int open_socket(int type, uint16_t port, uint16_t *bound)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin))) {
		close(fd);
		return -1;
	}
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*bound = ntohs(sin.sin_port);
	return fd;
}

/* The headers that RFC 3261 8.2.6.2 wants copied are all of them. */
static size_t sip_answer(char *out, size_t size, const char *request)
{
	const char *headers = strstr(request, "\r\n");

	return (size_t)snprintf(out, size, "SIP/2.0 404 Not Found%s", headers);
}

static size_t stun_answer(char *out, const char *request)
{
	static const unsigned char tail[] = {
		0, 0x20, 0, 8, 0, 1, 0x21, 0x13, 0x5e, 0x12, 0xa4, 0x43,
	};

	memcpy(out, request, 20);
	out[0] = 1;
	out[1] = 1;
	out[3] = sizeof(tail);
	memcpy(out + 20, tail, sizeof(tail));
	return 20 + sizeof(tail);
}

/* No proposal chosen, without a reason. */
static size_t ike_answer(char *out, const char *request)
{
	memcpy(out, request, 32);
	out[4 + 16] = 0;
	out[4 + 19] = 0x20;
	out[4 + 27] = 28;
	return 32;
}

/* A ServerHello of TLS 1.2 up to its suite. */
static size_t tls_answer(char *out)
{
	memset(out, 0, 60);
	memcpy(out, "\x16\3\3\0\x37\2\0\0\x33\3\3", 11);
	memcpy(out + 44, "\xc0\x2b", 2);
	return 60;
}

static size_t make_answer(int i, char *out, size_t size, const char *request)
{
	switch (i) {
	case SIP_TLS:
		return tls_answer(out);
	case IPSEC:
		return ike_answer(out, request);
	case STUN:
		return stun_answer(out, request);
	default:
		return sip_answer(out, size, request);
	}
}

static void answer(struct network *n, int i)
{
	bool tcp = i == SIP_TCP || i == SIP_TLS;
	char request[2048] = "", out[4096];
	struct sockaddr_in from;
	socklen_t flen = sizeof(from);
	int fd = n->fd[i];
	ssize_t len;
	size_t olen;

	if (tcp || i == CONTROL)
		fd = accept(fd, NULL, NULL);
	if (i == CONTROL) {
		close(fd);
		return;
	}
	len = recvfrom(fd, request, sizeof(request) - 1, 0, (struct sockaddr *)&from, &flen);
	if (len > 0 && tcp) {
		olen = make_answer(i, out, sizeof(out), request);
		/* in two pieces */
		if (!n->junk && (write(fd, out, 10) != 10 ||
				 write(fd, out + 10, olen - 10) != (ssize_t)olen - 10))
			perror("write");
		if (n->junk && write(fd, "HTTP/1.1 400 Bad\r\n\r\n", 20) != 20)
			perror("write");
		while (read(fd, out, sizeof(out)) > 0)
			;
	} else if (len > 0 && n->drop) {
		n->drop--;
	} else if (len > 0) {
		olen = make_answer(i, out, sizeof(out), request);
		if (n->junk)
			sendto(fd, "junk", 4, 0, (struct sockaddr *)&from, flen);
		else
			sendto(fd, out, olen, 0, (struct sockaddr *)&from, flen);
	}
	if (tcp)
		close(fd);
}

static void *network_run(void *arg)
{
	struct network *n = arg;

	for (;;) {
		struct pollfd pfd[SOCKETS + 1];
		int i;

		for (i = 0; i < SOCKETS; i++) {
			bool on = n->answers & (1u << i);

			pfd[i] = (struct pollfd){ .fd = on ? n->fd[i] : -1, .events = POLLIN };
		}
		pfd[SOCKETS] = (struct pollfd){ .fd = n->quit, .events = POLLIN };
		if (poll(pfd, SOCKETS + 1, -1) < 0 || pfd[SOCKETS].revents)
			return NULL;
		for (i = 0; i < SOCKETS; i++) {
			if (pfd[i].revents)
				answer(n, i);
		}
	}
}

static void set_target(struct sockaddr_storage *ss, uint16_t port)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin->sin_port = htons(port);
}

static void network_start(struct network *n, unsigned int answers)
{
	uint16_t sip, other, tcp;

	n->answers = answers;
	n->spec = (struct eftf_probe_spec){ .timeout_ms = TIMEOUT_MS };
	do {
		n->fd[SIP_UDP] = open_socket(SOCK_DGRAM, 0, &sip);
		n->fd[SIP_TCP] = open_socket(SOCK_STREAM, sip, &tcp);
		if (n->fd[SIP_TCP] < 0)
			close(n->fd[SIP_UDP]);
	} while (n->fd[SIP_TCP] < 0);
	set_target(&n->spec.pcscf, sip);
	n->fd[STUN] = open_socket(SOCK_DGRAM, 0, &other);
	set_target(&n->spec.media, other);
	n->fd[CONTROL] = open_socket(SOCK_STREAM, 0, &other);
	n->spec.control.port = other;
	snprintf(n->spec.control.host, sizeof(n->spec.control.host), "127.0.0.1");
	/* not asked for by most */
	n->fd[SIP_TLS] = open_socket(SOCK_STREAM, 0, &n->tls_port);
	n->fd[IPSEC] = open_socket(SOCK_DGRAM, 0, &n->ipsec_port);
	n->quit = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(pthread_create(&n->thread, NULL, network_run, n), 0);
}

static void network_stop(struct network *n)
{
	uint64_t one = 1;
	int i;

	assert_int_equal(write(n->quit, &one, sizeof(one)), sizeof(one));
	pthread_join(n->thread, NULL);
	for (i = 0; i < SOCKETS; i++) {
		if (n->fd[i] >= 0)
			close(n->fd[i]);
	}
	close(n->quit);
}

static int run(struct network *n, struct eftf_detect *d)
{
	struct eftf_detect_policy policy = { .probes = eftf_probe_kinds(&n->spec) };

	assert_int_equal(eftf_detect_start(d, &policy), EFTF_STEP_PROBE);
	return eftf_probe_run(&n->spec, &sig, d);
}

static void test_open(void **state)
{
	struct network n = { .quit = -1 };
	struct eftf_detect d;

	(void)state;
	network_start(&n, EFTF_PROBE_BIT(EFTF_PROBE_SIP_UDP) | EFTF_PROBE_BIT(EFTF_PROBE_STUN));
	assert_int_equal(run(&n, &d), EFTF_STEP_DIRECT);
	assert_int_equal(d.verdict, EFTF_VERDICT_OPEN);
	assert_string_equal(d.evidence[EFTF_PROBE_SIP_UDP].detail, "SIP 404");
	/* 0x2113 ^ 0x2112 = port 1; 0x5e12a443 ^ 0x2112a442 = 127.0.0.1 */
	assert_string_equal(d.evidence[EFTF_PROBE_STUN].detail, "seen as 127.0.0.1:1");
	network_stop(&n);
}

static void test_lost_datagrams_are_sent_again(void **state)
{
	struct network n = { .drop = 2 };
	struct eftf_detect d;

	(void)state;
	network_start(&n, EFTF_PROBE_BIT(EFTF_PROBE_SIP_UDP) | EFTF_PROBE_BIT(EFTF_PROBE_STUN));
	assert_int_equal(run(&n, &d), EFTF_STEP_DIRECT);
	assert_true(d.evidence[EFTF_PROBE_SIP_UDP].ms >= 400);
	network_stop(&n);
}

static void test_tcp_signalling_without_media(void **state)
{
	struct network n = { .quit = -1 };
	struct eftf_detect d;

	(void)state;
	network_start(&n, EFTF_PROBE_BIT(EFTF_PROBE_SIP_TCP) | EFTF_PROBE_BIT(EFTF_PROBE_CONTROL));
	assert_int_equal(run(&n, &d), EFTF_STEP_TUNNEL);
	assert_int_equal(d.verdict, EFTF_VERDICT_FIREWALL);
	assert_true(d.media_fails);
	assert_false(d.signalling_fails);
	assert_int_equal(d.evidence[EFTF_PROBE_STUN].result, EFTF_RESULT_SILENT);
	network_stop(&n);
}

/* The phone's signalling is TLS alone, or needs IPsec besides. */
static void test_secured_signalling(void **state)
{
	static const struct {
		unsigned int answers;
		int step;
		bool signalling_fails, ipsec_fails;
	} table[] = {
		{ EFTF_PROBE_BIT(EFTF_PROBE_SIP_TLS) | EFTF_PROBE_BIT(EFTF_PROBE_IPSEC), EFTF_STEP_DIRECT, false, false },
		{ EFTF_PROBE_BIT(EFTF_PROBE_SIP_TLS), EFTF_STEP_TUNNEL, false, true },
		{ EFTF_PROBE_BIT(EFTF_PROBE_SIP_UDP), EFTF_STEP_TUNNEL, false, true },
		{ EFTF_PROBE_BIT(EFTF_PROBE_IPSEC), EFTF_STEP_TUNNEL, true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct network n = { .drop = i == 0 };
		struct eftf_detect d;

		print_message("row %zu\n", i);
		network_start(&n, table[i].answers);
		set_target(&n.spec.sips, n.tls_port);
		set_target(&n.spec.ipsec, n.ipsec_port);
		n.spec.media.ss_family = 0;
		for (int kind = 0; kind < SOCKETS; kind++) {
			if (table[i].answers & EFTF_PROBE_BIT(kind))
				continue;
			close(n.fd[kind]);
			n.fd[kind] = -1;
		}
		assert_int_equal(run(&n, &d), table[i].step);
		assert_int_equal(d.signalling_fails, table[i].signalling_fails);
		assert_int_equal(d.ipsec_fails, table[i].ipsec_fails);
		if (table[i].answers & EFTF_PROBE_BIT(EFTF_PROBE_SIP_TLS))
			assert_string_equal(d.evidence[EFTF_PROBE_SIP_TLS].detail, "TLS");
		if (table[i].answers & EFTF_PROBE_BIT(EFTF_PROBE_IPSEC))
			assert_string_equal(d.evidence[EFTF_PROBE_IPSEC].detail, "IKEv2");
		network_stop(&n);
	}
}

static void test_junk_is_no_answer(void **state)
{
	struct network n = { .junk = true };
	struct eftf_detect d;

	(void)state;
	network_start(&n, (1u << SOCKETS) - 1);
	set_target(&n.spec.sips, n.tls_port);
	set_target(&n.spec.ipsec, n.ipsec_port);
	assert_int_equal(run(&n, &d), EFTF_STEP_TUNNEL);
	assert_int_equal(d.evidence[EFTF_PROBE_SIP_UDP].result, EFTF_RESULT_GARBLED);
	assert_int_equal(d.evidence[EFTF_PROBE_SIP_TCP].result, EFTF_RESULT_GARBLED);
	assert_int_equal(d.evidence[EFTF_PROBE_SIP_TLS].result, EFTF_RESULT_GARBLED);
	assert_int_equal(d.evidence[EFTF_PROBE_IPSEC].result, EFTF_RESULT_GARBLED);
	assert_int_equal(d.evidence[EFTF_PROBE_STUN].result, EFTF_RESULT_GARBLED);
	network_stop(&n);
}

static void test_refused_everywhere(void **state)
{
	struct network n = { .quit = -1 };
	struct eftf_detect d;
	uint64_t before = eftf_now_ms();
	int i;

	(void)state;
	network_start(&n, 0);
	for (i = 0; i < SOCKETS; i++) {
		close(n.fd[i]);
		n.fd[i] = -1;
	}
	set_target(&n.spec.sips, n.tls_port);
	set_target(&n.spec.ipsec, n.ipsec_port);
	/* nothing of it is waited for */
	n.spec.timeout_ms = 2 * BOUND_MS;
	assert_int_equal(run(&n, &d), EFTF_STEP_WAIT);
	assert_int_equal(d.verdict, EFTF_VERDICT_NO_NETWORK);
	for (i = 0; i < EFTF_PROBE_KINDS; i++)
		assert_int_equal(d.evidence[i].result, EFTF_RESULT_REFUSED);
	assert_true(eftf_now_ms() - before < BOUND_MS);
	network_stop(&n);
}

/* Nothing is answered but HTTP, by someone who leads it elsewhere. */
static void test_portal_that_refuses_all_else(void **state)
{
	static const struct {
		const char *answer;
		int step;
		enum eftf_verdict verdict;
	} table[] = {
		{ "HTTP/1.1 302 X\r\nLocation: http://login.example/\r\n\r\n", EFTF_STEP_LOGIN,
		  EFTF_VERDICT_PORTAL },
		{ "HTTP/1.1 200 X\r\n\r\n", EFTF_STEP_WAIT, EFTF_VERDICT_NO_NETWORK },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct network n = { .quit = -1 };
		struct server portal;
		struct eftf_detect d;

		network_start(&n, 0);
		for (int kind = 0; kind < SOCKETS; kind++) {
			close(n.fd[kind]);
			n.fd[kind] = -1;
		}
		start(&portal, table[i].answer);
		n.spec.portal = n.spec.control;
		n.spec.portal.port = portal.port;
		assert_int_equal(run(&n, &d), table[i].step);
		assert_int_equal(d.verdict, table[i].verdict);
		assert_string_equal(d.evidence[EFTF_PROBE_CONTROL].detail,
				    d.verdict == EFTF_VERDICT_PORTAL ? "http://login.example/" : "");
		stop(&portal);
		network_stop(&n);
	}
}

static void test_silence_ends_at_the_deadline(void **state)
{
	uint64_t before = eftf_now_ms(), took;
	struct network n = { .quit = -1 };
	struct eftf_detect d;

	(void)state;
	network_start(&n, EFTF_PROBE_BIT(EFTF_PROBE_CONTROL));
	assert_int_equal(run(&n, &d), EFTF_STEP_TUNNEL);
	took = eftf_now_ms() - before;
	assert_in_range(took, TIMEOUT_MS, BOUND_MS);
	network_stop(&n);
}

static void test_signal(void **state)
{
	struct network n = { .quit = -1 };
	struct eftf_detect d;

	(void)state;
	network_start(&n, 0);
	kill(getpid(), SIGTERM);
	assert_int_equal(run(&n, &d), -EINTR);
	assert_true(sig.stop);
	sig.stop = false;
	network_stop(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_lost_datagrams_are_sent_again),
		cmocka_unit_test(test_tcp_signalling_without_media),
		cmocka_unit_test(test_secured_signalling),
		cmocka_unit_test(test_junk_is_no_answer),
		cmocka_unit_test(test_refused_everywhere),
		cmocka_unit_test(test_portal_that_refuses_all_else),
		cmocka_unit_test(test_silence_ends_at_the_deadline),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests(tests, connect_setup, NULL);
}
