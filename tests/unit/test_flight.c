// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ../kmod/flight.c */
/* The module's bound of what is outstanding: rule by rule; test_flight_path.c has it on a path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../kmod/flight.h"

#define SECOND	1000000ull
#define MSS	1448u
#define BASE	50000u			/* us */
#define RATE	250000u			/* bytes per second, 2 Mbit/s */
#define LIMIT	(EFTF_FLIGHT_TARGET_US + 3 * MSS * 1000000ull / RATE)
#define IDEAL	(MSS + RATE / 1000 * (BASE + EFTF_FLIGHT_TARGET_US) / 1000)

static const struct eftf_flight_settings standard = {EFTF_FLIGHT_TARGET_US, EFTF_FLIGHT_HOLD_S};

/* A flight that is fed round by round. */
struct fed {
	struct eftf_flight f;
	struct eftf_flight_settings set;
	struct eftf_flight_sample s;
	enum eftf_flight_event event;
};

static void feed_start(struct fed *d)
{
	*d = (struct fed){.set = standard,
			  .s = {.now_us = 100 * SECOND, .voice_at = 100, .una = 1000, .nxt = 100000,
				.mss = MSS}};
	eftf_flight_init(&d->f, BASE);
	/* the first update begins the first round */
	eftf_flight_update(&d->f, &d->set, &d->s);
	d->f.start_us = d->s.now_us;
	d->f.acked = d->s.una;
}

/* A round of @len us in which the lowest round trip was @rtt, at @rate, with bulk held back or not. */
static void feed_round(struct fed *d, u32 rtt, u64 len, u32 rate, bool held)
{
	d->s.now_us += len;
	d->s.una += (u32)(rate * len / SECOND);
	d->s.nxt = d->s.una + 100000;
	d->s.rtt_us = rtt;
	d->s.delivered++;
	if (d->s.voice_at)
		d->s.voice_at = (u32)(d->s.now_us / SECOND);
	d->f.held = held;
	d->event = eftf_flight_update(&d->f, &d->set, &d->s);
}

/* Under a bound with the whole rate, as after some rounds of bulk. */
static void feed_bound(struct fed *d)
{
	feed_start(d);
	feed_round(d, BASE, BASE, RATE, false);
	feed_round(d, BASE + LIMIT + 4, BASE + LIMIT + 4, RATE, false);
	assert_int_equal(d->f.bound, IDEAL);
	assert_int_equal(d->event, EFTF_FLIGHT_NOTHING);
}

/* ---- when there is a bound ------------------------------------------------- */

static void no_voice_no_bound(void **state)
{
	struct fed d;

	(void)state;
	feed_start(&d);
	assert_int_not_equal(d.f.bound, EFTF_FLIGHT_NONE);
	d.s.voice_at = 0;
	feed_round(&d, BASE, BASE, RATE, true);
	assert_int_equal(d.f.bound, EFTF_FLIGHT_NONE);
}

static void the_bound_outlives_voice_by_the_hold_time(void **state)
{
	struct fed d;

	(void)state;
	feed_start(&d);
	d.s.now_us = 109 * SECOND + 999999;
	eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_not_equal(d.f.bound, EFTF_FLIGHT_NONE);
	d.s.now_us = 110 * SECOND;
	eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_equal(d.f.bound, EFTF_FLIGHT_NONE);
	/* also where the clock was read before voice came on another processor */
	d.s.voice_at = 111;
	eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_not_equal(d.f.bound, EFTF_FLIGHT_NONE);
}

static void settings_act_at_once(void **state)
{
	struct fed d;

	(void)state;
	feed_start(&d);
	d.set.target_us = 0;
	eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_equal(d.f.bound, EFTF_FLIGHT_NONE);
	d.set = (struct eftf_flight_settings){EFTF_FLIGHT_TARGET_US, 0};
	d.s.voice_at = 0;
	eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_not_equal(d.f.bound, EFTF_FLIGHT_NONE);
	d.set.hold_s = 1;
	eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_equal(d.f.bound, EFTF_FLIGHT_NONE);
}

static void bulk_begins_as_tcp_does(void **state)
{
	struct fed d;

	(void)state;
	feed_start(&d);
	assert_int_equal(d.f.bound, 2 * (100000 - 1000));
	d.s.voice_at = 0;
	eftf_flight_update(&d.f, &d.set, &d.s);
	d.s.voice_at = 100;
	d.s.nxt = d.s.una + 100;
	eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_equal(d.f.bound, 10 * MSS);
}

