/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp6.h"

#include <string.h>

#include "dhcp6_wire.h"

static void put_option(struct eftf_out *o, uint16_t code, const void *data, size_t len)
{
	eftf_out_put16(o, code);
	eftf_out_put16(o, (uint16_t)len);
	eftf_out_put(o, data, len);
}

/* An option whose length is known only when it is whole. Returns where its length stands. */
static size_t begin(struct eftf_out *o, uint16_t code)
{
	eftf_out_put16(o, code);
	eftf_out_put16(o, 0);
	return o->len;
}

static void end(struct eftf_out *o, size_t at)
{
	size_t len = o->len - at;

	if (o->full)
		return;
	o->p[at - 2] = (uint8_t)(len >> 8);
	o->p[at - 1] = (uint8_t)len;
}

static void put_duid(struct eftf_out *o, uint16_t code, const struct eftf_duid *duid)
{
	if (duid->len)
		put_option(o, code, duid->v, duid->len);
}

static void put_status(struct eftf_out *o, const struct eftf_dhcp6_msg *m)
{
	size_t at;

	if (!m->status)
		return;
	at = begin(o, OPT6_STATUS);
	eftf_out_put16(o, m->status);
	eftf_out_put(o, m->message, strlen(m->message));
	end(o, at);
}

static void put_ia(struct eftf_out *o, const struct eftf_dhcp6_msg *m)
{
	size_t at;

	if (!m->has_ia)
		return;
	at = begin(o, OPT6_IA_NA);
	eftf_out_put32(o, m->iaid);
	eftf_out_put32(o, m->t1);
	eftf_out_put32(o, m->t2);
	if (m->has_addr) {
		eftf_out_put16(o, OPT6_IAADDR);
		eftf_out_put16(o, DHCP6_IAADDR);
		eftf_out_put(o, &m->addr, 16);
		eftf_out_put32(o, m->preferred);
		eftf_out_put32(o, m->valid);
	}
	if (m->status_in_ia)
		put_status(o, m);
	end(o, at);
}

static void put_name(struct eftf_out *o, uint16_t code, const char *name)
{
	uint8_t labels[EFTF_DHCP_MAX_LABELS];
	size_t len = name[0] ? eftf_dhcp_name_put(name, labels, sizeof(labels)) : 0;

	if (len)
		put_option(o, code, labels, len);
}

static void put_lists(struct eftf_out *o, const struct eftf_dhcp6_msg *m)
{
	if (m->n_oro) {
		eftf_out_put16(o, OPT6_ORO);
		eftf_out_put16(o, (uint16_t)(2 * m->n_oro));
		for (size_t i = 0; i < m->n_oro; i++)
			eftf_out_put16(o, m->oro[i]);
	}
	if (m->n_dns)
		put_option(o, OPT6_DNS, m->dns, 16 * m->n_dns);
	put_name(o, OPT6_DOMAINS, m->domain);
	if (m->n_sip)
		put_option(o, OPT6_SIP_ADDRS, m->sip, 16 * m->n_sip);
	put_name(o, OPT6_SIP_NAMES, m->sip_name);
}

static void put_vendor(struct eftf_out *o, const struct eftf_dhcp6_msg *m, uint32_t enterprise)
{
	size_t at;

	if (!m->has_keepalive && !m->token_len)
		return;
	at = begin(o, OPT6_VENDOR);
	eftf_out_put32(o, enterprise);
	if (m->has_keepalive) {
		eftf_out_put16(o, VENDOR6_KEEPALIVE);
		eftf_out_put16(o, 2);
		eftf_out_put16(o, m->keepalive);
	}
	if (m->token_len)
		put_option(o, VENDOR6_TOKEN, m->token, m->token_len);
	end(o, at);
}

size_t eftf_dhcp6_encode(uint8_t *out, size_t size, const struct eftf_dhcp6_msg *m,
			 uint32_t enterprise)
{
	struct eftf_out o = { .p = out, .size = size };

	eftf_out_put32(&o, (uint32_t)m->type << 24 | (m->xid & DHCP6_XID_MASK));
	put_duid(&o, OPT6_CLIENT_ID, &m->client);
	put_duid(&o, OPT6_SERVER_ID, &m->server);
	if (m->has_elapsed) {
		eftf_out_put16(&o, OPT6_ELAPSED);
		eftf_out_put16(&o, 2);
		eftf_out_put16(&o, m->elapsed);
	}
	if (m->rapid_commit)
		put_option(&o, OPT6_RAPID_COMMIT, "", 0);
	if (m->has_unicast)
		put_option(&o, OPT6_UNICAST, &m->unicast, 16);
	put_ia(&o, m);
	if (!m->status_in_ia)
		put_status(&o, m);
	put_lists(&o, m);
	put_vendor(&o, m, enterprise);
	return o.full ? 0 : o.len;
}
