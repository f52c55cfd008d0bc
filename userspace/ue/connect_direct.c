// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Without libcurl, and so without proxies: the addresses of a name in turn, of both
 * families, each with a little time before the next one joins in (RFC 8305).
 */
#include "connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "resolve.h"

/* RFC 8305 section 5: the recommended delay */
#define NEXT_MS 250
#define EXTRA_MAX 8

struct eftf_connector {
	const struct eftf_connect_spec *spec;
	uint64_t deadline;
	int asking;			/* descriptor of the name's lookup; -1: there is none */
	struct sockaddr_storage addr[EFTF_TARGETS_MAX];	/* in the order of the attempts */
	int fd[EFTF_TARGETS_MAX];	/* their sockets; -1: not begun, or over */
	size_t n, begun;
	uint64_t next;			/* when the next attempt begins, if no end of one begins it earlier */
	int code;			/* errno of an attempt */
	int done;			/* the connected socket; or -1 */
};

int eftf_connect_init(struct eftf_err *err)
{
	(void)err;
	return 0;
}

/* The first stays the first; from then on the families take turns while both have addresses. */
static void take_turns(struct eftf_connector *c, const struct sockaddr_storage *addrs, size_t n)
{
	bool taken[EFTF_TARGETS_MAX] = { false };

	while (c->n < n) {
		size_t i, first = n;

		for (i = 0; i < n; i++) {
			if (taken[i])
				continue;
			if (first == n)
				first = i;
			if (!c->n || addrs[i].ss_family != c->addr[c->n - 1].ss_family)
				break;
		}
		if (i == n)
			i = first;
		taken[i] = true;
		c->addr[c->n++] = addrs[i];
	}
}

int eftf_connector_new(struct eftf_connector **out, const struct eftf_connect_spec *spec,
		       struct eftf_err *err)
{
	struct eftf_connector *c;
	int ret = 0;

