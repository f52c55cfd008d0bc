/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of routes into the tunnel. No I/O. */
#ifndef EFTF_UE_ROUTES_H
#define EFTF_UE_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "conf.h"
#include "dhcp4.h"

/* Metric of all our routes. With one of its own, a route of the machine to the same prefix stays. */
#define EFTF_ROUTES_METRIC 24
/*
 * Metric of routes that lead nowhere, and the ifindex of their device beside it: they are none of its own, as the
 * kernel has it, and stay when it goes. Any other route to the same prefix counts before one of them.
 */
#define EFTF_ROUTES_LAST 0x70000000

/* Configured, from the lease, the EFTF's own address, and one more for a default route's two halves. */
#define EFTF_ROUTES_MAX (EFTF_UE_MAX_ROUTES + EFTF_DHCP4_MAX_ROUTES + EFTF_DHCP4_MAX_ADDRS + 2)

struct eftf_routes {
	struct eftf_value_prefix prefix[EFTF_ROUTES_MAX];
	size_t n;
};

/*
 * Adds a prefix, once, host bits cleared. 0.0.0.0/0 becomes two halves: they
 * win against the machine's default route by their longer prefix, and do not
 * replace it. What does not fit is left out.
 */
void eftf_routes_add(struct eftf_routes *out, const struct eftf_value_prefix *p);
/* Would a packet to the outer peer go into the tunnel? */
bool eftf_routes_cover(const struct eftf_routes *routes, const struct sockaddr_storage *peer);

#endif
