/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UNIX socket of "eftf-gw status": one line comes in, one JSON text goes
 * out, then it is closed. Only root and our own user may connect; even so a client that is slow
 * or says nothing costs a descriptor for some seconds, and no more.
 */
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

#define MAX_CLIENTS 8
#define DEADLINE_S 10.0

struct client {
	ev_io io;
	ev_timer deadline;
	struct eftf_gw *gw;		/* NULL: this place is free */
	char request[EFTF_STATUS_LINE];
	size_t got;
	char *answer;
	size_t len, sent;
};

static struct client clients[MAX_CLIENTS];
static ev_io listener;
static char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

static void drop(struct client *c)
{
	ev_io_stop(c->gw->loop, &c->io);
	ev_timer_stop(c->gw->loop, &c->deadline);
	close(c->io.fd);
	free(c->answer);
	c->gw = NULL;
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	drop(timer->data);
}

static void send_some(struct client *c)
{
	ssize_t n = send(c->io.fd, c->answer + c->sent, c->len - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		c->sent += (size_t)n;
	if (n < 0 || c->sent == c->len)
		drop(c);
}

static void answer(struct client *c)
{
	struct eftf_gw *gw = c->gw;

	c->answer = eftf_status_answer(gw, c->request, eftf_gw_now());
	if (!c->answer) {
		drop(c);
		return;
	}
	c->len = strlen(c->answer);
	c->sent = 0;
	ev_io_stop(gw->loop, &c->io);
	ev_io_set(&c->io, c->io.fd, EV_WRITE);
	ev_io_start(gw->loop, &c->io);
}

static void receive(struct client *c)
{
	ssize_t n = recv(c->io.fd, c->request + c->got, sizeof(c->request) - c->got, MSG_DONTWAIT);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->got += (size_t)n;
	end = memchr(c->request, '\n', c->got);
	if (end) {
		*end = 0;
		answer(c);
	} else if (c->got == sizeof(c->request)) {
		drop(c);
	}
}

static void on_client(struct ev_loop *loop, ev_io *io, int revents)
{
	struct client *c = io->data;

	(void)loop;
	(void)revents;
	if (c->answer)
		send_some(c);
	else
		receive(c);
}

static void on_connection(struct ev_loop *loop, ev_io *io, int revents)
{
	int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c = clients;

	(void)revents;
	if (fd < 0)
		return;
	while (c < clients + MAX_CLIENTS && c->gw)
		c++;
	if (c == clients + MAX_CLIENTS) {
		close(fd);
		return;
	}
	memset(c, 0, sizeof(*c));
	c->gw = io->data;
	ev_io_init(&c->io, on_client, fd, EV_READ);
	c->io.data = c;
	ev_io_start(loop, &c->io);
	ev_timer_init(&c->deadline, on_deadline, DEADLINE_S, 0.0);
	c->deadline.data = c;
	ev_timer_start(loop, &c->deadline);
}

/* A socket that refuses connections was left by a program that was killed. */
static int remove_stale(const struct sockaddr_un *sun, struct eftf_err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ret;

	if (fd < 0)
		return eftf_err_set(err, errno, "UNIX socket: %s", strerror(errno));
	ret = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) ? errno : 0;
	close(fd);
	if (!ret)
		return eftf_err_set(err, EADDRINUSE,
				    "another program answers at %s: choose another by status.socket", sun->sun_path);
	if (ret == ECONNREFUSED)
		unlink(sun->sun_path);
	return 0;
}

/* The folder is made, as /run is empty after a start; what is above it has to be there. */
static void make_folder(void)
{
	char folder[sizeof(path)], *slash;

	memcpy(folder, path, sizeof(folder));
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return;
	*slash = 0;
	if (mkdir(folder, 0755) && errno != EEXIST)
		log_debug("folder %s: %s", folder, strerror(errno));
}

int eftf_status_open(struct eftf_gw *gw, struct eftf_err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, ret, code;
	mode_t mask;

	memcpy(sun.sun_path, gw->conf.status_socket, strlen(gw->conf.status_socket));
	memcpy(path, sun.sun_path, sizeof(path));
	make_folder();
	ret = remove_stale(&sun, err);
	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return eftf_err_set(err, errno, "UNIX socket: %s", strerror(errno));
	mask = umask(0177);
	ret = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	code = errno;
	umask(mask);
	if (!ret && listen(fd, MAX_CLIENTS)) {
		ret = -1;
		code = errno;
	}
	if (ret) {
		close(fd);
		return eftf_err_set(err, code, "UNIX socket %s: %s", path, strerror(code));
	}
	ev_io_init(&listener, on_connection, fd, EV_READ);
	listener.data = gw;
	ev_io_start(gw->loop, &listener);
	return 0;
}

void eftf_status_close(struct eftf_gw *gw)
{
	for (struct client *c = clients; c < clients + MAX_CLIENTS; c++)
		if (c->gw)
			drop(c);
	if (!ev_is_active(&listener))
		return;
	ev_io_stop(gw->loop, &listener);
	close(listener.fd);
	unlink(path);
}
