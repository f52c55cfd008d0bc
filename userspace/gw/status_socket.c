/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UNIX socket of "eftf-gw status". A client that is slow or says nothing costs a
 * descriptor for some seconds, and no more.
 */
#include "status.h"

#include <stddef.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "ask.h"

struct client {
	ev_io io;
	ev_timer deadline;
	struct eftf_gw *gw;		/* NULL: this place is free */
	struct eftf_ask ask;
};

static struct client clients[EFTF_ASK_CLIENTS];
static ev_io listener;
static char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

static void drop(struct client *c)
{
	ev_io_stop(c->gw->loop, &c->io);
	ev_timer_stop(c->gw->loop, &c->deadline);
	eftf_ask_close(&c->ask);
	c->gw = NULL;
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	drop(timer->data);
}

static char *answer(const char *request, void *arg)
{
	return eftf_status_answer(arg, request, eftf_gw_now());
}

static void on_client(struct ev_loop *loop, ev_io *io, int revents)
{
	struct client *c = io->data;
	enum eftf_ask_next next = eftf_ask_step(&c->ask, answer, c->gw);

	(void)revents;
	if (next == EFTF_ASK_DONE) {
		drop(c);
	} else if (next == EFTF_ASK_WRITE && !(io->events & EV_WRITE)) {
		ev_io_stop(loop, io);
		ev_io_set(io, io->fd, EV_WRITE);
		ev_io_start(loop, io);
	}
}

static void on_connection(struct ev_loop *loop, ev_io *io, int revents)
{
	struct client *c = clients;
	struct eftf_ask ask;

	(void)revents;
	if (!eftf_ask_accept(&ask, io->fd))
		return;
	while (c < clients + EFTF_ASK_CLIENTS && c->gw)
		c++;
	if (c == clients + EFTF_ASK_CLIENTS) {
		eftf_ask_close(&ask);
		return;
	}
	memset(c, 0, sizeof(*c));
	c->gw = io->data;
	c->ask = ask;
	ev_io_init(&c->io, on_client, ask.fd, EV_READ);
	c->io.data = c;
	ev_io_start(loop, &c->io);
	ev_timer_init(&c->deadline, on_deadline, EFTF_ASK_MS / 1000.0, 0.0);
	c->deadline.data = c;
	ev_timer_start(loop, &c->deadline);
}

int eftf_status_open(struct eftf_gw *gw, struct eftf_err *err)
{
	struct eftf_err why;
	int fd = eftf_ask_listen(gw->conf.status_socket, &why);

	if (fd < 0)
		return eftf_err_set(err, -fd, "%s: status.socket chooses another", why.text);
	memcpy(path, gw->conf.status_socket, strlen(gw->conf.status_socket));
	ev_io_init(&listener, on_connection, fd, EV_READ);
	listener.data = gw;
	ev_io_start(gw->loop, &listener);
	return 0;
}

void eftf_status_close(struct eftf_gw *gw)
{
	for (struct client *c = clients; c < clients + EFTF_ASK_CLIENTS; c++)
		if (c->gw)
			drop(c);
	if (!ev_is_active(&listener))
		return;
	ev_io_stop(gw->loop, &listener);
	close(listener.fd);
	unlink(path);
}
