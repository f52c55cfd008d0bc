/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/announce.c lib/log.c lib/log_json.c lib/err.c */
/* libs: -lev */
/* The host routes of live tunnels, against a table of routes that is played here. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "gw/session.h"

#define DEVICE 7
#define SESSIONS 4

static struct eftf_gw gw;
static struct eftf_session sessions[SESSIONS], *table[1];
static struct eftf_session *owner[SESSIONS];
static struct eftf_route routes[16];
static size_t n_routes;
static time_t at;
static long at_ns;
static int refused_family;		/* the table takes no route of it; 0: any */

int clock_gettime(clockid_t id, struct timespec *t)
{
	(void)id;
	*t = (struct timespec){ .tv_sec = at, .tv_nsec = at_ns };
	return 0;
}

static uint32_t metric_of(time_t when)
{
	return UINT32_MAX - 4 * (uint32_t)(when - 1300000000);
}

double eftf_gw_now(void)
{
	return 0;
}

bool eftf_gw_may_log(double now)
{
	(void)now;
	return true;
}

static unsigned int index_of(struct in_addr addr)
{
	return ntohl(addr.s_addr) & 0xff;
}

void *eftf_pool_owner(const struct eftf_pool *pool, struct in_addr addr)
{
	(void)pool;
	return index_of(addr) < SESSIONS ? owner[index_of(addr)] : NULL;
}

/* fd00::N goes with 10.64.0.N */
static struct in6_addr inner6_of(struct in_addr inner)
{
	struct in6_addr a = { .s6_addr = { 0xfd } };

	a.s6_addr[15] = (uint8_t)index_of(inner);
	return a;
}

struct in_addr eftf_gw_inner4(const struct eftf_gw_conf *conf, const struct in6_addr *inner6)
{
	(void)conf;
	return (struct in_addr){ htonl(0x0a400000u + inner6->s6_addr[15]) };
}

static bool is_same(const struct eftf_route *a, const struct eftf_route *b)
{
	return a->family == b->family && !memcmp(a->dst, b->dst, sizeof(a->dst)) && a->metric == b->metric &&
		a->table == b->table;
}

int eftf_rt_route_add(struct eftf_rt *rt, const struct eftf_route *route, struct eftf_err *err)
{
	size_t i = 0;

	(void)rt;
	if (route->family == refused_family)
		return eftf_err_set(err, EACCES, "not this family");
	while (i < n_routes && !is_same(&routes[i], route))
		i++;
	n_routes += i == n_routes;
	assert_true(n_routes <= sizeof(routes) / sizeof(routes[0]));
	routes[i] = *route;
	return 0;
}

int eftf_rt_route_del(struct eftf_rt *rt, const struct eftf_route *route, struct eftf_err *err)
{
	(void)rt;
	for (size_t i = 0; i < n_routes; i++)
		if (is_same(&routes[i], route) && routes[i].protocol == route->protocol) {
			routes[i] = routes[--n_routes];
			return 0;
		}
	return eftf_err_set(err, ESRCH, "no such route");
}

int eftf_rt_route_sweep(struct eftf_rt *rt, int family, eftf_rt_route_which_fn fn, void *arg,
			unsigned int *removed, struct eftf_err *err)
{
	struct eftf_route left[16];
	size_t n = 0;

	(void)rt;
	(void)err;
	for (size_t i = 0; i < n_routes; i++)
		if (routes[i].family != family || !fn(&routes[i], arg))
			left[n++] = routes[i];
	*removed = (unsigned int)(n_routes - n);
	memcpy(routes, left, sizeof(left));
	n_routes = n;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	memset(&gw, 0, sizeof(gw));
	memset(sessions, 0, sizeof(sessions));
	memset(owner, 0, sizeof(owner));
	table[0] = NULL;
	n_routes = 0;
	refused_family = 0;
	at = 1795838400;
	at_ns = 0;
	gw.ifindex = DEVICE;
	gw.conf.announce = EFTF_GW_TABLE_MAIN;
	gw.conf.pool6_each = 128;
	gw.sessions = table;
	gw.rt = (struct eftf_rt *)&gw;	/* only passed on */
	for (unsigned int i = 0; i < SESSIONS; i++) {
		sessions[i].inner.s_addr = htonl(0x0a400000 + i);
		sessions[i].has4 = true;
		sessions[i].inner6 = inner6_of(sessions[i].inner);
	}
	return 0;
}

