// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/resolve.c ue/targets.c ue/signals.c lib/nat64.c lib/err.c lib/log.c lib/log_json.c lib/addr.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "ue/resolve.h"

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
	assert_true(eftf_now_ms() - begun < 5000);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address), cmocka_unit_test(test_time),
		cmocka_unit_test(test_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
