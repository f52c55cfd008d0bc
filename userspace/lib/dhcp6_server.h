/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's half of dhcp6.h for one UE at the other end of a tunnel: a
 * message goes in, an answer comes out, addresses come from callbacks. No I/O.
 */
#ifndef EFTF_DHCP6_SERVER_H
#define EFTF_DHCP6_SERVER_H

#include "dhcp6.h"

/* What every UE is told. */
struct eftf_dhcp6s_policy {
	struct eftf_duid duid;		/* server identifier */
	struct in6_addr server;		/* where renewals go */
	uint32_t lease;			/* seconds; EFTF_DHCP_FOREVER: for ever */
	struct in6_addr dns[EFTF_DHCP6_MAX_ADDRS];
	size_t n_dns;
	struct in6_addr sip[EFTF_DHCP6_MAX_ADDRS];
	size_t n_sip;
	char sip_name[EFTF_DHCP_NAME];
	uint16_t keepalive, keepalive_min, keepalive_max;	/* seconds; keepalive 0: off */
	uint32_t enterprise;
};

/* Where addresses come from, as struct eftf_dhcp4s_pool says it. */
struct eftf_dhcp6s_pool {
	int (*get)(void *arg, const struct eftf_dhcp6_msg *msg, struct in6_addr *addr);
	void (*put)(void *arg, const struct in6_addr *addr);
	int (*confirm)(void *arg, const struct eftf_dhcp6_msg *msg, const struct in6_addr *addr,
		       uint8_t *token, size_t *token_len);
};

/* One UE. Starts as 0. */
struct eftf_dhcp6s {
	struct in6_addr address;	/* offered or leased; ::, none */
	bool bound;			/* the UE has it */
	uint16_t keepalive;		/* decided; seconds, 0: off */
	uint8_t token[EFTF_DHCP6_TOKEN_MAX];
	size_t token_len;
};

static inline bool eftf_dhcp6s_replies(enum eftf_dhcps_result result)
{
	return result != EFTF_DHCPS_IGNORED;
}

enum eftf_dhcps_result eftf_dhcp6s_input(struct eftf_dhcp6s *s,
					 const struct eftf_dhcp6s_policy *policy,
					 const struct eftf_dhcp6s_pool *pool, void *arg,
					 const struct eftf_dhcp6_msg *msg,
					 struct eftf_dhcp6_msg *reply);

#endif
