/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock in milliseconds that goes on while the machine sleeps, since promises
 * made to others (leases, timeouts) do not stand still either; and what is left until a deadline.
 */
#ifndef EFTF_CLOCK_H
#define EFTF_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t eftf_clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Milliseconds since an arbitrary moment, time asleep included. */
static inline uint64_t eftf_now_ms(void)
{
	return eftf_clock_ms(CLOCK_BOOTTIME);
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
