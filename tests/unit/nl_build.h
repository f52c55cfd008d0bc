/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hand-made netlink messages for the tests of userspace/lib/nl_*.c. */
#ifndef EFTF_TEST_NL_BUILD_H
#define EFTF_TEST_NL_BUILD_H

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include <linux/eftf.h>

#define NL_BUILD_FAMILY 30

static inline struct nlmsghdr *nl_build_start(char *buf, uint8_t cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = NL_BUILD_FAMILY;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = EFTF_GENL_VERSION;
	return nlh;
}

static inline void nl_build_outer(struct nlmsghdr *nlh)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(40000)};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};

	inet_pton(AF_INET, "192.0.2.1", &sin.sin_addr);
	inet_pton(AF_INET6, "2001:db8::443", &sin6.sin6_addr);
	mnl_attr_put(nlh, EFTF_A_OUTER_LOCAL, sizeof(sin), &sin);
	mnl_attr_put(nlh, EFTF_A_OUTER_PEER, sizeof(sin6), &sin6);
}

/* Counter n has the value 1000 + n, sojourn bucket i the value i * 10. */
static inline void nl_build_counters(struct nlmsghdr *nlh)
{
	uint64_t sojourn[EFTF_SOJOURN_BUCKETS];
	struct nlattr *nest;
	unsigned int i;

	nest = mnl_attr_nest_start(nlh, EFTF_A_STATS);
	for (i = EFTF_STAT_PAD + 1; i <= EFTF_STAT_MAX; i++)
		mnl_attr_put_u64(nlh, (uint16_t)i, 1000 + i);
	mnl_attr_nest_end(nlh, nest);
	for (i = 0; i < EFTF_SOJOURN_BUCKETS; i++)
		sojourn[i] = i * 10;
	mnl_attr_put(nlh, EFTF_A_SOJOURN, sizeof(sojourn), sojourn);
}

/* A whole description, every attribute in it. buf: at least 2048 octets. */
static inline struct nlmsghdr *nl_build_tunnel(char *buf, uint8_t cmd, uint32_t id)
{
	struct nlmsghdr *nlh = nl_build_start(buf, cmd);
	struct in6_addr addr6;
	struct in_addr addr4;

	mnl_attr_put_u32(nlh, EFTF_A_IFINDEX, 7);
	mnl_attr_put_strz(nlh, EFTF_A_IFNAME, "eftf0");
	mnl_attr_put_u32(nlh, EFTF_A_ID, id);
	inet_pton(AF_INET, "10.1.2.3", &addr4);
	mnl_attr_put(nlh, EFTF_A_INNER4, sizeof(addr4), &addr4);
	inet_pton(AF_INET, "10.1.0.1", &addr4);
	mnl_attr_put(nlh, EFTF_A_GATEWAY4, sizeof(addr4), &addr4);
	inet_pton(AF_INET6, "2001:db8:1::", &addr6);
	mnl_attr_put(nlh, EFTF_A_INNER6, sizeof(addr6), &addr6);
	mnl_attr_put_u8(nlh, EFTF_A_INNER6_PLEN, 64);
	inet_pton(AF_INET6, "2001:db8::1", &addr6);
	mnl_attr_put(nlh, EFTF_A_GATEWAY6, sizeof(addr6), &addr6);
	mnl_attr_put_u32(nlh, EFTF_A_KEEPALIVE, 110);
	mnl_attr_put_u32(nlh, EFTF_A_TIMEOUT, 0);
	mnl_attr_put_u8(nlh, EFTF_A_PERSISTENT, 1);
	mnl_attr_put_u64(nlh, EFTF_A_RECORD_LIMIT, 0);
	mnl_attr_put_u8(nlh, EFTF_A_ROLE, EFTF_ROLE_GW);
	mnl_attr_put_u32(nlh, EFTF_A_REASON, EFTF_REASON_ALERT);
	mnl_attr_put_strz(nlh, EFTF_A_REASON_NAME, "alert");
	mnl_attr_put_u8(nlh, EFTF_A_ALERT, 20);
	mnl_attr_put_u32(nlh, EFTF_A_ERRNO, 104);
	mnl_attr_put_u8(nlh, EFTF_A_DIRECTION, EFTF_DIRECTION_RX);
	mnl_attr_put(nlh, EFTF_A_TICKET, 5, "\4\0\0\1x");
	nl_build_outer(nlh);
	mnl_attr_put_u16(nlh, EFTF_A_TLS_VERSION, 0x0304);
	mnl_attr_put_u16(nlh, EFTF_A_TLS_CIPHER, 51);
	mnl_attr_put_u64(nlh, EFTF_A_UPTIME, 3723004);
	mnl_attr_put_u64(nlh, EFTF_A_RX_AGE, 450);
	mnl_attr_put_u64(nlh, EFTF_A_TX_AGE, 12345);
	mnl_attr_put_u32(nlh, EFTF_A_SRTT, 1530);
	mnl_attr_put_u32(nlh, EFTF_A_UNSENT, 5000);
	mnl_attr_put_u32(nlh, EFTF_A_STALL, 10);
	mnl_attr_put_u32(nlh, EFTF_A_UNACKED, 2000);
	mnl_attr_put_u32(nlh, EFTF_A_RETRANSMITS, 2);
	mnl_attr_put_u32(nlh, EFTF_A_PATH_MTU, 1280);
	mnl_attr_put_u32(nlh, EFTF_A_QUEUE_PACKETS, 3);
	mnl_attr_put_u32(nlh, EFTF_A_QUEUE_BYTES, 700);
	mnl_attr_put_u64(nlh, EFTF_A_KEY_RECORDS_TX, 1ull << 40);
	mnl_attr_put_u64(nlh, EFTF_A_KEY_RECORDS_RX, 9);
	nl_build_counters(nlh);
	mnl_attr_put_u32(nlh, EFTF_A_TRANSPORTS, 1);
	mnl_attr_put_u32(nlh, EFTF_A_TRANSPORT, 4);
	mnl_attr_put_u8(nlh, EFTF_A_UPDATE_REQUESTED, 1);
	mnl_attr_put_u32(nlh, EFTF_A_FLIGHT_BOUND, 16384);
	mnl_attr_put_u32(nlh, EFTF_A_FLIGHT_BASE, 50000);
	mnl_attr_put_u32(nlh, EFTF_A_FLIGHT_RATE, 250000);
	return nlh;
}

/* A copy of len octets at the end of its own memory: reading past it is seen. */
static inline struct nlmsghdr *nl_build_exact(const void *msg, size_t len)
{
	void *copy = malloc(len ? len : 1);

	if (copy)
		memcpy(copy, msg, len);
	return copy;
}

/* A repeatable sequence of numbers (xorshift). */
static inline uint32_t nl_build_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

#endif
