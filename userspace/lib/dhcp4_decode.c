/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoder of dhcp4.h: every octet comes from a stranger. */
#include "dhcp4.h"

#include <errno.h>
#include <string.h>

#include "dhcp4_wire.h"
#include "dhcp_octets.h"

static const uint8_t cookie[4] = { 99, 130, 83, 99 };

struct area {
	const uint8_t *p;
	size_t len;
};

/* Where options are, in the order in which RFC 3396 clause 5 joins them. */
struct areas {
	struct area a[3];
	unsigned int n;
};

/* One option, joined from all its pieces. */
struct option {
	uint8_t data[1024];
	size_t len;
	size_t first;		/* length of the first piece */
	bool found, too_long;
};

static int bad(struct eftf_err *err, const char *what)
{
	return eftf_err_set(err, EBADMSG, "DHCP message refused: %s", what);
}

static void note_bad(struct eftf_dhcp4_msg *m, uint8_t code)
{
	if (m->n_bad < EFTF_DHCP4_MAX_BAD)
		m->bad[m->n_bad++] = code;
}

/* Steps over one option. Returns its code, OPT_END at the end, -1 if it is cut. */
static int next_option(const struct area *a, size_t *pos, const uint8_t **data, size_t *len)
{
	int code;

	while (*pos < a->len && a->p[*pos] == OPT_PAD)
		(*pos)++;
	if (*pos == a->len || a->p[*pos] == OPT_END)
		return OPT_END;
	if (a->len - *pos < 2 || a->p[*pos + 1] > a->len - *pos - 2)
		return -1;
	code = a->p[*pos];
	*len = a->p[*pos + 1];
	*data = a->p + *pos + 2;
	*pos += 2 + *len;
	return code;
}

/* What stands before an option that is cut counts. */
static void check_area(const struct area *a, struct eftf_dhcp4_msg *m)
{
	const uint8_t *data;
	size_t pos = 0, len;
	int code;

	do {
		code = next_option(a, &pos, &data, &len);
	} while (code >= 0 && code != OPT_END);
	if (code < 0)
		note_bad(m, a->p[pos]);
}

static void join(const struct areas *areas, uint8_t wanted, struct option *opt)
{
	const uint8_t *data;
	size_t pos, len;
	int code;

	opt->len = 0;
	opt->first = 0;
	opt->found = false;
	opt->too_long = false;
	for (unsigned int i = 0; i < areas->n; i++) {
		pos = 0;
		while ((code = next_option(&areas->a[i], &pos, &data, &len)) >= 0 &&
		       code != OPT_END) {
			if (code != wanted)
				continue;
			if (!opt->found)
				opt->first = len;
			opt->found = true;
			if (len > sizeof(opt->data) - opt->len) {
				opt->too_long = true;
				return;
			}
			memcpy(opt->data + opt->len, data, len);
			opt->len += len;
		}
	}
}

/* RFC 2132 9.3: "file" and "sname" may hold options as well. */
static void find_areas(const uint8_t *data, size_t len, struct areas *areas,
		       struct eftf_dhcp4_msg *m)
{
	struct option opt;
	unsigned int overload;

	areas->a[0] = (struct area){ data + DHCP4_FIXED + 4, len - DHCP4_FIXED - 4 };
	areas->n = 1;
	check_area(&areas->a[0], m);
	join(areas, OPT_OVERLOAD, &opt);
	if (!opt.found)
		return;
	overload = opt.first == 1 ? opt.data[0] : 0;
	if (overload < 1 || overload > 3) {
		note_bad(m, OPT_OVERLOAD);
		return;
	}
	if (overload & 1)
		areas->a[areas->n++] = (struct area){ data + DHCP4_OFF_FILE, DHCP4_FILE_LEN };
	if (overload & 2)
		areas->a[areas->n++] = (struct area){ data + DHCP4_OFF_SNAME, DHCP4_SNAME_LEN };
	for (unsigned int i = 1; i < areas->n; i++)
		check_area(&areas->a[i], m);
}

/* Addresses that do not fit into the array are left out. Returns 0 or -EBADMSG. */
static int get_addrs(const uint8_t *p, size_t len, struct in_addr *to, size_t *n)
{
	if (!len || len % 4)
		return -EBADMSG;
	for (*n = 0; *n < EFTF_DHCP4_MAX_ADDRS && *n * 4 < len; (*n)++)
		memcpy(&to[*n], p + *n * 4, 4);
	return 0;
}

