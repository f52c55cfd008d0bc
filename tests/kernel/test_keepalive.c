// SPDX-License-Identifier: GPL-2.0-or-later
/* Echoes of the module: when they are due, and that they do not pile up. It mostly waits. */
#include "fixture.h"

#include <netinet/in.h>

static void keep_alive_when_nothing_was_sent(void **state)
{
	static uint8_t data[REC_MAX + 256];
	struct fx *fx = *state;
	uint8_t type = 0;
	int64_t start;
	long n;

	fx_attach(fx);
	/* with time to spare for a machine that has other things to do */
	fx_set_times(fx, 4, 0);
	start = fx_now();
	/* sending puts it off, receiving does not */
	for (int i = 0; i < 5; i++) {
		fx_sleep(1000);
		fx_dut_says(fx, "busy");
		fx_expect_envelope(fx, "busy");
	}
	assert_int_equal(fx_stat(fx, EFTF_STAT_KEEPALIVES_TX), 0);
	n = rec_recv(&fx->peer, &type, data, 15000);
	assert_true(fx_now() - start >= 8500);
	assert_int_equal(n, FTT_IMS_HDR_LEN + 28);
	assert_int_equal(type, REC_DATA);
	assert_int_equal(ftt_ims_check_ip(data + 3, 28), FTT_IMS_IPV4);
	assert_int_equal(data[3 + 9], IPPROTO_ICMP);
	assert_int_equal(data[3 + 20], 8);
	assert_memory_equal(data + 3 + 12, fx->role == EFTF_ROLE_UE ?
			    "\x0a\x40\0\2\x0a\x40\0\1" : "\x0a\x40\0\1\x0a\x40\0\2", 8);
	assert_int_equal(fx_stat(fx, EFTF_STAT_KEEPALIVES_TX), 1);
}

/* Those that cannot leave do not pile up. */
static void keep_alives_of_a_stalled_tunnel(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	fx_stuff(fx);
	fx_set_times(fx, 3, 0);
	fx_sleep(7500);
	assert_in_range(fx_stat(fx, EFTF_STAT_KEEPALIVES_TX), 1, 3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(keep_alive_when_nothing_was_sent),
		GW(keep_alive_when_nothing_was_sent),
		UE(keep_alives_of_a_stalled_tunnel),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("keepalive", tests, NULL, NULL);
}
