/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other end of an outer connection: a server on loopback with one fixed answer. */
#ifndef EFTF_TEST_TCP_SERVER_H
#define EFTF_TEST_TCP_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Reads a request, sends the answer and echoes what follows. */
struct server {
	int fd;
	unsigned int port;
	const char *answer;	/* NULL: says nothing and waits for the end */
	char request[2048];
	pthread_t thread;
};

static inline void read_request(struct server *s, int fd)
{
	size_t got = 0;

	while (got < sizeof(s->request) - 1) {
		ssize_t n = read(fd, s->request + got, sizeof(s->request) - 1 - got);

		if (n <= 0)
			break;
		got += (size_t)n;
		s->request[got] = '\0';
		if (strstr(s->request, "\r\n\r\n"))
			break;
	}
}

static inline void *serve(void *arg)
{
	struct server *s = arg;
	char rest[256];
	int fd = accept(s->fd, NULL, NULL);

	if (fd < 0)
		return NULL;
	if (s->answer && s->answer[0]) {
		read_request(s, fd);
		if (write(fd, s->answer, strlen(s->answer)) < 0)
			perror("write");
	}
	/* echoes: shows that the connection outlives the connector */
	for (;;) {
		ssize_t n = read(fd, rest, sizeof(rest));

		if (n <= 0 || (s->answer && write(fd, rest, (size_t)n) != n))
			break;
	}
	close(fd);
	return NULL;
}

/* at: an address of the loopback device, host order; port 0: any that is free */
static inline void start_at(struct server *s, const char *answer, in_addr_t at, unsigned int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	socklen_t len = sizeof(sin);

	memset(s, 0, sizeof(*s));
	sin.sin_addr.s_addr = htonl(at);
	s->answer = answer;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)), 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(s->fd, 4), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&sin, &len), 0);
	s->port = ntohs(sin.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static inline void start(struct server *s, const char *answer)
{
	start_at(s, answer, INADDR_LOOPBACK, 0);
}

static inline void stop(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
}

static inline void assert_echo(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char got[16];

	assert_int_equal(write(fd, "hello", 5), 5);
	assert_int_equal(poll(&pfd, 1, 5000), 1);
	assert_int_equal(read(fd, got, sizeof(got)), 5);
	assert_memory_equal(got, "hello", 5);
}

#endif
