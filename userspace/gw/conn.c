/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection from accept() to the hand-off: TLS, DHCP in envelopes, keys to the kernel. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "gw.h"
#include "inner.h"
#include "lease.h"
#include "log.h"
#include "session.h"
#include "tls_channel.h"

#define DHCP_CLIENT 68
#define DHCP_SERVER 67
#define MAX_PACKETS 32			/* inner packets before there is a lease */
#define LINGER_S 1.0			/* for the last alert to arrive */
#define LINGER_OCTETS 65536

struct eftf_conn {
	struct eftf_conn *prev, *next;	/* in the queue of its stage */
	struct eftf_gw *gw;
	ev_io io;
	ev_timer deadline;
	int fd;
	enum eftf_conn_stage stage;
	struct sockaddr_storage peer;
	struct eftf_prefix_use prefixes;
	struct eftf_tls *tls;		/* from the first octet on */
	struct eftf_channel *channel;	/* from the end of the handshake on */
	unsigned int packets;
	size_t discarded;		/* octets, while closing */
	struct eftf_lease *lease;
};

/* ---- the order of going ------------------------------------------------------ */

/* To the end of the queue of a stage: the others there have been quiet for longer. */
static void enqueue(struct eftf_conn *c, enum eftf_conn_stage stage)
{
	struct eftf_conn_queue *q = &c->gw->conns[stage];

	c->stage = stage;
	c->next = NULL;
	c->prev = q->last;
	if (q->last)
		q->last->next = c;
	else
		q->first = c;
	q->last = c;
}

static void dequeue(struct eftf_conn *c)
{
	struct eftf_conn_queue *q = &c->gw->conns[c->stage];

	if (c->prev)
		c->prev->next = c->next;
	else
		q->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		q->last = c->prev;
}

static void set_stage(struct eftf_conn *c, enum eftf_conn_stage stage)
{
	dequeue(c);
	enqueue(c, stage);
}

static void set_deadline(struct eftf_conn *c, double seconds)
{
	ev_timer_stop(c->gw->loop, &c->deadline);
	ev_timer_set(&c->deadline, seconds, 0.0);
	ev_timer_start(c->gw->loop, &c->deadline);
}

static void want(struct eftf_conn *c, int events)
{
	if ((c->io.events & (EV_READ | EV_WRITE)) == events)
		return;
	ev_io_stop(c->gw->loop, &c->io);
	ev_io_set(&c->io, c->fd, events);
	ev_io_start(c->gw->loop, &c->io);
}

/* ---- ends ---------------------------------------------------------------------- */

static void drop_state(struct eftf_conn *c)
{
	eftf_lease_free(c->lease);
	c->lease = NULL;
	eftf_tls_free(c->tls);
	c->tls = NULL;
	if (c->channel)
		explicit_bzero(c->channel, sizeof(*c->channel));
	free(c->channel);
	c->channel = NULL;
}

/* Its memory is there until reap(): whoever deals with it may still ask for its stage. */
static void conn_end(struct eftf_conn *c)
{
	struct eftf_gw *gw = c->gw;

	ev_io_stop(gw->loop, &c->io);
	ev_timer_stop(gw->loop, &c->deadline);
	drop_state(c);
	close(c->fd);
	eftf_prefix_leave(&c->prefixes);
	gw->n_conns--;
	set_stage(c, EFTF_CONN_ENDED);
}

static void reap(struct eftf_gw *gw)
{
	struct eftf_conn *c;

	while ((c = gw->conns[EFTF_CONN_ENDED].first)) {
		dequeue(c);
		free(c);
	}
}

/* Reads what the peer still sends: close() would answer it by a RST, which can overtake the alert. */
static void linger(struct eftf_conn *c)
{
	char buf[4096];
	ssize_t n;

	while (c->discarded < LINGER_OCTETS) {
		n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			break;
		c->discarded += (size_t)n;
	}
	conn_end(c);
}

/* Sends what was said last and waits a moment for the peer to take it. */
static void conn_close(struct eftf_conn *c)
{
	if (c->stage == EFTF_CONN_SILENT || shutdown(c->fd, SHUT_WR)) {
		conn_end(c);
		return;
	}
	drop_state(c);
	set_stage(c, EFTF_CONN_CLOSING);
	set_deadline(c, LINGER_S);
	want(c, EV_READ);
	linger(c);
}

static void conn_fail(struct eftf_conn *c, const char *why)
{
	char peer[EFTF_ADDR_TEXT];

	if (c->channel)
		c->gw->counts.failed_dhcp++;
	else
		c->gw->counts.failed_tls++;
	if (eftf_gw_may_log(ev_now(c->gw->loop))) {
		eftf_addr_text(peer, &c->peer);
		log_info("connection from %s closed: %s", peer, why);
	}
	conn_close(c);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eftf_conn *c = timer->data;
	struct eftf_gw *gw = c->gw;

	(void)loop;
	(void)revents;

	if (c->stage == EFTF_CONN_CLOSING)
		conn_end(c);
	else
		conn_fail(c, c->channel ? "no address was agreed upon in time" :
			  "the TLS handshake took too long");
	reap(gw);
}

