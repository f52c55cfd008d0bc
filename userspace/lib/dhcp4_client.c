/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client of dhcp4.h. It retransmits: behind the EFTF there may be a relay that loses messages. */
#include "dhcp4.h"

#include <string.h>

#include "dhcp4_wire.h"

#define FIRST_WAIT_S 4u			/* RFC 2131 4.1 */
#define MAX_SENDS 4u			/* 4 + 8 + 16 + 32 s, then give up */
#define RENEW_WAIT_S 60u		/* RFC 2131 4.4.5: never more often */
#define MAX_WAIT_S 86400u
#define FOREVER 0xffffffffu
#define MIN_MTU 68			/* RFC 2132 5.1 */

void eftf_dhcp4c_start(struct eftf_dhcp4c *c, uint32_t xid)
{
	c->state = EFTF_DHCP4C_SELECTING;
	c->xid = xid;
	c->sends = 0;
	c->refusal[0] = 0;
	memset(&c->lease, 0, sizeof(c->lease));
}

void eftf_dhcp4c_renew(struct eftf_dhcp4c *c, uint32_t xid)
{
	c->state = EFTF_DHCP4C_RENEWING;
	c->xid = xid;
	c->sends = 0;
	c->refusal[0] = 0;
}

static void fill_common(const struct eftf_dhcp4c *c, struct eftf_dhcp4_msg *m)
{
	memset(m, 0, sizeof(*m));
	m->xid = c->xid;
	m->client_id_len = c->client_id_len;
	memcpy(m->client_id, c->client_id, c->client_id_len);
}

static void fill_request(const struct eftf_dhcp4c *c, struct eftf_dhcp4_msg *m)
{
	static const uint8_t params[] = {
		OPT_MASK, OPT_ROUTES, OPT_ROUTER, OPT_DNS, OPT_MTU, OPT_LEASE, OPT_T1, OPT_T2,
		OPT_SIP, OPT_VENDOR,
	};

	fill_common(c, m);
	memcpy(m->params, params, sizeof(params));
	m->n_params = sizeof(params);
	m->has_keepalive = c->keepalive != 0;
	m->keepalive = c->keepalive;
	m->has_token = c->has_token;
	memcpy(m->token, c->token, sizeof(m->token));
}

/* Seconds to wait after the given send; the jitter of one second comes from the xid. */
static unsigned int wait_ms_after(const struct eftf_dhcp4c *c, unsigned int sends)
{
	uint32_t span, wait;

	if (c->state != EFTF_DHCP4C_RENEWING)
		return (FIRST_WAIT_S << (sends - 1)) * 1000 - 1000 +
			(c->xid >> (sends * 4) & 0xff) * 2000 / 256;
	if (c->lease.seconds == FOREVER)
		return RENEW_WAIT_S * 1000;
	span = c->lease.t2 > c->lease.t1 ? c->lease.t2 - c->lease.t1 : 0;
	wait = sends < 32 ? span >> sends : 0;
	if (wait < RENEW_WAIT_S)
		wait = RENEW_WAIT_S;
	return (wait > MAX_WAIT_S ? MAX_WAIT_S : wait) * 1000;
}

/* A renewal may be repeated until the lease ends. */
static bool out_of_time(const struct eftf_dhcp4c *c)
{
	uint64_t waited = 0, span;

	if (c->state != EFTF_DHCP4C_RENEWING)
		return c->sends >= MAX_SENDS;
	if (c->lease.seconds == FOREVER)
		return false;
	span = (uint64_t)(c->lease.seconds - c->lease.t1) * 1000;
	for (unsigned int i = 1; i <= c->sends && waited < span; i++)
		waited += wait_ms_after(c, i);
	return c->sends && waited >= span;
}

size_t eftf_dhcp4c_output(struct eftf_dhcp4c *c, uint8_t *out, size_t size, int *wait_ms)
{
	struct eftf_dhcp4_msg m;
	size_t len;

	*wait_ms = -1;
	if (c->state > EFTF_DHCP4C_RENEWING)
		return 0;
	if (out_of_time(c)) {
		c->state = EFTF_DHCP4C_FAILED;
		return 0;
	}
	fill_request(c, &m);
	for (unsigned int i = 1, ms = 0; i <= c->sends && ms < 65535000; i++) {
		ms += wait_ms_after(c, i);
		m.secs = (uint16_t)(ms > 65535000 ? 65535 : ms / 1000);
	}
	m.type = EFTF_DHCP4_REQUEST;
	if (c->state == EFTF_DHCP4C_SELECTING) {
		m.type = EFTF_DHCP4_DISCOVER;
		m.has_requested = c->previous.s_addr != 0;
		m.requested = c->previous;
	} else if (c->state == EFTF_DHCP4C_REQUESTING) {
		m.has_requested = true;
		m.requested = c->lease.address;
		m.has_server_id = true;
		m.server_id = c->lease.server;
	} else {
		m.ciaddr = c->lease.address;
	}
	len = eftf_dhcp4_encode(out, size, &m, c->enterprise);
	explicit_bzero(m.token, sizeof(m.token));
	c->sends++;
	*wait_ms = (int)wait_ms_after(c, c->sends);
	return len;
}

