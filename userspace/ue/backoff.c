// SPDX-License-Identifier: GPL-2.0-or-later
#include "backoff.h"

unsigned int eftf_backoff_next(struct eftf_backoff *b, uint32_t random)
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

void eftf_backoff_lived(struct eftf_backoff *b, uint64_t up_ms)
{
	if (up_ms >= EFTF_BACKOFF_STABLE_MS)
		b->failures = 0;
}
