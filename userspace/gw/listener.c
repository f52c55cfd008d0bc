/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "gw.h"
#include "log.h"

#define BACKLOG 4096
#define DEFER_S 1			/* the kernel keeps a connection to itself until its first octet, so long */
#define RETRIES 20			/* a gateway that was killed may leave workers behind for a moment */
#define RETRY_US 50000

/* shared: others of this program may listen there as well. Returns the socket or a negative errno. */
static int try_one(const struct sockaddr_storage *addr, int shared)
{
	socklen_t len = addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
		sizeof(struct sockaddr_in);
	int one = 1, defer = DEFER_S, fd, code;

	fd = socket(addr->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof(shared));
	if (addr->ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof(defer));
	if (!bind(fd, (const struct sockaddr *)addr, len) && !listen(fd, BACKLOG))
		return fd;
	code = errno;
	close(fd);
	return -code;
}

/* Is the port free? With SO_REUSEPORT the kernel would let a second gateway share it. */
static int probe(const struct sockaddr_storage *addr)
{
	int fd = try_one(addr, 0);

	for (int i = 0; fd == -EADDRINUSE && i < RETRIES; i++) {
		usleep(RETRY_US);
		fd = try_one(addr, 0);
	}
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static int refuse(const struct sockaddr_storage *addr, int code, struct eftf_err *err)
{
	char text[EFTF_ADDR_TEXT];

	eftf_addr_text(text, addr);
	return eftf_err_set(err, code, "cannot listen on %s: %s%s", text, strerror(code),
			    code == EADDRINUSE ?
			    ": stop the program that does, or choose another by gateway.listen" :
			    code == EACCES ? ": needs CAP_NET_BIND_SERVICE" :
			    code == EADDRNOTAVAIL ? ": this host has no such address" : "");
}

/* Which addresses can be listened on: good[], n of them. */
static int choose(const struct eftf_gw *gw, const struct sockaddr_storage **good, size_t *n,
		  struct eftf_err *err)
{
	const struct sockaddr_storage *addr;
	int ret;

	*n = 0;
	for (size_t i = 0; i < gw->conf.listen.n; i++) {
		addr = &gw->conf.listen.addr[i];
		ret = probe(addr);
		if (!ret) {
			good[(*n)++] = addr;
			continue;
		}
		refuse(addr, -ret, err);
		if (ret != -EAFNOSUPPORT || gw->conf.listen.n == 1)
			return ret;
		log_warn("%s", err->text);	/* a host without IPv6 */
	}
	return *n ? 0 : eftf_err_set(err, EADDRNOTAVAIL, "there is no address to listen on");
}

int eftf_gw_listen_open(struct eftf_gw *gw, struct eftf_err *err)
{
	const struct sockaddr_storage *good[EFTF_GW_MAX_LISTEN];
	size_t n, all;
	int ret = choose(gw, good, &n, err);

	if (ret)
		return ret;
	all = n * gw->conf.workers;
	gw->listen_fd = calloc(all, sizeof(*gw->listen_fd));
	if (!gw->listen_fd)
		return eftf_err_set(err, ENOMEM, "out of memory");
	gw->n_listen = n;
	for (size_t i = 0; i < all; i++)
		gw->listen_fd[i] = -1;
	for (size_t i = 0; i < all; i++) {
		gw->listen_fd[i] = try_one(good[i % n], 1);
		if (gw->listen_fd[i] < 0)
			return refuse(good[i % n], -gw->listen_fd[i], err);
	}
	return 0;
}

void eftf_gw_listen_close(struct eftf_gw *gw)
{
	for (size_t i = 0; gw->listen_fd && i < gw->n_listen * gw->conf.workers; i++)
		if (gw->listen_fd[i] >= 0)
			close(gw->listen_fd[i]);
	free(gw->listen_fd);
	gw->listen_fd = NULL;
	gw->n_listen = 0;
}
