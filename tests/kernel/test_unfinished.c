// SPDX-License-Identifier: GPL-2.0-or-later
/* Envelopes and tickets that begin, and do not end within the timeout. It mostly waits. */
#include "fixture.h"

#include <string.h>
#include <unistd.h>

/* One that goes on byte by byte keeps the tunnel alive; its end is due within the timeout all the same. */
static void unfinished(struct fx *fx, uint8_t type, const uint8_t *begin, size_t len)
{
	struct eftf_tunnel_info info;
	int64_t start;

	fx_attach(fx);
	fx_set_times(fx, 0, 3);
	rec_send(&fx->peer, type, begin, len);
	start = fx_now();
	/* twice the timeout; what the module does not read any more does no harm */
	for (int i = 0; i < 12 && !rec_there(&fx->peer); i++) {
		fx_sleep(500);
		rec_send(&fx->peer, type, "x", 1);
	}
	info = fx_expect_down(fx, EFTF_REASON_UNFINISHED);
	assert_string_equal(info.reason_name, "unfinished");
	assert_true(fx_now() - start >= 2500);
	fx_expect_closed(fx, 1, 0);
	close(fx->peer.fd);
	fx->peer.fd = -1;
}

static void unfinished_envelope(void **state)
{
	unfinished(*state, REC_DATA, (const uint8_t *)"\1\xff\xff" "E", 4);	/* a packet */
	unfinished(*state, REC_DATA, (const uint8_t *)"\1\xff", 2);		/* a header */
}

static void unfinished_envelope_of_unknown_type(void **state)
{
	struct fx *fx = *state;

	unfinished(fx, REC_DATA, (const uint8_t *)"\1\0\3\7\xff\xff?", 7);
}

static void unfinished_ticket(void **state)
{
	unfinished(*state, REC_HANDSHAKE, (const uint8_t *)"\4\0\xff\xff?", 5);
}

/* Envelopes that end are no reason, however often one is cut. */
static void long_envelopes_that_end(void **state)
{
	struct fx *fx = *state;
	uint8_t out[256];
	size_t n;

	fx_attach(fx);
	fx_set_times(fx, 0, 3);
	n = fx_envelope(fx, out, "in pieces", 9);
	rec_send(&fx->peer, REC_DATA, out, 2);
	for (int i = 0; i < 8; i++) {
		fx_sleep(750);
		/* the end of one and the beginning of the next in one record */
		memmove(out + n, out, 2);
		rec_send(&fx->peer, REC_DATA, out + 2, n);
		fx_expect_udp(fx, "in pieces");
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(unfinished_envelope),
		GW(unfinished_envelope_of_unknown_type),
		UE(unfinished_ticket),
		UE(long_envelopes_that_end),
		FX_TLS12(unfinished_envelope, ue, fx_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("unfinished", tests, NULL, NULL);
}
