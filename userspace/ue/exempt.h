/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host route that keeps the outer connection out of the tunnel, where the tunnel's routes
 * cover its peer: the EFTF, or the proxy.
 */
#ifndef EFTF_UE_EXEMPT_H
#define EFTF_UE_EXEMPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "err.h"
#include "nl.h"

/* Starts as 0. */
struct eftf_exempt {
	bool there;
	struct eftf_route route;	/* ours, of either family */
};

/*
 * Puts it in, by the way that leads to peer beside the routes of device (ifindex); in one
 * step if there is one already. -ELOOP: no way leads there but through the tunnel.
 */
int eftf_exempt_put(struct eftf_exempt *e, struct eftf_rt *rt, uint32_t device,
		    const struct sockaddr_storage *peer, struct eftf_err *err);
/*
 * If there is one it is to lead by hop. It is put back if it has gone, with its link or by the
 * hand of another program; if it leads another way it is changed only with move.
 */
void eftf_exempt_follow(struct eftf_exempt *e, struct eftf_rt *rt, uint32_t device,
			const struct eftf_route *hop, bool move);
void eftf_exempt_remove(struct eftf_exempt *e, struct eftf_rt *rt);

#endif
