// SPDX-License-Identifier: GPL-2.0-or-later
#include "offer6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "config_value.h"

struct check {
	struct eftf_routes6 *routes;
	const struct eftf_here6 *here;
	const struct eftf_ue_routes *configured;
	struct eftf_conflicts6 *conflicts;
	const struct in6_addr *address;	/* the inner one */
};

static struct eftf_prefix6 make_prefix(const struct in6_addr *addr, uint8_t plen)
{
	struct eftf_prefix6 p = { *addr, plen };

	eftf_value_cut6(&p.addr, plen);
	return p;
}

/* Is b inside a? */
static bool contains(const struct eftf_prefix6 *a, const struct eftf_prefix6 *b)
{
	return a->plen <= b->plen && eftf_value_same_network6(&a->addr, &b->addr, a->plen);
}

static bool equal(const struct eftf_prefix6 *a, const struct eftf_prefix6 *b)
{
	return a->plen == b->plen && contains(a, b);
}

static bool overlap(const struct eftf_prefix6 *a, const struct eftf_prefix6 *b)
{
	return contains(a, b) || contains(b, a);
}

/* ---- what is here ----------------------------------------------------------------- */

void eftf_here6_add(struct eftf_here6 *here, const struct in6_addr *addr, uint8_t plen)
{
	struct eftf_prefix6 p = make_prefix(addr, plen);

	for (size_t i = 0; i < here->n; i++)
		if (equal(&here->item[i], &p))
			return;
	if (here->n < EFTF_HERE6_MAX)
		here->item[here->n++] = p;
}

bool eftf_routes6_cover(const struct eftf_routes6 *routes, const struct sockaddr_storage *peer)
{
	struct eftf_prefix6 host = { .plen = 128 };
	const uint8_t *octets;

	if (eftf_addr_octets(peer, &octets) != sizeof(host.addr))
		return false;
	memcpy(&host.addr, octets, sizeof(host.addr));
	for (size_t i = 0; i < routes->n; i++)
		if (contains(&routes->prefix[i], &host))
			return true;
	return false;
}

/* ---- the parts of an offer ---------------------------------------------------------- */

/* The configuration's word. */
static bool allowed(const struct check *c, const struct eftf_prefix6 *p)
{
	for (size_t i = 0; i < c->configured->n6; i++)
		if (contains(&c->configured->prefix6[i], p))
			return true;
	return c->configured->all;
}

/* Is something in it that no machine has for itself: ::/8 with loopback, link-local, multicast? */
static bool has_special(const struct eftf_prefix6 *p)
{
	static const struct eftf_prefix6 special[] = {
		{ { { { 0 } } }, 8 }, { { { { 0xfe, 0x80 } } }, 10 }, { { { { 0xff } } }, 8 },
	};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (overlap(&special[i], p))
			return true;
	return false;
}

/*
 * The networks behind this UE, which have addresses of its own /64, are no conflict for the /64, for what is larger,
 * and for the inner address, unless one of their machines has just that.
 */
static bool is_no_conflict(const struct check *c, const struct eftf_prefix6 *item, const struct eftf_prefix6 *p)
{
	const struct eftf_prefix6 *own = &c->routes->own;

	return own->plen && contains(own, item) &&
		(contains(p, own) || (p->plen == 128 && IN6_ARE_ADDR_EQUAL(&p->addr, c->address))) &&
		!(item->plen == 128 && IN6_ARE_ADDR_EQUAL(&item->addr, c->address));
}

static const struct eftf_prefix6 *find_here(const struct check *c, const struct eftf_prefix6 *p)
{
	/* what is more than the peer alone leaves it its own way */
	if (c->here->peer.plen && contains(&c->here->peer, p))
		return &c->here->peer;
	/* a single machine says more than its network */
	for (int hosts = 1; hosts >= 0; hosts--)
		for (size_t i = 0; i < c->here->n; i++)
			if ((c->here->item[i].plen == 128) == hosts && overlap(&c->here->item[i], p) &&
			    !is_no_conflict(c, &c->here->item[i], p))
				return &c->here->item[i];
	return NULL;
}