/* ---- the lease ------------------------------------------------------------------- */

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
	ret = len ? eftf_channel_send(c->channel, packet, len, err) :
		eftf_err_set(err, EMSGSIZE, "the DHCP answer is too long: fewer gateway.routes");
	explicit_bzero(dhcp, sizeof(dhcp));
	explicit_bzero(packet, len);
	return ret;
}

static void hand_off(struct eftf_conn *c)
{
	struct eftf_session *s;
	struct eftf_err err;

	if (eftf_tls_plant(c->tls, &err)) {
		conn_fail(c, err.text);
		return;
	}
	if (!c->gw->conf.key_update || !c->gw->can_update || eftf_tls_park(c->tls, &err)) {
		eftf_tls_free(c->tls);
		c->tls = NULL;
	}
	s = eftf_lease_attach(c->lease, c->fd);
	if (s) {
		s->rekey.tls = c->tls;
		c->tls = NULL;
	}
	conn_end(c);
}

/*
 * After the ACK: the kernel can go on only between two records and between two
 * envelopes. What the UE has sent behind its request in the same record, and
 * the rest of an envelope that began there, is read here and lost.
 */
static void settle(struct eftf_conn *c)
{
	const uint8_t *packet;
	struct eftf_err err;
	size_t len;

	while (!eftf_channel_at_boundary(c->channel) || !eftf_tls_drained(c->tls)) {
		switch (eftf_channel_recv(c->channel, &packet, &len, &err)) {
		case EFTF_CHANNEL_PACKET:
			c->gw->counts.dropped_early++;
			if (++c->packets <= MAX_PACKETS)
				break;
			conn_fail(c, "too many inner packets before there is a tunnel");
			return;
		case EFTF_CHANNEL_AGAIN:
			if (eftf_channel_at_boundary(c->channel) && eftf_tls_drained(c->tls))
				break;
			return;
		case EFTF_CHANNEL_CLOSED:
			conn_fail(c, "the UE left before it had a tunnel");
			return;
		case EFTF_CHANNEL_FAILED:
			conn_fail(c, err.text);
			return;
		}
	}
	hand_off(c);
}

/* What the pool says to the UE's message. */
static void on_answer(struct eftf_conn *c, enum eftf_dhcp4s_result result,
		      const struct eftf_dhcp4_msg *reply)
{
	struct eftf_err err;

	if (!eftf_dhcp4s_replies(result))
		return;
	if (send_reply(c, reply, reply->type == EFTF_DHCP4_NAK, &err)) {
		conn_fail(c, err.text);
		return;
	}
	if (result == EFTF_DHCP4S_ACK) {
		set_stage(c, EFTF_CONN_SETTLING);
	} else if (result == EFTF_DHCP4S_EXHAUSTED) {
		eftf_tls_close_notify(c->tls);
		conn_fail(c, "no inner address left");
	}
}

static void on_dhcp(struct eftf_conn *c, const struct eftf_inner_udp *udp)
{
	struct eftf_dhcp4_msg msg, reply;
	enum eftf_dhcp4s_result result;
	struct eftf_err err;

	if (eftf_dhcp4_decode(&msg, udp->data, udp->len, c->gw->policy.enterprise, &err)) {
		log_debug("%s", err.text);
		return;
	}
	result = eftf_lease_input(c->lease, &msg, &reply);
	explicit_bzero(msg.token, sizeof(msg.token));
	on_answer(c, result, &reply);
	explicit_bzero(reply.token, sizeof(reply.token));
}

static void on_packet(struct eftf_conn *c, const uint8_t *packet, size_t len)
{
	struct eftf_inner_udp udp;

	if (++c->packets > MAX_PACKETS) {
		conn_fail(c, "too many inner packets before there is a lease");
		return;
	}
	/* Before the lease only DHCP is answered; anything else (IPv6 solicitations) is ignored. */
	if (eftf_inner_parse(packet, len, &udp) || udp.dport != DHCP_SERVER)
		return;
	if (udp.dst.s_addr == htonl(INADDR_BROADCAST) ||
	    udp.dst.s_addr == c->gw->conf.gateway.s_addr)
		on_dhcp(c, &udp);
}

/* What one record brings; then it is the other connections' turn. */
static void negotiate(struct eftf_conn *c)
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
			conn_fail(c, "the UE left before it had an address");
			return;
		case EFTF_CHANNEL_FAILED:
			conn_fail(c, err.text);
			return;
		}
	} while (c->stage == EFTF_CONN_NEGOTIATING && !eftf_tls_drained(c->tls));
	if (c->stage == EFTF_CONN_SETTLING)
		settle(c);
}

/* ---- TLS -------------------------------------------------------------------- */