static int get_sip(const struct option *o, struct eftf_dhcp4_msg *m)
{
	if (o->len < 2)
		return -EBADMSG;
	if (o->data[0] == SIP_ADDRS)
		return get_addrs(o->data + 1, o->len - 1, m->sip, &m->n_sip);
	if (o->data[0] == SIP_NAMES)
		return eftf_dhcp_name_get(o->data + 1, o->len - 1, m->sip_name);
	return 0;		/* an encoding of the future: ignored (RFC 3361 3) */
}

static int get_routes(const struct option *o, struct eftf_dhcp4_msg *m)
{
	struct eftf_dhcp4_route r;
	size_t pos = 0, n;

	while (pos < o->len) {
		memset(&r, 0, sizeof(r));
		r.plen = o->data[pos++];
		n = (r.plen + 7u) / 8;
		if (r.plen > 32 || o->len - pos < n + 4) {
			m->n_routes = 0;
			return -EBADMSG;
		}
		memcpy(&r.dest, o->data + pos, n);
		memcpy(&r.via, o->data + pos + n, 4);
		/* RFC 3442: bits behind the prefix are to be cleared by the client. */
		r.dest.s_addr &= r.plen ? htonl(0xffffffffu << (32 - r.plen)) : 0;
		pos += n + 4;
		if (m->n_routes < EFTF_DHCP4_MAX_ROUTES)
			m->routes[m->n_routes++] = r;
	}
	return 0;
}

static void get_suboptions(const uint8_t *p, size_t len, struct eftf_dhcp4_msg *m)
{
	while (len >= 2 && p[1] <= len - 2) {
		if (p[0] == VENDOR_KEEPALIVE && p[1] == 2) {
			m->has_keepalive = true;
			m->keepalive = eftf_get16(p + 2);
		} else if (p[0] == VENDOR_TOKEN && p[1] && p[1] <= sizeof(m->token)) {
			m->token_len = p[1];
			memcpy(m->token, p + 2, m->token_len);
		}
		len -= 2u + p[1];
		p += 2 + p[1];
	}
}

static int get_vendor(const struct option *o, struct eftf_dhcp4_msg *m, uint32_t enterprise)
{
	size_t pos = 0, len;

	/* another vendor's part may be wrong: what stands before it counts */
	while (pos < o->len) {
		if (o->len - pos < 5 || o->data[pos + 4] > o->len - pos - 5)
			return -EBADMSG;
		len = o->data[pos + 4];
		if (eftf_get32(o->data + pos) == enterprise)
			get_suboptions(o->data + pos + 5, len, m);
		pos += 5 + len;
	}
	return 0;
}

static bool mask_ok(struct in_addr mask)
{
	uint32_t inverse = ~ntohl(mask.s_addr);

	return (inverse & (inverse + 1)) == 0;
}

/* Is the option there in a form that counts: whole, or its first piece? */
static bool has_fixed(const struct option *o, uint8_t len, bool more)
{
	return o->found && (o->first == len || (!o->too_long && o->len == len) ||
			    (more && !o->too_long && o->len && o->len % len == 0));
}

/* Options of one fixed form: an address or a number. */
static void get_simple(const struct areas *areas, struct eftf_dhcp4_msg *m)
{
	const struct {
		uint8_t code;
		uint8_t len;
		bool more;		/* longer is allowed: the first one counts */
		bool *has;
		void *to;
	} simple[] = {
		{ OPT_SERVER_ID, 4, false, &m->has_server_id, &m->server_id },
		{ OPT_REQUESTED, 4, false, &m->has_requested, &m->requested },
		{ OPT_MASK, 4, false, &m->has_mask, &m->mask },
		{ OPT_ROUTER, 4, true, &m->has_router, &m->router },
		{ OPT_MTU, 2, false, &m->has_mtu, &m->mtu },
		{ OPT_LEASE, 4, false, &m->has_lease, &m->lease },
		{ OPT_T1, 4, false, &m->has_t1, &m->t1 },
		{ OPT_T2, 4, false, &m->has_t2, &m->t2 },
	};
	struct option o;
	uint32_t number;

	for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
		join(areas, simple[i].code, &o);
		if (!has_fixed(&o, simple[i].len, simple[i].more)) {
			if (o.found)
				note_bad(m, simple[i].code);
			continue;
		}
		*simple[i].has = true;
		if (simple[i].code == OPT_MTU) {
			m->mtu = eftf_get16(o.data);
		} else if (simple[i].code == OPT_LEASE || simple[i].code == OPT_T1 ||
			   simple[i].code == OPT_T2) {
			number = eftf_get32(o.data);
			memcpy(simple[i].to, &number, 4);
		} else {
			memcpy(simple[i].to, o.data, 4);
		}
	}
	if (m->has_mask && !mask_ok(m->mask)) {
		note_bad(m, OPT_MASK);
		m->has_mask = false;
		m->mask.s_addr = 0;
	}
}

