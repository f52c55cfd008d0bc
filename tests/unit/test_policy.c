/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/policy.c gw/conf.c gw/conf_parse.c gw/ranges.c lib/config.c lib/config_value.c lib/log.c lib/log_json.c lib/err.c */
/* libs: -linih */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/policy.h"

#define CONF "[gateway]\ncert = a\nkey = b\npool = 10.64.0.0/16\n"

static char folder[] = "/tmp/eftf-policy-XXXXXX";

static void load(struct eftf_gw_conf *conf, const char *lines)
{
	char text[1024];
	struct eftf_err err;

	snprintf(text, sizeof(text), CONF "%s", lines);
	if (eftf_gw_conf_load_text(conf, text, strlen(text), "test", &err))
		fail_msg("%s", err.text);
}

static void refused(const char *head, const char *lines)
{
	struct eftf_gw_conf conf;
	struct eftf_err err;
	char text[1024];

	snprintf(text, sizeof(text), "%s%s", head, lines);
	if (!eftf_gw_conf_load_text(&conf, text, strlen(text), "test", &err))
		fail_msg("accepted: %s", lines);
	eftf_gw_conf_free(&conf);
}

static char *policy_of(const char *lines)
{
	struct eftf_gw_conf conf;
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	load(&conf, lines);
	eftf_policy_write(f, &conf);
	fclose(f);
	eftf_gw_conf_free(&conf);
	return text;
}

static void has(const char *lines, const char *expected, bool there)
{
	char *text = policy_of(lines);

	if (!strstr(text, expected) == there)
		fail_msg("%s:\nexpected%s: %s\nseen: %s", lines, there ? "" : " not", expected, text);
	free(text);
}

static void test_reach(void **state)
{
	(void)state;
	has("routes = 192.0.2.0/24, 198.51.100.0/24\npcscf = 203.0.113.1\ndns = 203.0.113.2\n",
	    "elements = { 192.0.2.0/24, 198.51.100.0/24, 203.0.113.2/32, 203.0.113.1/32 }", true);
	has("routes = 192.0.2.0/24\nreach = 10.1.0.0/16, 10.3.0.1\nreach = 10.2.0.0/16\n",
	    "elements = { 10.1.0.0/16, 10.3.0.1/32, 10.2.0.0/16 }", true);
	has("routes = 0.0.0.0/0\n", "elements = { 0.0.0.0/0 }", true);
	/* An empty set: nothing but the gateway. */
	has("", "elements", false);
	has("", "ip daddr != @reach counter name beyond_reach drop", true);
}

/* One lease, two addresses: the N-th of each pool. */
static void test_pool6(void **state)
{
	static const char *const wrong[] = {
		"pool6 = 2001:db8:64::/113\n", "pool6 = 2001:db8:64::/64\nmtu = 1000\n",
		"dns = 2001:db8::1\n", "routes = 2001:db8::/32\n", "pool6 = ff00::/64\n",
		"pool6 = 2001:db8:64::1/64\n",
	};
	struct in_addr a, b = { htonl(0x0a40fffe) };
	struct eftf_gw_conf conf;
	struct in6_addr six;

	(void)state;
	load(&conf, "pool6 = 2001:db8:64::/112\n");
	six = eftf_gw_inner6(&conf, b);
	assert_int_equal(six.s6_addr[14], 0xff);
	assert_int_equal(six.s6_addr[15], 0xfe);
	a = eftf_gw_inner4(&conf, &six);
	assert_int_equal(a.s_addr, b.s_addr);
	six.s6_addr[0] ^= 1;
	assert_int_equal(eftf_gw_inner4(&conf, &six).s_addr, 0);
	eftf_gw_conf_free(&conf);
	load(&conf, "pool6 = 2001:db8:64::/64\n");
	six = eftf_gw_inner6(&conf, b);
	six.s6_addr[13] = 1;		/* past the pool */
	assert_int_equal(eftf_gw_inner4(&conf, &six).s_addr, 0);
	eftf_gw_conf_free(&conf);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(CONF, wrong[i]);
}

