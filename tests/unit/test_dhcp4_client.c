/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/dhcp4_codec.c lib/dhcp4_decode.c lib/dhcp_octets.c lib/dhcp4_client.c lib/dhcp4_server.c lib/err.c */
/* The client alone: patience, times, what a server must not be able to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp4_lab.h"

static void test_retransmission(void **state)
{
	uint8_t out[EFTF_DHCP4_MAX];
	int wait, low = 3000, secs = 0;
	struct lab l;

	(void)state;
	lab_init(&l);
	for (int i = 0; i < 4; i++, low = low * 2 + 1000) {
		assert_true(eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait) > 0);
		assert_in_range(wait, low, low + 2000);
		assert_int_equal(out[8] << 8 | out[9], secs / 1000);
		secs += wait;
	}
	assert_int_equal(eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait), 0);
	assert_int_equal(l.c.state, EFTF_DHCPC_FAILED);
}

/* RENEWING until T2 by unicast, REBINDING until the end; by and by less patient, at least 60 s. */
static void test_renewal_times(void **state)
{
	static const struct {
		uint32_t lease, t1, t2, first;
		unsigned int renewing, rebinding;	/* messages */
	} cases[] = {
		{ 3600, 1800, 3150, 675000, 6, 4 },
		{ 86400, 43200, 75600, 16200000, 11, 9 },
		{ 10, 5, 8, 3000, 1, 1 },	/* no time for 60 s */
		{ 12, 5, 10, 5000, 1, 1 },
		{ 100, 50, 50, 50000, 0, 1 },	/* T1 is T2 */
		{ 100, 99, 100, 1000, 1, 0 },
		{ 0xfffffffe, 1, 0xfffffffe, 86400000, 0, 0 },
	};
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;
	int wait, n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t sum = 1000 * (uint64_t)cases[i].t1, end = 1000 * (uint64_t)cases[i].lease;
		unsigned int sent[2] = { 0, 0 };

		bind_lab(&l);
		l.c.lease.seconds = cases[i].lease;
		l.c.lease.t1 = cases[i].t1;
		l.c.lease.t2 = cases[i].t2;
		eftf_dhcp4c_renew(&l.c, 5, sum);
		while (eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait)) {
			bool rebinds = l.c.state == EFTF_DHCPC_REBINDING;

			assert_true(rebinds || l.c.state == EFTF_DHCPC_RENEWING);
			assert_int_equal(rebinds, sum >= 1000 * (uint64_t)cases[i].t2);
			if (!sent[0] && !sent[1])
				assert_int_equal(wait, cases[i].first);
			assert_true(wait >= 1000);
			sum += (uint64_t)wait;
			sent[rebinds]++;
		}
		assert_int_equal(l.c.state, EFTF_DHCPC_FAILED);
		assert_true(sum >= end && sum < end + 1000);
		if (cases[i].renewing || cases[i].rebinding) {
			assert_int_equal(sent[0], cases[i].renewing);
			assert_int_equal(sent[1], cases[i].rebinding);
		}
	}
	bind_lab(&l);
	l.c.lease.seconds = l.c.lease.t1 = l.c.lease.t2 = 0xffffffff;
	eftf_dhcp4c_renew(&l.c, 6, 0);
	for (n = 0; n < 1000; n++) {
		assert_true(eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait) > 0);
		assert_int_equal(wait, 60000);
	}
}