static bool usable(struct in_addr addr)
{
	uint32_t a = ntohl(addr.s_addr);

	return a >> 24 != 0 && a >> 24 != 127 && a >> 28 < 14;
}

/* RFC 2131 4.4.5: T1 and T2 are half and seven eighths unless said otherwise. */
static void take_times(struct eftf_lease4 *l, const struct eftf_dhcp4_msg *m)
{
	l->seconds = m->lease;
	l->t1 = FOREVER;
	l->t2 = FOREVER;
	if (m->lease == FOREVER)
		return;
	l->t2 = m->has_t2 && m->t2 < m->lease ? m->t2 : m->lease - m->lease / 8;
	l->t1 = m->has_t1 && m->t1 < l->t2 ? m->t1 : m->lease / 2;
	if (l->t1 > l->t2)
		l->t1 = l->t2;
}

static void take_lease(struct eftf_dhcp4c *c, const struct eftf_dhcp4_msg *m)
{
	struct eftf_lease4 *l = &c->lease;
	struct in_addr server = m->has_server_id ? m->server_id : l->server;

	memset(l, 0, sizeof(*l));
	l->address = m->yiaddr;
	l->server = server;
	l->mask.s_addr = m->has_mask ? m->mask.s_addr : 0xffffffff;
	l->router = m->router;
	l->mtu = m->has_mtu && m->mtu >= MIN_MTU ? m->mtu : 0;
	take_times(l, m);
	l->n_dns = m->n_dns;
	memcpy(l->dns, m->dns, sizeof(l->dns));
	l->n_sip = m->n_sip;
	memcpy(l->sip, m->sip, sizeof(l->sip));
	memcpy(l->sip_name, m->sip_name, sizeof(l->sip_name));
	l->n_routes = m->n_routes;
	memcpy(l->routes, m->routes, sizeof(l->routes));
	l->keepalive = m->has_keepalive ? m->keepalive : 0;
	l->has_token = m->has_token;
	memcpy(l->token, m->token, sizeof(l->token));
	/* The newest token is the one to resume with. */
	if (m->has_token) {
		c->has_token = true;
		memcpy(c->token, m->token, sizeof(c->token));
	}
	c->previous = l->address;
}

static bool on_nak(struct eftf_dhcp4c *c, const struct eftf_dhcp4_msg *m)
{
	c->state = EFTF_DHCP4C_REFUSED;
	memcpy(c->refusal, m->message, sizeof(c->refusal));
	return true;
}

static bool on_offer(struct eftf_dhcp4c *c, const struct eftf_dhcp4_msg *m)
{
	if (c->state != EFTF_DHCP4C_SELECTING || !m->has_server_id || !usable(m->yiaddr))
		return false;
	c->lease.address = m->yiaddr;
	c->lease.server = m->server_id;
	c->state = EFTF_DHCP4C_REQUESTING;
	c->sends = 0;
	return true;
}

static bool on_ack(struct eftf_dhcp4c *c, const struct eftf_dhcp4_msg *m)
{
	if (c->state != EFTF_DHCP4C_REQUESTING && c->state != EFTF_DHCP4C_RENEWING)
		return false;
	if (m->yiaddr.s_addr != c->lease.address.s_addr || !m->has_lease || !m->lease)
		return false;
	take_lease(c, m);
	c->state = EFTF_DHCP4C_BOUND;
	c->sends = 0;
	return true;
}

bool eftf_dhcp4c_input(struct eftf_dhcp4c *c, const uint8_t *data, size_t len)
{
	struct eftf_dhcp4_msg m;
	bool changed = false;

	if (c->state > EFTF_DHCP4C_RENEWING ||
	    eftf_dhcp4_decode(&m, data, len, c->enterprise, NULL) || !m.reply || m.xid != c->xid)
		return false;
	/* RFC 6842: an identifier in the answer must be ours. */
	if (m.client_id_len && (m.client_id_len != c->client_id_len ||
				memcmp(m.client_id, c->client_id, m.client_id_len)))
		return false;
	/* After the OFFER was taken, answers of other servers are ignored. */
	if (c->state == EFTF_DHCP4C_REQUESTING && m.has_server_id &&
	    m.server_id.s_addr != c->lease.server.s_addr)
		return false;
	if (m.type == EFTF_DHCP4_NAK)
		changed = on_nak(c, &m);
	else if (m.type == EFTF_DHCP4_OFFER)
		changed = on_offer(c, &m);
	else if (m.type == EFTF_DHCP4_ACK)
		changed = on_ack(c, &m);
	explicit_bzero(m.token, sizeof(m.token));
	return changed;
}

size_t eftf_dhcp4c_release(const struct eftf_dhcp4c *c, uint8_t *out, size_t size)
{
	struct eftf_dhcp4_msg m;

	fill_common(c, &m);
	m.type = EFTF_DHCP4_RELEASE;
	m.ciaddr = c->lease.address;
	m.has_server_id = true;
	m.server_id = c->lease.server;
	return eftf_dhcp4_encode(out, size, &m, c->enterprise);
}
