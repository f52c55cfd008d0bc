/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's half of dhcp4.h for one UE at the other end of a tunnel: a
 * message goes in, an answer comes out, addresses come from callbacks. No I/O.
 */
#ifndef EFTF_DHCP4_SERVER_H
#define EFTF_DHCP4_SERVER_H

#include "dhcp4.h"

/* What every UE is told. */
struct eftf_dhcp4s_policy {
	struct in_addr server;		/* server identifier and router */
	struct in_addr mask;
	uint16_t mtu;			/* 0: not said */
	uint32_t lease;			/* seconds; 0xffffffff: for ever */
	struct in_addr dns[EFTF_DHCP4_MAX_ADDRS];
	size_t n_dns;
	struct in_addr sip[EFTF_DHCP4_MAX_ADDRS];
	size_t n_sip;
	char sip_name[256];
	struct eftf_dhcp4_route routes[EFTF_DHCP4_MAX_ROUTES];
	size_t n_routes;
	uint16_t keepalive, keepalive_min, keepalive_max;	/* seconds; keepalive 0: off */
	uint32_t enterprise;
};

/*
 * Where addresses come from. get: an address for this UE (msg: its message,
 * with token, client identifier, requested address); 0, or -ENOSPC if none is
 * left. put: an address that was taken and not confirmed. confirm: the
 * UE (msg: its REQUEST) has it now; fills the token to resume with, of which
 * there is room for EFTF_DHCP4_TOKEN_MAX octets; 0 or a negative errno. A NULL
 * in the place of the table: there is nothing to give out, as inside a tunnel,
 * where a lease that is bound goes on.
 */
struct eftf_dhcp4s_pool {
	int (*get)(void *arg, const struct eftf_dhcp4_msg *msg, struct in_addr *addr);
	void (*put)(void *arg, struct in_addr addr);
	int (*confirm)(void *arg, const struct eftf_dhcp4_msg *msg, struct in_addr addr,
		       uint8_t *token, size_t *token_len);
};

/* One UE. Starts as 0. */
struct eftf_dhcp4s {
	struct in_addr address;		/* offered or leased; 0.0.0.0: none */
	bool bound;			/* the UE has it */
	uint16_t keepalive;		/* decided; seconds, 0: off */
	uint8_t token[EFTF_DHCP4_TOKEN_MAX];
	size_t token_len;
};

bool eftf_dhcp4s_replies(enum eftf_dhcps_result result);
enum eftf_dhcps_result eftf_dhcp4s_input(struct eftf_dhcp4s *s,
					 const struct eftf_dhcp4s_policy *policy,
					 const struct eftf_dhcp4s_pool *pool, void *arg,
					 const struct eftf_dhcp4_msg *msg,
					 struct eftf_dhcp4_msg *reply);

#endif
