// SPDX-License-Identifier: GPL-2.0-or-later
#include "offer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HALF (UINT64_C(1) << 31)

struct check {
	struct eftf_offer *offer;
	const struct eftf_here *here;
	const struct eftf_ue_routes *configured;
};

static struct eftf_value_prefix make_prefix(struct in_addr addr, uint8_t plen)
{
	struct eftf_value_prefix p = { .plen = plen, .set = true };

	p.addr.s_addr = htonl(ntohl(addr.s_addr) & eftf_value_mask4(plen));
	return p;
}

static bool same(const struct eftf_value_prefix *a, const struct eftf_value_prefix *b)
{
	return a->plen == b->plen && a->addr.s_addr == b->addr.s_addr;
}

/* Is b inside a? */
static bool contains(const struct eftf_value_prefix *a, const struct eftf_value_prefix *b)
{
	return a->plen <= b->plen &&
		((ntohl(a->addr.s_addr) ^ ntohl(b->addr.s_addr)) & eftf_value_mask4(a->plen)) == 0;
}

static bool overlap(const struct eftf_value_prefix *a, const struct eftf_value_prefix *b)
{
	return contains(a, b) || contains(b, a);
}

static void add_here(struct eftf_here *here, enum eftf_here_kind kind,
		     const struct eftf_value_prefix *p)
{
	size_t i;

	for (i = 0; i < here->n; i++) {
		if (here->item[i].kind == kind && same(&here->item[i].prefix, p))
			return;
	}
	if (here->n == EFTF_HERE_MAX)
		return;
	here->item[here->n].kind = kind;
	here->item[here->n++].prefix = *p;
}

void eftf_here_add(struct eftf_here *here, enum eftf_here_kind kind, struct in_addr addr,
		   uint8_t plen)
{
	struct eftf_value_prefix p = make_prefix(addr, plen);

	if (plen <= 32)
		add_here(here, kind, &p);
}

/* What no machine has for itself. */
static void add_special(struct eftf_here *here)
{
	static const struct {
		enum eftf_here_kind kind;
		uint32_t addr;
		uint8_t plen;
	} special[] = {
		{ EFTF_HERE_LOOPBACK, 0x7f000000u, 8 },
		{ EFTF_HERE_MULTICAST, 0xe0000000u, 4 },
		{ EFTF_HERE_RESERVED, 0xf0000000u, 4 },
		{ EFTF_HERE_RESERVED, 0x00000000u, 8 },
	};
	size_t i;

	for (i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		struct in_addr a = { htonl(special[i].addr) };

		eftf_here_add(here, special[i].kind, a, special[i].plen);
	}
}

/* The configuration's word. */
static bool allowed(const struct check *c, const struct eftf_value_prefix *p)
{
	size_t i;

	for (i = 0; i < c->configured->n; i++) {
		if (contains(&c->configured->prefix[i], p))
			return true;
	}
	return c->configured->all;
}

static void note(const struct check *c, enum eftf_offered what, const struct eftf_value_prefix *p,
		 size_t with, enum eftf_outcome outcome)
{
	struct eftf_offer *o = c->offer;

	if (o->n == EFTF_CONFLICTS_MAX)
		return;
	o->conflict[o->n++] = (struct eftf_conflict){
		.offered = what, .prefix = *p, .kind = c->here->item[with].kind,
		.with = c->here->item[with].prefix, .outcome = outcome,
	};
}

/* The first fact of one of these kinds (a mask) that has to do with p; n: none. */
static size_t find(const struct check *c, const struct eftf_value_prefix *p, unsigned int kinds)
{
	size_t i;

	for (i = 0; i < c->here->n; i++) {
		if (kinds & 1u << c->here->item[i].kind && overlap(&c->here->item[i].prefix, p))
			break;
	}
	return i;
}

#define KIND(k) (1u << EFTF_HERE_##k)
/* Single machines without which nothing works. */
#define HOSTS (KIND(OWN) | KIND(ROUTER) | KIND(DNS) | KIND(EFTF))
#define SPECIAL (KIND(LOOPBACK) | KIND(MULTICAST) | KIND(RESERVED))

/* ---- the parts of an offer ------------------------------------------------------ */

static const char *const kind_names[] = {
	[EFTF_HERE_NETWORK] = "the network of a link of this machine",
	[EFTF_HERE_OWN] = "this machine's own address",
	[EFTF_HERE_ROUTER] = "a router of this machine",
	[EFTF_HERE_DNS] = "a name server of this machine",
	[EFTF_HERE_EFTF] = "the EFTF's outer address",
	[EFTF_HERE_LOOPBACK] = "loopback",
	[EFTF_HERE_MULTICAST] = "multicast",
	[EFTF_HERE_RESERVED] = "reserved addresses",
};

