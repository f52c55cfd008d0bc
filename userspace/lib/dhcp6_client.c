/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client of dhcp6.h. It retransmits: behind the EFTF there may be a relay that loses messages. */
#include "dhcp6.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "dhcp6_wire.h"

/* RFC 8415 7.6: first and longest wait */
#define SOLICIT_MS 1000u
#define SOLICIT_MAX_MS 3600000u
#define REQUEST_MS 1000u
#define REQUEST_MAX_MS 30000u
#define RENEW_MS 10000u
#define RENEW_MAX_MS 600000u
#define MAX_SOLICITS 6u			/* a connection waits no longer anyway */
#define MAX_REQUESTS 10u
#define MIN_WAIT_MS 900u
/* Renewals are not more often than the shortest T1, whatever the server says. */
#define MIN_LEASE_S 10u
#define MIN_T1_S 5u

static void begin(struct eftf_dhcp6c *c, enum eftf_dhcpc_state state, uint32_t xid, uint64_t age_ms)
{
	c->state = state;
	c->xid = xid & DHCP6_XID_MASK;
	c->sends = 0;
	c->begun_ms = age_ms;
	c->age_ms = age_ms;
	c->refusal[0] = 0;
}

void eftf_dhcp6c_start(struct eftf_dhcp6c *c, uint32_t xid)
{
	begin(c, EFTF_DHCPC_SELECTING, xid, 0);
	memset(&c->lease, 0, sizeof(c->lease));
}

void eftf_dhcp6c_renew(struct eftf_dhcp6c *c, uint32_t xid, uint64_t age_ms)
{
	begin(c, EFTF_DHCPC_RENEWING, xid, age_ms);
}

/* ---- what is sent --------------------------------------------------------------- */

static void fill_common(const struct eftf_dhcp6c *c, struct eftf_dhcp6_msg *m)
{
	memset(m, 0, sizeof(*m));
	m->xid = c->xid;
	m->client = c->duid;
	m->has_ia = true;
	m->iaid = c->iaid;
	m->has_elapsed = true;
}

static void fill_request(const struct eftf_dhcp6c *c, struct eftf_dhcp6_msg *m)
{
	static const uint16_t oro[] = {
		OPT6_UNICAST, OPT6_VENDOR, OPT6_SIP_NAMES, OPT6_SIP_ADDRS, OPT6_DNS, OPT6_DOMAINS,
	};
	uint64_t hundredths = (c->age_ms - c->begun_ms) / 10;

	fill_common(c, m);
	memcpy(m->oro, oro, sizeof(oro));
	m->n_oro = sizeof(oro) / sizeof(oro[0]);
	m->elapsed = hundredths > 0xffff ? 0xffff : (uint16_t)hundredths;
	m->has_keepalive = c->keepalive != 0;
	m->keepalive = c->keepalive;
	m->token_len = c->token_len;
	memcpy(m->token, c->token, sizeof(m->token));
}

/* What the message says beside what all have. */
static void fill_by_state(const struct eftf_dhcp6c *c, struct eftf_dhcp6_msg *m)
{
	m->addr = c->lease.address;
	if (c->state == EFTF_DHCPC_SELECTING) {
		m->type = EFTF_DHCP6_SOLICIT;
		m->rapid_commit = true;
		m->addr = c->previous;
	} else if (c->state == EFTF_DHCPC_REQUESTING) {
		m->type = EFTF_DHCP6_REQUEST;
		m->server = c->lease.server;
	} else if (c->state == EFTF_DHCPC_RENEWING) {
		m->type = EFTF_DHCP6_RENEW;
		m->server = c->lease.server;
	} else {
		m->type = EFTF_DHCP6_REBIND;
	}
	m->has_addr = !IN6_IS_ADDR_UNSPECIFIED(&m->addr);
}

/* When T2, or the lease, is over; UINT64_MAX: never. */
static uint64_t end_of_state(const struct eftf_dhcp6c *c)
{
	uint32_t s = c->state == EFTF_DHCPC_RENEWING ? c->lease.t2 : c->lease.seconds;

	return s == EFTF_DHCP_FOREVER ? UINT64_MAX : 1000 * (uint64_t)s;
}

/* Time makes RENEWING REBINDING, and ends what gets no answer. */
static void pass_time(struct eftf_dhcp6c *c)
{
	if (c->state == EFTF_DHCPC_RENEWING && c->age_ms >= end_of_state(c)) {
		c->state = EFTF_DHCPC_REBINDING;
		c->sends = 0;
	}
	if ((c->state == EFTF_DHCPC_REBINDING && c->age_ms >= end_of_state(c)) ||
	    (c->state == EFTF_DHCPC_SELECTING && c->sends >= MAX_SOLICITS) ||
	    (c->state == EFTF_DHCPC_REQUESTING && c->sends >= MAX_REQUESTS))
		c->state = EFTF_DHCPC_FAILED;
}

