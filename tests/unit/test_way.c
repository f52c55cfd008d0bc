/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: ue/way.c ue/swap.c lib/err.c lib/backoff.c lib/random.c lib/addr.c */
/* The way of the outer connection, against tables that the test makes up. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "clock.h"
#include "ue/routes.h"
#include "ue/swap.h"
#include "ue/way.h"

enum { LAN = 2, WLAN = 3, TUNNEL = 7 };

static struct eftf_route table[16], kernels;
static struct { uint32_t ifindex; struct in_addr addr; } addrs[4];
static size_t n_routes, n_addrs;
static int dump_error;

int eftf_rt_route_dump(struct eftf_rt *rt, int family, eftf_rt_route_fn fn, void *arg,
		       struct eftf_err *err)
{
	size_t i;

	(void)rt;
	if (dump_error)
		return eftf_err_set(err, dump_error, "no table");
	for (i = 0; i < n_routes; i++)
		if (table[i].family == family)
			fn(&table[i], arg);
	return 0;
}

int eftf_rt_addr_dump(struct eftf_rt *rt, int family, eftf_rt_addr_fn fn, void *arg,
		      struct eftf_err *err)
{
	size_t i;

	(void)rt;
	(void)err;
	for (i = 0; i < n_addrs && family == AF_INET; i++)
		fn(addrs[i].ifindex, AF_INET, &addrs[i].addr, arg);
	return 0;
}

int eftf_rt_route_lookup(struct eftf_rt *rt, int family, const void *dst, struct eftf_route *route,
			 struct eftf_err *err)
{
	(void)rt;
	(void)family;
	(void)dst;
	(void)err;
	*route = kernels;
	return 0;
}

static void route(const char *prefix, uint8_t plen, const char *via, uint32_t ifindex, uint32_t metric)
{
	struct eftf_route *r = &table[n_routes++];

	memset(r, 0, sizeof(*r));
	r->family = AF_INET;
	inet_pton(AF_INET, prefix, r->dst);
	r->plen = plen;
	r->has_via = via != NULL;
	if (via)
		inet_pton(AF_INET, via, r->via);
	r->ifindex = ifindex;
	r->metric = metric;
}

static void address(const char *text, uint32_t ifindex)
{
	addrs[n_addrs].ifindex = ifindex;
	inet_pton(AF_INET, text, &addrs[n_addrs++].addr);
}

static struct sockaddr_storage host(const char *text)
{
	struct sockaddr_storage ss = { 0 };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;

	sin->sin_family = AF_INET;
	inet_pton(AF_INET, text, &sin->sin_addr);
	return ss;
}

static int start(void **state)
{
	(void)state;
	n_routes = n_addrs = 0;
	dump_error = 0;
	route("0.0.0.0", 0, "192.168.1.1", LAN, 100);
	route("192.168.1.0", 24, NULL, LAN, 0);
	address("192.168.1.2", LAN);
	kernels = table[0];
	return 0;
}

/* Connected by LAN; then the tunnel's routes, and the EFTF's own, are in force. */
static struct eftf_way connected(void)
{
	struct sockaddr_storage local = host("192.168.1.2"), peer = host("198.51.100.1");
	struct eftf_way way = { 0 };

	eftf_way_set(&way, NULL, TUNNEL, &local, &peer);
	eftf_way_ask_kernel(&way, NULL);
	assert_false(way.lost);
	assert_false(way.foreign);
	route("0.0.0.0", 1, NULL, TUNNEL, EFTF_ROUTES_METRIC);
	route("128.0.0.0", 1, NULL, TUNNEL, EFTF_ROUTES_METRIC);
	route("198.51.100.1", 32, "192.168.1.1", LAN, EFTF_ROUTES_METRIC);
	return way;
}

static enum eftf_way_news look(struct eftf_way *way)
{
	const char *text = NULL;
	enum eftf_way_news news = eftf_way_look(way, NULL, TUNNEL, &text);

	if (news == EFTF_WAY_NEW || news == EFTF_WAY_STALE)
		assert_non_null(text);
	return news;
}

static void test_own_routes_do_not_count(void **state)
{
	struct sockaddr_storage peer = host("198.51.100.1"), near = host("192.168.1.9");
	struct eftf_way way = connected();
	struct eftf_route hop;
	struct eftf_err err;

	(void)state;
	assert_int_equal(look(&way), EFTF_WAY_SAME);
	assert_int_equal(eftf_way_find(NULL, TUNNEL, &peer, &hop, &err), 0);
	assert_int_equal(hop.plen, 0);
	assert_int_equal(hop.ifindex, LAN);
	assert_int_equal(eftf_way_find(NULL, TUNNEL, &near, &hop, &err), 0);
	assert_int_equal(hop.plen, 24);
	assert_false(hop.has_via);
}

