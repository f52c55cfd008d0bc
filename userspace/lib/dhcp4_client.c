/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client of dhcp4.h. It retransmits: behind the EFTF there may be a relay that loses messages. */
#include "dhcp4.h"

#include <stdio.h>
#include <string.h>

#include "dhcp4_wire.h"
#include "dhcp_octets.h"

#define FIRST_WAIT_S 4u			/* RFC 2131 4.1 */
#define MAX_SENDS 4u			/* 4 + 8 + 16 + 32 s, then give up */
#define RENEW_WAIT_MS 60000u		/* RFC 2131 4.4.5: not more often, if there is time */
#define MIN_WAIT_MS 1000u
#define MAX_WAIT_MS 86400000u
/* Servers that mean "as it is" send 68, the least of RFC 2132; every IPv4 host takes 576. */
#define MIN_MTU 576
#define MAX_MTU 65532			/* what an envelope holds */
/* Renewals are not more often than the shortest T1, whatever the server says. */
#define MIN_LEASE_S 10u
#define MIN_T1_S 5u
#define DEFAULT_LEASE_S 3600u		/* if the server names none */

static void begin(struct eftf_dhcp4c *c, enum eftf_dhcpc_state state, uint32_t xid, uint64_t age_ms)
{
	c->state = state;
	c->xid = xid;
	c->sends = 0;
	c->begun_ms = age_ms;
	c->age_ms = age_ms;
	c->refusal[0] = 0;
}

void eftf_dhcp4c_start(struct eftf_dhcp4c *c, uint32_t xid)
{
	begin(c, EFTF_DHCPC_SELECTING, xid, 0);
	memset(&c->lease, 0, sizeof(c->lease));
}

void eftf_dhcp4c_renew(struct eftf_dhcp4c *c, uint32_t xid, uint64_t age_ms)
{
	begin(c, EFTF_DHCPC_RENEWING, xid, age_ms);
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
	m->token_len = c->token_len;
	memcpy(m->token, c->token, sizeof(m->token));
}

/* When T2, or the lease, is over; UINT64_MAX: never. */
static uint64_t end_of_state(const struct eftf_dhcp4c *c)
{
	if (c->lease.seconds == EFTF_DHCP_FOREVER)
		return UINT64_MAX;
	return 1000 * (uint64_t)(c->state == EFTF_DHCPC_RENEWING ? c->lease.t2 : c->lease.seconds);
}

/* Half of what is left until T2 or the end of the lease; the last message of both waits for all of it. */
static uint32_t renewal_wait_ms(const struct eftf_dhcp4c *c)
{
	uint64_t end = end_of_state(c), left = end > c->age_ms ? end - c->age_ms : 0;
	uint64_t wait = left / 2;

	if (end == UINT64_MAX)
		return RENEW_WAIT_MS;
	if (wait < RENEW_WAIT_MS)
		wait = left < RENEW_WAIT_MS ? left : RENEW_WAIT_MS;
	if (wait > MAX_WAIT_MS)
		wait = MAX_WAIT_MS;
	return wait < MIN_WAIT_MS ? MIN_WAIT_MS : (uint32_t)wait;
}

/* Milliseconds to wait after the message that was just counted; the jitter of one second comes from the xid. */
static uint32_t wait_ms_now(const struct eftf_dhcp4c *c)
{
	if (eftf_dhcpc_renews(c->state))
		return renewal_wait_ms(c);
	return (FIRST_WAIT_S << (c->sends - 1)) * 1000 - 1000 +
		(c->xid >> (c->sends * 4) & 0xff) * 2000 / 256;
}

/* Time makes RENEWING REBINDING, and ends what gets no answer. */
static void pass_time(struct eftf_dhcp4c *c)
{
	if (c->state == EFTF_DHCPC_RENEWING && c->age_ms >= end_of_state(c))
		c->state = EFTF_DHCPC_REBINDING;
	if (c->state == EFTF_DHCPC_REBINDING ? c->age_ms >= end_of_state(c) :
	    !eftf_dhcpc_renews(c->state) && c->sends >= MAX_SENDS)
		c->state = EFTF_DHCPC_FAILED;
}

