// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/nl_parse.c lib/nl_attr.c lib/nl_genl.c lib/nl_sock.c lib/nl_rt_link.c lib/nl_rt_route.c lib/err.c */
/* libs: -lmnl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "nl_build.h"
#include "nl_sock.h"

static _Alignas(8) char buf[8192];

static bool has(const struct eftf_tunnel_info *info, int attr)
{
	return info->present >> attr & 1;
}

static void test_whole(void **state)
{
	struct nlmsghdr *nlh = nl_build_tunnel(buf, EFTF_CMD_EVENT_DOWN, 42);
	struct eftf_tunnel_info info;
	char text[INET6_ADDRSTRLEN];
	int i;

	(void)state;
	assert_int_equal(eftf_nl_tunnel_parse(nlh, &info), 0);
	for (i = EFTF_A_IFINDEX; i <= EFTF_A_MAX; i++)
		if (i != EFTF_A_FD && i != EFTF_A_NEGOTIATED && i != EFTF_A_KEY_TX &&
		    i != EFTF_A_KEY_RX)
			assert_true(has(&info, i));
	assert_int_equal(info.cmd, EFTF_CMD_EVENT_DOWN);
	assert_int_equal(info.ifindex, 7);
	assert_int_equal(info.id, 42);
	assert_string_equal(info.ifname, "eftf0");
	assert_int_equal(info.role, EFTF_ROLE_GW);
	assert_string_equal(inet_ntop(AF_INET, &info.inner4, text, sizeof(text)), "10.1.2.3");
	assert_string_equal(inet_ntop(AF_INET, &info.gateway4, text, sizeof(text)), "10.1.0.1");
	assert_string_equal(inet_ntop(AF_INET6, &info.inner6, text, sizeof(text)), "2001:db8:1::");
	assert_string_equal(inet_ntop(AF_INET6, &info.gateway6, text, sizeof(text)), "2001:db8::1");
	assert_int_equal(info.inner6_plen, 64);
	assert_int_equal(info.keepalive, 110);
	assert_true(info.persistent);
	assert_int_equal(info.reason, EFTF_REASON_ALERT);
	assert_string_equal(info.reason_name, "alert");
	assert_int_equal(info.alert, 20);
	assert_int_equal(info.sock_errno, 104);
	assert_int_equal(info.direction, EFTF_DIRECTION_RX);
	assert_int_equal(info.ticket_len, 5);
	assert_int_equal(info.outer_local.ss_family, AF_INET);
	assert_int_equal(info.outer_peer.ss_family, AF_INET6);
	assert_int_equal(info.tls_version, 0x0304);
	assert_int_equal(info.tls_cipher, 51);
	assert_int_equal(info.uptime, 3723004);
	assert_int_equal(info.key_records_tx, 1ull << 40);
	assert_int_equal(info.transport, 4);
	assert_true(info.update_requested);
	assert_int_equal(info.flight_bound, 16384);
	assert_int_equal(info.flight_base, 50000);
	assert_int_equal(info.flight_rate, 250000);
	for (i = EFTF_STAT_PAD + 1; i <= EFTF_STAT_MAX; i++)
		assert_int_equal(info.stats[i], 1000 + i);
	for (i = 0; i < EFTF_SOJOURN_BUCKETS; i++)
		assert_int_equal(info.sojourn[i], i * 10);
}

/* Every attribute at every wrong size: it is skipped, the others are there. */
static void test_wrong_size(void **state)
{
	static const char octets[200];
	int attr;

	(void)state;
	for (attr = EFTF_A_IFNAME; attr <= EFTF_A_MAX; attr++) {
		size_t len, right = 0;

		if (attr == EFTF_A_ID || attr == EFTF_A_STATS || attr == EFTF_A_TICKET)
			continue;
		for (len = 0; len <= sizeof(octets); len++) {
			struct nlmsghdr *nlh = nl_build_start(buf, EFTF_CMD_TUNNEL_GET), *exact;
			struct eftf_tunnel_info info;

			mnl_attr_put_u32(nlh, EFTF_A_IFINDEX, 7);
			mnl_attr_put_u32(nlh, EFTF_A_ID, 1);
			mnl_attr_put(nlh, (uint16_t)attr, len, octets);
			exact = nl_build_exact(nlh, nlh->nlmsg_len);
			assert_int_equal(eftf_nl_tunnel_parse(exact, &info), 0);
			assert_int_equal(info.ifindex, 7);
			assert_int_equal(info.id, 1);
			right += has(&info, attr);
			free(exact);
		}
		/* Plain numbers and addresses have one right size; empty strings and
		 * addresses of family 0 none; buckets any number that there may be.
		 */
		if (attr == EFTF_A_SOJOURN)
			assert_int_equal(right, EFTF_SOJOURN_BUCKETS);
		else
			assert_true(right <= 1);
	}
}

