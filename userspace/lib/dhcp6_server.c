/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp6_server.h"

#include <stdio.h>
#include <string.h>

#include "dhcp6_wire.h"
#include "keepalive.h"

struct call {
	struct eftf_dhcp6s *s;
	const struct eftf_dhcp6s_policy *policy;
	const struct eftf_dhcp6s_pool *pool;
	void *arg;
	const struct eftf_dhcp6_msg *in;
	struct eftf_dhcp6_msg *out;
};

static const struct in6_addr none = IN6ADDR_ANY_INIT;

static bool has_address(const struct eftf_dhcp6s *s)
{
	return !IN6_IS_ADDR_UNSPECIFIED(&s->address);
}

static void begin(struct call *c, enum eftf_dhcp6_type type)
{
	struct eftf_dhcp6_msg *out = c->out;

	memset(out, 0, sizeof(*out));
	out->type = type;
	out->xid = c->in->xid;
	out->client = c->in->client;
	out->server = c->policy->duid;
}

/* RFC 8415 18.3: an option request, where there is one, says what the client can use. */
static bool wanted(const struct call *c, uint16_t option)
{
	for (size_t i = 0; i < c->in->n_oro; i++)
		if (c->in->oro[i] == option)
			return true;
	return !c->in->n_oro;
}

/* A client that sends our vendor options understands them, whatever its list says. */
static bool wants_vendor(const struct call *c)
{
	return wanted(c, OPT6_VENDOR) || c->in->has_keepalive || c->in->token_len;
}

static void put_servers(struct call *c)
{
	const struct eftf_dhcp6s_policy *p = c->policy;
	struct eftf_dhcp6_msg *out = c->out;

	if (wanted(c, OPT6_DNS)) {
		out->n_dns = p->n_dns;
		memcpy(out->dns, p->dns, sizeof(out->dns));
	}
	if (wanted(c, OPT6_SIP_ADDRS)) {
		out->n_sip = p->n_sip;
		memcpy(out->sip, p->sip, sizeof(out->sip));
	}
	if (wanted(c, OPT6_SIP_NAMES))
		memcpy(out->sip_name, p->sip_name, sizeof(out->sip_name));
}

static void put_lease(struct call *c)
{
	struct eftf_dhcp6_msg *out = c->out;
	uint32_t lease = c->policy->lease;

	/* in a tunnel, where nothing but the UE's own address is let through as a source */
	out->has_unicast = true;
	out->unicast = c->policy->server;
	if (wants_vendor(c)) {
		out->has_keepalive = true;
		out->keepalive = c->s->keepalive;
	}
	out->has_ia = true;
	out->iaid = c->in->iaid;
	out->has_addr = true;
	out->addr = c->s->address;
	out->preferred = lease;
	out->valid = lease;
	out->t1 = lease == EFTF_DHCP_FOREVER ? lease : lease / 2;
	out->t2 = lease == EFTF_DHCP_FOREVER ? lease : lease - lease / 5;
}

/* A refusal: in the IA that was asked for, if there was one. */
static enum eftf_dhcps_result say(struct call *c, enum eftf_dhcp6_type type,
				  enum eftf_dhcps_result result, enum eftf_dhcp6_status status,
				  const char *why)
{
	struct eftf_dhcp6_msg *out = c->out;

	begin(c, type);
	out->status = status;
	out->has_ia = out->status_in_ia = c->in->has_ia;
	out->iaid = c->in->iaid;
	snprintf(out->message, sizeof(out->message), "%s", why);
	return result;
}

static enum eftf_dhcps_result exhausted(struct call *c)
{
	return say(c, c->in->type == EFTF_DHCP6_SOLICIT ? EFTF_DHCP6_ADVERTISE : EFTF_DHCP6_REPLY,
		   EFTF_DHCPS_EXHAUSTED, EFTF_DHCP6_NO_ADDRS, "no address left");
}

static void decide_keepalive(struct call *c)
{
	const struct eftf_dhcp6s_policy *p = c->policy;

	c->s->keepalive = eftf_keepalive_decide(c->in->has_keepalive ? c->in->keepalive : 0, p->keepalive,
						p->keepalive_min, p->keepalive_max);
}

static bool take_address(struct call *c)
{
	return has_address(c->s) || (c->pool && !c->pool->get(c->arg, c->in, &c->s->address));
}

static enum eftf_dhcps_result acknowledge(struct call *c)
{
	struct eftf_dhcp6s *s = c->s;
	bool first = !s->bound;

	decide_keepalive(c);
	if (first && (!c->pool || c->pool->confirm(c->arg, c->in, &s->address, s->token, &s->token_len))) {
		if (c->pool)
			c->pool->put(c->arg, &s->address);
		s->address = none;
		return exhausted(c);
	}
	s->bound = true;
	begin(c, EFTF_DHCP6_REPLY);
	c->out->rapid_commit = c->in->type == EFTF_DHCP6_SOLICIT;
	put_lease(c);
	put_servers(c);
	if (wants_vendor(c)) {
		c->out->token_len = s->token_len;
		memcpy(c->out->token, s->token, sizeof(c->out->token));
	}
	return first ? EFTF_DHCPS_ACK : EFTF_DHCPS_RENEWED;
}

