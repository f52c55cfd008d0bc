/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a TCP connection to a tunnel that can be handed off: TLS handshake,
 * keys to the kernel, inner address by DHCP in envelopes.
 */
#ifndef EFTF_UE_NEGOTIATE_H
#define EFTF_UE_NEGOTIATE_H

#include "conf.h"
#include "detect.h"
#include "dhcp4.h"
#include "dhcp6.h"
#include "err.h"
#include "inner6.h"
#include "signals.h"
#include "tls.h"

#define EFTF_TLS_MS 15000
#define EFTF_LEASE_MS 20000

/*
 * Handshake and keys on fd, a connected non-blocking TCP socket. Returns UP,
 * UNTRUSTED (certificate or name) or FAILED, with the reason in err.
 * parked: the caller's then, to change keys later; NULL if the version of TLS
 * does not, or if not wanted: parked is NULL.
 */
enum eftf_attempt eftf_negotiate_tls(struct eftf_tls_ctx *ctx, int fd, const char *peer_name,
				     struct eftf_signals *sig, struct eftf_tls_info *info,
				     struct eftf_tls **parked, struct eftf_err *err);
/* The clients of both families; what is bound afterwards is the lease. */
struct eftf_dhcp_clients {
	struct eftf_dhcp4c v4;
	struct eftf_dhcp6c v6;
	struct eftf_ra ra;		/* what routers' advertisements said beside v6 */
};

/* Which leases are asked for; no other address is taken than these, if they are set. */
struct eftf_wish {
	int family;			/* enum eftf_ue_family */
	struct in_addr only4;
	struct in6_addr only6;
};

/* Identity, proposals and token of v6 are those of v4: both families are one lease of the EFTF. */
void eftf_negotiate_prepare6(struct eftf_dhcp_clients *c);
static inline bool eftf_has4(const struct eftf_dhcp_clients *c)
{
	return c->v4.state == EFTF_DHCPC_BOUND;
}
static inline bool eftf_has6(const struct eftf_dhcp_clients *c)
{
	return c->v6.state == EFTF_DHCPC_BOUND;
}

/*
 * DHCP on the kTLS socket fd. c: v4 with client_id, keepalive, and token and
 * previous of an earlier lease set; afterwards what is bound. With both families
 * wished for, IPv6 comes first: the EFTF may end the exchange with what it says
 * last of IPv4, so that REQUEST waits until IPv6 is settled, EFTF_GRACE_MS at most
 * for an EFTF that says nothing of IPv6. Returns 0; -EACCES: the EFTF refused;
 * -EADDRNOTAVAIL: it offers another address; -ETIMEDOUT, -EINTR, -ECONNRESET, ...
 */
#define EFTF_GRACE_MS 500
int eftf_negotiate_lease(int fd, struct eftf_dhcp_clients *c, const struct eftf_wish *wish,
			 struct eftf_signals *sig, struct eftf_err *err);

#endif
