/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monotonic clock in milliseconds, and what is left until a deadline. */
#ifndef EFTF_CLOCK_H
#define EFTF_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since an arbitrary moment; stands still while the machine sleeps. */
static inline uint64_t eftf_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Timeout for poll(): milliseconds, 0 if the deadline has passed, never more than a day. */
static inline int eftf_ms_left(uint64_t deadline)
{
	uint64_t now = eftf_now_ms();

	if (deadline <= now)
		return 0;
	return deadline - now > 86400000 ? 86400000 : (int)(deadline - now);
}

#endif
