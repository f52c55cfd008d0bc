// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/stun.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stun.h"

/* The sample IPv4 response of RFC 5769 2.2: mapped 192.0.2.1:32853. */
static const uint8_t rfc5769_v4[] = {
	0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
	0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74,
	0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01,
	0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43, 0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99,
	0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b,
	0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96,
};

/* RFC 5769 2.3: mapped [2001:db8:1234:5678:11:2233:4455:6677]:32853. */
static const uint8_t rfc5769_v6[] = {
	0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
	0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74,
	0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02,
	0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5,
	0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6,
	0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41,
	0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c,
};

static const uint8_t *const id = rfc5769_v4 + 8;

/* Parses from a heap block of exactly len octets: an overread is seen. */
static int parse(struct eftf_stun_answer *a, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, data, len);
	ret = eftf_stun_parse(a, copy, len, id);
	free(copy);
	return ret;
}

static void test_request(void **state)
{
	static const uint8_t want[8] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };
	uint8_t out[EFTF_STUN_REQUEST_LEN];

	(void)state;
	eftf_stun_request(out, id);
	assert_memory_equal(out, want, sizeof(want));
	assert_memory_equal(out + 8, id, EFTF_STUN_ID_LEN);
}

static void test_sample_v4(void **state)
{
	struct eftf_stun_answer a;
	struct sockaddr_in *sin = (struct sockaddr_in *)&a.mapped;

	(void)state;
	assert_int_equal(parse(&a, rfc5769_v4, sizeof(rfc5769_v4)), 0);
	assert_int_equal(sin->sin_family, AF_INET);
	assert_int_equal(ntohs(sin->sin_port), 32853);
	assert_int_equal(ntohl(sin->sin_addr.s_addr), 0xc0000201);
	assert_int_equal(a.error, 0);
}

static void test_sample_v6(void **state)
{
	struct eftf_stun_answer a;
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&a.mapped;
	struct in6_addr want;

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "2001:db8:1234:5678:11:2233:4455:6677", &want), 1);
	assert_int_equal(parse(&a, rfc5769_v6, sizeof(rfc5769_v6)), 0);
	assert_int_equal(sin6->sin6_family, AF_INET6);
	assert_int_equal(ntohs(sin6->sin6_port), 32853);
	assert_memory_equal(&sin6->sin6_addr, &want, sizeof(want));
}

static void test_every_cut_is_refused(void **state)
{
	struct eftf_stun_answer a;
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(rfc5769_v4); len++)
		assert_int_equal(parse(&a, rfc5769_v4, len), -EBADMSG);
}

static void test_not_our_answer(void **state)
{
	uint8_t m[sizeof(rfc5769_v4)];
	struct eftf_stun_answer a;

	(void)state;
	memcpy(m, rfc5769_v4, sizeof(m));
	m[19] ^= 1;
	assert_int_equal(parse(&a, m, sizeof(m)), -ENOMSG);
	memcpy(m, rfc5769_v4, sizeof(m));
	m[0] = 0;	/* our own request, reflected */
	m[1] = 1;
	assert_int_equal(parse(&a, m, sizeof(m)), -ENOMSG);
	memcpy(m, rfc5769_v4, sizeof(m));
	m[4] ^= 1;
	assert_int_equal(parse(&a, m, sizeof(m)), -EBADMSG);
	memcpy(m, rfc5769_v4, sizeof(m));
	m[0] |= 0x80;
	assert_int_equal(parse(&a, m, sizeof(m)), -EBADMSG);
}

static size_t message(uint8_t *m, unsigned int type, const uint8_t *attrs, size_t len)
{
	eftf_stun_request(m, id);
	m[0] = (uint8_t)(type >> 8);
	m[1] = (uint8_t)type;
	m[2] = (uint8_t)(len >> 8);
	m[3] = (uint8_t)len;
	memcpy(m + 20, attrs, len);
	return 20 + len;
}

static void test_plain_mapped_address(void **state)
{
	static const uint8_t attrs[] = { 0, 1, 0, 8, 0, 1, 0x13, 0xc4, 198, 51, 100, 7 };
	struct eftf_stun_answer a;
	struct sockaddr_in *sin = (struct sockaddr_in *)&a.mapped;
	uint8_t m[64];

	(void)state;
	assert_int_equal(parse(&a, m, message(m, 0x101, attrs, sizeof(attrs))), 0);
	assert_int_equal(ntohs(sin->sin_port), 5060);
	assert_int_equal(ntohl(sin->sin_addr.s_addr), 0xc6336407);
}

static void test_error_response(void **state)
{
	static const uint8_t good[] = { 0, 9, 0, 4, 0, 0, 4, 20 };
	static const uint8_t bad[] = { 0, 9, 0, 4, 0, 0, 7, 20 };
	struct eftf_stun_answer a;
	uint8_t m[64];

	(void)state;
	assert_int_equal(parse(&a, m, message(m, 0x111, good, sizeof(good))), 0);
	assert_int_equal(a.error, 420);
	assert_int_equal(parse(&a, m, message(m, 0x111, bad, sizeof(bad))), -EBADMSG);
	assert_int_equal(parse(&a, m, message(m, 0x111, good, 0)), -EBADMSG);
}

static void test_bad_attributes(void **state)
{
	static const uint8_t past_end[] = { 0, 0x20, 0, 9, 0, 1, 0, 0, 1, 2, 3, 4 };
	static const uint8_t family[] = { 0, 0x20, 0, 8, 0, 3, 0, 0, 1, 2, 3, 4 };
	static const uint8_t short_v6[] = { 0, 0x20, 0, 8, 0, 2, 0, 0, 1, 2, 3, 4 };
	static const uint8_t empty[] = { 0, 0x20, 0, 0 };
	struct eftf_stun_answer a;
	uint8_t m[64];

	(void)state;
	assert_int_equal(parse(&a, m, message(m, 0x101, past_end, sizeof(past_end))), -EBADMSG);
	assert_int_equal(parse(&a, m, message(m, 0x101, family, sizeof(family))), -EBADMSG);
	assert_int_equal(parse(&a, m, message(m, 0x101, short_v6, sizeof(short_v6))), -EBADMSG);
	assert_int_equal(parse(&a, m, message(m, 0x101, empty, sizeof(empty))), -EBADMSG);
	assert_int_equal(parse(&a, m, message(m, 0x101, empty, 0)), -EBADMSG);
}

static void test_random_octets(void **state)
{
	struct eftf_stun_answer a;
	uint8_t m[sizeof(rfc5769_v6)];
	uint32_t r = 7;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		int flips = 1 + round % 4, ret;

		memcpy(m, rfc5769_v6, sizeof(m));
		while (flips--) {
			r = r * 1664525u + 1013904223u;
			m[(r >> 8) % sizeof(m)] = (uint8_t)(r >> 24);
		}
		ret = parse(&a, m, sizeof(m));
		assert_true(ret == 0 || ret == -EBADMSG || ret == -ENOMSG);
		if (ret == 0 && !a.error)
			assert_true(a.mapped.ss_family == AF_INET ||
				    a.mapped.ss_family == AF_INET6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_sample_v4),
		cmocka_unit_test(test_sample_v6),
		cmocka_unit_test(test_every_cut_is_refused),
		cmocka_unit_test(test_not_our_answer),
		cmocka_unit_test(test_plain_mapped_address),
		cmocka_unit_test(test_error_response),
		cmocka_unit_test(test_bad_attributes),
		cmocka_unit_test(test_random_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
