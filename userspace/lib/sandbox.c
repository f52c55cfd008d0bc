/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#define NOBODY 65534
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

int eftf_sandbox_no_dumps(struct eftf_err *err)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return eftf_err_set(err, errno, "cannot forbid core files: %s", strerror(errno));
	return 0;
}

int eftf_sandbox_die_with(int pid, struct eftf_err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return eftf_err_set(err, errno, "cannot be bound to the parent's life: %s",
				    strerror(errno));
	if (getppid() != pid)
		return eftf_err_set(err, ESRCH, "the parent process is gone");
	return 0;
}

void eftf_sandbox_close_others(const int *keep, size_t n)
{
	unsigned int from = 3;

	for (;;) {
		unsigned int next = ~0u;	/* the lowest kept one from there on */

		for (size_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned int)keep[i] >= from &&
			    (unsigned int)keep[i] < next)
				next = (unsigned int)keep[i];
		if (next > from)
			/* not in every C library */
			syscall(SYS_close_range, from, next == ~0u ? next : next - 1, 0);
		if (next == ~0u)
			return;
		from = next + 1;
	}
}

int eftf_sandbox_find_user(const char *name, struct eftf_sandbox_user *user, struct eftf_err *err)
{
	const struct passwd *pw = getpwnam(name);

	user->uid = pw ? pw->pw_uid : NOBODY;
	user->gid = pw ? pw->pw_gid : NOBODY;
	return user->uid ? 0 : eftf_err_set(err, EINVAL, "user %s is root: choose another", name);
}

int eftf_sandbox_become(const struct eftf_sandbox_user *user, struct eftf_err *err)
{
	if (geteuid())
		return 0;
	if (setgroups(0, NULL) || setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid))
		return eftf_err_set(err, errno,
				    "cannot become user %u (%s): needs CAP_SETUID and CAP_SETGID, or start as that user",
				    user->uid, strerror(errno));
	return 0;
}

int eftf_sandbox_capabilities(const int *keep, size_t n, struct eftf_err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct had[2], now[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	if (syscall(SYS_capget, &head, had))
		return eftf_err_set(err, errno, "capget: %s", strerror(errno));
	for (size_t i = 0; i < n; i++)
		now[keep[i] / 32].permitted |= 1u << keep[i] % 32;
	/* The bounding set first: to cut it is a privilege itself, without which it has nothing to give. */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		bool kept = cap < 64 && now[cap / 32].permitted & 1u << cap % 32;

		if (!kept && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EPERM)
			return eftf_err_set(err, errno, "cannot drop capability %d: %s", cap,
					    strerror(errno));
	}
	/* The ambient set goes with the inheritable one. */
	for (int i = 0; i < 2; i++) {
		now[i].inheritable = now[i].permitted & had[i].inheritable;
		now[i].permitted &= had[i].permitted;
		now[i].effective = now[i].permitted;
	}
	if (syscall(SYS_capset, &head, now))
		return eftf_err_set(err, errno, "capset: %s", strerror(errno));
	return 0;
}

int eftf_sandbox_files(uint64_t handled, const char *const *readable, size_t n,
		       struct eftf_err *err)
{
	const struct landlock_ruleset_attr all = { .handled_access_fs = handled };
	int fd = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0), ret = 0;

	if (fd < 0)
		return eftf_err_set(err, EOPNOTSUPP, "this kernel has no Landlock, or it is off");
	for (size_t i = 0; i < n; i++) {
		struct landlock_path_beneath_attr rule = {
			.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
			.parent_fd = open(readable[i], O_PATH | O_CLOEXEC),
		};

		if (rule.parent_fd < 0)
			continue;
		syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
		close(rule.parent_fd);
	}
	if (syscall(SYS_landlock_restrict_self, fd, 0))
		ret = eftf_err_set(err, errno, "Landlock: %s", strerror(errno));
	close(fd);
	return ret;
}

int eftf_sandbox_filter(uint32_t otherwise, int (*add_rules)(void *filter, const void *arg),
			const void *arg, struct eftf_err *err)
{
	scmp_filter_ctx filter;
	int ret;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 ||
	    (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) && errno == EINVAL))
		return eftf_err_set(err, EOPNOTSUPP,
				    "this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER): system calls are not limited");
	filter = seccomp_init(otherwise);
	if (!filter)
		return eftf_err_set(err, ENOMEM, "libseccomp makes no filter");
	ret = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);	/* a tree, not a list */
	if (!ret)
		ret = add_rules(filter, arg);
	if (!ret)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	return ret ? eftf_err_set(err, -ret, "the seccomp filter is refused: %s", strerror(-ret)) : 0;
}

/*
 * Where words have 32 bits libc calls what has wider arguments in the place of the first, and on some processors what is
 * older. What a kernel does not have is ignored by libseccomp.
 */