/* What the message says beside what all have. */
static void fill_by_state(const struct eftf_dhcp4c *c, struct eftf_dhcp4_msg *m)
{
	m->type = EFTF_DHCP4_REQUEST;
	if (c->state == EFTF_DHCPC_SELECTING) {
		m->type = EFTF_DHCP4_DISCOVER;
		m->has_requested = c->previous.s_addr != 0;
		m->requested = c->previous;
	} else if (c->state == EFTF_DHCPC_REQUESTING) {
		m->has_requested = true;
		m->requested = c->lease.address;
		m->has_server_id = true;
		m->server_id = c->lease.server;
	} else {
		m->ciaddr = c->lease.address;
	}
}

size_t eftf_dhcp4c_output(struct eftf_dhcp4c *c, uint8_t *out, size_t size, int *wait_ms)
{
	struct eftf_dhcp4_msg m;
	uint64_t secs;
	size_t len;

	*wait_ms = -1;
	if (c->state <= EFTF_DHCPC_REBINDING)
		pass_time(c);
	if (c->state > EFTF_DHCPC_REBINDING)
		return 0;
	fill_request(c, &m);
	fill_by_state(c, &m);
	secs = (c->age_ms - c->begun_ms) / 1000;
	m.secs = secs > 65535 ? 65535 : (uint16_t)secs;
	len = eftf_dhcp4_encode(out, size, &m, c->enterprise);
	explicit_bzero(m.token, sizeof(m.token));
	c->sends++;
	*wait_ms = (int)wait_ms_now(c);
	c->age_ms += (uint32_t)*wait_ms;
	return len;
}

/* ---- what is wrong in an answer ----------------------------------------------- */

static uint32_t lease_seconds(const struct eftf_dhcp4_msg *m)
{
	if (!m->has_lease)
		return DEFAULT_LEASE_S;
	return m->lease < MIN_LEASE_S ? MIN_LEASE_S : m->lease;
}

static bool times_in_order(const struct eftf_dhcp4_msg *m)
{
	return !m->has_lease || m->lease == EFTF_DHCP_FOREVER ||
		((!m->has_t1 || (m->t1 && m->t1 <= m->lease)) &&
		 (!m->has_t2 || (m->t2 && m->t2 <= m->lease)) &&
		 (!m->has_t1 || !m->has_t2 || m->t1 <= m->t2));
}

/* Once for each new fault of a server, not with every renewal. */
static void note_faults(struct eftf_dhcp4c *c, const struct eftf_dhcp4_msg *m)
{
	char words[sizeof(c->warning.text)] = "";

	for (size_t i = 0; i < m->n_bad; i++)
		eftf_dhcp_say(words, sizeof(words), "option %u is wrong, ignored", m->bad[i]);
	if (m->type != EFTF_DHCP4_NAK && !m->has_lease)
		eftf_dhcp_say(words, sizeof(words), "no lease time, taken as %u s", DEFAULT_LEASE_S);
	else if (m->has_lease && m->lease < MIN_LEASE_S)
		eftf_dhcp_say(words, sizeof(words), "lease of %u s, taken as %u s", m->lease,
			      MIN_LEASE_S);
	if (!times_in_order(m))
		eftf_dhcp_say(words, sizeof(words), "T1 %u s, T2 %u s of a lease of %u s, ignored",
			      m->t1, m->t2, m->lease);
	if (m->has_mtu && m->mtu < MIN_MTU)
		eftf_dhcp_say(words, sizeof(words), "MTU %u, ignored", m->mtu);
	else if (m->has_mtu && m->mtu > MAX_MTU)
		eftf_dhcp_say(words, sizeof(words), "MTU %u, taken as %u", m->mtu, MAX_MTU);
	eftf_dhcp_warn(&c->warning, words);
}

/* ---- the lease ---------------------------------------------------------------- */

/* RFC 2131 4.4.5: T1 and T2 are half and seven eighths unless said otherwise in a way that makes sense. */
static void take_times(struct eftf_lease4 *l, const struct eftf_dhcp4_msg *m)
{
	bool believe = times_in_order(m);

	l->seconds = lease_seconds(m);
	l->t1 = EFTF_DHCP_FOREVER;
	l->t2 = EFTF_DHCP_FOREVER;
	if (l->seconds == EFTF_DHCP_FOREVER)
		return;
	l->t2 = believe && m->has_t2 && m->t2 < l->seconds ? m->t2 : l->seconds - l->seconds / 8;
	l->t1 = believe && m->has_t1 && m->t1 <= l->t2 ? m->t1 : l->seconds / 2;
	if (l->t2 < MIN_T1_S)
		l->t2 = MIN_T1_S;
	if (l->t1 > l->t2)
		l->t1 = l->t2;
	if (l->t1 < MIN_T1_S)
		l->t1 = MIN_T1_S;
}

