// SPDX-License-Identifier: GPL-2.0-or-later
/* The tap itself: it would see plaintext if there were any. */
#include "fixture.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

static bool tap_of(int what, const char *text)
{
	struct tap *tap = tap_start();
	struct rec peer;
	char got[64];
	int dut;

	/* every connection of this test comes from a fresh port: watch them all */
	for (unsigned int port = 1; port < 65536; port++)
		tap_watch(tap, (uint16_t)port);
	dut = fx_pair(&peer, what);
	fx_write(dut, text, strlen(text));
	assert_true(read(peer.fd, got, sizeof(got)) > 0);
	close(dut);
	close(peer.fd);
	return tap_stop(tap, false);
}

static void sees_plaintext(void **state)
{
	(void)state;
	assert_false(tap_of(KTLS_NONE, "INVITE sip:somebody"));
	assert_false(tap_of(KTLS_ULP, "\1 an envelope in the clear"));
}

static void lets_tls_pass(void **state)
{
	(void)state;
	assert_true(tap_of(KTLS_BOTH, "INVITE sip:somebody"));
	assert_true(tap_of(KTLS_TX, "INVITE sip:somebody"));
}

/* Outside the fixture's own tap, which would rightly complain. */
static int setup(void **state)
{
	struct eftf_err err;
	struct eftf_rt *rt;

	*state = NULL;
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(eftf_rt_open(&rt, &err), 0);
	assert_int_equal(eftf_rt_link_up(rt, 1, true, &err), 0);
	eftf_rt_close(rt);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sees_plaintext, setup),
		cmocka_unit_test_setup(lets_tls_pass, setup),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("tap", tests, NULL, NULL);
}
