/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keep-alive interval and timeout of a tunnel, in seconds: the range that
 * the programs accept and offer, and the timeout that goes with an interval.
 */
#ifndef EFTF_KEEPALIVE_H
#define EFTF_KEEPALIVE_H

#include <stdint.h>

#define EFTF_KEEPALIVE_MIN 10
#define EFTF_KEEPALIVE_MAX 600
#define EFTF_KEEPALIVE_DEFAULT 110	/* below the 120 s of common NAT and firewall timers */

/* What ends a tunnel unless a timeout is configured: three intervals without receiving. 0: off. */
static inline uint32_t eftf_keepalive_timeout(uint32_t keepalive)
{
	return 3 * keepalive;
}

#endif
