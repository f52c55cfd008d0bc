/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "keepalive.h"
#include "log.h"

#define CLOSE_DEADLINE_S 2.0

static struct eftf_session **slot(struct eftf_gw *gw, uint32_t id)
{
	/* The module counts ids up: the low bits spread well. */
	return &gw->sessions[id & gw->sessions_mask];
}

static struct eftf_session *find(struct eftf_gw *gw, uint32_t id)
{
	struct eftf_session *s = *slot(gw, id);

	while (s && s->id != id)
		s = s->next;
	return s;
}

static void list(struct eftf_gw *gw, struct eftf_session *s)
{
	s->next = *slot(gw, s->id);
	*slot(gw, s->id) = s;
	gw->n_sessions++;
}

static void unlist(struct eftf_gw *gw, struct eftf_session *s)
{
	struct eftf_session **at = slot(gw, s->id);

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	gw->n_sessions--;
}

struct eftf_session *eftf_session_new(struct eftf_gw *gw, const struct sockaddr_storage *outer,
				      struct in_addr inner)
{
	struct eftf_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->source = eftf_source_get(gw->sources, outer);
	if (!s->source) {
		free(s);
		return NULL;
	}
	s->source->tunnels++;
	s->outer = *outer;
	s->inner = inner;
	s->since = ev_now(gw->loop);
	return s;
}

