/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From TLS to the hand-off: DHCP of both families in envelopes, keys to the kernel. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "../gw.h"
#include "conn.h"
#include "dhcp6_server.h"
#include "inner.h"
#include "inner6.h"
#include "log.h"

#define DHCP_CLIENT 68
#define DHCP_SERVER 67
#define MAX_PACKETS 32			/* inner packets before there is a lease */
#define MAX_ASKED 128			/* messages that the main process has not answered */

/* The gateway's end of the link, for what is said before there are addresses. */
static const struct in6_addr link_local = { { { 0xfe, 0x80, [15] = 1 } } };

static int send_reply(struct eftf_conn *c, const struct eftf_dhcp4_msg *reply, bool nak,
		      struct eftf_err *err)
{
	uint8_t dhcp[EFTF_DHCP4_MAX], packet[EFTF_CHANNEL_MAX_PACKET];
	struct eftf_inner_udp udp = {
		.src = c->worker->conf->gateway,
		.dst.s_addr = htonl(INADDR_BROADCAST),
		.sport = DHCP_SERVER,
		.dport = DHCP_CLIENT,
		.data = dhcp,
	};
	size_t len;
	int ret;

	udp.len = eftf_dhcp4_encode(dhcp, sizeof(dhcp), reply, c->worker->start->policy->enterprise);
	/* RFC 2131 4.1: a NAK is broadcast; the rest goes where the UE wants it. */
	if (!nak && !reply->broadcast)
		udp.dst = reply->yiaddr.s_addr ? reply->yiaddr : reply->ciaddr;
	len = udp.len ? eftf_inner_build(packet, sizeof(packet), &udp) : 0;
	ret = len ? eftf_channel_send(c->channel, packet, len, err) :
		eftf_err_set(err, EMSGSIZE, "the DHCP answer is too long: fewer gateway.routes");
	explicit_bzero(dhcp, sizeof(dhcp));
	explicit_bzero(packet, len);
	return ret;
}

/* The socket goes to the main process; the parked TLS state stays, for the UE's key updates. */
static void hand_off(struct eftf_conn *c)
{
	struct eftf_msg msg = { .type = EFTF_MSG_ATTACH };
	struct eftf_err err;

	if (eftf_tls_plant(c->tls, &err)) {
		eftf_conn_fail(c, err.text);
		return;
	}
	if (!c->worker->conf->key_update || !c->worker->start->can_update ||
	    eftf_tls_park(c->tls, &err)) {
		eftf_tls_free(c->tls);
		c->tls = NULL;
	}
	msg.conn.id = c->id;
	msg.conn.has_keys = c->tls != NULL;
	c->known = false;
	eftf_conn_set_stage(c, EFTF_CONN_ATTACHING);
	eftf_conn_want(c, 0);
	eftf_worker_send(c->worker, &msg, c->io.fd);
}

/*
 * After the ACK: the kernel can go on only between two records and between two
 * envelopes. What the UE has sent behind its request in the same record, and
 * the rest of an envelope that began there, is read here and lost.
 */
void eftf_settle(struct eftf_conn *c)
{
	const uint8_t *packet;
	struct eftf_err err;
	size_t len;

	while (!eftf_channel_at_boundary(c->channel) || !eftf_tls_drained(c->tls)) {
		switch (eftf_channel_recv(c->channel, &packet, &len, &err)) {
		case EFTF_CHANNEL_PACKET:
			c->worker->counts.dropped_early++;
			if (++c->packets <= MAX_PACKETS)
				break;
			eftf_conn_fail(c, "too many inner packets before there is a tunnel");
			return;
		case EFTF_CHANNEL_AGAIN:
			if (eftf_channel_at_boundary(c->channel) && eftf_tls_drained(c->tls))
				break;
			return;
		case EFTF_CHANNEL_CLOSED:
			eftf_conn_fail(c, "the UE left before it had a tunnel");
			return;
		case EFTF_CHANNEL_FAILED:
			eftf_conn_fail(c, err.text);
			return;
		}
	}
	hand_off(c);
}

/* ---- answers ------------------------------------------------------------------ */

/*
 * The last step of what the UE has begun: a UE with one family is handed off as
 * soon as that has its address; one that has begun both, when both have.
 */
static void maybe_settle(struct eftf_conn *c)
{
	if ((c->bound4 || c->bound6) && c->begun4 == c->bound4 && c->begun6 == c->bound6)
		eftf_conn_set_stage(c, EFTF_CONN_SETTLING);
}

