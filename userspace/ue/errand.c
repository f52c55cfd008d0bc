// SPDX-License-Identifier: GPL-2.0-or-later
#include "errand.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cage.h"
#include "clock.h"
#include "log.h"
#include "packet.h"
#include "sandbox.h"

#ifdef EFTF_KEYLOG
#include "tls.h"
#define KEYLOG eftf_tls_keylog_fd()
#else
#define KEYLOG (-1)
#endif

static void child(pid_t parent, int fd, int keep, void (*run)(void *arg, int fd), void *arg)
{
	const int kept[] = { fd, keep, KEYLOG };
	struct eftf_err err;

	/* what the parent has open is none of the child's business: netlink, other children, the log */
	eftf_log_suspend();
	eftf_sandbox_close_others(kept, sizeof(kept) / sizeof(kept[0]));
	eftf_log_resume();
	if (eftf_cage_enter(parent, &err))
		log_error("child process: %s", err.text);
	else
		run(arg, fd);
	_exit(0);
}

int eftf_errand_start(struct eftf_errand *e, int keep, void (*run)(void *arg, int fd), void *arg,
		      struct eftf_err *err)
{
	pid_t parent = getpid(), pid;
	int fd[2];

	*e = (struct eftf_errand){ .fd = -1 };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return eftf_err_set(err, errno, "no pair of sockets for a child process: %s",
				    strerror(errno));
	pid = fork();
	if (pid < 0) {
		int code = errno;

		close(fd[0]);
		close(fd[1]);
		return eftf_err_set(err, code, "no child process: %s", strerror(code));
	}
	if (!pid)
		child(parent, fd[1], keep, run, arg);
	close(fd[1]);
	*e = (struct eftf_errand){ .pid = pid, .fd = fd[0] };
	return 0;
}

bool eftf_errand_runs(const struct eftf_errand *e)
{
	return e->pid > 0;
}

void eftf_errand_end(struct eftf_errand *e)
{
	int status;

	if (!eftf_errand_runs(e))
		return;
	kill(e->pid, SIGKILL);
	while (waitpid(e->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(e->fd);
	*e = (struct eftf_errand){ .fd = -1 };
}

static int wait_readable(int fd, uint64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int n;

	do {
		n = poll(&pfd, 1, deadline == UINT64_MAX ? -1 : eftf_ms_left(deadline));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	} while (eftf_ms_left(deadline) > 0);
	return -ETIMEDOUT;
}

int eftf_errand_recv(int fd, void *msg, size_t size, int *sock, uint64_t deadline)
{
	int ret = wait_readable(fd, deadline);

	*sock = -1;
	return ret ? ret : eftf_packet_recv(fd, msg, size, sock);
}
