/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lease.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "log.h"
#include "session.h"

struct eftf_lease {
	struct eftf_gw *gw;
	struct sockaddr_storage outer;
	bool has_cert;
	uint8_t cert[EFTF_TLS_PEER_ID_LEN];
	struct eftf_dhcp4s dhcp;
	struct eftf_dhcp6s dhcp6;
	struct in_addr address;		/* of the pool, for both families; 0.0.0.0: none */
	uint8_t token[EFTF_TOKEN_LEN];	/* from the ACK on */
	struct eftf_session *session;	/* from the ACK on */
	struct eftf_session *old;	/* from the ACK on: who had the address, while its tunnel runs */
	bool resumed;
	bool overtaken;			/* a newer connection has the address */
};

_Static_assert(EFTF_TLS_PEER_ID_LEN == EFTF_CERT_ID_LEN, "a certificate's identity is one");
_Static_assert(EFTF_DHCP4_CLIENT_ID_MAX <= UINT8_MAX, "client_id_len holds it");
_Static_assert(5 + EFTF_DHCP6_DUID_MAX <= EFTF_DHCP4_CLIENT_ID_MAX, "client_id holds IAID and DUID");
_Static_assert(EFTF_TOKEN_LEN <= EFTF_DHCP4_TOKEN_MAX && EFTF_TOKEN_LEN <= EFTF_DHCP6_TOKEN_MAX,
	       "a token fits into its options");

/* What the pool is to know of a UE, but for what a message says. */
static void begin_request(const struct eftf_lease *l, struct eftf_lease_request *r)
{
	memset(r, 0, sizeof(*r));
	r->source = l->outer;
	r->has_cert = l->has_cert;
	memcpy(r->cert, l->cert, sizeof(r->cert));
}

static void fill_request(const struct eftf_lease *l, const struct eftf_dhcp4_msg *msg,
			 struct eftf_lease_request *r)
{
	begin_request(l, r);
	r->client_id_len = (uint8_t)msg->client_id_len;
	memcpy(r->client_id, msg->client_id, msg->client_id_len);
	r->token_len = (uint8_t)msg->token_len;
	memcpy(r->token, msg->token, msg->token_len);
	r->wish = msg->requested;
}

/* RFC 4361: the client identifier of DHCPv4 is made of IAID and DUID, so it is the same here. */
static void fill_request6(const struct eftf_lease *l, const struct eftf_dhcp6_msg *msg,
			  struct eftf_lease_request *r)
{
	begin_request(l, r);
	r->client_id[0] = 255;
	for (int i = 0; i < 4; i++)
		r->client_id[1 + i] = (uint8_t)(msg->iaid >> (24 - 8 * i));
	memcpy(r->client_id + 5, msg->client.v, msg->client.len);
	r->client_id_len = (uint8_t)(5 + msg->client.len);
	r->token_len = (uint8_t)msg->token_len;
	memcpy(r->token, msg->token, msg->token_len);
	r->wish = eftf_gw_inner4(&l->gw->conf, &msg->addr);
}

/* A UE that comes back replaces its own tunnel, so the limit does not apply to it. */
static bool may_have_another(const struct eftf_gw *gw, struct in_addr addr)
{
	return gw->n_sessions < gw->conf.max_tunnels || eftf_pool_owner(gw->pool, addr);
}

/* Both families of a UE go by one address of the pool: the first that asks gets it. */
static int get(struct eftf_lease *l, struct eftf_lease_request *request)
{
	struct eftf_gw *gw = l->gw;
	struct in_addr addr;
	int ret;

	if (l->address.s_addr)
		return 0;
	ret = eftf_pool_get(gw->pool, request, l, eftf_gw_now(), &addr, &l->resumed);
	if (ret == -EDQUOT)
		gw->counts.refused_tunnels++;
	if (!ret && !may_have_another(gw, addr)) {
		eftf_pool_put(gw->pool, addr, l, eftf_gw_now());
		ret = -ENOSPC;
	}
	if (!ret)
		l->address = addr;
	return ret;
}

/* One family takes it back; the other may have it still. */
static void put(struct eftf_lease *l, bool other_has)
{
	if (l->session || other_has)
		return;
	eftf_pool_put(l->gw->pool, l->address, l, eftf_gw_now());
	l->address.s_addr = 0;
}

