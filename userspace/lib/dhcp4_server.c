/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcp4_server.h"

#include <stdio.h>
#include <string.h>

#include "dhcp4_wire.h"
#include "keepalive.h"

struct call {
	struct eftf_dhcp4s *s;
	const struct eftf_dhcp4s_policy *policy;
	const struct eftf_dhcp4s_pool *pool;
	void *arg;
	const struct eftf_dhcp4_msg *in;
	struct eftf_dhcp4_msg *out;
};

bool eftf_dhcp4s_replies(enum eftf_dhcps_result result)
{
	return result != EFTF_DHCPS_IGNORED && result != EFTF_DHCPS_RELEASED &&
		result != EFTF_DHCPS_DECLINED;
}

static void begin(struct call *c, enum eftf_dhcp4_type type)
{
	struct eftf_dhcp4_msg *out = c->out;

	memset(out, 0, sizeof(*out));
	out->reply = true;
	out->type = type;
	out->xid = c->in->xid;
	out->broadcast = c->in->broadcast;
	out->giaddr = c->in->giaddr;
	/* RFC 2131 table 3: clients know their answers by the hardware address. */
	out->htype = c->in->htype;
	out->hlen = c->in->hlen;
	memcpy(out->chaddr, c->in->chaddr, sizeof(out->chaddr));
	out->has_server_id = true;
	out->server_id = c->policy->server;
	/* RFC 6842: the identifier goes back unaltered. */
	out->client_id_len = c->in->client_id_len;
	memcpy(out->client_id, c->in->client_id, c->in->client_id_len);
}

/* RFC 2131 4.3.1: a parameter request list, where there is one, says what the client can use. */
static bool wanted(const struct call *c, uint8_t option)
{
	return !c->in->n_params || memchr(c->in->params, option, c->in->n_params);
}

/* A client that sends our vendor options understands them, whatever its list says. */
static bool wants_vendor(const struct call *c)
{
	return wanted(c, OPT_VENDOR) || c->in->has_keepalive || c->in->token_len;
}

static void put_lists(struct call *c)
{
	const struct eftf_dhcp4s_policy *p = c->policy;
	struct eftf_dhcp4_msg *out = c->out;

	if (wanted(c, OPT_DNS)) {
		out->n_dns = p->n_dns;
		memcpy(out->dns, p->dns, sizeof(out->dns));
	}
	if (wanted(c, OPT_SIP)) {
		out->n_sip = p->n_sip;
		memcpy(out->sip, p->sip, sizeof(out->sip));
		memcpy(out->sip_name, p->sip_name, sizeof(out->sip_name));
	}
	if (wanted(c, OPT_ROUTES)) {
		out->n_routes = p->n_routes;
		memcpy(out->routes, p->routes, sizeof(out->routes));
	}
}

/* What a DISCOVER, REQUEST or INFORM is told alike. */
static void put_settings(struct call *c)
{
	const struct eftf_dhcp4s_policy *p = c->policy;
	struct eftf_dhcp4_msg *out = c->out;

	if (wanted(c, OPT_MASK)) {
		out->has_mask = true;
		out->mask = p->mask;
	}
	if (wanted(c, OPT_ROUTER)) {
		out->has_router = true;
		out->router = p->server;
	}
	if (p->mtu && wanted(c, OPT_MTU)) {
		out->has_mtu = true;
		out->mtu = p->mtu;
	}
	if (wants_vendor(c)) {
		out->has_keepalive = true;
		out->keepalive = c->s->keepalive;
	}
	put_lists(c);
}

static void put_lease(struct call *c)
{
	struct eftf_dhcp4_msg *out = c->out;

	out->yiaddr = c->s->address;
	out->has_lease = true;
	out->lease = c->policy->lease;
	if (out->lease != 0xffffffff) {
		out->has_t1 = true;
		out->t1 = out->lease / 2;
		out->has_t2 = true;
		out->t2 = out->lease - out->lease / 8;
	}
}

/* An address that was offered goes back; a bound lease stays. */
static void take_offer_back(struct call *c)
{
	struct eftf_dhcp4s *s = c->s;

	if (!s->address.s_addr || s->bound)
		return;
	if (c->pool)
		c->pool->put(c->arg, s->address);
	s->address.s_addr = 0;
}

static enum eftf_dhcps_result refuse(struct call *c, enum eftf_dhcps_result result,
				     const char *why)
{
	take_offer_back(c);
	begin(c, EFTF_DHCP4_NAK);
	snprintf(c->out->message, sizeof(c->out->message), "%s", why);
	return result;
}

static void decide_keepalive(struct call *c)
{
	const struct eftf_dhcp4s_policy *p = c->policy;

	c->s->keepalive = eftf_keepalive_decide(c->in->has_keepalive ? c->in->keepalive : 0, p->keepalive,
						p->keepalive_min, p->keepalive_max);
}

