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
 * there is room for EFTF_DHCP4_TOKEN_MAX octets; 0 or a negative errno.
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

enum eftf_dhcp4s_result {
	EFTF_DHCP4S_IGNORED,		/* not for us, or makes no sense here */
	EFTF_DHCP4S_OFFER,		/* reply: OFFER */
	EFTF_DHCP4S_ACK,		/* reply: the first ACK; now bound */
	EFTF_DHCP4S_RENEWED,		/* reply: ACK for a lease that goes on */
	EFTF_DHCP4S_INFORMED,		/* reply: ACK to an INFORM */
	EFTF_DHCP4S_NAK,		/* reply: NAK; the address, if any, is given back */
	EFTF_DHCP4S_EXHAUSTED,		/* reply: NAK as no address is left */
	EFTF_DHCP4S_RELEASED,		/* no reply; the caller frees the address */
	EFTF_DHCP4S_DECLINED,		/* likewise: the UE has found it in use */
};

bool eftf_dhcp4s_replies(enum eftf_dhcp4s_result result);
enum eftf_dhcp4s_result eftf_dhcp4s_input(struct eftf_dhcp4s *s,
					  const struct eftf_dhcp4s_policy *policy,
					  const struct eftf_dhcp4s_pool *pool, void *arg,
					  const struct eftf_dhcp4_msg *msg,
					  struct eftf_dhcp4_msg *reply);

#endif
