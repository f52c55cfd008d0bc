// SPDX-License-Identifier: GPL-2.0-or-later
#include "device.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "way.h"

/* Alias of the links that this program makes: one without a tunnel is a left-over of a killed run. */
#define ALIAS "eftf-ue"
/* Routes of an earlier run: the most that one can have put in. */
#define SWEEP_AT_ONCE (EFTF_ROUTES_MAX + 1)

static void keep_info(const struct eftf_link_info *info, void *arg)
{
	*(struct eftf_link_info *)arg = *info;
}

static void forget(struct eftf_device *dev)
{
	memset(&dev->addr, 0, sizeof(dev->addr));
	memset(&dev->routes, 0, sizeof(dev->routes));
	dev->ifindex = 0;
	dev->created = false;
}

/*
 * An earlier run of this program that was killed left its link, perhaps with
 * an address and routes: all that goes with the link.
 */
static int remove_left_over(struct eftf_device *dev, const char *name, struct eftf_err *err)
{
	struct eftf_link_info info = { 0 };
	int ret = eftf_rt_link_get(dev->rt, name, keep_info, &info, err);

	if (ret || info.tunnels || info.role != EFTF_ROLE_UE || strcmp(info.alias, ALIAS))
		return ret;
	ret = eftf_rt_link_del(dev->rt, name, err);
	if (!ret)
		log_info("device %s was left over by an earlier run: it is made anew", name);
	return ret;
}

struct sweep {
	uint32_t ifindex;	/* of the device; 0: there is none */
	bool alone;
	struct eftf_route route[SWEEP_AT_ONCE];
	size_t n;
};

static void find_ours(const struct eftf_route *route, void *arg)
{
	struct sweep *s = arg;

	if (route->protocol == EFTF_RTPROT && s->n < SWEEP_AT_ONCE &&
	    (s->alone || (s->ifindex && route->ifindex == s->ifindex)))
		s->route[s->n++] = *route;
}

void eftf_device_sweep(const char *name, bool alone)
{
	struct sweep s = { .ifindex = if_nametoindex(name), .alone = alone };
	struct eftf_device dev = { .rt = NULL };
	struct eftf_err err;
	size_t i, gone = 0;

	if (eftf_rt_open(&dev.rt, &err))
		return;		/* the first attempt says why */
	if (!eftf_rt_route_dump(dev.rt, AF_INET, find_ours, &s, &err)) {
		for (i = 0; i < s.n; i++)
			gone += !eftf_rt_route_del(dev.rt, &s.route[i], &err);
	}
	if (gone)
		log_info("%zu routes of an earlier run taken away", gone);
	if (s.ifindex && remove_left_over(&dev, name, &err))
		log_debug("device %s: %s", name, err.text);
	eftf_rt_close(dev.rt);
}

static int make(struct eftf_device *dev, const char *name, uint32_t mtu, struct eftf_err *err)
{
	struct eftf_link_spec spec = { .name = name, .role = EFTF_ROLE_UE, .mtu = mtu };
	struct eftf_link_info info = { 0 };
	int ret = eftf_rt_link_add(dev->rt, &spec, err);

	/* with an ifindex the link is that of this run, and stays */
	if (ret == -EEXIST && !dev->ifindex) {
		ret = remove_left_over(dev, name, err);
		if (!ret)
			ret = eftf_rt_link_add(dev->rt, &spec, err);
	}
	if (ret)
		return ret == -EEXIST ? 0 : ret;
	ret = eftf_rt_link_get(dev->rt, name, keep_info, &info, err);
	if (ret)
		return ret;
	forget(dev);
	dev->ifindex = info.ifindex;
	dev->created = true;
	return eftf_rt_link_alias(dev->rt, info.ifindex, ALIAS, err);
}

int eftf_device_open(struct eftf_device *dev, const char *name, uint32_t mtu,
		     struct eftf_err *err)
{
	struct eftf_link_info info = { 0 };
	int ret;

