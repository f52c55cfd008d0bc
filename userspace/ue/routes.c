// SPDX-License-Identifier: GPL-2.0-or-later
#include "routes.h"

#include <arpa/inet.h>
#include <string.h>

#include "addr.h"

static void add_one(struct eftf_routes *out, struct in_addr addr, uint8_t plen)
{
	struct eftf_value_prefix p = { .plen = plen, .set = true };
	size_t i;

	if (plen > 32 || out->n == EFTF_ROUTES_MAX)
		return;
	p.addr.s_addr = htonl(ntohl(addr.s_addr) & eftf_value_mask4(plen));
	for (i = 0; i < out->n; i++) {
		if (out->prefix[i].addr.s_addr == p.addr.s_addr && out->prefix[i].plen == plen)
			return;
	}
	out->prefix[out->n++] = p;
}

void eftf_routes_add(struct eftf_routes *out, const struct eftf_value_prefix *p)
{
	struct in_addr lower = { 0 }, upper = { htonl(0x80000000u) };

	if (p->plen) {
		add_one(out, p->addr, p->plen);
		return;
	}
	add_one(out, lower, 1);
	add_one(out, upper, 1);
}

bool eftf_routes_cover(const struct eftf_routes *routes, const struct sockaddr_storage *peer)
{
	const uint8_t *octets;
	struct in_addr addr;
	size_t i;

	if (eftf_addr_octets(peer, &octets) != sizeof(addr))
		return false;
	memcpy(&addr, octets, sizeof(addr));
	for (i = 0; i < routes->n; i++) {
		if ((ntohl(addr.s_addr) & eftf_value_mask4(routes->prefix[i].plen)) ==
		    ntohl(routes->prefix[i].addr.s_addr))
			return true;
	}
	return false;
}