/* A single machine has no length behind it. */
static const char *text_of(const struct eftf_prefix6 *p, char out[EFTF_PREFIX6_TEXT])
{
	if (p->plen != 128)
		return eftf_prefix6_text(out, p);
	return inet_ntop(AF_INET6, &p->addr, out, EFTF_PREFIX6_TEXT);
}

/* outcome: up to the name of what it conflicts with, if there is that */
static void tell(const struct check *c, const char *what, const struct eftf_prefix6 *p,
		 const char *outcome, const struct eftf_prefix6 *with, const char *remedy)
{
	char a[EFTF_PREFIX6_TEXT], b[EFTF_PREFIX6_TEXT];
	struct eftf_conflicts6 *to = c->conflicts;

	if (to->n == EFTF_CONFLICTS6_MAX)
		return;
	snprintf(to->text[to->n++], sizeof(to->text[0]), "%s %s is %s%s%s", what, text_of(p, a), outcome,
		 with ? text_of(with, b) : "", remedy);
}

static void add(const struct check *c, const struct eftf_prefix6 *p)
{
	struct eftf_routes6 *r = c->routes;

	for (size_t i = 0; i < r->n; i++)
		if (equal(&r->prefix[i], p))
			return;
	if (r->n < EFTF_ROUTES6_MAX)
		r->prefix[r->n++] = *p;
}

/* All addresses are two halves: they win against the machine's default route, and do not replace it. */
static void add_route(const struct check *c, const struct eftf_prefix6 *p)
{
	struct eftf_prefix6 half = { .plen = 1 };

	if (p->plen) {
		add(c, p);
		return;
	}
	add(c, &half);
	half.addr.s6_addr[0] = 0x80;
	add(c, &half);
}

#define HERE "left out: here is "
#define ALLOW " (allow it by [tunnel] routes)"

static int check_address(const struct check *c, const struct in6_addr *addr, struct eftf_err *err)
{
	struct eftf_prefix6 p = make_prefix(addr, 128);
	const struct eftf_prefix6 *with = find_here(c, &p);
	char text[EFTF_PREFIX6_TEXT];

	if (with && with->plen == 128)
		return eftf_err_set(err, EADDRINUSE, "the inner address %s is that of this machine, its router, a name "
				    "server or the EFTF: one of the two networks must be numbered anew",
				    text_of(&p, text));
	if (with && !allowed(c, &p))
		tell(c, "inner address", &p, "used, and hides a machine of ", with, "");
	return 0;
}

/*
 * First of all, as the rest depends on it. A network of here that has this /64 need not have it from the tunnel: it may
 * be another's, which an EFTF that names its /64 must not get into. So only that of before is taken beside it.
 */
static void check_own(const struct check *c, const struct eftf_prefix6 *offered)
{
	struct eftf_prefix6 own = make_prefix(&offered->addr, offered->plen), address = make_prefix(c->address, 128);
	const struct eftf_prefix6 *with;

	memset(&c->routes->own, 0, sizeof(c->routes->own));
	if (!own.plen || !contains(&own, &address))
		return;
	if (equal(&c->here->before, &own))
		c->routes->own = own;
	with = find_here(c, &own);
	if (!with && c->here->peer.plen && contains(&own, &c->here->peer))
		with = &c->here->peer;
	if (!with || allowed(c, &own)) {
		c->routes->own = own;
		return;
	}
	memset(&c->routes->own, 0, sizeof(c->routes->own));
	tell(c, "prefix", &own, HERE, with, ALLOW);
}

/* Into the tunnel such a route would take what networks behind this UE have. */
static bool is_of_own(const struct check *c, const struct eftf_prefix6 *p)
{
	return c->routes->own.plen && contains(&c->routes->own, p);
}

static void check_gateway(const struct check *c, const struct in6_addr *addr)
{
	struct eftf_prefix6 p = make_prefix(addr, 128);
	const struct eftf_prefix6 *with = find_here(c, &p);

	if (with && (with->plen == 128 || !allowed(c, &p)))
		tell(c, "gateway", &p, HERE, with, "");
	else
		add(c, &p);
}

/* Always routed, but for a machine without which nothing works. */
static void check_pcscf(const struct check *c, const struct in6_addr *addr)
{
	struct eftf_prefix6 p = make_prefix(addr, 128);
	const struct eftf_prefix6 *with = find_here(c, &p);

	if (with && with->plen == 128) {
		tell(c, "P-CSCF", &p, HERE, with, "");
		return;
	}
	if (with && !allowed(c, &p))
		tell(c, "P-CSCF", &p, "used, and hides a machine of ", with, "");
	add(c, &p);
}

