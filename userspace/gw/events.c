/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the module tells of the tunnels: their ends, new keys, stalls. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "gw.h"
#include "log.h"
#include "message.h"
#include "session.h"

/* The end of a tunnel, kept while what its UE said last is still on its way. */
struct eftf_pending_down {
	struct eftf_pending_down *next;
	struct eftf_tunnel_info info;
};

/* Rate-limited: the peer controls how often this is logged. */
static void no_more_keys(struct eftf_gw *gw, struct eftf_session *s, const char *why)
{
	if (eftf_gw_may_log(eftf_gw_now()))
		log_warn("tunnel %u: %s", s->id, why);
	/* Without the next key nothing can be read: close_notify, and the UE comes back. */
	eftf_session_end(gw, s);
}

static void change_key(struct eftf_gw *gw, struct eftf_session *s,
		       const struct eftf_tunnel_info *info)
{
	if (info->transport == s->transport &&
	    eftf_workers_update(gw, s, info->update_requested))
		no_more_keys(gw, s, "the peer changes its TLS key, which is not followed here (key_update)");
}

void eftf_gw_events_keys(struct eftf_gw *gw, const struct eftf_msg *msg, uint32_t worker)
{
	struct eftf_session *s = eftf_session_find(gw, msg->keys.tunnel);
	struct eftf_err err;

	if (!s || s->keeper != worker || s->transport != msg->keys.transport)
		return;
	if (msg->keys.error) {
		s->keeper = 0;
		if (msg->keys.error == -EOPNOTSUPP)
			no_more_keys(gw, s, "its TLS state was not kept");
		return;			/* after any other failure the module ends it by itself */
	}
	/* Do not ask for an update in return: two such ends would update for ever. */
	if (eftf_nl_tunnel_rekey(gw->nl, gw->ifindex, s->id, s->transport, &msg->keys.rx,
				 msg->keys.tx_too ? &msg->keys.tx : NULL, false, &err)) {
		eftf_workers_forget(gw, s);
		s->keeper = 0;
		if (eftf_gw_may_log(eftf_gw_now()))
			log_warn("tunnel %u: %s", s->id, err.text);
	} else if (eftf_gw_may_log(eftf_gw_now())) {
		log_info("tunnel %u: TLS receiving key changed by the UE%s", s->id,
			 msg->keys.tx_too ? ", sending key as well" : "");
	}
}

static void on_down(struct eftf_gw *gw, const struct eftf_tunnel_info *info)
{
	struct eftf_session *s = eftf_session_find(gw, info->id);

	if (s)
		eftf_session_ended(gw, s, info);
}

static void sync_next(struct eftf_gw *gw)
{
	gw->syncing = gw->unsynced;
	gw->unsynced = NULL;
	if (gw->syncing && !eftf_workers_sync(gw))
		eftf_gw_events_synced(gw);
}

void eftf_gw_events_synced(struct eftf_gw *gw)
{
	struct eftf_pending_down *p;

	while ((p = gw->syncing)) {
		gw->syncing = p->next;
		on_down(gw, &p->info);
		free(p);
	}
	if (gw->unsynced)
		sync_next(gw);
}

/* A DHCPRELEASE comes right before its tunnel's end, on another socket, which a worker reads. */
static void defer_down(struct eftf_gw *gw, const struct eftf_tunnel_info *info)
{
	struct eftf_pending_down *p = gw->workers ? malloc(sizeof(*p)) : NULL;

	if (!p) {
		on_down(gw, info);
		return;
	}
	p->info = *info;
	p->next = gw->unsynced;
	gw->unsynced = p;
	if (!gw->syncing)
		sync_next(gw);
}

static void on_event(const struct eftf_tunnel_info *info, void *arg)
{
	struct eftf_gw *gw = arg;
	struct eftf_session *s;

	if (info->ifindex != gw->ifindex)
		return;
	if (info->cmd == EFTF_CMD_EVENT_DOWN) {
		defer_down(gw, info);
		return;
	}
	s = eftf_session_find(gw, info->id);
	if (!s)
		return;
	switch (info->cmd) {
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
	struct eftf_session *s = eftf_session_find(r->gw, info->id);

	if (s)
		s->generation = r->generation;
}

/* Events were lost: what the module does not know any more has ended. */
static void resync(struct eftf_gw *gw)
{
	static uint32_t generation;
	struct resync r = { gw, ++generation };
	struct eftf_err err;

	gw->counts.lost_events++;
	if (eftf_nl_tunnel_get(gw->nl, gw->ifindex, 0, on_dumped, &r, &err)) {
		log_error("cannot list the tunnels after lost events: %s", err.text);
		return;
	}
	eftf_sessions_end_unseen(gw, r.generation);
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

int eftf_gw_events_open(struct eftf_gw *gw, struct eftf_err *err)
{
	int ret = eftf_nl_events_open(&gw->events, err);

	if (ret)
		return ret;
	ev_io_init(&gw->events_io, on_readable, eftf_nl_fd(gw->events), EV_READ);
	gw->events_io.data = gw;
	ev_io_start(gw->loop, &gw->events_io);
	return 0;
}

void eftf_gw_events_drain(struct eftf_gw *gw, double deadline)
{
	struct pollfd pfd;
	struct eftf_err err;

	if (!gw->events)
		return;
	pfd = (struct pollfd){ .fd = eftf_nl_fd(gw->events), .events = POLLIN };
	eftf_gw_events_synced(gw);
	while (gw->n_sessions && eftf_gw_now() < deadline) {
		if (poll(&pfd, 1, 100) > 0 && read_events(gw, &err))
			break;
	}
	if (gw->n_sessions)
		log_warn("the ends of %u tunnels were not seen in time", gw->n_sessions);
}

void eftf_gw_events_close(struct eftf_gw *gw)
{
	if (!gw->events)
		return;
	ev_io_stop(gw->loop, &gw->events_io);
	eftf_nl_close(gw->events);
	gw->events = NULL;
}