static void one(uint16_t attr, const void *data, size_t len, struct eftf_tunnel_info *info)
{
	struct nlmsghdr *nlh = nl_build_start(buf, EFTF_CMD_TUNNEL_GET);
	struct nlmsghdr *exact;

	mnl_attr_put_u32(nlh, EFTF_A_IFINDEX, 7);
	mnl_attr_put_u32(nlh, EFTF_A_ID, 1);
	mnl_attr_put(nlh, attr, len, data);
	exact = nl_build_exact(nlh, nlh->nlmsg_len);
	assert_int_equal(eftf_nl_tunnel_parse(exact, info), 0);
	free(exact);
}

static void test_wrong_value(void **state)
{
	struct eftf_tunnel_info info;
	struct sockaddr_in sin = {.sin_family = AF_INET6};

	(void)state;
	one(EFTF_A_ROLE, "\2", 1, &info);
	assert_false(has(&info, EFTF_A_ROLE));
	one(EFTF_A_PERSISTENT, "\2", 1, &info);
	assert_false(has(&info, EFTF_A_PERSISTENT));
	assert_false(info.persistent);
	one(EFTF_A_INNER6_PLEN, "\0", 1, &info);
	assert_false(has(&info, EFTF_A_INNER6_PLEN));
	one(EFTF_A_INNER6_PLEN, "\201", 1, &info);
	assert_false(has(&info, EFTF_A_INNER6_PLEN));
	one(EFTF_A_INNER6_PLEN, "\200", 1, &info);
	assert_int_equal(info.inner6_plen, 128);
	one(EFTF_A_DIRECTION, "\2", 1, &info);
	assert_false(has(&info, EFTF_A_DIRECTION));
	one(EFTF_A_TRANSPORT, "\0\0\0\0", 4, &info);
	assert_false(has(&info, EFTF_A_TRANSPORT));
	one(EFTF_A_UPDATE_REQUESTED, "\2", 1, &info);
	assert_false(has(&info, EFTF_A_UPDATE_REQUESTED));
	assert_false(info.update_requested);
	one(EFTF_A_ERRNO, "\377\377\377\377", 4, &info);
	assert_false(has(&info, EFTF_A_ERRNO));
	one(EFTF_A_OUTER_PEER, &sin, sizeof(sin), &info);
	assert_false(has(&info, EFTF_A_OUTER_PEER));
	assert_int_equal(info.outer_peer.ss_family, 0);
}

static void test_strings(void **state)
{
	struct eftf_tunnel_info info;

	(void)state;
	one(EFTF_A_IFNAME, "eftf0", 5, &info);		/* no NUL in the message */
	assert_string_equal(info.ifname, "eftf0");
	one(EFTF_A_IFNAME, "123456789012345", 16, &info);
	assert_string_equal(info.ifname, "123456789012345");
	one(EFTF_A_IFNAME, "1234567890123456", 16, &info);
	assert_false(has(&info, EFTF_A_IFNAME));
	assert_string_equal(info.ifname, "");
	one(EFTF_A_IFNAME, "ab\0cd", 5, &info);
	assert_string_equal(info.ifname, "ab");
}

static void test_no_tunnel(void **state)
{
	struct nlmsghdr *nlh = nl_build_start(buf, EFTF_CMD_TUNNEL_GET);
	struct eftf_tunnel_info info;

	(void)state;
	assert_int_equal(eftf_nl_tunnel_parse(nlh, &info), -EBADMSG);
	mnl_attr_put_u32(nlh, EFTF_A_IFINDEX, 7);
	assert_int_equal(eftf_nl_tunnel_parse(nlh, &info), -EBADMSG);
	mnl_attr_put_u32(nlh, EFTF_A_ID, 0);
	assert_int_equal(eftf_nl_tunnel_parse(nlh, &info), -EBADMSG);
	mnl_attr_put_u32(nlh, EFTF_A_ID, 1);
	assert_int_equal(eftf_nl_tunnel_parse(nlh, &info), 0);
	nlh->nlmsg_len = NLMSG_HDRLEN + 3;
	assert_int_equal(eftf_nl_tunnel_parse(nlh, &info), -EBADMSG);
}

