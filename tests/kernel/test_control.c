// SPDX-License-Identifier: GPL-2.0-or-later
/* Control records, releases, resets: what ends a tunnel and what it tells. */
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
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
