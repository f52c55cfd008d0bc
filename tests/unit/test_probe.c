// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/probe.c ue/detect.c ue/connect.c ue/connect_curl.c ue/targets.c ue/signals.c lib/sip_probe.c lib/stun.c lib/err.c lib/addr.c lib/random.c */
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
#include "ue/connect.h"
#include "ue/probe.h"

enum { SIP_UDP, SIP_TCP, STUN, CONTROL, SOCKETS };

/* Answers on loopback: which of them is the test's choice. */
struct network {
	int fd[SOCKETS], quit;
	unsigned int answers;	/* EFTF_PROBE_BIT()s */
	unsigned int drop;	/* so many UDP requests are lost first */
	bool junk;		/* garbage before, or instead of, each answer */
	pthread_t thread;
	struct eftf_probe_spec spec;
};

static struct eftf_signals sig;

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

static void answer(struct network *n, int i)
{
	char request[2048] = "", out[4096];
	struct sockaddr_in from;
	socklen_t flen = sizeof(from);
	int fd = n->fd[i];
	ssize_t len;
	size_t olen;

	if (i == SIP_TCP || i == CONTROL)
		fd = accept(fd, NULL, NULL);
	if (i == CONTROL) {
		close(fd);
		return;
	}
	len = recvfrom(fd, request, sizeof(request) - 1, 0, (struct sockaddr *)&from, &flen);
	if (len > 0 && i == SIP_TCP) {
		olen = sip_answer(out, sizeof(out), request);
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
		olen = i == STUN ? stun_answer(out, request) :
				   sip_answer(out, sizeof(out), request);
		if (n->junk)
			sendto(fd, "junk", 4, 0, (struct sockaddr *)&from, flen);
		else
			sendto(fd, out, olen, 0, (struct sockaddr *)&from, flen);
	}
	if (i == SIP_TCP)
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
	n->spec = (struct eftf_probe_spec){ .timeout_ms = 1400 };
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

static void test_junk_is_no_answer(void **state)
{
	struct network n = { .junk = true };
	struct eftf_detect d;

	(void)state;
	network_start(&n, 15);
	assert_int_equal(run(&n, &d), EFTF_STEP_TUNNEL);
	assert_int_equal(d.evidence[EFTF_PROBE_SIP_UDP].result, EFTF_RESULT_GARBLED);
	assert_int_equal(d.evidence[EFTF_PROBE_SIP_TCP].result, EFTF_RESULT_GARBLED);
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
	assert_int_equal(run(&n, &d), EFTF_STEP_WAIT);
	assert_int_equal(d.verdict, EFTF_VERDICT_NO_NETWORK);
	for (i = 0; i < EFTF_PROBE_KINDS; i++)
		assert_int_equal(d.evidence[i].result, EFTF_RESULT_REFUSED);
	assert_true(eftf_now_ms() - before < 1300);
	network_stop(&n);
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
	assert_in_range(took, 1400, 3000);
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

static int setup(void **state)
{
	struct eftf_err err;

	(void)state;
	return eftf_signals_open(&sig, &err) || eftf_connect_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_lost_datagrams_are_sent_again),
		cmocka_unit_test(test_tcp_signalling_without_media),
		cmocka_unit_test(test_junk_is_no_answer),
		cmocka_unit_test(test_refused_everywhere),
		cmocka_unit_test(test_silence_ends_at_the_deadline),
		cmocka_unit_test(test_signal),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
