// SPDX-License-Identifier: GPL-2.0-or-later
/* The stream: envelopes cut anywhere, wrong envelopes, wrong packets, a full send buffer. */
#include "fixture.h"
#include "pump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Every cut of one envelope: two records, cut after each octet in turn. */
static void envelope_cut_at_every_octet(void **state)
{
	struct fx *fx = *state;
	uint8_t out[256];
	size_t n;

	fx_attach(fx);
	n = fx_envelope(fx, out, "cut me anywhere", 15);
	for (size_t cut = 1; cut < n; cut++) {
		rec_send(&fx->peer, REC_DATA, out, cut);
		rec_send(&fx->peer, REC_DATA, out + cut, n - cut);
		fx_expect_udp(fx, "cut me anywhere");
	}
	for (size_t i = 0; i < n; i++)
		rec_send(&fx->peer, REC_DATA, out + i, 1);
	fx_expect_udp(fx, "cut me anywhere");
	fx_expect_alive(fx);
}

/* The same cuts below TLS: a record in two TCP segments. */
static void record_cut_at_every_octet(void **state)
{
	struct fx *fx = *state;
	uint8_t plain[256], sealed[512];
	struct rec_key trial;
	size_t n, len;

	fx_attach(fx);
	n = fx_envelope(fx, plain, "record in two", 13);
	trial = fx->peer.tx;
	len = rec_seal(&trial, REC_DATA, plain, n, 0, sealed);
	for (size_t cut = 1; cut < len; cut += 3) {
		assert_int_equal(rec_seal(&fx->peer.tx, REC_DATA, plain, n, 0, sealed), len);
		fx_write(fx->peer.fd, sealed, cut);
		fx_sleep(1);
		fx_write(fx->peer.fd, sealed + cut, len - cut);
		fx_expect_udp(fx, "record in two");
	}
}

static void thousand_envelopes_in_one_record(void **state)
{
	/* 21-octet packets: an IPv4 header and an octet of an unassigned protocol */
	static uint8_t record[REC_MAX];
	struct fx *fx = *state;
	size_t at = 0, count = 0;

	fx_attach(fx);
	while (at + 24 <= sizeof(record) && count < 682) {
		uint8_t *p = record + at + 3;

		ftt_ims_put_header(record + at, FTT_IMS_TYPE_IP, 21);
		memcpy(p, "\x45\0\0\x15\0\0\0\0\x40\xfd\0\0", 12);
		memcpy(p + 12, fx->role == EFTF_ROLE_GW ? "\x0a\x40\0\2\x0a\x40\0\1" :
							 "\x0a\x40\0\1\x0a\x40\0\2", 8);
		at += 24;
		count++;
	}
	rec_send(&fx->peer, REC_DATA, record, at);
	fx_wait_stat(fx, EFTF_STAT_RX_PACKETS, count);
	/* an envelope without payload is the smallest: 3 octets, 5461 in a record */
	for (at = 0; at + 3 <= sizeof(record); at += 3)
		ftt_ims_put_header(record + at, FTT_IMS_TYPE_IP, 0);
	rec_send(&fx->peer, REC_DATA, record, at);
	fx_wait_stat(fx, EFTF_STAT_DROP_RX_EMPTY, at / 3);
	fx_expect_alive(fx);
}

static void largest_record_and_padding(void **state)
{
	static uint8_t plain[REC_MAX + 3], sealed[REC_MAX + 64];
	static char text[16000];
	struct fx *fx = *state;
	size_t n;

	fx_attach(fx);
	memset(text, 'x', sizeof(text) - 1);
	n = fx_envelope(fx, plain, text, strlen(text));
	assert_true(n <= REC_MAX);
	rec_send(&fx->peer, REC_DATA, plain, n);
	fx_expect_udp(fx, text);
	n = fx_envelope(fx, plain, "padded", 6);
	fx_write(fx->peer.fd, sealed, rec_seal(&fx->peer.tx, REC_DATA, plain, n, 1000, sealed));
	fx_expect_udp(fx, "padded");
	fx_expect_alive(fx);
}