static int check_address(const struct check *c, struct in_addr addr, struct eftf_err *err)
{
	struct eftf_value_prefix p = make_prefix(addr, 32);
	size_t i = find(c, &p, HOSTS);
	char text[INET_ADDRSTRLEN] = "?";

	inet_ntop(AF_INET, &addr, text, sizeof(text));
	if (i < c->here->n)
		return eftf_err_set(err, EADDRINUSE, "the inner address %s is %s: one of the two "
				    "networks must be numbered anew", text,
				    kind_names[c->here->item[i].kind]);
	i = find(c, &p, KIND(NETWORK));
	if (i < c->here->n && !allowed(c, &p))
		note(c, EFTF_OFFERED_ADDRESS, &p, i, EFTF_OUTCOME_USED);
	return 0;
}

static void check_gateway(const struct check *c, struct in_addr gateway)
{
	struct eftf_value_prefix p = make_prefix(gateway, 32);
	size_t i = find(c, &p, HOSTS);

	if (!gateway.s_addr)	/* not known */
		return;
	if (i == c->here->n && !allowed(c, &p))
		i = find(c, &p, KIND(NETWORK));
	if (i < c->here->n)
		note(c, EFTF_OFFERED_GATEWAY, &p, i, EFTF_OUTCOME_LEFT_OUT);
	else
		eftf_routes_add(&c->offer->routes, &p);
}

static void check_pcscf(const struct check *c, struct in_addr pcscf)
{
	struct eftf_value_prefix p = make_prefix(pcscf, 32);
	size_t i = find(c, &p, HOSTS & ~KIND(DNS));

	if (i < c->here->n) {
		note(c, EFTF_OFFERED_PCSCF, &p, i, EFTF_OUTCOME_LEFT_OUT);
		return;
	}
	i = find(c, &p, KIND(NETWORK) | KIND(DNS));
	if (i < c->here->n && !allowed(c, &p))
		note(c, EFTF_OFFERED_PCSCF, &p, i, EFTF_OUTCOME_USED);
	eftf_routes_add(&c->offer->routes, &p);
}

/* The DNS servers that may stay move to the front. */
static void check_dns(const struct check *c, struct eftf_lease4 *lease)
{
	size_t i, with, n = 0;

	for (i = 0; i < lease->n_dns; i++) {
		struct eftf_value_prefix p = make_prefix(lease->dns[i], 32);

		with = find(c, &p, SPECIAL | KIND(NETWORK) | HOSTS);
		if (with < c->here->n && !allowed(c, &p))
			note(c, EFTF_OFFERED_DNS, &p, with, EFTF_OUTCOME_LEFT_OUT);
		else
			lease->dns[n++] = lease->dns[i];
	}
	lease->n_dns = n;
}

/* May the route be put in? */
static bool route_may(const struct check *c, const struct eftf_value_prefix *p)
{
	size_t eftf = find(c, p, KIND(EFTF)), i;

	if (eftf < c->here->n && p->plen == 32) {
		note(c, EFTF_OFFERED_ROUTE, p, eftf, EFTF_OUTCOME_LEFT_OUT);
		return false;
	}
	if (allowed(c, p))
		return true;
	i = find(c, p, SPECIAL | KIND(NETWORK) | KIND(ROUTER) | KIND(DNS));
	if (i < c->here->n) {
		note(c, EFTF_OFFERED_ROUTE, p, i, EFTF_OUTCOME_LEFT_OUT);
		return false;
	}
	if (eftf < c->here->n)
		note(c, EFTF_OFFERED_ROUTE, p, eftf, EFTF_OUTCOME_BUT_FOR);
	return true;
}

/* Addresses of the prefixes, each once. */
static uint64_t addresses(const struct eftf_value_prefix *p, size_t n)
{
	uint64_t sum = 0;
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++) {
			if (j != i && contains(&p[j], &p[i]) && (j < i || !same(&p[i], &p[j])))
				break;
		}
		if (j == n)
			sum += UINT64_C(1) << (32 - p[i].plen);
	}
	return sum;
}

/* The largest go until what is left is half of all addresses or less. */
static size_t limit(const struct check *c, struct eftf_value_prefix *p, size_t n)
{
	while (addresses(p, n) > HALF) {
		struct eftf_offer *o = c->offer;
		size_t i, largest = 0;

		for (i = 1; i < n; i++) {
			if (p[i].plen < p[largest].plen)
				largest = i;
		}
		if (o->n < EFTF_CONFLICTS_MAX)
			o->conflict[o->n++] = (struct eftf_conflict){
				.offered = EFTF_OFFERED_ROUTE, .prefix = p[largest],
				.too_much = true, .outcome = EFTF_OUTCOME_LEFT_OUT,
			};
		memmove(p + largest, p + largest + 1, (n - largest - 1) * sizeof(*p));
		n--;
	}
	return n;
}

