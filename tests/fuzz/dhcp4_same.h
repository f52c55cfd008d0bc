/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DHCP messages member by member: padding inside structures does not count. */
#ifndef DHCP4_SAME_H
#define DHCP4_SAME_H

#include "fuzz.h"

#include "dhcp4.h"

#define FUZZ_ENTERPRISE EFTF_ENTERPRISE_DEFAULT

static inline void fuzz_dhcp4_sane(const struct eftf_dhcp4_msg *m)
{
	must(m->type >= EFTF_DHCP4_DISCOVER && m->type <= EFTF_DHCP4_INFORM);
	must(m->client_id_len <= sizeof(m->client_id) && m->token_len <= sizeof(m->token));
	must(m->n_dns <= EFTF_DHCP4_MAX_ADDRS && m->n_sip <= EFTF_DHCP4_MAX_ADDRS);
	must(m->n_routes <= EFTF_DHCP4_MAX_ROUTES && m->n_params <= sizeof(m->params));
	must(memchr(m->sip_name, 0, sizeof(m->sip_name)));
	must(memchr(m->message, 0, sizeof(m->message)));
	for (size_t i = 0; i < m->n_routes; i++)
		must(m->routes[i].plen <= 32);
	for (const char *s = m->message; *s; s++)
		must(*s >= ' ' && *s <= '~');
}

static inline void fuzz_dhcp4_same_lists(const struct eftf_dhcp4_msg *a,
					 const struct eftf_dhcp4_msg *b)
{
	must(a->n_dns == b->n_dns && !memcmp(a->dns, b->dns, a->n_dns * 4));
	must(a->n_sip == b->n_sip && !memcmp(a->sip, b->sip, a->n_sip * 4));
	must(!strcmp(a->sip_name, b->sip_name));
	must(!strcmp(a->message, b->message));
	must(a->n_routes == b->n_routes);
	for (size_t i = 0; i < a->n_routes; i++) {
		must(a->routes[i].dest.s_addr == b->routes[i].dest.s_addr);
		must(a->routes[i].plen == b->routes[i].plen);
		must(a->routes[i].via.s_addr == b->routes[i].via.s_addr);
	}
	must(a->n_params == b->n_params && !memcmp(a->params, b->params, a->n_params));
}

static inline void fuzz_dhcp4_same(const struct eftf_dhcp4_msg *a, const struct eftf_dhcp4_msg *b)
{
	must(a->reply == b->reply && a->xid == b->xid && a->secs == b->secs);
	must(a->broadcast == b->broadcast && a->type == b->type);
	must(a->ciaddr.s_addr == b->ciaddr.s_addr && a->yiaddr.s_addr == b->yiaddr.s_addr);
	must(a->siaddr.s_addr == b->siaddr.s_addr && a->giaddr.s_addr == b->giaddr.s_addr);
	must(a->client_id_len == b->client_id_len);
	must(!memcmp(a->client_id, b->client_id, a->client_id_len));
	must(a->has_server_id == b->has_server_id && a->server_id.s_addr == b->server_id.s_addr);
	must(a->has_requested == b->has_requested && a->requested.s_addr == b->requested.s_addr);
	must(a->has_mask == b->has_mask && a->mask.s_addr == b->mask.s_addr);
	must(a->has_router == b->has_router && a->router.s_addr == b->router.s_addr);
	must(a->has_mtu == b->has_mtu && a->mtu == b->mtu);
	must(a->has_lease == b->has_lease && a->lease == b->lease);
	must(a->has_t1 == b->has_t1 && a->t1 == b->t1 && a->has_t2 == b->has_t2 && a->t2 == b->t2);
	must(a->has_keepalive == b->has_keepalive && a->keepalive == b->keepalive);
	must(a->token_len == b->token_len && !memcmp(a->token, b->token, a->token_len));
	must(!a->htype || (a->htype == b->htype && a->hlen == b->hlen));
	must(!memcmp(a->chaddr, b->chaddr, sizeof(a->chaddr)));
	fuzz_dhcp4_same_lists(a, b);
}

#endif
