/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "gw.h"
#include "log.h"

#define BACKLOG 4096
#define DEFER_S 1			/* the kernel keeps a connection to itself until its first octet, so long */
#define ACCEPT_AT_ONCE 64
#define PAUSE_S 1.0

static void start_all(struct eftf_gw *gw)
{
	for (size_t i = 0; i < gw->n_listeners; i++)
		ev_io_start(gw->loop, &gw->listener[i].io);
}

static void on_pause_over(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	start_all(timer->data);
}

/* Without descriptors accept() fails and the socket stays readable: pause instead of spinning. */
static void pause_all(struct eftf_gw *gw, int code)
{
	log_error("cannot accept connections: %s; trying again in a second", strerror(code));
	for (size_t i = 0; i < gw->n_listeners; i++)
		ev_io_stop(gw->loop, &gw->listener[i].io);
	ev_timer_stop(gw->loop, &gw->accept_pause);
	ev_timer_set(&gw->accept_pause, PAUSE_S, 0.0);
	ev_timer_start(gw->loop, &gw->accept_pause);
}

static void on_connection(struct ev_loop *loop, ev_io *io, int revents)
{
	struct eftf_listener *l = io->data;
	struct sockaddr_storage peer;
	socklen_t len;
	int fd;

	(void)loop;
	(void)revents;
	for (int i = 0; i < ACCEPT_AT_ONCE && ev_time() < l->gw->turn_ends; i++) {
		len = sizeof(peer);
		memset(&peer, 0, sizeof(peer));
		fd = accept4(l->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			eftf_gw_conn_new(l->gw, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_all(l->gw, errno);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static int open_one(const struct sockaddr_storage *addr, struct eftf_err *err)
{
	socklen_t len = addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
		sizeof(struct sockaddr_in);
	char text[EFTF_ADDR_TEXT];
	int one = 1, defer = DEFER_S, fd, code;

	eftf_addr_text(text, addr);
	fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return eftf_err_set(err, errno, "cannot listen on %s: %s", text, strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (addr->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof(defer));
	if (!bind(fd, (const struct sockaddr *)addr, len) && !listen(fd, BACKLOG))
		return fd;
	code = errno;
	close(fd);
	return eftf_err_set(err, code, "cannot listen on %s: %s%s", text, strerror(code),
			    code == EADDRINUSE ?
			    ": stop the program that does, or choose another by gateway.listen" :
			    code == EACCES ? ": needs CAP_NET_BIND_SERVICE" :
			    code == EADDRNOTAVAIL ? ": this host has no such address" : "");
}

int eftf_gw_listen_open(struct eftf_gw *gw, struct eftf_err *err)
{
	struct eftf_listener *l;
	int fd;

	ev_timer_init(&gw->accept_pause, on_pause_over, PAUSE_S, 0.0);
	gw->accept_pause.data = gw;
	for (size_t i = 0; i < gw->conf.listen.n; i++) {
		fd = open_one(&gw->conf.listen.addr[i], err);
		if (fd == -EAFNOSUPPORT && gw->conf.listen.n > 1) {
			log_warn("%s", err->text);	/* a host without IPv6 */
			continue;
		}
		if (fd < 0)
			return fd;
		l = &gw->listener[gw->n_listeners++];
		l->fd = fd;
		l->gw = gw;
		ev_io_init(&l->io, on_connection, fd, EV_READ);
		l->io.data = l;
	}
	if (!gw->n_listeners)
		return eftf_err_set(err, EADDRNOTAVAIL, "there is no address to listen on");
	start_all(gw);
	return 0;
}

void eftf_gw_listen_close(struct eftf_gw *gw)
{
	for (size_t i = 0; i < gw->n_listeners; i++) {
		ev_io_stop(gw->loop, &gw->listener[i].io);
		close(gw->listener[i].fd);
	}
	gw->n_listeners = 0;
	ev_timer_stop(gw->loop, &gw->accept_pause);
}