/* A /64 for each: the N-th, and an address in it, by any of which it is found. */
static void test_pool6_of_64(void **state)
{
	static const char *const wrong[] = {
		"pool6 = 2001:db8::/49\npool6_each = 64\n", "pool6 = 2001:db8::/64\npool6_each = 64\n",
		"pool6 = 2001:db8::/48\npool6_each = 96\n", "pool6 = 2001:db8::/48\npool6_each = 63\n",
		"pool6 = 2001:db8::/112\npool6_each = 64\n",
	};
	struct in_addr first = { htonl(0x0a400001) }, b = { htonl(0x0a40fffe) };
	struct in6_addr six, expected;
	struct eftf_gw_conf conf;

	(void)state;
	load(&conf, "pool6 = 2001:db8:64::/48\npool6_each = 64\n");
	six = eftf_gw_inner6(&conf, b);
	inet_pton(AF_INET6, "2001:db8:64:fffe::ef7f", &expected);
	assert_memory_equal(&six, &expected, sizeof(six));
	assert_int_equal(eftf_gw_inner4(&conf, &six).s_addr, b.s_addr);
	inet_pton(AF_INET6, "2001:db8:64:fffe:ffff::1", &six);
	assert_int_equal(eftf_gw_inner4(&conf, &six).s_addr, b.s_addr);
	inet_pton(AF_INET6, "2001:db8:65:fffe::ef7f", &six);
	assert_int_equal(eftf_gw_inner4(&conf, &six).s_addr, 0);
	inet_pton(AF_INET6, "2001:db8:64:1::ef7f", &expected);
	assert_memory_equal(&conf.gateway6, &expected, sizeof(six));
	assert_int_equal(eftf_gw_inner4(&conf, &expected).s_addr, first.s_addr);
	eftf_gw_conf_free(&conf);
	/* past the pool, although there is room */
	load(&conf, "pool6 = 2001:db8::/32\npool6_each = 64\n");
	inet_pton(AF_INET6, "2001:db8:1:1::ef7f", &six);
	assert_int_equal(eftf_gw_inner4(&conf, &six).s_addr, 0);
	eftf_gw_conf_free(&conf);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(CONF, wrong[i]);
	has("pool6 = 2001:db8:64::/48\npool6_each = 64\nmax_flows = 9\n",
	    "add @flows6 { ip6 saddr & ffff:ffff:ffff:ffff:: ct count over 9 }", true);
	has("pool6 = 2001:db8:64::/48\npool6_each = 64\n",
	    "\t\tip6 saddr & ::ffff:ffff:ffff:ffff == ::ef7f ip6 daddr { 2001:db8:64:1::ef7f, ff02::1:2 } udp dport 547 accept\n"
	    "\t\tip6 saddr & ::ffff:ffff:ffff:ffff == ::ef7f ip6 daddr 2001:db8:64:1::ef7f icmpv6 type echo-request accept\n", true);
	has("pool6 = 2001:db8:64::/48\n", "ip6 saddr &", false);
	has("pool6 = 2001:db8:64::/48\nmax_flows = 9\n", "add @flows6 { ip6 saddr ct count over 9 }", true);
}

/* Each number of the pools has an address, or a /64, that no other has and that leads back to it; what is beside does not. */
static void each_leads_back(const struct eftf_gw_conf *conf, const char *text)
{
	for (uint32_t n = 0; n < conf->ranges.size; n += n < 70 || n + 70 > conf->ranges.size ? 1 : conf->ranges.size / 61 + 1) {
		struct in_addr inner = eftf_ranges_addr(&conf->ranges, n), back;
		struct in6_addr six = eftf_gw_inner6(conf, inner);
		size_t in = 0;

		for (size_t i = 0; i < conf->pool6.n; i++)
			in += eftf_value_same_network6(&six, &conf->pool6.p[i].base, conf->pool6.p[i].plen);
		if (conf->pool6_each == 64)
			six.s6_addr[8] ^= 0x80;
		back = eftf_gw_inner4(conf, &six);
		if (in != 1 || back.s_addr != inner.s_addr)
			fail_msg("%s: number %u: in %zu of pool6, leads to %08x instead of %08x", text, n, in,
				 ntohl(back.s_addr), ntohl(inner.s_addr));
		six.s6_addr[0] ^= 1;
		if (eftf_gw_inner4(conf, &six).s_addr)
			fail_msg("%s: number %u is found beside pool6, too", text, n);
	}
}

