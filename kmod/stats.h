/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_STATS_H
#define EFTF_STATS_H

#include <linux/atomic.h>
#include <linux/eftf.h>

/**
 * struct eftf_stats - counters of a tunnel
 * @v: indexed by enum eftf_stat
 *
 * Counters are added to once per batch or per drop, by workers of two
 * transports at most, so plain atomics do.
 */
struct eftf_stats {
	atomic64_t v[EFTF_STAT_MAX + 1];
};

static inline void eftf_stat_add(struct eftf_stats *stats, enum eftf_stat which, u64 n)
{
	if (n)
		atomic64_add(n, &stats->v[which]);
}

static inline void eftf_stat_inc(struct eftf_stats *stats, enum eftf_stat which)
{
	atomic64_inc(&stats->v[which]);
}

#endif
