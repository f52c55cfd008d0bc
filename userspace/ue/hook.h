/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that is told when the tunnel comes up, its lease is renewed and it
 * goes down. It runs beside this one, one run after the other, for a bounded time;
 * what it says goes to the log.
 */
#ifndef EFTF_UE_HOOK_H
#define EFTF_UE_HOOK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hook_env.h"

#define EFTF_HOOK_FDS 2
#define EFTF_HOOK_STOP_MS 6000	/* the most that a run has when eftf-ue itself must end */
#define EFTF_HOOK_LINE 256	/* octets of its output that make one line of the log */

/* A run: under way, or to come. path NULL: there is none. */
struct eftf_hook_run {
	char *path;
	enum eftf_hook_reason reason;
	unsigned int limit_ms;
	char *facts;		/* of eftf_hook_facts(), and their size */
	size_t size;
};

/* Starts as { .pidfd = -1, .output = -1 }. */
struct eftf_hooks {
	pid_t pid;		/* of the run under way; 0: there is none */
	int pidfd, output;	/* readable: it has ended, it says something */
	uint64_t deadline;	/* ms: then it is killed */
	uint64_t started;	/* ms */
	bool killed;
	struct eftf_hook_run now;
	/* to come, in this order: a DOWN, and an UP or RENEW; each makes what it undoes or repeats superfluous */
	struct eftf_hook_run down, up;
	/* what the last UP or RENEW was told, for the DOWN that undoes it; NULL: nothing is to be undone */
	char *told;
	size_t told_size;
	char line[EFTF_HOOK_LINE];
	size_t len;		/* of the line that has not ended yet */
	unsigned int lines;	/* of this run */
};

/*
 * The program path (absolute; NULL: none) is to be run, with at most limit_ms: at
 * once, or after the runs that are due before it. info: for UP and RENEW; a DOWN has the
 * variables of the UP that it undoes, and is left out if there was none; so is a RENEW
 * that has no news. What goes wrong is logged and has no other effect.
 */
void eftf_hooks_tell(struct eftf_hooks *h, const char *path, unsigned int limit_ms,
		     enum eftf_hook_reason reason, const struct eftf_hook_info *info);
/* Is a run under way or to come? */
bool eftf_hooks_busy(const struct eftf_hooks *h);
/* For poll(): EFTF_HOOK_FDS entries, to be looked after by eftf_hooks_step(). */
void eftf_hooks_fds(const struct eftf_hooks *h, struct pollfd *pfd);
/* When eftf_hooks_step() wants to be called, at the latest; UINT64_MAX: need not be. */
uint64_t eftf_hooks_due(const struct eftf_hooks *h);
/* Does what is due: output to the log, ends, the next run. Never blocks. */
void eftf_hooks_step(struct eftf_hooks *h);
/* From now on each run has at most EFTF_HOOK_STOP_MS: eftf-ue itself must end. */
void eftf_hooks_hurry(struct eftf_hooks *h);

#endif
