// SPDX-License-Identifier: GPL-2.0-or-later
#include "way.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "addr.h"
#include "routes.h"

/* An address as netlink has it; IPv4 in IPv6 as IPv4. */
struct host {
	int family;
	uint8_t addr[16];
};

static struct host host_of(const struct sockaddr_storage *ss)
{
	const uint8_t *octets;
	size_t n = eftf_addr_octets(ss, &octets);
	struct host h = { .family = n == 4 ? AF_INET : ss->ss_family };

	memcpy(h.addr, octets, n);
	return h;
}

static bool covers(const struct eftf_route *r, const struct host *to)
{
	unsigned int octets = r->plen / 8, bits = r->plen % 8;

	if (r->family != to->family || memcmp(r->dst, to->addr, octets))
		return false;
	return !bits || (r->dst[octets] ^ to->addr[octets]) >> (8 - bits) == 0;
}

static bool is_ours(const struct eftf_route *r, uint32_t device)
{
	return (device && r->ifindex == device) ||
		(r->metric == EFTF_ROUTES_METRIC && r->plen == (r->family == AF_INET ? 32 : 128));
}

struct search {
	struct host to;
	uint32_t device;	/* not by this link */
	uint32_t only;		/* by this link, if not 0 */
	struct eftf_route best;	/* ifindex 0: none yet */
};

static void on_route(const struct eftf_route *r, void *arg)
{
	struct search *s = arg;
	const struct eftf_route *best = &s->best;

	if (!covers(r, &s->to) || is_ours(r, s->device) || (s->only && r->ifindex != s->only))
		return;
	if (best->ifindex && (r->plen < best->plen ||
			      (r->plen == best->plen && r->metric >= best->metric)))
		return;
	s->best = *r;
}

static int find(struct eftf_rt *rt, struct search *s, struct eftf_err *err)
{
	int ret = eftf_rt_route_dump(rt, s->to.family, on_route, s, err);

	if (ret)
		return ret;
	return s->best.ifindex ? 0 : eftf_err_set(err, ENETUNREACH, "there is no route to it");
}

int eftf_way_find(struct eftf_rt *rt, uint32_t device, const struct sockaddr_storage *peer,
		  struct eftf_route *hop, struct eftf_err *err)
{
	struct search s = { .to = host_of(peer), .device = device };
	int ret = find(rt, &s, err);

	*hop = s.best;
	return ret;
}

bool eftf_way_same_hop(const struct eftf_route *a, const struct eftf_route *b)
{
	return a->ifindex == b->ifindex && a->has_via == b->has_via &&
		(!a->has_via || !memcmp(a->via, b->via, sizeof(a->via)));
}

void eftf_way_set(struct eftf_way *way, struct eftf_rt *rt, uint32_t device,
		  const struct sockaddr_storage *local, const struct sockaddr_storage *peer)
{
	struct eftf_err err;

	way->local = *local;
	way->peer = *peer;
	way->lost = !way->foreign && eftf_way_find(rt, device, peer, &way->hop, &err);
}

void eftf_way_ask_kernel(struct eftf_way *way, struct eftf_rt *rt)
{
	struct host to = host_of(&way->peer);
	struct eftf_route kernels;
	struct eftf_err err;

	way->foreign = !eftf_rt_route_lookup(rt, to.family, to.addr, &kernels, &err) &&
		(way->lost || !eftf_way_same_hop(&kernels, &way->hop));
	if (!way->foreign)
		return;
	way->lost = false;
	memset(&way->hop, 0, sizeof(way->hop));
}

struct presence {
	struct host host;
	bool found;
};

static void on_addr(uint32_t ifindex, int family, const void *addr, void *arg)
{
	struct presence *p = arg;

	(void)ifindex;
	if (family == p->host.family && !memcmp(addr, p->host.addr, family == AF_INET ? 4 : 16))
		p->found = true;
}

/* If that cannot be said: yes. */
static bool has_local(struct eftf_rt *rt, const struct eftf_way *way)
{
	struct presence p = { .host = host_of(&way->local) };
	struct eftf_err err;

	return eftf_rt_addr_dump(rt, p.host.family, on_addr, &p, &err) || p.found;
}

/* Can packets of the connection still leave by the link that they left by? */
static bool still_usable(struct eftf_rt *rt, const struct eftf_way *way, uint32_t device)
{
	struct search s = {
		.to = host_of(&way->peer), .device = device, .only = way->hop.ifindex,
	};
	struct eftf_err err;

	return way->hop.ifindex && !find(rt, &s, &err) && eftf_way_same_hop(&s.best, &way->hop);
}

enum eftf_way_news eftf_way_look(struct eftf_way *way, struct eftf_rt *rt, uint32_t device,
				 const char **text)
{
	bool was_lost = way->lost, local = has_local(rt, way), usable;
	struct eftf_route now = { 0 };
	struct eftf_err err;
	int ret = 0;

	if (!way->foreign)
		ret = eftf_way_find(rt, device, &way->peer, &now, &err);
	if (ret && ret != -ENETUNREACH)
		return EFTF_WAY_SAME;
	way->lost = ret != 0;
	if (way->lost)
		return was_lost ? EFTF_WAY_SAME : EFTF_WAY_LOST;
	*text = !local ? "its address is gone" : was_lost ? "its link is back" :
		"another way to the EFTF";
	if (local && !was_lost && (way->foreign || eftf_way_same_hop(&now, &way->hop)))
		return EFTF_WAY_SAME;
	usable = local && !was_lost && !way->foreign && still_usable(rt, way, device);
	way->hop = now;
	return usable ? EFTF_WAY_NEW : EFTF_WAY_STALE;
}

/* ---- the mark -------------------------------------------------------------- */

struct mark {
	uint32_t device;
	uint64_t sum;
};

/* FNV-1a; summed up, so that the order of what a dump tells does not matter. */
static void add(struct mark *m, const void *data, size_t len, uint64_t seed)
{
	const uint8_t *p = data;
	uint64_t h = 14695981039346656037u ^ seed;

	while (len--)
		h = (h ^ *p++) * 1099511628211u;
	m->sum += h;
}

static void mark_route(const struct eftf_route *r, void *arg)
{
	struct mark *m = arg;
	struct eftf_route key;

	if (is_ours(r, m->device))
		return;
	memset(&key, 0, sizeof(key));	/* no padding counts */
	memcpy(key.dst, r->dst, sizeof(key.dst));
	memcpy(key.via, r->via, sizeof(key.via));
	key.family = r->family;
	key.plen = r->plen;
	key.ifindex = r->ifindex;
	key.metric = r->metric;
	add(m, &key, sizeof(key), 1);
}

static void mark_addr(uint32_t ifindex, int family, const void *addr, void *arg)
{
	struct mark *m = arg;

	if (ifindex != m->device)
		add(m, addr, family == AF_INET ? 4 : 16, ifindex);
}

uint64_t eftf_way_mark(struct eftf_rt *rt, uint32_t device)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct mark m = { .device = device };
	struct eftf_err err;
	size_t i;

	for (i = 0; i < 2; i++) {
		/* a part that cannot be read counts as empty */
		eftf_rt_route_dump(rt, families[i], mark_route, &m, &err);
		eftf_rt_addr_dump(rt, families[i], mark_addr, &m, &err);
	}
	return m.sum;
}
