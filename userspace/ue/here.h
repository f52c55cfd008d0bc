/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is on this machine before the tunnel: for eftf_offer_check(). */
#ifndef EFTF_UE_HERE_H
#define EFTF_UE_HERE_H

#include <stdint.h>
#include <sys/socket.h>

#include "nl.h"
#include "offer.h"

/*
 * Fills here: addresses and networks of all links but device (an ifindex; 0:
 * none), the router on the way to peer, and peer itself. What cannot be read
 * is left out.
 */
void eftf_here_read(struct eftf_here *here, struct eftf_rt *rt, uint32_t device,
		    const struct sockaddr_storage *peer);
/*
 * Adds the name servers of a file in the form of resolv.conf, loopback excluded. Returns
 * 0, -ENOENT, ...
 */
int eftf_here_add_resolv(struct eftf_here *here, const char *path);
/* The name servers of this machine and nothing else: while no hook has put the tunnel's there. */
void eftf_here_read_dns(struct eftf_here *here);

#endif