static const struct {
	int call, variant;
} variants[] = {
	{ SCMP_SYS(clock_getres), SCMP_SYS(clock_getres_time64) },
	{ SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64) },
	{ SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_nanosleep_time64) },
	{ SCMP_SYS(fcntl), SCMP_SYS(fcntl64) },
	{ SCMP_SYS(fstat), SCMP_SYS(fstat64) },
	{ SCMP_SYS(futex), SCMP_SYS(futex_time64) },
	{ SCMP_SYS(getegid), SCMP_SYS(getegid32) },
	{ SCMP_SYS(geteuid), SCMP_SYS(geteuid32) },
	{ SCMP_SYS(getgid), SCMP_SYS(getgid32) },
	{ SCMP_SYS(getuid), SCMP_SYS(getuid32) },
	{ SCMP_SYS(lseek), SCMP_SYS(_llseek) },
	{ SCMP_SYS(lstat), SCMP_SYS(lstat64) },
	{ SCMP_SYS(mmap), SCMP_SYS(mmap2) },
	{ SCMP_SYS(newfstatat), SCMP_SYS(fstatat64) },
	{ SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64) },
	{ SCMP_SYS(pselect6), SCMP_SYS(pselect6_time64) },
	{ SCMP_SYS(recvfrom), SCMP_SYS(recv) },
	{ SCMP_SYS(recvmmsg), SCMP_SYS(recvmmsg_time64) },
	{ SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn) },
	{ SCMP_SYS(select), SCMP_SYS(_newselect) },
	{ SCMP_SYS(sendto), SCMP_SYS(send) },
	{ SCMP_SYS(stat), SCMP_SYS(stat64) },
	{ SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_settime64) },
};

static int add(void *filter, uint32_t action, const int *calls, size_t n)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < n; i++) {
		ret = seccomp_rule_add(filter, action, calls[i], 0);
		for (size_t v = 0; !ret && v < COUNT(variants); v++)
			if (variants[v].call == calls[i])
				ret = seccomp_rule_add(filter, action, variants[v].variant, 0);
	}
	return ret;
}

int eftf_sandbox_allow(void *filter, const int *calls, size_t n)
{
	return add(filter, SCMP_ACT_ALLOW, calls, n);
}

/* For libc's comfort: it looks for files, and does without them. */
static const int refused[] = {
	SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(stat),
	SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(readlink), SCMP_SYS(sysinfo), SCMP_SYS(uname),
};

static const int allowed[] = {
	/* what it has */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	SCMP_SYS(accept4), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(fstat), SCMP_SYS(lseek),
	/* waiting */
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(futex), SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
	SCMP_SYS(timerfd_settime), SCMP_SYS(restart_syscall),
	/* itself */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(getrandom),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(exit), SCMP_SYS(exit_group),
	SCMP_SYS(sigaltstack), SCMP_SYS(rseq), SCMP_SYS(set_robust_list),
};

#define MAPPED_CODE 4			/* PROT_EXEC */

/* Memory, but no code. On s390 mmap() has its arguments behind a pointer, out of a filter's sight. */
static int allow_memory(void *filter)
{
	const struct scmp_arg_cmp no_code = SCMP_A2(SCMP_CMP_MASKED_EQ, MAPPED_CODE, 0);
	int ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_code);

#ifdef __s390__
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 0);
#else
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_code);
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap2), 1, no_code);
#endif
	return ret;
}

enum opening { REFUSED, READ_ONLY, ANY };	/* what may be done with files */

static int allow_opening(void *filter, enum opening opening)
{
	static const int calls[] = { SCMP_SYS(openat), SCMP_SYS(open) };
	const unsigned int changing = O_ACCMODE | O_CREAT | O_TRUNC;
	int ret;

	if (opening != READ_ONLY)
		return add(filter, opening == ANY ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), calls,
			   COUNT(calls));
	ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
			       SCMP_A2(SCMP_CMP_MASKED_EQ, changing, O_RDONLY));
	return ret ? ret : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
					    SCMP_A1(SCMP_CMP_MASKED_EQ, changing, O_RDONLY));
}

static int add_rules(void *filter, const void *arg)
{
	int ret = eftf_sandbox_allow(filter, allowed, COUNT(allowed));

	if (!ret)
		ret = add(filter, SCMP_ACT_ERRNO(EACCES), refused, COUNT(refused));
	if (!ret)
		ret = allow_opening(filter, *(const enum opening *)arg);
	return ret ? ret : allow_memory(filter);
}

int eftf_sandbox_system_calls(bool needs_random, struct eftf_err *err)
{
	/* wolfSSL opens them by itself where the processor has no random numbers of its own */
	static const char *const devices[] = { "/dev/urandom", "/dev/random" };
	/* the last access of Landlock's first version, and all below it */
	const uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	enum opening opening = ANY;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return eftf_err_set(err, errno, "no_new_privs: %s", strerror(errno));
	if (eftf_sandbox_files(all, devices, COUNT(devices), err))
		opening = needs_random ? READ_ONLY : REFUSED;
	return eftf_sandbox_filter(SCMP_ACT_KILL_PROCESS, add_rules, &opening, err);
}
