/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "gw.h"
#include "log.h"
#include "state.h"

struct found {
	struct eftf_link_info info;
	bool any;
};

static void on_link(const struct eftf_link_info *info, void *arg)
{
	struct found *f = arg;

	f->info = *info;
	f->any = true;
}

static int find_link(struct eftf_gw *gw, struct found *f, struct eftf_err *err)
{
	int ret;

	f->any = false;
	ret = eftf_rt_link_get(gw->rt, gw->conf.device, on_link, f, err);
	if (!ret && !f->any)
		ret = eftf_err_set(err, ENODEV, "device %s is not there", gw->conf.device);
	return ret;
}

/* Makes the device, or takes one that is there if it is a gateway's and idle. */
static int get_link(struct eftf_gw *gw, struct eftf_err *err)
{
	struct eftf_link_spec spec = { .name = gw->conf.device, .role = EFTF_ROLE_GW,
				       .ue_to_ue = gw->conf.ue_to_ue, .mtu = gw->conf.mtu };
	struct found f = { .any = false };
	int ret = eftf_rt_link_add(gw->rt, &spec, err);

	if (ret && ret != -EEXIST)
		return ret;
	gw->made_device = !ret;
	ret = find_link(gw, &f, err);
	if (ret)
		return ret;
	if (f.info.role != EFTF_ROLE_GW)
		return eftf_err_set(err, EINVAL,
				    "device %s is a UE's: choose another name by gateway.device",
				    gw->conf.device);
	if (gw->state && eftf_state_is_continued(gw->state) && eftf_state_made_device(gw->state))
		gw->made_device = true;	/* by a gateway before this one */
	else if (!gw->made_device && f.info.tunnels &&
		 !(gw->state && eftf_state_is_continued(gw->state)))
		return eftf_err_set(err, EBUSY,
				    "device %s has %u tunnels of another program: stop it, or choose another name by gateway.device",
				    gw->conf.device, f.info.tunnels);
	if (f.info.ue_to_ue != gw->conf.ue_to_ue)
		log_warn("device %s was there with ue_to_ue %s: that stays", gw->conf.device,
			 f.info.ue_to_ue ? "on" : "off");
	if (gw->state)
		eftf_state_set_made_device(gw->state, gw->made_device);
	gw->ifindex = f.info.ifindex;
	gw->can_update = f.info.key_update;
	return 0;
}

int eftf_gw_device_signalling(struct eftf_gw *gw, struct eftf_err *err)
{
	const struct eftf_gw_addrs *pcscf = &gw->conf.pcscf.addrs;

	return eftf_rt_link_pcscf(gw->rt, gw->ifindex, pcscf->a, pcscf->n, pcscf->a6,
				  pcscf->n6, err);
}

/*
 * With host routes in the table main the device has the gateway's addresses alone,
 * so that what is at another gateway is not sought here. A device that was there
 * may have the other kind.
 */
static int set_address(struct eftf_gw *gw, int family, const void *gateway, uint8_t pool_plen,
		       struct eftf_err *err)
{
	uint8_t host = family == AF_INET ? 32 : 128;
	bool alone = gw->conf.announce == EFTF_GW_TABLE_MAIN;
	int ret = eftf_rt_addr_add(gw->rt, gw->ifindex, family, gateway, alone ? host : pool_plen, err);
	struct eftf_err none;

	/* of IPv6 a link has an address once, whatever its prefix */
	if (ret == -EEXIST && family == AF_INET6) {
		eftf_rt_addr_del(gw->rt, gw->ifindex, family, gateway, alone ? pool_plen : host, &none);
		ret = eftf_rt_addr_add(gw->rt, gw->ifindex, family, gateway, alone ? host : pool_plen, err);
	}
	if (ret && ret != -EEXIST)
		return ret;
	if (family == AF_INET)
		eftf_rt_addr_del(gw->rt, gw->ifindex, family, gateway, alone ? pool_plen : host, &none);
	return 0;
}

/*
 * The gateway's address brings the route for the pool that it is of; this is
 * for the others. With host routes in the table main there are none.
 */
static int set_route(struct eftf_gw *gw, int family, const void *base, uint8_t plen, struct eftf_err *err)
{
	struct eftf_route r = {
		.family = family,
		.plen = plen,
		.ifindex = gw->ifindex,
		.table = EFTF_GW_TABLE_MAIN,
		.protocol = RTPROT_STATIC,
	};
	struct eftf_err none;
	int ret = 0;

	memcpy(r.dst, base, family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr));
	if (gw->conf.announce == EFTF_GW_TABLE_MAIN)
		eftf_rt_route_del(gw->rt, &r, &none);	/* of a gateway before, with another configuration */
	else
		ret = eftf_rt_route_add(gw->rt, &r, err);
	return ret == -EEXIST ? 0 : ret;
}

static int set_pools4(struct eftf_gw *gw, struct eftf_err *err)
{
	const struct eftf_gw_conf *c = &gw->conf;
	size_t own = eftf_ranges_of(&c->ranges, eftf_ranges_number(&c->ranges, c->gateway));
	int ret = set_address(gw, AF_INET, &c->gateway, c->pool.p[own].plen, err);

	for (size_t i = 0; !ret && i < c->pool.n; i++)
		if (i != own)
			ret = set_route(gw, AF_INET, &c->pool.p[i].base, c->pool.p[i].plen, err);
	return ret;
}

static int set_pools6(struct eftf_gw *gw, struct eftf_err *err)
{
	const struct eftf_gw_conf *c = &gw->conf;
	size_t own = 0;
	int ret;

	if (c->pool6.n > 1)
		own = eftf_ranges_of(&c->ranges, eftf_ranges_number(&c->ranges, c->gateway));
	ret = set_address(gw, AF_INET6, &c->gateway6, c->pool6.p[own].plen, err);
	for (size_t i = 0; !ret && i < c->pool6.n; i++)
		if (i != own)
			ret = set_route(gw, AF_INET6, &c->pool6.p[i].base, c->pool6.p[i].plen, err);
	return ret;
}

int eftf_gw_device_open(struct eftf_gw *gw, struct eftf_err *err)
{
	int ret = eftf_rt_open(&gw->rt, err);

	if (!ret)
		ret = get_link(gw, err);
	if (!ret)
		ret = eftf_rt_link_mtu(gw->rt, gw->ifindex, gw->conf.mtu, err);
	if (!ret)
		ret = eftf_gw_device_signalling(gw, err);
	if (!ret)
		ret = eftf_rt_link_up(gw->rt, gw->ifindex, true, err);
	/* only a link that is up keeps addresses of IPv6, and routes */
	if (!ret && !gw->conf.ipv6_only)
		ret = set_pools4(gw, err);
	if (!ret && gw->conf.pool6.n)
		ret = set_pools6(gw, err);
	return ret;
}

void eftf_gw_device_close(struct eftf_gw *gw)
{
	struct eftf_err err;

	if (!gw->rt)
		return;
	if (gw->made_device && !gw->leaving && eftf_rt_link_del(gw->rt, gw->conf.device, &err))
		log_warn("device %s stays: %s", gw->conf.device, err.text);
	eftf_rt_close(gw->rt);
	gw->rt = NULL;
}
