/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pauses between connection attempts: 1 s to 5 min, doubled, with jitter. */
#ifndef EFTF_BACKOFF_H
#define EFTF_BACKOFF_H

#include <stdint.h>

#define EFTF_BACKOFF_MIN_MS 1000u
#define EFTF_BACKOFF_MAX_MS 300000u
#define EFTF_BACKOFF_STABLE_MS 60000u	/* a line that was up for so long was good */

/* For log lines: log_info(EFTF_BACKOFF_TEXT, EFTF_BACKOFF_ARGS(ms)) */
#define EFTF_BACKOFF_TEXT "next attempt in %u.%u s"
#define EFTF_BACKOFF_ARGS(ms) (ms) / 1000, (ms) % 1000 / 100

struct eftf_backoff {
	unsigned int failures;	/* since the line was good; starts as 0 */
	uint64_t up_at;		/* ms: since when it is up; 0: it is not */
};

/*
 * Milliseconds to wait now, and counts the failure. The jitter is as large as
 * the pause: UEs that lost the same EFTF together must not come back together.
 */
unsigned int eftf_backoff_next(struct eftf_backoff *b);
/* The same with the caller's random number, any 32 bits; for tests. */
unsigned int eftf_backoff_draw(struct eftf_backoff *b, uint32_t random);
/* A tunnel is up, perhaps in the place of one that could not go on: then the line was not down. */
void eftf_backoff_up(struct eftf_backoff *b, uint64_t now_ms);
/* There is none any more. If there was one, or one after the other, for long, that was no failure. */
void eftf_backoff_down(struct eftf_backoff *b, uint64_t now_ms);

#endif
