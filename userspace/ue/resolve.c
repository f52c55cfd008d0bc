// SPDX-License-Identifier: GPL-2.0-or-later
#include "resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "nat64.h"

#define RESOLVE_MS 10000
/* The address that worked last need not wait for a name server that is gone, perhaps with the tunnel. */
#define RESOLVE_KNOWN_MS 1000

struct answer {
	int n;		/* or a code of getaddrinfo() */
	struct sockaddr_storage addr[EFTF_TARGETS_MAX];
};

struct question {
	char host[EFTF_VALUE_HOST_MAX];
	int fd;		/* for the answer */
};

static void ask(const char *host, struct answer *a)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP };
	struct addrinfo *list, *i;

	memset(a, 0, sizeof(*a));
	a->n = getaddrinfo(host, NULL, &hints, &list);
	if (a->n)
		return;
	for (i = list; i && a->n < EFTF_TARGETS_MAX; i = i->ai_next) {
		if (i->ai_addrlen <= sizeof(a->addr[0]))
			memcpy(&a->addr[a->n++], i->ai_addr, i->ai_addrlen);
	}
	freeaddrinfo(list);
}

/* Ends when the resolver does, whether or not its answer is still waited for. */
static void *ask_thread(void *arg)
{
	struct question *q = arg;
	struct answer a;

	ask(q->host, &a);
	/* the one who asked may have given up: then this fails */
	send(q->fd, &a, sizeof(a), MSG_NOSIGNAL);
	close(q->fd);
	free(q);
	return NULL;
}

static int no_answer(const char *host, int ret, struct eftf_err *err)
{
	if (ret == -EINTR)
		return eftf_err_set(err, EINTR, "interrupted");
	if (ret == 0)
		return eftf_err_set(err, ETIMEDOUT, "cannot resolve %s: no answer of the DNS", host);
	return eftf_err_set(err, -ret, "cannot resolve %s: %s", host, strerror(-ret));
}

int eftf_resolve_start(const char *host, int *fd, struct eftf_err *err)
{
	struct question *q = calloc(1, sizeof(*q));
	pthread_attr_t attr;
	pthread_t thread;
	int pair[2], ret;

	*fd = -1;
	if (!q)
		return no_answer(host, -ENOMEM, err);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair)) {
		ret = -errno;
		free(q);
		return no_answer(host, ret, err);
	}
	snprintf(q->host, sizeof(q->host), "%s", host);
	q->fd = pair[1];
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ret = pthread_create(&thread, &attr, ask_thread, q);
	pthread_attr_destroy(&attr);
	if (!ret) {
		*fd = pair[0];
		return 0;
	}
	free(q);
	close(pair[0]);
	close(pair[1]);
	return no_answer(host, -ret, err);
}

int eftf_resolve_take(const char *host, int fd, struct sockaddr_storage *out, struct eftf_err *err)
{
	struct answer a;

	if (recv(fd, &a, sizeof(a), MSG_DONTWAIT) != (ssize_t)sizeof(a) || a.n <= 0 ||
	    a.n > EFTF_TARGETS_MAX)
		return eftf_err_set(err, ENXIO, "cannot resolve %s: check the name and the DNS",
				    host);
	memcpy(out, a.addr, (size_t)a.n * sizeof(*out));
	return a.n;
}

int eftf_resolve(const char *host, struct eftf_signals *sig, unsigned int timeout_ms,
		 struct sockaddr_storage *out, struct eftf_err *err)
{
	uint64_t deadline = eftf_now_ms() + timeout_ms;
	int fd, ret;

	ret = eftf_resolve_start(host, &fd, err);
	if (ret)
		return ret;
	ret = eftf_wait(sig, fd, POLLIN, deadline);
	ret = ret > 0 ? eftf_resolve_take(host, fd, out, err) : no_answer(host, ret, err);
	close(fd);
	return ret;
}

/* ---- an address instead of a name ------------------------------------------------ */

static bool is_routed(const struct sockaddr_in *to)
{
	struct sockaddr_in there = *to;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool routed;

	there.sin_port = htons(9);
	routed = fd < 0 || !connect(fd, (const struct sockaddr *)&there, sizeof(there)) ||
		errno != ENETUNREACH;
	if (fd >= 0)
		close(fd);
	return routed;
}

/* The same address by the translator of a network without IPv4. Returns how many: 0 or 1. */
static size_t translate(const struct sockaddr_in *v4, struct eftf_signals *sig,
			struct sockaddr_storage *out)
{
	struct sockaddr_storage answer[EFTF_TARGETS_MAX];
	struct eftf_err err;
	int i, n;

	n = eftf_resolve(EFTF_NAT64_NAME, sig, RESOLVE_MS, answer, &err);
	for (i = 0; i < n; i++) {
		struct sockaddr_in6 *to = (struct sockaddr_in6 *)out;
		struct eftf_nat64 nat;

		if (answer[i].ss_family != AF_INET6 ||
		    !eftf_nat64_learn(&nat, &((struct sockaddr_in6 *)&answer[i])->sin6_addr))
			continue;
		memset(out, 0, sizeof(*out));
		to->sin6_family = AF_INET6;
		to->sin6_addr = eftf_nat64_embed(&nat, v4->sin_addr);
		log_debug("no IPv4 here: the translator's prefix is %u bits long", nat.plen);
		return 1;
	}
	return 0;
}

static bool is_literal(const char *host, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)out;
	struct sockaddr_in *sin = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = AF_INET;
	if (inet_pton(AF_INET, host, &sin->sin_addr) == 1)
		return true;
	out->ss_family = AF_INET6;
	return inet_pton(AF_INET6, host, &sin6->sin6_addr) == 1;
}

int eftf_resolve_targets(struct eftf_targets *t, const char *host, unsigned int port,
			 struct eftf_signals *sig, struct eftf_err *err)
{
	struct sockaddr_storage addrs[EFTF_TARGETS_MAX];
	int n = 1;

	eftf_targets_of(t, host, port);
	if (is_literal(host, &addrs[0])) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)&addrs[0];

		if (addrs[0].ss_family == AF_INET && !is_routed(v4))
			n += (int)translate(v4, sig, &addrs[1]);
	} else {
		n = eftf_resolve(host, sig, t->good.ss_family ? RESOLVE_KNOWN_MS : RESOLVE_MS,
				 addrs, err);
	}
	if (n > 0)
		eftf_targets_resolved(t, addrs, (size_t)n);
	else if (n == -EINTR || !t->n)
		return n;
	else
		log_info("%s: the addresses known of it are used", err->text);
	return 0;
}
