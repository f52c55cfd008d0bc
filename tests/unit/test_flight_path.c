// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ../kmod/flight.c */
/* The module's bound of what is outstanding, on a path (flight_path.h); test_flight.c has its rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flight_path.h"

#define SECOND	1000000ull

static void voice_is_not_late_on_any_link(void **state)
{
	static const unsigned int kbits[] = {500, 2000, 20000}, rtts[] = {20, 50, 150},
				  buffers[] = {50, 200, 1000};
	unsigned int i, j, k;

	(void)state;
	for (i = 0; i < 3; i++)
		for (j = 0; j < 3; j++)
			for (k = 0; k < 3; k++) {
				struct path *p = path_new(kbits[i], rtts[j] * 1000, buffers[k]);

				p->voice = true;
				path_run(p, 5);
				path_reset(p);
				path_run(p, 30);
				assert_in_range(path_delay(p, 99), rtts[j] / 2,
						rtts[j] / 2 + (kbits[i] < 2000 ? 120 : 45));
				assert_int_equal(p->voice_lost, 0);
				assert_in_range(path_share(p, false), kbits[i] < 2000 ? 75 : 92, 100);
				free(p);
			}
}

static void a_call_with_signalling_begins_beside_bulk(void **state)
{
	struct path *p = path_new(2000, 50000, 200);

	(void)state;
	path_run(p, 20);
	p->s.voice_at = (u32)(p->now / SECOND);
	path_run(p, 3);
	p->voice = true;
	path_reset(p);
	path_run(p, 12);
	assert_in_range(path_delay(p, 99), 25, 25 + 80);
	free(p);
}

static void the_path_becomes_longer_and_shorter(void **state)
{
	struct path *p = path_new(2000, 20000, 200);

	(void)state;
	p->voice = true;
	path_run(p, 10);
	p->base_us = 150000;
	path_run(p, 2);
	path_reset(p);
	path_run(p, 20);
	assert_in_range(path_delay(p, 99), 75, 75 + 80);
	assert_in_range(path_share(p, false), 88, 100);
	p->base_us = 20000;
	path_run(p, 2);
	path_reset(p);
	path_run(p, 10);
	assert_in_range(path_delay(p, 99), 10, 10 + 60);
	free(p);
}

static void packets_that_overtake_others_do_not_shorten_the_path(void **state)
{
	const u32 rtts[] = {20000, 50000, 150000};
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct path *p = path_new(2000, rtts[i], 200);

		p->voice = true;
		p->overtake = 50;
		path_run(p, 5);
		path_reset(p);
		path_run(p, 60);
		assert_in_range(path_delay(p, 99), rtts[i] / 2000, rtts[i] / 2000 + 80);
		assert_in_range(path_share(p, false), 88, 100);
		free(p);
	}
}

static void the_link_becomes_slower_and_faster(void **state)
{
	struct path *p = path_new(20000, 50000, 200);

	(void)state;
	p->voice = true;
	path_run(p, 10);
	p->rate = 250000;
	path_run(p, 3);
	path_reset(p);
	path_run(p, 10);
	assert_in_range(path_delay(p, 99), 25, 25 + 80);
	p->rate = 2500000;
	path_run(p, 5);
	path_reset(p);
	path_run(p, 10);
	assert_in_range(path_share(p, false), 92, 100);
	free(p);
}

static void others_do_not_starve_bulk_for_good(void **state)
{
	struct path *p = path_new(2000, 50000, 200);

	(void)state;
	p->voice = true;
	path_run(p, 10);
	p->other = true;
	path_run(p, 30);
	path_reset(p);
	path_run(p, 60);
	assert_in_range(path_share(p, false), 15, 100);
	assert_in_range(p->voice_lost, 0, 15);		/* of 3000; the buffer overflows without us, too */
	p->other = false;
	path_run(p, 15);
	path_reset(p);
	path_run(p, 10);
	assert_in_range(path_delay(p, 99), 25, 25 + 45);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(voice_is_not_late_on_any_link),
		cmocka_unit_test(a_call_with_signalling_begins_beside_bulk),
		cmocka_unit_test(the_path_becomes_longer_and_shorter),
		cmocka_unit_test(packets_that_overtake_others_do_not_shorten_the_path),
		cmocka_unit_test(the_link_becomes_slower_and_faster),
		cmocka_unit_test(others_do_not_starve_bulk_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
