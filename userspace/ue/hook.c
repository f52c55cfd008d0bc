// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "signals.h"

#define LINES_MAX 50		/* of one run; what it says beyond is counted */
#define READ_AT_ONCE 4096
#define DRAIN_READS 16		/* of what is left in the pipe when it has ended */

static void clear(struct eftf_hook_run *r)
{
	free(r->path);
	free(r->facts);
	memset(r, 0, sizeof(*r));
}

/* ---- what it says ------------------------------------------------------------- */

static void end_line(struct eftf_hooks *h)
{
	if (h->len && h->lines++ < LINES_MAX)
		log_info("hook %s: %.*s", h->now.path, (int)h->len, h->line);
	h->len = 0;
}

static void take_text(struct eftf_hooks *h, const char *text, size_t n)
{
	while (n--) {
		if (*text == '\n' || h->len == sizeof(h->line))
			end_line(h);
		if (*text != '\n')
			h->line[h->len++] = *text;
		text++;
	}
}

/* Returns whether there may be more. */
static bool read_output(struct eftf_hooks *h)
{
	char text[READ_AT_ONCE];
	ssize_t n = h->output < 0 ? 0 : read(h->output, text, sizeof(text));

	if (n > 0) {
		take_text(h, text, (size_t)n);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		if (h->output >= 0)
			close(h->output);
		h->output = -1;
	}
	return false;
}

/* What a program that it has left running says from now on has no reader. */
static void end_output(struct eftf_hooks *h)
{
	int i;

	for (i = 0; i < DRAIN_READS && read_output(h); i++)
		;
	end_line(h);
	if (h->lines > LINES_MAX)
		log_info("hook %s: and %u lines more", h->now.path, h->lines - LINES_MAX);
	if (h->output >= 0)
		close(h->output);
	h->output = -1;
}

/* ---- a run ---------------------------------------------------------------------- */

/* Not to be returned from. */
static void child(const struct eftf_hook_run *r, int output)
{
	char *const argv[] = { r->path, NULL };
	char **env = eftf_hook_env(r->reason, r->facts, r->size);
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	eftf_signals_undo();
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	if (env)
		execve(r->path, argv, env);
	_exit(127);
}

