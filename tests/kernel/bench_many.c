// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What EFTF_MANY (1000) tunnels of one gateway cost, in ns of the clock, which are instructions in a guest that counts them.
 * Prints a line: tunnels, ns to make one, to look one up by its id, to dump one (of a dump of all), to delete one, octets of
 * kernel memory of one (its two sockets not counted). The netlink library's own work is in it; a socket is made before.
 */
#include "fixture.h"
#include "pump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MOST 10000

static struct {
	unsigned int n, seen;
	int duts[MOST], peers[MOST];
	uint32_t ids[MOST];
} many;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* KiB that are not in use; page cache and what can be freed count as free. */
static long free_kib(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	long sum = 0, kib;
	char line[128], name[64];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %ld", name, &kib) == 2 &&
		    (!strcmp(name, "MemFree") || !strcmp(name, "Cached") || !strcmp(name, "Buffers")))
			sum += kib;
	fclose(f);
	return sum;
}

static void make_sockets(void)
{
	const struct rlimit files = {.rlim_cur = 2 * MOST + 1000, .rlim_max = 2 * MOST + 1000};
	static struct rec peer;

	assert_return_code(setrlimit(RLIMIT_NOFILE, &files), errno);
	for (unsigned int k = 0; k < many.n; k++) {
		many.duts[k] = fx_pair(&peer, KTLS_BOTH);
		many.peers[k] = peer.fd;
	}
}

static void see(const struct eftf_tunnel_info *info, void *arg)
{
	(void)info;
	(void)arg;
	many.seen++;
}

static void tunnels(void **state)
{
	const char *n = getenv("EFTF_MANY");
	uint64_t start, made, found, dumped, deleted;
	struct fx *fx = *state;
	struct eftf_err err;
	long kib;

	many.n = n ? (unsigned int)atoi(n) : 1000;
	assert_in_range(many.n, 1, MOST);
	make_sockets();
	kib = free_kib();
	start = now_ns();
	for (unsigned int k = 0; k < many.n; k++) {
		struct eftf_tunnel_spec spec = pump_spec(fx, many.duts[k], k);

		if (eftf_nl_tunnel_new(fx->nl, &spec, &many.ids[k], &err))
			fail_msg("tunnel %u: %s", k, err.text);
	}
	made = now_ns() - start;
	kib -= free_kib();
	for (unsigned int k = 0; k < many.n; k++)
		close(many.duts[k]);

	start = now_ns();
	for (unsigned int k = 0; k < many.n; k++)
		assert_int_equal(eftf_nl_tunnel_get(fx->nl, fx->ifindex, many.ids[k], see, NULL, &err), 0);
	found = now_ns() - start;
	start = now_ns();
	assert_int_equal(eftf_nl_tunnel_get(fx->nl, 0, 0, see, NULL, &err), 0);
	dumped = now_ns() - start;
	assert_int_equal(many.seen, 2 * many.n);

	start = now_ns();
	for (unsigned int k = 0; k < many.n; k++)
		if (eftf_nl_tunnel_del(fx->nl, fx->ifindex, many.ids[k], &err))
			fail_msg("tunnel %u: %s", k, err.text);
	deleted = now_ns() - start;
	for (unsigned int k = 0; k < many.n; k++)
		close(many.peers[k]);
	printf("figures %u %llu %llu %llu %llu %ld\n", many.n, (unsigned long long)made / many.n,
	       (unsigned long long)found / many.n, (unsigned long long)dumped / many.n, (unsigned long long)deleted / many.n,
	       kib * 1024 / (long)many.n);
	fflush(stdout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(tunnels, fx_setup_gw, fx_teardown)};

	return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}
