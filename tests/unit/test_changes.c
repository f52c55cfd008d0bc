/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: ue/changes.c lib/nl_rt.c lib/nl_sock.c lib/nl_attr.c lib/err.c lib/log.c lib/log_json.c */
/* libs: -lmnl */
/* What changes around the program: sleep told from a clock that is set, and a network that settles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "clock.h"
#include "ue/changes.h"

static void test_sleep(void **state)
{
	struct eftf_changes c = { .asleep = 1000 };

	(void)state;
	eftf_changes_clock(&c, 1000);
	assert_true(c.clock_set);
	assert_true(c.slept == 0);
	c.clock_set = false;
	eftf_changes_clock(&c, 1000 + 3600000);
	assert_false(c.clock_set);
	assert_true(c.slept == 3600000);
	/* a second time before it was read */
	eftf_changes_clock(&c, 1000 + 2 * 3600000);
	assert_true(c.slept == 2 * 3600000);
	/* too short to matter */
	eftf_changes_clock(&c, 1000 + 2 * 3600000 + EFTF_CHANGES_SLEEP_MS - 1);
	assert_true(c.slept == 2 * 3600000);
	assert_true(c.clock_set);
}

static void test_network(void **state)
{
	struct eftf_changes c;
	struct eftf_err err;
	struct pollfd pfd[EFTF_CHANGES_FDS];

	(void)state;
	if (eftf_changes_open(&c, &err))
		fail_msg("%s", err.text);
	eftf_changes_forget(&c);
	eftf_changes_fds(&c, pfd);
	assert_true(pfd[0].fd >= 0);
	assert_true(pfd[1].fd >= 0);
	assert_false(eftf_changes_network(&c));
	assert_false(c.clock_set);
	c.network_at = eftf_now_ms() + 60000;
	assert_false(eftf_changes_network(&c));
	c.network_at = eftf_now_ms();
	assert_true(eftf_changes_network(&c));
	assert_false(eftf_changes_network(&c));
	eftf_changes_close(&c);
	eftf_changes_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sleep),
		cmocka_unit_test(test_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