/* T1 and T2 of zero, in the wrong order or behind the end; leases of a second, of none, without a time. */
static void test_lease_times(void **state)
{
	static const struct {
		bool has_lease;
		uint32_t lease;
		bool has_t1, has_t2;
		uint32_t t1, t2;
		uint32_t seconds, is_t1, is_t2;
		bool warned;
	} cases[] = {
		{ true, 3600, false, false, 0, 0, 3600, 1800, 3150, false },
		{ true, 3600, true, true, 100, 200, 3600, 100, 200, false },
		{ true, 3600, true, true, 0, 0, 3600, 1800, 3150, true },
		{ true, 3600, true, false, 0, 0, 3600, 1800, 3150, true },
		{ true, 3600, false, true, 0, 0, 3600, 1800, 3150, true },
		{ true, 3600, true, true, 3000, 1000, 3600, 1800, 3150, true },
		{ true, 3600, true, true, 5000, 6000, 3600, 1800, 3150, true },
		{ true, 3600, true, false, 3500, 0, 3600, 1800, 3150, false },	/* behind T2 */
		{ true, 3600, false, true, 0, 1000, 3600, 1000, 1000, false },
		{ true, 3600, true, true, 1, 2, 3600, 5, 5, false },
		{ true, 1, false, false, 0, 0, 10, 5, 9, true },
		{ true, 1, true, true, 1, 1, 10, 5, 5, true },
		{ true, 0, false, false, 0, 0, 10, 5, 9, true },
		{ true, 12, true, false, 2, 0, 12, 5, 11, false },
		{ false, 0, false, false, 0, 0, 3600, 1800, 3150, true },
		{ true, 0xffffffff, true, true, 0, 0, 0xffffffff, 0xffffffff, 0xffffffff, false },
		{ true, 0xfffffffe, false, false, 0, 0, 0xfffffffe, 0x7fffffff, 0xdfffffff, false },
	};
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct eftf_dhcp4_msg m = {
			.reply = true, .xid = 0x1000, .type = EFTF_DHCP4_ACK, .yiaddr = ip(FIRST),
			.has_server_id = true, .server_id = ip(GATEWAY),
			.has_lease = cases[i].has_lease, .lease = cases[i].lease,
			.has_t1 = cases[i].has_t1, .t1 = cases[i].t1,
			.has_t2 = cases[i].has_t2, .t2 = cases[i].t2,
		};
		const char *warning;

		lab_init(&l);
		step(&l);
		assert_true(eftf_dhcp4c_input(&l.c, out, eftf_dhcp4_encode(out, sizeof(out), &m,
									   ENTERPRISE)));
		if (l.c.lease.seconds != cases[i].seconds || l.c.lease.t1 != cases[i].is_t1 ||
		    l.c.lease.t2 != cases[i].is_t2)
			fail_msg("case %zu: expected %u %u %u, seen %u %u %u", i, cases[i].seconds,
				 cases[i].is_t1, cases[i].is_t2, l.c.lease.seconds, l.c.lease.t1,
				 l.c.lease.t2);
		warning = eftf_dhcp_warning(&l.c.warning);
		if (!warning != !cases[i].warned)
			fail_msg("case %zu: warning %s", i, warning ? warning : "missing");
		assert_null(eftf_dhcp_warning(&l.c.warning));
	}
}

static void test_mtu(void **state)
{
	static const struct {
		uint16_t told, taken;
	} cases[] = {
		{ 0, 0 }, { 5, 0 }, { 68, 0 }, { 575, 0 }, { 576, 576 }, { 1400, 1400 },
		{ 65532, 65532 }, { 65535, 65532 },
	};
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool warned = cases[i].told && cases[i].told != cases[i].taken;

		lab_init(&l);
		l.policy.mtu = cases[i].told;
		step(&l);
		step(&l);
		assert_int_equal(l.c.state, EFTF_DHCPC_BOUND);
		assert_int_equal(l.c.lease.mtu, cases[i].taken);
		assert_int_equal(eftf_dhcp_warning(&l.c.warning) != NULL, warned);
		eftf_dhcp4c_renew(&l.c, 0x2000, 1800000);	/* the same fault is told once */
		step(&l);
		assert_null(eftf_dhcp_warning(&l.c.warning));
	}
}

