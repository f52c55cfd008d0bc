// SPDX-License-Identifier: GPL-2.0-or-later
/* Make before break: a tunnel changes its transport and loses nothing. */
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Swaps to a fresh pair; returns the old peer, fx->peer is the new one. */
static struct rec swap(struct fx *fx)
{
	struct rec old = fx->peer;
	struct eftf_err err;
	int dut = fx_pair(&fx->peer, KTLS_BOTH);

	if (eftf_nl_tunnel_swap(fx->nl, fx->ifindex, fx->id, dut, &err))
		fail_msg("swap: %s", err.text);
	close(dut);
	return old;
}

/* Both say close_notify on the old connection. */
static void old_ends(struct fx *fx, struct rec *old)
{
	struct rec now = fx->peer;

	rec_send(old, REC_ALERT, "\1\0", 2);
	fx->peer = *old;
	fx_expect_closed(fx, 1, 0);
	close(old->fd);
	fx->peer = now;
}

static void swap_carries_on(void **state)
{
	struct fx *fx = *state;
	struct rec old;

	fx_attach(fx);
	for (int i = 0; i < 10; i++) {
		fx_expect_alive(fx);
		old = swap(fx);
		fx_expect_alive(fx);
		assert_int_equal(fx_get(fx).transports, 2);
		old_ends(fx, &old);
		assert_int_equal(fx_event(fx, EFTF_CMD_EVENT_SWAPPED).reason,
				 EFTF_REASON_RELEASED);
		assert_int_equal(fx_get(fx).transports, 1);
	}
	fx_expect_alive(fx);
}

/* A peer that came with a new connection lives, however long it was silent before. */
static void swap_restarts_the_timeout(void **state)
{
	const struct eftf_tunnel_change change = {.has_timeout = true, .timeout = 4};
	struct fx *fx = *state;
	struct rec old;

	fx_attach(fx);
	fx_set(fx, &change);
	fx_sleep(2500);
	old = swap(fx);
	fx_sleep(2500);
	fx_expect_alive(fx);
	fx_expect_down(fx, EFTF_REASON_TIMEOUT);
	close(old.fd);
}

/* What the peer still sends on the old connection is received. */
static void old_transport_is_read_to_its_end(void **state)
{
	struct fx *fx = *state;
	struct rec old, now;

	fx_attach(fx);
	old = swap(fx);
	now = fx->peer;
	fx->peer = old;
	for (int i = 0; i < 20; i++) {
		fx_peer_says(fx, "by the old way");
		fx_expect_udp(fx, "by the old way");
	}
	old = fx->peer;
	fx->peer = now;
	old_ends(fx, &old);
	fx_event(fx, EFTF_CMD_EVENT_SWAPPED);
	fx_expect_alive(fx);
}

/* A peer that says nothing more on the old connection costs ten seconds, not the tunnel. */
static void silent_old_transport_is_given_up(void **state)
{
	struct fx *fx = *state;
	struct rec old;

	fx_attach(fx);
	old = swap(fx);
	assert_int_equal(fx_event(fx, EFTF_CMD_EVENT_SWAPPED).reason, EFTF_REASON_SWAPPED);
	assert_int_equal(fx_get(fx).transports, 1);
	fx_expect_alive(fx);
	close(old.fd);
}

/*
 * The EFTF learns of the new connection first: its close_notify on the old one
 * must wait for the UE's, or the UE takes it for the end of the tunnel.
 */
static void eftf_leaves_the_last_word_to_the_ue(void **state)
{
	uint8_t type, data[REC_MAX + 256];
	struct fx *fx = *state;
	struct rec old;

	fx_attach(fx);
	old = swap(fx);
	fx_expect_alive(fx);
	assert_int_equal(rec_recv(&old, &type, data, 1000), -3);
	old_ends(fx, &old);
	assert_int_equal(fx_event(fx, EFTF_CMD_EVENT_SWAPPED).reason, EFTF_REASON_RELEASED);
	fx_expect_alive(fx);
}

static void refused_swap_changes_nothing(void **state)
{
	struct fx *fx = *state;
	struct eftf_err err;
	struct rec other, old;
	int fd;

	fx_attach(fx);
	fd = fx_pair(&other, KTLS_TX);
	assert_int_equal(eftf_nl_tunnel_swap(fx->nl, fx->ifindex, fx->id, fd, &err), -EPROTOTYPE);
	close(fd);
	close(other.fd);
	assert_int_equal(eftf_nl_tunnel_swap(fx->nl, fx->ifindex, fx->id, 999, &err), -EBADF);
	assert_int_equal(eftf_nl_tunnel_swap(fx->nl, fx->ifindex, 77, 0, &err), -ENOENT);
	fx_expect_alive(fx);
	/* one at a time */
	old = swap(fx);
	fd = fx_pair(&other, KTLS_BOTH);
	assert_int_equal(eftf_nl_tunnel_swap(fx->nl, fx->ifindex, fx->id, fd, &err), -EBUSY);
	assert_non_null(strstr(err.text, "drains"));
	old_ends(fx, &old);
	fx_event(fx, EFTF_CMD_EVENT_SWAPPED);
	fx_expect_alive(fx);
	close(fd);
	close(other.fd);
}

