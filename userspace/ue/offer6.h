/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the EFTF offers for IPv6, checked against what is here, as offer.h does
 * it for IPv4. No I/O but for eftf_here6_read().
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

#define EFTF_HERE6_MAX 64
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

/* Networks and addresses that are not to be covered. */
struct eftf_here6 {
	struct eftf_prefix6 item[EFTF_HERE6_MAX];
	size_t n;
};

struct eftf_routes6 {
	struct eftf_prefix6 prefix[EFTF_ROUTES6_MAX];
	size_t n;
};

void eftf_here6_add(struct eftf_here6 *here, const struct in6_addr *addr, uint8_t plen);
/* Of all links but device (an ifindex; 0: none), and the outer peer. What does not fit is left out. */
void eftf_here6_read(struct eftf_here6 *here, uint32_t device, const struct sockaddr_storage *peer);

typedef void (*eftf_offer6_fn)(const char *conflict, void *arg);
/*
 * Fills the routes: to the P-CSCFs and the EFTF's inner address always, to what is
 * advertised unless it covers what is here, is no unicast, or is more than half of
 * all addresses, and to what is configured, which also allows what it contains.
 * Name servers of the lease that are here are taken out of it. told is called for
 * what is left out. -EADDRINUSE: the inner address is one of this machine.
 */
int eftf_offer6_check(struct eftf_routes6 *routes, struct eftf_six *six,
		      const struct eftf_here6 *here, const struct eftf_ue_routes *configured,
		      eftf_offer6_fn told, void *arg, struct eftf_err *err);

#endif