/*
 * Milliseconds to wait after the message that was just counted: twice as long
 * each time, a tenth of it by chance (RFC 8415 15; from the xid), and not past
 * the end of the state.
 */
static uint32_t wait_ms_now(const struct eftf_dhcp6c *c)
{
	uint64_t wait = eftf_dhcpc_renews(c->state) ? RENEW_MS : c->state == EFTF_DHCPC_REQUESTING ? REQUEST_MS : SOLICIT_MS;
	uint64_t max = eftf_dhcpc_renews(c->state) ? RENEW_MAX_MS : c->state == EFTF_DHCPC_REQUESTING ? REQUEST_MAX_MS :
		SOLICIT_MAX_MS;
	uint64_t end;

	wait <<= c->sends > 10 ? 10 : c->sends - 1;
	if (wait > max)
		wait = max;
	wait += wait * (c->xid >> (c->sends % 4 * 4) & 0xff) / 1280 - wait / 10;
	if (eftf_dhcpc_renews(c->state)) {
		end = end_of_state(c);
		if (end != UINT64_MAX && c->age_ms + wait > end)
			wait = end > c->age_ms ? end - c->age_ms : 0;
	}
	return wait < MIN_WAIT_MS ? MIN_WAIT_MS : (uint32_t)wait;
}

size_t eftf_dhcp6c_output(struct eftf_dhcp6c *c, uint8_t *out, size_t size, int *wait_ms)
{
	struct eftf_dhcp6_msg m;
	size_t len;

	*wait_ms = -1;
	if (c->state <= EFTF_DHCPC_REBINDING)
		pass_time(c);
	if (c->state > EFTF_DHCPC_REBINDING)
		return 0;
	fill_request(c, &m);
	fill_by_state(c, &m);
	c->sends++;
	*wait_ms = (int)wait_ms_now(c);
	c->age_ms += (uint64_t)*wait_ms;
	len = eftf_dhcp6_encode(out, size, &m, c->enterprise);
	explicit_bzero(m.token, sizeof(m.token));
	return len;
}

size_t eftf_dhcp6c_release(const struct eftf_dhcp6c *c, uint8_t *out, size_t size)
{
	struct eftf_dhcp6_msg m;

	fill_common(c, &m);
	m.type = EFTF_DHCP6_RELEASE;
	m.server = c->lease.server;
	m.addr = c->lease.address;
	m.has_addr = true;
	return eftf_dhcp6_encode(out, size, &m, c->enterprise);
}

/* ---- what is wrong with an answer -------------------------------------------------- */

static bool times_in_order(const struct eftf_dhcp6_msg *m)
{
	return m->t1 <= m->valid && m->t2 <= m->valid && (!m->t2 || m->t1 <= m->t2);
}

/* Once for each new fault of a server, not with every renewal. */
static void note_faults(struct eftf_dhcp6c *c, const struct eftf_dhcp6_msg *m)
{
	char words[sizeof(c->warning.text)] = "";

	for (size_t i = 0; i < m->n_bad; i++)
		eftf_dhcp_say(words, sizeof(words), "option %u is wrong, ignored", m->bad[i]);
	if (m->has_addr && m->valid && m->valid < MIN_LEASE_S)
		eftf_dhcp_say(words, sizeof(words), "lease of %u s, taken as %u s", m->valid,
			      MIN_LEASE_S);
	if (m->has_addr && m->valid && !times_in_order(m))
		eftf_dhcp_say(words, sizeof(words), "T1 %u s, T2 %u s of a lease of %u s, ignored",
			      m->t1, m->t2, m->valid);
	eftf_dhcp_warn(&c->warning, words);
}

/* ---- the lease ------------------------------------------------------------------ */

/*
 * RFC 8415 21.4: T1 and T2 are half and four fifths of the preferred lifetime,
 * unless said otherwise in a way that makes sense.
 */
static void take_times(struct eftf_lease6 *l, const struct eftf_dhcp6_msg *m)
{
	bool believe = times_in_order(m);
	uint32_t base;

	l->seconds = m->valid < MIN_LEASE_S ? MIN_LEASE_S : m->valid;
	l->preferred = m->preferred;
	base = m->preferred ? m->preferred : l->seconds;
	l->t2 = base == EFTF_DHCP_FOREVER ? EFTF_DHCP_FOREVER : base / 5 * 4;
	l->t1 = base == EFTF_DHCP_FOREVER ? EFTF_DHCP_FOREVER : base / 2;
	if (believe && m->t2)
		l->t2 = m->t2;
	if (believe && m->t1)
		l->t1 = m->t1;
	if (l->t2 < MIN_T1_S)
		l->t2 = MIN_T1_S;
	if (l->t2 > l->seconds)
		l->t2 = l->seconds;
	if (l->t1 < MIN_T1_S)
		l->t1 = MIN_T1_S;
	if (l->t1 > l->t2)
		l->t1 = l->t2;
}

