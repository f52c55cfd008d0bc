// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/routes.c lib/config_value.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "ue/routes.h"

static struct in_addr ip(const char *text)
{
	struct in_addr a;

	assert_int_equal(inet_pton(AF_INET, text, &a), 1);
	return a;
}

static bool has(const struct eftf_routes *r, const char *addr, uint8_t plen)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->prefix[i].addr.s_addr == ip(addr).s_addr && r->prefix[i].plen == plen)
			return true;
	}
	return false;
}

static struct sockaddr_storage peer(const char *text)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;

	if (strchr(text, ':')) {
		sin6->sin6_family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, text, &sin6->sin6_addr), 1);
	} else {
		sin->sin_family = AF_INET;
		sin->sin_addr = ip(text);
	}
	return ss;
}

static void test_pcscf_only_without_routes(void **state)
{
	struct eftf_ue_routes none = { 0 }, some = { 0 };
	struct eftf_lease4 lease = { .router = ip("10.64.0.1"), .n_sip = 2 };
	struct eftf_routes r;

	(void)state;
	lease.sip[0] = ip("10.20.0.1");
	lease.sip[1] = ip("10.20.0.2");
	eftf_routes_plan(&r, &lease, &none);
	assert_int_equal(r.n, 3);
	assert_true(has(&r, "10.64.0.1", 32));
	assert_true(has(&r, "10.20.0.1", 32));
	assert_true(has(&r, "10.20.0.2", 32));

	some.n = 1;
	some.prefix[0] = (struct eftf_value_prefix){ ip("10.20.0.0"), 16, true };
	eftf_routes_plan(&r, &lease, &some);
	assert_int_equal(r.n, 2);
	assert_true(has(&r, "10.20.0.0", 16));
	assert_false(has(&r, "10.20.0.1", 32));
}

static void test_lease_and_configured(void **state)
{
	struct eftf_ue_routes conf = { .n = 2 };
	struct eftf_lease4 lease = { .server = ip("10.64.0.9"), .n_routes = 3 };
	struct eftf_routes r;

	(void)state;
	lease.routes[0] = (struct eftf_dhcp4_route){ ip("10.20.5.5"), 16, ip("0.0.0.0") };
	lease.routes[1] = (struct eftf_dhcp4_route){ ip("10.20.0.0"), 16, ip("10.64.0.1") };
	lease.routes[2] = (struct eftf_dhcp4_route){ ip("10.30.0.0"), 33, ip("0.0.0.0") };
	conf.prefix[0] = (struct eftf_value_prefix){ ip("10.20.0.0"), 16, true };
	conf.prefix[1] = (struct eftf_value_prefix){ ip("0.0.0.0"), 0, true };
	eftf_routes_plan(&r, &lease, &conf);
	/* host bits are cleared, doubles and impossible lengths dropped */
	assert_int_equal(r.n, 4);
	assert_true(has(&r, "10.64.0.9", 32));
	assert_true(has(&r, "10.20.0.0", 16));
	/* never a default route: the machine has its own */
	assert_true(has(&r, "0.0.0.0", 1));
	assert_true(has(&r, "128.0.0.0", 1));
}

static void test_never_too_many(void **state)
{
	struct eftf_ue_routes conf = { .n = EFTF_UE_MAX_ROUTES };
	struct eftf_lease4 lease = { .router = ip("1.1.1.1"), .n_routes = EFTF_DHCP4_MAX_ROUTES };
	struct eftf_routes r;
	uint32_t i;

	(void)state;
	for (i = 0; i < EFTF_UE_MAX_ROUTES; i++)
		conf.prefix[i] = (struct eftf_value_prefix){ { htonl(0x0a000000 + i) }, 32, true };
	for (i = 0; i < EFTF_DHCP4_MAX_ROUTES; i++)
		lease.routes[i] = (struct eftf_dhcp4_route){ { htonl(0x0b000000 + i) }, 32, { 0 } };
	eftf_routes_plan(&r, &lease, &conf);
	assert_int_equal(r.n, 1 + EFTF_UE_MAX_ROUTES + EFTF_DHCP4_MAX_ROUTES);
	conf.prefix[3] = (struct eftf_value_prefix){ ip("0.0.0.0"), 0, true };
	eftf_routes_plan(&r, &lease, &conf);
	assert_int_equal(r.n, 2 + EFTF_UE_MAX_ROUTES + EFTF_DHCP4_MAX_ROUTES);
}

static void test_cover(void **state)
{
	static const struct {
		const char *prefix;
		uint8_t plen;
		const char *peer;
		bool covered;
	} table[] = {
		{ "198.51.100.0", 24, "198.51.100.1", true },
		{ "198.51.100.0", 24, "198.51.101.1", false },
		{ "0.0.0.0", 0, "203.0.113.9", true },
		{ "128.0.0.0", 1, "127.255.255.255", false },
		{ "128.0.0.0", 1, "128.0.0.0", true },
		{ "198.51.100.1", 32, "198.51.100.1", true },
		{ "198.51.100.1", 32, "198.51.100.2", false },
		{ "0.0.0.0", 0, "2001:db8::1", false },
		{ "198.51.100.0", 24, "::ffff:198.51.100.1", true },
		{ "198.51.100.0", 24, "::ffff:198.51.99.1", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sockaddr_storage ss = peer(table[i].peer);
		struct eftf_routes r = {
			.prefix = { { ip(table[i].prefix), table[i].plen, true } }, .n = 1,
		};

		print_message("row %zu\n", i);
		assert_int_equal(eftf_routes_cover(&r, &ss), table[i].covered);
		r.n = 0;
		assert_false(eftf_routes_cover(&r, &ss));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcscf_only_without_routes),
		cmocka_unit_test(test_lease_and_configured),
		cmocka_unit_test(test_never_too_many),
		cmocka_unit_test(test_cover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