static void report(const struct eftf_hooks *h, int status)
{
	const char *path = h->now.path, *reason = eftf_hook_reason_name(h->now.reason);

	if (h->killed)
		log_warn("hook %s (%s): took longer than %u.%u s, killed", path, reason,
			 (unsigned int)(h->deadline - h->started) / 1000,
			 (unsigned int)(h->deadline - h->started) % 1000 / 100);
	else if (WIFSIGNALED(status))
		log_warn("hook %s (%s): killed by signal %d", path, reason, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		log_warn("hook %s (%s): cannot be run: is it there and executable?", path, reason);
	else if (WEXITSTATUS(status))
		log_warn("hook %s (%s): exit status %d", path, reason, WEXITSTATUS(status));
	else
		log_debug("hook %s (%s): done in %llu ms", path, reason,
			  (unsigned long long)(eftf_now_ms() - h->started));
}

/* It has ended. */
static void reap(struct eftf_hooks *h)
{
	int status = 0;

	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		;
	end_output(h);
	report(h, status);
	if (h->pidfd >= 0)
		close(h->pidfd);
	h->pidfd = -1;
	h->pid = 0;
	clear(&h->now);
}

/* Its end is told as any other. */
static void kill_run(struct eftf_hooks *h)
{
	h->killed = true;
	kill(-h->pid, SIGKILL);
}

static void cannot_start(struct eftf_hooks *h, const char *what)
{
	log_warn("hook %s (%s): %s: %s", h->now.path, eftf_hook_reason_name(h->now.reason), what,
		 strerror(errno));
	clear(&h->now);
}

static void start(struct eftf_hooks *h, struct eftf_hook_run *r)
{
	int pipes[2];
	pid_t pid;

	h->now = *r;
	memset(r, 0, sizeof(*r));
	if (pipe2(pipes, O_CLOEXEC)) {
		cannot_start(h, "pipe");
		return;
	}
	pid = fork();
	if (pid == 0)
		child(&h->now, pipes[1]);
	close(pipes[1]);
	if (pid < 0) {
		cannot_start(h, "fork");
		close(pipes[0]);
		return;
	}
	setpgid(pid, pid);	/* in parent and child, so that kill(-pid) works in any order */
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	h->pid = pid;
	h->output = pipes[0];
	h->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	h->started = eftf_now_ms();
	h->deadline = h->started + h->now.limit_ms;
	h->killed = false;
	h->len = 0;
	h->lines = 0;
	/* without it the end would be noticed at the deadline only */
	if (h->pidfd < 0) {
		log_warn("hook %s: pidfd: %s", h->now.path, strerror(errno));
		kill_run(h);
		reap(h);
	}
}

static bool has_ended(const struct eftf_hooks *h)
{
	struct pollfd pfd = { .fd = h->pidfd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
}

/* ---- what is to come ------------------------------------------------------------ */

bool eftf_hooks_busy(const struct eftf_hooks *h)
{
	return h->pid || h->down.path || h->up.path;
}

/* Returns whether that is news. */
static bool remember(struct eftf_hooks *h, enum eftf_hook_reason reason,
		     const struct eftf_hook_info *info)
{
	size_t size;
	char *facts = eftf_hook_facts(info, &size);

	if (!facts || (reason == EFTF_HOOK_RENEW && h->told && size == h->told_size &&
		       !memcmp(facts, h->told, size))) {
		free(facts);
		return false;
	}
	free(h->told);
	h->told = facts;
	h->told_size = size;
	return true;
}

static void enqueue(struct eftf_hooks *h, const char *path, unsigned int limit_ms,
		    enum eftf_hook_reason reason)
{
	struct eftf_hook_run r = {
		.path = strdup(path), .reason = reason, .limit_ms = limit_ms,
		.facts = malloc(h->told_size), .size = h->told_size,
	};

	if (!r.path || !r.facts) {
		log_warn("hook %s (%s): out of memory", path, eftf_hook_reason_name(reason));
		clear(&r);
		return;
	}
	memcpy(r.facts, h->told, h->told_size);
	if (reason == EFTF_HOOK_DOWN)
		h->down = r;
	else
		h->up = r;
}

void eftf_hooks_tell(struct eftf_hooks *h, const char *path, unsigned int limit_ms,
		     enum eftf_hook_reason reason, const struct eftf_hook_info *info)
{
	bool never_up = h->up.path && h->up.reason == EFTF_HOOK_UP;

	if (reason == EFTF_HOOK_DOWN && !h->told)
		return;
	if (reason != EFTF_HOOK_DOWN && (!path || !remember(h, reason, info)))
		return;
	/* an UP that never ran need not be undone, and with the facts of a RENEW it is still an UP */
	clear(&h->up);
	if (reason == EFTF_HOOK_RENEW && never_up)
		reason = EFTF_HOOK_UP;
	if (path && !(reason == EFTF_HOOK_DOWN && never_up))
		enqueue(h, path, limit_ms, reason);
	if (reason == EFTF_HOOK_DOWN) {
		free(h->told);
		h->told = NULL;
	}
	eftf_hooks_step(h);
}

void eftf_hooks_fds(const struct eftf_hooks *h, struct pollfd *pfd)
{
	pfd[0] = (struct pollfd){ .fd = h->pidfd, .events = POLLIN };
	pfd[1] = (struct pollfd){ .fd = h->output, .events = POLLIN };
}

uint64_t eftf_hooks_due(const struct eftf_hooks *h)
{
	return h->pid && !h->killed ? h->deadline : UINT64_MAX;
}

void eftf_hooks_step(struct eftf_hooks *h)
{
	if (h->pid) {
		read_output(h);
		if (has_ended(h))
			reap(h);
		else if (!h->killed && eftf_now_ms() >= h->deadline)
			kill_run(h);
	}
	if (!h->pid && h->down.path)
		start(h, &h->down);
	else if (!h->pid && h->up.path)
		start(h, &h->up);
}

void eftf_hooks_hurry(struct eftf_hooks *h)
{
	struct eftf_hook_run *runs[] = { &h->down, &h->up };

	if (h->pid && h->deadline > h->started + EFTF_HOOK_STOP_MS)
		h->deadline = h->started + EFTF_HOOK_STOP_MS;
	for (int i = 0; i < 2; i++)
		if (runs[i]->limit_ms > EFTF_HOOK_STOP_MS)
			runs[i]->limit_ms = EFTF_HOOK_STOP_MS;
}
