// SPDX-License-Identifier: GPL-2.0-or-later
#include "portal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "connect.h"

/* A header that says where to go is near the begin. */
#define ANSWER_MAX 4096

/* The value of Location, up to the line's end; "" if there is none. */
static void location_of(const char *answer, char where[EFTF_PORTAL_WHERE])
{
	static const char name[] = "location:";
	size_t n = 0;

	where[0] = '\0';
	while ((answer = strchr(answer, '\n'))) {
		answer++;
		if (*answer == '\r' || *answer == '\n')
			return;
		if (strncasecmp(answer, name, sizeof(name) - 1))
			continue;
		answer += sizeof(name) - 1;
		answer += strspn(answer, " \t");
		for (; *answer && !strchr("\r\n", *answer) && n < EFTF_PORTAL_WHERE - 1; answer++)
			where[n++] = *answer > ' ' && *answer < 0x7f ? *answer : '?';
		where[n] = '\0';
		return;
	}
}

/* A server of the host itself that wants TLS is none. */
static bool is_own(const char *where, const char *host)
{
	static const char scheme[] = "https://";
	size_t len = strlen(host);

	if (strncasecmp(where, scheme, sizeof(scheme) - 1))
		return false;
	where += sizeof(scheme) - 1;
	return !strncasecmp(where, host, len) && (!where[len] || strchr(":/?#", where[len]));
}

bool eftf_portal_answer(const char *answer, const char *host, char where[EFTF_PORTAL_WHERE])
{
	unsigned int minor, status;

	where[0] = '\0';
	if (sscanf(answer, "HTTP/1.%1u %3u", &minor, &status) != 2)
		return false;
	location_of(answer, where);
	switch (status) {
	case 511:
		return true;
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return where[0] && !is_own(where, host);
	default:
		return false;
	}
}

int eftf_portal_explain(struct eftf_err *err, const char *host, const char *where)
{
	return eftf_err_set(err, EACCES, "a captive portal %s%s: log in %s%s", host ? "answers for " : "lets nothing out",
			    host ? host : "", where[0] ? "at " : "with a browser", where);
}

/* Reads until the end of the header, or as much as there is room for. */
static void read_answer(int fd, struct eftf_signals *sig, uint64_t deadline, char *to, size_t size)
{
	size_t got = 0;

	to[0] = '\0';
	while (got < size - 1 && !strstr(to, "\r\n\r\n") &&
	       eftf_wait(sig, fd, POLLIN, deadline) > 0) {
		ssize_t n = read(fd, to + got, size - 1 - got);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
		got += n > 0 ? (size_t)n : 0;
		to[got] = '\0';
	}
}

bool eftf_portal_ask(const char *at, unsigned int port, const char *host, const char *link,
		     struct eftf_signals *sig, char where[EFTF_PORTAL_WHERE])
{
	uint64_t deadline = eftf_now_ms() + EFTF_PORTAL_MS;
	struct eftf_connect_spec spec = {
		.host = at, .port = port, .timeout_ms = EFTF_PORTAL_MS / 2, .link = link,
	};
	char text[512], answer[ANSWER_MAX];
	struct eftf_err err;
	bool portal = false;
	int fd, len;

	len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
		       host);
	if (len >= (int)sizeof(text) || eftf_connect(&spec, sig, &fd, &err))
		return false;
	if (send(fd, text, (size_t)len, MSG_NOSIGNAL) == len) {
		read_answer(fd, sig, deadline, answer, sizeof(answer));
		portal = eftf_portal_answer(answer, host, where);
	}
	close(fd);
	return portal;
}