/* pool6 of a prefix length: has it as many as pool needs? */
static void try_length(unsigned int each, unsigned int plen, const char *pool, unsigned int bits)
{
	static const char bases[][8] = { "2000::", "4000::" };
	struct eftf_gw_conf conf;
	struct eftf_err err;
	char text[300];
	int ret, n;

	for (int pools = 1; pools <= 2; pools++) {
		n = snprintf(text, sizeof(text), "[gateway]\ncert = a\nkey = b\npool = %s\npool6_each = %u\n",
			     pools == 2 && bits ? "10.64.0.0/24, 192.168.0.0/20" : pool, each);
		for (int i = 0; i < pools; i++)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "pool6 = %s/%u\n", bases[i], plen);
		ret = eftf_gw_conf_load_text(&conf, text, strlen(text), "test", &err);
		if (!ret != (plen + (pools == 2 && bits ? 12 : bits ? bits : 2) <= each))
			fail_msg("%s\n%s", text, ret ? err.text : "taken");
		if (!ret)
			each_leads_back(&conf, text);
		eftf_gw_conf_free(&conf);
	}
}

static void test_pool6_of_each_length(void **state)
{
	(void)state;
	for (unsigned int each = 64; each <= 128; each += 64)
		for (unsigned int plen = 16; plen <= 126; plen++) {
			try_length(each, plen, "none", 0);
			try_length(each, plen, "10.64.0.0/30", 2);
			try_length(each, plen, "10.64.0.0/17", 15);
			try_length(each, plen, "10.64.0.0/12", 20);
		}
}

/* A row of numbers over all pools; IPv6 goes with it, from one prefix or from one for each. */
static void test_pools(void **state)
{
	static const char *const wrong[] = {
		"pool = 10.64.1.0/24\n", "pool = none\n", "pool = 10.80.0.0/12\n", "pool = 10.1.0.1/24\n",
		"pool = 10.1.0.0/24\npool6 = 2001:db8:64::/112\n",
		"pool = 10.1.0.0/24\npool6 = 2001:db8:1::/112, 2001:db8:2::/121\n",
		"pool = 10.1.0.0/24\npool6 = 2001:db8:1::/64, 2001:db8:1::/112\n",
		"pool = 10.1.0.0/24\npool6 = 2001:db8:1::/64, 2001:db8:2::/64, 2001:db8:3::/64\n",
		"gateway = 10.1.0.1\n", "pool = 10.1.0.0/24\ngateway = 10.1.0.255\n",
	};
	struct in_addr first = { htonl(0x0a400001) }, second = { htonl(0x0a010003) }, none = { htonl(0x0a020003) };
	struct in6_addr six, expected;
	struct eftf_gw_conf conf;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(CONF, wrong[i]);
	load(&conf, "pool = 10.1.0.0/24\npool6 = 2001:db8:64::/64\ngateway = 10.1.0.9\n");
	assert_int_equal(conf.ranges.size, 65536 + 256);
	inet_pton(AF_INET6, "2001:db8:64::1:3", &expected);
	six = eftf_gw_inner6(&conf, second);
	assert_memory_equal(&six, &expected, sizeof(six));
	assert_int_equal(eftf_gw_inner4(&conf, &six).s_addr, second.s_addr);
	six = eftf_gw_inner6(&conf, none);
	assert_true(IN6_IS_ADDR_UNSPECIFIED(&six));
	inet_pton(AF_INET6, "2001:db8:64::1:9", &expected);
	assert_memory_equal(&conf.gateway6, &expected, sizeof(six));
	expected.s6_addr[14] = 1;	/* one behind the last */
	expected.s6_addr[13] = 1;
	assert_int_equal(eftf_gw_inner4(&conf, &expected).s_addr, 0);
	eftf_gw_conf_free(&conf);
	load(&conf, "pool = 10.1.0.0/24\npool6 = 2001:db8:1::/64\npool6 = 2001:db8:2::/120\n");
	inet_pton(AF_INET6, "2001:db8:1::1", &expected);
	six = eftf_gw_inner6(&conf, first);
	assert_memory_equal(&six, &expected, sizeof(six));
	inet_pton(AF_INET6, "2001:db8:2::3", &expected);
	six = eftf_gw_inner6(&conf, second);
	assert_memory_equal(&six, &expected, sizeof(six));
	assert_int_equal(eftf_gw_inner4(&conf, &six).s_addr, second.s_addr);
	eftf_gw_conf_free(&conf);
	has("pool = 10.1.0.0/24\n", "ip saddr != { 10.64.0.0/16, 10.1.0.0/24 } counter name spoofed drop", true);
	has("pool = 10.1.0.0/24\npool6 = 2001:db8:1::/64, 2001:db8:2::/64\n",
	    "ip6 daddr { 2001:db8:1::/64, 2001:db8:2::/64 } counter name ue_to_ue drop", true);
}

