/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection from accept() on: order of going, budgets, TLS, ends. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../gw.h"
#include "addr.h"
#include "log.h"
#include "tls_channel.h"
#include "conn.h"

#define LINGER_S 1.0			/* for the last alert to arrive */
#define LINGER_OCTETS 65536
/* After so many records without a hand-off the others have their turn, each time for longer: a UE needs a few. */
#define TURN_RECORDS 64
#define PAUSE_S 0.1

/* ---- the order of going ------------------------------------------------------ */

/* To the end of the queue of a stage: the others there have been quiet for longer. */
static void enqueue(struct eftf_conn *c, enum eftf_conn_stage stage)
{
	struct eftf_conn_queue *q = &c->worker->conns[stage];

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
	struct eftf_conn_queue *q = &c->worker->conns[c->stage];

	if (c->prev)
		c->prev->next = c->next;
	else
		q->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		q->last = c->prev;
}

void eftf_conn_set_stage(struct eftf_conn *c, enum eftf_conn_stage stage)
{
	dequeue(c);
	enqueue(c, stage);
}

static void set_deadline(struct eftf_conn *c, double seconds)
{
	ev_timer_stop(c->worker->loop, &c->deadline);
	ev_timer_set(&c->deadline, seconds, 0.0);
	ev_timer_start(c->worker->loop, &c->deadline);
}

void eftf_conn_want(struct eftf_conn *c, uint32_t events)
{
	eftf_watch_set(c->worker, &c->io, ev_is_active(&c->pause) ? 0 : events);
}

/* ---- budgets ------------------------------------------------------------------- */

/* Between handshake and hand-off. */
static bool is_read(const struct eftf_conn *c)
{
	return c->stage == EFTF_CONN_NEGOTIATING || c->stage == EFTF_CONN_SETTLING ||
		c->stage == EFTF_CONN_ASKED;
}

static void on_pause_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eftf_conn *c = timer->data;

	(void)loop;
	(void)revents;
	if (!is_read(c))
		return;
	eftf_tls_begin_turn(c->tls, TURN_RECORDS);
	if (c->stage != EFTF_CONN_ASKED)
		eftf_conn_want(c, EPOLLIN);
}

/*
 * A connection that has had its turn is not read for a while. TCP keeps what it sends, and then lets
 * the peer wait, so that the worker spends no time on it until the pause is over.
 */
static void pause_if_turn_over(struct eftf_conn *c)
{
	if (!is_read(c) || ev_is_active(&c->pause) || !eftf_tls_turn_over(c->tls))
		return;
	eftf_conn_want(c, 0);
	ev_timer_set(&c->pause, PAUSE_S * ++c->pauses, 0.0);
	ev_timer_start(c->worker->loop, &c->pause);
}

/* ---- ends ---------------------------------------------------------------------- */

static void drop_state(struct eftf_conn *c)
{
	struct eftf_msg msg = { .type = EFTF_MSG_GONE };

	if (c->known) {
		msg.conn.id = c->id;
		eftf_worker_send(c->worker, &msg, -1);
	}
	c->known = false;
	ev_timer_stop(c->worker->loop, &c->pause);
	eftf_tls_free(c->tls);
	c->tls = NULL;
	if (c->channel)
		explicit_bzero(c->channel, sizeof(*c->channel));
	free(c->channel);
	c->channel = NULL;
}

/* Its memory stays until eftf_conns_reap(): functions further up the stack still look at its stage. */
static void conn_end(struct eftf_conn *c)
{
	struct eftf_worker *w = c->worker;

	eftf_conn_want(c, 0);
	ev_timer_stop(w->loop, &c->deadline);
	drop_state(c);
	close(c->io.fd);
	eftf_prefix_leave(w->start->prefixes, &c->prefixes);
	w->place[c->id.place] = NULL;
	w->free_place[w->n_free++] = c->id.place;
	w->n_conns--;
	eftf_conn_set_stage(c, EFTF_CONN_ENDED);
}

