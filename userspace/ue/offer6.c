// SPDX-License-Identifier: GPL-2.0-or-later
#include "offer6.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "config_value.h"

struct check {
	struct eftf_routes6 *routes;
	const struct eftf_here6 *here;
	const struct eftf_ue_routes *configured;
	eftf_offer6_fn told;
	void *arg;
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

static bool overlap(const struct eftf_prefix6 *a, const struct eftf_prefix6 *b)
{
	return contains(a, b) || contains(b, a);
}

/* ---- what is here ----------------------------------------------------------------- */

void eftf_here6_add(struct eftf_here6 *here, const struct in6_addr *addr, uint8_t plen)
{
	if (here->n < EFTF_HERE6_MAX)
		here->item[here->n++] = make_prefix(addr, plen);
}

static uint8_t mask_length(const struct sockaddr_in6 *mask)
{
	unsigned int n = 0;

	for (int i = 0; mask && i < 16; i++)
		n += (unsigned int)__builtin_popcount(mask->sin6_addr.s6_addr[i]);
	return mask ? (uint8_t)n : 128;
}

void eftf_here6_read(struct eftf_here6 *here, uint32_t device, const struct sockaddr_storage *peer)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)peer;
	struct ifaddrs *list, *i;

	here->n = 0;
	if (peer->ss_family == AF_INET6 && eftf_dhcp6_is_host(&sin6->sin6_addr))
		eftf_here6_add(here, &sin6->sin6_addr, 128);
	if (getifaddrs(&list))
		return;
	for (i = list; i; i = i->ifa_next) {
		sin6 = (const struct sockaddr_in6 *)i->ifa_addr;
		if (sin6 && sin6->sin6_family == AF_INET6 && eftf_dhcp6_is_host(&sin6->sin6_addr) &&
		    !(device && if_nametoindex(i->ifa_name) == device))
			eftf_here6_add(here, &sin6->sin6_addr,
				       mask_length((const struct sockaddr_in6 *)i->ifa_netmask));
	}
	freeifaddrs(list);
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

/* What no machine has for itself: ::/8 with loopback, link-local, multicast. */
static bool is_special(const struct eftf_prefix6 *p)
{
	static const struct eftf_prefix6 special[] = {
		{ { { { 0 } } }, 8 }, { { { { 0xfe, 0x80 } } }, 10 }, { { { { 0xff } } }, 8 },
	};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (contains(&special[i], p))
			return true;
	return false;
}

static const struct eftf_prefix6 *find_here(const struct check *c, const struct eftf_prefix6 *p)
{
	for (size_t i = 0; i < c->here->n; i++)
		if (overlap(&c->here->item[i], p))
			return &c->here->item[i];
	return NULL;
}

static const char *text_of(const struct eftf_prefix6 *p, char out[INET6_ADDRSTRLEN + 4])
{
	size_t len;

	inet_ntop(AF_INET6, &p->addr, out, INET6_ADDRSTRLEN);
	len = strlen(out);
	if (p->plen != 128)
		snprintf(out + len, INET6_ADDRSTRLEN + 4 - len, "/%u", p->plen);
	return out;
}

static void tell(const struct check *c, const char *what, const struct eftf_prefix6 *p,
		 const struct eftf_prefix6 *with, const char *why)
{
	char a[INET6_ADDRSTRLEN + 4], b[INET6_ADDRSTRLEN + 4], text[256];

	snprintf(text, sizeof(text), "%s %s is left out: %s%s", what, text_of(p, a), why,
		 with ? text_of(with, b) : "");
	c->told(text, c->arg);
}

static void add(const struct check *c, const struct eftf_prefix6 *p)
{
	struct eftf_routes6 *r = c->routes;

	for (size_t i = 0; i < r->n; i++)
		if (r->prefix[i].plen == p->plen && contains(&r->prefix[i], p))
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

static void check_host(const struct check *c, const char *what, const struct in6_addr *addr)
{
	struct eftf_prefix6 p = make_prefix(addr, 128);
	const struct eftf_prefix6 *with = find_here(c, &p);

	if (with && (with->plen == 128 || !allowed(c, &p)))
		tell(c, what, &p, with, "here is ");
	else
		add(c, &p);
}

static void check_route(const struct check *c, const struct eftf_prefix6 *p)
{
	const struct eftf_prefix6 *with = find_here(c, p);

	if (with && p->plen == 128 && with->plen == 128)
		tell(c, "route", p, with, "here is ");
	else if (allowed(c, p))
		add_route(c, p);
	else if (is_special(p))
		tell(c, "route", p, NULL, "these are nobody's addresses");
	else if (p->plen < 2)
		tell(c, "route", p, NULL, "half of all addresses would go into the tunnel (allow it by [tunnel] routes)");
	else if (with)
		tell(c, "route", p, with, "(allow it by [tunnel] routes) here is ");
	else
		add(c, p);
}

/* The DNS servers that may stay move to the front. They are routed, too: they are the tunnel's. */
static void check_dns(const struct check *c, struct eftf_lease6 *lease)
{
	size_t n = 0;

	for (size_t i = 0; i < lease->n_dns; i++) {
		struct eftf_prefix6 p = make_prefix(&lease->dns[i], 128);
		const struct eftf_prefix6 *with = find_here(c, &p);

		if (with && !allowed(c, &p))
			tell(c, "name server", &p, with, "here is ");
		else
			lease->dns[n++] = lease->dns[i];
	}
	lease->n_dns = n;
}

int eftf_offer6_check(struct eftf_routes6 *routes, struct eftf_six *six,
		      const struct eftf_here6 *here, const struct eftf_ue_routes *configured,
		      eftf_offer6_fn told, void *arg, struct eftf_err *err)
{
	struct check c = { routes, here, configured, told, arg };
	struct eftf_lease6 *lease = &six->lease;
	char text[INET6_ADDRSTRLEN];

	routes->n = 0;
	for (size_t i = 0; i < here->n; i++)
		if (!memcmp(&here->item[i].addr, &lease->address, 16)) {
			inet_ntop(AF_INET6, &lease->address, text, sizeof(text));
			return eftf_err_set(err, EADDRINUSE, "the inner address %s is this machine's already: "
					    "one of the two networks must be numbered anew", text);
		}
	if (!IN6_IS_ADDR_UNSPECIFIED(&lease->unicast))
		check_host(&c, "gateway", &lease->unicast);
	for (size_t i = 0; i < lease->n_sip; i++)
		check_host(&c, "P-CSCF", &lease->sip[i]);
	check_dns(&c, lease);
	for (size_t i = 0; i < six->ra.n_routes; i++)
		check_route(&c, &six->ra.routes[i]);
	for (size_t i = 0; i < configured->n6; i++)
		add_route(&c, &configured->prefix6[i]);
	return 0;
}
