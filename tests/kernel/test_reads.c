// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the reader costs: by the tracepoint eftf:eftf_read, which tells each of
 * its reads. Where packets come one at a time, there is one read for each, into
 * one page; where there is much to read, it is read in large pieces.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
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
	if (r.with_data != PACKETS || r.large)
		fail_msg("expected %d reads of data, none of them large; seen %u, and %u large ones", PACKETS,
			 r.with_data, r.large);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_read_for_one_packet, fx_setup_gw, fx_teardown),
		cmocka_unit_test_setup_teardown(much_is_read_at_a_time, fx_setup_gw, fx_teardown),
		FX_TLS12(one_read_for_one_packet, ue, fx_teardown),
		FX_TLS12(much_is_read_at_a_time, ue, fx_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("reads", tests, NULL, NULL);
}
