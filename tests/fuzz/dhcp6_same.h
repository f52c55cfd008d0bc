/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DHCPv6 messages member by member: padding inside structures does not count. */
#ifndef DHCP6_SAME_H
#define DHCP6_SAME_H

#include "fuzz.h"

#include "dhcp6.h"

#define FUZZ_ENTERPRISE 32473

static inline void fuzz_dhcp6_sane(const struct eftf_dhcp6_msg *m)
{
	must(m->type >= EFTF_DHCP6_SOLICIT && m->type <= EFTF_DHCP6_INFORMATION_REQUEST);
	must(m->xid <= 0xffffff && m->client.len <= sizeof(m->client.v));
	must(m->server.len <= sizeof(m->server.v) && m->token_len <= sizeof(m->token));
	must(m->n_dns <= EFTF_DHCP6_MAX_ADDRS && m->n_sip <= EFTF_DHCP6_MAX_ADDRS);
	must(m->n_oro <= EFTF_DHCP6_MAX_ORO && m->n_bad <= EFTF_DHCP6_MAX_BAD);
	must(memchr(m->sip_name, 0, sizeof(m->sip_name)) && memchr(m->domain, 0, sizeof(m->domain)));
	must(memchr(m->message, 0, sizeof(m->message)));
	must(!m->has_addr || (m->has_ia && m->preferred <= m->valid));
	must(!m->status_in_ia || (m->has_ia && m->status));
	for (const char *s = m->message; *s; s++)
		must(*s >= ' ' && *s <= '~');
}

static inline void fuzz_dhcp6_same(const struct eftf_dhcp6_msg *a, const struct eftf_dhcp6_msg *b)
{
	must(a->type == b->type && a->xid == b->xid);
	must(eftf_duid_same(&a->client, &b->client) && eftf_duid_same(&a->server, &b->server));
	must(a->has_ia == b->has_ia && a->iaid == b->iaid && a->t1 == b->t1 && a->t2 == b->t2);
	must(a->has_addr == b->has_addr && !memcmp(&a->addr, &b->addr, 16));
	must(a->preferred == b->preferred && a->valid == b->valid);
	must(a->has_elapsed == b->has_elapsed && a->elapsed == b->elapsed);
	must(a->rapid_commit == b->rapid_commit);
	must(a->has_unicast == b->has_unicast && !memcmp(&a->unicast, &b->unicast, 16));
	must(a->status == b->status && a->status_in_ia == b->status_in_ia);
	must(!strcmp(a->message, b->message));
	must(a->n_dns == b->n_dns && !memcmp(a->dns, b->dns, 16 * a->n_dns));
	must(a->n_sip == b->n_sip && !memcmp(a->sip, b->sip, 16 * a->n_sip));
	must(!strcmp(a->sip_name, b->sip_name) && !strcmp(a->domain, b->domain));
	must(a->has_keepalive == b->has_keepalive && a->keepalive == b->keepalive);
	must(a->token_len == b->token_len && !memcmp(a->token, b->token, a->token_len));
	must(a->n_oro == b->n_oro && !memcmp(a->oro, b->oro, 2 * a->n_oro));
}

#endif