/* No machine has ::1 or a multicast address for its own. Returns how many are left. */
static size_t take_hosts(struct in6_addr *to, const struct in6_addr *from, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (eftf_dhcp6_is_host(&from[i]))
			to[kept++] = from[i];
	return kept;
}

static void take_lease(struct eftf_dhcp6c *c, const struct eftf_dhcp6_msg *m)
{
	struct eftf_lease6 *l = &c->lease;

	memset(l, 0, sizeof(*l));
	l->address = m->addr;
	l->server = m->server;
	if (m->has_unicast)
		take_hosts(&l->unicast, &m->unicast, 1);
	take_times(l, m);
	l->n_dns = take_hosts(l->dns, m->dns, m->n_dns);
	memcpy(l->domain, m->domain, sizeof(l->domain));
	l->n_sip = take_hosts(l->sip, m->sip, m->n_sip);
	memcpy(l->sip_name, m->sip_name, sizeof(l->sip_name));
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

/* ---- answers -------------------------------------------------------------------- */

static bool refuse(struct eftf_dhcp6c *c, const struct eftf_dhcp6_msg *m, const char *otherwise)
{
	c->state = EFTF_DHCPC_REFUSED;
	snprintf(c->refusal, sizeof(c->refusal), "%s", m->message[0] ? m->message : otherwise);
	return true;
}

static bool is_offer(const struct eftf_dhcp6c *c, const struct eftf_dhcp6_msg *m)
{
	return m->has_ia && m->iaid == c->iaid && m->has_addr && m->valid &&
		eftf_dhcp6_is_host(&m->addr);
}

static bool on_advertise(struct eftf_dhcp6c *c, const struct eftf_dhcp6_msg *m)
{
	if (c->state != EFTF_DHCPC_SELECTING)
		return false;
	if (m->status)
		return refuse(c, m, "no address left");
	if (!is_offer(c, m))
		return false;
	c->lease.address = m->addr;
	c->lease.server = m->server;
	c->state = EFTF_DHCPC_REQUESTING;
	c->sends = 0;
	c->begun_ms = c->age_ms = 0;
	return true;
}

static bool on_reply(struct eftf_dhcp6c *c, const struct eftf_dhcp6_msg *m)
{
	/* RFC 8415 18.2.10.1: without the option it is no answer to a SOLICIT */
	if (c->state == EFTF_DHCPC_SELECTING && !m->rapid_commit)
		return false;
	/* another server does not know of a lease that is not its own; when rebinding all are asked */
	if ((c->state == EFTF_DHCPC_REQUESTING || c->state == EFTF_DHCPC_RENEWING) &&
	    !eftf_duid_same(&m->server, &c->lease.server))
		return false;
	if (m->status == EFTF_DHCP6_USE_MULTICAST) {
		/* the next message goes to all servers */
		memset(&c->lease.unicast, 0, sizeof(c->lease.unicast));
		return false;
	}
	if (m->status)
		return refuse(c, m, m->status == EFTF_DHCP6_NO_BINDING ? "it does not know the lease" :
			      "no address left");
	if (eftf_dhcpc_renews(c->state) && m->has_addr && !m->valid &&
	    !memcmp(&m->addr, &c->lease.address, sizeof(m->addr)))
		return refuse(c, m, "it takes the address back");
	if (!is_offer(c, m) ||
	    (eftf_dhcpc_renews(c->state) && memcmp(&m->addr, &c->lease.address, sizeof(m->addr))))
		return false;
	take_lease(c, m);
	c->state = EFTF_DHCPC_BOUND;
	c->sends = 0;
	return true;
}

bool eftf_dhcp6c_input(struct eftf_dhcp6c *c, const uint8_t *data, size_t len)
{
	struct eftf_dhcp6_msg m;
	bool changed = false;

	/* RFC 8415 16.3, 16.10: both identifiers, and the client's is ours */
	if (c->state > EFTF_DHCPC_REBINDING ||
	    eftf_dhcp6_decode(&m, data, len, c->enterprise, NULL) || m.xid != c->xid ||
	    !m.server.len || !eftf_duid_same(&m.client, &c->duid))
		return false;
	if (m.type != EFTF_DHCP6_ADVERTISE && m.type != EFTF_DHCP6_REPLY)
		return false;
	note_faults(c, &m);
	changed = m.type == EFTF_DHCP6_ADVERTISE ? on_advertise(c, &m) : on_reply(c, &m);
	explicit_bzero(m.token, sizeof(m.token));
	return changed;
}