/* The kernel takes all routes of a link that goes down; the default route comes back later. */
static void test_a_flap(void **state)
{
	struct eftf_way way = connected();

	(void)state;
	n_routes = 0;
	assert_int_equal(look(&way), EFTF_WAY_LOST);
	assert_int_equal(look(&way), EFTF_WAY_SAME);
	assert_true(way.lost);
	route("0.0.0.0", 0, "192.168.1.1", LAN, 100);
	assert_int_equal(look(&way), EFTF_WAY_STALE);
	assert_false(way.lost);
	assert_int_equal(look(&way), EFTF_WAY_SAME);
}

static void test_another_address(void **state)
{
	struct eftf_way way = connected();

	(void)state;
	n_addrs = 0;
	address("192.168.1.3", LAN);
	assert_int_equal(look(&way), EFTF_WAY_STALE);
}

/* While the old network still works nothing is taken from the old connection. */
static void test_a_better_network(void **state)
{
	struct eftf_way way = connected();

	(void)state;
	route("0.0.0.0", 0, "10.9.9.1", WLAN, 600);
	assert_int_equal(look(&way), EFTF_WAY_SAME);
	route("0.0.0.0", 0, "10.9.9.1", WLAN, 50);
	assert_int_equal(look(&way), EFTF_WAY_NEW);
	assert_int_equal(way.hop.ifindex, WLAN);
	assert_int_equal(look(&way), EFTF_WAY_SAME);
}

static void test_another_router(void **state)
{
	struct eftf_way way = connected();

	(void)state;
	inet_pton(AF_INET, "192.168.1.254", table[0].via);
	assert_int_equal(look(&way), EFTF_WAY_STALE);
}

/* The administrator's rules choose another way than the main table: only the address is watched. */
static void test_rules(void **state)
{
	struct sockaddr_storage local = host("192.168.1.2"), peer = host("198.51.100.1");
	struct eftf_way way = { 0 };

	(void)state;
	kernels.ifindex = WLAN;
	eftf_way_set(&way, NULL, TUNNEL, &local, &peer);
	eftf_way_ask_kernel(&way, NULL);
	assert_true(way.foreign);
	table[0].ifindex = 9;
	assert_int_equal(look(&way), EFTF_WAY_SAME);
	n_addrs = 0;
	assert_int_equal(look(&way), EFTF_WAY_STALE);
	assert_int_equal(way.hop.ifindex, 0);
}

static void test_unreadable_tables_change_nothing(void **state)
{
	struct eftf_way way = connected();

	(void)state;
	dump_error = EIO;
	assert_int_equal(look(&way), EFTF_WAY_SAME);
	assert_false(way.lost);
}

static void test_mark(void **state)
{
	uint64_t before = eftf_way_mark(NULL, TUNNEL);
	struct eftf_route swap;

	(void)state;
	connected();
	assert_true(eftf_way_mark(NULL, TUNNEL) == before);
	swap = table[0];	/* another order is no change */
	table[0] = table[1];
	table[1] = swap;
	assert_true(eftf_way_mark(NULL, TUNNEL) == before);
	address("10.9.9.9", WLAN);
	assert_false(eftf_way_mark(NULL, TUNNEL) == before);
	n_addrs--;
	assert_true(eftf_way_mark(NULL, TUNNEL) == before);
	table[0].metric++;
	assert_false(eftf_way_mark(NULL, TUNNEL) == before);
}

/* Nor does it wait for an older connection to drain, nor does one failure end it. */
static void test_a_move_is_due_at_once(void **state)
{
	uint64_t before = eftf_now_ms();
	struct eftf_swap s = { 0 };
	unsigned int ms;

	(void)state;
	assert_true(eftf_swap_due(&s) == UINT64_MAX);
	eftf_swap_done(&s);
	s.asked = "a signal";
	assert_true(eftf_swap_due(&s) > before);
	eftf_swap_move(&s, "another way");
	assert_true(eftf_swap_due(&s) <= eftf_now_ms());
	before = eftf_now_ms();
	ms = eftf_swap_failed(&s);
	assert_in_range(ms, 1000, 2000);
	assert_true(eftf_swap_due(&s) >= before + ms);
	eftf_swap_move(&s, "yet another way");
	assert_true(eftf_swap_due(&s) <= eftf_now_ms());
	s.asked = NULL;
	eftf_swap_done(&s);
	assert_true(eftf_swap_due(&s) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_own_routes_do_not_count, start),
		cmocka_unit_test_setup(test_a_flap, start),
		cmocka_unit_test_setup(test_another_address, start),
		cmocka_unit_test_setup(test_a_better_network, start),
		cmocka_unit_test_setup(test_another_router, start),
		cmocka_unit_test_setup(test_rules, start),
		cmocka_unit_test_setup(test_unreadable_tables_change_nothing, start),
		cmocka_unit_test_setup(test_mark, start),
		cmocka_unit_test(test_a_move_is_due_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
