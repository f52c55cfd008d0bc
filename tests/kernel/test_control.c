// SPDX-License-Identifier: GPL-2.0-or-later
/* Control records, releases, resets, silence: what ends a tunnel and what it tells. */
#include "fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void peer_releases(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	fx_expect_alive(fx);
	rec_send(&fx->peer, REC_ALERT, "\1\0", 2);
	fx_expect_down(fx, EFTF_REASON_RELEASED);
	fx_expect_closed(fx, 1, 0);
	assert_int_equal(fx_count(fx), 0);
}

static void we_release(void **state)
{
	struct fx *fx = *state;
	struct eftf_err err;

	fx_attach(fx);
	fx_expect_alive(fx);
	assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
	assert_int_equal(fx_count(fx), 0);
	fx_expect_down(fx, EFTF_REASON_DELETED);
	fx_expect_closed(fx, 1, 0);
}

/* What was queued before the release is still sent. */
static void release_flushes(void **state)
{
	struct fx *fx = *state;
	struct eftf_err err;

	fx_attach(fx);
	fx_dut_says(fx, "last words");
	assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
	fx_expect_envelope(fx, "last words");
	fx_expect_closed(fx, 1, 0);
}

static void fin_without_close_notify(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	fx_expect_alive(fx);
	shutdown(fx->peer.fd, SHUT_WR);
	fx_expect_down(fx, EFTF_REASON_TRUNCATED);
}

static void fin_in_mid_record(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	fx_write(fx->peer.fd, "\x17\3\3\1\0halfarecord", 16);
	shutdown(fx->peer.fd, SHUT_WR);
	fx_expect_down(fx, EFTF_REASON_TRUNCATED);
}

static void reset_by_peer(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	fx_reset_on_close(fx->peer.fd);
	close(fx->peer.fd);
	fx->peer.fd = -1;
	fx_expect_down(fx, EFTF_REASON_RESET);
}

/* What the peer said before its end is not lost over the end. */
static void data_before_release_arrives(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	for (int i = 0; i < 20; i++)
		fx_peer_says(fx, "before the end");
	rec_send(&fx->peer, REC_ALERT, "\1\0", 2);
	shutdown(fx->peer.fd, SHUT_WR);
	for (int i = 0; i < 20; i++)
		fx_expect_udp(fx, "before the end");
	fx_expect_down(fx, EFTF_REASON_RELEASED);
}

static void every_alert_is_told(void **state)
{
	struct fx *fx = *state;

	for (int level = 1; level <= 2; level++) {
		for (int description = 10; description < 130; description += 15) {
			const uint8_t alert[2] = {(uint8_t)level, (uint8_t)description};

			fx_attach(fx);
			rec_send(&fx->peer, REC_ALERT, alert, 2);
			assert_int_equal(fx_expect_down(fx, EFTF_REASON_ALERT).alert, description);
			close(fx->peer.fd);
		}
	}
	fx->peer.fd = -1;
}

/* user_canceled only announces a close_notify. */
static void user_canceled_is_no_end(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	rec_send(&fx->peer, REC_ALERT, "\1\x5a", 2);
	fx_expect_alive(fx);
}

static void impossible(struct fx *fx, uint8_t type, const void *data, size_t len)
{
	fx_attach(fx);
	rec_send(&fx->peer, type, data, len);
	fx_expect_down(fx, EFTF_REASON_PROTOCOL);
	fx_expect_closed(fx, 2, 10);
	close(fx->peer.fd);
	fx->peer.fd = -1;
}

static void impossible_control_records(void **state)
{
	static const uint8_t zeros[REC_MAX];
	struct fx *fx = *state;

	impossible(fx, REC_ALERT, "", 0);
	impossible(fx, REC_ALERT, "\1", 1);
	impossible(fx, REC_ALERT, "\1\0\0", 3);
	impossible(fx, REC_ALERT, zeros, 16000);
	impossible(fx, REC_HANDSHAKE, "", 0);
	impossible(fx, REC_HANDSHAKE, "\4\0", 2);		/* cut header */
	impossible(fx, REC_HANDSHAKE, "\1\0\0\0", 4);		/* ClientHello */
	impossible(fx, REC_HANDSHAKE, "\x0d\0\0\0", 4);		/* CertificateRequest */
	impossible(fx, 20, "\1", 1);				/* change_cipher_spec */
	impossible(fx, 24, "\1\0\0", 3);			/* heartbeat */
	impossible(fx, 99, "?", 1);
}

