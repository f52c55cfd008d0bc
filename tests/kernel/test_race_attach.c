// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The descriptor goes while the module takes it, or the helper is killed in
 * the middle of a command: the tunnel is there or it is not, never half.
 */
#include "fault.h"
#include "fixture.h"
#include "pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 15000	/* ms */

static int rounds(void)
{
	return fault_available() ? 24 : 90;	/* a debug kernel is slow */
}

/* How much longer everything takes, about. */
static int slowness(void)
{
	return fault_available() ? 30 : 1;
}

/* Who comes first is the scheduler's choice, except now and then. */
static void stagger(bool late)
{
	if (late)
		fx_sleep(3 * slowness());
	else
		pump_spin(300 * (unsigned int)slowness());
}

/* Reads the peer's side to its end; whole records only. */
static void stream_ends(struct rec *peer, const char *after)
{
	static uint8_t data[REC_MAX + 256];
	uint8_t type;
	long n;

	do
		n = rec_recv(peer, &type, data, PATIENCE);
	while (n >= 0);
	if (n != -1 && n != -2)
		fail_msg("%s: expected the end of the stream, seen: %ld (-3: nothing, -4 and -5: no TLS record)",
			 after, n);
	close(peer->fd);
	peer->fd = -1;
}

struct closer {
	pthread_t thread;
	pthread_barrier_t go;
	int fds[3];
	unsigned int n;
	bool late;
};

static void *closer_run(void *arg)
{
	struct closer *c = arg;

	pthread_barrier_wait(&c->go);
	stagger(c->late);
	for (unsigned int i = 0; i < c->n; i++)
		close(c->fds[i]);
	return NULL;
}

/* Attaches fds[0] while a thread closes all of them. */
static int attach_and_close(struct fx *fx, struct closer *c, int round)
{
	struct eftf_err err;
	int ret;

	c->late = round % 3 == 1;
	pthread_barrier_init(&c->go, NULL, 2);
	assert_int_equal(pthread_create(&c->thread, NULL, closer_run, c), 0);
	pthread_barrier_wait(&c->go);
	stagger(round % 3 == 2);
	ret = fx_attach_fd(fx, c->fds[0], &err);
	pthread_join(c->thread, NULL);
	pthread_barrier_destroy(&c->go);
	if (ret && ret != -EBADF)
		fail_msg("attach while the descriptor is closed: expected 0 or %d, seen: %d, \"%s\"",
			 -EBADF, ret, err.text);
	return ret;
}

static void delete_it(struct fx *fx, const char *after)
{
	struct eftf_err err;

	fx_expect_alive(fx);
	if (eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err))
		fail_msg("%s: %s", after, err.text);
	stream_ends(&fx->peer, after);
	fx_forget_events(fx);
}

static void close_races_with_attach(void **state)
{
	struct fx *fx = *state;
	int taken = 0, gone = 0;

	for (int i = 0; i < rounds(); i++) {
		struct closer c = {.n = 1};

		c.fds[0] = fx_pair(&fx->peer, KTLS_BOTH);
		if (attach_and_close(fx, &c, i)) {
			gone++;
			assert_int_equal(fx_count(fx), 0);
			stream_ends(&fx->peer, "the descriptor was closed before the attach");
		} else {
			taken++;
			delete_it(fx, "the descriptor was closed after the attach");
		}
	}
	if (!taken || !gone)
		fail_msg("expected rounds of both kinds, seen: %d attached, %d too late", taken, gone);
}

/* Other descriptors of the same socket stay, and may be used for another try. */
static void close_of_some_duplicates(void **state)
{
	struct fx *fx = *state;
	int taken = 0, gone = 0;

	for (int i = 0; i < rounds(); i++) {
		struct closer c = {.n = 2};
		struct eftf_err err;
		int kept;

		c.fds[0] = fx_pair(&fx->peer, KTLS_BOTH);
		c.fds[1] = fcntl(c.fds[0], F_DUPFD_CLOEXEC, 0);
		kept = fcntl(c.fds[0], F_DUPFD_CLOEXEC, 0);
		assert_return_code(kept, errno);
		if (attach_and_close(fx, &c, i)) {
			gone++;
			if (fx_attach_fd(fx, kept, &err))
				fail_msg("expected the kept descriptor to be as good, seen: %s",
					 err.text);
		} else {
			uint32_t id = fx->id;

			taken++;
			assert_int_equal(fx_attach_fd(fx, kept, &err), -EBUSY);
			fx->id = id;
		}
		close(kept);
		fx_event(fx, EFTF_CMD_EVENT_UP);
		delete_it(fx, "some of the descriptors were closed");
	}
	if (!taken || !gone)
		fail_msg("expected rounds of both kinds, seen: %d attached, %d too late", taken, gone);
}

