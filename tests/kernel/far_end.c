// SPDX-License-Identifier: GPL-2.0-or-later
#include "far_end.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"

/* The list of TCP sockets of the socket's own network namespace. */
static FILE *open_list(int fd)
{
	int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int there = ioctl(fd, SIOCGSKNS);
	FILE *list;

	assert_true(here >= 0 && there >= 0);
	assert_return_code(setns(there, CLONE_NEWNET), errno);
	list = fopen("/proc/thread-self/net/tcp", "re");
	assert_return_code(setns(here, CLONE_NEWNET), errno);
	close(there);
	close(here);
	assert_non_null(list);
	return list;
}

static unsigned int port(int (*name)(int, struct sockaddr *, socklen_t *), int fd)
{
	struct sockaddr_in sin = {0};
	socklen_t len = sizeof(sin);

	/* the peer's name is unknown once the connection is gone */
	return name(fd, (struct sockaddr *)&sin, &len) ? 0 : ntohs(sin.sin_port);
}

bool far_end_held(int fd, char *text, size_t size)
{
	unsigned int own = port(getsockname, fd), other = port(getpeername, fd);
	unsigned int local, remote, state;
	unsigned long inode = 0;
	bool found = false;
	char line[256];
	FILE *list = open_list(fd);

	snprintf(text, size, "none with port %u", other);
	while (!found && fgets(line, sizeof(line), list)) {
		found = sscanf(line, "%*d: %*x:%x %*x:%x %x %*s %*s %*s %*u %*d %lu", &local, &remote,
			       &state, &inode) == 4 && local == other && remote == own;
		if (found)
			snprintf(text, size, "%s", line);
	}
	fclose(list);
	/* an orphan, which TCP alone looks after, has no inode */
	return found && inode;
}
