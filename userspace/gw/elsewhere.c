/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UEs that have come to another gateway: a routing daemon brings their newer routes, and their tunnels here end. */
#include <sys/socket.h>

#include "gw.h"
#include "log.h"
#include "session.h"

static void on_route(const struct eftf_route *route, void *arg)
{
	struct eftf_gw *gw = arg;
	struct eftf_session *s = eftf_announce_loser(gw, route);

	if (!s || s->elsewhere)
		return;
	s->elsewhere = true;
	gw->counts.elsewhere++;
	eftf_session_end(gw, s);
}

/* None of them goes: only what they end. */
static bool on_any_route(const struct eftf_route *route, void *arg)
{
	on_route(route, arg);
	return false;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct eftf_gw *gw = io->data;
	unsigned int removed;
	struct eftf_err err;

	(void)loop;
	(void)revents;
	if (eftf_rt_routes_read(gw->routes, on_route, gw))
		return;
	/* Some were lost: all that are there. */
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (eftf_rt_route_sweep(gw->rt, families[i], on_any_route, gw, &removed, &err))
			log_warn("announce: newer routes of UEs may be unseen: %s", err.text);
}

int eftf_elsewhere_open(struct eftf_gw *gw, struct eftf_err *err)
{
	int ret = gw->conf.announce ? eftf_rt_routes_open(&gw->routes, err) : 0;

	if (ret || !gw->routes)
		return ret;
	ev_io_init(&gw->routes_io, on_readable, eftf_rt_fd(gw->routes), EV_READ);
	gw->routes_io.data = gw;
	ev_io_start(gw->loop, &gw->routes_io);
	return 0;
}

void eftf_elsewhere_close(struct eftf_gw *gw)
{
	if (!gw->routes)
		return;
	ev_io_stop(gw->loop, &gw->routes_io);
	eftf_rt_close(gw->routes);
	gw->routes = NULL;
}