/* The session has the address, and its tunnel runs. */
static void runs(unsigned int i)
{
	owner[i] = &sessions[i];
	sessions[i].next = table[0];
	table[0] = &sessions[i];
}

static void expect(size_t n, unsigned int i, uint32_t metric)
{
	size_t found = 0;

	assert_int_equal(n_routes, n);
	for (size_t k = 0; k < n_routes; k++)
		found += routes[k].metric == metric && routes[k].plen == 32 &&
			!memcmp(routes[k].dst, &sessions[i].inner, 4) && routes[k].ifindex == DEVICE &&
			routes[k].protocol == EFTF_GW_RTPROT && routes[k].table == gw.conf.announce;
	if (found != 1)
		fail_msg("routes to address %u with metric %u: expected 1, seen %zu", i, metric, found);
}

static void a_tunnel_has_a_route_while_it_runs(void **state)
{
	uint32_t first = metric_of(at);

	(void)state;
	runs(1);
	eftf_announce_up(&gw, &sessions[1]);
	expect(1, 1, first);
	at += 10;
	eftf_announce_up(&gw, &sessions[1]);	/* another connection of its UE */
	expect(1, 1, first - 40);
	eftf_announce_down(&gw, &sessions[1]);
	assert_int_equal(n_routes, 0);
	eftf_announce_down(&gw, &sessions[1]);
	assert_int_equal(n_routes, 0);
}

/* The old session's end is told after the new one's begin, which may be of the same second. */
static void the_end_of_another_session_takes_no_route(void **state)
{
	struct eftf_session old;

	(void)state;
	for (int later = 0; later < 2; later++) {
		setup(NULL);
		runs(1);
		old = sessions[1];
		eftf_announce_up(&gw, &old);
		at += later;
		eftf_announce_up(&gw, &sessions[1]);
		eftf_announce_down(&gw, &old);
		expect(1, 1, metric_of(at));
	}
}

/* A UE that is at another gateway 300 ms later has the lower metric there. */
static void later_within_a_second_is_lower(void **state)
{
	(void)state;
	runs(1);
	at_ns = 100000000;
	eftf_announce_up(&gw, &sessions[1]);
	expect(1, 1, metric_of(at));
	at_ns = 400000000;
	eftf_announce_up(&gw, &sessions[1]);
	expect(1, 1, metric_of(at) - 1);
}

static void off_is_off(void **state)
{
	struct eftf_err err;

	(void)state;
	gw.conf.announce = 0;
	runs(1);
	assert_int_equal(eftf_announce_open(&gw, &err), 0);
	eftf_announce_up(&gw, &sessions[1]);
	eftf_announce_down(&gw, &sessions[1]);
	eftf_announce_close(&gw);
	assert_int_equal(n_routes, 0);
}

static void leave(uint32_t addr, uint32_t metric, uint32_t ifindex, uint8_t protocol, uint32_t in_table)
{
	struct eftf_route r = { .family = AF_INET, .plen = 32, .ifindex = ifindex, .metric = metric,
				.protocol = protocol, .table = in_table };

	addr = htonl(addr);
	memcpy(r.dst, &addr, 4);
	routes[n_routes++] = r;
}