static enum eftf_dhcps_result on_solicit(struct call *c)
{
	/* A client that begins anew inside its tunnel is offered what it has. */
	if (!take_address(c))
		return exhausted(c);
	if (c->in->rapid_commit)
		return acknowledge(c);
	if (!c->s->bound)
		decide_keepalive(c);
	begin(c, EFTF_DHCP6_ADVERTISE);
	put_lease(c);
	put_servers(c);
	return EFTF_DHCPS_OFFER;
}

static enum eftf_dhcps_result on_request(struct call *c)
{
	return take_address(c) ? acknowledge(c) : exhausted(c);
}

/* RFC 8415 18.3.4: whatever address it names, the one it has goes on. */
static enum eftf_dhcps_result on_renew(struct call *c)
{
	if (c->s->bound)
		return acknowledge(c);
	return say(c, EFTF_DHCP6_REPLY, EFTF_DHCPS_NAK, EFTF_DHCP6_NO_BINDING,
		   "this is not your address");
}

static bool is_own(const struct call *c)
{
	return c->s->bound && c->in->has_addr &&
		!memcmp(&c->in->addr, &c->s->address, sizeof(c->in->addr));
}

static enum eftf_dhcps_result on_confirm(struct call *c)
{
	if (!c->s->bound || !c->in->has_addr)
		return EFTF_DHCPS_IGNORED;
	if (!is_own(c))
		return say(c, EFTF_DHCP6_REPLY, EFTF_DHCPS_NAK, EFTF_DHCP6_NOT_ON_LINK,
			   "this is not your address");
	begin(c, EFTF_DHCP6_REPLY);
	return EFTF_DHCPS_INFORMED;
}

static enum eftf_dhcps_result on_information(struct call *c)
{
	begin(c, EFTF_DHCP6_REPLY);
	put_servers(c);
	return EFTF_DHCPS_INFORMED;
}

/* The address leaves this UE; the caller frees it in the pool. */
static enum eftf_dhcps_result on_release(struct call *c, enum eftf_dhcps_result result)
{
	if (!is_own(c))
		return say(c, EFTF_DHCP6_REPLY, EFTF_DHCPS_NAK, EFTF_DHCP6_NO_BINDING,
			   "this is not your address");
	begin(c, EFTF_DHCP6_REPLY);
	return result;
}

/* RFC 8415 16: who is named in which message. */
static bool is_for_us(const struct call *c)
{
	const struct eftf_dhcp6_msg *in = c->in;

	switch (in->type) {
	case EFTF_DHCP6_SOLICIT:
	case EFTF_DHCP6_CONFIRM:
	case EFTF_DHCP6_REBIND:
		return in->client.len && !in->server.len;
	case EFTF_DHCP6_REQUEST:
	case EFTF_DHCP6_RENEW:
	case EFTF_DHCP6_RELEASE:
	case EFTF_DHCP6_DECLINE:
		return in->client.len && eftf_duid_same(&in->server, &c->policy->duid);
	case EFTF_DHCP6_INFORMATION_REQUEST:
		return !in->has_ia &&
			(!in->server.len || eftf_duid_same(&in->server, &c->policy->duid));
	default:
		return false;
	}
}

enum eftf_dhcps_result eftf_dhcp6s_input(struct eftf_dhcp6s *s,
					 const struct eftf_dhcp6s_policy *policy,
					 const struct eftf_dhcp6s_pool *pool, void *arg,
					 const struct eftf_dhcp6_msg *msg,
					 struct eftf_dhcp6_msg *reply)
{
	struct call c = { .s = s, .policy = policy, .pool = pool, .arg = arg, .in = msg,
			  .out = reply };

	if (!is_for_us(&c))
		return EFTF_DHCPS_IGNORED;
	if (msg->type == EFTF_DHCP6_INFORMATION_REQUEST)
		return on_information(&c);
	if (!msg->has_ia)		/* of a kind that is not given here, a prefix for one */
		return EFTF_DHCPS_IGNORED;
	switch (msg->type) {
	case EFTF_DHCP6_SOLICIT:
		return on_solicit(&c);
	case EFTF_DHCP6_REQUEST:
		return on_request(&c);
	case EFTF_DHCP6_CONFIRM:
		return on_confirm(&c);
	case EFTF_DHCP6_RENEW:
	case EFTF_DHCP6_REBIND:
		return on_renew(&c);
	case EFTF_DHCP6_RELEASE:
		return on_release(&c, EFTF_DHCPS_RELEASED);
	default:
		return on_release(&c, EFTF_DHCPS_DECLINED);
	}
}
