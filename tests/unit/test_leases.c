/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: ue/leases.c */
/* Which addresses a tunnel has while the clients of both families do what they do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ue/ue.h"

static struct eftf_ue ue;
static struct eftf_dhcp_clients got;
static struct eftf_renewal four, six;

static int both_up(void **state)
{
	(void)state;
	memset(&ue, 0, sizeof(ue));
	memset(&got, 0, sizeof(got));
	got.v4.state = got.v6.state = EFTF_DHCPC_BOUND;
	got.v4.lease.address.s_addr = 0x0200400a;
	got.v4.lease.keepalive = 110;
	got.v4.lease.seconds = 60;
	got.v6.lease.address.s6_addr[15] = 2;
	got.v6.lease.keepalive = 120;
	got.v6.lease.seconds = 60;
	got.ra.mtu = 1400;
	eftf_take_lease(&ue, &got);
	four = (struct eftf_renewal){ .client = &ue.dhcp.v4 };
	six = (struct eftf_renewal){ .client6 = &ue.dhcp.v6 };
	return 0;
}

static void test_both_are_taken(void **state)
{
	(void)state;
	assert_int_equal(ue.lease.address.s_addr, got.v4.lease.address.s_addr);
	assert_memory_equal(&ue.tunnel.six.lease.address, &got.v6.lease.address, 16);
	assert_int_equal(ue.tunnel.six.ra.mtu, 1400);
}

/* Leases of both families that were given at the same time come to be renewed at the same time. */
static void test_renewal_leaves_the_other_family_alone(void **state)
{
	static const enum eftf_dhcpc_state others[] = {
		EFTF_DHCPC_BOUND, EFTF_DHCPC_RENEWING, EFTF_DHCPC_REBINDING, EFTF_DHCPC_FAILED,
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		both_up(state);
		ue.dhcp.v6.state = others[i];
		ue.dhcp.v4.lease.seconds = 90;
		eftf_take_renewed(&ue, &four);
		assert_int_equal(ue.lease.seconds, 90);
		assert_memory_equal(&ue.tunnel.six.lease.address, &got.v6.lease.address, 16);
		assert_int_equal(ue.tunnel.six.lease.seconds, 60);
		assert_int_equal(ue.tunnel.six.ra.mtu, 1400);

		both_up(state);
		ue.dhcp.v4.state = others[i];
		ue.dhcp.v6.lease.seconds = 90;
		eftf_take_renewed(&ue, &six);
		assert_int_equal(ue.tunnel.six.lease.seconds, 90);
		assert_int_equal(ue.lease.address.s_addr, got.v4.lease.address.s_addr);
		assert_int_equal(ue.lease.seconds, 60);
		assert_int_equal(ue.lease.keepalive, 110);
	}
}

static void test_without_ipv4_the_other_lease_says_what_both_do(void **state)
{
	(void)state;
	got.v4.state = EFTF_DHCPC_REFUSED;
	eftf_take_lease(&ue, &got);
	assert_int_equal(ue.lease.address.s_addr, 0);
	assert_int_equal(ue.lease.keepalive, 120);
	assert_int_equal(ue.lease.mtu, 1400);
	ue.dhcp.v6.lease.keepalive = 130;
	eftf_take_renewed(&ue, &six);
	assert_int_equal(ue.lease.keepalive, 130);
	assert_int_equal(ue.lease.mtu, 1400);
}

static void test_what_is_not_given_is_not_there(void **state)
{
	(void)state;
	got.v6.state = EFTF_DHCPC_FAILED;
	eftf_take_lease(&ue, &got);
	assert_false(eftf_six_there(&ue.tunnel.six));
	assert_int_equal(ue.lease.address.s_addr, got.v4.lease.address.s_addr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_both_are_taken, both_up),
		cmocka_unit_test_setup(test_renewal_leaves_the_other_family_alone, both_up),
		cmocka_unit_test_setup(test_without_ipv4_the_other_lease_says_what_both_do, both_up),
		cmocka_unit_test_setup(test_what_is_not_given_is_not_there, both_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
