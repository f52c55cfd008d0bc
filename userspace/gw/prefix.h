/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Caps on connections that have no tunnel yet, and on how often they come, for
 * each outer prefix: IPv6 /128, /64, /56 and /48, IPv4 /32 and /24. A home line
 * has a /56 or a /64, a provider's customer a /48. Memory and time are bounded
 * whatever comes. Times in seconds of one clock of the caller's.
 */
#ifndef EFTF_GW_PREFIX_H
#define EFTF_GW_PREFIX_H

#include <sys/socket.h>

#include "err.h"

#define EFTF_PREFIX_LEVELS 4

struct eftf_prefixes;
struct eftf_prefix;

/* For one address or /64; a /56 may have 2 times, a /48 and an IPv4 /24 8 times as much. */
struct eftf_prefix_limits {
	unsigned int open;		/* at a time */
	unsigned int rate;		/* a second, after a burst of 10 s' worth; 0: any */
};

/* Where one connection is counted. */
struct eftf_prefix_use {
	struct eftf_prefix *p[EFTF_PREFIX_LEVELS];
};

enum eftf_prefix_verdict {
	EFTF_PREFIX_ADMITTED,
	EFTF_PREFIX_FULL,
	EFTF_PREFIX_TOO_FAST,
};

/* open: connections at a time, all prefixes together; the table is sized by it. */
int eftf_prefixes_new(struct eftf_prefixes **p, unsigned int open, struct eftf_err *err);
void eftf_prefixes_free(struct eftf_prefixes *p);

/* Counts a connection, if it is admitted; it ends with _leave. */
enum eftf_prefix_verdict eftf_prefix_enter(struct eftf_prefixes *p,
					   const struct sockaddr_storage *addr,
					   const struct eftf_prefix_limits *limits, double now,
					   struct eftf_prefix_use *use);
void eftf_prefix_leave(struct eftf_prefix_use *use);

#endif
