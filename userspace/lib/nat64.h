/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 addresses on a network that has IPv6 only: the prefix of its translator,
 * learned from the name ipv4only.arpa (RFC 7050), and addresses made with it (RFC 6052).
 */
#ifndef EFTF_NAT64_H
#define EFTF_NAT64_H

#include <netinet/in.h>
#include <stdbool.h>

#define EFTF_NAT64_NAME "ipv4only.arpa"

struct eftf_nat64 {
	struct in6_addr prefix;		/* bits behind plen are 0 */
	unsigned int plen;		/* 32, 40, 48, 56, 64 or 96 */
};

/* One AAAA of that name. False: it is no translation of the name's IPv4 addresses. */
bool eftf_nat64_learn(struct eftf_nat64 *nat, const struct in6_addr *answer);
/* The IPv6 address by which addr is reached. */
struct in6_addr eftf_nat64_embed(const struct eftf_nat64 *nat, struct in_addr addr);

#endif
