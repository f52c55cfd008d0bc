/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: ue/hook.c ue/hook_env.c ue/signals.c lib/addr.c lib/log.c lib/log_json.c lib/err.c */
/* Hooks: what they are told, in which order they run, and that they keep no time but their own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "clock.h"
#include "log.h"
#include "ue/hook.h"

#define LONG_MS 60000

static struct eftf_hooks hooks;
static struct eftf_lease4 lease;
static struct eftf_routes routes;
static struct sockaddr_storage peer;
static char folder[] = "/tmp/eftf-test-hook-XXXXXX", script[64], told[64], gate[64], log_file[64];
static int saved_stderr;

static struct in_addr addr(const char *text)
{
	struct in_addr a;

	assert_int_equal(inet_pton(AF_INET, text, &a), 1);
	return a;
}

static struct eftf_hook_info info(void)
{
	return (struct eftf_hook_info){
		.device = "eftf7", .lease = &lease, .routes = &routes, .peer = &peer, .plen = 32,
		.mtu = 1400, .keepalive = 20, .pid = 4711,
	};
}

static char *contents(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	return text;
}

/* Runs of a script with WAIT in it come to their end from now on. */
static void open_gate(void)
{
	close(open(gate, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

#define WAIT "while ! [ -e \"${0%/*}/gate\" ]; do sleep 0.05; done"

/* The hook is a shell script; a run tells its reason and then does this. */
static void write_script(const char *rest)
{
	FILE *f = fopen(script, "we");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\necho \"$EFTF_REASON $EFTF_ADDRESS\" >>%s\n%s\n", told, rest);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(script, 0755), 0);
	unlink(told);
	unlink(gate);
}

static int setup(void **state)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&peer;
	int fd;

	(void)state;
	memset(&lease, 0, sizeof(lease));
	lease.address = addr("10.64.0.7");
	lease.mask = addr("255.255.0.0");
	lease.router = addr("10.64.0.1");
	lease.dns[0] = addr("10.20.0.53");
	lease.dns[1] = addr("10.20.0.54");
	lease.n_dns = 2;
	lease.sip[0] = addr("10.20.0.10");
	lease.n_sip = 1;
	lease.seconds = 3600;
	routes.prefix[0] = (struct eftf_value_prefix){ .addr = addr("10.20.0.0"), .plen = 16 };
	routes.prefix[1] = (struct eftf_value_prefix){ .addr = addr("10.64.0.1"), .plen = 32 };
	routes.n = 2;
	memset(&peer, 0, sizeof(peer));
	sin->sin_family = AF_INET;
	sin->sin_addr = addr("198.51.100.1");
	sin->sin_port = htons(443);
	hooks = (struct eftf_hooks){ .pidfd = -1, .output = -1 };
	/* the log, which is standard error, can be read here */
	saved_stderr = dup(STDERR_FILENO);
	fd = open(log_file, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
	dup2(fd, STDERR_FILENO);
	close(fd);
	eftf_log_open("test", EFTF_LOG_DEBUG, false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	free(hooks.told);
	return 0;
}

static void tell(enum eftf_hook_reason reason, unsigned int limit_ms)
{
	struct eftf_hook_info i = info();

	eftf_hooks_tell(&hooks, script, limit_ms, reason, &i);
}

/* Goes the rounds of the caller until nothing is to be done any more. */
static void run_all(void)
{
	uint64_t end = eftf_now_ms() + 20000;

	while (eftf_hooks_busy(&hooks) && eftf_ms_left(end) > 0) {
		struct pollfd pfd[EFTF_HOOK_FDS];
		uint64_t due = eftf_hooks_due(&hooks);

		eftf_hooks_fds(&hooks, pfd);
		poll(pfd, EFTF_HOOK_FDS, eftf_ms_left(due < end ? due : end));
		eftf_hooks_step(&hooks);
	}
	assert_false(eftf_hooks_busy(&hooks));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);	/* nothing is left */
}

static void must_have(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("expected: %s\nseen: %s", what, text);
}

/* ---- environment --------------------------------------------------------------- */

static const char *value(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return "(not set)";
}

static void test_environment(void **state)
{
	static const struct {
		const char *name, *value;
	} expected[] = {
		{ "EFTF_REASON", "up" }, { "EFTF_DEVICE", "eftf7" }, { "EFTF_ADDRESS", "10.64.0.7" },
		{ "EFTF_MASK", "255.255.0.0" }, { "EFTF_GATEWAY", "10.64.0.1" },
		{ "EFTF_DNS", "10.20.0.53 10.20.0.54" }, { "EFTF_PCSCF", "10.20.0.10" },
		{ "EFTF_MTU", "1400" }, { "EFTF_ROUTES", "10.20.0.0/16 10.64.0.1/32" },
		{ "EFTF_PEER", "198.51.100.1" }, { "EFTF_LEASE", "3600" }, { "EFTF_KEEPALIVE", "20" },
		{ "EFTF_PID", "4711" },
		{ "reason", "connect" }, { "TUNDEV", "eftf7" }, { "VPNGATEWAY", "198.51.100.1" },
		{ "VPNPID", "4711" }, { "INTERNAL_IP4_ADDRESS", "10.64.0.7" },
		{ "INTERNAL_IP4_NETMASK", "255.255.255.255" }, { "INTERNAL_IP4_NETMASKLEN", "32" },
		{ "INTERNAL_IP4_NETADDR", "10.64.0.7" },
		{ "INTERNAL_IP4_DNS", "10.20.0.53 10.20.0.54" }, { "INTERNAL_IP4_MTU", "1400" },
		{ "CISCO_SPLIT_INC", "0" },
	};
	struct eftf_hook_info i = info();
	char *facts, **env;
	size_t size, n;

	(void)state;
	facts = eftf_hook_facts(&i, &size);
	assert_non_null(facts);
	env = eftf_hook_env(EFTF_HOOK_UP, facts, size);
	assert_non_null(env);
	for (n = 0; n < sizeof(expected) / sizeof(expected[0]); n++)
		if (strcmp(value(env, expected[n].name), expected[n].value))
			fail_msg("%s: expected: %s, seen: %s", expected[n].name, expected[n].value,
				 value(env, expected[n].name));
	for (n = 0; env[n]; n++)
		;
	assert_int_equal(n, sizeof(expected) / sizeof(expected[0]) + 1);	/* and PATH */
	free(env);
	env = eftf_hook_env(EFTF_HOOK_DOWN, facts, size);
	assert_string_equal(value(env, "reason"), "disconnect");
	free(env);
	free(facts);
}

/* What is not known is empty, and is there. */
static void test_environment_of_little(void **state)
{
	struct eftf_hook_info i = info();
	char *facts, **env;
	size_t size;

	(void)state;
	memset(&lease, 0, sizeof(lease));
	lease.address = addr("10.64.0.7");
	lease.seconds = 0xffffffffu;
	strcpy(lease.sip_name, "pcscf.ims.example");
	routes.n = 0;
	memset(&peer, 0, sizeof(peer));
	peer.ss_family = AF_INET6;
	((struct sockaddr_in6 *)&peer)->sin6_addr.s6_addr[15] = 9;
	i.plen = 24;
	facts = eftf_hook_facts(&i, &size);
	env = eftf_hook_env(EFTF_HOOK_RENEW, facts, size);
	assert_string_equal(value(env, "EFTF_REASON"), "renew");
	assert_string_equal(value(env, "EFTF_MASK"), "");
	assert_string_equal(value(env, "EFTF_GATEWAY"), "");
	assert_string_equal(value(env, "EFTF_DNS"), "");
	assert_string_equal(value(env, "EFTF_ROUTES"), "");
	assert_string_equal(value(env, "EFTF_PCSCF"), "pcscf.ims.example");
	assert_string_equal(value(env, "EFTF_LEASE"), "infinite");
	assert_string_equal(value(env, "VPNGATEWAY"), "::9");
	assert_string_equal(value(env, "INTERNAL_IP4_NETMASK"), "255.255.255.0");
	assert_string_equal(value(env, "INTERNAL_IP4_NETADDR"), "10.64.0.0");
	free(env);
	free(facts);
}

static void test_environment_of_ipv6(void **state)
{
	static const struct {
		const char *name, *value;
	} expected[] = {
		{ "EFTF_ADDRESS6", "fd00:64::7" }, { "EFTF_GATEWAY6", "fd00:64::1" }, { "EFTF_DNS6", "fd00:20::53" },
		{ "EFTF_PCSCF6", "fd00:20::10" }, { "EFTF_ROUTES6", "fd00:20::/64" },
		{ "EFTF_PREFIX6", "fd00:64::/64" },
		{ "INTERNAL_IP6_ADDRESS", "fd00:64::7" }, { "INTERNAL_IP6_NETMASK", "fd00:64::7/128" },
		{ "INTERNAL_IP6_DNS", "fd00:20::53" }, { "CISCO_IPV6_SPLIT_INC", "0" },
	};
	struct eftf_six six = { .lease = { .n_dns = 1, .n_sip = 1 } };
	struct eftf_routes6 routes6 = { .n = 1 };
	struct eftf_hook_info i = info();
	char *facts, **env;
	size_t size;

	(void)state;
	assert_int_equal(inet_pton(AF_INET6, "fd00:64::7", &six.lease.address), 1);
	assert_int_equal(inet_pton(AF_INET6, "fd00:64::1", &six.lease.unicast), 1);
	assert_int_equal(inet_pton(AF_INET6, "fd00:20::53", &six.lease.dns[0]), 1);
	assert_int_equal(inet_pton(AF_INET6, "fd00:20::10", &six.lease.sip[0]), 1);
	assert_int_equal(inet_pton(AF_INET6, "fd00:20::", &routes6.prefix[0].addr), 1);
	assert_int_equal(inet_pton(AF_INET6, "fd00:64::", &routes6.own.addr), 1);
	routes6.own.plen = 64;
	routes6.prefix[0].plen = 64;
	i.six = &six;
	i.routes6 = &routes6;
	facts = eftf_hook_facts(&i, &size);
	env = eftf_hook_env(EFTF_HOOK_UP, facts, size);
	for (size_t n = 0; n < sizeof(expected) / sizeof(expected[0]); n++)
		assert_string_equal(value(env, expected[n].name), expected[n].value);
	free(env);
	free(facts);
	/* there is none */
	memset(&six.lease.address, 0, sizeof(six.lease.address));
	facts = eftf_hook_facts(&i, &size);
	env = eftf_hook_env(EFTF_HOOK_UP, facts, size);
	assert_string_equal(value(env, "INTERNAL_IP6_ADDRESS"), "(not set)");
	free(env);
	free(facts);
}

/* ---- runs ------------------------------------------------------------------------ */

static void test_one_after_the_other(void **state)
{
	(void)state;
	write_script(WAIT);
	tell(EFTF_HOOK_UP, LONG_MS);
	lease.dns[0] = addr("10.20.0.55");
	tell(EFTF_HOOK_RENEW, LONG_MS);
	assert_true(eftf_hooks_busy(&hooks));	/* none of them was waited for */
	open_gate();
	run_all();
	tell(EFTF_HOOK_RENEW, LONG_MS);		/* no news */
	assert_false(eftf_hooks_busy(&hooks));
	lease.address = addr("10.64.0.8");
	tell(EFTF_HOOK_DOWN, LONG_MS);
	tell(EFTF_HOOK_UP, LONG_MS);
	run_all();
	/* the end is that of the address that was told before */
	assert_string_equal(contents(told), "up 10.64.0.7\nrenew 10.64.0.7\ndown 10.64.0.7\nup 10.64.0.8\n");
}

static void test_superfluous_runs(void **state)
{
	(void)state;
	write_script(WAIT);
	tell(EFTF_HOOK_DOWN, LONG_MS);		/* of nothing */
	assert_false(eftf_hooks_busy(&hooks));
	tell(EFTF_HOOK_UP, LONG_MS);
	for (int i = 0; i < 20; i++) {
		tell(EFTF_HOOK_DOWN, LONG_MS);
		lease.address = addr("10.64.0.8");
		tell(EFTF_HOOK_UP, LONG_MS);
		lease.dns[0].s_addr++;
		tell(EFTF_HOOK_RENEW, LONG_MS);
	}
	open_gate();
	run_all();
	assert_string_equal(contents(told), "up 10.64.0.7\ndown 10.64.0.7\nup 10.64.0.8\n");
	write_script(WAIT);
	tell(EFTF_HOOK_DOWN, LONG_MS);
	tell(EFTF_HOOK_UP, LONG_MS);
	tell(EFTF_HOOK_DOWN, LONG_MS);
	open_gate();
	run_all();
	assert_string_equal(contents(told), "down 10.64.0.8\n");
}

static void test_one_that_hangs(void **state)
{
	uint64_t before;

	(void)state;
	write_script("sleep 100 & sleep 100");
	tell(EFTF_HOOK_UP, 300);
	tell(EFTF_HOOK_DOWN, 300);
	assert_true(eftf_hooks_busy(&hooks));
	run_all();
	must_have(contents(log_file), "(up): took longer than 0.3 s, killed");
	must_have(contents(log_file), "(down): took longer than 0.3 s, killed");
	write_script("sleep 100");
	tell(EFTF_HOOK_UP, LONG_MS);
	before = eftf_now_ms();
	eftf_hooks_hurry(&hooks);
	run_all();
	assert_true(eftf_now_ms() - before < EFTF_HOOK_STOP_MS + 5000);
}

static void test_what_it_says(void **state)
{
	(void)state;
	write_script("echo one; echo two >&2; printf 'with\\tan escape \\033[2J'");
	tell(EFTF_HOOK_UP, LONG_MS);
	run_all();
	must_have(contents(log_file), ": one\n");
	must_have(contents(log_file), ": two\n");
	must_have(contents(log_file), ": with?an escape ?[2J\n");
	/* more than anyone wants to read; and one that outlives it, and has its output */
	write_script("sleep 30 & echo $! >\"$0.pid\"; i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done");
	tell(EFTF_HOOK_DOWN, LONG_MS);
	run_all();
	must_have(contents(log_file), ": line 49\n");
	assert_null(strstr(contents(log_file), ": line 50\n"));
	must_have(contents(log_file), "and 19950 lines more");
	{
		char pid[80];

		snprintf(pid, sizeof(pid), "%s.pid", script);
		assert_int_equal(kill(atoi(contents(pid)), SIGKILL), 0);	/* it was left alone */
		unlink(pid);
	}
}

static void test_failures(void **state)
{
	(void)state;
	write_script("exit 3");
	tell(EFTF_HOOK_UP, LONG_MS);
	run_all();
	must_have(contents(log_file), "(up): exit status 3");
	write_script("kill -SEGV $$");
	tell(EFTF_HOOK_DOWN, LONG_MS);
	run_all();
	must_have(contents(log_file), "(down): killed by signal 11");
	assert_int_equal(chmod(script, 0644), 0);
	tell(EFTF_HOOK_UP, LONG_MS);
	run_all();
	must_have(contents(log_file), "(up): cannot be run: is it there and executable?");
	eftf_hooks_tell(&hooks, NULL, LONG_MS, EFTF_HOOK_DOWN, NULL);
	assert_false(eftf_hooks_busy(&hooks));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_environment_of_little, setup, teardown),
		cmocka_unit_test_setup_teardown(test_environment_of_ipv6, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_after_the_other, setup, teardown),
		cmocka_unit_test_setup_teardown(test_superfluous_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_that_hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_it_says, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failures, setup, teardown),
	};
	int ret;

	if (!mkdtemp(folder))
		return 1;
	snprintf(script, sizeof(script), "%s/hook", folder);
	snprintf(told, sizeof(told), "%s/told", folder);
	snprintf(gate, sizeof(gate), "%s/gate", folder);
	snprintf(log_file, sizeof(log_file), "%s/log", folder);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(script);
	unlink(told);
	unlink(gate);
	unlink(log_file);
	rmdir(folder);
	return ret;
}
