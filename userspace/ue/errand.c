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
#include "sandbox.h"

static void child(pid_t parent, int fd, int keep, void (*run)(void *arg, int fd), void *arg)
{
	const int kept[] = { fd, keep };
	struct eftf_err err;

	/* what the parent has open is none of the child's business: netlink, other children, the log */
	eftf_log_suspend();
	eftf_sandbox_close_others(kept, 2);
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

int eftf_errand_send(int fd, const void *msg, size_t size, int sock)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	struct iovec iov = { .iov_base = (void *)msg, .iov_len = size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t n;

	if (sock >= 0) {
		m.msg_control = control.buf;
		m.msg_controllen = sizeof(control.buf);
		cmsg = CMSG_FIRSTHDR(&m);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &sock, sizeof(int));
	}
	do {
		n = sendmsg(fd, &m, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (size_t)n == size ? 0 : -EMSGSIZE;
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

/* All that it sent along is taken, or it would stay open here: more than one is too many. */
static int take_sockets(struct msghdr *m, int *sock)
{
	struct cmsghdr *cmsg;
	int n = 0;

	for (cmsg = CMSG_FIRSTHDR(m); cmsg; cmsg = CMSG_NXTHDR(m, cmsg)) {
		size_t i, count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			if (n++)
				close(fd);
			else
				*sock = fd;
		}
	}
	return n > 1 ? -EPROTO : 0;
}

int eftf_errand_recv(int fd, void *msg, size_t size, int *sock, uint64_t deadline)
{
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = msg, .iov_len = size };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	int ret = wait_readable(fd, deadline);
	ssize_t n;

	*sock = -1;
	if (ret)
		return ret;
	do {
		n = recvmsg(fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -ECONNRESET;
	ret = take_sockets(&m, sock);
	if (!ret && ((size_t)n != size || m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		ret = -EPROTO;
	if (ret && *sock >= 0) {
		close(*sock);
		*sock = -1;
	}
	return ret;
}
