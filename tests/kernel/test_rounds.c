// SPDX-License-Identifier: GPL-2.0-or-later
/* A thousand lives of a tunnel leave nothing behind. */
#include "fault.h"
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WARM_UP 100
#define CACHES 400

struct cache {
	char name[64];
	long objects, per_slab;
};

/* KASAN keeps freed objects back for a while, and each processor some for itself. */
static void shrink_slabs(void)
{
	glob_t files;

	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &files))
		return;
	for (size_t i = 0; i < files.gl_pathc; i++) {
		int fd = open(files.gl_pathv[i], O_WRONLY | O_CLOEXEC);

		if (fd >= 0)
			(void)!write(fd, "1", 1);
		close(fd);
	}
	globfree(&files);
}

/* What the checkers keep for themselves comes and goes at their own pace; what they watch is counted. */
static bool checkers_own(const char *name)
{
	return !strcmp(name, "debug_objects_cache") || !strncmp(name, "kmemleak_", 9);
}

static size_t read_slabs(struct cache *caches)
{
	char line[512];
	size_t n = 0;
	FILE *f;

	shrink_slabs();
	f = fopen("/proc/slabinfo", "r");
	assert_non_null(f);
	while (n < CACHES && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %ld %*d %*d %ld", caches[n].name, &caches[n].objects,
			   &caches[n].per_slab) == 3 && !checkers_own(caches[n].name))
			n++;
	fclose(f);
	return n;
}

/*
 * How many more are no leak: the free ones of a slab that a processor has for
 * itself count as used. A leak is one for each round, or for each of a kind. The
 * few rounds of a checked kernel show only the former, and of objects that do not
 * come by the hundred in a slab; there kmemleak finds the others.
 */
static long noise(const struct cache *cache, int rounds)
{
	long slabs = 2 * cache->per_slab, most = rounds * 3 / 4;

	if (fault_available())
		return slabs > most ? slabs : most;
	if (slabs > most)
		slabs = most;
	return slabs > rounds / 4 ? slabs : rounds / 4;
}

/* Every way to end, in turn. */
static void one_life(struct fx *fx, int round)
{
	/* no connection in TIME_WAIT, which is the kernel's memory for a minute */
	struct eftf_err err;

	fx_attach(fx);
	fx_expect_alive(fx);
	fx_reset_on_close(fx->peer.fd);
	switch (round % 4) {
	case 0:
		assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
		fx_expect_down(fx, EFTF_REASON_DELETED);
		fx_expect_closed(fx, 1, 0);
		break;
	case 1:
		rec_send(&fx->peer, REC_ALERT, "\1\0", 2);
		fx_expect_down(fx, EFTF_REASON_RELEASED);
		fx_expect_closed(fx, 1, 0);
		break;
	case 2:
		shutdown(fx->peer.fd, SHUT_WR);
		fx_expect_down(fx, EFTF_REASON_TRUNCATED);
		break;
	case 3:
		rec_send(&fx->peer, REC_DATA, "\1\0\1", 3);
		fx_expect_down(fx, EFTF_REASON_FRAMING);
		fx_expect_closed(fx, 2, 50);
		break;
	}
	close(fx->peer.fd);
	fx->peer.fd = -1;
}

static struct cache *find(struct cache *caches, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(caches[i].name, name))
			return &caches[i];
	return NULL;
}

/* The most of several looks: a processor's own slab counts as used as a whole, but not at every moment. */
static size_t read_most(struct cache *caches)
{
	static struct cache again[CACHES];
	size_t n = read_slabs(caches);

	for (int look = 0; look < 5; look++) {
		size_t m;

		fx_sleep(500);
		m = read_slabs(again);
		for (size_t i = 0; i < n; i++) {
			const struct cache *now = find(again, m, caches[i].name);

			if (now && now->objects > caches[i].objects)
				caches[i].objects = now->objects;
		}
	}
	return n;
}

/* How many caches have grown by more than noise; tells which. */
static size_t grown(struct cache *before, size_t n, int rounds, bool tell)
{
	static struct cache after[CACHES];
	size_t m = read_slabs(after), count = 0;

	for (size_t i = 0; i < m; i++) {
		const struct cache *then = find(before, n, after[i].name);
		long more = then ? after[i].objects - then->objects : 0;

		if (!then || more < noise(&after[i], rounds))
			continue;
		count++;
		if (tell)
			print_error("slab %s: %ld objects more after %d rounds\n", after[i].name, more,
				    rounds);
	}
	return count;
}

static void thousand_rounds(void **state)
{
	static struct cache before[CACHES];
	struct fx *fx = *state;
	/* a debug kernel is slow, and finds leaks by other means */
	const int rounds = fault_available() ? 150 : 1000;
	int tries = 20;
	size_t n, more;

	for (int i = 0; i < WARM_UP; i++)
		one_life(fx, i);
	fx_sleep(1000);
	n = read_most(before);
	for (int i = 0; i < rounds; i++)
		one_life(fx, i);
	/* what the machine itself has under way comes and goes: a leak is there for good */
	do {
		fx_sleep(1000);
		more = grown(before, n, rounds, --tries == 0);
	} while (more && tries);
	assert_int_equal(more, 0);
	assert_int_equal(fx_count(fx), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(thousand_rounds, fx_setup_gw, fx_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("rounds", tests, NULL, NULL);
}