/* Legal, and a stall or a flood in careless readers. */
static void empty_records(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	for (int i = 0; i < 500; i++)
		rec_send(&fx->peer, REC_DATA, "", 0);
	fx_expect_alive(fx);
	fx_wait_records(fx, EFTF_DIRECTION_RX, 501);
}

static void bad_record(struct fx *fx, size_t at)
{
	uint8_t plain[256], sealed[512];
	size_t n;

	fx_attach(fx);
	n = fx_envelope(fx, plain, "flip", 4);
	n = rec_seal(&fx->peer.tx, REC_DATA, plain, n, 0, sealed);
	sealed[at ? at : n - 1] ^= 1;
	fx_write(fx->peer.fd, sealed, n);
}

static void altered_record_ends_the_tunnel(void **state)
{
	bad_record(*state, 0);
	fx_expect_down(*state, EFTF_REASON_BAD_RECORD);
}

static void altered_record_header_ends_the_tunnel(void **state)
{
	bad_record(*state, 1);
	fx_expect_down(*state, EFTF_REASON_PROTOCOL);
}

/*
 * One empty record after the other, faster than they can be read, until they are
 * no longer taken. Return: never; the exit status is 0 if all of them were.
 */
static void flood(int fd, const uint8_t *records, size_t len)
{
	size_t done = 0;
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (done < len && (n = send(fd, records + done, len - done, MSG_NOSIGNAL)) > 0)
		done += (size_t)n;
	_exit(done < len);
}

#define EMPTY_RECORD	22		/* octets of one, with TLS 1.3 */
#define FLOOD_MOST	(4 << 20)	/* records */

/* Deletes the device in the midst of so many empty records; false if all of them were taken nevertheless. */
static bool end_comes_before_that_of_flood(struct fx *fx, size_t count)
{
	static uint8_t records[(size_t)FLOOD_MOST * EMPTY_RECORD];
	struct eftf_err err;
	size_t len = 0;
	int status;
	pid_t child;

	fx_attach(fx);
	for (size_t i = 0; i < count; i++)
		len += rec_seal(&fx->peer.tx, REC_DATA, "", 0, 0, records + len);
	child = fork();
	assert_return_code(child, errno);
	if (!child)
		flood(fx->peer.fd, records, len);
	fx_sleep(200);
	if (eftf_rt_link_del(fx->rt, FX_DEV, &err))
		fail_msg("link: %s", err.text);
	kill(child, SIGKILL);	/* if TCP has not told it yet that nobody is there any more */
	assert_int_equal(waitpid(child, &status, 0), child);
	return !WIFEXITED(status) || WEXITSTATUS(status);
}

/*
 * TLS stays in one read meanwhile, and that read has the socket's lock. The end takes a second, and sockets
 * hold half a million of these records: where reading is fast a flood may be over before. A longer one is not,
 * unless the end waits for it.
 */
static void flood_of_empty_records_does_not_hold_up_the_end(void **state)
{
	struct fx *fx = *state;

	for (size_t count = FLOOD_MOST / 8; !end_comes_before_that_of_flood(fx, count); count *= 2) {
		if (count == FLOOD_MOST)
			fail_msg("expected a flood of %zu records to be cut off by the end, it was read to its own end", count);
		close(fx->peer.fd);
		fx->peer.fd = -1;
		fx_device(fx);
	}
}

/* The sender, too, is given what TLS makes of it; it must leave the verdict to the reader. */
static void altered_record_header_under_traffic(void **state)
{
	struct fx *fx = *state;

	for (int i = 0; i < 8; i++) {
		pid_t child = pump_talk(fx, 5000);

		bad_record(fx, 1);
		fx_expect_down(fx, EFTF_REASON_PROTOCOL);
		pump_hush(child);
		close(fx->peer.fd);
		fx->peer.fd = -1;
	}
}

static void payload_of_65532_octets(void **state)
{
	static uint8_t out[65535 + 64];
	static char text[65505];
	struct fx *fx = *state;
	size_t n;

	fx_attach(fx);
	memset(text, 'y', 65504);
	n = fx_envelope(fx, out, text, 65504);
	assert_int_equal(n, 65535);
	for (size_t at = 0; at < n; at += REC_MAX)
		rec_send(&fx->peer, REC_DATA, out + at, n - at < REC_MAX ? n - at : REC_MAX);
	fx_expect_udp(fx, text);
	fx_expect_alive(fx);
}