/* The same, with numbers in the place of IPv4 addresses. */
static void test_ipv6_only(void **state)
{
	static const char *const wrong[] = {
		"", "pool6 = 2001:db8:64::/64\ngateway = 10.64.0.1\n", "pool6 = 2001:db8:64::/64\nroutes = 192.0.2.0/24\n",
		"pool6 = 2001:db8:64::/64\ndns = 192.0.2.1\n", "pool6 = 2001:db8:64::/63\npool6_each = 64\n",
	};
	static const char head[] = "[gateway]\ncert = a\nkey = b\npool = none\n";
	struct in_addr number = { htonl(5) };
	struct eftf_gw_conf conf;
	struct in6_addr six;
	char text[256], *policy;
	struct eftf_err err;
	size_t size;
	FILE *f;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		refused(head, wrong[i]);
	snprintf(text, sizeof(text), "%spool6 = 2001:db8:64::/120\nreach = 2001:db8:1::/48\n", head);
	if (eftf_gw_conf_load_text(&conf, text, strlen(text), "test", &err))
		fail_msg("%s", err.text);
	assert_true(conf.ipv6_only);
	assert_int_equal(conf.ranges.size, 256);
	assert_int_equal(conf.gateway6.s6_addr[15], 1);
	six = eftf_gw_inner6(&conf, number);
	assert_int_equal(six.s6_addr[15], 5);
	assert_int_equal(eftf_gw_inner4(&conf, &six).s_addr, number.s_addr);
	f = open_memstream(&policy, &size);
	eftf_policy_write(f, &conf);
	fclose(f);
	if (strstr(policy, "ip daddr") || strstr(policy, "ip saddr") || strstr(policy, "0.0.0.") ||
	    strstr(policy, "ipv4") || !strstr(policy, "meta nfproto != ipv6 counter name beyond_reach drop") ||
	    !strstr(policy, "ip6 daddr { 2001:db8:64::1, ff02::1:2 } udp dport 547 accept"))
		fail_msg("expected IPv6 alone, seen: %s", policy);
	free(policy);
	eftf_gw_conf_free(&conf);
	snprintf(text, sizeof(text), "%spool6 = 2001:db8:64::/64\n", head);
	if (eftf_gw_conf_load_text(&conf, text, strlen(text), "test", &err))
		fail_msg("%s", err.text);
	assert_int_equal(conf.ranges.size, 1 << 20);
	eftf_gw_conf_free(&conf);
	snprintf(text, sizeof(text), "%spool6 = 2001:db8:64::/56\npool6_each = 64\n", head);
	if (eftf_gw_conf_load_text(&conf, text, strlen(text), "test", &err))
		fail_msg("%s", err.text);
	assert_int_equal(conf.ranges.size, 256);
	six = eftf_gw_inner6(&conf, number);
	assert_int_equal(six.s6_addr[7], 5);
	assert_int_equal(eftf_gw_inner4(&conf, &six).s_addr, number.s_addr);
	eftf_gw_conf_free(&conf);
}

