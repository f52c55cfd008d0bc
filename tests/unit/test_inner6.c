/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/inner6.c lib/inner.c lib/dhcp_octets.c */
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
#include "inner6.h"
#include "ip6.h"

/* IPv6 fe80::1 to ff02::1:2, UDP 546 to 547, "abc"; its checksum was computed elsewhere. */
static void test_udp_known(void **state)
{
	static const uint8_t expected[] = {
		0x60, 0, 0, 0, 0, 11, 17, 64, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
		0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2,
		2, 0x22, 2, 0x23, 0, 11, 0x39, 0xa9, 'a', 'b', 'c',
	};
	struct eftf_inner6_udp udp = {
		.src = ip("fe80::1"), .dst = eftf_all_dhcp_servers, .sport = 546, .dport = 547,
		.data = (const uint8_t *)"abc", .len = 3,
	}, back;
	uint8_t out[64];

	(void)state;
	assert_int_equal(eftf_inner6_build(out, sizeof(out), &udp), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
	assert_int_equal(eftf_inner6_build(out, sizeof(expected) - 1, &udp), 0);
	assert_int_equal(eftf_inner6_parse(expected, sizeof(expected), &back), 0);
	assert_int_equal(back.len, 3);
	assert_int_equal(back.sport, 546);
	assert_int_equal(back.dport, 547);
	assert_memory_equal(&back.src, &udp.src, 16);
	assert_memory_equal(&back.dst, &udp.dst, 16);
}

/* Whatever octet is another one, it is not taken, but for those that no checksum covers. */
static void test_udp_damaged(void **state)
{
	struct eftf_inner6_udp udp = {
		.src = ip("2001:db8::1"), .dst = ip("2001:db8::2"), .sport = 1, .dport = 2,
		.data = (const uint8_t *)"abcd", .len = 4,
	}, back;
	uint8_t out[64];
	size_t len = eftf_inner6_build(out, sizeof(out), &udp);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		bool free_octet = (i >= 1 && i <= 3) || i == 7;	/* flow, hop limit */

		out[i] ^= 0x10;
		if (!eftf_inner6_parse(out, len, &back) != free_octet)
			fail_msg("octet %zu: expected it to be %s", i, free_octet ? "taken" : "refused");
		out[i] ^= 0x10;
	}
	for (size_t n = 0; n < len; n++)
		assert_int_equal(eftf_inner6_parse(out, n, &back), -EBADMSG);
	out[46] = out[47] = 0;		/* IPv6 has no UDP without a checksum */
	assert_int_equal(eftf_inner6_parse(out, len, &back), -EBADMSG);
}

static void test_solicitation(void **state)
{
	struct in6_addr src = ip("fe80::2"), back;
	uint8_t out[64];
	size_t len = eftf_rs_build(out, sizeof(out), &src);

	(void)state;
	assert_int_equal(len, 48);
	assert_true(eftf_rs_parse(out, len, &back));
	assert_memory_equal(&back, &src, 16);
	out[7] = 254;			/* has come through a router */
	assert_false(eftf_rs_parse(out, len, &back));
	out[7] = 255;
	out[42] ^= 1;
	assert_false(eftf_rs_parse(out, len, &back));
	assert_int_equal(eftf_rs_build(out, 47, &src), 0);
}

/* After a change: the checksum of ICMPv6 anew. */
static void icmp_sum(uint8_t *packet, size_t len)
{
	uint32_t sum = eftf_inner_sum(58 + (uint32_t)(len - 40), packet + 8, 32);
	uint16_t folded;

	packet[42] = packet[43] = 0;
	folded = eftf_inner_fold(eftf_inner_sum(sum, packet + 40, len - 40));
	packet[42] = (uint8_t)(folded >> 8);
	packet[43] = (uint8_t)folded;
}

