// SPDX-License-Identifier: GPL-2.0-or-later
#include "cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "sandbox.h"

#ifdef __SANITIZE_ADDRESS__
#define MEMORY RLIM_INFINITY		/* the sanitizer takes more than any limit */
#else
#define MEMORY (128ul << 20)		/* octets of data; a handshake takes one or two million */
#endif
#define FILES 64

static int limit(struct eftf_err *err)
{
	static const struct {
		int what;
		rlim_t most;
	} limits[] = {
		{ RLIMIT_DATA, MEMORY }, { RLIMIT_NOFILE, FILES },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit r = { limits[i].most, limits[i].most };

		if (setrlimit(limits[i].what, &r))
			return eftf_err_set(err, errno, "setrlimit: %s", strerror(errno));
	}
	return 0;
}

/*
 * Root without capabilities still has the files of root, and is root to who is asked by a UNIX socket, as a service
 * manager. A service may not be allowed to do this: then it has a user of its own, or the rest is shut below.
 */
static int drop_user(struct eftf_err *err)
{
	static const struct eftf_sandbox_user nobody = { 65534, 65534 };
	int ret = eftf_sandbox_become(&nobody, err);

	return ret == -EPERM || ret == -EINVAL ? 0 : ret;
}

/* What names are resolved with, where every file of root could be read. */
static const char *const readable[] = {
	"/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
	"/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/passwd", "/etc/group", "/etc/localtime",
	"/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/ca-trust", "/etc/pki/tls/certs", "/etc/krb5.conf",
	"/etc/krb5.conf.d", "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/proc",
	"/sys/devices/system/cpu", "/dev/null", "/dev/random", "/dev/urandom",
};

/* Nothing in any file system is written, made or taken away; of root nothing else is read. */
static int limit_files(bool root, struct eftf_err *err)
{
	const uint64_t writing = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE |
		LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
		LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
		LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
		LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		LANDLOCK_ACCESS_FS_MAKE_SYM;
	int ret = root ? eftf_sandbox_files(writing | LANDLOCK_ACCESS_FS_READ_FILE, readable,
					    sizeof(readable) / sizeof(readable[0]), err) :
			 eftf_sandbox_files(writing, NULL, 0, err);

	return ret == -EOPNOTSUPP ? 0 : ret;
}

/* Sockets, reading of files, threads (names are resolved by one), waiting, and itself. */
static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat),
	SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
	SCMP_SYS(fcntl), SCMP_SYS(ioctl), SCMP_SYS(dup), SCMP_SYS(pipe2), SCMP_SYS(eventfd2),
	SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(shutdown),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(sendto),
	SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(restart_syscall),
	SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect),
	SCMP_SYS(madvise), SCMP_SYS(getrandom), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
	SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
	SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(tgkill),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* The place of clone()'s flags */
#ifdef __s390__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

static int add_rules(void *filter, const void *arg)
{
	const struct scmp_arg_cmp thread = SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	const unsigned int making = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
	const bool *root = arg;
	int ret = eftf_sandbox_allow(filter, allowed, sizeof(allowed) / sizeof(allowed[0]));

	if (!ret && *root)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	else if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 0);
	/* its flags are out of a filter's sight; without it libc takes clone() */
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, thread);
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, making, 0));
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, making, 0));
	return ret;
}

/* What is not known here fails: a system's way to resolve names may ask for much, and can do without. */
static int filter_system_calls(bool root, struct eftf_err *err)
{
	int ret = eftf_sandbox_filter(SCMP_ACT_ERRNO(EPERM), add_rules, &root, err);

	if (ret != -EOPNOTSUPP)
		return ret;
	log_debug("%s", err->text);
	return 0;
}

int eftf_cage_enter(pid_t parent, struct eftf_err *err)
{
	int ret = limit(err);
	bool root;

	if (!ret)
		ret = drop_user(err);
	root = !geteuid();
	if (!ret)
		ret = eftf_sandbox_capabilities(NULL, 0, err);
	if (!ret && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		ret = eftf_err_set(err, errno, "no_new_privs: %s", strerror(errno));
	/* a change of the user takes these back */
	if (!ret)
		ret = eftf_sandbox_no_dumps(err);
	if (!ret)
		ret = eftf_sandbox_die_with(parent, err);
	if (!ret)
		ret = limit_files(root, err);
	return ret ? ret : filter_system_calls(root, err);
}
