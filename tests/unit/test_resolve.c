// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/resolve.c ue/targets.c ue/signals.c lib/nat64.c lib/err.c lib/log.c lib/log_json.c lib/addr.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "ue/resolve.h"

/*
 * Before the C library's: a name server that never answers to "silent.invalid", as when it is only to be reached
 * through the tunnel that is gone.
 */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list)
{
	int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	while (!strcmp(node, "silent.invalid"))
		pause();
	*(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
	return next ? next(node, service, hints, list) : EAI_SYSTEM;
}

static struct eftf_signals quiet = { .fd = -1 };

/* No name server is asked for what is an address already. */
static void test_address(void **state)
{
	struct sockaddr_storage out[EFTF_TARGETS_MAX];
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&out[0];
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_resolve("192.0.2.7", &quiet, 5000, out, &err), 1);
	assert_int_equal(sin->sin_family, AF_INET);
	assert_int_equal(sin->sin_addr.s_addr, inet_addr("192.0.2.7"));
}

/* The time and a signal are obeyed. */
static void test_time(void **state)
{
	struct eftf_signals stopped = { .fd = -1, .stop = true };
	struct sockaddr_storage out[EFTF_TARGETS_MAX];
	uint64_t begun = eftf_now_ms();
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_resolve("192.0.2.7", &stopped, 60000, out, &err), -EINTR);
	assert_int_equal(eftf_resolve("x.invalid", &quiet, 0, out, &err), -ETIMEDOUT);
	assert_true(eftf_now_ms() - begun < 60000);
}

static void test_targets(void **state)
{
	struct sockaddr_storage out[EFTF_TARGETS_MAX];
	struct eftf_targets t = { 0 };
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_resolve_targets(&t, "127.0.0.1", 443, &quiet, &err), 0);
	assert_int_equal(eftf_targets_begin(&t, out), 1);
	/* nothing known and no name: an error with the remedy */
	assert_int_equal(eftf_resolve_targets(&t, "-", 443, &quiet, &err), -ENXIO);
	assert_string_equal(err.text, "cannot resolve -: check the name and the DNS");
	/* something known: that goes */
	eftf_targets_resolved(&t, out, 1);
	eftf_targets_worked(&t, out);
	assert_int_equal(eftf_resolve_targets(&t, "-", 443, &quiet, &err), 0);
	assert_int_equal(eftf_targets_begin(&t, out), 1);
}

/*
 * The system's resolver has the tunnel's name servers alone (OpenWrt, or a hook with configure = no), and the tunnel is
 * gone: the address that worked is tried, long before the resolver gives up.
 */
static void test_silence(void **state)
{
	struct sockaddr_storage out[EFTF_TARGETS_MAX], worked = { .ss_family = AF_INET };
	struct sockaddr_in *sin = (struct sockaddr_in *)&worked;
	struct eftf_targets t = { 0 };
	struct eftf_err err;
	uint64_t begun;

	(void)state;
	sin->sin_addr.s_addr = inet_addr("192.0.2.7");
	eftf_targets_of(&t, "silent.invalid", 443);
	eftf_targets_resolved(&t, &worked, 1);
	eftf_targets_worked(&t, &worked);
	begun = eftf_now_ms();
	if (eftf_resolve_targets(&t, "silent.invalid", 443, &quiet, &err))
		fail_msg("expected the address that worked, seen: %s", err.text);
	if (eftf_now_ms() - begun > 8000)
		fail_msg("expected it within 8000 ms, seen %u", (unsigned int)(eftf_now_ms() - begun));
	assert_int_equal(eftf_targets_begin(&t, out), 1);
	assert_int_equal(((struct sockaddr_in *)&out[0])->sin_addr.s_addr, sin->sin_addr.s_addr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address), cmocka_unit_test(test_time),
		cmocka_unit_test(test_targets), cmocka_unit_test(test_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
