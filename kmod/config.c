// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tunnel's attributes may ask for: times and inner addresses, checked.
 */
#include <net/ipv6.h>
#include <net/netlink.h>

#include "config.h"
#include "echo.h"
#include "types.h"

#define EFTF_KEEPALIVE_MAX	65535		/* s */
#define EFTF_TIMEOUT_MAX	(7 * 24 * 3600)	/* s; far from wrapping in jiffies */
#define EFTF_STALL_MAX		3600		/* s; TCP has given up long before */

/**
 * eftf_config_parse_times - take over the times that a message sets
 * @attrs: attributes of a message, by their numbers
 * @c: configuration of a tunnel; a time that is not in @attrs stays. Changed in
 *	part if the message is refused
 * @extack: told why not
 *
 * Context: process.
 * Return: 0; -ERANGE: out of range; as eftf_echo_check().
 */
int eftf_config_parse_times(struct nlattr **attrs, struct eftf_tunnel_config *c,
			    struct netlink_ext_ack *extack)
{
	if (attrs[EFTF_A_KEEPALIVE])
		c->keepalive = nla_get_u32(attrs[EFTF_A_KEEPALIVE]);
	if (attrs[EFTF_A_TIMEOUT])
		c->timeout = nla_get_u32(attrs[EFTF_A_TIMEOUT]);
	if (c->keepalive > EFTF_KEEPALIVE_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[EFTF_A_KEEPALIVE],
				    "the keep-alive interval is at most 65535 seconds");
		return -ERANGE;
	}
	if (c->timeout > EFTF_TIMEOUT_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[EFTF_A_TIMEOUT],
				    "the timeout is at most 604800 seconds");
		return -ERANGE;
	}
	if (attrs[EFTF_A_STALL])
		c->stall = nla_get_u32(attrs[EFTF_A_STALL]);
	if (c->stall > EFTF_STALL_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[EFTF_A_STALL],
				    "the stall time is at most 3600 seconds");
		return -ERANGE;
	}
	return eftf_echo_check(c, extack);
}

static bool eftf_config_unicast4(__be32 addr)
{
	return addr && !ipv4_is_multicast(addr) && !ipv4_is_lbcast(addr) &&
	       !ipv4_is_loopback(addr);
}

static bool eftf_config_unicast6(const struct in6_addr *addr)
{
	return !ipv6_addr_any(addr) && !ipv6_addr_is_multicast(addr) &&
	       !ipv6_addr_loopback(addr) && !ipv6_addr_v4mapped(addr);
}

static int eftf_config_addresses(struct nlattr **attrs, struct eftf_tunnel_config *c,
				 struct netlink_ext_ack *extack)
{
	if (attrs[EFTF_A_INNER4]) {
		c->has_inner4 = true;
		c->inner4 = nla_get_in_addr(attrs[EFTF_A_INNER4]);
	}
	if (attrs[EFTF_A_GATEWAY4]) {
		c->has_gateway4 = true;
		c->gateway4 = nla_get_in_addr(attrs[EFTF_A_GATEWAY4]);
	}
	if (attrs[EFTF_A_INNER6]) {
		c->has_inner6 = true;
		c->inner6 = nla_get_in6_addr(attrs[EFTF_A_INNER6]);
	}
	if (attrs[EFTF_A_GATEWAY6]) {
		c->has_gateway6 = true;
		c->gateway6 = nla_get_in6_addr(attrs[EFTF_A_GATEWAY6]);
	}
	c->plen = attrs[EFTF_A_INNER6_PLEN] ? nla_get_u8(attrs[EFTF_A_INNER6_PLEN]) : 128;
	if (!c->has_inner4 && !c->has_inner6) {
		NL_SET_ERR_MSG(extack, "a tunnel needs an inner address: INNER4, INNER6 or both");
		return -EINVAL;
	}
	if ((c->has_inner4 && !eftf_config_unicast4(c->inner4)) ||
	    (c->has_gateway4 && !eftf_config_unicast4(c->gateway4)) ||
	    (c->has_inner6 && !eftf_config_unicast6(&c->inner6)) ||
	    (c->has_gateway6 && !eftf_config_unicast6(&c->gateway6))) {
		NL_SET_ERR_MSG(extack, "an inner address is not a unicast address");
		return -EADDRNOTAVAIL;
	}
	return 0;
}

/**
 * eftf_config_parse - what a new tunnel is to be
 * @attrs: attributes of TUNNEL_NEW, by their numbers
 * @c: set; zeroed beforehand but for defaults
 * @extack: told why not
 *
 * Context: process.
 * Return: 0; -EINVAL: no inner address; -EADDRNOTAVAIL: one is no unicast
 * address; as eftf_config_parse_times().
 */
int eftf_config_parse(struct nlattr **attrs, struct eftf_tunnel_config *c,
		      struct netlink_ext_ack *extack)
{
	int err;

	if (attrs[EFTF_A_ID])
		c->id = nla_get_u32(attrs[EFTF_A_ID]);
	if (attrs[EFTF_A_PERSISTENT])
		c->persistent = nla_get_u8(attrs[EFTF_A_PERSISTENT]);
	c->negotiated = nla_get_flag(attrs[EFTF_A_NEGOTIATED]);
	if (attrs[EFTF_A_RECORD_LIMIT])
		c->record_limit = nla_get_u64(attrs[EFTF_A_RECORD_LIMIT]);
	err = eftf_config_addresses(attrs, c, extack);
	return err ?: eftf_config_parse_times(attrs, c, extack);
}
