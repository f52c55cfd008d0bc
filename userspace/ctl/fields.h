/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of what eftfctl shows of links, tunnels and their counters. */
#ifndef EFTF_CTL_FIELDS_H
#define EFTF_CTL_FIELDS_H

#include "output.h"

extern const struct eftf_out_table eftf_link_table;	/* of struct eftf_link_info */
extern const struct eftf_out_table eftf_tunnel_table;	/* of struct eftf_tunnel_info */
extern const struct eftf_out_table eftf_stats_table;	/* of struct eftf_tunnel_info */

/*
 * Upper bound, in microseconds, of the time that the given percentage of
 * packets waited at most; 0 if no packet was counted, UINT64_MAX if it is in
 * the last bucket, which has no bound.
 */
uint64_t eftf_sojourn_percentile(const uint64_t *buckets, unsigned int percent);

#endif