void eftf_session_drop(struct eftf_gw *gw, struct eftf_session *s)
{
	s->source->tunnels--;
	eftf_rekey_set(&s->rekey, NULL, 0);
	eftf_source_put(gw->sources, s->source);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static uint32_t timeout_of(const struct eftf_gw *gw, const struct eftf_session *s)
{
	return gw->conf.timeout ? gw->conf.timeout : eftf_keepalive_timeout(s->dhcp.keepalive);
}

int eftf_session_attach(struct eftf_gw *gw, struct eftf_session *s, int fd, struct eftf_err *err)
{
	struct eftf_tunnel_spec spec = {
		.ifindex = gw->ifindex,
		.fd = fd,
		.has_inner4 = true,
		.inner4 = s->inner,
		.has_gateway4 = true,
		.gateway4 = gw->conf.gateway,
		.keepalive = s->dhcp.keepalive,
		.timeout = timeout_of(gw, s),
		.negotiated = true,
		.record_limit = gw->conf.record_limit,
	};
	int ret = eftf_nl_tunnel_new(gw->nl, &spec, &s->id, err);

	if (ret)
		return ret;
	s->rekey.transport = 1;
	list(gw, s);
	gw->counts.attached++;
	return 0;
}

int eftf_session_take_over(struct eftf_gw *gw, struct eftf_session *s, struct eftf_session *old,
			   int fd, struct eftf_err *err)
{
	int ret = eftf_nl_tunnel_swap(gw->nl, gw->ifindex, old->id, fd, err);

	if (ret)
		return ret;
	unlist(gw, old);
	s->id = old->id;
	s->rekey.transport = old->rekey.transport + 1;
	s->since = old->since;
	list(gw, s);
	if (s->dhcp.keepalive != old->dhcp.keepalive)
		eftf_session_retime(gw, s);
	eftf_session_drop(gw, old);
	gw->counts.moved++;
	return 0;
}

void eftf_session_retime(struct eftf_gw *gw, struct eftf_session *s)
{
	struct eftf_tunnel_change change = {
		.has_keepalive = true,
		.keepalive = s->dhcp.keepalive,
		.has_timeout = true,
		.timeout = timeout_of(gw, s),
	};
	struct eftf_err err;

	if (eftf_nl_tunnel_set(gw->nl, gw->ifindex, s->id, &change, &err))
		log_debug("tunnel %u: %s", s->id, err.text);
}

/* The one line per session that says who had which address, how long, how much, why not now. */
static void log_end(struct eftf_gw *gw, const struct eftf_session *s,
		    const struct eftf_tunnel_info *info)
{
	char outer[EFTF_ADDR_TEXT], inner[INET_ADDRSTRLEN], amount[160] = "traffic=unknown";
	const uint64_t *st = info ? info->stats : NULL;

	eftf_addr_text(outer, &s->outer);
	inet_ntop(AF_INET, &s->inner, inner, sizeof(inner));
	if (st)
		snprintf(amount, sizeof(amount),
			 "in=%llu packets, %llu octets; out=%llu packets, %llu octets",
			 (unsigned long long)st[EFTF_STAT_RX_PACKETS],
			 (unsigned long long)st[EFTF_STAT_RX_BYTES],
			 (unsigned long long)st[EFTF_STAT_TX_PACKETS],
			 (unsigned long long)st[EFTF_STAT_TX_BYTES]);
	log_info("tunnel %u down: outer %s, inner %s, %.0f s, %s, reason %s%s", s->id, outer, inner,
		 ev_now(gw->loop) - s->since, amount,
		 info && info->reason_name[0] ? info->reason_name : "unknown",
		 s->replaced ? " (replaced by a newer connection)" :
		 s->given_up ? " (address released)" : "");
}

static void end(struct eftf_gw *gw, struct eftf_session *s, const struct eftf_tunnel_info *info)
{
	log_end(gw, s, info);
	unlist(gw, s);
	eftf_pool_release(gw->pool, s->inner, s, !s->given_up, ev_now(gw->loop));
	eftf_session_drop(gw, s);
}

void eftf_session_end(struct eftf_gw *gw, struct eftf_session *s)
{
	struct eftf_err err;

	/* Gone already is fine: then "down" is on its way. */
	if (eftf_nl_tunnel_del(gw->nl, gw->ifindex, s->id, &err))
		log_debug("tunnel %u: %s", s->id, err.text);
}

/* ---- events ---------------------------------------------------------------- */

/* A line for each would be for the UE to choose. */
static void change_key(struct eftf_gw *gw, struct eftf_session *s,
		       const struct eftf_tunnel_info *info)
{
	bool may_log = eftf_gw_may_log(ev_now(gw->loop));
	struct eftf_err err;
	int ret = eftf_rekey_answer(&s->rekey, gw->nl, info, &err);

	if (ret > 0 && may_log)
		log_info("tunnel %u: TLS receiving key changed by the UE%s", s->id,
			 info->update_requested ? ", sending key as well" : "");
	else if (ret < 0 && may_log)
		log_warn("tunnel %u: %s", s->id, err.text);
	/* Without the next key nothing can be read: close_notify, and the UE comes back. */
	if (ret == -EOPNOTSUPP)
		eftf_session_end(gw, s);
	/* after any other failure the module ends it by itself */
}

static void on_event(const struct eftf_tunnel_info *info, void *arg)
{
	struct eftf_gw *gw = arg;
	struct eftf_session *s;

	if (info->ifindex != gw->ifindex)
		return;
	/* A DHCPRELEASE comes right before its tunnel's end, on another socket. */
	if (info->cmd == EFTF_CMD_EVENT_DOWN && gw->dhcp_fd >= 0)
		eftf_gw_dhcp_read(gw);
	s = find(gw, info->id);
	if (!s)
		return;
	switch (info->cmd) {
	case EFTF_CMD_EVENT_DOWN:
		end(gw, s, info);
		break;
	case EFTF_CMD_EVENT_STALLED:
		log_debug("tunnel %u: nothing leaves any more, %u packets wait", info->id,
			  info->queue_packets);
		break;
	case EFTF_CMD_EVENT_REKEY:
		/* The UE counts the same records and makes a new connection. */
		log_debug("tunnel %u: a new key is due", info->id);
		break;
	case EFTF_CMD_EVENT_KEY_UPDATE:
		change_key(gw, s, info);
		break;
	case EFTF_CMD_EVENT_SWAPPED:
		log_debug("tunnel %u: its old connection is gone: %s", info->id,
			  info->reason_name);
		break;
	}
}

struct resync {
	struct eftf_gw *gw;
	uint32_t generation;
};

static void on_dumped(const struct eftf_tunnel_info *info, void *arg)
{
	struct resync *r = arg;
	struct eftf_session *s = find(r->gw, info->id);

	if (s)
		s->generation = r->generation;
}

/* Events were lost: what the module does not know any more has ended. */
static void resync(struct eftf_gw *gw)
{
	static uint32_t generation;
	struct resync r = { gw, ++generation };
	struct eftf_session *s, *next;
	struct eftf_err err;

	gw->counts.lost_events++;
	if (eftf_nl_tunnel_get(gw->nl, gw->ifindex, 0, on_dumped, &r, &err)) {
		log_error("cannot list the tunnels after lost events: %s", err.text);
		return;
	}
	for (uint32_t i = 0; i <= gw->sessions_mask; i++) {
		for (s = gw->sessions[i]; s; s = next) {
			next = s->next;
			if (s->generation != r.generation)
				end(gw, s, NULL);
		}
	}
}

static int read_events(struct eftf_gw *gw, struct eftf_err *err)
{
	int ret = eftf_nl_events_read(gw->events, on_event, gw, err);

	if (ret == -ENOBUFS) {
		log_warn("%s: listing the tunnels instead", err->text);
		resync(gw);
		return 0;
	}
	return ret;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct eftf_gw *gw = io->data;
	struct eftf_err err;

	(void)revents;
	if (!read_events(gw, &err))
		return;
	log_error("%s: cannot go on", err.text);
	gw->status = 1;
	ev_break(loop, EVBREAK_ALL);
}

int eftf_gw_sessions_open(struct eftf_gw *gw, struct eftf_err *err)
{
	uint32_t n = 64;
	int ret;

	while (n < gw->conf.max_tunnels)
		n <<= 1;
	gw->sessions_mask = n - 1;
	gw->sessions = calloc(n, sizeof(struct eftf_session *));
	if (!gw->sessions)
		return eftf_err_set(err, ENOMEM, "no memory for %u tunnels", gw->conf.max_tunnels);
	ret = eftf_nl_open(&gw->nl, err);
	if (!ret)
		ret = eftf_nl_events_open(&gw->events, err);
	if (ret)
		return ret;
	ev_io_init(&gw->events_io, on_readable, eftf_nl_fd(gw->events), EV_READ);
	gw->events_io.data = gw;
	ev_io_start(gw->loop, &gw->events_io);
	return 0;
}

static void end_all(struct eftf_gw *gw)
{
	double deadline = ev_time() + CLOSE_DEADLINE_S;
	struct pollfd pfd = { .fd = eftf_nl_fd(gw->events), .events = POLLIN };
	struct eftf_session *s;
	struct eftf_err err;

	for (uint32_t i = 0; i <= gw->sessions_mask && ev_time() < deadline; i++)
		for (s = gw->sessions[i]; s && ev_time() < deadline; s = s->next)
			eftf_session_end(gw, s);
	ev_now_update(gw->loop);
	while (gw->n_sessions && ev_time() < deadline) {
		if (poll(&pfd, 1, 100) > 0 && read_events(gw, &err))
			break;
	}
	if (gw->n_sessions)
		log_warn("%u tunnels had no time to say good-bye", gw->n_sessions);
}

void eftf_gw_sessions_close(struct eftf_gw *gw)
{
	struct eftf_session *s, *next;

	if (gw->events) {
		ev_io_stop(gw->loop, &gw->events_io);
		if (gw->nl)
			end_all(gw);
		eftf_nl_close(gw->events);
	}
	/* The rest ends with the socket that made it. */
	if (gw->nl)
		eftf_nl_close(gw->nl);
	for (uint32_t i = 0; gw->sessions && i <= gw->sessions_mask; i++) {
		for (s = gw->sessions[i]; s; s = next) {
			next = s->next;
			eftf_session_drop(gw, s);
		}
	}
	free(gw->sessions);
	gw->sessions = NULL;
}