static int pool_get(void *arg, const struct eftf_dhcp4_msg *msg, struct in_addr *addr)
{
	struct eftf_lease *l = arg;
	struct eftf_lease_request request;
	int ret;

	fill_request(l, msg, &request);
	ret = get(l, &request);
	explicit_bzero(&request, sizeof(request));
	if (!ret)
		*addr = l->address;
	return ret;
}

static int pool_get6(void *arg, const struct eftf_dhcp6_msg *msg, struct in6_addr *addr)
{
	struct eftf_lease *l = arg;
	struct eftf_lease_request request;
	int ret;

	if (!l->gw->conf.pool6.n)
		return -ENOSPC;
	fill_request6(l, msg, &request);
	ret = get(l, &request);
	explicit_bzero(&request, sizeof(request));
	if (!ret)
		*addr = eftf_gw_inner6(&l->gw->conf, l->address);
	return ret;
}

static void pool_put(void *arg, struct in_addr addr)
{
	struct eftf_lease *l = arg;

	(void)addr;
	put(l, !IN6_IS_ADDR_UNSPECIFIED(&l->dhcp6.address));
}

static void pool_put6(void *arg, const struct in6_addr *addr)
{
	struct eftf_lease *l = arg;

	(void)addr;
	put(l, l->dhcp.address.s_addr);
}

/* The session that had the address ends with the hand-off, unless it ends by itself before. */
static void inherit(struct eftf_lease *l, struct eftf_session *owner)
{
	struct eftf_lease *first = owner ? owner->lease : NULL;

	if (first) {		/* not attached yet, and never to be: the newest connection wins */
		owner = first->old;
		first->old = NULL;
		first->overtaken = true;
	}
	l->old = owner;
	if (owner)
		owner->heir = &l->old;
}

/* The first acknowledgement, of whichever family: from here on there is a session. */
static int confirm(struct eftf_lease *l, struct eftf_lease_request *request)
{
	void *owner;
	int ret;

	if (l->session)
		return 0;
	/* Between OFFER and REQUEST other tunnels may have reached the limit. */
	if (!may_have_another(l->gw, l->address))
		return -ENOSPC;
	l->session = eftf_session_new(&l->outer, l->address, eftf_gw_now());
	if (!l->session)
		return -ENOMEM;
	eftf_identity_text(l->session->identity, request);
	ret = eftf_pool_confirm(l->gw->pool, request, l->address, l, l->session, &owner, l->token);
	if (ret) {
		eftf_session_put(l->session);
		l->session = NULL;
		return ret;
	}
	l->session->lease = l;
	inherit(l, owner);
	return 0;
}

static void copy_token(const struct eftf_lease *l, uint8_t *token, size_t *token_len)
{
	memcpy(token, l->token, sizeof(l->token));
	*token_len = sizeof(l->token);
}

static int pool_confirm(void *arg, const struct eftf_dhcp4_msg *msg, struct in_addr addr,
			uint8_t *token, size_t *token_len)
{
	struct eftf_lease *l = arg;
	struct eftf_lease_request request;
	int ret;

	(void)addr;
	fill_request(l, msg, &request);
	ret = confirm(l, &request);
	explicit_bzero(&request, sizeof(request));
	copy_token(l, token, token_len);
	return ret;
}

static int pool_confirm6(void *arg, const struct eftf_dhcp6_msg *msg, const struct in6_addr *addr,
			 uint8_t *token, size_t *token_len)
{
	struct eftf_lease *l = arg;
	struct eftf_lease_request request;
	int ret;

	(void)addr;
	fill_request6(l, msg, &request);
	ret = confirm(l, &request);
	explicit_bzero(&request, sizeof(request));
	copy_token(l, token, token_len);
	return ret;
}

static const struct eftf_dhcp4s_pool pool_ops = { pool_get, pool_put, pool_confirm };
static const struct eftf_dhcp6s_pool pool6_ops = { pool_get6, pool_put6, pool_confirm6 };

