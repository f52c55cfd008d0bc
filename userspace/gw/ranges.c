/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ranges.h"

#include <arpa/inet.h>

bool eftf_ranges_add(struct eftf_ranges *ranges, struct in_addr base, unsigned int plen)
{
	struct eftf_range r = { ntohl(base.s_addr), 1u << (32 - plen), ranges->size };

	if (ranges->n == EFTF_MAX_RANGES || ranges->size > UINT32_MAX - r.size)
		return false;
	for (size_t i = 0; i < ranges->n; i++)
		/* the difference wraps: one of the two begins in the other */
		if (r.base - ranges->r[i].base < ranges->r[i].size || ranges->r[i].base - r.base < r.size)
			return false;
	ranges->r[ranges->n++] = r;
	ranges->size += r.size;
	return true;
}

uint32_t eftf_ranges_number(const struct eftf_ranges *ranges, struct in_addr addr)
{
	for (size_t i = 0; i < ranges->n; i++) {
		const struct eftf_range *r = &ranges->r[i];
		uint32_t at = ntohl(addr.s_addr) - r->base;

		if (at < r->size)
			return r->first + at;
	}
	return EFTF_RANGES_NONE;
}

size_t eftf_ranges_of(const struct eftf_ranges *ranges, uint32_t number)
{
	size_t i = 0;

	while (i + 1 < ranges->n && number >= ranges->r[i + 1].first)
		i++;
	return i;
}

struct in_addr eftf_ranges_addr(const struct eftf_ranges *ranges, uint32_t number)
{
	const struct eftf_range *r = &ranges->r[eftf_ranges_of(ranges, number)];

	return (struct in_addr){ htonl(r->base + (number - r->first)) };
}
