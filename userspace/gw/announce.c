/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A route for each address of each live tunnel, or for the /64 that its UE has. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "gw.h"
#include "log.h"
#include "session.h"

#define METRIC_EPOCH 1300000000		/* s since 1970: in 2011 */

/*
 * In quarters of a second, as a UE whose connection breaks may be at another gateway
 * within the same second. The same on all gateways, as far as their clocks agree; it lasts until 2045.
 */
static uint32_t metric_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return UINT32_MAX - 4 * (uint32_t)(now.tv_sec - METRIC_EPOCH) - (uint32_t)(now.tv_nsec / 250000000);
}

/* Prefix length of what a UE has. */
static uint8_t plen_of(const struct eftf_gw *gw, int family)
{
	return family == AF_INET ? 32 : (uint8_t)gw->conf.pool6_each;
}

static struct eftf_route route_to(const struct eftf_gw *gw, int family, const void *inner, uint32_t metric)
{
	struct eftf_route r = {
		.family = family,
		.plen = plen_of(gw, family),
		.ifindex = gw->ifindex,
		.table = gw->conf.announce,
		.metric = metric,
		.protocol = EFTF_GW_RTPROT,
	};

	memcpy(r.dst, inner, r.plen / 8);
	return r;
}

/* One for each family that the tunnel has. Returns how many. */
static size_t routes_of(const struct eftf_gw *gw, const struct eftf_session *s, uint32_t metric,
			struct eftf_route r[2])
{
	size_t n = 0;

	if (s->has4)
		r[n++] = route_to(gw, AF_INET, &s->inner, metric);
	if (s->has6)
		r[n++] = route_to(gw, AF_INET6, &s->inner6, metric);
	return n;
}

/* Rate-limited: UEs choose how often they come and go. */
static void complain(const struct eftf_err *err)
{
	if (eftf_gw_may_log(eftf_gw_now()))
		log_warn("announce: %s", err->text);
}

static void withdraw_one(struct eftf_gw *gw, const struct eftf_route *r)
{
	struct eftf_err err;
	int ret = eftf_rt_route_del(gw->rt, r, &err);

	if (ret && ret != -ESRCH)
		complain(&err);
}

static void withdraw(struct eftf_gw *gw, const struct eftf_session *s, uint32_t metric)
{
	struct eftf_route r[2];

	for (size_t i = routes_of(gw, s, metric, r); i--; )
		withdraw_one(gw, &r[i]);
}

/* All of a tunnel's routes, or none; those that were there with this metric are replaced. */
static int set(struct eftf_gw *gw, const struct eftf_session *s, uint32_t metric)
{
	struct eftf_route r[2];
	struct eftf_err err;
	int ret = 0;

	for (size_t i = routes_of(gw, s, metric, r); !ret && i--; )
		ret = eftf_rt_route_add(gw->rt, &r[i], &err);
	if (ret)
		complain(&err);
	return ret;
}

void eftf_announce_up(struct eftf_gw *gw, struct eftf_session *s)
{
	uint32_t before = s->metric, metric = metric_now();

	if (!gw->conf.announce)
		return;
	if (set(gw, s, metric)) {
		if (metric != before)
			withdraw(gw, s, metric);
		return;
	}
	s->metric = metric;
	if (before && before != metric)
		withdraw(gw, s, before);	/* now, so that there is a route at each moment */
}

void eftf_announce_down(struct eftf_gw *gw, struct eftf_session *s)
{
	const struct eftf_session *now = eftf_pool_owner(gw->pool, s->inner);
	struct eftf_route r[2];

	for (size_t i = s->metric ? routes_of(gw, s, s->metric, r) : 0; i--; )
		/* not the route of the one that its UE has come back with, in the same second */
		if (!now || now == s || now->metric != s->metric ||
		    !(r[i].family == AF_INET ? now->has4 : now->has6))
			withdraw_one(gw, &r[i]);
	s->metric = 0;
}

/* The session whose tunnel has the address that the route is to, or NULL. */
static struct eftf_session *session_of(const struct eftf_gw *gw, const struct eftf_route *r)
{
	struct eftf_session *s;
	struct in6_addr inner6;
	struct in_addr inner;

	if (r->family == AF_INET6) {
		memcpy(&inner6, r->dst, sizeof(inner6));
		inner = eftf_gw_inner4(&gw->conf, &inner6);
	} else {
		memcpy(&inner, r->dst, sizeof(inner));
	}
	s = eftf_pool_owner(gw->pool, inner);
	return s && (r->family == AF_INET6 ? s->has6 : s->has4) ? s : NULL;
}

struct eftf_session *eftf_announce_loser(const struct eftf_gw *gw, const struct eftf_route *r)
{
	struct eftf_session *s;

	if (r->unreachable || r->plen != plen_of(gw, r->family) || r->ifindex == gw->ifindex ||
	    (r->table != gw->conf.announce && r->table != EFTF_GW_TABLE_MAIN))
		return NULL;
	s = session_of(gw, r);
	/* on a gateway's own scale the later one is lower; what a daemon chooses by itself is lower still */
	return s && s->id && r->metric < s->metric ? s : NULL;
}

static bool on_any(const struct eftf_route *r, void *arg)
{
	const struct eftf_gw *gw = arg;

	return r->protocol == EFTF_GW_RTPROT && r->ifindex == gw->ifindex;
}

/* A route that a gateway has left: is it that of a tunnel that goes on? */
static bool on_left(const struct eftf_route *r, void *arg)
{
	struct eftf_gw *gw = arg;
	struct eftf_session *s;

	if (!on_any(r, gw))
		return false;
	s = session_of(gw, r);
	if (!s || (s->metric && s->metric != r->metric) ||
	    r->plen != plen_of(gw, r->family) || r->table != gw->conf.announce)
		return true;
	s->metric = r->metric;
	return false;
}

/* Of both families. */
static int sweep(struct eftf_gw *gw, eftf_rt_route_which_fn which, unsigned int *removed, struct eftf_err *err)
{
	unsigned int removed6 = 0;
	int ret = eftf_rt_route_sweep(gw->rt, AF_INET, which, gw, removed, err);

	if (!ret)
		ret = eftf_rt_route_sweep(gw->rt, AF_INET6, which, gw, &removed6, err);
	*removed += removed6;
	return ret;
}

int eftf_announce_open(struct eftf_gw *gw, struct eftf_err *err)
{
	unsigned int removed;
	int ret = sweep(gw, on_left, &removed, err);

	if (ret)
		return ret;
	if (removed)
		log_info("%u routes that a gateway has left are removed", removed);
	for (uint32_t i = 0; gw->conf.announce && i <= gw->sessions_mask; i++)
		for (struct eftf_session *s = gw->sessions[i]; s; s = s->next)
			if (s->metric)		/* of one family, perhaps, and not of the other */
				set(gw, s, s->metric);
			else
				eftf_announce_up(gw, s);
	return 0;
}

void eftf_announce_close(struct eftf_gw *gw)
{
	struct eftf_err err;
	unsigned int removed;

	if (gw->rt && gw->ifindex && gw->conf.announce && sweep(gw, on_any, &removed, &err))
		log_warn("announce: %s", err.text);
}
