// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ../kmod/flight.c */
/*
 * The module's bound of what is outstanding, over what a module was told by TCP and what it made of it; traces/README.md
 * says how that is recorded. test_flight.c has the rules, test_flight_path.c has them on a path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../kmod/flight.h"

#define SECOND	1000000ull
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Time, delivered segments and sequence numbers: what they have grown by. */
struct row {
	u64 now_us;
	u32 voice_at, rtt_us, delivered, una, nxt, sacked, mss;
	int held;
	u32 bound;
};

/* 2 Mbit/s, 50 ms, a buffer of 200 packets; bulk upwards */
static const struct row together[] = {	/* with voice from the beginning */
#include "traces/together.inc"
};
static const struct row call_begins[] = {	/* with signalling after 7 s, voice after 10 */
#include "traces/call-begins.inc"
};
static const struct row overtaken[] = {	/* with voice, and one packet of a hundred overtakes others */
#include "traces/overtaken.inc"
};
static const struct row competition[] = {	/* with another TCP beside the tunnel */
#include "traces/competition.inc"
};

/* What a trace amounts to. */
struct outcome {
	unsigned int bounded, held, probes, releases;	/* rows, but for events */
	u64 voice_us, bound_us;	/* from the first row until voice was seen, and until there was a bound; 0 = never */
	u32 base_us;
	u64 late_queue_us, late;	/* sum of round trips above the base later than 2 s after that, and of how many rows */
};

/* Every row must give the bound that the module had. */
static struct outcome replay(const struct row *rows, size_t n)
{
	const struct eftf_flight_settings set = {EFTF_FLIGHT_TARGET_US, EFTF_FLIGHT_HOLD_S};
	struct eftf_flight_sample s = { 0 };
	struct outcome o = { 0 };
	struct eftf_flight f;
	u64 start = rows[0].now_us;
	size_t i;

	eftf_flight_init(&f, rows[0].rtt_us);
	for (i = 0; i < n; i++) {
		s.now_us += rows[i].now_us;
		s.voice_at = rows[i].voice_at;
		s.rtt_us = rows[i].rtt_us;
		s.delivered += rows[i].delivered;
		s.una += rows[i].una;
		s.nxt += rows[i].nxt;
		s.sacked = rows[i].sacked;
		s.mss = rows[i].mss;
		f.held = rows[i].held;
		o.held += f.held;
		switch (eftf_flight_update(&f, &set, &s)) {
		case EFTF_FLIGHT_PROBED:
			o.probes++;
			break;
		case EFTF_FLIGHT_RELEASED:
			o.releases++;
			break;
		case EFTF_FLIGHT_NOTHING:
			break;
		}
		if (f.bound != rows[i].bound)
			fail_msg("row %zu: expected a bound of %u, seen %u", i + 1, rows[i].bound, f.bound);
		if (s.voice_at && !o.voice_us)
			o.voice_us = s.now_us - start;
		if (f.bound == EFTF_FLIGHT_NONE)
			continue;
		o.bounded++;
		if (!o.bound_us)
			o.bound_us = s.now_us - start;
		if (s.now_us - start > o.bound_us + 2 * SECOND) {
			o.late_queue_us += s.rtt_us > f.base_us ? s.rtt_us - f.base_us : 0;
			o.late++;
		}
	}
	o.base_us = f.base_us;
	return o;
}

static void voice_and_bulk_begin_together(void **state)
{
	struct outcome o = replay(together, COUNT(together));

	(void)state;
	assert_int_equal(o.bound_us, o.voice_us);
	assert_true(o.held > COUNT(together) / 10);
	assert_int_equal(o.releases, 0);
	assert_in_range(o.late_queue_us / o.late, 0, 30000);
}

static void a_call_begins_beside_bulk(void **state)
{
	struct outcome o = replay(call_begins, COUNT(call_begins));

	(void)state;
	assert_in_range(o.voice_us, 6 * SECOND, 8 * SECOND);
	assert_int_equal(o.bound_us, o.voice_us);
	assert_int_equal(o.releases, 0);
	/* the queue of 200 packets, over a second, is gone 2 s later */
	assert_in_range(o.late_queue_us / o.late, 0, 30000);
}

static void packets_that_overtake_others_do_not_shorten_the_path(void **state)
{
	struct outcome o = replay(overtaken, COUNT(overtaken));

	(void)state;
	assert_in_range(o.base_us, 45000, 55000);
	assert_int_equal(o.releases, 0);
	assert_in_range(o.late_queue_us / o.late, 0, 30000);
}

static void a_queue_of_others_is_not_yielded_to(void **state)
{
	struct outcome o = replay(competition, COUNT(competition));

	(void)state;
	assert_in_range(o.releases, 1, 3);
	assert_in_range(o.probes, o.releases, 10);
	assert_true(o.bounded < COUNT(competition) * 3 / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(voice_and_bulk_begin_together),
		cmocka_unit_test(a_call_begins_beside_bulk),
		cmocka_unit_test(packets_that_overtake_others_do_not_shorten_the_path),
		cmocka_unit_test(a_queue_of_others_is_not_yielded_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