static void test_unknown_attributes(void **state)
{
	struct eftf_tunnel_info info;

	(void)state;
	one(EFTF_A_MAX + 1, "12345678", 8, &info);
	assert_int_equal(info.present, 1ull << EFTF_A_IFINDEX | 1ull << EFTF_A_ID);
	one(NLA_F_NESTED | (EFTF_A_MAX + 20), "", 0, &info);
	assert_int_equal(info.present, 1ull << EFTF_A_IFINDEX | 1ull << EFTF_A_ID);
}

static void test_stats_nest(void **state)
{
	struct nlmsghdr *nlh = nl_build_start(buf, EFTF_CMD_TUNNEL_GET), *exact;
	struct eftf_tunnel_info info;
	struct nlattr *nest;

	(void)state;
	mnl_attr_put_u32(nlh, EFTF_A_IFINDEX, 7);
	mnl_attr_put_u32(nlh, EFTF_A_ID, 1);
	nest = mnl_attr_nest_start(nlh, EFTF_A_STATS);
	mnl_attr_put_u32(nlh, EFTF_STAT_TX_PACKETS, 5);		/* too short */
	mnl_attr_put_u64(nlh, EFTF_STAT_MAX + 1, 6);		/* of a newer module */
	mnl_attr_put_u64(nlh, EFTF_STAT_PAD, 7);
	mnl_attr_put_u64(nlh, EFTF_STAT_RX_PACKETS, 8);
	mnl_attr_nest_end(nlh, nest);
	exact = nl_build_exact(nlh, nlh->nlmsg_len);
	assert_int_equal(eftf_nl_tunnel_parse(exact, &info), 0);
	assert_int_equal(info.stats[EFTF_STAT_TX_PACKETS], 0);
	assert_int_equal(info.stats[EFTF_STAT_PAD], 0);
	assert_int_equal(info.stats[EFTF_STAT_RX_PACKETS], 8);
	free(exact);
}

/* Cut at every octet, with the length of the message saying so. */
static void test_truncated(void **state)
{
	struct nlmsghdr *nlh = nl_build_tunnel(buf, EFTF_CMD_TUNNEL_GET, 42);
	uint32_t len, whole = nlh->nlmsg_len;

	(void)state;
	for (len = NLMSG_HDRLEN; len < whole; len++) {
		struct nlmsghdr *exact = nl_build_exact(buf, len);
		struct eftf_tunnel_info info;
		int ret;

		exact->nlmsg_len = len;
		ret = eftf_nl_tunnel_parse(exact, &info);
		assert_true(ret == 0 || ret == -EBADMSG);
		assert_true(len >= 48 || ret == -EBADMSG);
		free(exact);
	}
}

static int parse_any(const struct nlmsghdr *nlh, unsigned int which)
{
	struct eftf_tunnel_info tunnel;
	struct eftf_nl_family family;
	struct eftf_link_info link;
	struct eftf_route route;
	size_t len;

	switch (which) {
	case 0:
		return eftf_nl_tunnel_parse(nlh, &tunnel);
	case 1:
		return eftf_nl_link_parse(nlh, &link);
	case 2:
		return eftf_nl_route_parse(nlh, &route);
	case 3:
		return eftf_nl_family_parse(nlh, &family);
	default:
		return eftf_nl_extack(nlh, &len) ? eftf_nl_errno(nlh) : 0;
	}
}

/* Any octets may be wrong; what counts is that nothing outside is read. */
static void mutate(const struct nlmsghdr *nlh, unsigned int which)
{
	uint32_t seed = 0x1234567 + which, rounds;
	unsigned int good = 0;

	for (rounds = 0; rounds < 100000; rounds++) {
		struct nlmsghdr *exact = nl_build_exact(nlh, nlh->nlmsg_len);
		uint32_t n = nl_build_random(&seed) % 4 + 1;

		while (n--) {
			uint32_t at = nl_build_random(&seed) % nlh->nlmsg_len;

			((uint8_t *)exact)[at] = (uint8_t)nl_build_random(&seed);
		}
		if (eftf_nl_msg_next(exact, nlh->nlmsg_len, NULL))
			good += parse_any(exact, which) == 0;
		free(exact);
	}
	assert_true(good > 0);
}

static struct nlmsghdr *build_link(const char *kind)
{
	static const uint16_t ports[] = {5060, 5061};
	static const uint8_t addr[16] = {0};
	struct rtnl_link_stats64 st = {.rx_packets = 1, .tx_packets = 2, .rx_bytes = 3,
				       .tx_bytes = 4, .rx_errors = 5, .tx_errors = 6,
				       .rx_dropped = 7, .tx_dropped = 8};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	struct nlattr *info, *data;

