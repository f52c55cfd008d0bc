/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the EFTF offers for IPv6, checked against what is here, as offer.h does
 * it for IPv4. No I/O.
 */
#ifndef EFTF_UE_OFFER6_H
#define EFTF_UE_OFFER6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "conf_parse.h"
#include "dhcp6.h"
#include "err.h"
#include "inner6.h"
#include "offer.h"

#define EFTF_HERE6_MAX 128
#define EFTF_CONFLICTS6_MAX 16
#define EFTF_ROUTES6_MAX (EFTF_RA_MAX_ROUTES + EFTF_UE_MAX_ROUTES6 + 2 * EFTF_DHCP6_MAX_ADDRS + 2)

/* A lease of IPv6 with what router advertisements say beside it. */
struct eftf_six {
	struct eftf_lease6 lease;	/* address ::, none */
	struct eftf_ra ra;
};

static inline bool eftf_six_there(const struct eftf_six *six)
{
	return !IN6_IS_ADDR_UNSPECIFIED(&six->lease.address);
}

/*
 * What is not to be covered: the networks of links, and as /128 what must not be hidden: this machine's
 * addresses, its routers, its name servers.
 */
struct eftf_here6 {
	struct eftf_prefix6 item[EFTF_HERE6_MAX];
	size_t n;
	struct eftf_prefix6 peer;	/* outer one, /128; plen 0: none, or of IPv4. Networks may contain it: exempt.h */
	struct eftf_prefix6 before;	/* the /64 of an earlier tunnel, which networks behind this UE may have; plen 0: none */
};

struct eftf_routes6 {
	struct eftf_prefix6 prefix[EFTF_ROUTES6_MAX];
	size_t n;
	struct eftf_prefix6 own;	/* the /64 that is this UE's, with the inner address in it; plen 0: none */
};

/* Adds one, once; what does not fit is left out. */
void eftf_here6_add(struct eftf_here6 *here, const struct in6_addr *addr, uint8_t plen);
/* Would a packet to the outer peer go into the tunnel? */
bool eftf_routes6_cover(const struct eftf_routes6 *routes, const struct sockaddr_storage *peer);
/* One line for a person each, with the remedy; more than fit are left out. */
struct eftf_conflicts6 {
	char text[EFTF_CONFLICTS6_MAX][EFTF_CONFLICT_TEXT];
	size_t n;
};

/* Is this one among them? */
bool eftf_conflicts6_have(const struct eftf_conflicts6 *c, const char *text);
/*
 * Fills the routes: to the P-CSCFs always, to the EFTF's inner address and to what is
 * advertised unless it covers what is here, is no unicast, or is more than half of
 * all addresses, and to what is configured, which also allows what it contains.
 * Never routed is what would hide a single machine of here, or is of the UE's own /64. That counts unless it covers what is
 * here; if it is the one of before, what is here as part of it is no conflict. Name servers of the lease that are here
 * are taken out of it. Fills the conflicts. -EADDRINUSE: the inner address is that of a single machine of here.
 */
int eftf_offer6_check(struct eftf_routes6 *routes, struct eftf_conflicts6 *conflicts, struct eftf_six *six,
		      const struct eftf_here6 *here, const struct eftf_ue_routes *configured,
		      struct eftf_err *err);

#endif
