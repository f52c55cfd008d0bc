/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/worker/watch.c lib/log.c lib/log_json.c lib/err.c */
/* libs: -lev */
/* The sockets that a worker waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/gw.h"
#include "gw/worker/worker.h"

#define MANY 20

static struct eftf_worker w;
static bool over;			/* the turn */
static unsigned int calls[MANY];
static struct eftf_watch watch[MANY];
static int peer[MANY];

/* What is beside watch.c in a worker. */
bool eftf_worker_turn_over(const struct eftf_worker *worker)
{
	(void)worker;
	return over;
}

void eftf_conns_reap(struct eftf_worker *worker)
{
	(void)worker;
}

void eftf_worker_maybe_end(struct eftf_worker *worker)
{
	(void)worker;
}

bool eftf_gw_may_log(double now)
{
	(void)now;
	return true;
}

double eftf_gw_now(void)
{
	return 0.0;
}

static void count(void *data)
{
	calls[(struct eftf_watch *)data - watch]++;
}

static void ends_all_others(void *data)
{
	count(data);
	for (int i = 0; i < MANY; i++)
		if (&watch[i] != data)
			eftf_watch_set(&w, &watch[i], 0);
}

static int setup(void **state)
{
	struct eftf_err err;

	(void)state;
	over = false;
	w.loop = ev_loop_new(0);
	assert_non_null(w.loop);
	assert_int_equal(eftf_watches_open(&w, &err), 0);
	for (int i = 0; i < MANY; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		peer[i] = pair[1];
		watch[i] = (struct eftf_watch){ .fd = pair[0], .on_ready = count, .data = &watch[i] };
		calls[i] = 0;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++) {
		if (watch[i].fd >= 0)
			close(watch[i].fd);
		close(peer[i]);
	}
	ev_io_stop(w.loop, &w.watches);
	close(w.watches.fd);
	ev_loop_destroy(w.loop);
	return 0;
}

static unsigned int all_calls(void)
{
	unsigned int n = 0;

	for (int i = 0; i < MANY; i++)
		n += calls[i];
	return n;
}

static void what_is_handed_on_wakes_the_worker_no_more(void **state)
{
	struct epoll_event e;
	int kept;

	(void)state;
	eftf_watch_set(&w, &watch[0], EPOLLIN);
	assert_int_equal(write(peer[0], "a", 1), 1);
	ev_run(w.loop, EVRUN_NOWAIT);
	assert_int_equal(calls[0], 1);

	kept = dup(watch[0].fd);	/* as the kernel keeps a tunnel's socket */
	eftf_watch_set(&w, &watch[0], 0);
	close(watch[0].fd);
	watch[0].fd = -1;
	assert_int_equal(write(peer[0], "b", 1), 1);
	assert_int_equal(epoll_wait(w.watches.fd, &e, 1, 0), 0);
	ev_run(w.loop, EVRUN_NOWAIT);
	assert_int_equal(calls[0], 1);
	close(kept);
}

static void only_what_is_waited_for_wakes_it(void **state)
{
	(void)state;
	eftf_watch_set(&w, &watch[0], EPOLLIN);
	ev_run(w.loop, EVRUN_NOWAIT);
	assert_int_equal(calls[0], 0);
	eftf_watch_set(&w, &watch[0], EPOLLOUT);
	ev_run(w.loop, EVRUN_NOWAIT);
	assert_int_equal(calls[0], 1);
	eftf_watch_set(&w, &watch[0], EPOLLIN);
	ev_run(w.loop, EVRUN_NOWAIT);
	assert_int_equal(calls[0], 1);
}

static void what_another_has_ended_is_not_served(void **state)
{
	(void)state;
	for (int i = 0; i < MANY; i++) {
		watch[i].on_ready = ends_all_others;
		eftf_watch_set(&w, &watch[i], EPOLLOUT);
	}
	over = true;			/* the first few, once */
	ev_run(w.loop, EVRUN_NOWAIT);
	assert_int_equal(all_calls(), 1);
}

/* All of them are always ready, and a turn ends after the first few. */
static void nobody_is_passed_over(void **state)
{
	unsigned int turns = 0;

	(void)state;
	over = true;
	for (int i = 0; i < MANY; i++)
		eftf_watch_set(&w, &watch[i], EPOLLOUT);
	while (all_calls() < 5 * MANY && turns++ < 100)
		ev_run(w.loop, EVRUN_NOWAIT);
	for (int i = 0; i < MANY; i++)
		if (calls[i] < 4 || calls[i] > 6)
			fail_msg("socket %d of %d, after %u turns: expected 5 calls, seen %u", i, MANY, turns,
				 calls[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_handed_on_wakes_the_worker_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(only_what_is_waited_for_wakes_it, setup, teardown),
		cmocka_unit_test_setup_teardown(what_another_has_ended_is_not_served, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_is_passed_over, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
