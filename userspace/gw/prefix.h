/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Caps on connections that have no tunnel yet, and on how often they come, for
 * each outer prefix: IPv6 /128, /64, /56 and /48, IPv4 /32 and /24. A home line
 * has a /56 or a /64, a provider's customer a /48. They hold for all workers
 * together: the table is in memory that those share. Memory and time are bounded
 * whatever comes. Times in seconds of one clock of the caller's.
 */
#ifndef EFTF_GW_PREFIX_H
#define EFTF_GW_PREFIX_H

#include <stdint.h>
#include <sys/socket.h>

#include "err.h"

#define EFTF_PREFIX_LEVELS 4

struct eftf_prefixes;

/* For one address or /64; a /56 may have 2 times, a /48 and an IPv4 /24 8 times as much. */
struct eftf_prefix_limits {
	unsigned int open;		/* at a time */
	unsigned int rate;		/* a second, after a burst of 10 s' worth; 0: any; the same in all calls */
};

/* Where one connection is counted. */
struct eftf_prefix_use {
	uint64_t hash[EFTF_PREFIX_LEVELS];
	unsigned int n;
};

enum eftf_prefix_verdict {
	EFTF_PREFIX_ADMITTED,
	EFTF_PREFIX_FULL,
	EFTF_PREFIX_TOO_FAST,
};

/*
 * open: connections at a time, all prefixes and workers together; the table is
 * sized by it. Processes forked from then on share it.
 */
int eftf_prefixes_new(struct eftf_prefixes **p, unsigned int open, unsigned int workers,
		      struct eftf_err *err);
/* This process's view of it; the others go on. */
void eftf_prefixes_free(struct eftf_prefixes *p);
/* This process counts as that worker, 0 to workers - 1; before, as the first. */
void eftf_prefixes_become(struct eftf_prefixes *p, unsigned int worker);
/* The worker is gone, and all of its connections. */
void eftf_prefixes_forget(struct eftf_prefixes *p, unsigned int worker);

/*
 * Counts a connection, if it is admitted; it ends with _leave. Workers that
 * admit at the very same moment may exceed a cap by one each.
 */
enum eftf_prefix_verdict eftf_prefix_enter(struct eftf_prefixes *p,
					   const struct sockaddr_storage *addr,
					   const struct eftf_prefix_limits *limits, double now,
					   struct eftf_prefix_use *use);
void eftf_prefix_leave(struct eftf_prefixes *p, struct eftf_prefix_use *use);

#endif
