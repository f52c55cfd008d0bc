/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that wait, in an epoll set of their own inside libev's. A connection
 * that is handed on stays open in the kernel, and libev takes a descriptor out
 * of its set only by its close: it would be woken by what it no longer has, and
 * build the whole set anew, with all connections that wait.
 */
#include <errno.h>
#include <string.h>

#include "../gw.h"
#include "log.h"
#include "worker.h"

#define AT_ONCE 8			/* all of them are served: who comes first does not keep others waiting */

void eftf_watch_set(struct eftf_worker *w, struct eftf_watch *watch, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = watch };
	int op = !events ? EPOLL_CTL_DEL : watch->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (events == watch->events)
		return;
	watch->events = events;
	/* its deadline ends it */
	if (epoll_ctl(w->watches.fd, op, watch->fd, &e) && eftf_gw_may_log(eftf_gw_now()))
		log_error("cannot watch a connection: %s", strerror(errno));
}

static void on_ready(struct ev_loop *loop, ev_io *io, int revents)
{
	struct eftf_worker *w = io->data;
	struct epoll_event e[AT_ONCE];
	struct eftf_watch *watch;
	int n;

	(void)loop;
	(void)revents;
	/* The kernel puts at the end of the row what it has told of: those behind come next. */
	do {
		n = epoll_wait(io->fd, e, AT_ONCE, 0);
		for (int i = 0; i < n; i++) {
			watch = e[i].data.ptr;
			if (watch->events)	/* else one before it in the row has ended it */
				watch->on_ready(watch->data);
		}
		eftf_conns_reap(w);
	} while (n == AT_ONCE && !eftf_worker_turn_over(w));
	eftf_worker_maybe_end(w);
}

int eftf_watches_open(struct eftf_worker *w, struct eftf_err *err)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return eftf_err_set(err, errno, "no epoll set for the connections: %s", strerror(errno));
	ev_io_init(&w->watches, on_ready, fd, EV_READ);
	w->watches.data = w;
	ev_io_start(w->loop, &w->watches);
	return 0;
}
