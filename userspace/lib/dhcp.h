/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clients and servers of both versions of DHCP have alike. */
#ifndef EFTF_DHCP_H
#define EFTF_DHCP_H

#include <stdbool.h>

#define EFTF_DHCP_FOREVER 0xffffffffu	/* seconds of a lease that does not end */

/* Of a client. */
enum eftf_dhcpc_state {
	EFTF_DHCPC_SELECTING,
	EFTF_DHCPC_REQUESTING,
	EFTF_DHCPC_RENEWING,		/* from T1 on: asks the server of the lease */
	EFTF_DHCPC_REBINDING,		/* from T2 on: asks any server */
	EFTF_DHCPC_BOUND,
	EFTF_DHCPC_REFUSED,		/* the reason is in refusal */
	EFTF_DHCPC_FAILED,		/* no answer in time */
};

static inline bool eftf_dhcpc_renews(enum eftf_dhcpc_state state)
{
	return state == EFTF_DHCPC_RENEWING || state == EFTF_DHCPC_REBINDING;
}

/* What a server makes of a message; [DHCPv6] where that differs. */
enum eftf_dhcps_result {
	EFTF_DHCPS_IGNORED,		/* not for us, or makes no sense here */
	EFTF_DHCPS_OFFER,		/* reply: OFFER [ADVERTISE] */
	EFTF_DHCPS_ACK,			/* reply: the first ACK [REPLY with an address]; now bound */
	EFTF_DHCPS_RENEWED,		/* reply: for a lease that goes on */
	EFTF_DHCPS_INFORMED,		/* reply: without an address */
	EFTF_DHCPS_NAK,			/* reply: NAK [a status that is no success]; the address, if any, is given back */
	EFTF_DHCPS_EXHAUSTED,		/* reply: no address is left */
	EFTF_DHCPS_RELEASED,		/* no reply [reply]; the caller frees the address */
	EFTF_DHCPS_DECLINED,		/* likewise: the UE has found it in use */
};

#endif
