/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/channel.c lib/alert.c lib/err.c */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "channel.h"

struct pair {
	int near, far;
	struct eftf_channel ch;
	struct eftf_err err;
};

static int setup(void **state)
{
	static struct pair p;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd))
		return -1;
	p.near = fd[0];
	p.far = fd[1];
	p.err.text[0] = 0;
	eftf_channel_init(&p.ch, p.near);
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	close(p->near);
	close(p->far);
	return 0;
}

static void put(struct pair *p, const void *data, size_t len)
{
	assert_int_equal(write(p->far, data, len), len);
}

/* An envelope with a plain IPv4 packet of so many octets (20 or more). */
static size_t ip_envelope(uint8_t *buf, size_t packet)
{
	memset(buf, 0xab, packet + 3);
	ftt_ims_put_header(buf, FTT_IMS_TYPE_IP, packet);
	buf[3] = 0x45;
	buf[5] = (uint8_t)(packet >> 8);
	buf[6] = (uint8_t)packet;
	return packet + 3;
}

static enum eftf_channel_status take(struct pair *p, const uint8_t **packet, size_t *len)
{
	return eftf_channel_recv(&p->ch, packet, len, &p->err);
}

static void expect_fail(struct pair *p, const char *words)
{
	const uint8_t *packet;
	size_t len;

	assert_int_equal(take(p, &packet, &len), EFTF_CHANNEL_FAILED);
	if (!strstr(p->err.text, words))
		fail_msg("'%s' does not say '%s'", p->err.text, words);
}

static void test_octet_by_octet(void **state)
{
	struct pair *p = *state;
	const uint8_t *packet;
	uint8_t buf[256];
	size_t total = ip_envelope(buf, 60), len;

	for (size_t i = 0; i < total; i++) {
		assert_int_equal(take(p, &packet, &len), EFTF_CHANNEL_AGAIN);
		put(p, buf + i, 1);
	}
	assert_int_equal(take(p, &packet, &len), EFTF_CHANNEL_PACKET);
	assert_int_equal(len, 60);
	assert_memory_equal(packet, buf + 3, 60);
	assert_int_equal(p->ch.envelopes, 1);
}

/* What follows the envelope stays in the kernel, to the octet. */
static void test_reads_no_further(void **state)
{
	struct pair *p = *state;
	const uint8_t *packet;
	uint8_t buf[512];
	size_t total = ip_envelope(buf, 100), len;
	int left;

	total += ip_envelope(buf + total, 40);
	put(p, buf, total);
	assert_int_equal(take(p, &packet, &len), EFTF_CHANNEL_PACKET);
	assert_int_equal(len, 100);
	assert_int_equal(ioctl(p->near, FIONREAD, &left), 0);
	assert_int_equal(left, 43);
	assert_int_equal(take(p, &packet, &len), EFTF_CHANNEL_PACKET);
	assert_int_equal(len, 40);
	assert_int_equal(take(p, &packet, &len), EFTF_CHANNEL_AGAIN);
}

static void test_sizes(void **state)
{
	struct pair *p = *state;
	static uint8_t buf[70000];
	const uint8_t *packet;
	size_t len, total;

	total = ip_envelope(buf, EFTF_CHANNEL_MAX_PACKET);
	put(p, buf, total);
	assert_int_equal(take(p, &packet, &len), EFTF_CHANNEL_PACKET);
	assert_int_equal(len, EFTF_CHANNEL_MAX_PACKET);
	/* One octet more, and the most there can be: skipped and counted. */
	put(p, buf, ip_envelope(buf, EFTF_CHANNEL_MAX_PACKET + 1));
	put(p, buf, ip_envelope(buf, 65532));
	put(p, buf, ip_envelope(buf, 30));
	assert_int_equal(take(p, &packet, &len), EFTF_CHANNEL_PACKET);
	assert_int_equal(len, 30);
	assert_int_equal(p->ch.skipped, 2);
}

static void test_scanner(void **state)
{
	struct pair *p = *state;

	put(p, "G", 1);			/* of "GET / HTTP/1.1": the first octet is enough */
	expect_fail(p, "does not speak FTT-IMS: its first envelope has type 71");
}

static void test_framing(void **state)
{
	struct pair *p = *state;

	put(p, "\1\0\2", 3);
	expect_fail(p, "Length below 3");
}

static void test_useless(void **state)
{
	struct pair *p = *state;
	uint8_t buf[64];
	const uint8_t *packet;
	size_t len;

	put(p, buf, ip_envelope(buf, 20));
	assert_int_equal(take(p, &packet, &len), EFTF_CHANNEL_PACKET);
	for (int i = 0; i < 16; i++)	/* unknown types, empty ones, no IP */
		put(p, i % 3 == 0 ? "\2\0\4x" : i % 3 == 1 ? "\1\0\3" : "\1\0\4y",
		    i % 3 == 1 ? 3 : 4);
	put(p, buf, ip_envelope(buf, 20));
	assert_int_equal(take(p, &packet, &len), EFTF_CHANNEL_PACKET);
	assert_int_equal(p->ch.skipped, 16);
	put(p, "\2\0\3", 3);
	expect_fail(p, "of no use");
}

