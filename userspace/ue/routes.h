/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which routes a lease and the configuration ask for. No I/O. */
#ifndef EFTF_UE_ROUTES_H
#define EFTF_UE_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "conf.h"
#include "dhcp4.h"

/* Metric of all our routes. With one of its own, a route of the machine to the same prefix stays. */
#define EFTF_ROUTES_METRIC 24

/* Configured, from the lease, the EFTF's own address, and one more for a default route's two halves. */
#define EFTF_ROUTES_MAX (EFTF_UE_MAX_ROUTES + EFTF_DHCP4_MAX_ROUTES + EFTF_DHCP4_MAX_ADDRS + 2)

struct eftf_routes {
	struct eftf_value_prefix prefix[EFTF_ROUTES_MAX];
	size_t n;
};

/*
 * The EFTF's inner address, the classless routes of the lease, the configured
 * routes; if there are neither of the latter two, host routes to the P-CSCF
 * addresses. Each prefix once, host bits cleared; 0.0.0.0/0 as two halves.
 */
void eftf_routes_plan(struct eftf_routes *out, const struct eftf_lease4 *lease,
		      const struct eftf_ue_routes *configured);
/* Would a packet to the outer peer go into the tunnel? */
bool eftf_routes_cover(const struct eftf_routes *routes, const struct sockaddr_storage *peer);

#endif