static void check_routes(const struct check *c, const struct eftf_lease4 *lease)
{
	struct eftf_value_prefix pushed[EFTF_DHCP4_MAX_ROUTES];
	size_t i, n = 0;

	for (i = 0; i < lease->n_routes; i++) {
		if (lease->routes[i].plen <= 32)
			pushed[n++] = make_prefix(lease->routes[i].dest, lease->routes[i].plen);
	}
	if (!c->configured->all)
		n = limit(c, pushed, n);
	for (i = 0; i < n; i++) {
		if (route_may(c, &pushed[i]))
			eftf_routes_add(&c->offer->routes, &pushed[i]);
	}
}

/* Whatever the configuration says, but for the way to the EFTF itself. */
static void add_configured(const struct check *c)
{
	size_t i, with;

	for (i = 0; i < c->configured->n; i++) {
		const struct eftf_value_prefix *p = &c->configured->prefix[i];

		with = find(c, p, KIND(EFTF));
		if (with < c->here->n && p->plen == 32)
			note(c, EFTF_OFFERED_ROUTE, p, with, EFTF_OUTCOME_LEFT_OUT);
		else
			eftf_routes_add(&c->offer->routes, p);
	}
}

static bool in_lease(const struct eftf_lease4 *lease, struct in_addr dns)
{
	size_t i;

	for (i = 0; i < lease->n_dns; i++) {
		if (lease->dns[i].s_addr == dns.s_addr)
			return true;
	}
	return false;
}

int eftf_offer_check(struct eftf_offer *offer, struct eftf_lease4 *lease,
		     const struct eftf_here *here, const struct eftf_ue_routes *configured,
		     struct eftf_err *err)
{
	struct eftf_here all = { .n = 0 };
	struct check c = { .offer = offer, .here = &all, .configured = configured };
	size_t i;
	int ret;

	memset(offer, 0, sizeof(*offer));
	add_special(&all);
	for (i = 0; i < here->n; i++) {
		if (here->item[i].kind != EFTF_HERE_DNS ||
		    !in_lease(lease, here->item[i].prefix.addr))
			add_here(&all, here->item[i].kind, &here->item[i].prefix);
	}
	if (!lease->address.s_addr)	/* IPv6 alone */
		return 0;
	ret = check_address(&c, lease->address, err);
	if (ret)
		return ret;
	check_gateway(&c, eftf_lease4_gateway(lease));
	for (i = 0; i < lease->n_sip; i++)
		check_pcscf(&c, lease->sip[i]);
	check_dns(&c, lease);
	check_routes(&c, lease);
	add_configured(&c);
	return 0;
}

/* ---- for a person --------------------------------------------------------------- */

static const char *prefix_text(char *out, size_t size, const struct eftf_value_prefix *p)
{
	char addr[INET_ADDRSTRLEN] = "?";

	inet_ntop(AF_INET, &p->addr, addr, sizeof(addr));
	if (p->plen == 32)
		snprintf(out, size, "%s", addr);
	else
		snprintf(out, size, "%s/%u", addr, p->plen);
	return out;
}

void eftf_conflict_text(const struct eftf_conflict *c, char out[EFTF_CONFLICT_TEXT])
{
	static const char *const offered[] = {
		[EFTF_OFFERED_ROUTE] = "route", [EFTF_OFFERED_ADDRESS] = "inner address",
		[EFTF_OFFERED_GATEWAY] = "gateway", [EFTF_OFFERED_DNS] = "name server",
		[EFTF_OFFERED_PCSCF] = "P-CSCF",
	};
	char p[32], with[32];
	const char *remedy = "";

	prefix_text(p, sizeof(p), &c->prefix);
	prefix_text(with, sizeof(with), &c->with);
	if (c->offered == EFTF_OFFERED_ROUTE && c->kind != EFTF_HERE_EFTF)
		remedy = " (allow it by [tunnel] routes)";
	if (c->too_much)
		snprintf(out, EFTF_CONFLICT_TEXT, "route %s is left out: more than half of all "
			 "addresses would go into the tunnel (allow it by [tunnel] routes)", p);
	else if (c->outcome == EFTF_OUTCOME_LEFT_OUT)
		snprintf(out, EFTF_CONFLICT_TEXT, "%s %s is left out: %s, %s%s",
			 offered[c->offered], p, kind_names[c->kind], with, remedy);
	else if (c->outcome == EFTF_OUTCOME_BUT_FOR)
		snprintf(out, EFTF_CONFLICT_TEXT, "%s %s is used but for %s, %s",
			 offered[c->offered], p, kind_names[c->kind], with);
	else
		snprintf(out, EFTF_CONFLICT_TEXT, "%s %s is used, and hides a machine of %s, %s",
			 offered[c->offered], p, kind_names[c->kind], with);
}

bool eftf_offer_has_conflict(const struct eftf_offer *offer, const char *text)
{
	char other[EFTF_CONFLICT_TEXT];
	size_t i;

	for (i = 0; i < offer->n; i++) {
		eftf_conflict_text(&offer->conflict[i], other);
		if (!strcmp(text, other))
			return true;
	}
	return false;
}