static void a_successor_keeps_what_is_a_tunnels(void **state)
{
	struct eftf_err err;

	(void)state;
	runs(1);
	runs(2);
	leave(0x0a400001, 1000, DEVICE, EFTF_GW_RTPROT, EFTF_GW_TABLE_MAIN);
	leave(0x0a400001, 1001, DEVICE, EFTF_GW_RTPROT, EFTF_GW_TABLE_MAIN);	/* its former */
	leave(0x0a400001, 1000, DEVICE, EFTF_GW_RTPROT, 77);
	leave(0x0a400003, 1000, DEVICE, EFTF_GW_RTPROT, EFTF_GW_TABLE_MAIN);	/* no tunnel any more */
	leave(0x0a400009, 1000, DEVICE, 3, EFTF_GW_TABLE_MAIN);		/* the administrator's */
	leave(0x0a40000a, 1000, DEVICE + 1, EFTF_GW_RTPROT, EFTF_GW_TABLE_MAIN);	/* another gateway's */
	assert_int_equal(eftf_announce_open(&gw, &err), 0);
	expect(4, 1, 1000);
	expect(4, 2, metric_of(at));
	eftf_announce_close(&gw);
	assert_int_equal(n_routes, 2);
}

/* How many routes to the session's IPv6 address have this metric. */
static size_t routes6(unsigned int i, uint32_t metric)
{
	size_t found = 0;

	for (size_t k = 0; k < n_routes; k++)
		found += routes[k].family == AF_INET6 && routes[k].metric == metric && routes[k].plen == 128 &&
			!memcmp(routes[k].dst, &sessions[i].inner6, 16) && routes[k].protocol == EFTF_GW_RTPROT;
	return found;
}

static void ipv6_has_a_route_beside_ipv4_or_alone(void **state)
{
	uint32_t metric = metric_of(at);

	(void)state;
	runs(1);
	sessions[1].has6 = true;
	eftf_announce_up(&gw, &sessions[1]);
	expect(2, 1, metric);
	assert_int_equal(routes6(1, metric), 1);
	at += 3;
	eftf_announce_up(&gw, &sessions[1]);
	expect(2, 1, metric - 12);
	assert_int_equal(routes6(1, metric - 12), 1);
	eftf_announce_down(&gw, &sessions[1]);
	assert_int_equal(n_routes, 0);
	runs(2);
	sessions[2].has4 = false;
	sessions[2].has6 = true;
	eftf_announce_up(&gw, &sessions[2]);
	assert_int_equal(n_routes, 1);
	assert_int_equal(routes6(2, metric - 12), 1);
	eftf_announce_close(&gw);
	assert_int_equal(n_routes, 0);
}

/* The core must not find a UE here by one family and at another gateway by the other. */
static void a_family_that_is_refused_leaves_both_as_they_were(void **state)
{
	uint32_t metric = metric_of(at);

	(void)state;
	runs(1);
	sessions[1].has6 = true;
	eftf_announce_up(&gw, &sessions[1]);
	for (int later = 0; later < 2; later++) {
		at += later;
		refused_family = later ? AF_INET : AF_INET6;
		eftf_announce_up(&gw, &sessions[1]);
		expect(2, 1, metric);
		assert_int_equal(routes6(1, metric), 1);
	}
}

static void of_two_sessions_of_one_second_the_other_family_goes(void **state)
{
	uint32_t metric = metric_of(at);
	struct eftf_session old;

	(void)state;
	runs(1);
	old = sessions[1];
	old.has6 = true;
	eftf_announce_up(&gw, &old);
	eftf_announce_up(&gw, &sessions[1]);	/* its UE has come back without IPv6 */
	eftf_announce_down(&gw, &old);
	expect(1, 1, metric);
}

static void where_a_ue_has_a_64_the_route_is_to_all_of_it(void **state)
{
	uint32_t metric = metric_of(at);
	size_t found = 0;

	(void)state;
	gw.conf.pool6_each = 64;
	runs(1);
	sessions[1].has6 = true;
	eftf_announce_up(&gw, &sessions[1]);
	expect(2, 1, metric);
	for (size_t k = 0; k < n_routes; k++)
		found += routes[k].family == AF_INET6 && routes[k].plen == 64 &&
			!memcmp(routes[k].dst, &sessions[1].inner6, 8) && !routes[k].dst[15];
	assert_int_equal(found, 1);
	eftf_announce_down(&gw, &sessions[1]);
	assert_int_equal(n_routes, 0);
}

