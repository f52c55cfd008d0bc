// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/offer6.c lib/addr.c lib/config_value.c lib/err.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ue/offer6.h"
#include "ip6.h"

static struct eftf_six six;
static struct eftf_here6 here;
static struct eftf_ue_routes configured;
static struct eftf_routes6 routes;
static struct eftf_conflicts6 conflicts;
static size_t told;

static int setup(void **state)
{
	struct in6_addr lan = ip("2001:db8:77::2");

	(void)state;
	memset(&six, 0, sizeof(six));
	memset(&here, 0, sizeof(here));
	memset(&configured, 0, sizeof(configured));
	told = 0;
	six.lease.address = ip("fd00:64::2");
	six.lease.unicast = ip("fd00:64::1");
	eftf_here6_add(&here, &lan, 64);
	return 0;
}

static int judge(void)
{
	struct eftf_err err;
	int ret = eftf_offer6_check(&routes, &conflicts, &six, &here, &configured, &err);

	told = conflicts.n;
	return ret;
}

static void assert_told(const char *text)
{
	if (!eftf_conflicts6_have(&conflicts, text))
		fail_msg("expected: %s; seen: %zu, %s", text, told, told ? conflicts.text[0] : "none");
}

static void push(const char *addr, uint8_t plen)
{
	six.ra.routes[0] = (struct eftf_prefix6){ ip(addr), plen };
	six.ra.n_routes = 1;
}

static bool has(const char *addr, uint8_t plen)
{
	struct in6_addr a = ip(addr);

	for (size_t i = 0; i < routes.n; i++)
		if (routes.prefix[i].plen == plen && !memcmp(&routes.prefix[i].addr, &a, sizeof(a)))
			return true;
	return false;
}

static void test_good(void **state)
{
	(void)state;
	six.lease.sip[0] = ip("fd00:20::10");
	six.lease.n_sip = 1;
	push("fd00:21::", 64);
	assert_int_equal(judge(), 0);
	assert_true(has("fd00:64::1", 128) && has("fd00:20::10", 128) && has("fd00:21::", 64));
	assert_int_equal(routes.n, 3);
	assert_int_equal(told, 0);
}