/* RFC 8446 5.2: such a record ends the connection with the alert record_overflow. */
static void record_too_long(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	/* 2^14 + 2048 octets and one, too many for TLS 1.2 as well; there kTLS looks at the nonce's 8, too */
	fx_write(fx->peer.fd, "\x17\3\3\x48\1nonce...", 13);
	fx_expect_down(fx, EFTF_REASON_PROTOCOL);
	fx_expect_closed(fx, 2, 22);
}

/* In TLS 1.2 a record says its type in the clear, and it may be any. */
static void record_type_0_is_no_data(void **state)
{
	struct eftf_tunnel_info info;
	struct fx *fx = *state;
	uint8_t out[256];
	size_t n;

	for (int empty = 0; empty < 2; empty++) {
		fx_attach(fx);
		n = fx_envelope(fx, out, "of no type at all", 17);
		rec_send(&fx->peer, 0, out, empty ? 0 : n);
		info = fx_expect_down(fx, EFTF_REASON_BAD_RECORD);
		assert_int_equal(info.stats[EFTF_STAT_RX_PACKETS], 0);
		close(fx->peer.fd);
	}
	fx->peer.fd = -1;
}

/* RFC 5246 7.4.1.1: who does not want to renegotiate may ignore it. */
static void hello_request_is_ignored(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	rec_send(&fx->peer, REC_HANDSHAKE, "\0\0\0", 4);
	fx_expect_alive(fx);
}

static void ticket(uint8_t *out, size_t body)
{
	memset(out, 0x5a, body + 4);
	out[0] = 4;
	out[1] = (uint8_t)(body >> 16);
	out[2] = (uint8_t)(body >> 8);
	out[3] = (uint8_t)body;
}

/* The first records of many servers are tickets, at sequence number 0. */
static void tickets_are_told_and_skipped(void **state)
{
	static uint8_t message[20000];
	struct fx *fx = *state;

	fx_attach(fx);
	ticket(message, 200);
	ticket(message + 204, 100);
	rec_send(&fx->peer, REC_HANDSHAKE, message, 204);
	fx_event(fx, EFTF_CMD_EVENT_TICKET);
	rec_send(&fx->peer, REC_HANDSHAKE, message, 308);	/* two in one record */
	fx_event(fx, EFTF_CMD_EVENT_TICKET);
	fx_event(fx, EFTF_CMD_EVENT_TICKET);
	fx_expect_alive(fx);
	/* one in two records: nobody can use it, nobody minds */
	ticket(message, 18000);
	rec_send(&fx->peer, REC_HANDSHAKE, message, 16000);
	rec_send(&fx->peer, REC_HANDSHAKE, message + 16000, 2004);
	fx_expect_alive(fx);
	/* but nothing may come in between */
	rec_send(&fx->peer, REC_HANDSHAKE, message, 16000);
	fx_peer_says(fx, "in between");
	fx_expect_down(fx, EFTF_REASON_PROTOCOL);
	fx_expect_closed(fx, 2, 10);
}

/* A UE is a TLS client: it has no tickets to give. */
static void tickets_from_a_ue_are_impossible(void **state)
{
	uint8_t message[104];

	ticket(message, 100);
	impossible(*state, REC_HANDSHAKE, message, sizeof(message));
}

static void set_limit(struct fx *fx, uint64_t records)
{
	const struct eftf_tunnel_change change = {.has_record_limit = true, .record_limit = records};

	fx_set(fx, &change);
}

static void key_limit(void **state)
{
	struct eftf_tunnel_info info;
	struct fx *fx = *state;

	fx_attach(fx);
	set_limit(fx, 80);
	for (int i = 0; i < 70; i++) {
		fx_dut_says(fx, "one record");
		fx_expect_envelope(fx, "one record");
	}
	info = fx_event(fx, EFTF_CMD_EVENT_REKEY);
	assert_int_equal(info.direction, EFTF_DIRECTION_TX);
	assert_int_equal(info.key_records_tx, 70);
	for (int i = 70; i < 80; i++) {
		fx_dut_says(fx, "one record");
		fx_expect_envelope(fx, "one record");
	}
	fx_expect_down(fx, EFTF_REASON_KEY_LIMIT);
	fx_expect_closed(fx, 1, 0);
}