	ret = make(dev, name, mtu, err);
	if (!ret)
		ret = eftf_rt_link_get(dev->rt, name, keep_info, &info, err);
	if (ret)
		return ret;
	if (dev->ifindex && dev->ifindex != info.ifindex)
		forget(dev);
	dev->ifindex = info.ifindex;
	dev->key_update = info.key_update;
	memcpy(dev->name, info.name, sizeof(dev->name));
	if (info.role != EFTF_ROLE_UE)
		return eftf_err_set(err, EINVAL, "device %s has the role gw: choose another name "
				    "in [tunnel] device", name);
	if (info.tunnels)
		return eftf_err_set(err, EBUSY, "device %s already carries a tunnel: is another "
				    "eftf-ue running?", name);
	if (mtu && info.mtu != mtu) {
		ret = eftf_rt_link_mtu(dev->rt, info.ifindex, mtu, err);
		if (ret)
			return ret;
		info.mtu = mtu;
	}
	dev->mtu = info.mtu;
	return info.up ? 0 : eftf_rt_link_up(dev->rt, info.ifindex, true, err);
}

static void remove_address(struct eftf_device *dev)
{
	struct eftf_err err;

	if (!dev->addr.set)
		return;
	if (!dev->by_hook &&
	    eftf_rt_addr_del(dev->rt, dev->ifindex, AF_INET, &dev->addr.addr, dev->addr.plen,
			     &err))
		log_debug("address of %s: %s", dev->name, err.text);
	dev->addr.set = false;
}

int eftf_device_set_address(struct eftf_device *dev, const struct eftf_value_prefix *addr,
			    struct eftf_err *err)
{
	int ret = 0;

	if (dev->addr.set && dev->addr.addr.s_addr == addr->addr.s_addr &&
	    dev->addr.plen == addr->plen)
		return 0;
	eftf_device_withdraw_routes(dev);
	remove_address(dev);
	if (!dev->by_hook)
		ret = eftf_rt_addr_add(dev->rt, dev->ifindex, AF_INET, &addr->addr, addr->plen, err);
	if (ret && ret != -EEXIST)
		return ret;
	dev->addr = *addr;
	dev->addr.set = true;
	return 0;
}

static struct eftf_route make_route(const struct eftf_device *dev,
				    const struct eftf_value_prefix *p)
{
	struct eftf_route r = {
		.family = AF_INET, .plen = p->plen, .ifindex = dev->ifindex, .has_src = true,
		.metric = EFTF_ROUTES_METRIC, .protocol = EFTF_RTPROT,
	};

	memcpy(r.dst, &p->addr, sizeof(p->addr));
	memcpy(r.src, &dev->addr.addr, sizeof(dev->addr.addr));
	return r;
}

static int put_route(struct eftf_device *dev, const struct eftf_value_prefix *p,
		     struct eftf_err *err)
{
	struct eftf_route r = make_route(dev, p);

	return dev->by_hook ? 0 : eftf_rt_route_add(dev->rt, &r, err);
}

static void remove_route(struct eftf_device *dev, const struct eftf_value_prefix *p)
{
	struct eftf_route r = make_route(dev, p);
	struct eftf_err err;

	if (!dev->by_hook && eftf_rt_route_del(dev->rt, &r, &err))
		log_debug("route of %s: %s", dev->name, err.text);
}

static void remove_exempt(struct eftf_device *dev)
{
	struct eftf_err err;

	if (dev->has_exempt && eftf_rt_route_del(dev->rt, &dev->exempt, &err))
		log_debug("host route to the outer peer: %s", err.text);
	dev->has_exempt = false;
}

static int put_exempt(struct eftf_device *dev, const struct in_addr *peer,
		      const struct eftf_route *hop, struct eftf_err *err)
{
	struct eftf_route route = *hop;
	int ret;

	route.family = AF_INET;
	route.plen = 32;
	route.metric = EFTF_ROUTES_METRIC;
	route.protocol = EFTF_RTPROT;
	memset(route.dst, 0, sizeof(route.dst));
	memcpy(route.dst, peer, sizeof(*peer));
	/* in one step: no packet goes astray in between */
	ret = eftf_rt_route_add(dev->rt, &route, err);
	if (ret)
		return ret;
	dev->exempt = route;
	dev->has_exempt = true;
	return 0;
}

