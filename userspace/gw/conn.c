/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection from accept() to the hand-off: TLS, keys to the kernel, DHCP in envelopes. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "channel.h"
#include "gw.h"
#include "inner.h"
#include "lease.h"
#include "log.h"
#include "session.h"

#define DHCP_CLIENT 68
#define DHCP_SERVER 67
#define MAX_PACKETS 32			/* inner packets before there is a lease */

struct eftf_conn {
	struct eftf_conn *prev, *next;
	struct eftf_gw *gw;
	ev_io io;
	ev_timer deadline;
	int fd;
	struct sockaddr_storage peer;
	struct eftf_prefix_use prefixes;
	struct eftf_tls *tls;		/* until the keys are in the kernel */
	struct eftf_tls *parked;	/* from then on, until the session has it */
	struct eftf_channel channel;
	unsigned int packets;
	struct eftf_lease *lease;
};

static void conn_free(struct eftf_conn *c)
{
	struct eftf_gw *gw = c->gw;

	ev_io_stop(gw->loop, &c->io);
	ev_timer_stop(gw->loop, &c->deadline);
	eftf_lease_free(c->lease);
	eftf_tls_free(c->tls);
	eftf_tls_free(c->parked);
	if (c->fd >= 0)
		close(c->fd);
	eftf_prefix_leave(&c->prefixes);
	if (c->prev)
		c->prev->next = c->next;
	else
		gw->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	gw->n_conns--;
	explicit_bzero(c, sizeof(*c));
	free(c);
}

static void conn_fail(struct eftf_conn *c, const char *why)
{
	char peer[EFTF_ADDR_TEXT];

	if (c->tls)
		c->gw->counts.failed_tls++;
	else
		c->gw->counts.failed_dhcp++;
	if (eftf_gw_may_log(ev_now(c->gw->loop))) {
		eftf_addr_text(peer, &c->peer);
		log_info("connection from %s closed: %s", peer, why);
	}
	conn_free(c);
}

/* ---- negotiation ------------------------------------------------------------ */

static int send_reply(struct eftf_conn *c, const struct eftf_dhcp4_msg *reply, bool nak,
		      struct eftf_err *err)
{
	uint8_t dhcp[EFTF_DHCP4_MAX], packet[EFTF_CHANNEL_MAX_PACKET];
	struct eftf_inner_udp udp = {
		.src = c->gw->conf.gateway,
		.dst.s_addr = htonl(INADDR_BROADCAST),
		.sport = DHCP_SERVER,
		.dport = DHCP_CLIENT,
		.data = dhcp,
	};
	size_t len;
	int ret;

	udp.len = eftf_dhcp4_encode(dhcp, sizeof(dhcp), reply, c->gw->policy.enterprise);
	/* RFC 2131 4.1: a NAK is broadcast; the rest goes where the UE wants it. */
	if (!nak && !reply->broadcast)
		udp.dst = reply->yiaddr.s_addr ? reply->yiaddr : reply->ciaddr;
	len = udp.len ? eftf_inner_build(packet, sizeof(packet), &udp) : 0;
	ret = len ? eftf_channel_send(&c->channel, packet, len, err) :
		eftf_err_set(err, EMSGSIZE, "the DHCP answer is too long: fewer gateway.routes");
	explicit_bzero(dhcp, sizeof(dhcp));
	explicit_bzero(packet, len);
	return ret;
}

static void hand_off(struct eftf_conn *c)
{
	struct eftf_session *s = eftf_lease_attach(c->lease, c->fd);

	if (s) {
		s->rekey.tls = c->parked;
		c->parked = NULL;
	}
	conn_free(c);
}

/* A message for the server. Returns false if the connection is gone. */
static bool on_dhcp(struct eftf_conn *c, const struct eftf_inner_udp *udp)
{
	struct eftf_dhcp4_msg msg, reply;
	enum eftf_dhcp4s_result result;
	struct eftf_err err;

	if (eftf_dhcp4_decode(&msg, udp->data, udp->len, c->gw->policy.enterprise, &err)) {
		log_debug("%s", err.text);
		return true;
	}
	result = eftf_lease_input(c->lease, &msg, &reply);
	explicit_bzero(msg.token, sizeof(msg.token));
	if (!eftf_dhcp4s_replies(result))
		return true;
	if (send_reply(c, &reply, reply.type == EFTF_DHCP4_NAK, &err)) {
		conn_fail(c, err.text);
		return false;
	}
	explicit_bzero(reply.token, sizeof(reply.token));
	if (result == EFTF_DHCP4S_ACK) {
		hand_off(c);
		return false;
	}
	if (result == EFTF_DHCP4S_EXHAUSTED) {
		eftf_channel_close_notify(c->fd);
		conn_fail(c, "no inner address left");
		return false;
	}
	return true;
}

/* Returns false if the connection is gone. */
static bool on_packet(struct eftf_conn *c, const uint8_t *packet, size_t len)
{
	struct eftf_inner_udp udp;

	if (++c->packets > MAX_PACKETS) {
		conn_fail(c, "too many inner packets before there is a lease");
		return false;
	}
	/* Before the lease only DHCP is answered; anything else (IPv6 solicitations) is ignored. */
	if (eftf_inner_parse(packet, len, &udp) || udp.dport != DHCP_SERVER)
		return true;
	if (udp.dst.s_addr != htonl(INADDR_BROADCAST) &&
	    udp.dst.s_addr != c->gw->conf.gateway.s_addr)
		return true;
	return on_dhcp(c, &udp);
}