static void length_below_3_ends_the_tunnel(void **state)
{
	struct fx *fx = *state;

	for (uint8_t len = 0; len < 3; len++) {
		const uint8_t bad[3] = {FTT_IMS_TYPE_IP, 0, len};

		fx_attach(fx);
		rec_send(&fx->peer, REC_DATA, bad, 3);
		fx_expect_down(fx, EFTF_REASON_FRAMING);
		fx_expect_closed(fx, 2, 50);
		close(fx->peer.fd);
	}
	fx->peer.fd = -1;
}

static void unknown_types_are_skipped(void **state)
{
	static uint8_t unknown[5000];
	struct fx *fx = *state;

	fx_attach(fx);
	for (int type = 0; type < 256; type++) {
		if (type == FTT_IMS_TYPE_IP)
			continue;
		ftt_ims_put_header(unknown, (uint8_t)type, (size_t)type * 16);
		rec_send(&fx->peer, REC_DATA, unknown, 3 + (size_t)type * 16);
		if (type % 10 == 0)
			fx_peer_says(fx, "in between");
	}
	for (int i = 0; i < 26; i++)
		fx_expect_udp(fx, "in between");
	fx_wait_stat(fx, EFTF_STAT_RX_UNKNOWN, 255);
	fx_expect_alive(fx);
}

static void endless_unknown_types_end_the_tunnel(void **state)
{
	const uint8_t unknown[3] = {200, 0, 3};
	struct fx *fx = *state;

	fx_attach(fx);
	for (int i = 0; i < 17; i++)
		rec_send(&fx->peer, REC_DATA, unknown, 3);
	fx_expect_down(fx, EFTF_REASON_FRAMING);
	fx_expect_closed(fx, 2, 50);
}

static void http_inside_tls_is_no_tunnel(void **state)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: eftf\r\n\r\n";
	struct eftf_tunnel_spec spec;
	struct fx *fx = *state;
	struct eftf_err err;
	int fd = fx_pair(&fx->peer, KTLS_BOTH);

	spec = fx_spec(fx, fd);
	spec.negotiated = false;
	assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &fx->id, &err), 0);
	close(fd);
	rec_send(&fx->peer, REC_DATA, http, sizeof(http) - 1);
	fx_expect_down(fx, EFTF_REASON_NOT_FTT);
	fx_expect_closed(fx, 2, 50);
}

static void wrong_packets_are_dropped(void **state)
{
	struct fx *fx = *state;
	uint8_t out[256], bad[256];
	size_t n;
	enum eftf_stat wrong_address = fx->role == EFTF_ROLE_GW ? EFTF_STAT_DROP_RX_SOURCE :
								  EFTF_STAT_DROP_RX_DEST;

	fx_attach(fx);
	n = fx_envelope(fx, out, "hello", 5);
	/* version 5; header length 16; total length one too many, one too few */
	memcpy(bad, out, n);
	bad[3] = 0x55;
	rec_send(&fx->peer, REC_DATA, bad, n);
	bad[3] = 0x44;
	rec_send(&fx->peer, REC_DATA, bad, n);
	fx_wait_stat(fx, EFTF_STAT_DROP_RX_VERSION, 2);
	memcpy(bad, out, n);
	bad[6]++;
	rec_send(&fx->peer, REC_DATA, bad, n);
	bad[6] -= 2;
	rec_send(&fx->peer, REC_DATA, bad, n);
	fx_wait_stat(fx, EFTF_STAT_DROP_RX_LENGTH, 2);
	/* a cut header; one octet */
	ftt_ims_put_header(out + 100, FTT_IMS_TYPE_IP, 19);
	memcpy(out + 103, out + 3, 19);
	rec_send(&fx->peer, REC_DATA, out + 100, 22);
	ftt_ims_put_header(out + 100, FTT_IMS_TYPE_IP, 1);
	rec_send(&fx->peer, REC_DATA, out + 100, 4);
	fx_wait_stat(fx, EFTF_STAT_DROP_RX_VERSION, 4);
	/* another UE's address */
	memcpy(bad, out, n);
	bad[3 + 15] = bad[3 + 19] = 77;
	rec_send(&fx->peer, REC_DATA, bad, n);
	fx_wait_stat(fx, wrong_address, 1);
	/* IPv6, which this tunnel has not */
	memset(bad, 0, 43);
	ftt_ims_put_header(bad, FTT_IMS_TYPE_IP, 40);
	bad[3] = 0x60;
	rec_send(&fx->peer, REC_DATA, bad, 43);
	fx_wait_stat(fx, wrong_address, 2);
	fx_expect_alive(fx);
}

