// SPDX-License-Identifier: GPL-2.0-or-later
/* A peer that says nothing, or reads nothing: the tunnel's end. It mostly waits. */
#include "fixture.h"

#include <unistd.h>

static void silence_ends_the_tunnel(void **state)
{
	struct fx *fx = *state;
	int64_t start;

	fx_attach(fx);
	/* silence before the timeout was set does not count; an empty record is a sign of life */
	fx_sleep(3500);
	fx_set_times(fx, 0, 3);
	for (int i = 0; i < 4; i++) {
		fx_sleep(1000);
		rec_send(&fx->peer, REC_DATA, "", 0);
	}
	for (int i = 0; i < 4; i++) {
		fx_sleep(1000);
		fx_peer_says(fx, "still here");
		fx_expect_udp(fx, "still here");
	}
	start = fx_now();
	fx_expect_down(fx, EFTF_REASON_TIMEOUT);
	assert_true(fx_now() - start >= 2500);
	fx_expect_closed(fx, 1, 0);
}

static void stall_is_told(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	fx_stuff(fx);
	assert_true(fx_event(fx, EFTF_CMD_EVENT_STALLED).queue_packets > 0);
	/* and nothing waits for ever: the release is bounded */
	close(fx->peer.fd);
	fx->peer.fd = -1;
	fx_expect_down(fx, EFTF_REASON_RESET);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
		UE(silence_ends_the_tunnel),
		UE(stall_is_told),
		FX_TLS12(silence_ends_the_tunnel, ue, fx_teardown),
		FX_TLS12(stall_is_told, ue, fx_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("silence", tests, NULL, NULL);
}
