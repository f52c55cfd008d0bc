// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory runs out at every point in turn: an error code or a counted drop, never more. */
#include "fault.h"
#include "fixture.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NTH_MAX 3000

/*
 * Sweeps the failing allocation through an operation until it gets by without
 * one. The operation returns 0 or a negative errno; after a failure undo()
 * must find everything as before.
 */
static void sweep(struct fx *fx, int (*operation)(struct fx *), void (*after)(struct fx *, int ret))
{
	unsigned int failures = 0;

	/* the module's own come early; of the kernel's others some will do */
	for (unsigned int n = 1;; n += n < 60 ? 1 : 10) {
		bool done;
		int ret;

		if (n >= NTH_MAX)
			fail_msg("expected an end of the sweep before %d allocations", NTH_MAX);
		fault_nth(n);
		ret = operation(fx);
		done = fault_nth_done();
		fault_nth(0);
		after(fx, ret);
		if (!done)
			break;
		failures += ret != 0;
	}
	/* a sweep in which nothing fails would prove nothing */
	assert_true(failures > 0);
}

static int sweep_fd;

static int attach_once(struct fx *fx)
{
	struct eftf_err err;

	return fx_attach_fd(fx, sweep_fd, &err);
}

static void note_id(const struct eftf_tunnel_info *info, void *arg)
{
	*(uint32_t *)arg = info->id;
}

static void after_attach(struct fx *fx, int ret)
{
	struct eftf_err err;

	if (ret) {
		/* an answer that got lost may hide a tunnel that was made */
		if (fx_count(fx) == 1) {
			assert_int_equal(eftf_nl_tunnel_get(fx->nl, 0, 0, note_id, &fx->id, &err), 0);
			assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
		} else {
			/* the socket is as it was: it can be attached */
			assert_int_equal(fx_attach_fd(fx, sweep_fd, &err), 0);
			fx_expect_alive(fx);
			assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
		}
	} else {
		fx_expect_alive(fx);
		assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
	}
	assert_int_equal(fx_count(fx), 0);
	close(sweep_fd);
	close(fx->peer.fd);
	sweep_fd = fx_pair(&fx->peer, KTLS_BOTH);
}

static void attach_with_failing_allocations(void **state)
{
	struct fx *fx = *state;

	sweep_fd = fx_pair(&fx->peer, KTLS_BOTH);
	sweep(fx, attach_once, after_attach);
	close(sweep_fd);
}

static struct rec swap_old;

static int swap_once(struct fx *fx)
{
	struct eftf_err err;

	return eftf_nl_tunnel_swap(fx->nl, fx->ifindex, fx->id, sweep_fd, &err);
}

static void after_swap(struct fx *fx, int ret)
{
	struct rec fresh = fx->peer;

	if (ret && fx_get(fx).transports == 1) {
		/* the old one goes on */
		fx->peer = swap_old;
		fx_expect_alive(fx);
		close(fresh.fd);
	} else {
		fx_expect_alive(fx);
		rec_send(&swap_old, REC_ALERT, "\1\0", 2);
		while (fx_get(fx).transports > 1)
			fx_sleep(10);
		close(swap_old.fd);
	}
	close(sweep_fd);
	swap_old = fx->peer;
	sweep_fd = fx_pair(&fx->peer, KTLS_BOTH);
}

static void swap_with_failing_allocations(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	swap_old = fx->peer;
	sweep_fd = fx_pair(&fx->peer, KTLS_BOTH);
	sweep(fx, swap_once, after_swap);
	close(sweep_fd);
}

static void ignore(const struct eftf_tunnel_info *info, void *arg)
{
	(void)info;
	(void)arg;
}

static int dump_once(struct fx *fx)
{
	struct eftf_err err;

	return eftf_nl_tunnel_get(fx->nl, 0, 0, ignore, NULL, &err);
}

static void after_dump(struct fx *fx, int ret)
{
	(void)ret;
	assert_int_equal(fx_count(fx), 1);
}

static void dump_with_failing_allocations(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	sweep(fx, dump_once, after_dump);
	fx_expect_alive(fx);
}

static int link_once(struct fx *fx)
{
	struct eftf_link_spec spec = {.name = "eftf1", .role = EFTF_ROLE_GW};
	struct eftf_err err;

	return eftf_rt_link_add(fx->rt, &spec, &err);
}

static void after_link(struct fx *fx, int ret)
{
	struct eftf_err err;
	int del = eftf_rt_link_del(fx->rt, "eftf1", &err);

	/* after a failure it may be there all the same, if only the answer failed */
	if (!ret)
		assert_int_equal(del, 0);
}

static void link_with_failing_allocations(void **state)
{
	sweep(*state, link_once, after_link);
}