static void lost_old_transport_does_not_matter(void **state)
{
	struct fx *fx = *state;
	struct rec old;

	fx_attach(fx);
	old = swap(fx);
	fx_reset_on_close(old.fd);
	close(old.fd);
	fx_event(fx, EFTF_CMD_EVENT_SWAPPED);
	fx_expect_alive(fx);
}

static void tunnel_can_end_while_swapping(void **state)
{
	struct fx *fx = *state;
	struct eftf_err err;
	struct rec old;

	for (int how = 0; how < 3; how++) {
		fx_attach(fx);
		old = swap(fx);
		if (how == 0)
			assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
		else if (how == 1)
			rec_send(&fx->peer, REC_ALERT, "\1\0", 2);
		else
			rec_send(&fx->peer, REC_ALERT, "\2\x28", 2);
		fx_event(fx, EFTF_CMD_EVENT_DOWN);
		assert_int_equal(fx_count(fx), 0);
		close(old.fd);
		close(fx->peer.fd);
	}
	fx->peer.fd = -1;
}

#define NUMBERS 20000

enum taken { TAKEN, NOTHING, END };

/* Numbers the packets that come out of a connection, in one record. */
static enum taken take_numbers(struct rec *r, uint8_t *seen, struct ftt_ims_decoder *decoder, int ms)
{
	static uint8_t data[REC_MAX + 256];
	struct ftt_ims_piece piece;
	const uint8_t *p = data;
	uint8_t type;
	long n = rec_recv(r, &type, data, ms);
	uint32_t number;

	if (n == -3)
		return NOTHING;
	if (n < 0 || type != REC_DATA)
		return END;
	while (n) {
		int used = ftt_ims_decode(decoder, p, (size_t)n, &piece);

		assert_true(used > 0);
		p += used;
		n -= used;
		if (!piece.valid)
			continue;
		/* the tests' packets are small: batches end at envelope boundaries */
		assert_true(piece.first && piece.last);
		assert_int_equal(piece.len, 28 + sizeof(number));
		memcpy(&number, piece.data + 28, sizeof(number));
		assert_true(number < NUMBERS);
		seen[number]++;
	}
	return TAKEN;
}

/* Every packet comes out of one of the connections, once. */
static void swaps_under_traffic_lose_nothing(void **state)
{
	static uint8_t seen[NUMBERS];
	struct fx *fx = *state;
	pid_t pid;

	memset(seen, 0, sizeof(seen));
	fx_attach(fx);
	pid = fork();
	assert_return_code(pid, errno);
	if (!pid) {
		for (uint32_t i = 0; i < NUMBERS; i++) {
			(void)!send(fx->udp, &i, sizeof(i), 0);
			if (i % 16 == 0)
				fx_sleep(1);
		}
		_exit(0);
	}
	for (int round = 0; round < 20; round++) {
		struct ftt_ims_decoder on_old = {.have = 0}, on_new = {.have = 0};
		enum taken taken;
		struct rec old;

		for (int i = 0; i < 20; i++)
			take_numbers(&fx->peer, seen, &on_new, 100);
		on_old = on_new;
		old = swap(fx);
		while ((taken = take_numbers(&old, seen, &on_old, 9000)) == TAKEN)
			;
		assert_int_equal(taken, END);
		assert_int_equal(on_old.have, 0);
		shutdown(old.fd, SHUT_RDWR);	/* the sending child has it too */
		close(old.fd);
		fx_event(fx, EFTF_CMD_EVENT_SWAPPED);
	}
	{
		struct ftt_ims_decoder decoder = {.have = 0};

		while (take_numbers(&fx->peer, seen, &decoder, 2000) == TAKEN || fx_more_to_come(&pid))
			;
	}
	fx_expect_each_once(fx, seen, NUMBERS);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(swap_carries_on),
		GW(swap_carries_on),
		GW(swap_restarts_the_timeout),
		UE(old_transport_is_read_to_its_end),
		UE(silent_old_transport_is_given_up),
		GW(silent_old_transport_is_given_up),
		GW(eftf_leaves_the_last_word_to_the_ue),
		UE(refused_swap_changes_nothing),
		UE(lost_old_transport_does_not_matter),
		UE(tunnel_can_end_while_swapping),
		UE(swaps_under_traffic_lose_nothing),
		FX_TLS12(swap_carries_on, gw, fx_teardown),
		FX_TLS12(swaps_under_traffic_lose_nothing, ue, fx_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("swap", tests, NULL, NULL);
}