static uint16_t take_mtu(const struct eftf_dhcp4_msg *m)
{
	if (!m->has_mtu || m->mtu < MIN_MTU)
		return 0;
	return m->mtu > MAX_MTU ? MAX_MTU : m->mtu;
}

/* No machine has 0.0.0.0, loopback or multicast as its address. Returns how many are left. */
static size_t take_hosts(struct in_addr *to, const struct in_addr *from, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (eftf_dhcp4_is_host(from[i]))
			to[kept++] = from[i];
	return kept;
}

static void take_lease(struct eftf_dhcp4c *c, const struct eftf_dhcp4_msg *m)
{
	struct eftf_lease4 *l = &c->lease;
	struct in_addr server = m->has_server_id ? m->server_id : l->server;

	memset(l, 0, sizeof(*l));
	l->address = m->yiaddr;
	l->server = server;
	l->mask.s_addr = m->has_mask ? m->mask.s_addr : 0xffffffff;
	take_hosts(&l->router, &m->router, 1);
	l->mtu = take_mtu(m);
	take_times(l, m);
	l->n_dns = take_hosts(l->dns, m->dns, m->n_dns);
	l->n_sip = take_hosts(l->sip, m->sip, m->n_sip);
	memcpy(l->sip_name, m->sip_name, sizeof(l->sip_name));
	l->n_routes = m->n_routes;
	memcpy(l->routes, m->routes, sizeof(l->routes));
	l->keepalive = m->has_keepalive ? m->keepalive : 0;
	l->token_len = m->token_len;
	memcpy(l->token, m->token, sizeof(l->token));
	/* The newest token is the one to resume with. */
	if (m->token_len) {
		c->token_len = m->token_len;
		memcpy(c->token, m->token, sizeof(c->token));
	}
	c->previous = l->address;
}

/* ---- answers ------------------------------------------------------------------ */

static bool on_nak(struct eftf_dhcp4c *c, const struct eftf_dhcp4_msg *m)
{
	/* another server does not know of a lease that is not its own; when rebinding all are asked */
	if (c->state == EFTF_DHCPC_RENEWING && m->has_server_id &&
	    m->server_id.s_addr != c->lease.server.s_addr)
		return false;
	c->state = EFTF_DHCPC_REFUSED;
	memcpy(c->refusal, m->message, sizeof(c->refusal));
	return true;
}

static bool on_offer(struct eftf_dhcp4c *c, const struct eftf_dhcp4_msg *m)
{
	if (c->state != EFTF_DHCPC_SELECTING || !m->has_server_id ||
	    !eftf_dhcp4_is_host(m->yiaddr))
		return false;
	c->lease.address = m->yiaddr;
	c->lease.server = m->server_id;
	c->state = EFTF_DHCPC_REQUESTING;
	c->sends = 0;
	c->begun_ms = c->age_ms = 0;
	return true;
}

static bool on_ack(struct eftf_dhcp4c *c, const struct eftf_dhcp4_msg *m)
{
	if (c->state == EFTF_DHCPC_SELECTING || m->yiaddr.s_addr != c->lease.address.s_addr)
		return false;
	take_lease(c, m);
	c->state = EFTF_DHCPC_BOUND;
	c->sends = 0;
	return true;
}

bool eftf_dhcp4c_input(struct eftf_dhcp4c *c, const uint8_t *data, size_t len)
{
	struct eftf_dhcp4_msg m;
	bool changed = false;

	if (c->state > EFTF_DHCPC_REBINDING ||
	    eftf_dhcp4_decode(&m, data, len, c->enterprise, NULL) || !m.reply || m.xid != c->xid)
		return false;
	/* RFC 6842: an identifier in the answer must be ours. */
	if (m.client_id_len && (m.client_id_len != c->client_id_len ||
				memcmp(m.client_id, c->client_id, m.client_id_len)))
		return false;
	/* After the OFFER was taken, answers of other servers are ignored. */
	if (c->state == EFTF_DHCPC_REQUESTING && m.has_server_id &&
	    m.server_id.s_addr != c->lease.server.s_addr)
		return false;
	note_faults(c, &m);
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
