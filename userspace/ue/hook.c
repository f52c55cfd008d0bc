// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

enum { ENV_REASON, ENV_DEVICE, ENV_ADDRESS, ENV_MASK, ENV_GATEWAY, ENV_DNS, ENV_PCSCF, ENV_MTU,
       ENV_PATH, ENV_COUNT };

struct environment {
	char text[ENV_COUNT][512];
	char *list[ENV_COUNT + 1];
};

static void append_addrs(char *out, size_t size, const struct in_addr *addr, size_t n)
{
	char text[INET_ADDRSTRLEN];
	size_t i;

	for (i = 0; i < n; i++) {
		size_t len = strlen(out);

		if (inet_ntop(AF_INET, &addr[i], text, sizeof(text)))
			snprintf(out + len, size - len, "%s%s", i ? " " : "", text);
	}
}

static void put_addrs(char *out, size_t size, const char *name, const struct in_addr *addr,
		      size_t n)
{
	snprintf(out, size, "%s=", name);
	append_addrs(out, size, addr, n);
}

static void fill(struct environment *env, const struct eftf_hook_info *info)
{
	const struct eftf_lease4 *lease = info->lease;
	const char *path = getenv("PATH");
	const size_t size = sizeof(env->text[0]);
	struct in_addr gateway = eftf_lease4_gateway(lease);
	int i;

	snprintf(env->text[ENV_REASON], size, "EFTF_REASON=%s", info->reason);
	snprintf(env->text[ENV_DEVICE], size, "EFTF_DEVICE=%s", info->device);
	put_addrs(env->text[ENV_ADDRESS], size, "EFTF_ADDRESS", &lease->address, 1);
	put_addrs(env->text[ENV_MASK], size, "EFTF_MASK", &lease->mask, lease->mask.s_addr ? 1 : 0);
	put_addrs(env->text[ENV_GATEWAY], size, "EFTF_GATEWAY", &gateway, gateway.s_addr ? 1 : 0);
	put_addrs(env->text[ENV_DNS], size, "EFTF_DNS", lease->dns, lease->n_dns);
	put_addrs(env->text[ENV_PCSCF], size, "EFTF_PCSCF", lease->sip, lease->n_sip);
	if (!lease->n_sip)
		snprintf(env->text[ENV_PCSCF], size, "EFTF_PCSCF=%s", lease->sip_name);
	snprintf(env->text[ENV_MTU], size, "EFTF_MTU=%u", info->mtu);
	snprintf(env->text[ENV_PATH], size, "PATH=%s", path && strlen(path) < size - 6 ? path :
		 "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	for (i = 0; i < ENV_COUNT; i++)
		env->list[i] = env->text[i];
	env->list[ENV_COUNT] = NULL;
}

static void child(const char *path, char *const *env)
{
	char *const argv[] = { (char *)path, NULL };
	int null = open("/dev/null", O_RDWR);

	setpgid(0, 0);
	eftf_signals_undo();
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	execve(path, argv, env);
	_exit(127);
}

static void report(const char *path, int status)
{
	if (WIFSIGNALED(status))
		log_warn("hook %s: killed by signal %d", path, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 127)
		log_warn("hook %s: cannot be run: is it there and executable?", path);
	else if (WEXITSTATUS(status))
		log_warn("hook %s: exit status %d", path, WEXITSTATUS(status));
}

void eftf_hook_run(const char *path, const struct eftf_hook_info *info, struct eftf_signals *sig,
		   unsigned int timeout_ms)
{
	uint64_t deadline = eftf_now_ms() + timeout_ms;
	struct environment env;
	int fd, ready, status;
	pid_t pid;

	if (!path)
		return;
	fill(&env, info);
	pid = fork();
	if (pid < 0) {
		log_warn("hook %s: fork: %s", path, strerror(errno));
		return;
	}
	if (pid == 0)
		child(path, env.list);
	setpgid(pid, pid);	/* in parent and child, so that kill(-pid) below works in any order */
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	ready = fd < 0 ? -errno : eftf_wait(sig, fd, POLLIN, deadline);
	if (fd >= 0)
		close(fd);
	if (ready <= 0) {
		log_warn("hook %s (%s): %s, killed", path, info->reason,
			 ready == -EINTR ? "interrupted" :
			 ready ? strerror(-ready) : "took too long");
		kill(-pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (ready > 0)
		report(path, status);
}