static void handshake_done(struct eftf_conn *c)
{
	uint8_t cert[EFTF_TLS_PEER_ID_LEN];
	char peer[EFTF_ADDR_TEXT];
	struct eftf_tls_info info;

	eftf_tls_info(c->tls, &info);
	eftf_addr_text(peer, &c->peer);
	log_debug("connection from %s: %s, %s, %s", peer, info.version, info.cipher, info.group);
	c->lease = eftf_lease_new(c->gw, &c->peer,
				  eftf_tls_peer_id(c->tls, cert) ? cert : NULL);
	c->channel = calloc(1, sizeof(*c->channel));
	if (!c->lease || !c->channel) {
		conn_fail(c, "out of memory");
		return;
	}
	eftf_tls_channel(c->channel, c->tls);
	set_stage(c, EFTF_CONN_NEGOTIATING);
	set_deadline(c, c->gw->conf.negotiate_timeout);
	want(c, EV_READ);
}

/* The first octet has come: silence costs no TLS library's memory. */
static void begin_handshake(struct eftf_conn *c)
{
	struct eftf_err err;

	if (eftf_tls_new(&c->tls, c->gw->tls, c->fd, NULL, &err))
		conn_fail(c, err.text);
	else
		set_stage(c, EFTF_CONN_HANDSHAKE);
}

static void handshake(struct eftf_conn *c)
{
	struct eftf_err err;

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

static void on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct eftf_conn *c = io->data;
	struct eftf_gw *gw = c->gw;

	(void)loop;
	(void)revents;
	/* Signals, deadlines and other descriptors wait: this one is still readable next time. */
	if (ev_time() > gw->turn_ends)
		return;
	if (c->stage == EFTF_CONN_SILENT)
		begin_handshake(c);
	if (c->stage == EFTF_CONN_HANDSHAKE)
		handshake(c);
	else if (c->stage == EFTF_CONN_NEGOTIATING)
		negotiate(c);
	else if (c->stage == EFTF_CONN_SETTLING)
		settle(c);
	else if (c->stage == EFTF_CONN_CLOSING)
		linger(c);
	reap(gw);
}

/* ---- admission ------------------------------------------------------------------ */

/*
 * All places are taken: the one goes that has been where it is for longest,
 * and of these one that has done least.
 */
static void make_room(struct eftf_gw *gw)
{
	static const enum eftf_conn_stage order[] = {
		EFTF_CONN_CLOSING, EFTF_CONN_SILENT, EFTF_CONN_HANDSHAKE, EFTF_CONN_NEGOTIATING,
		EFTF_CONN_SETTLING,
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!gw->conns[order[i]].first)
			continue;
		gw->counts.evicted++;
		conn_end(gw->conns[order[i]].first);
		reap(gw);
		return;
	}
}

/* Refusals are counted, and logged once a second: a flood must not fill the log. */
static bool admit(struct eftf_gw *gw, const struct sockaddr_storage *peer,
		  struct eftf_prefix_use *use)
{
	struct eftf_prefix_limits limits = {
		.open = gw->conf.max_handshakes_per_source,
		.rate = gw->conf.handshake_rate_per_source,
	};

	switch (eftf_prefix_enter(gw->prefixes, peer, &limits, ev_now(gw->loop), use)) {
	case EFTF_PREFIX_FULL:
		gw->counts.refused_source++;
		return false;
	case EFTF_PREFIX_TOO_FAST:
		gw->counts.refused_rate++;
		return false;
	case EFTF_PREFIX_ADMITTED:
		break;
	}
	if (gw->n_conns >= gw->conf.max_handshakes)
		make_room(gw);
	return true;
}

void eftf_gw_conn_new(struct eftf_gw *gw, int fd, const struct sockaddr_storage *peer)
{
	struct eftf_prefix_use use;
	struct eftf_conn *c;
	int one = 1;

	if (!admit(gw, peer, &use)) {
		close(fd);
		return;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		eftf_prefix_leave(&use);
		close(fd);
		return;
	}
	c->gw = gw;
	c->fd = fd;
	c->peer = *peer;
	c->prefixes = use;
	enqueue(c, EFTF_CONN_SILENT);
	gw->n_conns++;
	gw->counts.accepted++;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	ev_io_init(&c->io, on_io, c->fd, EV_READ);
	c->io.data = c;
	ev_io_start(gw->loop, &c->io);
	ev_timer_init(&c->deadline, on_deadline, gw->conf.handshake_timeout, 0.0);
	c->deadline.data = c;
	ev_timer_start(gw->loop, &c->deadline);
}

void eftf_gw_conns_close(struct eftf_gw *gw)
{
	for (int stage = 0; stage < EFTF_CONN_ENDED; stage++)
		while (gw->conns[stage].first) {
			if (gw->conns[stage].first->channel)
				eftf_tls_close_notify(gw->conns[stage].first->tls);
			conn_end(gw->conns[stage].first);
		}
	reap(gw);
}