static int delete_once(struct fx *fx)
{
	struct eftf_err err;

	return eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err);
}

static void after_delete(struct fx *fx, int ret)
{
	struct eftf_err err;

	if (ret && fx_count(fx))
		assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
	assert_int_equal(fx_count(fx), 0);
	close(fx->peer.fd);
	fx_attach(fx);
}

static void delete_with_failing_allocations(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	sweep(fx, delete_once, after_delete);
}

/* Has the module closed the connection? */
static bool ended(struct fx *fx)
{
	struct pollfd p = {.fd = fx->peer.fd, .events = POLLIN};

	return poll(&p, 1, 0) != 0;
}

/* What was on its way to the socket before, also from a tunnel that has gone, may come at any time. */
static void expect_alive_after_others(struct fx *fx)
{
	struct pollfd p = {.fd = fx->udp, .events = POLLIN};
	char got[65536];
	ssize_t n;

	fx_peer_says(fx, "the last");
	do {
		if (poll(&p, 1, FX_PATIENCE) != 1)
			fail_msg("expected the packet \"the last\" from the tunnel, nothing came");
		n = recv(fx->udp, got, sizeof(got) - 1, 0);
		assert_return_code(n, errno);
		got[n] = '\0';
	} while (strcmp(got, "the last"));
	fx_dut_says(fx, "I am.");
	fx_expect_envelope(fx, "I am.");
}

/*
 * TLS takes its own lack of memory for a forged record. The record is still
 * there, and a tunnel in which nothing else happens lives on.
 */
static void reading_with_failing_allocations(void **state)
{
	const unsigned int records = 200;
	struct fx *fx = *state;
	unsigned long faults;

	fx->short_of_memory = true;
	fx_attach(fx);
	fault_module(20);
	for (unsigned int i = 0; i < records && !ended(fx); i++) {
		fx_peer_says(fx, "when memory is short");
		if (i % 8 == 0)
			fx_sleep(20);
	}
	faults = fault_count();
	fault_module(0);
	if (ended(fx))
		fx_expect_down(fx, 0);	/* tells why */
	assert_true(faults > 20);
	fx_wait_records(fx, EFTF_DIRECTION_RX, records);
	/* it is told what was dropped; what was not is there */
	expect_alive_after_others(fx);
}

/*
 * A share of the module's allocations in its workers fails. TLS itself ends a
 * connection on some of its own failures; then the tunnel says so. Whatever
 * happens: nothing hangs, nothing but TLS records leaves, and afterwards all
 * is well again.
 */
static void traffic_with_failing_allocations(void **state)
{
	uint8_t type, data[REC_MAX + 256];
	struct fx *fx = *state;

	fx->short_of_memory = true;
	for (unsigned int percent = 1; percent <= 20; percent += 3) {
		fx_attach(fx);
		fault_module(percent);
		for (int i = 0; i < 200 && fx_count(fx); i++) {
			uint8_t out[2048];
			size_t n = fx_envelope(fx, out, "peer to module", 14);

			n = rec_seal(&fx->peer.tx, REC_DATA, out, n, 0, data);
			(void)!send(fx->peer.fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);
			(void)!send(fx->udp, "module to peer", 14, MSG_DONTWAIT);
			while (recv(fx->udp, data, sizeof(data), MSG_DONTWAIT) > 0)
				;
			if (i % 10 == 0) {
				long r = rec_recv(&fx->peer, &type, data, 50);

				/* -5: octets that are no TLS record */
				assert_int_not_equal(r, -5);
				assert_int_not_equal(r, -4);
			}
		}
		fault_module(0);
		if (fx_count(fx)) {
			struct eftf_err err;

			/* it lives: what is sent now arrives, after what waited */
			fx_wait_idle(fx);
			assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
		}
		/* the event may have found no memory: then the listener has ENOBUFS */
		fx_expect_down_or_lost(fx);
		close(fx->peer.fd);
	}
	fx_attach(fx);
	expect_alive_after_others(fx);
}

/* What a failed test left on would fail the others as well. */
static int teardown(void **state)
{
	fault_module(0);
	return fx_teardown(state);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, teardown)
		UE(attach_with_failing_allocations),
		GW(swap_with_failing_allocations),
		GW(dump_with_failing_allocations),
		UE(link_with_failing_allocations),
		GW(delete_with_failing_allocations),
		UE(reading_with_failing_allocations),
		GW(reading_with_failing_allocations),
		UE(traffic_with_failing_allocations),
		FX_TLS12(reading_with_failing_allocations, ue, teardown),
		FX_TLS12(traffic_with_failing_allocations, ue, teardown),
	};

	if (!fault_available()) {
		puts("[  SKIPPED ] this kernel has no fault injection");
		return 0;
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
