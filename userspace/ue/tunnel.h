/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tunnel in the kernel, from the hand-off of its first connection to its
 * end. It ends in eftf_tunnel_end(), or by itself, which an event tells.
 */
#ifndef EFTF_UE_TUNNEL_H
#define EFTF_UE_TUNNEL_H

#include <stdint.h>

#include "conf.h"
#include "device.h"
#include "device6.h"
#include "dhcp4.h"
#include "exempt.h"
#include "here.h"
#include "module.h"
#include "offer.h"
#include "offer6.h"
#include "outer.h"
#include "swap.h"
#include "way.h"

/* Starts as 0. */
struct eftf_tunnel {
	struct eftf_module module;
	struct eftf_device device;
	struct eftf_here names;		/* name servers of this machine; the caller's to fill */
	struct eftf_here6 names6;	/* those of IPv6; likewise */
	struct eftf_offer offer;	/* the lease as it was judged */
	struct eftf_six six;		/* IPv6 beside it, or alone; the caller's to fill */
	struct eftf_routes6 routes6;	/* as it was judged */
	struct eftf_conflicts6 conflicts6;
	struct eftf_device6 device6;
	struct eftf_exempt exempt;	/* the outer peer's own way */
	uint32_t device6_of;		/* its link */
	uint8_t plen6;			/* of what the module takes of IPv6 */
	struct eftf_prefix6 own_before;	/* this UE's /64 in an earlier tunnel; the caller's to fill at the start */
	uint32_t id;			/* 0: there is none; the rest is of the last one */
	uint32_t timeout;		/* s; as the module was told */
	uint64_t up_since, down_since;	/* ms */
	uint32_t down_reason;		/* enum eftf_reason */
	struct eftf_errand keys;	/* makes new TLS keys for the current connection; or none */
	uint32_t transport;		/* serial number of the current connection */
	struct eftf_way way;		/* of the current connection */
	struct eftf_swap swap;		/* when that is to be replaced */
};

/*
 * Before a connection is made for it: the module is there, and open. Notices
 * that it was unloaded, or came back. Returns 0, or a negative errno with the
 * remedy in err.
 */
int eftf_tunnel_prepare(struct eftf_tunnel *t, struct eftf_err *err);
/*
 * Device, address, hand-off of the connection and routes. What was not put
 * in place at a failure is taken back, but for the device and its address, which
 * the next attempt needs; eftf_device_close() takes them away. Name servers
 * of the lease that conflict with what is here are taken out of it.
 */
int eftf_tunnel_attach(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
		       struct eftf_lease4 *lease, struct eftf_outer *o,
		       struct eftf_err *err);
/*
 * The tunnel goes on with another connection, make-before-break. -ENOENT,
 * -ESHUTDOWN: it has ended; -EBUSY: the connection before the last is not gone yet.
 */
int eftf_tunnel_swap(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
		     struct eftf_lease4 *lease, struct eftf_outer *o, struct eftf_err *err);
/*
 * What a renewed lease says of routes and P-CSCFs is in force from now on; its name servers
 * are judged as by eftf_tunnel_attach(). The tunnel runs on in any case.
 */
int eftf_tunnel_renewed(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
			struct eftf_lease4 *lease, struct eftf_err *err);
/* Seconds between keep-alives that are in force; a connection draws its own below. */
uint32_t eftf_tunnel_keepalive(const struct eftf_ue_conf *conf, const struct eftf_lease4 *lease);
/* Tells the module of the keep-alive interval of a renewed lease. */
int eftf_tunnel_set_keepalive(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
			      const struct eftf_lease4 *lease, struct eftf_err *err);
/* What the module says of it now. False: there is no tunnel, or nothing is known of it. */
bool eftf_tunnel_look(const struct eftf_tunnel *t, struct eftf_tunnel_info *info);
/* Acts upon what the module has to tell; never blocks. id is 0 afterwards if the tunnel ended. */
void eftf_tunnel_read_events(struct eftf_tunnel *t);
/*
 * Takes all routes out, the outer peer's own one too; the addresses stay. Where the hook puts
 * them in, nothing: the outer peer needs its own one as long as the hook's are there.
 */
void eftf_tunnel_withdraw_routes(struct eftf_tunnel *t);
/* Takes addresses, routes and, if it is ours, the link away. */
void eftf_tunnel_close_device(struct eftf_tunnel *t);
/* Ends the tunnel if there is one: close_notify, FIN. reason: for down_reason. */
void eftf_tunnel_end(struct eftf_tunnel *t, enum eftf_reason reason);

#endif
