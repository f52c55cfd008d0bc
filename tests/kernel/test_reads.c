// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the reader costs: by the tracepoint eftf:eftf_read, which tells each of
 * its reads. Where packets come one at a time, there is one read for each; where
 * there is much to read, it is read in large pieces. TLS decrypts straight into
 * the reader's memory, and not every small packet is acknowledged.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <linux/tls.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing"
#define PAGE 4096
#define PACKETS 40

static bool trace_write(const char *file, const char *text)
{
	char path[128];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), TRACING "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd >= 0) {
		n = write(fd, text, strlen(text));
		close(fd);
	}
	return n == (ssize_t)strlen(text);
}

/* Begins to count; false if this kernel has no tracing. */
static bool trace_start(void)
{
	struct stat st;

	if (stat(TRACING "/events", &st) && mount("tracefs", TRACING, "tracefs", 0, NULL))
		return false;
	return trace_write("trace", "\n") && trace_write("events/eftf/eftf_read/enable", "1");
}

struct reads {
	unsigned int small, large, with_data, without;
};

static struct reads trace_stop(uint32_t ifindex)
{
	struct reads r = {0};
	unsigned int index, id, size, found, len;
	char line[512];
	const char *at;
	FILE *f;

	trace_write("events/eftf/eftf_read/enable", "0");
	f = fopen(TRACING "/trace", "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, "eftf_read: ");
		if (!at || sscanf(at, "eftf_read: ifindex=%u id=%u size=%u found=%u len=%u", &index, &id,
				  &size, &found, &len) != 5 || index != ifindex)
			continue;
		(size > PAGE ? &r.large : &r.small)[0]++;
		(len ? &r.with_data : &r.without)[0]++;
	}
	fclose(f);
	return r;
}

static void one_read_for_one_packet(void **state)
{
	struct fx *fx = *state;
	struct reads r;

	fx_attach(fx);
	fx_expect_alive(fx);
	if (!trace_start())
		skip();
	for (int i = 0; i < PACKETS; i++) {
		fx_peer_says(fx, "one at a time");
		fx_expect_udp(fx, "one at a time");
		fx_sleep(5);
	}
	r = trace_stop(fx->ifindex);
	if (r.with_data != PACKETS)
		fail_msg("expected %d reads of data, seen %u", PACKETS, r.with_data);
	/* the timer has a look now and then */
	if (r.without > PACKETS / 4)
		fail_msg("expected next to no reads without data, seen %u", r.without);
}

static void much_is_read_at_a_time(void **state)
{
	static uint8_t plain[16000], packet[1200];
	size_t n = fx_envelope(*state, plain, packet, sizeof(packet));
	struct fx *fx = *state;
	unsigned int records = 0;
	uint64_t before;
	struct reads r;

	fx_attach(fx);
	fx_expect_alive(fx);
	if (!trace_start())
		skip();
	before = fx_stat(fx, EFTF_STAT_RX_STREAM_BYTES);
	for (size_t at = n; at + n <= sizeof(plain); at += n)
		memcpy(plain + at, plain, n);
	while (records < 64) {
		rec_send(&fx->peer, REC_DATA, plain, sizeof(plain) / n * n);
		records++;
	}
	fx_wait_stat(fx, EFTF_STAT_RX_STREAM_BYTES, before + records * (sizeof(plain) / n * n));
	r = trace_stop(fx->ifindex);
	/* with pages only, it would be four for each record */
	if (!r.large || r.with_data > 2 * records)
		fail_msg("expected at most %u reads, with large ones; seen %u small and %u large", 2 * records,
			 r.small, r.large);
}

static void records_are_decrypted_in_place(void **state)
{
	struct fx *fx = *state;
	int dut = fx_pair(&fx->peer, KTLS_BOTH), on = 0;
	socklen_t len = sizeof(on);
	struct eftf_err err;

	if (fx_attach_fd(fx, dut, &err))
		fail_msg("attach: %s", err.text);
	if (getsockopt(dut, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &on, &len) || on != 1)
		fail_msg("expected TLS_RX_EXPECT_NO_PAD to be 1, seen %d (%s)", on, strerror(errno));
	close(dut);
	fx_expect_alive(fx);
}

static uint32_t segments_of_module(const struct fx *fx)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	assert_int_equal(getsockopt(fx->peer.fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	return info.tcpi_segs_in;
}

/*
 * Each packet is taken before the next is sent. Acknowledgements are put off only
 * after some hundred packets, and for 40 ms at the most: on a machine that is
 * slower than that in one round, there is another round.
 */
static void not_each_packet_is_acknowledged(void **state)
{
	const uint32_t n = 20;
	struct fx *fx = *state;
	uint32_t before, seen = n;
	int on = 1;

	fx_attach(fx);
	fx_expect_alive(fx);
	assert_return_code(setsockopt(fx->peer.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), errno);
	for (int round = 0; seen > n * 3 / 4 && round < 200; round++) {
		before = segments_of_module(fx);
		for (uint32_t i = 0; i < n; i++) {
			fx_peer_says(fx, "one at a time");
			fx_expect_udp(fx, "one at a time");
		}
		seen = segments_of_module(fx) - before;
	}
	if (seen > n * 3 / 4)
		fail_msg("expected at most %u acknowledgements for %u packets, seen %u", n * 3 / 4, n, seen);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_read_for_one_packet, fx_setup_gw, fx_teardown),
		cmocka_unit_test_setup_teardown(much_is_read_at_a_time, fx_setup_gw, fx_teardown),
		cmocka_unit_test_setup_teardown(records_are_decrypted_in_place, fx_setup_ue, fx_teardown),
		cmocka_unit_test_setup_teardown(not_each_packet_is_acknowledged, fx_setup_ue, fx_teardown),
		FX_TLS12(one_read_for_one_packet, ue, fx_teardown),
		FX_TLS12(much_is_read_at_a_time, ue, fx_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("reads", tests, NULL, NULL);
}
