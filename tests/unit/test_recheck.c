/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: ue/recheck.c */
/* When the direct way is looked at again, and when the tunnel is left for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ue/recheck.h"

#define EVERY 1800000u

static struct eftf_recheck r;
static uint64_t now, packets;

static int begin(void **state)
{
	(void)state;
	now = 5000;
	packets = 1000;
	eftf_recheck_begin(&r, now, EVERY);
	return 0;
}

/* Until it says so, or ms have passed. */
static bool quiet_within(uint64_t ms, uint64_t packet_every)
{
	uint64_t end = now + ms, next = now + packet_every;

	while (now < end) {
		now = r.at;
		for (; packet_every && next <= now; next += packet_every)
			packets++;
		if (eftf_recheck_quiet(&r, now, packets))
			return true;
		if (!r.direct)
			return false;
	}
	return false;
}

static void test_nothing_to_look_at(void **state)
{
	(void)state;
	eftf_recheck_begin(&r, now, 0);
	assert_true(r.at == UINT64_MAX);
}

static void test_looks_again_and_again(void **state)
{
	(void)state;
	assert_true(r.at == now + EVERY);
	now = r.at + 700;
	eftf_recheck_seen(&r, now, false, packets);
	assert_false(r.direct);
	assert_true(r.at == now + EVERY);
}

static void test_a_quiet_tunnel_is_left(void **state)
{
	uint64_t from;

	(void)state;
	eftf_recheck_seen(&r, now, true, packets);
	from = now;
	assert_true(quiet_within(60000, 0));
	assert_in_range(now - from, EFTF_RECHECK_QUIET_MS, EFTF_RECHECK_QUIET_MS + 5000);
}

/* Speech, a call on hold with RTCP alone in both directions at its slowest, one direction of it with a little. */
static void test_a_call_is_never_left(void **state)
{
	static const uint64_t every[] = { 20, 160, 3750, 7000 };

	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		begin(state);
		eftf_recheck_seen(&r, now, true, packets);
		assert_false(quiet_within(EVERY, every[i]));
	}
}

/* A machine that slept for an hour has not seen an hour of quiet: the call may go on. */
static void test_time_asleep_is_not_quiet(void **state)
{
	(void)state;
	eftf_recheck_seen(&r, now, true, packets);
	assert_false(quiet_within(10000, 20));
	now += 3600000;
	assert_false(eftf_recheck_quiet(&r, now, packets));
	assert_true(quiet_within(60000, 0));
}

/* Registrations and their keep-alives are no call. */
static void test_what_comes_seldom_holds_nothing_up(void **state)
{
	(void)state;
	eftf_recheck_seen(&r, now, true, packets);
	assert_true(quiet_within(120000, 15000));
}

static void test_after_a_long_call_the_direct_way_is_looked_at_anew(void **state)
{
	(void)state;
	eftf_recheck_seen(&r, now, true, packets);
	assert_false(quiet_within(2 * EVERY, 20));
	assert_false(r.direct);
	assert_in_range(now, 5000 + EVERY, 5000 + EVERY + 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing_to_look_at, begin),
		cmocka_unit_test_setup(test_looks_again_and_again, begin),
		cmocka_unit_test_setup(test_a_quiet_tunnel_is_left, begin),
		cmocka_unit_test_setup(test_a_call_is_never_left, begin),
		cmocka_unit_test_setup(test_time_asleep_is_not_quiet, begin),
		cmocka_unit_test_setup(test_what_comes_seldom_holds_nothing_up, begin),
		cmocka_unit_test_setup(test_after_a_long_call_the_direct_way_is_looked_at_anew, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
