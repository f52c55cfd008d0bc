/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UE's network device: made, addressed, routed, and all of it undone. */
#ifndef EFTF_UE_DEVICE_H
#define EFTF_UE_DEVICE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "nl.h"
#include "routes.h"

/* Starts as 0 but for rt, which is the caller's, and by_hook. */
struct eftf_device {
	struct eftf_rt *rt;
	char name[IFNAMSIZ];
	uint32_t ifindex;		/* 0: not open */
	uint32_t mtu;
	bool key_update;		/* its kernel can take new TLS keys */
	bool created;			/* by us: removed by eftf_device_close() */
	bool by_hook;			/* the caller's: addr and routes are only noted, the hook puts them in */
	struct eftf_value_prefix addr;	/* on the device, by us */
	struct eftf_routes routes;	/* into the device, by us */
};

/*
 * Makes sure that the device is there, of role ue, up and without a tunnel.
 * mtu 0: as it is. A link that this program made in an earlier run is made
 * anew. The address and routes of a device that vanished meanwhile
 * are forgotten.
 */
int eftf_device_open(struct eftf_device *dev, const char *name, uint32_t mtu,
		     struct eftf_err *err);
/* Replaces the address, and with it the routes, if it is another one. */
int eftf_device_set_address(struct eftf_device *dev, const struct eftf_value_prefix *addr,
			    struct eftf_err *err);
/* Puts the planned routes in and takes those out that are not planned any more. */
int eftf_device_set_routes(struct eftf_device *dev, const struct eftf_routes *plan,
			   struct eftf_err *err);
/*
 * Takes away what an earlier run that was killed has left: its link, and routes with
 * our protocol number into it; if this is the only eftf-ue of the namespace (alone),
 * all routes of that number. Before anything else.
 */
void eftf_device_sweep(const char *name, bool alone);
/* Undoes everything. */
void eftf_device_close(struct eftf_device *dev);

#endif