static void test_advertisement(void **state)
{
	struct eftf_ra ra = { .managed = true, .mtu = 1400, .n_routes = 3 }, back;
	struct in6_addr src = ip("fe80::1"), global = ip("2001:db8::1");
	uint8_t out[256];
	size_t len;

	(void)state;
	ra.routes[0] = (struct eftf_prefix6){ ip("2001:db8:1::"), 48 };
	ra.routes[1] = (struct eftf_prefix6){ ip("2001:db8:2::9"), 128 };
	ra.routes[2] = (struct eftf_prefix6){ ip("::"), 0 };
	len = eftf_ra_build(out, sizeof(out), &src, &eftf_all_nodes, &ra);
	assert_int_equal(len, 40 + 16 + 8 + 16 + 24 + 8);
	assert_int_equal(eftf_ra_parse(out, len, &back), 0);
	assert_true(back.managed);
	assert_int_equal(back.mtu, 1400);
	assert_int_equal(back.n_routes, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(back.routes[i].plen, ra.routes[i].plen);
		assert_memory_equal(&back.routes[i].addr, &ra.routes[i].addr, 16);
	}
	for (size_t size = 0; size < len; size++)
		assert_int_equal(eftf_ra_build(out, size, &src, &eftf_all_nodes, &ra), 0);
	/* not from beyond the link */
	len = eftf_ra_build(out, sizeof(out), &global, &eftf_all_nodes, &ra);
	assert_int_equal(eftf_ra_parse(out, len, &back), -EBADMSG);
	/* an MTU that IPv6 cannot have, bits behind a prefix */
	ra.mtu = 1279;
	ra.routes[0].addr = ip("2001:db8:1::1");
	len = eftf_ra_build(out, sizeof(out), &src, &eftf_all_nodes, &ra);
	assert_int_equal(eftf_ra_parse(out, len, &back), 0);
	assert_int_equal(back.mtu, 0);
	assert_int_equal(back.routes[0].addr.s6_addr[15], 0);
}

/* RFC 4862 5.5.3: a prefix that addresses may be made of, for a time; of this link's hosts none is beside this one. */
static void test_own_prefix(void **state)
{
	struct eftf_ra ra = { .mtu = 1500, .n_routes = 1, .own = { ip("2001:db8:64:7::"), 64 } }, back;
	static const struct {
		size_t at;		/* in the option */
		uint8_t octet;
	} wrong[] = { { 1, 3 }, { 2, 63 }, { 2, 128 }, { 3, 0 }, { 3, 0x80 } };
	struct in6_addr src = ip("fe80::1"), zero = ip("::");
	const size_t option = 40 + 16 + 8 + 16;
	uint8_t out[256];
	size_t len;

	(void)state;
	ra.routes[0] = (struct eftf_prefix6){ ip("2001:db8:1::"), 48 };
	len = eftf_ra_build(out, sizeof(out), &src, &eftf_all_nodes, &ra);
	assert_int_equal(len, option + 32);
	assert_int_equal(eftf_ra_parse(out, len, &back), 0);
	assert_int_equal(back.n_routes, 1);
	assert_int_equal(back.own.plen, 64);
	assert_memory_equal(&back.own.addr, &ra.own.addr, 16);
	for (size_t size = option; size < len; size++)
		assert_int_equal(eftf_ra_build(out, size, &src, &eftf_all_nodes, &ra), 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		eftf_ra_build(out, sizeof(out), &src, &eftf_all_nodes, &ra);
		out[option + wrong[i].at] = wrong[i].octet;
		icmp_sum(out, len);
		eftf_ra_parse(out, len, &back);
		if (back.own.plen)
			fail_msg("taken, with octet %zu as %u", wrong[i].at, wrong[i].octet);
	}
	/* it has had its time */
	eftf_ra_build(out, sizeof(out), &src, &eftf_all_nodes, &ra);
	memset(out + option + 4, 0, 4);
	icmp_sum(out, len);
	assert_int_equal(eftf_ra_parse(out, len, &back), 0);
	assert_int_equal(back.own.plen, 0);
	/* bits behind it do not count */
	ra.own.addr.s6_addr[15] = 1;
	len = eftf_ra_build(out, sizeof(out), &src, &eftf_all_nodes, &ra);
	assert_int_equal(eftf_ra_parse(out, len, &back), 0);
	assert_memory_equal(back.own.addr.s6_addr + 8, &zero, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_udp_known),
		cmocka_unit_test(test_udp_damaged),
		cmocka_unit_test(test_solicitation),
		cmocka_unit_test(test_advertisement),
		cmocka_unit_test(test_own_prefix),
	};

	return cmocka_run_group_tests_name("inner6", tests, NULL, NULL);
}
