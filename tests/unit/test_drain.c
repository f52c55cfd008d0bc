/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/drain.c lib/log.c lib/log_json.c lib/err.c */
/* libs: -lev */
/* The release of all tunnels over a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/gw.h"
#include "gw/session.h"

#define TUNNELS 1000
#define BUCKETS 1024			/* a power of 2 */
#define TICK_S 0.25

static struct eftf_gw gw;
static struct eftf_session sessions[TUNNELS], *table[BUCKETS];
static struct eftf_workers_load load;
static double now;
static unsigned int doors_closed, listeners_closed;

double eftf_gw_now(void)
{
	return now;
}

/* The module ends it at once, unless the test says that it hangs. */
void eftf_session_end(struct eftf_gw *g, struct eftf_session *s)
{
	struct eftf_session **at = &table[s->id & (BUCKETS - 1)];

	if (s->persistent)
		return;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	g->n_sessions--;
}

void eftf_workers_load(const struct eftf_gw *g, struct eftf_workers_load *l)
{
	(void)g;
	*l = load;
}

void eftf_workers_close_door(struct eftf_gw *g)
{
	(void)g;
	doors_closed++;
}

void eftf_gw_listen_close(struct eftf_gw *g)
{
	(void)g;
	listeners_closed++;
}

static int setup(void **state)
{
	(void)state;
	memset(&gw, 0, sizeof(gw));
	memset(table, 0, sizeof(table));
	memset(sessions, 0, sizeof(sessions));
	gw.loop = ev_loop_new(0);
	gw.sessions = table;
	gw.sessions_mask = BUCKETS - 1;
	now = 5000;
	load.conns = doors_closed = listeners_closed = 0;
	for (uint32_t i = 0; i < TUNNELS; i++) {
		sessions[i].id = i + 1;
		sessions[i].next = table[(i + 1) & (BUCKETS - 1)];
		table[(i + 1) & (BUCKETS - 1)] = &sessions[i];
		gw.n_sessions++;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ev_timer_stop(gw.loop, &gw.drain.tick);
	ev_loop_destroy(gw.loop);
	return 0;
}

static void tick(void)
{
	ev_invoke(gw.loop, &gw.drain.tick, EV_TIMER);
	now += TICK_S;
}

static void tunnels_go_evenly(void **state)
{
	(void)state;
	eftf_gw_drain(&gw, 100);
	assert_int_equal(doors_closed, 1);
	assert_int_equal(listeners_closed, 1);
	for (int i = 0; i < 400; i++) {
		unsigned int expected = TUNNELS - (unsigned int)((i + 1) * TICK_S * TUNNELS / 100);

		tick();
		if (gw.n_sessions > expected + 15 || gw.n_sessions + 15 < expected)
			fail_msg("after %.2f s: expected about %u left, seen %u", (i + 1) * TICK_S, expected,
				 gw.n_sessions);
	}
	assert_int_equal(gw.n_sessions, 0);
}

/* Some do not end when they are told to: they are told again, the others are not forgotten. */
static void tunnels_that_hang_hold_up_no_others(void **state)
{
	unsigned int hang = 0;

	(void)state;
	for (int i = 0; i < TUNNELS; i += 10, hang++)
		sessions[i].persistent = true;
	eftf_gw_drain(&gw, 100);
	for (int i = 0; i < 399; i++)
		tick();
	assert_int_equal(gw.n_sessions, hang);
}

static void another_time_may_be_chosen(void **state)
{
	(void)state;
	eftf_gw_drain(&gw, 1000);
	tick();
	assert_in_range((int)eftf_gw_drain_left(&gw), 998, 1000);
	eftf_gw_drain(&gw, 10);
	assert_in_range((int)eftf_gw_drain_left(&gw), 9, 10);
	assert_int_equal(doors_closed, 1);
	for (int i = 0; i < 40; i++)
		tick();
	assert_int_equal(gw.n_sessions, 0);
}

/* ev_run() returns, for the program to end; else the alarm ends this one. */
static void it_ends_when_nothing_is_left(void **state)
{
	(void)state;
	alarm(60);
	eftf_gw_drain(&gw, 0);
	ev_run(gw.loop, 0);

	gw.n_sessions = 0;
	eftf_gw_drain(&gw, 3600);
	now += 3;
	ev_run(gw.loop, 0);
	alarm(0);
}

static void a_connection_may_finish(void **state)
{
	(void)state;
	gw.n_sessions = 0;
	load.conns = 1;
	eftf_gw_drain(&gw, 3600);
	now += 3;
	ev_run(gw.loop, EVRUN_ONCE);
	assert_true(eftf_gw_drain_left(&gw) > 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tunnels_go_evenly, setup, teardown),
		cmocka_unit_test_setup_teardown(tunnels_that_hang_hold_up_no_others, setup, teardown),
		cmocka_unit_test_setup_teardown(another_time_may_be_chosen, setup, teardown),
		cmocka_unit_test_setup_teardown(it_ends_when_nothing_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(a_connection_may_finish, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