/* What is left out without the configuration's word, and what it says then. */
static void test_left_out(void **state)
{
	static const struct {
		const char *addr;
		uint8_t plen;
	} cases[] = {
		{ "2001:db8:77::", 64 },
		{ "2001:db8::", 32 },
		{ "2001:db8:77::99", 128 },
		{ "::", 0 },
		{ "8000::", 1 },
		{ "c000::", 2 },
		{ "fe80::", 64 },
		{ "ff00::", 8 },
		{ "::1", 128 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(NULL);
		push(cases[i].addr, cases[i].plen);
		assert_int_equal(judge(), 0);
		if (routes.n != 1 || told != 1)
			fail_msg("%s/%u: expected it to be left out and told, seen %zu routes, told %zu",
				 cases[i].addr, cases[i].plen, routes.n, told);
		configured.all = true;
		assert_int_equal(judge(), 0);
		if (routes.n < 2)
			fail_msg("%s/%u with all: seen %zu routes", cases[i].addr, cases[i].plen, routes.n);
	}
}

/* Many small routes are as much as a large one; what is said twice, or inside another, does not count. */
static void test_more_than_half(void **state)
{
	static const struct {
		const char *addr;
		uint8_t plen;
	} pieces[] = {
		{ "4000::", 2 }, { "8000::", 3 }, { "a000::", 4 }, { "b000::", 5 }, { "a100::", 8 }, { "8000::", 3 },
		{ "c000::", 3 },
	};

	(void)state;
	here.n = 0;
	six.lease.unicast = ip("::");
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		six.ra.routes[i] = (struct eftf_prefix6){ ip(pieces[i].addr), pieces[i].plen };
	six.ra.n_routes = 6;
	assert_int_equal(judge(), 0);
	assert_int_equal(told, 0);
	six.ra.n_routes = 7;
	assert_int_equal(judge(), 0);
	assert_int_equal(told, 1);
	assert_told("route 4000::/2 is left out: more than half of all addresses would go into the tunnel"
		    " (allow it by [tunnel] routes)");
	assert_false(has("4000::", 2));
	assert_true(has("8000::", 3) && has("b000::", 5) && has("c000::", 3));
}

static void test_halves(void **state)
{
	(void)state;
	push("::", 0);
	configured.all = true;
	assert_int_equal(judge(), 0);
	assert_true(has("::", 1) && has("8000::", 1));
	assert_false(has("::", 0));
}

static void test_configured(void **state)
{
	(void)state;
	configured.prefix6[0] = (struct eftf_prefix6){ ip("2001:db8::"), 32 };
	configured.n6 = 1;
	push("2001:db8:77::", 64);
	assert_int_equal(judge(), 0);
	assert_true(has("2001:db8::", 32) && has("2001:db8:77::", 64));
	assert_int_equal(told, 0);
}

static void test_hosts(void **state)
{
	struct in6_addr own = ip("2001:db8:77::53");

	(void)state;
	eftf_here6_add(&here, &own, 128);
	six.lease.dns[0] = own;
	six.lease.dns[1] = ip("fd00:20::53");
	six.lease.n_dns = 2;
	six.lease.sip[0] = own;
	six.lease.n_sip = 1;
	assert_int_equal(judge(), 0);
	assert_int_equal(six.lease.n_dns, 1);
	assert_int_equal(six.lease.dns[0].s6_addr[0], 0xfd);
	assert_int_equal(routes.n, 1);
	assert_int_equal(told, 2);
	six.lease.address = own;
	assert_int_equal(judge(), -EADDRINUSE);
}

/* As for IPv4: a P-CSCF is always routed, an inner pool that is the LAN has its way, a single machine of here wins. */
static void test_pool_is_lan(void **state)
{
	struct in6_addr own = ip("2001:db8:77::2"), router = ip("2001:db8:77::1");

	(void)state;
	eftf_here6_add(&here, &own, 128);
	eftf_here6_add(&here, &own, 128);
	eftf_here6_add(&here, &router, 128);
	assert_int_equal(here.n, 3);
	six.lease.address = ip("2001:db8:77::50");
	six.lease.unicast = router;
	six.lease.sip[0] = ip("2001:db8:77::60");
	six.lease.sip[1] = router;
	six.lease.n_sip = 2;
	assert_int_equal(judge(), 0);
	assert_true(has("2001:db8:77::60", 128));
	assert_int_equal(routes.n, 1);
	assert_told("inner address 2001:db8:77::50 is used, and hides a machine of 2001:db8:77::/64");
	assert_told("gateway 2001:db8:77::1 is left out: here is 2001:db8:77::1");
	assert_told("P-CSCF 2001:db8:77::60 is used, and hides a machine of 2001:db8:77::/64");
	assert_told("P-CSCF 2001:db8:77::1 is left out: here is 2001:db8:77::1");
	assert_int_equal(told, 4);
	six.lease.address = own;
	assert_int_equal(judge(), -EADDRINUSE);
	/* not the address of the network itself, which is nobody's */
	six.lease.address = ip("2001:db8:77::");
	assert_int_equal(judge(), 0);
}

static void be_here(const char *addr, uint8_t plen)
{
	struct in6_addr a = ip(addr);

	eftf_here6_add(&here, &a, plen);
}

/* The UE's own /64: taken whole unless it covers what is here; what is here of that of before is no conflict. */
static void test_own_prefix(void **state)
{
	struct eftf_prefix6 own = { ip("fd00:64:0:2::"), 64 };

	setup(state);
	six.lease.address = ip("fd00:64:0:2::ef7f");
	six.lease.unicast = ip("fd00:64:0:1::ef7f");
	assert_int_equal(judge(), 0);
	assert_int_equal(routes.own.plen, 0);
	six.ra.own = own;
	assert_int_equal(judge(), 0);
	assert_int_equal(told, 0);
	assert_int_equal(routes.own.plen, 64);
	assert_memory_equal(&routes.own.addr, &own.addr, sizeof(own.addr));
	/* a network that has got it from this tunnel, with this machine's address there */
	be_here("fd00:64:0:2::1", 64);
	be_here("fd00:64:0:2::1", 128);
	here.before = own;
	assert_int_equal(judge(), 0);
	assert_int_equal(told, 0);
	assert_int_equal(routes.own.plen, 64);
	/* routes to what is larger are none of it; into it there are none */
	push("fd00:64::", 48);
	configured.prefix6[0] = (struct eftf_prefix6){ ip("fd00:64:0:2:8000::"), 65 };
	configured.n6 = 1;
	assert_int_equal(judge(), 0);
	assert_int_equal(told, 0);
	assert_true(has("fd00:64::", 48) && routes.n == 2);
	push("fd00:64:0:2::", 64);
	assert_int_equal(judge(), 0);
	assert_int_equal(told, 0);
	assert_int_equal(routes.n, 1);
	/* nor is a machine of it hidden */
	six.lease.sip[0] = ip("fd00:64:0:2::1");
	six.lease.n_sip = 1;
	assert_int_equal(judge(), 0);
	assert_told("P-CSCF fd00:64:0:2::1 is left out: here is fd00:64:0:2::1");
	/* but not with the inner address itself */
	be_here("fd00:64:0:2::ef7f", 128);
	assert_int_equal(judge(), -EADDRINUSE);
	/* not of this lease */
	setup(state);
	six.ra.own = own;
	assert_int_equal(judge(), 0);
	assert_int_equal(routes.own.plen, 0);
	/* a single machine that it would hide; all of a larger network of here; the outer peer */
	for (int i = 0; i < 3; i++) {
		setup(state);
		six.lease.address = ip("fd00:64:0:2::ef7f");
		six.ra.own = own;
		if (i == 2)
			here.peer = (struct eftf_prefix6){ ip("fd00:64:0:2::53"), 128 };
		else
			be_here(i ? "fd00:64::" : "fd00:64:0:2::53", i ? 56 : 128);
		assert_int_equal(judge(), 0);
		assert_int_equal(routes.own.plen, 0);
		assert_told(i == 1 ? "prefix fd00:64:0:2::/64 is left out: here is fd00:64::/56 (allow it by [tunnel] routes)" :
			    "prefix fd00:64:0:2::/64 is left out: here is fd00:64:0:2::53 (allow it by [tunnel] routes)");
		configured.prefix6[0] = own;
		configured.n6 = 1;
		assert_int_equal(judge(), 0);
		assert_int_equal(routes.own.plen, 64);
	}
}

/* A /64 that a network of here has, and not from the tunnel, is no way into that network. */
static void test_own_prefix_of_the_lan(void **state)
{
	struct eftf_prefix6 lan = { ip("2001:db8:77::"), 64 };

	(void)state;
	be_here("2001:db8:77::2", 128);
	be_here("2001:db8:77::53", 128);
	six.lease.address = ip("2001:db8:77::ef7f");
	six.ra.own = lan;
	six.lease.sip[0] = ip("2001:db8:77::53");
	six.lease.n_sip = 1;
	push("2001:db8:77::", 65);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(judge(), 0);
		assert_int_equal(routes.own.plen, 0);
		assert_told("prefix 2001:db8:77::/64 is left out: here is 2001:db8:77::2 (allow it by [tunnel] routes)");
		assert_told("route 2001:db8:77::/65 is left out: here is 2001:db8:77::2 (allow it by [tunnel] routes)");
		assert_told("P-CSCF 2001:db8:77::53 is left out: here is 2001:db8:77::53");
		/* another than that of before */
		here.before = (struct eftf_prefix6){ ip("2001:db8:78::"), 64 };
	}
	/* the network that has that of before is a larger one now */
	here.before = lan;
	be_here("2001:db8:77::2", 56);
	assert_int_equal(judge(), 0);
	assert_int_equal(routes.own.plen, 0);
	/* what is behind the prefix does not count */
	setup(state);
	six.lease.address = ip("fd00:64:0:2::ef7f");
	six.ra.own = (struct eftf_prefix6){ ip("fd00:64:0:2::1"), 64 };
	assert_int_equal(judge(), 0);
	assert_int_equal(routes.own.plen, 64);
	assert_int_equal(routes.own.addr.s6_addr[15], 0);
}