static void test_end(void **state)
{
	struct pair *p = *state;

	put(p, "\1\0", 2);
	shutdown(p->far, SHUT_WR);
	expect_fail(p, "without close_notify");
}

static void test_tickets(void **state)
{
	static const uint8_t tickets[] = { 4, 0, 0, 5, 1, 2, 3, 4, 5, 4, 0, 0, 0, 4, 0, 0, 1, 9 };
	struct pair *p = *state;

	/* A record comes in pieces as small as the reader's wish. */
	for (size_t step = 1; step <= sizeof(tickets); step++) {
		eftf_channel_init(&p->ch, p->near);
		for (size_t i = 0; i < sizeof(tickets); i += step)
			assert_int_equal(eftf_channel_control(&p->ch, 22, tickets + i,
							      sizeof(tickets) - i < step ?
							      sizeof(tickets) - i : step, &p->err),
					 EFTF_CHANNEL_AGAIN);
		assert_int_equal(p->ch.tickets, 3);
		assert_int_equal(p->ch.ctl_have, 0);
	}
	for (int i = 3; i < 16; i++)
		eftf_channel_control(&p->ch, 22, (uint8_t[]){ 4, 0, 0, 0 }, 4, &p->err);
	assert_int_equal(eftf_channel_control(&p->ch, 22, (uint8_t[]){ 4, 0, 0, 0 }, 4, &p->err),
			 EFTF_CHANNEL_FAILED);
}

static void test_control(void **state)
{
	static const struct {
		uint8_t type;
		uint8_t data[4];
		size_t len;
		enum eftf_channel_status status;
		const char *words;
	} cases[] = {
		{ 21, { 1, 0 }, 2, EFTF_CHANNEL_CLOSED, "" },
		{ 21, { 2, 48 }, 2, EFTF_CHANNEL_FAILED, "unknown_ca (48): it does not know the CA" },
		{ 21, { 2, 116 }, 2, EFTF_CHANNEL_FAILED, "certificate_required" },
		{ 21, { 2, 200 }, 2, EFTF_CHANNEL_FAILED, "unassigned (200)" },
		{ 22, { 24, 0, 0, 1 }, 4, EFTF_CHANNEL_FAILED, "changes its TLS key" },
		{ 22, { 13, 0, 0, 1 }, 4, EFTF_CHANNEL_FAILED, "no place here" },
		{ 22, { 4, 1, 0, 0 }, 4, EFTF_CHANNEL_FAILED, "session tickets" },
		{ 20, { 1 }, 1, EFTF_CHANNEL_FAILED, "no place here" },
		{ 24, { 1 }, 1, EFTF_CHANNEL_FAILED, "no place here" },
	};
	struct pair *p = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum eftf_channel_status status = EFTF_CHANNEL_AGAIN;

		eftf_channel_init(&p->ch, p->near);
		p->err.text[0] = 0;
		for (size_t j = 0; j < cases[i].len && status == EFTF_CHANNEL_AGAIN; j++)
			status = eftf_channel_control(&p->ch, cases[i].type, cases[i].data + j, 1,
						      &p->err);
		assert_int_equal(status, cases[i].status);
		if (!strstr(p->err.text, cases[i].words))
			fail_msg("'%s' does not say '%s'", p->err.text, cases[i].words);
	}
	eftf_channel_init(&p->ch, p->near);	/* a ticket cut by an alert */
	eftf_channel_control(&p->ch, 22, (uint8_t[]){ 4, 0 }, 2, &p->err);
	assert_int_equal(eftf_channel_control(&p->ch, 21, (uint8_t[]){ 1, 0 }, 2, &p->err),
			 EFTF_CHANNEL_FAILED);
}

static void test_send(void **state)
{
	struct pair *p = *state;
	uint8_t packet[100], back[128];

	memset(packet, 0x77, sizeof(packet));
	assert_int_equal(eftf_channel_send(&p->ch, packet, sizeof(packet), &p->err), 0);
	assert_int_equal(read(p->far, back, sizeof(back)), 103);
	assert_memory_equal(back, "\1\0\147", 3);
	assert_memory_equal(back + 3, packet, sizeof(packet));
	assert_int_equal(eftf_channel_send(&p->ch, packet, 0, &p->err), -EMSGSIZE);
	assert_int_equal(eftf_channel_send(&p->ch, packet, EFTF_CHANNEL_MAX_PACKET + 1, &p->err),
			 -EMSGSIZE);
}

/* A peer that takes nothing costs a second, not for ever; one that left costs nothing. */
static void test_send_stuck(void **state)
{
	static const uint8_t packet[EFTF_CHANNEL_MAX_PACKET];
	struct pair *p = *state;
	int ret = 0;

	for (int i = 0; i < 10000 && !ret; i++)
		ret = eftf_channel_send(&p->ch, packet, sizeof(packet), &p->err);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_non_null(strstr(p->err.text, "takes no more"));
	close(p->far);
	p->far = -1;
	assert_int_equal(eftf_channel_send(&p->ch, packet, sizeof(packet), &p->err), -EPIPE);
	assert_non_null(strstr(p->err.text, "the peer reset the connection"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_octet_by_octet), T(test_reads_no_further), T(test_sizes), T(test_scanner),
		T(test_framing), T(test_useless), T(test_end), T(test_tickets), T(test_control),
		T(test_send), T(test_send_stuck),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