/* Servers and P-CSCFs that are no machine's address are left out. */
static void test_no_hosts(void **state)
{
	struct lab l;

	(void)state;
	lab_init(&l);
	l.policy.n_dns = 3;
	l.policy.dns[0] = ip("127.0.0.1");
	l.policy.dns[1] = ip("192.0.2.53");
	l.policy.dns[2] = ip("0.0.0.0");
	l.policy.n_sip = 2;
	l.policy.sip[0] = ip("224.0.1.75");
	l.policy.sip[1] = ip("192.0.2.60");
	l.policy.server = ip("0.0.0.0");
	step(&l);
	step(&l);
	assert_int_equal(l.c.state, EFTF_DHCPC_BOUND);
	assert_int_equal(l.c.lease.n_dns, 1);
	assert_int_equal(l.c.lease.dns[0].s_addr, inet_addr("192.0.2.53"));
	assert_int_equal(l.c.lease.n_sip, 1);
	assert_int_equal(l.c.lease.sip[0].s_addr, inet_addr("192.0.2.60"));
	assert_int_equal(eftf_lease4_gateway(&l.c.lease).s_addr, 0);
}

/* Two servers behind the EFTF: the first offer counts, the other server is not heard any more. */
static void test_two_servers(void **state)
{
	static const struct eftf_dhcp4_msg
		nak = { .reply = true, .xid = 0x2000, .type = EFTF_DHCP4_NAK, .has_server_id = true,
			.server_id = OTHER },
		offer = { .reply = true, .xid = 0x1000, .type = EFTF_DHCP4_OFFER,
			  .has_server_id = true, .server_id = OTHER, .yiaddr = OTHER };
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;
	size_t len;
	int wait;

	(void)state;
	lab_init(&l);
	step(&l);
	len = eftf_dhcp4_encode(out, sizeof(out), &offer, ENTERPRISE);
	assert_false(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.lease.address.s_addr, inet_addr(FIRST));
	step(&l);
	/* it is not asked when renewing, but when rebinding */
	eftf_dhcp4c_renew(&l.c, 0x2000, 1800000);
	eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait);
	len = eftf_dhcp4_encode(out, sizeof(out), &nak, ENTERPRISE);
	assert_false(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.state, EFTF_DHCPC_RENEWING);
	eftf_dhcp4c_renew(&l.c, 0x2000, 3150000);
	assert_true(eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait) > 0);
	assert_int_equal(l.c.state, EFTF_DHCPC_REBINDING);
	len = eftf_dhcp4_encode(out, sizeof(out), &nak, ENTERPRISE);
	assert_true(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.state, EFTF_DHCPC_REFUSED);
}

/* What another server says to a rebinding client is the lease from then on. */
static void test_rebind(void **state)
{
	uint8_t out[EFTF_DHCP4_MAX];
	struct eftf_dhcp4_msg m;
	struct lab l;
	size_t len;
	int wait;

	(void)state;
	bind_lab(&l);
	eftf_dhcp4c_renew(&l.c, 0x2000, 3150000);
	len = eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait);
	assert_int_equal(eftf_dhcp4_decode(&m, out, len, ENTERPRISE, NULL), 0);
	/* RFC 2131 table 4 */
	assert_int_equal(m.type, EFTF_DHCP4_REQUEST);
	assert_int_equal(m.ciaddr.s_addr, inet_addr(FIRST));
	assert_false(m.has_server_id || m.has_requested);
	m = (struct eftf_dhcp4_msg){
		.reply = true, .xid = 0x2000, .type = EFTF_DHCP4_ACK, .has_server_id = true,
		.server_id = ip("10.64.0.9"), .yiaddr = ip(FIRST), .has_lease = true, .lease = 600,
	};
	len = eftf_dhcp4_encode(out, sizeof(out), &m, ENTERPRISE);
	assert_true(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.state, EFTF_DHCPC_BOUND);
	assert_int_equal(l.c.lease.server.s_addr, inet_addr("10.64.0.9"));
	assert_int_equal(l.c.lease.seconds, 600);
}