	*out = NULL;
	if (spec->proxy)
		return eftf_err_set(err, EOPNOTSUPP, "this eftf-ue was built without libcurl (PROXY=no): "
				    "it cannot connect by a proxy");
	c = calloc(1, sizeof(*c));
	if (!c)
		return eftf_err_set(err, ENOMEM, "no memory");
	c->spec = spec;
	c->deadline = eftf_now_ms() + spec->timeout_ms;
	c->asking = c->done = -1;
	for (size_t i = 0; i < EFTF_TARGETS_MAX; i++)
		c->fd[i] = -1;
	if (spec->targets)
		take_turns(c, spec->addrs, spec->n_addrs);
	else
		ret = eftf_resolve_start(spec->host, &c->asking, err);
	if (ret) {
		eftf_connector_free(c);
		return ret;
	}
	*out = c;
	return 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void attempt_failed(struct eftf_connector *c, size_t i, int code)
{
	close_one(&c->fd[i]);
	/* that a machine refuses says more than that another one cannot be reached */
	if (c->code != ECONNREFUSED)
		c->code = code;
	c->next = 0;
}

static void attempt_worked(struct eftf_connector *c, size_t i)
{
	c->done = c->fd[i];
	c->fd[i] = -1;
	for (i = 0; i < c->begun; i++)
		close_one(&c->fd[i]);
}

static void begin_attempt(struct eftf_connector *c)
{
	const char *link = c->spec->link;
	struct sockaddr_storage to = c->addr[c->begun];
	bool v6 = to.ss_family == AF_INET6;
	size_t i = c->begun++;
	int one = 1;

	if (v6)
		((struct sockaddr_in6 *)&to)->sin6_port = htons((uint16_t)c->spec->port);
	else
		((struct sockaddr_in *)&to)->sin_port = htons((uint16_t)c->spec->port);
	c->next = eftf_now_ms() + NEXT_MS;
	c->fd[i] = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd[i] < 0 ||
	    setsockopt(c->fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
	    /* past the routes of the tunnel that this connection is for */
	    (link && setsockopt(c->fd[i], SOL_SOCKET, SO_BINDTODEVICE, link, (socklen_t)strlen(link))))
		attempt_failed(c, i, errno);
	else if (!connect(c->fd[i], (struct sockaddr *)&to, v6 ? sizeof(struct sockaddr_in6) :
			  sizeof(struct sockaddr_in)))
		attempt_worked(c, i);
	else if (errno != EINPROGRESS)
		attempt_failed(c, i, errno);
}

static bool is_trying(const struct eftf_connector *c)
{
	for (size_t i = 0; i < c->begun; i++) {
		if (c->fd[i] >= 0)
			return true;
	}
	return false;
}

/* Begins what is due. Returns 1: connected; 0: not yet; or a negative errno. */
static int go_on(struct eftf_connector *c, struct eftf_err *err)
{
	const struct eftf_connect_spec *spec = c->spec;

	while (c->asking < 0 && c->done < 0 && c->begun < c->n &&
	       (!is_trying(c) || eftf_now_ms() >= c->next))
		begin_attempt(c);
	if (c->done >= 0)
		return 1;
	if (c->asking < 0 && !is_trying(c))
		return eftf_connect_refused(spec, "EFTF", c->code, err);
	if (!eftf_ms_left(c->deadline))
		return eftf_err_set(err, ETIMEDOUT, "EFTF: no connection to %s:%u in %u ms", spec->host,
				    spec->port, spec->timeout_ms);
	return 0;
}

/* What has become of the attempts, or of the lookup, that pfd says something of. */
static int look(struct eftf_connector *c, const struct pollfd *pfd, struct eftf_err *err)
{
	struct sockaddr_storage addrs[EFTF_TARGETS_MAX];
	int n;

	if (c->asking >= 0 && pfd[EFTF_TARGETS_MAX].revents) {
		n = eftf_resolve_take(c->spec->host, c->asking, addrs, err);
		close_one(&c->asking);
		if (n < 0)
			return n;
		take_turns(c, addrs, (size_t)n);
	}
	for (size_t i = 0; i < c->begun && c->done < 0; i++) {
		socklen_t len = sizeof(int);
		int code = 0;

		if (c->fd[i] < 0 || !pfd[i].revents)
			continue;
		if (getsockopt(c->fd[i], SOL_SOCKET, SO_ERROR, &code, &len))
			code = errno;
		if (code)
			attempt_failed(c, i, code);
		else
			attempt_worked(c, i);
	}
	return 0;
}

int eftf_connector_poll(struct eftf_connector *c, struct pollfd *extra, unsigned int n,
			int timeout_ms, struct eftf_err *err)
{
	struct pollfd pfd[EFTF_TARGETS_MAX + 1 + EXTRA_MAX];
	uint64_t until = eftf_now_ms() + (uint64_t)timeout_ms;
	unsigned int i;
	int ret;

	if (n > EXTRA_MAX)
		return eftf_err_set(err, EINVAL, "too many descriptors");
	ret = go_on(c, err);
	if (ret)
		return ret;
	if (c->deadline < until)
		until = c->deadline;
	if (c->asking < 0 && c->begun < c->n && c->next < until)
		until = c->next;
	for (i = 0; i < EFTF_TARGETS_MAX; i++)
		pfd[i] = (struct pollfd){ .fd = c->fd[i], .events = POLLOUT };
	pfd[i++] = (struct pollfd){ .fd = c->asking, .events = POLLIN };
	memcpy(pfd + i, extra, n * sizeof(*extra));
	if (poll(pfd, i + n, eftf_ms_left(until)) < 0)
		memset(pfd, 0, sizeof(pfd));	/* a signal: nothing is known of any */
	for (unsigned int k = 0; k < n; k++)
		extra[k].revents = pfd[i + k].revents;
	ret = look(c, pfd, err);
	return ret ? ret : go_on(c, err);
}

int eftf_connector_take(struct eftf_connector *c, int *out, struct eftf_err *err)
{
	if (c->done < 0)
		return eftf_err_set(err, EIO, "there is no connection");
	*out = c->done;
	c->done = -1;
	return 0;
}

void eftf_connector_free(struct eftf_connector *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->begun; i++)
		close_one(&c->fd[i]);
	close_one(&c->asking);
	close_one(&c->done);
	free(c);
}