/* Nothing is left to give to this UE: it need not wait. */
static void no_address(struct eftf_conn *c)
{
	if (c->begun4 || c->begun6)
		return;
	eftf_tls_close_notify(c->tls);
	eftf_conn_fail(c, "no inner address left");
}

/* A family's answer is sent: what has it of its lease, and what is next? */
static void answered(struct eftf_conn *c, enum eftf_dhcps_result result, bool *begun, bool *bound)
{
	*bound |= result == EFTF_DHCPS_ACK;
	if (result != EFTF_DHCPS_INFORMED)
		*begun = *bound || result == EFTF_DHCPS_OFFER;
	if (result == EFTF_DHCPS_EXHAUSTED)
		no_address(c);
	else
		maybe_settle(c);
}

/* The UE gets what the main process says to its message. */
static void pass_on(struct eftf_conn *c, enum eftf_dhcps_result result,
		    const struct eftf_dhcp4_msg *reply)
{
	struct eftf_err err;

	if (!eftf_dhcp4s_replies(result))
		return;
	if (send_reply(c, reply, reply->type == EFTF_DHCP4_NAK, &err))
		eftf_conn_fail(c, err.text);
	else
		answered(c, result, &c->begun4, &c->bound4);
}

static int send_reply6(struct eftf_conn *c, const struct eftf_dhcp6_msg *reply,
		       struct eftf_err *err)
{
	uint8_t dhcp[EFTF_DHCP6_MAX], packet[EFTF_CHANNEL_MAX_PACKET];
	struct eftf_inner6_udp udp = {
		.src = link_local,
		.dst = c->link6,
		.sport = EFTF_DHCP6_SERVER_PORT,
		.dport = EFTF_DHCP6_CLIENT_PORT,
		.data = dhcp,
	};
	size_t len;
	int ret;

	udp.len = eftf_dhcp6_encode(dhcp, sizeof(dhcp), reply, c->worker->start->policy->enterprise);
	len = udp.len ? eftf_inner6_build(packet, sizeof(packet), &udp) : 0;
	ret = len ? eftf_channel_send(c->channel, packet, len, err) :
		eftf_err_set(err, EMSGSIZE, "the DHCPv6 answer is too long");
	explicit_bzero(dhcp, sizeof(dhcp));
	explicit_bzero(packet, len);
	return ret;
}

/* What DHCPv6 cannot say: the MTU, which prefixes are behind the tunnel, and the UE's own /64, if addr (or NULL) is in one. */
static int send_ra(struct eftf_conn *c, const struct in6_addr *dst, const struct in6_addr *addr,
		   struct eftf_err *err)
{
	const struct eftf_gw_conf *conf = c->worker->conf;
	struct eftf_ra ra = { .managed = true, .mtu = conf->mtu };
	uint8_t packet[1280];
	size_t len;

	while (ra.n_routes < conf->routes.n6) {
		ra.routes[ra.n_routes].addr = conf->routes.r6[ra.n_routes].base;
		ra.routes[ra.n_routes].plen = conf->routes.r6[ra.n_routes].plen;
		ra.n_routes++;
	}
	if (addr && conf->pool6_each == 64) {
		memcpy(&ra.own.addr, addr, 8);
		ra.own.plen = 64;
	}
	len = eftf_ra_build(packet, sizeof(packet), &link_local, dst, &ra);
	return eftf_channel_send(c->channel, packet, len, err);
}

/* A UE that has its address reads no further, so what is to be said of it goes ahead. */
static void pass_on6(struct eftf_conn *c, enum eftf_dhcps_result result,
		     const struct eftf_dhcp6_msg *reply)
{
	struct eftf_err err;
	int ret = 0;

	if (!eftf_dhcp6s_replies(result))
		return;
	if (result == EFTF_DHCPS_ACK && c->worker->conf->pool6_each == 64)
		ret = send_ra(c, &c->link6, &reply->addr, &err);
	if (!ret)
		ret = send_reply6(c, reply, &err);
	if (ret)
		eftf_conn_fail(c, err.text);
	else
		answered(c, result, &c->begun6, &c->bound6);
}

/* ---- questions ---------------------------------------------------------------- */

static void ask(struct eftf_conn *c, struct eftf_msg *msg)
{
	struct eftf_worker *w = c->worker;

	if (w->asked >= MAX_ASKED)
		return;			/* the UE says it again */
	msg->ask.from.conn = c->id;
	msg->ask.from.outer = c->peer;
	msg->ask.from.has_cert = c->has_cert;
	memcpy(msg->ask.from.cert, c->cert, sizeof(c->cert));
	c->known = true;
	w->asked++;
	eftf_conn_set_stage(c, EFTF_CONN_ASKED);
	eftf_conn_want(c, 0);
	eftf_worker_send(w, msg, -1);
}

