// SPDX-License-Identifier: GPL-2.0-or-later
#include "backoff.h"

#include "clock.h"
#include "random.h"

unsigned int eftf_backoff_draw(struct eftf_backoff *b, uint32_t random)
{
	unsigned int base = EFTF_BACKOFF_MIN_MS, i;

	for (i = 0; i < b->failures && base < EFTF_BACKOFF_MAX_MS / 2; i++)
		base *= 2;
	if (base > EFTF_BACKOFF_MAX_MS / 2)
		base = EFTF_BACKOFF_MAX_MS / 2;
	if (b->failures < UINT32_MAX)
		b->failures++;
	return base + random % (base + 1);
}

unsigned int eftf_backoff_next(struct eftf_backoff *b)
{
	uint32_t random;

	/* Without the generator any number that differs between machines will do. */
	if (eftf_random(&random, sizeof(random)))
		random = (uint32_t)eftf_now_ms();
	return eftf_backoff_draw(b, random);
}

void eftf_backoff_up(struct eftf_backoff *b, uint64_t now_ms)
{
	if (!b->up_at)
		b->up_at = now_ms;
}

void eftf_backoff_down(struct eftf_backoff *b, uint64_t now_ms)
{
	if (b->up_at && now_ms - b->up_at >= EFTF_BACKOFF_STABLE_MS)
		b->failures = 0;
	b->up_at = 0;
}