static void bulk_under_way_loses_its_queue_at_once(void **state)
{
	struct fed d;

	(void)state;
	feed_start(&d);
	d.s.voice_at = 0;
	feed_round(&d, BASE, BASE, RATE, false);
	feed_round(&d, 1000000, 1000000, RATE, false);
	d.s.rtt_us = 1000000;
	d.s.delivered++;
	d.s.now_us += 20000;
	d.s.voice_at = (u32)(d.s.now_us / SECOND);
	eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_equal(d.f.bound, IDEAL);
}

/* ---- a round ---------------------------------------------------------------- */

static void a_round_lasts_a_round_trip(void **state)
{
	struct fed d;
	u64 start;

	(void)state;
	feed_start(&d);
	start = d.f.start_us;
	feed_round(&d, BASE, BASE - 1, RATE, false);
	assert_int_equal(d.f.start_us, start);
	feed_round(&d, BASE, 1, RATE, false);
	assert_int_equal(d.f.start_us, d.s.now_us);
	/* at least 10 ms, also if the clock of the round trip says 0 */
	start = d.s.now_us;
	d.f.base_us = 1;
	feed_round(&d, 1, 9999, RATE, false);
	assert_int_equal(d.f.start_us, start);
	feed_round(&d, 0, 1, RATE, false);
	assert_int_equal(d.f.start_us, d.s.now_us);
}

static void a_sample_counts_once(void **state)
{
	struct fed d;

	(void)state;
	feed_start(&d);
	feed_round(&d, BASE, 100, RATE, false);
	d.s.rtt_us = 10;	/* nothing was delivered since: it is not a new one */
	d.s.now_us += 100;
	eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_equal(d.f.min_us, BASE);
	assert_int_equal(d.f.base_us, BASE);
}

static void a_shorter_round_trip_has_to_be_seen_twice(void **state)
{
	struct fed d;

	(void)state;
	feed_bound(&d);
	feed_round(&d, BASE / 2, 1000, RATE, true);	/* an acknowledgement that has overtaken others */
	feed_round(&d, BASE + 9000, BASE + 9000, RATE, true);
	assert_int_equal(d.f.base_us, BASE);
	assert_int_equal(d.f.last_us, BASE + 9000);
	/* the only one of a round, then of another: the path is shorter */
	feed_round(&d, BASE / 2, BASE / 2, RATE, true);
	assert_int_equal(d.f.base_us, BASE);
	feed_round(&d, BASE / 2 + 100, BASE / 2 + 100, RATE, true);
	assert_int_equal(d.f.base_us, BASE / 2 + 100);
}

/* A swap: the old transport's bulk is on its way, and the new path is not known. */
static void an_heir_waits_for_the_path_to_be_empty(void **state)
{
	struct fed d;

	(void)state;
	feed_start(&d);
	eftf_flight_init(&d.f, BASE + 30000);
	eftf_flight_inherit(&d.f, BASE, RATE);
	d.event = eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_equal(d.event, EFTF_FLIGHT_PROBED);
	assert_int_equal(d.f.bound, 2 * MSS);
	feed_round(&d, BASE + 30000, BASE + 30000, RATE, true);
	feed_round(&d, BASE + 15000, BASE + 15000, RATE, true);
	assert_int_equal(d.f.bound, 2 * MSS);
	feed_round(&d, BASE, BASE, RATE, true);
	assert_int_equal(d.f.bound, IDEAL);
	/* without voice it is as any other */
	eftf_flight_init(&d.f, BASE);
	eftf_flight_inherit(&d.f, BASE, RATE);
	d.s.voice_at = 0;
	eftf_flight_update(&d.f, &d.set, &d.s);
	feed_round(&d, BASE, BASE, RATE, false);
	d.s.voice_at = (u32)(d.s.now_us / SECOND);
	d.event = eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_equal(d.event, EFTF_FLIGHT_NOTHING);
}

static void idle_time_is_not_a_low_rate(void **state)
{
	struct fed d;

	(void)state;
	feed_bound(&d);
	d.s.una = d.s.nxt;
	d.s.now_us += 8 * SECOND;
	eftf_flight_update(&d.f, &d.set, &d.s);
	assert_int_equal(d.f.start_us, d.s.now_us);
	assert_int_equal(d.f.rate, RATE);
}