/* What comes in is counted and told, but not cut off. */
static void key_limit_of_the_peer(void **state)
{
	struct eftf_tunnel_info info;
	struct fx *fx = *state;

	fx_attach(fx);
	set_limit(fx, 8);
	for (int i = 0; i < 20; i++) {
		fx_peer_says(fx, "one record");
		fx_expect_udp(fx, "one record");
	}
	info = fx_event(fx, EFTF_CMD_EVENT_REKEY);
	assert_int_equal(info.direction, EFTF_DIRECTION_RX);
	assert_int_equal(info.key_records_rx, 7);
	fx_wait_records(fx, EFTF_DIRECTION_RX, 20);
}

static void set_times(struct fx *fx, uint32_t keepalive, uint32_t timeout)
{
	const struct eftf_tunnel_change change = {
		.has_keepalive = true, .keepalive = keepalive,
		.has_timeout = true, .timeout = timeout,
	};

	fx_set(fx, &change);
}

static void keep_alive_when_nothing_was_sent(void **state)
{
	static uint8_t data[REC_MAX + 256];
	struct fx *fx = *state;
	uint8_t type = 0;
	int64_t start;
	long n;

	fx_attach(fx);
	/* with time to spare for a machine that has other things to do */
	set_times(fx, 4, 0);
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
	set_times(fx, 3, 0);
	fx_sleep(7500);
	assert_in_range(fx_stat(fx, EFTF_STAT_KEEPALIVES_TX), 1, 3);
}

static void silence_ends_the_tunnel(void **state)
{
	struct fx *fx = *state;
	int64_t start;

	fx_attach(fx);
	/* silence before the timeout was set does not count; an empty record is a sign of life */
	fx_sleep(3500);
	set_times(fx, 0, 3);
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

/* One that goes on byte by byte keeps the tunnel alive; its end is due within the timeout all the same. */
static void unfinished(struct fx *fx, uint8_t type, const uint8_t *begin, size_t len)
{
	struct eftf_tunnel_info info;
	int64_t start;

	fx_attach(fx);
	set_times(fx, 0, 3);
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
	set_times(fx, 0, 3);
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
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(peer_releases),
		GW(we_release),
		UE(release_flushes),
		UE(fin_without_close_notify),
		UE(fin_in_mid_record),
		GW(reset_by_peer),
		UE(data_before_release_arrives),
		UE(every_alert_is_told),
		UE(user_canceled_is_no_end),
		UE(impossible_control_records),
		UE(record_too_long),
		UE(tickets_are_told_and_skipped),
		GW(tickets_from_a_ue_are_impossible),
		UE(key_limit),
		UE(key_limit_of_the_peer),
		UE(keep_alive_when_nothing_was_sent),
		GW(keep_alive_when_nothing_was_sent),
		UE(keep_alives_of_a_stalled_tunnel),
		UE(silence_ends_the_tunnel),
		UE(stall_is_told),
		UE(unfinished_envelope),
		GW(unfinished_envelope_of_unknown_type),
		UE(unfinished_ticket),
		UE(long_envelopes_that_end),
#define UE12(f) FX_TLS12(f, ue, fx_teardown)
#define GW12(f) FX_TLS12(f, gw, fx_teardown)
		UE12(peer_releases),
		GW12(we_release),
		UE12(release_flushes),
		UE12(fin_without_close_notify),
		UE12(fin_in_mid_record),
		GW12(reset_by_peer),
		UE12(data_before_release_arrives),
		UE12(every_alert_is_told),
		UE12(user_canceled_is_no_end),
		UE12(impossible_control_records),
		GW12(record_too_long),
		UE12(record_type_0_is_no_data),
		GW12(hello_request_is_ignored),
		UE12(key_limit),
		UE12(key_limit_of_the_peer),
		UE12(silence_ends_the_tunnel),
		UE12(stall_is_told),
		UE12(unfinished_envelope),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