/* Its own host route keeps it out: the networks around it may go into the tunnel. */
static void test_outer_peer(void **state)
{
	struct sockaddr_in6 peer = {
		.sin6_family = AF_INET6, .sin6_addr = ip("2001:db8:198::1"),
	};
	struct sockaddr_storage ss = { 0 };

	(void)state;
	memcpy(&ss, &peer, sizeof(peer));
	here.peer = (struct eftf_prefix6){ peer.sin6_addr, 128 };
	push("2001:db8:198::", 64);
	assert_int_equal(judge(), 0);
	assert_true(has("2001:db8:198::", 64) && eftf_routes6_cover(&routes, &ss));
	assert_int_equal(told, 0);

	push("2001:db8:198::1", 128);
	configured.all = true;
	assert_int_equal(judge(), 0);
	assert_false(has("2001:db8:198::1", 128) || eftf_routes6_cover(&routes, &ss));
	assert_int_equal(told, 1);

	push("::", 0);
	assert_int_equal(judge(), 0);
	assert_true(eftf_routes6_cover(&routes, &ss));
	six.lease.sip[0] = peer.sin6_addr;
	six.lease.n_sip = 1;
	assert_int_equal(judge(), 0);
	assert_int_equal(told, 1);

	ss = (struct sockaddr_storage){ .ss_family = AF_INET };
	assert_false(eftf_routes6_cover(&routes, &ss));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good, setup),
		cmocka_unit_test_setup(test_outer_peer, setup),
		cmocka_unit_test_setup(test_own_prefix, setup),
		cmocka_unit_test_setup(test_own_prefix_of_the_lan, setup),
		cmocka_unit_test_setup(test_left_out, setup),
		cmocka_unit_test_setup(test_more_than_half, setup),
		cmocka_unit_test_setup(test_halves, setup),
		cmocka_unit_test_setup(test_pool_is_lan, setup),
		cmocka_unit_test_setup(test_configured, setup),
		cmocka_unit_test_setup(test_hosts, setup),
	};

	return cmocka_run_group_tests_name("offer6", tests, NULL, NULL);
}