/* Options with a form of their own. */
static void get_complex(const struct areas *areas, struct eftf_dhcp4_msg *m, uint32_t enterprise)
{
	struct option o;

	join(areas, OPT_CLIENT_ID, &o);
	if (o.found && (o.len < 2 || o.too_long || o.len > sizeof(m->client_id))) {
		note_bad(m, OPT_CLIENT_ID);
	} else {
		m->client_id_len = o.len;
		memcpy(m->client_id, o.data, o.len);
	}
	join(areas, OPT_DNS, &o);
	if (o.found && (o.too_long || get_addrs(o.data, o.len, m->dns, &m->n_dns)))
		note_bad(m, OPT_DNS);
	join(areas, OPT_SIP, &o);
	if (o.found && (o.too_long || get_sip(&o, m)))
		note_bad(m, OPT_SIP);
	join(areas, OPT_ROUTES, &o);
	if (o.found && (o.too_long || get_routes(&o, m)))
		note_bad(m, OPT_ROUTES);
	join(areas, OPT_VENDOR, &o);
	if (o.found && (o.too_long || get_vendor(&o, m, enterprise)))
		note_bad(m, OPT_VENDOR);
	join(areas, OPT_MESSAGE, &o);
	if (o.found)
		eftf_dhcp_text_get(o.data, o.len, m->message, sizeof(m->message));
	join(areas, OPT_PARAMS, &o);
	m->n_params = o.len < sizeof(m->params) ? o.len : sizeof(m->params);
	memcpy(m->params, o.data, m->n_params);
}

static int get_fixed(const uint8_t *data, size_t len, struct eftf_dhcp4_msg *m,
		     struct eftf_err *err)
{
	if (len < DHCP4_MIN)
		return bad(err, "too short");
	if (data[0] != 1 && data[0] != 2)
		return bad(err, "op is neither request nor reply");
	if (data[2] > 16)
		return bad(err, "hlen is above 16");
	if (memcmp(data + DHCP4_FIXED, cookie, sizeof(cookie)))
		return bad(err, "the magic cookie is missing");
	m->reply = data[0] == 2;
	m->htype = data[1];
	m->hlen = data[2];
	memcpy(m->chaddr, data + DHCP4_OFF_CHADDR, sizeof(m->chaddr));
	m->xid = eftf_get32(data + 4);
	m->secs = eftf_get16(data + 8);
	m->broadcast = eftf_get16(data + 10) & DHCP4_FLAG_BROADCAST;
	memcpy(&m->ciaddr, data + 12, 4);
	memcpy(&m->yiaddr, data + 16, 4);
	memcpy(&m->siaddr, data + 20, 4);
	memcpy(&m->giaddr, data + 24, 4);
	return 0;
}

int eftf_dhcp4_decode(struct eftf_dhcp4_msg *m, const uint8_t *data, size_t len,
		      uint32_t enterprise, struct eftf_err *err)
{
	struct areas areas;
	struct option o;
	int ret;

	memset(m, 0, sizeof(*m));
	ret = get_fixed(data, len, m, err);
	if (ret)
		return ret;
	find_areas(data, len, &areas, m);
	join(&areas, OPT_TYPE, &o);
	if (!has_fixed(&o, 1, false) || o.data[0] < EFTF_DHCP4_DISCOVER ||
	    o.data[0] > EFTF_DHCP4_INFORM)
		return bad(err, "option 53 (message type) is missing or wrong");
	m->type = o.data[0];
	get_simple(&areas, m);
	get_complex(&areas, m, enterprise);
	return 0;
}