/* Only IPv4 peers can be covered; routes into the tunnel are IPv4. */
static struct in_addr peer_addr4(const struct sockaddr_storage *peer)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)peer;
	struct in_addr addr;

	if (peer->ss_family != AF_INET6)
		return ((const struct sockaddr_in *)peer)->sin_addr;
	memcpy(&addr, &sin6->sin6_addr.s6_addr[12], sizeof(addr));
	return addr;
}

static int exempt_peer(struct eftf_device *dev, const struct sockaddr_storage *peer,
		       struct eftf_err *err)
{
	struct in_addr addr = peer_addr4(peer);
	struct eftf_route kernels = { 0 }, hop;
	int ret;

	if (dev->has_exempt && memcmp(dev->exempt.dst, &addr, sizeof(addr)))
		remove_exempt(dev);
	ret = eftf_rt_route_lookup(dev->rt, AF_INET, &addr, &kernels, err);
	if (!ret && kernels.ifindex == if_nametoindex("lo"))
		return 0;	/* our own address: the local table comes first */
	/* what the kernel says may be our own route of before */
	if (ret || dev->has_exempt || kernels.ifindex == dev->ifindex) {
		struct eftf_err why;

		if (!eftf_way_find(dev->rt, dev->ifindex, peer, &hop, &why))
			kernels = hop;
		else if (ret || kernels.ifindex == dev->ifindex)
			return eftf_err_set(err, ELOOP, "the outer connection would go into the "
					    "tunnel itself: check the routes of %s", dev->name);
	}
	return put_exempt(dev, &addr, &kernels, err);
}

void eftf_device_follow(struct eftf_device *dev, const struct eftf_route *hop, bool move)
{
	struct eftf_route kernels;
	struct in_addr addr;
	struct eftf_err err;

	if (!dev->has_exempt)
		return;
	memcpy(&addr, dev->exempt.dst, sizeof(addr));
	if (!eftf_rt_route_lookup(dev->rt, AF_INET, &addr, &kernels, &err) &&
	    kernels.ifindex != dev->ifindex && (!move || eftf_way_same_hop(hop, &kernels)))
		return;
	if (put_exempt(dev, &addr, hop, &err))
		log_warn("host route to the EFTF: %s", err.text);
	else
		log_info("the host route to the EFTF is in place again");
}

static bool planned(const struct eftf_routes *plan, const struct eftf_value_prefix *p)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		if (plan->prefix[i].addr.s_addr == p->addr.s_addr &&
		    plan->prefix[i].plen == p->plen)
			return true;
	}
	return false;
}

int eftf_device_set_routes(struct eftf_device *dev, const struct eftf_routes *plan,
			   const struct sockaddr_storage *peer, struct eftf_err *err)
{
	size_t i;
	int ret;

	if (eftf_routes_cover(plan, peer)) {
		ret = exempt_peer(dev, peer, err);
		if (ret)
			return ret;
	}
	for (i = 0; i < dev->routes.n; i++) {
		if (!planned(plan, &dev->routes.prefix[i]))
			remove_route(dev, &dev->routes.prefix[i]);
	}
	dev->routes.n = 0;
	for (i = 0; i < plan->n; i++) {
		ret = put_route(dev, &plan->prefix[i], err);
		if (ret)
			return ret;
		dev->routes.prefix[dev->routes.n++] = plan->prefix[i];
	}
	if (!eftf_routes_cover(plan, peer))
		remove_exempt(dev);
	return 0;
}

static void drop_routes(struct eftf_device *dev)
{
	size_t i;

	for (i = 0; i < dev->routes.n; i++)
		remove_route(dev, &dev->routes.prefix[i]);
	dev->routes.n = 0;
	remove_exempt(dev);
}

void eftf_device_withdraw_routes(struct eftf_device *dev)
{
	if (!dev->by_hook)
		drop_routes(dev);
}

void eftf_device_close(struct eftf_device *dev)
{
	struct eftf_err err;

	drop_routes(dev);
	if (!dev->ifindex)
		return;
	remove_address(dev);
	if (dev->created && eftf_rt_link_del(dev->rt, dev->name, &err))
		log_warn("%s", err.text);
	forget(dev);
}