void eftf_conns_reap(struct eftf_worker *w)
{
	struct eftf_conn *c;

	while ((c = w->conns[EFTF_CONN_ENDED].first)) {
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
		n = recv(c->io.fd, buf, sizeof(buf), MSG_DONTWAIT);
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
	if (c->stage == EFTF_CONN_SILENT || shutdown(c->io.fd, SHUT_WR)) {
		conn_end(c);
		return;
	}
	drop_state(c);
	eftf_conn_set_stage(c, EFTF_CONN_CLOSING);
	set_deadline(c, LINGER_S);
	eftf_conn_want(c, EPOLLIN);
	linger(c);
}

void eftf_conn_fail(struct eftf_conn *c, const char *why)
{
	char peer[EFTF_ADDR_TEXT];

	if (c->channel)
		c->worker->counts.failed_dhcp++;
	else
		c->worker->counts.failed_tls++;
	if (eftf_gw_may_log(eftf_gw_now())) {
		eftf_addr_text(peer, &c->peer);
		log_info("connection from %s closed: %s", peer, why);
	}
	conn_close(c);
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eftf_conn *c = timer->data;
	struct eftf_worker *w = c->worker;

	(void)loop;
	(void)revents;
	if (c->stage == EFTF_CONN_CLOSING || c->stage == EFTF_CONN_ATTACHING)
		conn_end(c);
	else
		eftf_conn_fail(c, c->channel ? "no address was agreed upon in time" :
			  "the TLS handshake took too long");
	eftf_conns_reap(w);
	eftf_worker_maybe_end(w);
}

/* ---- TLS -------------------------------------------------------------------- */

static void handshake_done(struct eftf_conn *c)
{
	char peer[EFTF_ADDR_TEXT];
	struct eftf_tls_info info;

	eftf_tls_info(c->tls, &info);
	eftf_addr_text(peer, &c->peer);
	log_debug("connection from %s: %s, %s, %s", peer, info.version, info.cipher, info.group);
	c->has_cert = eftf_tls_peer_id(c->tls, c->cert);
	c->channel = calloc(1, sizeof(*c->channel));
	if (!c->channel) {
		eftf_conn_fail(c, "out of memory");
		return;
	}
	eftf_tls_channel(c->channel, c->tls);
	eftf_tls_begin_turn(c->tls, TURN_RECORDS);
	eftf_conn_set_stage(c, EFTF_CONN_NEGOTIATING);
	set_deadline(c, c->worker->conf->negotiate_timeout);
	eftf_conn_want(c, EPOLLIN);
}

static void wake_at(const struct eftf_conn *c, int octets)
{
	setsockopt(c->io.fd, SOL_SOCKET, SO_RCVLOWAT, &octets, sizeof(octets));
}

/*
 * Silence, and a first record that comes in drops, cost no TLS library's
 * memory, and wake this process only when the record is whole.
 */
static void begin_handshake(struct eftf_conn *c)
{
	uint8_t record[EFTF_HELLO_MAX];
	ssize_t n = recv(c->io.fd, record, sizeof(record), MSG_PEEK | MSG_DONTWAIT);
	size_t need = eftf_hello_missing(record, n);
	struct eftf_err err;

	if (need > c->awaited) {	/* else it was woken early: there will be no more */
		c->awaited = need;
		wake_at(c, (int)need);
		return;
	}
	wake_at(c, 1);
	if (eftf_tls_new(&c->tls, eftf_hello_choose(c->worker, record, n > 0 ? (size_t)n : 0), c->io.fd, NULL,
			 &err))
		eftf_conn_fail(c, err.text);
	else
		eftf_conn_set_stage(c, EFTF_CONN_HANDSHAKE);
}

static void handshake(struct eftf_conn *c)
{
	struct eftf_err err;

	switch (eftf_tls_handshake(c->tls, &err)) {
	case EFTF_TLS_DONE:
		handshake_done(c);
		break;
	case EFTF_TLS_WANT_READ:
		eftf_conn_want(c, EPOLLIN);
		break;
	case EFTF_TLS_WANT_WRITE:
		eftf_conn_want(c, EPOLLOUT);
		break;
	case EFTF_TLS_FAILED:
	case EFTF_TLS_UNTRUSTED:
		eftf_conn_fail(c, err.text);
		break;
	}
}

static void on_ready(void *data)
{
	struct eftf_conn *c = data;

	if (c->stage == EFTF_CONN_SILENT)
		begin_handshake(c);
	if (c->stage == EFTF_CONN_HANDSHAKE)
		handshake(c);
	else if (c->stage == EFTF_CONN_NEGOTIATING)
		eftf_negotiate(c);
	else if (c->stage == EFTF_CONN_SETTLING)
		eftf_settle(c);
	else if (c->stage == EFTF_CONN_CLOSING)
		linger(c);
	pause_if_turn_over(c);
}

struct eftf_conn *eftf_conn_find(struct eftf_worker *w, const struct eftf_conn_id *id)
{
	struct eftf_conn *c = id->place < w->n_places ? w->place[id->place] : NULL;

	return c && c->id.serial == id->serial ? c : NULL;
}

void eftf_conn_on_attached(struct eftf_worker *w, const struct eftf_msg *msg)
{
	struct eftf_conn *c = eftf_conn_find(w, &msg->attached.id);

	if (c && c->stage == EFTF_CONN_ATTACHING && msg->attached.tunnel && c->tls) {
		eftf_keys_add(w, msg->attached.tunnel, msg->attached.transport, c->tls);
		c->tls = NULL;
	}
	if (c && c->stage == EFTF_CONN_ATTACHING)
		conn_end(c);
	eftf_conns_reap(w);
}

/* ---- admission ------------------------------------------------------------------ */

/*
 * All places are taken: the one goes that has been where it is for longest,
 * and of these one that has done least.
 */
static void make_room(struct eftf_worker *w)
{
	static const enum eftf_conn_stage order[] = {
		EFTF_CONN_CLOSING, EFTF_CONN_SILENT, EFTF_CONN_HANDSHAKE, EFTF_CONN_NEGOTIATING,
		EFTF_CONN_ASKED, EFTF_CONN_SETTLING, EFTF_CONN_ATTACHING,
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (!w->conns[order[i]].first)
			continue;
		w->counts.evicted++;
		conn_end(w->conns[order[i]].first);
		return;
	}
}

void eftf_conn_new(struct eftf_worker *w, int fd, const struct sockaddr_storage *peer)
{
	struct eftf_prefix_use use;
	struct eftf_conn *c;
	int one = 1;

	if (!eftf_worker_admits(w, peer, &use)) {
		close(fd);
		return;
	}
	if (!w->n_free)
		make_room(w);
	c = calloc(1, sizeof(*c));
	if (!c) {
		eftf_prefix_leave(w->start->prefixes, &use);
		close(fd);
		return;
	}
	c->worker = w;
	c->id.place = w->free_place[--w->n_free];
	c->id.serial = ++w->serial ? w->serial : ++w->serial;	/* 0 is none */
	w->place[c->id.place] = c;
	c->io = (struct eftf_watch){ .fd = fd, .on_ready = on_ready, .data = c };
	c->peer = *peer;
	c->prefixes = use;
	enqueue(c, EFTF_CONN_SILENT);
	w->n_conns++;
	w->counts.accepted++;
	setsockopt(c->io.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	eftf_conn_want(c, EPOLLIN);
	ev_timer_init(&c->deadline, on_deadline, w->conf->handshake_timeout, 0.0);
	c->deadline.data = c;
	ev_timer_init(&c->pause, on_pause_over, PAUSE_S, 0.0);
	c->pause.data = c;
	ev_timer_start(w->loop, &c->deadline);
}

int eftf_worker_conns_open(struct eftf_worker *w, struct eftf_err *err)
{
	w->n_places = w->start->max_conns;
	w->place = calloc(w->n_places, sizeof(struct eftf_conn *));
	w->free_place = calloc(w->n_places, sizeof(*w->free_place));
	if (!w->place || !w->free_place)
		return eftf_err_set(err, ENOMEM, "no memory for %u connections", w->n_places);
	while (w->n_free < w->n_places) {
		w->free_place[w->n_free] = w->n_free;
		w->n_free++;
	}
	return 0;
}

void eftf_conns_close(struct eftf_worker *w)
{
	for (int stage = 0; stage < EFTF_CONN_ENDED; stage++)
		while (w->conns[stage].first) {
			struct eftf_conn *c = w->conns[stage].first;

			if (c->channel && c->tls)
				eftf_tls_close_notify(c->tls);
			c->known = false;	/* the main process is told nothing any more */
			conn_end(c);
		}
	eftf_conns_reap(w);
}