static void counters_wrap(void **state)
{
	struct fed d;

	(void)state;
	feed_start(&d);
	d.s.una = d.f.acked = 0xffffff00u;
	d.s.nxt = 0x10000u;
	d.s.delivered = d.f.delivered = 0xffffffffu;
	assert_int_equal(eftf_flight_outstanding(&d.s), 0x10100u);
	feed_round(&d, BASE, BASE, RATE, false);
	assert_int_equal(d.f.rate, RATE);
	/* what the peer takes back is no rate, and nothing is outstanding beyond 0 */
	d.s.sacked = 0;
	d.f.acked = d.s.una + 5000;
	feed_round(&d, BASE, BASE, 0, false);
	assert_int_equal(d.f.rate, 0);
	d.s.nxt = d.s.una + 1000;
	d.s.sacked = 5;
	assert_int_equal(eftf_flight_outstanding(&d.s), 0);
}

/* ---- the bound --------------------------------------------------------------- */

static void a_queue_sets_the_bound(void **state)
{
	struct fed d;

	(void)state;
	feed_bound(&d);
	/* a slow round does not count, the better of two does */
	feed_round(&d, 2 * BASE, 2 * BASE, RATE / 4, true);
	assert_int_equal(d.f.bound, IDEAL);
	feed_round(&d, 2 * BASE, 2 * BASE, RATE / 4, true);
	assert_true(d.f.bound < IDEAL);
}

static void between_half_and_the_limit_it_stays(void **state)
{
	struct fed d;

	(void)state;
	feed_bound(&d);
	feed_round(&d, BASE + LIMIT / 2 + 1, 2 * BASE, RATE, true);
	assert_int_equal(d.f.bound, IDEAL);
	feed_round(&d, BASE + LIMIT - 1, 2 * BASE, RATE, true);
	assert_int_equal(d.f.bound, IDEAL);
}

static void without_a_queue_it_grows_faster_and_faster(void **state)
{
	static const unsigned int more[] = {0, 0, 0, 8, 4, 2, 2};	/* share of the bound */
	struct fed d;
	u32 bound = IDEAL;
	size_t i;

	(void)state;
	feed_bound(&d);
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		/* the shift of the code: eighths are cut before they are added up */
		bound += MSS + (more[i] ? (bound >> 3) * (8 / more[i]) : 0);
		feed_round(&d, BASE, BASE, RATE, true);
		assert_int_equal(d.f.bound, bound);
	}
	/* a sender that does not use it gets no more */
	feed_round(&d, BASE, BASE, RATE, false);
	assert_int_equal(d.f.bound, bound);
	/* and it begins slowly after a queue */
	feed_round(&d, BASE + LIMIT / 2 + 1, 2 * BASE, RATE, true);
	feed_round(&d, BASE, BASE, RATE, true);
	assert_int_equal(d.f.bound, bound + MSS);
}

/* ---- the probe --------------------------------------------------------------- */

/* Rounds with a queue that the bound does not get rid of, until something is said. */
static unsigned int feed_until_probe(struct fed *d, u32 rtt, unsigned int most)
{
	unsigned int n;

	for (n = 1; n <= most; n++) {
		feed_round(d, rtt, (rtt + 3) & ~3u, RATE, true);	/* no fraction of a byte */
		if (d->event == EFTF_FLIGHT_PROBED)
			return n;
	}
	return 0;
}

static void a_queue_that_stays_is_probed(void **state)
{
	struct fed d;

	(void)state;
	feed_bound(&d);
	assert_int_equal(feed_until_probe(&d, 200000, 10), 4);
	assert_int_equal(d.f.bound, 2 * MSS);
	feed_round(&d, 200000, 200000, RATE, true);	/* drains */
	assert_int_equal(d.f.bound, 2 * MSS);
	feed_round(&d, BASE + 300, BASE + 300, 1000, true);	/* measures */
	assert_int_equal(d.f.base_us, BASE + 300);
	assert_int_equal(d.f.strikes, 0);
	assert_in_range(d.f.bound, IDEAL, IDEAL + MSS);
}

static void a_little_more_than_the_limit_is_not_probed(void **state)
{
	struct fed d;

	(void)state;
	feed_bound(&d);
	assert_int_equal(feed_until_probe(&d, (u32)(BASE + LIMIT + BASE / 8), 20), 0);
	assert_int_equal(d.f.bound, IDEAL);
}

