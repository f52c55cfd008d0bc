/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keep-alive interval and timeout of a tunnel, in seconds: the range that
 * the programs accept and offer, and the timeout that goes with an interval.
 */
#ifndef EFTF_KEEPALIVE_H
#define EFTF_KEEPALIVE_H

#include <stdint.h>

#define EFTF_KEEPALIVE_MIN 10
#define EFTF_KEEPALIVE_MAX 3600
#define EFTF_KEEPALIVE_DEFAULT 110	/* of the EFTF: below the 120 s of common NAT and firewall timers */
/* If neither the EFTF nor the configuration has one: TS 24.302 F.2.3.1, of which four fifths to all are drawn. */
#define EFTF_KEEPALIVE_UNSAID 840

/* What is in force: the EFTF's word (0: none), else what is configured (0: nothing), else the sibling's. */
static inline uint32_t eftf_keepalive_agreed(uint32_t told, uint32_t configured)
{
	uint32_t s = told ? told : configured ? configured : EFTF_KEEPALIVE_UNSAID;

	if (s < EFTF_KEEPALIVE_MIN)
		s = EFTF_KEEPALIVE_MIN;
	return s > EFTF_KEEPALIVE_MAX ? EFTF_KEEPALIVE_MAX : s;
}

/* The UE proposes (0: nothing), the EFTF decides, within its bounds. usual 0: there is none, whatever is proposed. */
static inline uint16_t eftf_keepalive_decide(uint16_t proposed, uint16_t usual, uint16_t min, uint16_t max)
{
	uint16_t s = proposed ? proposed : usual;

	if (!usual)
		return 0;
	if (s < min)
		return min;
	return s > max ? max : s;
}

/*
 * The interval of one connection: four fifths to all of what is in force, drawn
 * by any 32 random bits, so that thousands of UEs do not speak up together.
 */
static inline uint32_t eftf_keepalive_draw(uint32_t agreed, uint32_t random)
{
	uint32_t low = agreed * 4 / 5;

	if (low < EFTF_KEEPALIVE_MIN)
		low = EFTF_KEEPALIVE_MIN;
	return agreed <= low ? agreed : low + random % (agreed - low + 1);
}

/* What ends a tunnel unless a timeout is configured: three intervals without receiving. 0: off. */
static inline uint32_t eftf_keepalive_timeout(uint32_t keepalive)
{
	return 3 * keepalive;
}

#endif
