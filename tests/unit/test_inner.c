/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/inner.c */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inner.h"

static struct eftf_inner_udp example(void)
{
	static const uint8_t data[] = "hello";

	return (struct eftf_inner_udp){
		.src.s_addr = htonl(0xc0000201), .dst.s_addr = htonl(0xc0000202),
		.sport = 68, .dport = 67, .data = data, .len = 5,
	};
}

/* Checked against octets made by hand: RFC 1071 sums by another program. */
static void test_known(void **state)
{
	static const uint8_t known[] = {
		0x45, 0, 0, 33, 0, 0, 0, 0, 64, 17, 0xf6, 0xc8, 192, 0, 2, 1, 192, 0, 2, 2,
		0, 68, 0, 67, 0, 13, 0x37, 0x77, 'h', 'e', 'l', 'l', 'o',
	};
	struct eftf_inner_udp udp = example();
	uint8_t out[64];

	(void)state;
	assert_int_equal(eftf_inner_build(out, sizeof(out), &udp), sizeof(known));
	assert_memory_equal(out, known, sizeof(known));
}

static void test_round_trip(void **state)
{
	struct eftf_inner_udp udp = example(), back;
	uint8_t data[1500], out[1600];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13);
	udp.data = data;
	for (udp.len = 0; udp.len <= sizeof(data); udp.len += 7) {
		len = eftf_inner_build(out, sizeof(out), &udp);
		assert_int_equal(len, 28 + udp.len);
		assert_int_equal(eftf_inner_parse(out, len, &back), 0);
		assert_int_equal(back.src.s_addr, udp.src.s_addr);
		assert_int_equal(back.dst.s_addr, udp.dst.s_addr);
		assert_int_equal(back.sport, 68);
		assert_int_equal(back.dport, 67);
		assert_int_equal(back.len, udp.len);
		assert_memory_equal(back.data, data, udp.len);
	}
}

static void test_no_room(void **state)
{
	struct eftf_inner_udp udp = example();
	uint8_t out[33];

	(void)state;
	for (size_t size = 0; size < 33; size++)
		assert_int_equal(eftf_inner_build(out, size, &udp), 0);
	assert_int_equal(eftf_inner_build(out, 33, &udp), 33);
	udp.len = 70000;
	assert_int_equal(eftf_inner_build(out, SIZE_MAX, &udp), 0);
}

/* Any one bit that is flipped is noticed, but for those that no rule covers. */
static void test_flipped(void **state)
{
	struct eftf_inner_udp udp = example(), back;
	uint8_t out[33];

	(void)state;
	for (size_t bit = 0; bit < sizeof(out) * 8; bit++) {
		eftf_inner_build(out, sizeof(out), &udp);
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(eftf_inner_parse(out, sizeof(out), &back), -EBADMSG);
	}
	for (size_t len = 0; len < sizeof(out); len++) {
		eftf_inner_build(out, sizeof(out), &udp);
		assert_int_equal(eftf_inner_parse(out, len, &back), -EBADMSG);
	}
}

static void fix_ip_sum(uint8_t *p)
{
	uint32_t sum = 0;

	p[10] = p[11] = 0;
	for (int i = 0; i < (p[0] & 15) * 4; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	p[10] = (uint8_t)(~sum >> 8);
	p[11] = (uint8_t)~sum;
}

static void test_rules(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		int ret;
	} cases[] = {
		{ "more fragments", 6, 0x20, -EBADMSG },
		{ "fragment offset", 7, 1, -EBADMSG },
		{ "don't fragment", 6, 0x40, 0 },
		{ "another protocol", 9, 6, -EBADMSG },
		{ "UDP length beyond the packet", 25, 14, -EBADMSG },
		{ "UDP length below 8", 25, 7, -EBADMSG },
	};
	struct eftf_inner_udp udp = example(), back;
	uint8_t out[33];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		eftf_inner_build(out, sizeof(out), &udp);
		out[cases[i].at] = cases[i].value;
		out[26] = out[27] = 0;		/* no UDP checksum */
		fix_ip_sum(out);
		if (eftf_inner_parse(out, sizeof(out), &back) != cases[i].ret)
			fail_msg("%s", cases[i].what);
	}
}

static void test_random(void **state)
{
	struct eftf_inner_udp back;
	uint8_t buf[80];

	(void)state;
	srand(768);
	for (int round = 0; round < 200000; round++) {
		size_t len = (size_t)rand() % sizeof(buf);
		uint8_t *exact = malloc(len + 1);

		for (size_t i = 0; i < len; i++)
			exact[i] = (uint8_t)rand();
		if (len >= 20) {
			exact[0] = 0x45;
			exact[2] = 0;
			exact[3] = (uint8_t)len;
			exact[6] = exact[7] = 0;
			exact[9] = 17;
			fix_ip_sum(exact);
		}
		if (!eftf_inner_parse(exact, len, &back))
			assert_true(back.data + back.len <= exact + len);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known), cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_no_room), cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_rules), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