static void without_bulk_held_back_nothing_is_probed(void **state)
{
	struct fed d;
	int i;

	(void)state;
	feed_bound(&d);
	for (i = 0; i < 20; i++) {
		feed_round(&d, 200000, 200000, RATE, false);
		assert_int_equal(d.event, EFTF_FLIGHT_NOTHING);
	}
}

static void the_next_probe_waits_five_seconds(void **state)
{
	struct fed d;
	u64 at;

	(void)state;
	feed_bound(&d);
	feed_until_probe(&d, 200000, 10);
	at = d.s.now_us;
	feed_round(&d, 200000, 200000, RATE, true);
	feed_round(&d, BASE, BASE, RATE, true);
	assert_int_not_equal(feed_until_probe(&d, 200000, 100), 0);
	assert_true(d.s.now_us - at > 5 * SECOND);
	assert_true(d.s.now_us - at < 6 * SECOND);
}

static void a_base_is_measured_again_after_a_minute(void **state)
{
	struct fed d;
	u64 at;

	(void)state;
	feed_bound(&d);
	feed_until_probe(&d, 200000, 10);
	at = d.s.now_us;
	feed_round(&d, 200000, 200000, RATE, true);
	feed_round(&d, BASE, BASE, RATE, true);
	do
		feed_round(&d, BASE + LIMIT / 2 + 1, 100000, RATE, true);
	while (d.event == EFTF_FLIGHT_NOTHING && d.s.now_us < at + 70 * SECOND);
	assert_int_equal(d.event, EFTF_FLIGHT_PROBED);
	assert_true(d.s.now_us - at > 60 * SECOND);
}

/* A probe that finds @rtt on the path; @wait_us: how long until it is due. */
static enum eftf_flight_event feed_probe(struct fed *d, u32 rtt, u32 queue_rtt)
{
	assert_int_not_equal(feed_until_probe(d, queue_rtt, 200), 0);
	feed_round(d, queue_rtt, queue_rtt, RATE, true);
	feed_round(d, rtt, rtt, 1000, true);
	return d->event;
}

static void a_longer_path_is_believed_in_the_end(void **state)
{
	struct fed d;
	int i;

	(void)state;
	feed_bound(&d);
	assert_int_equal(feed_probe(&d, 150000, 200000), EFTF_FLIGHT_NOTHING);
	assert_int_equal(d.f.strikes, 1);
	assert_int_equal(d.f.base_us, 150000);	/* at once; only in doubt */
	for (i = 0; i < 3; i++)
		assert_int_equal(feed_probe(&d, 150000 + 1000 * (u32)i, 400000), EFTF_FLIGHT_NOTHING);
	assert_int_equal(d.f.strikes, 0);
	assert_int_equal(d.f.low_us, 152000);
}

static void a_queue_of_others_releases_bulk(void **state)
{
	struct fed d;
	u64 at;

	(void)state;
	feed_bound(&d);
	assert_int_equal(feed_probe(&d, 700000, 900000), EFTF_FLIGHT_NOTHING);
	assert_int_equal(feed_probe(&d, 900000, 1200000), EFTF_FLIGHT_RELEASED);
	at = d.s.now_us;
	feed_round(&d, 900000, 900000, RATE / 2, true);
	assert_int_equal(d.f.bound, EFTF_FLIGHT_NONE);
	/* 15 s, then a probe */
	do
		feed_round(&d, 900000, 100000, RATE / 2, false);
	while (d.event == EFTF_FLIGHT_NOTHING && d.s.now_us < at + 20 * SECOND);
	assert_int_equal(d.event, EFTF_FLIGHT_PROBED);
	assert_in_range(d.s.now_us - at, 15 * SECOND, 15 * SECOND + 200000);
	assert_int_equal(d.f.bound, 2 * MSS);
	feed_round(&d, 1000000, 1000000, 1000, true);
	feed_round(&d, 1000000, 1000000, 1000, true);
	assert_int_equal(d.event, EFTF_FLIGHT_RELEASED);
	assert_int_equal(d.f.strikes, 3);
	assert_int_equal(d.f.free_us, d.s.now_us + 60 * SECOND);
}

