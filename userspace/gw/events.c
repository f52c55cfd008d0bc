/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the module tells of the tunnels: their ends, new keys, stalls. */
#include <errno.h>
#include <poll.h>

#include "gw.h"
#include "log.h"
#include "session.h"

/* Rate-limited: the peer controls how often this is logged. */
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
	s = eftf_session_find(gw, info->id);
	if (!s)
		return;
	switch (info->cmd) {
	case EFTF_CMD_EVENT_DOWN:
		eftf_session_ended(gw, s, info);
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
	ev_now_update(gw->loop);
	while (gw->n_sessions && ev_time() < deadline) {
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
