// SPDX-License-Identifier: GPL-2.0-or-later
#include "device.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "log.h"

/* Alias of the links that this program makes: one without a tunnel is a left-over of a killed run. */
#define ALIAS "eftf-ue"

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
};

static bool is_ours(const struct eftf_route *route, void *arg)
{
	const struct sweep *s = arg;
	uint32_t of = route->ifindex;
	char name[IF_NAMESIZE];

	if (route->protocol != EFTF_RTPROT)
		return false;
	if (route->unreachable)
		of = route->metric - EFTF_ROUTES_LAST;
	return s->alone || (s->ifindex && of == s->ifindex) || (route->unreachable && !if_indextoname(of, name));
}

void eftf_device_sweep(const char *name, bool alone)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct sweep s = { .ifindex = if_nametoindex(name), .alone = alone };
	struct eftf_device dev = { .rt = NULL };
	unsigned int removed, gone = 0;
	struct eftf_err err;

	if (eftf_rt_open(&dev.rt, &err))
		return;		/* the first attempt says why */
	for (int f = 0; f < 2; f++) {
		if (eftf_rt_route_sweep(dev.rt, families[f], is_ours, &s, &removed, &err))
			log_debug("routes of an earlier run: %s", err.text);
		gone += removed;
	}
	if (gone)
		log_info("routes of an earlier run taken away: %u", gone);
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

static void remove_route(struct eftf_device *dev, const struct eftf_value_prefix *p)
{
	struct eftf_route r = make_route(dev, p);
	struct eftf_err err;

	if (!dev->by_hook && eftf_rt_route_del(dev->rt, &r, &err))
		log_debug("route of %s: %s", dev->name, err.text);
}

static void drop_routes(struct eftf_device *dev)
{
	size_t i;

	for (i = 0; i < dev->routes.n; i++)
		remove_route(dev, &dev->routes.prefix[i]);
	dev->routes.n = 0;
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
	drop_routes(dev);
	remove_address(dev);
	if (!dev->by_hook)
		ret = eftf_rt_addr_add(dev->rt, dev->ifindex, AF_INET, &addr->addr, addr->plen, err);
	if (ret && ret != -EEXIST)
		return ret;
	dev->addr = *addr;
	dev->addr.set = true;
	return 0;
}

static int put_route(struct eftf_device *dev, const struct eftf_value_prefix *p,
		     struct eftf_err *err)
{
	struct eftf_route r = make_route(dev, p);

	return dev->by_hook ? 0 : eftf_rt_route_add(dev->rt, &r, err);
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
			   struct eftf_err *err)
{
	size_t i;
	int ret;

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
	return 0;
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
