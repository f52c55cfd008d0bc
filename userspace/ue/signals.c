// SPDX-License-Identifier: GPL-2.0-or-later
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"

static void our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
}

int eftf_signals_open(struct eftf_signals *sig, struct eftf_err *err)
{
	sigset_t set;

	memset(sig, 0, sizeof(*sig));
	our_signals(&set);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return eftf_err_set(err, errno, "cannot block signals: %s", strerror(errno));
	sig->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sig->fd < 0)
		return eftf_err_set(err, errno, "signalfd: %s", strerror(errno));
	return 0;
}

bool eftf_signals_take(struct eftf_signals *sig)
{
	struct signalfd_siginfo info;

	while (read(sig->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			sig->reload = true;
		else if (info.ssi_signo == SIGUSR1)
			sig->refresh = true;
		else
			sig->stop = true;
	}
	return sig->stop || sig->reload;
}

void eftf_signals_undo(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_DFL);
	our_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int eftf_wait(struct eftf_signals *sig, int fd, short events, uint64_t deadline)
{
	struct pollfd pfd[2] = {
		{ .fd = fd, .events = events },
		{ .fd = sig ? sig->fd : -1, .events = POLLIN },
	};
	int n;

	if (sig && (sig->stop || sig->reload))
		return -EINTR;
	do {
		n = poll(pfd, 2, eftf_ms_left(deadline));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (pfd[1].revents && n > 0 && eftf_signals_take(sig))
			return -EINTR;
		if (n > 0 && pfd[0].revents)
			return pfd[0].revents;
	} while (eftf_ms_left(deadline) > 0);
	return 0;
}