/* Shut down instead of closed: the socket is taken or refused, and the tunnel ends by itself. */
static void shutdown_races_with_attach(void **state)
{
	struct fx *fx = *state;

	for (int i = 0; i < rounds(); i++) {
		int dut = fx_pair(&fx->peer, KTLS_BOTH), ret;
		struct eftf_err err;
		pid_t pid = fork();

		assert_return_code(pid, errno);
		if (!pid) {
			stagger(i % 3 == 1);
			shutdown(dut, i % 2 ? SHUT_RDWR : SHUT_WR);
			_exit(0);
		}
		stagger(i % 3 == 2);
		ret = fx_attach_fd(fx, dut, &err);
		close(dut);
		if (ret && ret != -ENOTCONN)
			fail_msg("attach while the socket is shut down: expected 0 or %d, seen: %d, \"%s\"",
				 -ENOTCONN, ret, err.text);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		if (!ret) {
			fx_dut_says(fx, "is anybody there?");
			shutdown(fx->peer.fd, SHUT_WR);
			fx_event(fx, EFTF_CMD_EVENT_DOWN);
		}
		stream_ends(&fx->peer, "the socket was shut down");
		assert_int_equal(fx_count(fx), 0);
		fx_forget_events(fx);
	}
}

/* ---- the helper is killed ------------------------------------------------------- */

struct helper {
	pid_t pid;
	int go;
};

/* A process that does the one command when it is told to, and then waits for its end. */
static struct helper helper_start(struct fx *fx, int dut, bool swap)
{
	struct eftf_tunnel_spec spec = fx_spec(fx, dut);
	struct helper h;
	int pipes[2];

	assert_return_code(pipe(pipes), errno);
	h.pid = fork();
	assert_return_code(h.pid, errno);
	if (!h.pid) {
		struct eftf_err err;
		struct eftf_nl *nl;
		uint32_t id = fx->id;
		char c;

		close(fx->peer.fd);
		close(pipes[1]);
		if (eftf_nl_open(&nl, &err) || read(pipes[0], &c, 1) != 1)
			_exit(1);
		if (swap)
			eftf_nl_tunnel_swap(nl, fx->ifindex, id, dut, &err);
		else
			eftf_nl_tunnel_new(nl, &spec, &id, &err);
		for (;;)
			pause();
	}
	close(pipes[0]);
	close(dut);
	h.go = pipes[1];
	return h;
}

static void helper_dies(const struct helper *h, int round)
{
	assert_int_equal(write(h->go, "!", 1), 1);
	switch (round % 4) {
	case 0:
		break;
	case 1:
		fx_sleep(20 * slowness());	/* it is long done */
		break;
	default:
		pump_spin(3000 * (unsigned int)slowness());
		break;
	}
	kill(h->pid, SIGKILL);
	assert_int_equal(waitpid(h->pid, NULL, 0), h->pid);
	close(h->go);
}

static void helper_killed_while_it_attaches(void **state)
{
	struct fx *fx = *state;

	for (int i = 0; i < rounds(); i++) {
		int dut = fx_pair(&fx->peer, KTLS_BOTH);
		struct helper h = helper_start(fx, dut, false);

		helper_dies(&h, i);
		fx_wait_count(fx, PATIENCE, 0, "the helper was killed while it attached");
		stream_ends(&fx->peer, "the helper was killed while it attached");
		fx_forget_events(fx);
	}
	fx_attach(fx);
	fx_expect_alive(fx);
}

/* Which of the two does the module speak to? */
static bool speaks_to_the_new(struct fx *fx, struct rec *old, struct rec *fresh)
{
	struct pollfd p[2] = {
		{.fd = old->fd, .events = POLLIN},
		{.fd = fresh->fd, .events = POLLIN},
	};
	int64_t end = fx_now() + PATIENCE;
	uint8_t type, data[2048];

	fx_dut_says(fx, "who is it?");
	do {
		poll(p, 2, 100);
		/* the end of the new one is no answer: its helper is dead */
		if (p[1].revents & POLLIN && recv(fresh->fd, data, 1, MSG_PEEK | MSG_DONTWAIT) == 1)
			return true;
		if (p[0].revents & POLLIN) {
			long n = rec_recv(old, &type, data, PATIENCE);

			if (n > 2 && type == REC_DATA)
				return false;
			if (n < 0)
				fail_msg("the old connection ended by itself: %ld", n);
			/* close_notify: the swap was made */
			p[0].events = 0;
		}
	} while (fx_now() < end);
	fail_msg("expected a packet on one of the two connections, seen: none");
	return false;
}

static void helper_killed_while_it_swaps(void **state)
{
	struct fx *fx = *state;
	int made = 0;

	fx_attach(fx);
	for (int i = 0; i < rounds(); i++) {
		struct rec fresh, old;
		int dut = fx_pair(&fresh, KTLS_BOTH);
		struct helper h = helper_start(fx, dut, true);

		helper_dies(&h, i);
		old = fx->peer;
		if (speaks_to_the_new(fx, &old, &fresh)) {
			made++;
			fx->peer = fresh;
			fx_expect_envelope(fx, "who is it?");
			rec_send(&old, REC_ALERT, "\1\0", 2);
			stream_ends(&old, "the helper was killed after it swapped");
			fx_event(fx, EFTF_CMD_EVENT_SWAPPED);
		} else {
			fx->peer = old;
			stream_ends(&fresh, "the helper was killed before it swapped");
		}
		fx_expect_alive(fx);
		assert_int_equal(fx_get(fx).transports, 1);
		fx_forget_events(fx);
	}
	assert_in_range(made, 1, rounds());
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(close_races_with_attach),
		GW(close_races_with_attach),
		UE(close_of_some_duplicates),
		UE(shutdown_races_with_attach),
		UE(helper_killed_while_it_attaches),
		GW(helper_killed_while_it_attaches),
		UE(helper_killed_while_it_swaps),
		GW(helper_killed_while_it_swaps),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("race_attach", tests, NULL, NULL);
}