static void check_route(const struct check *c, const struct eftf_prefix6 *p)
{
	const struct eftf_prefix6 *with = find_here(c, p);

	if (is_of_own(c, p))
		return;
	if (with && p->plen == 128 && with->plen == 128)
		tell(c, "route", p, HERE, with, "");
	else if (allowed(c, p))
		add_route(c, p);
	else if (has_special(p))
		tell(c, "route", p, "left out: it has nobody's addresses", NULL, ALLOW);
	else if (with)
		tell(c, "route", p, HERE, with, ALLOW);
	else
		add(c, p);
}

/* Addresses of the prefixes, each once, in units of 2 to the power of 65. */
static uint64_t addresses(const struct eftf_prefix6 *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0, j; i < n; i++) {
		for (j = 0; j < n; j++)
			if (j != i && contains(&p[j], &p[i]) && (j < i || p[j].plen != p[i].plen))
				break;
		if (j == n && p[i].plen < 64)
			sum += UINT64_C(1) << (63 - p[i].plen);
	}
	return sum;
}

/* The largest go until what is left is half of all addresses or less. */
static size_t limit(const struct check *c, struct eftf_prefix6 *p, size_t n)
{
	while (addresses(p, n) > UINT64_C(1) << 62) {
		size_t largest = 0;

		for (size_t i = 1; i < n; i++)
			if (p[i].plen < p[largest].plen)
				largest = i;
		tell(c, "route", &p[largest], "left out: more than half of all addresses would go into the tunnel",
		     NULL, ALLOW);
		memmove(p + largest, p + largest + 1, (n - largest - 1) * sizeof(*p));
		n--;
	}
	return n;
}

static void check_routes(const struct check *c, const struct eftf_ra *ra)
{
	struct eftf_prefix6 pushed[EFTF_RA_MAX_ROUTES];
	size_t n = 0;

	for (size_t i = 0; i < ra->n_routes; i++)
		pushed[n++] = make_prefix(&ra->routes[i].addr, ra->routes[i].plen);
	if (!c->configured->all)
		n = limit(c, pushed, n);
	for (size_t i = 0; i < n; i++)
		check_route(c, &pushed[i]);
}

/* The DNS servers that may stay move to the front. They are routed, too: they are the tunnel's. */
static void check_dns(const struct check *c, struct eftf_lease6 *lease)
{
	size_t n = 0;

	for (size_t i = 0; i < lease->n_dns; i++) {
		struct eftf_prefix6 p = make_prefix(&lease->dns[i], 128);
		const struct eftf_prefix6 *with = find_here(c, &p);

		if (with && !allowed(c, &p))
			tell(c, "name server", &p, HERE, with, "");
		else
			lease->dns[n++] = lease->dns[i];
	}
	lease->n_dns = n;
}

bool eftf_conflicts6_have(const struct eftf_conflicts6 *c, const char *text)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->text[i], text))
			return true;
	return false;
}

int eftf_offer6_check(struct eftf_routes6 *routes, struct eftf_conflicts6 *conflicts, struct eftf_six *six,
		      const struct eftf_here6 *here, const struct eftf_ue_routes *configured,
		      struct eftf_err *err)
{
	struct eftf_lease6 *lease = &six->lease;
	struct check c = { routes, here, configured, conflicts, &lease->address };
	int ret;

	routes->n = 0;
	conflicts->n = 0;
	check_own(&c, &six->ra.own);
	ret = check_address(&c, &lease->address, err);
	if (ret)
		return ret;
	if (!IN6_IS_ADDR_UNSPECIFIED(&lease->unicast))
		check_gateway(&c, &lease->unicast);
	for (size_t i = 0; i < lease->n_sip; i++)
		check_pcscf(&c, &lease->sip[i]);
	check_dns(&c, lease);
	check_routes(&c, &six->ra);
	for (size_t i = 0; i < configured->n6; i++)
		if (!is_of_own(&c, &configured->prefix6[i]))
			add_route(&c, &configured->prefix6[i]);
	return 0;
}
