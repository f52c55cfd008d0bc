// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints how many thousand times a second this machine's time-stamp counter
 * counts. An emulated guest has the same counter and no other good clock; on
 * a busy host it measures it wrong by any factor, and all its time is wrong.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define TRIES	200
#define SPAN	200000000L	/* ns */

/* The counter and the clock at the same moment, as nearly as can be had: whoever is interrupted tries again. */
static void tsc_read(uint64_t *ticks, int64_t *ns)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		struct timespec t;
		uint64_t before = __rdtsc(), after;

		clock_gettime(CLOCK_MONOTONIC_RAW, &t);
		after = __rdtsc();
		if (after - before >= best)
			continue;
		best = after - before;
		*ticks = before + best / 2;
		*ns = t.tv_sec * 1000000000LL + t.tv_nsec;
	}
}

int main(void)
{
	const struct timespec span = {.tv_nsec = SPAN};
	uint64_t first, last;
	int64_t start, end;

	tsc_read(&first, &start);
	nanosleep(&span, NULL);
	tsc_read(&last, &end);
	printf("%.0f\n", (double)(last - first) * 1e6 / (double)(end - start));
	return 0;
}
