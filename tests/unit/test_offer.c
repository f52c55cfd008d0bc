// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/here.c ue/offer.c ue/offer6.c ue/routes.c ue/way.c lib/config_value.c lib/err.c lib/nl_attr.c lib/nl_rt.c lib/nl_rt_addr.c lib/nl_rt_route.c lib/nl_sock.c lib/addr.c */
/* libs: -lmnl */
/* An offer of the EFTF against what is here: a home network with a router, a name server elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ue/here.h"

#define EFTF "198.51.100.1"
#define DNS "9.9.9.9"
#define ROUTER "192.168.77.1"
#define OWN "192.168.77.2"
#define INNER "10.64.0.7"
#define GATEWAY "10.64.0.1"
#define PCSCF "10.20.0.10"

static struct in_addr ip(const char *text)
{
	struct in_addr a;

	assert_int_equal(inet_pton(AF_INET, text, &a), 1);
	return a;
}

static struct eftf_value_prefix prefix(const char *text)
{
	struct eftf_value_prefix p = { .set = true };

	assert_int_equal(eftf_value_prefix4(text, &p.addr, &p.plen), 0);
	return p;
}

static bool has(const struct eftf_offer *o, const char *text)
{
	struct eftf_value_prefix p = prefix(text);
	size_t i;

	for (i = 0; i < o->routes.n; i++) {
		if (o->routes.prefix[i].addr.s_addr == p.addr.s_addr &&
		    o->routes.prefix[i].plen == p.plen)
			return true;
	}
	return false;
}

static struct eftf_here home(void)
{
	struct eftf_here h = { .n = 0 };

	eftf_here_add(&h, EFTF_HERE_NETWORK, ip("192.168.77.0"), 24);
	eftf_here_add(&h, EFTF_HERE_OWN, ip(OWN), 32);
	eftf_here_add(&h, EFTF_HERE_ROUTER, ip(ROUTER), 32);
	eftf_here_add(&h, EFTF_HERE_DNS, ip(DNS), 32);
	eftf_here_add(&h, EFTF_HERE_EFTF, ip(EFTF), 32);
	return h;
}

static struct eftf_lease4 lease(void)
{
	struct eftf_lease4 l = {
		.address = ip(INNER), .router = ip(GATEWAY), .n_sip = 1, .sip = { ip(PCSCF) },
	};

	return l;
}

static void push(struct eftf_lease4 *l, const char *text)
{
	struct eftf_value_prefix p = prefix(text);

	l->routes[l->n_routes++] = (struct eftf_dhcp4_route){ p.addr, p.plen, { 0 } };
}

static void word(struct eftf_ue_routes *conf, const char *text)
{
	if (!strcmp(text, "all"))
		conf->all = true;
	else
		conf->prefix[conf->n++] = prefix(text);
}

/* The text of a conflict, or "". */
static const char *said(const struct eftf_offer *o, size_t i)
{
	static char text[EFTF_CONFLICT_TEXT];

	text[0] = '\0';
	if (i < o->n)
		eftf_conflict_text(&o->conflict[i], text);
	return text;
}

static void test_good(void **state)
{
	struct eftf_ue_routes none = { 0 };
	struct eftf_lease4 l = lease();
	struct eftf_here here = home();
	struct eftf_offer o;

	(void)state;
	push(&l, "10.20.0.0/16");
	l.n_dns = 2;
	l.dns[0] = ip("10.20.0.53");
	l.dns[1] = ip(DNS);
	assert_int_equal(eftf_offer_check(&o, &l, &here, &none, NULL), 0);
	assert_int_equal(o.n, 0);
	/* the P-CSCF is routed, whatever else is */
	assert_int_equal(o.routes.n, 3);
	assert_true(has(&o, GATEWAY) && has(&o, PCSCF) && has(&o, "10.20.0.0/16"));
	assert_int_equal(l.n_dns, 2);
}

