/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of the outer connection: by which link, router and address of this
 * machine the EFTF, or the proxy, is reached beside the tunnel's own routes. It
 * is followed, since links flap, and machines move to other networks.
 */
#ifndef EFTF_UE_WAY_H
#define EFTF_UE_WAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "err.h"
#include "nl.h"

/* Starts as 0. */
struct eftf_way {
	struct sockaddr_storage local, peer;	/* of the connection */
	struct eftf_route hop;			/* ifindex 0: there is none */
	bool lost;				/* there was none at the last look */
	bool foreign;				/* rules of the administrator choose it: hop is not known */
};

enum eftf_way_news {
	EFTF_WAY_SAME,
	EFTF_WAY_LOST,		/* there is none at present, since this look */
	EFTF_WAY_NEW,		/* another one, or one again: the connection is to be replaced */
	EFTF_WAY_STALE,		/* NEW, and the old one is of no use any more */
};

/*
 * A connection was made from local to peer. device: ifindex of the tunnel's
 * device, whose routes do not count; 0: there is none.
 */
void eftf_way_set(struct eftf_way *way, struct eftf_rt *rt, uint32_t device,
		  const struct sockaddr_storage *local, const struct sockaddr_storage *peer);
/* Is it foreign? To be asked while no route of ours is in force. */
void eftf_way_ask_kernel(struct eftf_way *way, struct eftf_rt *rt);
/* Looks again. hop is the way as it is now. text: for a person, after NEW and STALE. */
enum eftf_way_news eftf_way_look(struct eftf_way *way, struct eftf_rt *rt, uint32_t device,
				 const char **text);
/*
 * The best route to peer beside those of device and the host routes of ours. Returns
 * 0; -ENETUNREACH; or another negative errno.
 */
int eftf_way_find(struct eftf_rt *rt, uint32_t device, const struct sockaddr_storage *peer,
		  struct eftf_route *hop, struct eftf_err *err);
/* Do both lead by the same link and router? */
bool eftf_way_same_hop(const struct eftf_route *a, const struct eftf_route *b);
/* A number for all addresses and routes of this machine that are not of device: another one after a change. */
uint64_t eftf_way_mark(struct eftf_rt *rt, uint32_t device);

#endif
