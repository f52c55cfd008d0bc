/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When the direct way is looked at again, and when a tunnel that is not needed any more is left. No I/O. */
#ifndef EFTF_UE_RECHECK_H
#define EFTF_UE_RECHECK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A call, also one on hold, has at least RTCP: a packet in 7.5 s for each direction (RFC 3550
 * 6.2). Fewer than that: what keeps a registration alive, or nothing.
 */
#define EFTF_RECHECK_QUIET_MS 30000
#define EFTF_RECHECK_QUIET_PACKETS 2

/* Starts as 0, then eftf_recheck_begin(). */
struct eftf_recheck {
	uint64_t at;		/* ms: the next look; UINT64_MAX: never */
	uint64_t every;		/* ms between looks at the direct way */
	bool direct;		/* it was open at the last look */
	bool left;		/* and so the tunnel was left */
	uint64_t again_at;	/* ms: if the tunnel was in use all the time, another look */
	uint64_t packets;	/* that had passed through the tunnel when it was last in use */
	uint64_t looked_at;	/* ms: when they were counted last */
	uint64_t quiet;		/* ms since it was in use; time asleep counts as one look, since a call may go on after it */
};

/* every: ms; 0: there is nothing to look at */
void eftf_recheck_begin(struct eftf_recheck *r, uint64_t now, uint64_t every);
/* The direct way was looked at. packets: that have passed through the tunnel, both ways. */
void eftf_recheck_seen(struct eftf_recheck *r, uint64_t now, bool open, uint64_t packets);
/* After an open direct way: has the tunnel been quiet for long enough to be left? */
bool eftf_recheck_quiet(struct eftf_recheck *r, uint64_t now, uint64_t packets);

#endif
