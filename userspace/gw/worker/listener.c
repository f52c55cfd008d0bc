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
		ev_io_start(w->loop, &w->listener[i].io);
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
		ev_io_stop(w->loop, &w->listener[i].io);
	ev_timer_stop(w->loop, &w->accept_pause);
	ev_timer_set(&w->accept_pause, PAUSE_S, 0.0);
	ev_timer_start(w->loop, &w->accept_pause);
}

static void on_connection(struct ev_loop *loop, ev_io *io, int revents)
{
	struct eftf_listener *l = io->data;
	struct sockaddr_storage peer;
	socklen_t len;
	int fd;

	(void)loop;
	(void)revents;
	for (int i = 0; i < ACCEPT_AT_ONCE && !eftf_worker_turn_over(l->worker); i++) {
		len = sizeof(peer);
		memset(&peer, 0, sizeof(peer));
		fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
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

		l->fd = w->start->listen_fd[i];
		l->worker = w;
		ev_io_init(&l->io, on_connection, l->fd, EV_READ);
		l->io.data = l;
	}
	start_all(w);
}

void eftf_worker_listen_no_more(struct eftf_worker *w)
{
	ev_timer_stop(w->loop, &w->accept_pause);
	for (size_t i = 0; i < w->n_listeners; i++) {
		ev_io_stop(w->loop, &w->listener[i].io);
		close(w->listener[i].fd);
	}
	w->n_listeners = 0;
}