/* One route that is pushed: put in or not, without and with the configuration's word. */
static void test_routes(void **state)
{
	static const struct {
		const char *route;
		bool in;
		const char *text;	/* "": no conflict */
		const char *word;	/* that lets it in; NULL: nothing does */
	} table[] = {
		{ "203.0.113.0/24", true, "", "all" },
		{ "192.168.77.0/24", false, "route 192.168.77.0/24 is left out: the network of a link of this machine, 192.168.77.0/24 (allow it by [tunnel] routes)", "192.168.77.0/24" },
		{ "192.168.0.0/16", false, "route 192.168.0.0/16 is left out: the network", "192.0.0.0/8" },
		{ "192.168.77.128/25", false, "route 192.168.77.128/25 is left out: the network", "all" },
		{ "192.168.77.1/32", false, "route 192.168.77.1 is left out: the network", "all" },
		{ "192.168.76.0/24", true, "", "all" },
		{ "192.168.78.0/24", true, "", "all" },
		{ "9.9.9.0/24", false, "route 9.9.9.0/24 is left out: a name server of this machine, 9.9.9.9", "9.9.9.0/24" },
		{ "9.9.9.9/32", false, "route 9.9.9.9 is left out: a name server", "all" },
		{ "198.51.100.1/32", false, "route 198.51.100.1 is left out: the EFTF's outer address, 198.51.100.1", NULL },
		{ "198.51.100.0/24", true, "route 198.51.100.0/24 is used but for the EFTF's outer address, 198.51.100.1", "all" },
		{ "127.0.0.0/8", false, "route 127.0.0.0/8 is left out: loopback, 127.0.0.0/8", "all" },
		{ "127.1.0.0/16", false, "route 127.1.0.0/16 is left out: loopback", "all" },
		{ "64.0.0.0/2", false, "route 64.0.0.0/2 is left out: loopback", "64.0.0.0/2" },
		{ "224.0.0.0/4", false, "route 224.0.0.0/4 is left out: multicast", "all" },
		{ "239.1.2.3/32", false, "route 239.1.2.3 is left out: multicast", "all" },
		{ "255.255.255.255/32", false, "route 255.255.255.255 is left out: reserved", "all" },
		{ "0.0.0.0/8", false, "route 0.0.0.0/8 is left out: reserved", "all" },
		{ "128.0.0.0/1", false, "route 128.0.0.0/1 is left out: multicast", "all" },
		{ "0.0.0.0/0", false, "route 0.0.0.0/0 is left out: more than half of all addresses would go into the tunnel (allow it by [tunnel] routes)", "all" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct eftf_ue_routes conf = { 0 };
		struct eftf_lease4 l = lease();
		struct eftf_here here = home();
		struct eftf_offer o;

		push(&l, table[i].route);
		assert_int_equal(eftf_offer_check(&o, &l, &here, &conf, NULL), 0);
		if (has(&o, table[i].route) != table[i].in ||
		    strncmp(said(&o, 0), table[i].text, strlen(table[i].text)) ||
		    o.n != (table[i].text[0] != 0))
			fail_msg("%s: expected %d \"%s\", seen %d, %zu conflicts, \"%s\"",
				 table[i].route, table[i].in, table[i].text,
				 has(&o, table[i].route), o.n, said(&o, 0));
		/* the rest of the offer stands */
		assert_true(has(&o, GATEWAY) && has(&o, PCSCF));
		word(&conf, table[i].word ? table[i].word : "all");
		assert_int_equal(eftf_offer_check(&o, &l, &here, &conf, NULL), 0);
		if (!strcmp(table[i].route, "0.0.0.0/0"))
			assert_true(has(&o, "0.0.0.0/1") && has(&o, "128.0.0.0/1"));
		else if (has(&o, table[i].route) != (table[i].word != NULL))
			fail_msg("%s with routes = %s: seen %d", table[i].route,
				 table[i].word ? table[i].word : "all", has(&o, table[i].route));
		if (table[i].word && o.n)
			fail_msg("%s with routes = %s: %s", table[i].route, table[i].word,
				 said(&o, 0));
	}
}

/* A name server that a hook of an earlier run left in resolv.conf. */
static void test_left_over_dns(void **state)
{
	struct eftf_ue_routes none = { 0 };
	struct eftf_here here = home();
	struct eftf_lease4 l = lease();
	struct eftf_offer o;

	(void)state;
	eftf_here_add(&here, EFTF_HERE_DNS, ip("10.20.0.53"), 32);
	push(&l, "10.20.0.0/16");
	l.dns[l.n_dns++] = ip("10.20.0.53");
	assert_int_equal(eftf_offer_check(&o, &l, &here, &none, NULL), 0);
	assert_int_equal(o.n, 0);
	assert_true(has(&o, "10.20.0.0/16"));
	assert_int_equal(l.n_dns, 1);
	l.n_dns = 0;
	assert_int_equal(eftf_offer_check(&o, &l, &here, &none, NULL), 0);
	assert_false(has(&o, "10.20.0.0/16"));
}

static void test_resolv(void **state)
{
	char path[] = "/tmp/test_offer.XXXXXX";
	static const char text[] = "# nameserver 1.1.1.1\nnameserver 9.9.9.9\n nameserver 9.9.9.9\n"
		"nameserver 127.0.0.53\nnameserver fd00::1\nnameserver fe80::1%lan0\nnameserver ::1\nnameserver\nnameserver x\n"
		"nameserver\t192.0.2.53 # here\noptions edns0";
	struct eftf_here h = { .n = 0 };
	struct eftf_here6 h6 = { .n = 0 };
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_int_equal(eftf_here_add_resolv(&h, &h6, path), 0);
	assert_int_equal(h.n, 2);
	assert_int_equal(h.item[0].kind, EFTF_HERE_DNS);
	assert_int_equal(h.item[0].prefix.addr.s_addr, ip("9.9.9.9").s_addr);
	assert_int_equal(h.item[1].prefix.addr.s_addr, ip("192.0.2.53").s_addr);
	assert_int_equal(h6.n, 1);
	assert_int_equal(h6.item[0].plen, 128);
	assert_int_equal(h6.item[0].addr.s6_addr[0], 0xfd);
	close(fd);
	unlink(path);
	assert_int_equal(eftf_here_add_resolv(&h, &h6, path), -ENOENT);
}

/* Many small routes are as much as a large one. */
static void test_half(void **state)
{
	static const char *const pieces[] = {
		"16.0.0.0/4", "32.0.0.0/3", "64.0.0.0/3", "96.0.0.0/4", "112.0.0.0/5",
		"128.0.0.0/2", "32.0.0.0/3", "40.0.0.0/8",
	};
	struct eftf_ue_routes none = { 0 };
	struct eftf_here here = { .n = 0 };
	struct eftf_lease4 l = lease();
	struct eftf_offer o;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++)
		push(&l, pieces[i]);
	assert_int_equal(eftf_offer_check(&o, &l, &here, &none, NULL), 0);
	assert_int_equal(o.n, 0);
	push(&l, pieces[5]);	/* now it is more than half; the largest goes */
	push(&l, pieces[6]);	/* what is said twice, or inside another, does not count */
	push(&l, pieces[7]);
	assert_int_equal(eftf_offer_check(&o, &l, &here, &none, NULL), 0);
	assert_int_equal(o.n, 1);
	assert_false(has(&o, "128.0.0.0/2"));
	assert_true(has(&o, "32.0.0.0/3") && has(&o, "112.0.0.0/5"));
}