	nlh->nlmsg_type = RTM_NEWLINK;
	ifi->ifi_index = 9;
	ifi->ifi_flags = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFNAME, "eftf0");
	mnl_attr_put_u32(nlh, IFLA_MTU, 1400);
	mnl_attr_put_u8(nlh, IFLA_CARRIER, 1);
	mnl_attr_put(nlh, IFLA_STATS64, sizeof(st), &st);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kind);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u8(nlh, IFLA_EFTF_ROLE, EFTF_ROLE_GW);
	mnl_attr_put_u8(nlh, IFLA_EFTF_UE_TO_UE, 1);
	mnl_attr_put_u32(nlh, IFLA_EFTF_TUNNELS, 12);
	mnl_attr_put_u8(nlh, IFLA_EFTF_KEY_UPDATE, 1);
	mnl_attr_put_u32(nlh, IFLA_EFTF_FLIGHT_TARGET, 20);
	mnl_attr_put_u32(nlh, IFLA_EFTF_FLIGHT_HOLD, 30);
	mnl_attr_put(nlh, IFLA_EFTF_SIP_PORTS, sizeof(ports), ports);
	mnl_attr_put(nlh, IFLA_EFTF_PCSCF, 15, addr);	/* one octet is missing */
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return nlh;
}

static void test_link(void **state)
{
	struct eftf_link_info link;

	(void)state;
	assert_int_equal(eftf_nl_link_parse(build_link("eftf"), &link), 0);
	assert_string_equal(link.name, "eftf0");
	assert_int_equal(link.ifindex, 9);
	assert_int_equal(link.mtu, 1400);
	assert_int_equal(link.tunnels, 12);
	assert_int_equal(link.role, EFTF_ROLE_GW);
	assert_true(link.up && link.carrier && link.ue_to_ue && link.key_update);
	assert_int_equal(link.flight_target, 20);
	assert_int_equal(link.flight_hold, 30);
	assert_int_equal(link.sip_ports.n, 2);
	assert_int_equal(link.sip_ports.v[1], 5061);
	assert_int_equal(link.pcscf.n, 0);
	assert_int_equal(link.rx_packets, 1);
	assert_int_equal(link.tx_dropped, 8);
	assert_int_equal(eftf_nl_link_parse(build_link("dummy"), &link), -ENODEV);
	assert_int_equal(eftf_nl_link_parse(build_link("eftf2"), &link), -ENODEV);
}

static struct nlmsghdr *build_route(void)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = AF_INET;
	rtm->rtm_dst_len = 32;
	mnl_attr_put(nlh, RTA_DST, 4, "\300\0\2\1");
	mnl_attr_put(nlh, RTA_GATEWAY, 4, "\12\0\0\1");
	mnl_attr_put(nlh, RTA_PREFSRC, 4, "\12\0\0\2");
	mnl_attr_put_u32(nlh, RTA_OIF, 3);
	return nlh;
}

static void test_route(void **state)
{
	struct nlmsghdr *nlh = build_route();
	struct eftf_route route;

	(void)state;
	assert_int_equal(eftf_nl_route_parse(nlh, &route), 0);
	assert_true(route.has_via && route.has_src);
	assert_int_equal(route.ifindex, 3);
	assert_int_equal(route.plen, 32);
	assert_memory_equal(route.via, "\12\0\0\1", 4);
	assert_memory_equal(route.src, "\12\0\0\2", 4);
	mnl_attr_put_u32(nlh, RTA_TABLE, 100000);
	assert_int_equal(eftf_nl_route_parse(nlh, &route), 0);
	assert_int_equal(route.table, 100000);
	mnl_attr_put(nlh, RTA_GATEWAY, 16, "1234567890123456");
	assert_int_equal(eftf_nl_route_parse(nlh, &route), 0);
	assert_false(route.has_via);
	mnl_attr_put(nlh, RTA_VIA, 18, "\12\0001234567890123456");
	assert_int_equal(eftf_nl_route_parse(nlh, &route), -EAFNOSUPPORT);
}

static struct nlmsghdr *build_family(void)
{
	struct nlmsghdr *nlh = nl_build_start(buf, CTRL_CMD_NEWFAMILY);
	struct nlattr *groups, *group;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, EFTF_GENL_NAME);
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, NL_BUILD_FAMILY);
	mnl_attr_put_u32(nlh, CTRL_ATTR_VERSION, EFTF_GENL_VERSION);
	groups = mnl_attr_nest_start(nlh, CTRL_ATTR_MCAST_GROUPS);
	group = mnl_attr_nest_start(nlh, 1);
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, 77);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, "other");
	mnl_attr_nest_end(nlh, group);
	group = mnl_attr_nest_start(nlh, 2);
	mnl_attr_put_u32(nlh, CTRL_ATTR_MCAST_GRP_ID, 78);
	mnl_attr_put_strz(nlh, CTRL_ATTR_MCAST_GRP_NAME, EFTF_MCGRP_EVENTS);
	mnl_attr_nest_end(nlh, group);
	mnl_attr_nest_end(nlh, groups);
	return nlh;
}

