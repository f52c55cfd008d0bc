/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pauses between connection attempts: 1 s to 5 min, doubled, with jitter. */
#ifndef EFTF_UE_BACKOFF_H
#define EFTF_UE_BACKOFF_H

#include <stdint.h>

#define EFTF_BACKOFF_MIN_MS 1000u
#define EFTF_BACKOFF_MAX_MS 300000u
#define EFTF_BACKOFF_STABLE_MS 60000u	/* a tunnel that lived so long was good */

struct eftf_backoff {
	unsigned int failures;	/* since the last good tunnel; starts as 0 */
};

/*
 * Milliseconds to wait now, and counts the failure. random: any 32 bits.
 * The jitter is as large as the pause: UEs that lost the same EFTF together
 * must not come back together.
 */
unsigned int eftf_backoff_next(struct eftf_backoff *b, uint32_t random);
/* A tunnel was up for so long. */
void eftf_backoff_lived(struct eftf_backoff *b, uint64_t up_ms);

#endif