/* A reload leaves what sockets, device, tables and files were made from, and says that it does. */
static void test_reload(void **state)
{
	static const char *const fixed[] = {
		"listen = 127.0.0.1:4443\n", "device = eftf7\n", "pool6_each = 64\n", "pool6 = 2001:db8:64::/64\n", "gateway = 10.64.0.9\n",
		"announce = main\n", "mtu = 1400\n", "ue_to_ue = yes\n", "max_tunnels = 77\n", "workers = 200\n",
		"persistent = no\n", "state_dir = /elsewhere\n", "[status]\nsocket = /elsewhere\n",
		"[status]\nmetrics_listen = 127.0.0.1:9999\n",
	};
	struct eftf_gw_conf old, now, again;

	(void)state;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		load(&old, "lease = 60\n");
		load(&now, fixed[i]);
		if (eftf_gw_conf_keep(&old, &now))
			fail_msg("expected to be told of a change, seen none: %s", fixed[i]);
		/* nothing of it is left */
		load(&again, "lease = 60\n");
		if (!eftf_gw_conf_keep(&again, &now))
			fail_msg("expected the value of before, seen the new one: %s", fixed[i]);
		eftf_gw_conf_free(&old);
		eftf_gw_conf_free(&now);
		eftf_gw_conf_free(&again);
	}
	load(&old, "lease = 60\n");
	load(&now, "lease = 61\nhold = 5\nreach = 192.0.2.0/24\n");
	assert_true(eftf_gw_conf_keep(&old, &now));
	assert_int_equal(now.lease, 61);
	eftf_gw_conf_free(&old);
	eftf_gw_conf_free(&now);
}

static void test_rules(void **state)
{
	char *text = policy_of("");

	(void)state;
	/* the one table, replaced as a whole */
	assert_int_equal(strncmp(text, "table inet eftf-gw-eftf0\ndelete table inet eftf-gw-eftf0\n"
				 "table inet eftf-gw-eftf0 {\n", 83), 0);
	assert_null(strstr(text, "flush"));
	assert_null(strstr(strstr(text, "{"), "\ntable"));
	free(text);
	has("", "ip daddr { 10.64.0.1, 255.255.255.255 } udp dport 67 accept", true);
	has("gateway = 10.64.9.9\n", "ip daddr 10.64.9.9 icmp type echo-request accept", true);
	has("", "oifname \"eftf0\" counter name ue_to_ue drop", true);
	has("ue_to_ue = yes\n", "ue_to_ue drop", false);
	has("ue_to_ue = yes\n", "oifname \"eftf0\" accept", true);
	has("", "ct count over 1024", true);
	has("max_flows = 7\n", "ct count over 7", true);
	has("max_flows = 0\n", "flows", true);	/* the counter's name */
	has("max_flows = 0\n", "@flows", false);
	/* A device of this name must not stand for all that begin so, nor end the text. */
	has("device = eftf*\n", "iifname \"eftf\\*\"", true);
	has("device = e\"f\n", "iifname \"e\\\"f\"", true);
	has("device = e\"f\n", "table inet eftf-gw-e_f {", true);
	has("policy = open\n", "chain", false);
	/* IPv6 only where there are such addresses to give */
	has("", "ip6", false);
	has("", "meta nfproto != ipv4 counter name beyond_reach drop", true);
#define POOL6 "pool6 = 2001:db8:64::/64\n"
	has(POOL6, "nfproto", false);
	has(POOL6, "ip6 daddr { 2001:db8:64::1, ff02::1:2 } udp dport 547 accept", true);
	has(POOL6 "gateway = 10.64.9.9\n", "ip6 daddr 2001:db8:64::909 icmpv6 type echo-request accept", true);
	has(POOL6, "ip6 daddr != @reach6 counter name beyond_reach drop", true);
	has(POOL6, "ip6 saddr != @reach6 counter name from_beyond drop", true);
	has(POOL6, "ip6 daddr 2001:db8:64::/64 counter name ue_to_ue drop", true);
	has(POOL6, "iifname != { \"lo\", \"eftf0\" } ip6 saddr 2001:db8:64::/64 counter name spoofed drop", true);
	has(POOL6, "add @flows6 { ip6 saddr ct count over 1024 }", true);
	has(POOL6 "routes = 192.0.2.0/24, 2001:db8:1::/48\npcscf = 2001:db8:2::1\ndns = 2001:db8:2::2\n",
	    "elements = { 2001:db8:1::/48, 2001:db8:2::2/128, 2001:db8:2::1/128 }", true);
	has(POOL6 "routes = 192.0.2.0/24\nreach = 2001:db8:3::/48\n", "elements = { 2001:db8:3::/48 }", true);
	has(POOL6 "routes = 192.0.2.0/24\nreach = 2001:db8:3::/48\n", "192.0.2.0", false);
	has("policy = open\n", "delete table inet eftf-gw-eftf0", true);
}

