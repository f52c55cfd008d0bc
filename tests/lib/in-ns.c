/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libs: -static */
/*
 * Runs a command in a network namespace that "ip netns" has named.
 *
 *   in-ns NAME COMMAND [argument...]
 *
 * For scenarios, which do that hundreds of times: unlike "ip netns exec" it loads no libraries and makes no mounts, which
 * takes longer in a guest than most commands do. /sys stays that of the caller's namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[256];
	int fd;

	if (argc < 3 || snprintf(path, sizeof(path), "/run/netns/%s", argv[1]) >= (int)sizeof(path)) {
		fprintf(stderr, "usage: in-ns NAME COMMAND [argument...]\n");
		return 255;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET)) {
		fprintf(stderr, "in-ns: cannot enter the network namespace %s: %s\n", argv[1], strerror(errno));
		return 255;
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "in-ns: cannot run %s: %s\n", argv[2], strerror(errno));
	return 255;
}