/* A DHCP server refuses by broadcast: at the UE that is heard, no other packet for all machines, no fragment. */
static void dhcp_broadcast_is_heard(void **state)
{
	struct fx *fx = *state;
	uint8_t out[256];
	size_t n;

	fx_attach(fx);
	n = fx_envelope(fx, out, "hello", 5);
	memset(out + 3 + 16, 0xff, 4);
	rec_send(&fx->peer, REC_DATA, out, n);
	fx_wait_stat(fx, EFTF_STAT_DROP_RX_DEST, 1);
	out[3 + 22] = 0;
	out[3 + 23] = 68;
	out[3 + 6] = 0x20;
	rec_send(&fx->peer, REC_DATA, out, n);
	fx_wait_stat(fx, EFTF_STAT_DROP_RX_DEST, 2);
	out[3 + 6] = 0;
	out[3 + 9] = 6;
	rec_send(&fx->peer, REC_DATA, out, n);
	fx_wait_stat(fx, EFTF_STAT_DROP_RX_DEST, 3);
	out[3 + 9] = 17;
	rec_send(&fx->peer, REC_DATA, out, n);
	fx_wait_stat(fx, EFTF_STAT_RX_PACKETS, 1);
	fx_expect_alive(fx);
}

/*
 * The peer reads nothing until everything is full, then everything: no octet
 * of an accepted packet may be missing. (Others froze at 139 264 octets.)
 */
static void full_send_buffer_drains(void **state)
{
	static uint8_t data[REC_MAX + 256], stream[2 * REC_MAX];
	struct fx *fx = *state;
	struct ftt_ims_decoder decoder = {.have = 0};
	struct ftt_ims_piece piece;
	struct eftf_tunnel_info info;
	uint64_t packets = 0;
	uint8_t type;

	fx_attach(fx);
	fx_stuff(fx);
	for (;;) {
		long n = rec_recv(&fx->peer, &type, data, 2000);
		const uint8_t *p = stream;

		if (n == -3)
			break;
		assert_true(n > 0);
		assert_int_equal(type, REC_DATA);
		memcpy(stream, data, (size_t)n);
		while (n) {
			int used = ftt_ims_decode(&decoder, p, (size_t)n, &piece);

			assert_true(used > 0);
			p += used;
			n -= used;
			if (piece.valid && piece.last) {
				assert_int_equal(piece.payload_len, FX_STUFFING + 28);
				packets++;
			}
		}
	}
	assert_int_equal(decoder.have, 0);
	info = fx_get(fx);
	assert_int_equal(packets, info.stats[EFTF_STAT_TX_PACKETS]);
	assert_int_equal(info.queue_packets, 0);
	fx_expect_alive(fx);
}

/* Batches: a backlog shares records, single packets do not wait. */
static void backlog_shares_records(void **state)
{
	static uint8_t data[REC_MAX + 256];
	int64_t end = fx_now() + FX_PATIENCE;
	struct eftf_tunnel_info info;
	struct fx *fx = *state;
	char text[172];
	uint8_t type;

	fx_attach(fx);
	memset(text, 'v', sizeof(text));
	for (int i = 0; i < 2000; i++)
		(void)!send(fx->udp, text, sizeof(text), MSG_DONTWAIT);
	/* at the latest when the sender, stalled by one who does not read, goes on */
	do {
		rec_recv(&fx->peer, &type, data, 20);
		info = fx_get(fx);
	} while (info.stats[EFTF_STAT_TX_PACKETS] <= info.stats[EFTF_STAT_TX_RECORDS] &&
		 fx_now() < end);
	assert_true(info.stats[EFTF_STAT_TX_PACKETS] > info.stats[EFTF_STAT_TX_RECORDS]);
}

