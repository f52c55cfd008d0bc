/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoder of dhcp6.h: every octet comes from a stranger. */
#include "dhcp6.h"

#include <errno.h>
#include <string.h>

#include "dhcp6_wire.h"

/* Options one behind the other; what is left of them. */
struct area {
	const uint8_t *p;
	size_t len;
};

struct option {
	uint16_t code;
	const uint8_t *data;
	size_t len;
};

struct decoding {
	struct eftf_dhcp6_msg *m;
	uint32_t enterprise;
	uint32_t seen;			/* bit of each known option of the message */
};

static int bad(struct eftf_err *err, const char *what)
{
	return eftf_err_set(err, EBADMSG, "DHCPv6 message refused: %s", what);
}

static void note_bad(struct eftf_dhcp6_msg *m, uint16_t code)
{
	for (size_t i = 0; i < m->n_bad; i++)
		if (m->bad[i] == code)
			return;
	if (m->n_bad < EFTF_DHCP6_MAX_BAD)
		m->bad[m->n_bad++] = code;
}

/* False at the end, or where an option is cut: that is named, if its code is there. */
static bool next_option(struct area *a, struct option *o, struct eftf_dhcp6_msg *m)
{
	if (a->len < DHCP6_OPTION) {
		if (a->len >= 2)
			note_bad(m, eftf_get16(a->p));
		return false;
	}
	o->code = eftf_get16(a->p);
	o->len = eftf_get16(a->p + 2);
	o->data = a->p + DHCP6_OPTION;
	if (o->len > a->len - DHCP6_OPTION) {
		note_bad(m, o->code);
		return false;
	}
	a->p += DHCP6_OPTION + o->len;
	a->len -= DHCP6_OPTION + o->len;
	return true;
}

static int get_duid(const struct option *o, struct eftf_duid *to)
{
	/* two octets of type, and something behind */
	if (o->len < 3 || o->len > sizeof(to->v))
		return -EBADMSG;
	to->len = o->len;
	memcpy(to->v, o->data, o->len);
	return 0;
}

static int get_addrs(const struct option *o, struct in6_addr *to, size_t *n)
{
	if (!o->len || o->len % 16)
		return -EBADMSG;
	for (*n = 0; *n < EFTF_DHCP6_MAX_ADDRS && *n * 16 < o->len; (*n)++)
		memcpy(&to[*n], o->data + *n * 16, 16);
	return 0;
}

/* Statuses of the message, an IA and an address are one for us: the first that is no success. */
static int get_status(const struct option *o, struct eftf_dhcp6_msg *m, bool in_ia)
{
	if (o->len < 2)
		return -EBADMSG;
	if (m->status || !eftf_get16(o->data))
		return 0;
	m->status = eftf_get16(o->data);
	m->status_in_ia = in_ia;
	eftf_dhcp_text_get(o->data + 2, o->len - 2, m->message, sizeof(m->message));
	return 0;
}

static int get_iaaddr(const struct option *o, struct eftf_dhcp6_msg *m)
{
	uint32_t preferred, valid;
	struct option sub;
	struct area a;

	if (o->len < DHCP6_IAADDR)
		return -EBADMSG;
	preferred = eftf_get32(o->data + 16);
	valid = eftf_get32(o->data + 20);
	if (preferred > valid)		/* RFC 8415 21.6: does not count */
		return -EBADMSG;
	if (m->has_addr && (m->valid || !valid))
		return 0;
	m->has_addr = true;
	memcpy(&m->addr, o->data, 16);
	m->preferred = preferred;
	m->valid = valid;
	a = (struct area){ o->data + DHCP6_IAADDR, o->len - DHCP6_IAADDR };
	while (next_option(&a, &sub, m))
		if (sub.code == OPT6_STATUS && get_status(&sub, m, true))
			note_bad(m, OPT6_STATUS);
	return 0;
}

static int get_ia(const struct option *o, struct eftf_dhcp6_msg *m)
{
	struct option sub;
	struct area a;

	if (o->len < DHCP6_IA_NA)
		return -EBADMSG;
	m->has_ia = true;
	m->iaid = eftf_get32(o->data);
	m->t1 = eftf_get32(o->data + 4);
	m->t2 = eftf_get32(o->data + 8);
	a = (struct area){ o->data + DHCP6_IA_NA, o->len - DHCP6_IA_NA };
	while (next_option(&a, &sub, m)) {
		if (sub.code == OPT6_IAADDR && get_iaaddr(&sub, m))
			note_bad(m, OPT6_IAADDR);
		else if (sub.code == OPT6_STATUS && get_status(&sub, m, true))
			note_bad(m, OPT6_STATUS);
	}
	return 0;
}

