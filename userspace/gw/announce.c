/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host route for each live tunnel. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "gw.h"
#include "log.h"
#include "session.h"

/* The same on all gateways, as far as their clocks agree; it lasts until 2106. */
static uint32_t metric_now(void)
{
	return UINT32_MAX - (uint32_t)time(NULL);
}

static struct eftf_route route_to(const struct eftf_gw *gw, struct in_addr inner, uint32_t metric)
{
	struct eftf_route r = {
		.family = AF_INET,
		.plen = 32,
		.ifindex = gw->ifindex,
		.table = gw->conf.announce,
		.metric = metric,
		.protocol = EFTF_GW_RTPROT,
	};

	memcpy(r.dst, &inner, sizeof(inner));
	return r;
}

/* Rate-limited: UEs choose how often they come and go. */
static void complain(const struct eftf_err *err)
{
	if (eftf_gw_may_log(eftf_gw_now()))
		log_warn("announce: %s", err->text);
}

static void withdraw(struct eftf_gw *gw, struct in_addr inner, uint32_t metric)
{
	struct eftf_route r = route_to(gw, inner, metric);
	struct eftf_err err;
	int ret = eftf_rt_route_del(gw->rt, &r, &err);

	if (ret && ret != -ESRCH)
		complain(&err);
}

void eftf_announce_up(struct eftf_gw *gw, struct eftf_session *s)
{
	uint32_t before = s->metric;
	struct eftf_route r;
	struct eftf_err err;

	if (!gw->conf.announce || !s->has4)
		return;
	s->metric = metric_now();
	r = route_to(gw, s->inner, s->metric);
	if (eftf_rt_route_add(gw->rt, &r, &err)) {
		complain(&err);
		s->metric = before;
	} else if (before && before != s->metric) {
		withdraw(gw, s->inner, before);	/* now, so that there is a route at each moment */
	}
}

void eftf_announce_down(struct eftf_gw *gw, struct eftf_session *s)
{
	const struct eftf_session *now = eftf_pool_owner(gw->pool, s->inner);

	/* not the route of the one that its UE has come back with, in the same second */
	if (s->metric && (!now || now == s || now->metric != s->metric))
		withdraw(gw, s->inner, s->metric);
	s->metric = 0;
}

/* A route that a gateway has left: is it that of a tunnel that goes on? */
static bool on_left(const struct eftf_route *r, void *arg)
{
	struct eftf_gw *gw = arg;
	struct eftf_session *s;
	struct in_addr inner;

	if (r->protocol != EFTF_GW_RTPROT || r->ifindex != gw->ifindex)
		return false;
	memcpy(&inner, r->dst, sizeof(inner));
	/* there are no leases yet: who owns an address is a session */
	s = eftf_pool_owner(gw->pool, inner);
	if (!s || !s->has4 || (s->metric && s->metric != r->metric) || r->plen != 32 || r->table != gw->conf.announce)
		return true;
	s->metric = r->metric;
	return false;
}

static bool on_any(const struct eftf_route *r, void *arg)
{
	const struct eftf_gw *gw = arg;

	return r->protocol == EFTF_GW_RTPROT && r->ifindex == gw->ifindex;
}

int eftf_announce_open(struct eftf_gw *gw, struct eftf_err *err)
{
	unsigned int removed;
	int ret = eftf_rt_route_sweep(gw->rt, AF_INET, on_left, gw, &removed, err);

	if (ret)
		return ret;
	if (removed)
		log_info("%u routes that a gateway has left are removed", removed);
	for (uint32_t i = 0; gw->conf.announce && i <= gw->sessions_mask; i++)
		for (struct eftf_session *s = gw->sessions[i]; s; s = s->next)
			if (!s->metric)
				eftf_announce_up(gw, s);
	return 0;
}

void eftf_announce_close(struct eftf_gw *gw)
{
	struct eftf_err err;
	unsigned int removed;

	if (gw->rt && gw->ifindex && gw->conf.announce &&
	    eftf_rt_route_sweep(gw->rt, AF_INET, on_any, gw, &removed, &err))
		log_warn("announce: %s", err.text);
}
