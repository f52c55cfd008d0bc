// SPDX-License-Identifier: GPL-2.0-or-later
#include "device6.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "routes.h"

static struct eftf_route make_route(const struct eftf_device6 *dev, uint32_t ifindex,
				    const struct eftf_prefix6 *p)
{
	struct eftf_route r = {
		.family = AF_INET6, .plen = p->plen, .ifindex = ifindex, .has_src = true,
		.metric = EFTF_ROUTES_METRIC, .protocol = EFTF_RTPROT,
	};

	memcpy(r.dst, &p->addr, 16);
	memcpy(r.src, &dev->addr, 16);
	return r;
}

/*
 * Without this route a packet of the EFTF to an address in the UE's /64 that no machine has would be forwarded by the
 * default route. A link with the /64, or a part of it, has a better metric or a longer prefix, and so goes before.
 */
static struct eftf_route make_last(const struct eftf_prefix6 *own, uint32_t ifindex)
{
	struct eftf_route r = {
		.family = AF_INET6, .plen = own->plen, .metric = EFTF_ROUTES_LAST + ifindex, .protocol = EFTF_RTPROT,
		.unreachable = true,
	};

	memcpy(r.dst, &own->addr, 16);
	return r;
}

static int set_own(struct eftf_device6 *dev, struct eftf_rt *rt, uint32_t ifindex, const struct eftf_prefix6 *own,
		   struct eftf_err *err)
{
	struct eftf_prefix6 *now = &dev->routes.own;
	struct eftf_route r = make_last(now, ifindex);
	int ret = 0;

	if (now->plen == own->plen && (!own->plen || IN6_ARE_ADDR_EQUAL(&now->addr, &own->addr)))
		return 0;
	if (rt && now->plen && eftf_rt_route_del(rt, &r, err))
		log_debug("IPv6 route: %s", err->text);
	memset(now, 0, sizeof(*now));
	r = make_last(own, ifindex);
	if (rt && own->plen)
		ret = eftf_rt_route_add(rt, &r, err);
	if (!ret)
		*now = *own;
	return ret;
}

static bool planned(const struct eftf_routes6 *plan, const struct eftf_prefix6 *p)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->prefix[i].plen == p->plen && !memcmp(&plan->prefix[i].addr, &p->addr, 16))
			return true;
	return false;
}

/* Those that are not planned any more. */
static void remove_routes(struct eftf_device6 *dev, struct eftf_rt *rt, uint32_t ifindex,
			  const struct eftf_routes6 *plan)
{
	struct eftf_err err;

	for (size_t i = 0; i < dev->routes.n; i++) {
		struct eftf_route r = make_route(dev, ifindex, &dev->routes.prefix[i]);

		if (rt && !planned(plan, &dev->routes.prefix[i]) && eftf_rt_route_del(rt, &r, &err))
			log_debug("IPv6 route: %s", err.text);
	}
	dev->routes.n = 0;
}

static int set_address(struct eftf_device6 *dev, struct eftf_rt *rt, uint32_t ifindex,
		       const struct in6_addr *addr, struct eftf_err *err)
{
	static const struct eftf_routes6 none;
	int ret = 0;

	if (!memcmp(&dev->addr, addr, sizeof(*addr)))
		return 0;
	remove_routes(dev, rt, ifindex, &none);
	if (rt && !IN6_IS_ADDR_UNSPECIFIED(&dev->addr) &&
	    eftf_rt_addr_del(rt, ifindex, AF_INET6, &dev->addr, 128, err))
		log_debug("IPv6 address: %s", err->text);
	memset(&dev->addr, 0, sizeof(dev->addr));
	if (IN6_IS_ADDR_UNSPECIFIED(addr))
		return 0;
	if (rt)
		ret = eftf_rt_addr_add(rt, ifindex, AF_INET6, addr, 128, err);
	if (ret && ret != -EEXIST)
		return ret;
	dev->addr = *addr;
	return 0;
}

int eftf_device6_set(struct eftf_device6 *dev, struct eftf_rt *rt, uint32_t ifindex,
		     const struct in6_addr *addr, const struct eftf_routes6 *routes,
		     struct eftf_err *err)
{
	int ret = set_address(dev, rt, ifindex, addr, err);

	if (!ret)
		ret = set_own(dev, rt, ifindex, &routes->own, err);
	if (ret || IN6_IS_ADDR_UNSPECIFIED(addr))
		return ret;
	remove_routes(dev, rt, ifindex, routes);
	for (size_t i = 0; i < routes->n; i++) {
		struct eftf_route r = make_route(dev, ifindex, &routes->prefix[i]);

		ret = rt ? eftf_rt_route_add(rt, &r, err) : 0;
		if (ret)
			return ret;
		dev->routes.prefix[dev->routes.n++] = routes->prefix[i];
	}
	return 0;
}

void eftf_device6_forget(struct eftf_device6 *dev, struct eftf_rt *rt, uint32_t ifindex)
{
	static const struct eftf_prefix6 none;
	struct eftf_err err;

	set_own(dev, rt, ifindex, &none, &err);
	memset(dev, 0, sizeof(*dev));
}