/* One wrong option of the server: said, and the lease holds. */
static void test_wrong_option(void **state)
{
	const char *warning;
	struct eftf_dhcp4_msg m = {
		.reply = true, .xid = 0x1000, .type = EFTF_DHCP4_ACK, .yiaddr = ip(FIRST),
		.has_lease = true, .lease = 60, .n_dns = 1, .dns = { ip("192.0.2.53") },
	};
	uint8_t out[EFTF_DHCP4_MAX], *dns;
	struct lab l;
	size_t len;

	(void)state;
	lab_init(&l);
	step(&l);
	len = eftf_dhcp4_encode(out, sizeof(out), &m, ENTERPRISE);
	dns = memmem(out, len, "\6\4\300\0\2\65", 6);
	assert_non_null(dns);
	memcpy(dns, "\6\3\300\0\2\0", 6);
	assert_true(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.state, EFTF_DHCPC_BOUND);
	assert_int_equal(l.c.lease.seconds, 60);
	assert_int_equal(l.c.lease.n_dns, 0);
	warning = eftf_dhcp_warning(&l.c.warning);
	assert_non_null(warning);
	assert_string_equal(warning, "option 6 is wrong, ignored");
}

/* Replies that are not for this client, or make no sense, change nothing. */
static void test_wrong_replies(void **state)
{
	static const struct {
		const char *what;
		struct eftf_dhcp4_msg m;
	} cases[] = {
#define R(...) { .reply = true, .xid = 0x1000, .type = EFTF_DHCP4_OFFER, .has_server_id = true, \
	.server_id = US, .yiaddr = YOURS, __VA_ARGS__ }
		{ "another xid", R(.xid = 0x1001) },
		{ "a request", R(.reply = false) },
		{ "another client", R(.client_id_len = 3, .client_id = { 255, 1, 3 }) },
		{ "no server", R(.has_server_id = false) },
		{ "no address", R(.yiaddr = A(0, 0, 0, 0)) },
		{ "loopback", R(.yiaddr = A(127, 0, 0, 1)) },
		{ "multicast", R(.yiaddr = A(224, 0, 0, 1)) },
		{ "broadcast", R(.yiaddr = A(255, 255, 255, 255)) },
		{ "an ACK before the request", R(.type = EFTF_DHCP4_ACK, .has_lease = true,
						 .lease = 60) },
	};
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = eftf_dhcp4_encode(out, sizeof(out), &cases[i].m, ENTERPRISE);

		lab_init(&l);
		if (eftf_dhcp4c_input(&l.c, out, len) || l.c.state != EFTF_DHCPC_SELECTING)
			fail_msg("taken: %s", cases[i].what);
	}
}

static void test_wrong_acks(void **state)
{
	static const struct {
		const char *what;
		struct eftf_dhcp4_msg m;
	} cases[] = {
#define K(...) R(.type = EFTF_DHCP4_ACK, .has_lease = true, .lease = 60, __VA_ARGS__)
		{ "another server", K(.server_id = OTHER) },
		{ "another address", K(.yiaddr = OTHER) },
		{ "a NAK of another server", R(.type = EFTF_DHCP4_NAK, .server_id = OTHER) },
	};
	static const struct eftf_dhcp4_msg good = K(.mtu = 0);
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lab_init(&l);
		step(&l);
		len = eftf_dhcp4_encode(out, sizeof(out), &cases[i].m, ENTERPRISE);
		if (eftf_dhcp4c_input(&l.c, out, len) || l.c.state != EFTF_DHCPC_REQUESTING)
			fail_msg("taken: %s", cases[i].what);
	}
	len = eftf_dhcp4_encode(out, sizeof(out), &good, ENTERPRISE);
	assert_true(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.lease.t1, 30);
	assert_int_equal(l.c.lease.t2, 53);
	assert_int_equal(l.c.lease.mask.s_addr, 0xffffffff);
	assert_false(l.c.lease.token_len != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retransmission),
		cmocka_unit_test(test_renewal_times),
		cmocka_unit_test(test_lease_times),
		cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_no_hosts),
		cmocka_unit_test(test_two_servers),
		cmocka_unit_test(test_rebind),
		cmocka_unit_test(test_wrong_option),
		cmocka_unit_test(test_wrong_replies),
		cmocka_unit_test(test_wrong_acks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