/* An nft of our own: it keeps what it is told, and fails when it is told to. */
static void make_nft(const char *script)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/nft", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fchmod(fileno(f), 0700);
	fclose(f);
}

static unsigned int runs(void)
{
	char path[64], line[256];
	unsigned int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/runs", folder);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		n += !strncmp(line, "delete table", 12);
	if (f)
		fclose(f);
	return n;
}

static void test_life(void **state)
{
	struct eftf_policy p = { NULL, NULL };
	struct eftf_gw_conf conf, other, open;
	struct eftf_err err;

	(void)state;
	load(&conf, "routes = 192.0.2.0/24\n");
	load(&other, "routes = 198.51.100.0/24\n");
	load(&open, "policy = open\n");
	make_nft("cat >>$(dirname $0)/runs");
	assert_int_equal(eftf_policy_load(&p, &conf, &err), 0);
	assert_int_equal(runs(), 1);
	/* The same again: the counters go on. */
	assert_int_equal(eftf_policy_load(&p, &conf, &err), 0);
	assert_int_equal(runs(), 1);
	assert_int_equal(eftf_policy_load(&p, &other, &err), 0);
	assert_int_equal(runs(), 2);
	make_nft("cat >/dev/null; echo 'Error: no such thing' >&2; echo '  ^^^' >&2; exit 1");
	assert_int_equal(eftf_policy_load(&p, &conf, &err), -EPERM);
	assert_string_equal(err.text, "nft does not load the policy for the UEs: Error: no such thing");
	make_nft("cat >>$(dirname $0)/runs");
	/* What failed is not in force: it is tried again. */
	assert_int_equal(eftf_policy_load(&p, &conf, &err), 0);
	assert_int_equal(runs(), 3);
	assert_int_equal(eftf_policy_load(&p, &open, &err), 0);
	assert_int_equal(runs(), 4);
	eftf_policy_close(&p, false);
	assert_int_equal(runs(), 4);	/* it is not there any more */
	assert_int_equal(eftf_policy_load(&p, &conf, &err), 0);
	eftf_policy_close(&p, false);
	assert_int_equal(runs(), 6);
	eftf_gw_conf_free(&conf);
	eftf_gw_conf_free(&other);
	eftf_gw_conf_free(&open);
}

static int setup(void **state)
{
	char path[128];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", folder);
	return setenv("PATH", path, 1);
}

static int teardown(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/nft", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/runs", folder);
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reach), cmocka_unit_test(test_pool6), cmocka_unit_test(test_pool6_of_64), cmocka_unit_test(test_pool6_of_each_length), cmocka_unit_test(test_pools), cmocka_unit_test(test_ipv6_only), cmocka_unit_test(test_reload),
		cmocka_unit_test(test_rules), cmocka_unit_test(test_life),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
