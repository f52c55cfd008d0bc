// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/backoff.c lib/random.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backoff.h"

static void test_doubles_to_the_cap(void **state)
{
	static const unsigned int want[] = {
		1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 150000, 150000,
	};
	struct eftf_backoff b = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(eftf_backoff_draw(&b, 0), want[i]);
}

static void test_jitter_stays_in_bounds(void **state)
{
	uint32_t random = 1;
	int round, i;

	(void)state;
	for (round = 0; round < 200; round++) {
		struct eftf_backoff b = { 0 };

		for (i = 0; i < 20; i++) {
			unsigned int ms = eftf_backoff_draw(&b, random);

			random = random * 1664525u + 1013904223u;
			assert_in_range(ms, EFTF_BACKOFF_MIN_MS, EFTF_BACKOFF_MAX_MS);
		}
	}
}

static void test_jitter_spreads(void **state)
{
	struct eftf_backoff a = { 0 }, b = { 0 };

	(void)state;
	assert_int_equal(eftf_backoff_draw(&a, 0), 1000);
	assert_int_equal(eftf_backoff_draw(&b, 1000), 2000);
}

static void test_only_a_long_life_resets(void **state)
{
	struct eftf_backoff b = { 0 };

	(void)state;
	eftf_backoff_draw(&b, 0);
	eftf_backoff_draw(&b, 0);
	eftf_backoff_up(&b, 7);
	eftf_backoff_down(&b, 7 + EFTF_BACKOFF_STABLE_MS - 1);
	assert_int_equal(eftf_backoff_draw(&b, 0), 4000);
	eftf_backoff_down(&b, 7 + EFTF_BACKOFF_STABLE_MS);	/* there was none meanwhile */
	assert_int_equal(eftf_backoff_draw(&b, 0), 8000);
	eftf_backoff_up(&b, 7);
	eftf_backoff_down(&b, 7 + EFTF_BACKOFF_STABLE_MS);
	assert_int_equal(eftf_backoff_draw(&b, 0), 1000);
}

/* A tunnel that ends while its next connection is made has a successor at once: the line's life goes on. */
static void test_a_successor_goes_on(void **state)
{
	struct eftf_backoff b = { .failures = 6 };

	(void)state;
	eftf_backoff_up(&b, 1000);
	eftf_backoff_up(&b, 1000 + EFTF_BACKOFF_STABLE_MS - 10);
	eftf_backoff_down(&b, 1000 + EFTF_BACKOFF_STABLE_MS);
	assert_int_equal(eftf_backoff_draw(&b, 0), 1000);
	/* and begins anew with the next one */
	eftf_backoff_up(&b, 200000);
	eftf_backoff_down(&b, 210000);
	assert_int_equal(eftf_backoff_draw(&b, 0), 2000);
}

static void test_failure_count_does_not_wrap(void **state)
{
	struct eftf_backoff b = { .failures = UINT32_MAX };

	(void)state;
	assert_int_equal(eftf_backoff_draw(&b, 0), EFTF_BACKOFF_MAX_MS / 2);
	assert_int_equal(eftf_backoff_draw(&b, 0), EFTF_BACKOFF_MAX_MS / 2);
}

static void test_the_kernels_random_numbers_jitter(void **state)
{
	unsigned int ms, first = 0;
	bool differs = false;
	int i;

	(void)state;
	for (i = 0; i < 64; i++) {
		struct eftf_backoff b = { 0 };

		ms = eftf_backoff_next(&b);
		assert_in_range(ms, 1000, 2000);
		assert_int_equal(b.failures, 1);
		if (!i)
			first = ms;
		differs |= ms != first;
	}
	assert_true(differs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubles_to_the_cap),
		cmocka_unit_test(test_jitter_stays_in_bounds),
		cmocka_unit_test(test_jitter_spreads),
		cmocka_unit_test(test_only_a_long_life_resets),
		cmocka_unit_test(test_a_successor_goes_on),
		cmocka_unit_test(test_failure_count_does_not_wrap),
		cmocka_unit_test(test_the_kernels_random_numbers_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