enum eftf_dhcps_result eftf_lease_input(struct eftf_lease *l, const struct eftf_dhcp4_msg *msg,
					struct eftf_dhcp4_msg *reply)
{
	/* no refusal: a UE that asks for both families has its IPv6 to go on with */
	if (l->gw->conf.ipv6_only)
		return EFTF_DHCPS_IGNORED;
	return eftf_dhcp4s_input(&l->dhcp, &l->gw->policy, &pool_ops, l, msg, reply);
}

enum eftf_dhcps_result eftf_lease_input6(struct eftf_lease *l, const struct eftf_dhcp6_msg *msg,
					 struct eftf_dhcp6_msg *reply)
{
	enum eftf_dhcps_result result =
		eftf_dhcp6s_input(&l->dhcp6, &l->gw->policy6, &pool6_ops, l, msg, reply);

	/* without IPv6 here the UE is told, and has its IPv4 to go on with */
	return result == EFTF_DHCPS_EXHAUSTED && !l->gw->conf.pool6.n ? EFTF_DHCPS_NAK : result;
}

/* Make-before-break: the tunnel that has the address goes on with this connection. */
static bool take_over(struct eftf_lease *l, int fd, const char *peer)
{
	char before[EFTF_ADDR_TEXT];
	struct eftf_err err;

	eftf_addr_text(before, &l->old->outer);
	if (!eftf_session_take_over(l->gw, l->session, l->old, fd, &err)) {
		log_info("tunnel %u: outer address %s -> %s", l->session->id, before, peer);
		return true;
	}
	/* The module refuses a second tunnel with the same inner address: end the old one first. */
	log_debug("tunnel %u: %s: a new tunnel instead", l->old->id, err.text);
	l->old->replaced = true;
	eftf_session_end(l->gw, l->old);
	return false;
}

static bool attach(struct eftf_lease *l, int fd, const char *peer)
{
	struct eftf_session *s = l->session;
	char inner[EFTF_SESSION_INNER];
	struct eftf_err err;

	if (eftf_session_attach(l->gw, s, fd, &err)) {
		log_error("connection from %s: the module takes no tunnel: %s", peer, err.text);
		return false;
	}
	eftf_session_inner(s, inner);
	log_info("tunnel %u up: outer %s, inner %s, keep-alive %u s%s", s->id, peer, inner,
		 eftf_session_keepalive(s), l->resumed ? ", resumed" : "");
	return true;
}

struct eftf_session *eftf_lease_attach(struct eftf_lease *l, int fd)
{
	struct eftf_session *s = l->session;
	char peer[EFTF_ADDR_TEXT];
	bool done;

	if (!s || l->overtaken)
		return NULL;
	s->dhcp = l->dhcp;
	s->dhcp6 = l->dhcp6;
	eftf_addr_text(peer, &l->outer);
	done = l->old && take_over(l, fd, peer);
	if (l->old)			/* about to go */
		l->old->heir = NULL;
	l->old = NULL;
	if (!done && !attach(l, fd, peer))
		return NULL;
	s->lease = NULL;
	l->session = NULL;
	return s;
}

struct eftf_lease *eftf_lease_new(struct eftf_gw *gw, const struct sockaddr_storage *outer,
				  const uint8_t cert[EFTF_TLS_PEER_ID_LEN])
{
	struct eftf_lease *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->gw = gw;
	l->outer = *outer;
	l->has_cert = cert;
	if (cert)
		memcpy(l->cert, cert, sizeof(l->cert));
	return l;
}

void eftf_lease_free(struct eftf_lease *l)
{
	struct eftf_gw *gw;

	if (!l)
		return;
	gw = l->gw;
	eftf_pool_put(gw->pool, l->address, l, eftf_gw_now());
	if (l->old)
		l->old->heir = NULL;
	if (l->session && l->old) {
		/* the new connection has failed before the hand-off: its address is the old tunnel's again */
		eftf_pool_pass_on(gw->pool, l->session->inner, l->session, l->old);
		eftf_session_put(l->session);
	} else if (l->session) {
		eftf_pool_release(gw->pool, l->session->inner, l->session, false, eftf_gw_now());
		eftf_session_put(l->session);
	}
	explicit_bzero(l, sizeof(*l));
	free(l);
}