static void note_dropped(const struct eftf_link_info *info, void *arg)
{
	*(uint64_t *)arg = info->tx_dropped;
}

/* What the queue drops is in the device's own statistics, too. */
static void drops_are_the_devices_too(void **state)
{
	static const char text[1000] = "more than the queue holds";
	struct fx *fx = *state;
	uint64_t dropped = 0;
	struct eftf_err err;
	int size = 16 << 20;

	fx_attach(fx);
	fx_stuff(fx);
	assert_return_code(setsockopt(fx->udp, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)), errno);
	for (int i = 0; i < 3000; i++)
		assert_return_code(send(fx->udp, text, sizeof(text), MSG_DONTWAIT), errno);
	assert_true(fx_stat(fx, EFTF_STAT_DROP_TX_FULL) > 1000);
	assert_int_equal(eftf_rt_link_get(fx->rt, FX_DEV, note_dropped, &dropped, &err), 0);
	assert_true(dropped >= fx_stat(fx, EFTF_STAT_DROP_TX_FULL));
}

/*
 * Another process waits on the same socket and only looks (MSG_PEEK). If the module comes
 * while TLS decrypts for that one it gets nothing, and TLS wakes nobody when
 * the onlooker leaves.
 */
static void onlooker_takes_nothing_away(void **state)
{
	static char data[65536];
	struct eftf_err err;
	struct fx *fx = *state;
	int dut = fx_pair(&fx->peer, KTLS_BOTH);
	char text[32];

	assert_int_equal(fx_attach_fd(fx, dut, &err), 0);
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		assert_return_code(pid, errno);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			recv(dut, data, sizeof(data), MSG_PEEK);
			_exit(0);
		}
		fx_sleep(i % 2 ? 20 : 5);	/* it sleeps in recv, or is on its way there */
		snprintf(text, sizeof(text), "seen or not %d", i);
		fx_peer_says(fx, text);
		fx_expect_udp(fx, text);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	close(dut);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		GW(envelope_cut_at_every_octet),
		UE(record_cut_at_every_octet),
		GW(thousand_envelopes_in_one_record),
		UE(largest_record_and_padding),
		GW(empty_records),
		UE(altered_record_header_under_traffic),
		GW(flood_of_empty_records_does_not_hold_up_the_end),
		UE(altered_record_ends_the_tunnel),
		UE(altered_record_header_ends_the_tunnel),
		UE(payload_of_65532_octets),
		GW(length_below_3_ends_the_tunnel),
		GW(unknown_types_are_skipped),
		GW(endless_unknown_types_end_the_tunnel),
		GW(http_inside_tls_is_no_tunnel),
		GW(wrong_packets_are_dropped),
		UE(wrong_packets_are_dropped),
		UE(dhcp_broadcast_is_heard),
		UE(full_send_buffer_drains),
		UE(backlog_shares_records),
		UE(drops_are_the_devices_too),
		UE(onlooker_takes_nothing_away),
#define UE12(f) FX_TLS12(f, ue, fx_teardown)
#define GW12(f) FX_TLS12(f, gw, fx_teardown)
		GW12(envelope_cut_at_every_octet),
		UE12(record_cut_at_every_octet),
		GW12(thousand_envelopes_in_one_record),
		GW12(empty_records),
		UE12(altered_record_ends_the_tunnel),
		UE12(altered_record_header_ends_the_tunnel),
		UE12(payload_of_65532_octets),
		GW12(length_below_3_ends_the_tunnel),
		GW12(unknown_types_are_skipped),
		UE12(wrong_packets_are_dropped),
		UE12(full_send_buffer_drains),
		UE12(backlog_shares_records),
		UE12(onlooker_takes_nothing_away),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
