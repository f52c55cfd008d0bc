/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pauses between connection attempts: 1 s to 5 min, doubled, with jitter. */
#ifndef EFTF_BACKOFF_H
#define EFTF_BACKOFF_H

#include <stdint.h>

#define EFTF_BACKOFF_MIN_MS 1000u
#define EFTF_BACKOFF_MAX_MS 300000u
#define EFTF_BACKOFF_STABLE_MS 60000u	/* a tunnel that lived so long was good */

/* For log lines: log_info(EFTF_BACKOFF_TEXT, EFTF_BACKOFF_ARGS(ms)) */
#define EFTF_BACKOFF_TEXT "next attempt in %u.%u s"
#define EFTF_BACKOFF_ARGS(ms) (ms) / 1000, (ms) % 1000 / 100

struct eftf_backoff {
	unsigned int failures;	/* since the last good tunnel; starts as 0 */
};

/*
 * Milliseconds to wait now, and counts the failure. The jitter is as large as
 * the pause: UEs that lost the same EFTF together must not come back together.
 */
unsigned int eftf_backoff_next(struct eftf_backoff *b);
/* The same with the caller's random number, any 32 bits; for tests. */
unsigned int eftf_backoff_draw(struct eftf_backoff *b, uint32_t random);
/* A tunnel was up for so long. */
void eftf_backoff_lived(struct eftf_backoff *b, uint64_t up_ms);

#endif
