/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on this machine before the tunnel: for eftf_offer_check(). */
#ifndef EFTF_UE_HERE_H
#define EFTF_UE_HERE_H

#include <stdint.h>
#include <sys/socket.h>

#include "nl.h"
#include "offer.h"
#include "offer6.h"

/*
 * Fills here: addresses and networks of all links but device (an ifindex; 0:
 * none), the default router, that on the way to peer, and peer itself. What cannot be read
 * is left out.
 */
void eftf_here_read(struct eftf_here *here, struct eftf_rt *rt, uint32_t device,
		    const struct sockaddr_storage *peer);
/*
 * The same of IPv6, but for the router on the way to peer. before: of the UE's own prefix in an earlier tunnel; it does
 * not count if the link of the default route has it, which is no network behind this UE.
 */
void eftf_here6_read(struct eftf_here6 *here, struct eftf_rt *rt, uint32_t device,
		     const struct sockaddr_storage *peer, const struct eftf_prefix6 *before);
/*
 * Adds the name servers of a file in the form of resolv.conf, those of loopback and of a link alone
 * excluded. Returns 0, -ENOENT, ...
 */
int eftf_here_add_resolv(struct eftf_here *here, struct eftf_here6 *here6, const char *path);
/* The name servers of this machine and nothing else: while no hook has put the tunnel's there. */
void eftf_here_read_dns(struct eftf_here *here, struct eftf_here6 *here6);

#endif