/* The inner address of another machine here would cut this one off; a neighbour's is merely hidden. */
static void test_address(void **state)
{
	static const char *const taken[] = { ROUTER, OWN, DNS, EFTF };
	struct eftf_ue_routes conf = { .all = true };
	struct eftf_here here = home();
	struct eftf_lease4 l;
	struct eftf_offer o;
	struct eftf_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		l = lease();
		l.address = ip(taken[i]);
		assert_int_equal(eftf_offer_check(&o, &l, &here, &conf, &err), -EADDRINUSE);
		assert_non_null(strstr(err.text, taken[i]));
	}
	l = lease();
	l.address = ip("192.168.77.50");
	conf.all = false;
	assert_int_equal(eftf_offer_check(&o, &l, &here, &conf, NULL), 0);
	assert_string_equal(said(&o, 0), "inner address 192.168.77.50 is used, and hides a machine of "
			    "the network of a link of this machine, 192.168.77.0/24");
	word(&conf, "192.168.77.0/24");
	assert_int_equal(eftf_offer_check(&o, &l, &here, &conf, NULL), 0);
	assert_int_equal(o.n, 0);
}

/* The EFTF's pool is numbered as the network here: the call goes, the router stays the router. */
static void test_pool_is_lan(void **state)
{
	struct eftf_ue_routes none = { 0 };
	struct eftf_here here = home();
	struct eftf_lease4 l = lease();
	struct eftf_offer o;

	(void)state;
	l.address = ip("192.168.77.50");
	l.router = ip(ROUTER);
	l.n_dns = 1;
	l.dns[0] = ip("192.168.77.53");
	push(&l, "192.168.77.0/24");
	push(&l, "10.20.0.0/16");
	assert_int_equal(eftf_offer_check(&o, &l, &here, &none, NULL), 0);
	assert_int_equal(o.n, 4);
	assert_string_equal(said(&o, 1), "gateway 192.168.77.1 is left out: a router of this machine, 192.168.77.1");
	assert_string_equal(said(&o, 2), "name server 192.168.77.53 is left out: the network of a link of this machine, 192.168.77.0/24");
	assert_int_equal(o.routes.n, 2);
	assert_true(has(&o, PCSCF) && has(&o, "10.20.0.0/16"));
	assert_int_equal(l.n_dns, 0);
}

