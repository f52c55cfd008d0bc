/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp4.h"

#include <string.h>

#include "dhcp4_wire.h"
#include "dhcp_octets.h"

static const uint8_t cookie[4] = { 99, 130, 83, 99 };

/* RFC 3396: what is longer than 255 octets goes into several options. */
static void put_option(struct eftf_out *o, uint8_t code, const void *data, size_t len)
{
	const uint8_t *p = data;
	size_t n;

	do {
		n = len > 255 ? 255 : len;
		eftf_out_put8(o, code);
		eftf_out_put8(o, (uint8_t)n);
		eftf_out_put(o, p, n);
		p += n;
		len -= n;
	} while (len);
}

static void put_option16(struct eftf_out *o, bool has, uint8_t code, uint16_t v)
{
	if (!has)
		return;
	eftf_out_put8(o, code);
	eftf_out_put8(o, 2);
	eftf_out_put16(o, v);
}

static void put_option32(struct eftf_out *o, bool has, uint8_t code, uint32_t v)
{
	if (!has)
		return;
	eftf_out_put8(o, code);
	eftf_out_put8(o, 4);
	eftf_out_put32(o, v);
}

static void put_addr(struct eftf_out *o, bool has, uint8_t code, struct in_addr addr)
{
	if (has)
		put_option(o, code, &addr, 4);
}

/* RFC 3361: one message carries names or addresses, never both. */
static void put_sip(struct eftf_out *o, const struct eftf_dhcp4_msg *m)
{
	uint8_t buf[1 + EFTF_DHCP_MAX_LABELS];
	size_t len;

	if (m->n_sip) {
		buf[0] = SIP_ADDRS;
		memcpy(buf + 1, m->sip, m->n_sip * 4);
		put_option(o, OPT_SIP, buf, 1 + m->n_sip * 4);
	} else if (m->sip_name[0]) {
		buf[0] = SIP_NAMES;
		len = eftf_dhcp_name_put(m->sip_name, buf + 1, sizeof(buf) - 1);
		if (len)
			put_option(o, OPT_SIP, buf, 1 + len);
	}
}

/* RFC 3442: only the significant octets of the destination. */
static void put_routes(struct eftf_out *o, const struct eftf_dhcp4_msg *m)
{
	uint8_t buf[EFTF_DHCP4_MAX_ROUTES * 9];
	size_t len = 0, n;

	for (size_t i = 0; i < m->n_routes; i++) {
		n = (m->routes[i].plen + 7u) / 8;
		buf[len++] = m->routes[i].plen;
		memcpy(buf + len, &m->routes[i].dest, n);
		memcpy(buf + len + n, &m->routes[i].via, 4);
		len += n + 4;
	}
	if (len)
		put_option(o, OPT_ROUTES, buf, len);
}

/* RFC 3925: enterprise number, length, sub-options. */
static void put_vendor(struct eftf_out *o, const struct eftf_dhcp4_msg *m, uint32_t enterprise)
{
	uint8_t buf[5 + 4 + 2 + EFTF_DHCP4_TOKEN_MAX];
	struct eftf_out v = { .p = buf, .size = sizeof(buf) };

	if (!m->has_keepalive && !m->token_len)
		return;
	eftf_out_put32(&v, enterprise);
	eftf_out_put8(&v, 0);
	put_option16(&v, m->has_keepalive, VENDOR_KEEPALIVE, m->keepalive);
	if (m->token_len)
		put_option(&v, VENDOR_TOKEN, m->token, m->token_len);
	buf[4] = (uint8_t)(v.len - 5);
	put_option(o, OPT_VENDOR, buf, v.len);
	explicit_bzero(buf, sizeof(buf));
}

static void put_fixed(struct eftf_out *o, const struct eftf_dhcp4_msg *m)
{
	static const uint8_t zero[DHCP4_SNAME_LEN + DHCP4_FILE_LEN];

	eftf_out_put8(o, m->reply ? 2 : 1);
	eftf_out_put8(o, m->htype ? m->htype : DHCP4_HTYPE);
	eftf_out_put8(o, m->hlen);
	eftf_out_put8(o, 0);			/* hops */
	eftf_out_put32(o, m->xid);
	eftf_out_put16(o, m->secs);
	eftf_out_put16(o, m->broadcast ? DHCP4_FLAG_BROADCAST : 0);
	eftf_out_put(o, &m->ciaddr, 4);
	eftf_out_put(o, &m->yiaddr, 4);
	eftf_out_put(o, &m->siaddr, 4);
	eftf_out_put(o, &m->giaddr, 4);
	eftf_out_put(o, m->chaddr, sizeof(m->chaddr));
	eftf_out_put(o, zero, sizeof(zero));	/* sname, file */
	eftf_out_put(o, cookie, sizeof(cookie));
}

size_t eftf_dhcp4_encode(uint8_t *out, size_t size, const struct eftf_dhcp4_msg *m,
			 uint32_t enterprise)
{
	struct eftf_out o = { .p = out, .size = size };
	uint8_t type = (uint8_t)m->type;

	put_fixed(&o, m);
	put_option(&o, OPT_TYPE, &type, 1);
	if (m->client_id_len)
		put_option(&o, OPT_CLIENT_ID, m->client_id, m->client_id_len);
	put_addr(&o, m->has_server_id, OPT_SERVER_ID, m->server_id);
	put_addr(&o, m->has_requested, OPT_REQUESTED, m->requested);
	/* RFC 2131 table 5: not in DECLINE and RELEASE. */
	put_option16(&o, m->type == EFTF_DHCP4_DISCOVER || m->type == EFTF_DHCP4_REQUEST ||
		     m->type == EFTF_DHCP4_INFORM, OPT_MAX_SIZE, EFTF_DHCP4_MAX);
	put_option32(&o, m->has_lease, OPT_LEASE, m->lease);
	put_option32(&o, m->has_t1, OPT_T1, m->t1);
	put_option32(&o, m->has_t2, OPT_T2, m->t2);
	put_addr(&o, m->has_mask, OPT_MASK, m->mask);
	put_addr(&o, m->has_router, OPT_ROUTER, m->router);
	if (m->n_dns)
		put_option(&o, OPT_DNS, m->dns, m->n_dns * 4);
	put_option16(&o, m->has_mtu, OPT_MTU, m->mtu);
	if (m->n_params)
		put_option(&o, OPT_PARAMS, m->params, m->n_params);
	put_sip(&o, m);
	put_routes(&o, m);
	put_vendor(&o, m, enterprise);
	if (m->message[0])
		put_option(&o, OPT_MESSAGE, m->message, strlen(m->message));
	eftf_out_put8(&o, OPT_END);
	while (!o.full && o.len < DHCP4_BOOTP_MIN)
		eftf_out_put8(&o, OPT_PAD);
	return o.full ? 0 : o.len;
}