static int get_oro(const struct option *o, struct eftf_dhcp6_msg *m)
{
	if (o->len % 2)
		return -EBADMSG;
	for (size_t i = 0; i < o->len && m->n_oro < EFTF_DHCP6_MAX_ORO; i += 2)
		m->oro[m->n_oro++] = eftf_get16(o->data + i);
	return 0;
}

static int get_vendor(const struct option *o, struct eftf_dhcp6_msg *m)
{
	struct area a = { o->data + 4, o->len - 4 };
	struct option sub;

	while (a.len) {
		if (a.len < DHCP6_OPTION || (size_t)eftf_get16(a.p + 2) > a.len - DHCP6_OPTION)
			return -EBADMSG;	/* what stands before it counts */
		next_option(&a, &sub, m);
		if (sub.code == VENDOR6_KEEPALIVE && sub.len == 2) {
			m->has_keepalive = true;
			m->keepalive = eftf_get16(sub.data);
		} else if (sub.code == VENDOR6_TOKEN && sub.len && sub.len <= sizeof(m->token)) {
			m->token_len = sub.len;
			memcpy(m->token, sub.data, sub.len);
		}
	}
	return 0;
}

static int get_fixed(const struct option *o, struct eftf_dhcp6_msg *m)
{
	switch (o->code) {
	case OPT6_ELAPSED:
		if (o->len != 2)
			return -EBADMSG;
		m->has_elapsed = true;
		m->elapsed = eftf_get16(o->data);
		return 0;
	case OPT6_RAPID_COMMIT:
		if (o->len)
			return -EBADMSG;
		m->rapid_commit = true;
		return 0;
	default:
		if (o->len != 16)
			return -EBADMSG;
		m->has_unicast = true;
		memcpy(&m->unicast, o->data, 16);
		return 0;
	}
}

static int get_option(const struct decoding *d, const struct option *o)
{
	struct eftf_dhcp6_msg *m = d->m;

	switch (o->code) {
	case OPT6_CLIENT_ID:
		return get_duid(o, &m->client);
	case OPT6_SERVER_ID:
		return get_duid(o, &m->server);
	case OPT6_IA_NA:
		return get_ia(o, m);
	case OPT6_ORO:
		return get_oro(o, m);
	case OPT6_STATUS:
		return get_status(o, m, false);
	case OPT6_VENDOR:
		return get_vendor(o, m);
	case OPT6_SIP_NAMES:
		return eftf_dhcp_name_get(o->data, o->len, m->sip_name);
	case OPT6_SIP_ADDRS:
		return get_addrs(o, m->sip, &m->n_sip);
	case OPT6_DNS:
		return get_addrs(o, m->dns, &m->n_dns);
	case OPT6_DOMAINS:
		return eftf_dhcp_name_get(o->data, o->len, m->domain);
	default:
		return get_fixed(o, m);
	}
}

static bool is_known(uint16_t code)
{
	static const uint32_t known = 1u << OPT6_CLIENT_ID | 1u << OPT6_SERVER_ID |
		1u << OPT6_IA_NA | 1u << OPT6_ORO | 1u << OPT6_ELAPSED | 1u << OPT6_UNICAST |
		1u << OPT6_STATUS | 1u << OPT6_RAPID_COMMIT | 1u << OPT6_VENDOR |
		1u << OPT6_SIP_NAMES | 1u << OPT6_SIP_ADDRS | 1u << OPT6_DNS | 1u << OPT6_DOMAINS;

	return code < 32 && known >> code & 1;
}

/* Other vendors' options are others. */
static bool counts(const struct decoding *d, const struct option *o)
{
	if (!is_known(o->code))
		return false;
	if (o->code == OPT6_VENDOR && (o->len < 4 || eftf_get32(o->data) != d->enterprise)) {
		if (o->len < 4)
			note_bad(d->m, o->code);
		return false;
	}
	return !(d->seen >> o->code & 1);
}

int eftf_dhcp6_decode(struct eftf_dhcp6_msg *m, const uint8_t *data, size_t len,
		      uint32_t enterprise, struct eftf_err *err)
{
	struct decoding d = { .m = m, .enterprise = enterprise };
	struct option o;
	struct area a;

	memset(m, 0, sizeof(*m));
	if (len < DHCP6_HEADER)
		return bad(err, "too short");
	if (data[0] < EFTF_DHCP6_SOLICIT || data[0] > EFTF_DHCP6_INFORMATION_REQUEST)
		return bad(err, "its type is that of no client or server");
	m->type = data[0];
	m->xid = eftf_get32(data) & DHCP6_XID_MASK;
	a = (struct area){ data + DHCP6_HEADER, len - DHCP6_HEADER };
	while (next_option(&a, &o, m)) {
		if (!counts(&d, &o))
			continue;
		d.seen |= 1u << o.code;
		if (get_option(&d, &o))
			note_bad(m, o.code);
	}
	return 0;
}
