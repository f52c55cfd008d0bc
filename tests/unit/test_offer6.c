// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/offer6.c lib/config_value.c lib/err.c */
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
static unsigned int told;

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

static void count(const char *conflict, void *arg)
{
	(void)arg;
	assert_true(conflict[0]);
	told++;
}

static int judge(void)
{
	struct eftf_err err;

	told = 0;
	return eftf_offer6_check(&routes, &six, &here, &configured, count, NULL, &err);
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
			fail_msg("%s/%u: expected it to be left out and told, seen %zu routes, told %u",
				 cases[i].addr, cases[i].plen, routes.n, told);
		configured.all = true;
		assert_int_equal(judge(), 0);
		if (routes.n < 2)
			fail_msg("%s/%u with all: seen %zu routes", cases[i].addr, cases[i].plen, routes.n);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_good, setup),
		cmocka_unit_test_setup(test_left_out, setup),
		cmocka_unit_test_setup(test_halves, setup),
		cmocka_unit_test_setup(test_configured, setup),
		cmocka_unit_test_setup(test_hosts, setup),
	};

	return cmocka_run_group_tests_name("offer6", tests, NULL, NULL);
}
