/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process gives up before it deals with strangers. Each step can only
 * take away; what has been taken away does not come back. Functions return 0
 * or a negative errno with the remedy in err.
 */
#ifndef EFTF_SANDBOX_H
#define EFTF_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* No core file and no look into the memory by a process of the same user: keys are in it. */
int eftf_sandbox_no_dumps(struct eftf_err *err);
/* The process dies with its parent, which is pid; at once if that is gone already. */
int eftf_sandbox_die_with(int pid, struct eftf_err *err);
/* Closes all descriptors from 3 on but those of the list. */
void eftf_sandbox_close_others(const int *keep, size_t n);
struct eftf_sandbox_user {
	unsigned int uid, gid;
};
/* Looks a user up; "nobody" if there is no user of that name. Root is refused. */
int eftf_sandbox_find_user(const char *name, struct eftf_sandbox_user *user, struct eftf_err *err);
/* Becomes this user, with no group but the user's, if the process is root's; else nothing is done. */
int eftf_sandbox_become(const struct eftf_sandbox_user *user, struct eftf_err *err);
/* Keeps these capabilities (CAP_*) of those that the process has; programs that it starts get no others. */
int eftf_sandbox_capabilities(const int *keep, size_t n, struct eftf_err *err);
/*
 * Forbids these kinds of access (LANDLOCK_ACCESS_FS_*) to all files but, for
 * reading, the n that are named; one that does not exist is passed over.
 * -EOPNOTSUPP: there is no Landlock.
 */
int eftf_sandbox_files(uint64_t handled, const char *const *readable, size_t n,
		       struct eftf_err *err);
/*
 * A filter of system calls, of libseccomp: add_rules() fills it (0 or a negative
 * errno), otherwise (SCMP_ACT_*) is for what has no rule. -EOPNOTSUPP: this
 * kernel has none.
 */
int eftf_sandbox_filter(uint32_t otherwise, int (*add_rules)(void *filter, const void *arg),
			const void *arg, struct eftf_err *err);
/* For add_rules(): these n system calls, with any arguments. */
int eftf_sandbox_allow(void *filter, const int *calls, size_t n);
/*
 * System calls of a process that talks over the sockets that it has: no new
 * files but the random devices (and those only where there is Landlock), no
 * sockets, programs or processes. Whatever else is called ends it. needs_random:
 * it cannot do without those devices; where there is no Landlock, which knows one
 * file from another, it may then open whatever its user can read.
 * -EOPNOTSUPP: this kernel has no seccomp filter.
 */
int eftf_sandbox_system_calls(bool needs_random, struct eftf_err *err);

#endif
