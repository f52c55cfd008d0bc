/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "worker.h"

#define ACCEPT_AT_ONCE 64
#define PAUSE_S 1.0

static void start_all(struct eftf_worker *w)
{
	for (size_t i = 0; i < w->n_listeners; i++)
		eftf_watch_set(w, &w->listener[i].io, EPOLLIN);
}

static void on_pause_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	start_all(timer->data);
}

/* Without descriptors accept() fails and the socket stays readable: pause instead of spinning. */
static void pause_all(struct eftf_worker *w, int code)
{
	log_error("cannot accept connections: %s; trying again in a second", strerror(code));
	for (size_t i = 0; i < w->n_listeners; i++)
		eftf_watch_set(w, &w->listener[i].io, 0);
	ev_timer_stop(w->loop, &w->accept_pause);
	ev_timer_set(&w->accept_pause, PAUSE_S, 0.0);
	ev_timer_start(w->loop, &w->accept_pause);
}

static void on_connection(void *data)
{
	struct eftf_listener *l = data;
	struct sockaddr_storage peer;
	socklen_t len;
	int fd;

	for (int i = 0; i < ACCEPT_AT_ONCE && !eftf_worker_turn_over(l->worker); i++) {
		len = sizeof(peer);
		memset(&peer, 0, sizeof(peer));
		fd = accept4(l->io.fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			eftf_conn_new(l->worker, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_all(l->worker, errno);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

void eftf_worker_listen(struct eftf_worker *w)
{
	ev_timer_init(&w->accept_pause, on_pause_over, PAUSE_S, 0.0);
	w->accept_pause.data = w;
	for (size_t i = 0; i < w->start->n_listen; i++) {
		struct eftf_listener *l = &w->listener[w->n_listeners++];

		l->worker = w;
		l->io = (struct eftf_watch){ .fd = w->start->listen_fd[i],
					     .on_ready = on_connection, .data = l };
	}
	start_all(w);
}

void eftf_worker_listen_no_more(struct eftf_worker *w)
{
	ev_timer_stop(w->loop, &w->accept_pause);
	for (size_t i = 0; i < w->n_listeners; i++) {
		eftf_watch_set(w, &w->listener[i].io, 0);
		close(w->listener[i].io.fd);
	}
	w->n_listeners = 0;
}