static void test_pcscf(void **state)
{
	static const struct {
		const char *pcscf;
		bool in;
		const char *text;
	} table[] = {
		{ EFTF, false, "P-CSCF 198.51.100.1 is left out: the EFTF's outer address" },
		{ ROUTER, false, "P-CSCF 192.168.77.1 is left out: a router" },
		{ "192.168.77.60", true, "P-CSCF 192.168.77.60 is used, and hides" },
		{ DNS, true, "P-CSCF 9.9.9.9 is used, and hides" },
	};
	struct eftf_here here = home();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct eftf_ue_routes conf = { 0 };
		struct eftf_lease4 l = lease();
		struct eftf_offer o;

		l.sip[0] = ip(table[i].pcscf);
		assert_int_equal(eftf_offer_check(&o, &l, &here, &conf, NULL), 0);
		assert_int_equal(has(&o, table[i].pcscf), table[i].in);
		assert_int_equal(o.n, 1);
		assert_int_equal(strncmp(said(&o, 0), table[i].text, strlen(table[i].text)), 0);
	}
}

/* What is configured is routed, but never the way to the EFTF itself. */
static void test_configured(void **state)
{
	struct eftf_ue_routes conf = { 0 };
	struct eftf_here here = home();
	struct eftf_lease4 l = lease();
	struct eftf_offer o;

	(void)state;
	word(&conf, "192.168.77.0/24");
	word(&conf, "0.0.0.0/0");
	word(&conf, EFTF);
	assert_int_equal(eftf_offer_check(&o, &l, &here, &conf, NULL), 0);
	assert_true(has(&o, "192.168.77.0/24") && has(&o, "0.0.0.0/1") && has(&o, "128.0.0.0/1"));
	assert_false(has(&o, EFTF));
	assert_int_equal(o.n, 1);
}

/* As many of everything as there can be: the P-CSCFs are in, nothing is beyond its array. */
static void test_full(void **state)
{
	struct eftf_ue_routes conf = { 0 };
	struct eftf_here here = { .n = 0 };
	struct eftf_lease4 l = lease();
	struct eftf_offer o;
	uint32_t i;

	(void)state;
	for (i = 0; i < EFTF_HERE_MAX + 9; i++)
		eftf_here_add(&here, EFTF_HERE_NETWORK, (struct in_addr){ htonl(0x0a000000 + (i << 8)) }, 24);
	assert_int_equal(here.n, EFTF_HERE_MAX);
	for (i = 0; i < EFTF_DHCP4_MAX_ROUTES; i++)
		l.routes[l.n_routes++] = (struct eftf_dhcp4_route){ { htonl(0x0a000000 + (i << 8)) }, 24, { 0 } };
	for (i = 0; i < EFTF_UE_MAX_ROUTES; i++)
		conf.prefix[conf.n++] = (struct eftf_value_prefix){ { htonl(0x0b000000 + i) }, 32, true };
	for (l.n_sip = 0; l.n_sip < EFTF_DHCP4_MAX_ADDRS; l.n_sip++)
		l.sip[l.n_sip] = (struct in_addr){ htonl(0x0a000005 + ((uint32_t)l.n_sip << 8)) };
	for (l.n_dns = 0; l.n_dns < EFTF_DHCP4_MAX_ADDRS; l.n_dns++)
		l.dns[l.n_dns] = (struct in_addr){ htonl(0x0a000006 + ((uint32_t)l.n_dns << 8)) };
	assert_int_equal(eftf_offer_check(&o, &l, &here, &conf, NULL), 0);
	assert_int_equal(o.routes.n, EFTF_UE_MAX_ROUTES + EFTF_DHCP4_MAX_ADDRS + 1);
	assert_int_equal(o.n, EFTF_DHCP4_MAX_ROUTES + 2 * EFTF_DHCP4_MAX_ADDRS);
	assert_true(has(&o, "10.0.0.5") && has(&o, "10.0.3.5"));
	assert_int_equal(l.n_dns, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_routes),
		cmocka_unit_test(test_left_over_dns), cmocka_unit_test(test_resolv),
		cmocka_unit_test(test_half), cmocka_unit_test(test_address),
		cmocka_unit_test(test_pool_is_lan), cmocka_unit_test(test_pcscf),
		cmocka_unit_test(test_configured), cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
