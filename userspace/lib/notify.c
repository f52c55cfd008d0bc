/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

void eftf_notify(const char *fmt, ...)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	char text[512];
	va_list ap;
	int fd;

	if ((len && path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof(sun.sun_path))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memcpy(sun.sun_path, path, len);
	/* of the abstract name space */
	if (path[0] == '@')
		sun.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* who does not listen is not waited for, and there is nowhere to report a failure to */
	if (sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sun,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		text[0] = 0;
	close(fd);
}

void eftf_notify_reloading(void)
{
	eftf_notify("RELOADING=1\nMONOTONIC_USEC=%llu000",
		    (unsigned long long)eftf_clock_ms(CLOCK_MONOTONIC));
}

uint64_t eftf_notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long long limit = usec ? strtoull(usec, NULL, 10) : 0;

	if (!getenv("NOTIFY_SOCKET") || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	/* a third: one that is late by as much again is in time */
	return limit / 3000;
}
