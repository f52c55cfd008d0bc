/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv6 on the UE's network device: its address, and routes into it. */
#ifndef EFTF_UE_DEVICE6_H
#define EFTF_UE_DEVICE6_H

#include "nl.h"
#include "offer6.h"

/* Starts as 0. */
struct eftf_device6 {
	struct in6_addr addr;		/* on the device, by us; ::, none */
	struct eftf_routes6 routes;	/* into the device, by us; of its own /64 one that leads nowhere */
};

/*
 * The address and the routes are these from now on; :: takes both away. rt NULL: they are
 * only noted, the hook puts them in. 0, or a negative errno with what was put in until then.
 */
int eftf_device6_set(struct eftf_device6 *dev, struct eftf_rt *rt, uint32_t ifindex,
		     const struct in6_addr *addr, const struct eftf_routes6 *routes,
		     struct eftf_err *err);
/* The device of this ifindex is gone, and address and routes with it; what does not go with it is taken away. */
void eftf_device6_forget(struct eftf_device6 *dev, struct eftf_rt *rt, uint32_t ifindex);

#endif