static void test_family(void **state)
{
	struct eftf_nl_family family;

	(void)state;
	assert_int_equal(eftf_nl_family_parse(build_family(), &family), 0);
	assert_int_equal(family.id, NL_BUILD_FAMILY);
	assert_int_equal(family.events, 78);
	assert_int_equal(family.version, EFTF_GENL_VERSION);
}

static struct nlmsghdr *build_error(bool capped, const char *text)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_ACK_TLVS | (capped ? NLM_F_CAPPED : 0);
	e->error = -EINVAL;
	e->msg.nlmsg_len = NLMSG_HDRLEN + 20;
	if (!capped)
		mnl_nlmsg_put_extra_header(nlh, 20);
	mnl_attr_put_u32(nlh, 2 /* NLMSGERR_ATTR_OFFS */, 24);
	mnl_attr_put_strz(nlh, 1 /* NLMSGERR_ATTR_MSG */, text);
	return nlh;
}

static void test_extack(void **state)
{
	struct nlmsghdr *nlh;
	const char *text;
	size_t len;
	int capped;

	(void)state;
	for (capped = 0; capped < 2; capped++) {
		nlh = build_error(capped, "socket is not kTLS");
		text = eftf_nl_extack(nlh, &len);
		assert_non_null(text);
		assert_int_equal(len, strlen("socket is not kTLS"));
		assert_memory_equal(text, "socket is not kTLS", len);
		assert_int_equal(eftf_nl_errno(nlh), -EINVAL);
		nlh->nlmsg_flags &= (uint16_t)~NLM_F_ACK_TLVS;
		assert_null(eftf_nl_extack(nlh, &len));
	}
	assert_null(eftf_nl_extack(build_error(true, ""), &len));
}

static void test_errno(void **state)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	(void)state;
	nlh->nlmsg_type = NLMSG_DONE;
	assert_int_equal(eftf_nl_errno(nlh), 0);
	*(int32_t *)mnl_nlmsg_put_extra_header(nlh, 4) = -ENOMEM;
	assert_int_equal(eftf_nl_errno(nlh), -ENOMEM);
	*(int32_t *)mnl_nlmsg_get_payload(nlh) = 5;
	assert_int_equal(eftf_nl_errno(nlh), -EBADMSG);
	nlh->nlmsg_type = NLMSG_ERROR;
	assert_int_equal(eftf_nl_errno(nlh), -EBADMSG);
}

static void test_messages(void **state)
{
	struct nlmsghdr *a = mnl_nlmsg_put_header(buf), *b;

	(void)state;
	a->nlmsg_len = 21;
	b = mnl_nlmsg_put_header(buf + 24);
	assert_ptr_equal(eftf_nl_msg_next(buf, 40, NULL), a);
	assert_ptr_equal(eftf_nl_msg_next(buf, 40, a), b);
	assert_null(eftf_nl_msg_next(buf, 40, b));
	assert_null(eftf_nl_msg_next(buf, 39, a));
	assert_null(eftf_nl_msg_next(buf, 23, a));
	assert_null(eftf_nl_msg_next(buf, 20, NULL));
	assert_null(eftf_nl_msg_next(buf, 15, NULL));
	assert_null(eftf_nl_msg_next(buf, 0, NULL));
	b->nlmsg_len = 15;
	assert_null(eftf_nl_msg_next(buf, 40, a));
	b->nlmsg_len = 0x80000010;
	assert_null(eftf_nl_msg_next(buf, 40, a));
	a->nlmsg_len = 0xffffffff;
	assert_null(eftf_nl_msg_next(buf, 40, NULL));
}

static void test_mutated(void **state)
{
	(void)state;
	mutate(nl_build_tunnel(buf, EFTF_CMD_TUNNEL_GET, 42), 0);
	mutate(build_link("eftf"), 1);
	mutate(build_route(), 2);
	mutate(build_family(), 3);
	mutate(build_error(true, "text"), 4);
	mutate(build_error(false, "text"), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_wrong_size),
		cmocka_unit_test(test_wrong_value),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_no_tunnel),
		cmocka_unit_test(test_unknown_attributes),
		cmocka_unit_test(test_stats_nest),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_family),
		cmocka_unit_test(test_extack),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