static void a_release_ends_when_the_others_have_gone(void **state)
{
	struct fed d;
	u64 at;

	(void)state;
	feed_bound(&d);
	feed_probe(&d, 700000, 900000);
	feed_probe(&d, 900000, 1200000);
	at = d.s.now_us;
	do
		feed_round(&d, 900000, 900000, RATE, false);
	while (d.event == EFTF_FLIGHT_NOTHING && d.s.now_us < at + 20 * SECOND);
	assert_int_equal(d.event, EFTF_FLIGHT_PROBED);
	assert_true(d.s.now_us - at < 4 * SECOND);
	feed_round(&d, 900000, 900000, RATE, true);
	feed_round(&d, BASE, BASE, RATE, true);
	assert_int_equal(d.f.strikes, 0);
	assert_in_range(d.f.bound, IDEAL, IDEAL + MSS);
}

/* ---- foreign figures ----------------------------------------------------------- */

static u32 random_u32(u32 *seed)
{
	static const u32 odd[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff};

	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 28 < 6 ? odd[*seed >> 28] : *seed >> (*seed >> 24 & 31);
}

static void any_figures_give_a_bound_that_lets_bulk_go_on(void **state)
{
	struct fed d;
	u32 seed = 1;
	long i;

	(void)state;
	feed_start(&d);
	for (i = 0; i < 2000000; i++) {
		if (!(i % 50000))
			eftf_flight_init(&d.f, random_u32(&seed));
		d.s.now_us += random_u32(&seed) % 2000000;
		d.s.voice_at = i & 64 ? (u32)(d.s.now_us / SECOND) : random_u32(&seed);
		d.s.rtt_us = random_u32(&seed);
		d.s.delivered += random_u32(&seed) & 1;
		d.s.una += random_u32(&seed);
		d.s.nxt = d.s.una + random_u32(&seed);
		d.s.sacked = random_u32(&seed);
		d.s.mss = random_u32(&seed) % 65536;
		d.set.target_us = random_u32(&seed) % 10000001;
		d.set.hold_s = random_u32(&seed) % 86401;
		d.f.held |= random_u32(&seed) & 1;
		eftf_flight_update(&d.f, &d.set, &d.s);
		assert_true(d.f.bound && (d.f.bound <= 0x7fffffff || d.f.bound == EFTF_FLIGHT_NONE));
		assert_true(d.f.base_us && d.f.min_us);
		assert_true(d.f.min_us <= d.f.next_us);
		assert_in_range(eftf_flight_record(&d.f, 16384), 1024, 16384);
	}
}

static void a_record_is_four_milliseconds(void **state)
{
	struct eftf_flight f = {.rate = 1000000};

	(void)state;
	assert_int_equal(eftf_flight_record(&f, 16384), 1000000 / 256);
	f.rate = 0;
	assert_int_equal(eftf_flight_record(&f, 16384), 1024);
	f.rate = 0xffffffff;
	assert_int_equal(eftf_flight_record(&f, 16384), 16384);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_voice_no_bound),
		cmocka_unit_test(the_bound_outlives_voice_by_the_hold_time),
		cmocka_unit_test(settings_act_at_once),
		cmocka_unit_test(bulk_begins_as_tcp_does),
		cmocka_unit_test(bulk_under_way_loses_its_queue_at_once),
		cmocka_unit_test(a_round_lasts_a_round_trip),
		cmocka_unit_test(a_sample_counts_once),
		cmocka_unit_test(a_shorter_round_trip_has_to_be_seen_twice),
		cmocka_unit_test(an_heir_waits_for_the_path_to_be_empty),
		cmocka_unit_test(idle_time_is_not_a_low_rate),
		cmocka_unit_test(counters_wrap),
		cmocka_unit_test(a_queue_sets_the_bound),
		cmocka_unit_test(between_half_and_the_limit_it_stays),
		cmocka_unit_test(without_a_queue_it_grows_faster_and_faster),
		cmocka_unit_test(a_queue_that_stays_is_probed),
		cmocka_unit_test(a_little_more_than_the_limit_is_not_probed),
		cmocka_unit_test(without_bulk_held_back_nothing_is_probed),
		cmocka_unit_test(the_next_probe_waits_five_seconds),
		cmocka_unit_test(a_base_is_measured_again_after_a_minute),
		cmocka_unit_test(a_longer_path_is_believed_in_the_end),
		cmocka_unit_test(a_queue_of_others_releases_bulk),
		cmocka_unit_test(a_release_ends_when_the_others_have_gone),
		cmocka_unit_test(any_figures_give_a_bound_that_lets_bulk_go_on),
		cmocka_unit_test(a_record_is_four_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
