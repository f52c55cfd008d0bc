// SPDX-License-Identifier: GPL-2.0-or-later
#include "exempt.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "addr.h"
#include "log.h"
#include "routes.h"
#include "way.h"

void eftf_exempt_remove(struct eftf_exempt *e, struct eftf_rt *rt)
{
	struct eftf_err err;

	if (e->there && eftf_rt_route_del(rt, &e->route, &err))
		log_debug("host route to the outer peer: %s", err.text);
	e->there = false;
}

/* host: the octets of an address of that family */
static int put(struct eftf_exempt *e, struct eftf_rt *rt, int family, const uint8_t *host,
	       const struct eftf_route *hop, struct eftf_err *err)
{
	size_t octets = family == AF_INET ? 4 : 16;
	struct eftf_route route = *hop;
	int ret;

	route.family = (uint8_t)family;
	route.plen = (uint8_t)(octets * 8);
	route.metric = EFTF_ROUTES_METRIC;
	route.protocol = EFTF_RTPROT;
	memset(route.dst, 0, sizeof(route.dst));
	memcpy(route.dst, host, octets);
	/* in one step: no packet goes astray in between */
	ret = eftf_rt_route_add(rt, &route, err);
	if (ret)
		return ret;
	e->route = route;
	e->there = true;
	return 0;
}

int eftf_exempt_put(struct eftf_exempt *e, struct eftf_rt *rt, uint32_t device,
		    const struct sockaddr_storage *peer, struct eftf_err *err)
{
	struct eftf_route kernels = { 0 }, hop;
	const uint8_t *host;
	size_t octets = eftf_addr_octets(peer, &host);
	int family = octets == 4 ? AF_INET : AF_INET6, ret;

	if (e->there && (e->route.family != family || memcmp(e->route.dst, host, octets)))
		eftf_exempt_remove(e, rt);
	ret = eftf_rt_route_lookup(rt, family, host, &kernels, err);
	if (!ret && kernels.ifindex == if_nametoindex("lo"))
		return 0;	/* our own address: the local table comes first */
	/* what the kernel says may be our own route of before */
	if (ret || e->there || kernels.ifindex == device) {
		struct eftf_err why;

		if (!eftf_way_find(rt, device, peer, &hop, &why))
			kernels = hop;
		else if (ret || kernels.ifindex == device)
			return eftf_err_set(err, ELOOP, "the outer connection would go into the "
					    "tunnel itself: check the tunnel's routes");
	}
	return put(e, rt, family, host, &kernels, err);
}

void eftf_exempt_follow(struct eftf_exempt *e, struct eftf_rt *rt, uint32_t device,
			const struct eftf_route *hop, bool move)
{
	struct eftf_route kernels;
	struct eftf_err err;
	uint8_t host[16];

	if (!e->there)
		return;
	memcpy(host, e->route.dst, sizeof(host));
	if (!eftf_rt_route_lookup(rt, e->route.family, host, &kernels, &err) &&
	    kernels.ifindex != device && (!move || eftf_way_same_hop(hop, &kernels)))
		return;
	if (put(e, rt, e->route.family, host, hop, &err))
		log_warn("host route to the EFTF: %s", err.text);
	else
		log_info("the host route to the EFTF is in place again");
}
