// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/routes.c lib/config_value.c lib/addr.c */
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

static void add(struct eftf_routes *r, const char *addr, uint8_t plen)
{
	struct eftf_value_prefix p = { ip(addr), plen, true };

	eftf_routes_add(r, &p);
}

static void test_add(void **state)
{
	struct eftf_routes r = { 0 };

	(void)state;
	add(&r, "10.64.0.9", 32);
	add(&r, "10.20.5.5", 16);
	add(&r, "10.20.0.0", 16);
	add(&r, "10.30.0.0", 33);
	add(&r, "0.0.0.0", 0);
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
	struct eftf_routes r = { 0 };
	uint32_t i;

	(void)state;
	for (i = 0; i < EFTF_ROUTES_MAX + 5; i++) {
		struct eftf_value_prefix p = { { htonl(0x0a000000 + i) }, 32, true };

		eftf_routes_add(&r, &p);
	}
	assert_int_equal(r.n, EFTF_ROUTES_MAX);
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
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_never_too_many),
		cmocka_unit_test(test_cover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