static void negotiate(struct eftf_conn *c)
{
	const uint8_t *packet;
	struct eftf_err err;
	size_t len;

	for (;;) {
		switch (eftf_channel_recv(&c->channel, &packet, &len, &err)) {
		case EFTF_CHANNEL_PACKET:
			if (!on_packet(c, packet, len))
				return;
			break;
		case EFTF_CHANNEL_AGAIN:
			return;
		case EFTF_CHANNEL_CLOSED:
			conn_fail(c, "the UE left before it had an address");
			return;
		case EFTF_CHANNEL_FAILED:
			conn_fail(c, err.text);
			return;
		}
	}
}

/* ---- TLS -------------------------------------------------------------------- */

static void want(struct eftf_conn *c, int events)
{
	if ((c->io.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(c->gw->loop, &c->io);
	ev_io_set(&c->io, c->fd, events);
	ev_io_start(c->gw->loop, &c->io);
}

static void handshake_done(struct eftf_conn *c)
{
	uint8_t cert[EFTF_TLS_PEER_ID_LEN];
	char peer[EFTF_ADDR_TEXT];
	struct eftf_tls_info info;
	struct eftf_err err;

	eftf_tls_info(c->tls, &info);
	eftf_addr_text(peer, &c->peer);
	log_debug("connection from %s: %s, %s, %s", peer, info.version, info.cipher, info.group);
	c->lease = eftf_lease_new(c->gw, &c->peer,
				  eftf_tls_peer_id(c->tls, cert) ? cert : NULL);
	if (!c->lease) {
		conn_fail(c, "out of memory");
		return;
	}
	if (eftf_tls_plant(c->tls, &err)) {
		conn_fail(c, err.text);
		return;
	}
	if (c->gw->conf.key_update && c->gw->can_update && !eftf_tls_park(c->tls, &err))
		c->parked = c->tls;
	else
		eftf_tls_free(c->tls);
	c->tls = NULL;
	eftf_channel_init(&c->channel, c->fd);
	want(c, EV_READ);
	ev_timer_stop(c->gw->loop, &c->deadline);
	ev_timer_set(&c->deadline, c->gw->conf.negotiate_timeout, 0.0);
	ev_timer_start(c->gw->loop, &c->deadline);
	negotiate(c);
}

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct eftf_conn *c = io->data;
	struct eftf_err err;

	(void)loop;
	(void)revents;
	if (!c->tls) {
		negotiate(c);
		return;
	}
	switch (eftf_tls_handshake(c->tls, &err)) {
	case EFTF_TLS_DONE:
		handshake_done(c);
		break;
	case EFTF_TLS_WANT_READ:
		want(c, EV_READ);
		break;
	case EFTF_TLS_WANT_WRITE:
		want(c, EV_WRITE);
		break;
	case EFTF_TLS_FAILED:
	case EFTF_TLS_UNTRUSTED:
		conn_fail(c, err.text);
		break;
	}
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eftf_conn *c = timer->data;

	(void)loop;
	(void)revents;
	conn_fail(c, c->tls ? "the TLS handshake took too long" :
		  "no address was agreed upon in time");
}

/* Refusals are counted, and logged once a second: a flood must not fill the log. */
static bool admit(struct eftf_gw *gw, const struct sockaddr_storage *peer,
		  struct eftf_prefix_use *use)
{
	struct eftf_prefix_limits limits = { .open = gw->conf.max_handshakes_per_source };

	if (gw->n_conns >= gw->conf.max_handshakes) {
		gw->counts.refused_total++;
		return false;
	}
	if (eftf_prefix_enter(gw->prefixes, peer, &limits, ev_now(gw->loop), use) ==
	    EFTF_PREFIX_ADMITTED)
		return true;
	gw->counts.refused_source++;
	return false;
}

static void conn_start(struct eftf_gw *gw, struct eftf_conn *c)
{
	int one = 1;

	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->next = gw->conns;
	if (c->next)
		c->next->prev = c;
	gw->conns = c;
	gw->n_conns++;
	gw->counts.accepted++;
	ev_io_init(&c->io, on_io, c->fd, EV_READ);
	c->io.data = c;
	ev_io_start(gw->loop, &c->io);
	ev_timer_init(&c->deadline, on_deadline, gw->conf.handshake_timeout, 0.0);
	c->deadline.data = c;
	ev_timer_start(gw->loop, &c->deadline);
}

void eftf_gw_conn_new(struct eftf_gw *gw, int fd, const struct sockaddr_storage *peer)
{
	struct eftf_prefix_use use;
	struct eftf_conn *c;
	struct eftf_err err;

	if (!admit(gw, peer, &use)) {
		close(fd);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (c && eftf_tls_new(&c->tls, gw->tls, fd, NULL, &err)) {
		log_error("no TLS for a new connection: %s", err.text);
		free(c);
		c = NULL;
	}
	if (!c) {
		eftf_prefix_leave(&use);
		close(fd);
		return;
	}
	c->gw = gw;
	c->fd = fd;
	c->peer = *peer;
	c->prefixes = use;
	conn_start(gw, c);
}

void eftf_gw_conns_close(struct eftf_gw *gw)
{
	while (gw->conns) {
		if (!gw->conns->tls)
			eftf_channel_close_notify(gw->conns->fd);
		conn_free(gw->conns);
	}
}