static void on_dhcp(struct eftf_conn *c, const struct eftf_inner_udp *udp)
{
	struct eftf_msg msg = { .type = EFTF_MSG_ASK };
	struct eftf_err err;

	if (eftf_dhcp4_decode(&msg.ask.msg, udp->data, udp->len,
			      c->worker->start->policy->enterprise, &err))
		log_debug("%s", err.text);
	else
		ask(c, &msg);
	explicit_bzero(&msg, sizeof(msg));
}

static void on_dhcp6(struct eftf_conn *c, const struct eftf_inner6_udp *udp)
{
	struct eftf_msg msg = { .type = EFTF_MSG_ASK6 };
	struct eftf_err err;

	c->link6 = udp->src;
	if (eftf_dhcp6_decode(&msg.ask.msg6, udp->data, udp->len,
			      c->worker->start->policy->enterprise, &err))
		log_debug("%s", err.text);
	else
		ask(c, &msg);
	explicit_bzero(&msg, sizeof(msg));
}

static void on_solicitation(struct eftf_conn *c, const struct in6_addr *src)
{
	struct eftf_err err;

	if (send_ra(c, IN6_IS_ADDR_UNSPECIFIED(src) ? &eftf_all_nodes : src, NULL, &err))
		eftf_conn_fail(c, err.text);
}

static void on_packet6(struct eftf_conn *c, const uint8_t *packet, size_t len)
{
	struct eftf_inner6_udp udp;
	struct in6_addr src;

	if (!eftf_inner6_parse(packet, len, &udp)) {
		if (udp.dport == EFTF_DHCP6_SERVER_PORT && udp.sport == EFTF_DHCP6_CLIENT_PORT)
			on_dhcp6(c, &udp);
	} else if (c->worker->conf->pool6.n && eftf_rs_parse(packet, len, &src)) {
		on_solicitation(c, &src);
	}
}

static void on_packet(struct eftf_conn *c, const uint8_t *packet, size_t len)
{
	struct eftf_inner_udp udp;

	if (++c->packets > MAX_PACKETS) {
		eftf_conn_fail(c, "too many inner packets before there is a lease");
		return;
	}
	/* Before the lease only DHCP and solicitations of routers are answered. */
	if (len && packet[0] >> 4 == 6) {
		on_packet6(c, packet, len);
		return;
	}
	if (eftf_inner_parse(packet, len, &udp) || udp.dport != DHCP_SERVER)
		return;
	if (udp.dst.s_addr == htonl(INADDR_BROADCAST) ||
	    udp.dst.s_addr == c->worker->conf->gateway.s_addr)
		on_dhcp(c, &udp);
}

/* What one record brings; then it is the other connections' turn. */
void eftf_negotiate(struct eftf_conn *c)
{
	const uint8_t *packet;
	struct eftf_err err;
	size_t len;

	do {
		switch (eftf_channel_recv(c->channel, &packet, &len, &err)) {
		case EFTF_CHANNEL_PACKET:
			on_packet(c, packet, len);
			break;
		case EFTF_CHANNEL_AGAIN:
			return;
		case EFTF_CHANNEL_CLOSED:
			eftf_conn_fail(c, "the UE left before it had an address");
			return;
		case EFTF_CHANNEL_FAILED:
			eftf_conn_fail(c, err.text);
			return;
		}
	} while (c->stage == EFTF_CONN_NEGOTIATING && !eftf_tls_drained(c->tls));
}

void eftf_conn_on_answer(struct eftf_worker *w, const struct eftf_msg *msg)
{
	struct eftf_conn *c = eftf_conn_find(w, &msg->answer.to.conn);

	w->asked -= w->asked > 0;
	if (!c || c->stage != EFTF_CONN_ASKED)
		return;			/* it has ended meanwhile */
	eftf_conn_set_stage(c, EFTF_CONN_NEGOTIATING);
	eftf_conn_want(c, EPOLLIN);
	if (msg->type == EFTF_MSG_ANSWER6)
		pass_on6(c, msg->answer.result, &msg->answer.reply6);
	else
		pass_on(c, msg->answer.result, &msg->answer.reply);
	/* what came in the same record */
	if (c->stage == EFTF_CONN_NEGOTIATING && !eftf_tls_drained(c->tls))
		eftf_negotiate(c);
	else if (c->stage == EFTF_CONN_SETTLING)
		eftf_settle(c);
	eftf_conns_reap(w);
}