static bool take_address(struct call *c)
{
	return c->s->address.s_addr || (c->pool && !c->pool->get(c->arg, c->in, &c->s->address));
}

static enum eftf_dhcps_result on_discover(struct call *c)
{
	/* A client that begins anew inside its tunnel is offered what it has. */
	if (!take_address(c))
		return refuse(c, EFTF_DHCPS_EXHAUSTED, "no address left");
	if (!c->s->bound)
		decide_keepalive(c);
	begin(c, EFTF_DHCP4_OFFER);
	put_lease(c);
	put_settings(c);
	return EFTF_DHCPS_OFFER;
}

static enum eftf_dhcps_result acknowledge(struct call *c)
{
	struct eftf_dhcp4s *s = c->s;
	bool first = !s->bound;

	if (first && (!c->pool || c->pool->confirm(c->arg, c->in, s->address, s->token, &s->token_len)))
		return refuse(c, EFTF_DHCPS_NAK, "the address is not available any more");
	s->bound = true;
	begin(c, EFTF_DHCP4_ACK);
	c->out->ciaddr = c->in->ciaddr;
	put_lease(c);
	put_settings(c);
	if (wants_vendor(c)) {
		c->out->token_len = s->token_len;
		memcpy(c->out->token, s->token, sizeof(c->out->token));
	}
	return first ? EFTF_DHCPS_ACK : EFTF_DHCPS_RENEWED;
}

/* RFC 2131 4.3.2: which of the three kinds of REQUEST it is, its fields tell. */
static enum eftf_dhcps_result on_request(struct call *c)
{
	const struct eftf_dhcp4_msg *in = c->in;
	struct eftf_dhcp4s *s = c->s;

	if (in->has_server_id && in->server_id.s_addr != c->policy->server.s_addr) {
		take_offer_back(c);			/* another server was chosen */
		return EFTF_DHCPS_IGNORED;
	}
	if (in->ciaddr.s_addr) {			/* renewing or rebinding */
		if (!s->bound || in->ciaddr.s_addr != s->address.s_addr)
			return refuse(c, EFTF_DHCPS_NAK, "this is not your address");
		decide_keepalive(c);
		return acknowledge(c);
	}
	if (!in->has_requested)
		return EFTF_DHCPS_IGNORED;
	if (!in->has_server_id && !s->bound) {		/* a reboot: it knows its address */
		if (!take_address(c))
			return refuse(c, EFTF_DHCPS_EXHAUSTED, "no address left");
		decide_keepalive(c);
	}
	if (!s->address.s_addr || in->requested.s_addr != s->address.s_addr)
		return refuse(c, EFTF_DHCPS_NAK, "this address was not offered to you");
	return acknowledge(c);
}

static enum eftf_dhcps_result on_inform(struct call *c)
{
	if (!c->s->bound || c->in->ciaddr.s_addr != c->s->address.s_addr)
		return EFTF_DHCPS_IGNORED;
	begin(c, EFTF_DHCP4_ACK);
	c->out->ciaddr = c->in->ciaddr;
	put_settings(c);
	return EFTF_DHCPS_INFORMED;
}

/* The address leaves this UE; the caller frees it in the pool, bound or not. */
static enum eftf_dhcps_result on_release(struct call *c, struct in_addr addr,
					 enum eftf_dhcps_result result)
{
	struct eftf_dhcp4s *s = c->s;

	if (!s->address.s_addr || addr.s_addr != s->address.s_addr)
		return EFTF_DHCPS_IGNORED;
	take_offer_back(c);
	return s->bound ? result : EFTF_DHCPS_IGNORED;
}

enum eftf_dhcps_result eftf_dhcp4s_input(struct eftf_dhcp4s *s,
					 const struct eftf_dhcp4s_policy *policy,
					 const struct eftf_dhcp4s_pool *pool, void *arg,
					 const struct eftf_dhcp4_msg *msg,
					 struct eftf_dhcp4_msg *reply)
{
	struct call c = { .s = s, .policy = policy, .pool = pool, .arg = arg, .in = msg,
			  .out = reply };

	if (msg->reply)
		return EFTF_DHCPS_IGNORED;
	switch (msg->type) {
	case EFTF_DHCP4_DISCOVER:
		return on_discover(&c);
	case EFTF_DHCP4_REQUEST:
		return on_request(&c);
	case EFTF_DHCP4_INFORM:
		return on_inform(&c);
	case EFTF_DHCP4_RELEASE:
		return on_release(&c, msg->ciaddr, EFTF_DHCPS_RELEASED);
	case EFTF_DHCP4_DECLINE:
		return on_release(&c, msg->requested, EFTF_DHCPS_DECLINED);
	default:
		return EFTF_DHCPS_IGNORED;
	}
}