static void leave6(unsigned int i, uint32_t metric)
{
	leave(0, metric, DEVICE, EFTF_GW_RTPROT, EFTF_GW_TABLE_MAIN);
	routes[n_routes - 1].family = AF_INET6;
	routes[n_routes - 1].plen = 128;
	memcpy(routes[n_routes - 1].dst, &sessions[i].inner6, 16);
}

static void a_successor_completes_families(void **state)
{
	struct eftf_err err;

	(void)state;
	runs(1);
	runs(2);
	sessions[1].has6 = true;
	leave(0x0a400001, 1000, DEVICE, EFTF_GW_RTPROT, EFTF_GW_TABLE_MAIN);
	leave6(1, 999);			/* of before */
	leave6(2, 1000);		/* a tunnel without IPv6 */
	assert_int_equal(eftf_announce_open(&gw, &err), 0);
	expect(3, 1, 1000);
	assert_int_equal(routes6(1, 1000), 1);
	expect(3, 2, metric_of(at));
}

static struct eftf_route learned(int family, unsigned int i, uint32_t metric)
{
	struct eftf_route r = { .family = family, .plen = family == AF_INET ? 32 : 128, .ifindex = DEVICE + 1,
				.metric = metric, .protocol = 12, .table = EFTF_GW_TABLE_MAIN };

	if (family == AF_INET)
		memcpy(r.dst, &sessions[i].inner, 4);
	else
		memcpy(r.dst, &sessions[i].inner6, 16);
	return r;
}

static void a_newer_route_of_another_gateway_wins(void **state)
{
	struct eftf_route r;

	(void)state;
	runs(1);
	sessions[1].id = 9;
	sessions[1].has6 = true;
	eftf_announce_up(&gw, &sessions[1]);
	r = learned(AF_INET, 1, sessions[1].metric - 1);
	assert_ptr_equal(eftf_announce_loser(&gw, &r), &sessions[1]);
	r = learned(AF_INET6, 1, 32);			/* a daemon's own metric */
	assert_ptr_equal(eftf_announce_loser(&gw, &r), &sessions[1]);
	r = learned(AF_INET, 1, sessions[1].metric);	/* its former gateway's, or no newer */
	assert_null(eftf_announce_loser(&gw, &r));
	r = learned(AF_INET, 1, 32);
	r.plen = 31;					/* of more than this UE */
	assert_null(eftf_announce_loser(&gw, &r));
	r = learned(AF_INET, 1, 32);
	r.ifindex = DEVICE;				/* to the tunnel itself */
	assert_null(eftf_announce_loser(&gw, &r));
	r = learned(AF_INET, 1, 32);
	r.table = 99;					/* where packets of UEs do not look */
	assert_null(eftf_announce_loser(&gw, &r));
	r = learned(AF_INET, 2, 32);			/* a UE that is not here */
	assert_null(eftf_announce_loser(&gw, &r));
	sessions[1].has6 = false;
	r = learned(AF_INET6, 1, 32);
	assert_null(eftf_announce_loser(&gw, &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_tunnel_has_a_route_while_it_runs, setup),
		cmocka_unit_test_setup(the_end_of_another_session_takes_no_route, setup),
		cmocka_unit_test_setup(later_within_a_second_is_lower, setup),
		cmocka_unit_test_setup(off_is_off, setup),
		cmocka_unit_test_setup(a_successor_keeps_what_is_a_tunnels, setup),
		cmocka_unit_test_setup(ipv6_has_a_route_beside_ipv4_or_alone, setup),
		cmocka_unit_test_setup(a_family_that_is_refused_leaves_both_as_they_were, setup),
		cmocka_unit_test_setup(of_two_sessions_of_one_second_the_other_family_goes, setup),
		cmocka_unit_test_setup(a_newer_route_of_another_gateway_wins, setup),
		cmocka_unit_test_setup(where_a_ue_has_a_64_the_route_is_to_all_of_it, setup),
		cmocka_unit_test_setup(a_successor_completes_families, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
