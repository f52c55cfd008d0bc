/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drain: new connections are refused, the tunnels are released one after the
 * other over a chosen time, then the program ends. Their UEs go to another
 * gateway meanwhile, a few at a time.
 */
#include "gw.h"
#include "log.h"
#include "session.h"

#define TICK_S 0.25
#define SETTLE_S 2.0			/* a worker's count of its connections is a second old */

static unsigned int conns_left(const struct eftf_gw *gw)
{
	struct eftf_workers_load load;

	eftf_workers_load(gw, &load);
	return load.conns;
}

/* Ends those that are due, of whole buckets, and goes on there next time. */
static void end_due(struct eftf_gw *gw)
{
	for (uint32_t tried = 0; gw->drain.due >= 1.0 && tried <= gw->sessions_mask; tried++) {
		struct eftf_session *s = gw->sessions[gw->drain.bucket];

		gw->drain.bucket = (gw->drain.bucket + 1) & gw->sessions_mask;
		for (; s; s = s->next, gw->drain.due--)
			eftf_session_end(gw, s);
	}
}

static void on_tick(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct eftf_gw *gw = timer->data;
	double left = eftf_gw_drain_left(gw);

	(void)revents;
	if (!gw->n_sessions && !conns_left(gw) && eftf_gw_now() - gw->drain.since > SETTLE_S)
		left = 0;
	if (left <= 0) {
		log_info("drained: %u tunnels are left", gw->n_sessions);
		ev_break(loop, EVBREAK_ALL);	/* what is left is released on the way out */
		return;
	}
	gw->drain.due += gw->n_sessions * TICK_S / (left > TICK_S ? left : TICK_S);
	end_due(gw);
}

double eftf_gw_drain_left(const struct eftf_gw *gw)
{
	return gw->drain.on ? gw->drain.since + gw->drain.over - eftf_gw_now() : 0;
}

void eftf_gw_drain(struct eftf_gw *gw, unsigned int over)
{
	if (!gw->drain.on) {
		gw->drain.on = true;
		eftf_gw_listen_close(gw);
		eftf_workers_close_door(gw);
		ev_timer_init(&gw->drain.tick, on_tick, 0.0, TICK_S);
		gw->drain.tick.data = gw;
		ev_timer_start(gw->loop, &gw->drain.tick);
	}
	gw->drain.since = eftf_gw_now();
	gw->drain.over = over;
	log_info("draining: %u tunnels are released over %u s", gw->n_sessions, over);
}
