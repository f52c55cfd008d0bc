/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pools' IPv4 addresses as one row of numbers from 0 on, in the order of the configuration. */
#ifndef EFTF_GW_RANGES_H
#define EFTF_GW_RANGES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EFTF_MAX_RANGES 8
#define EFTF_RANGES_NONE UINT32_MAX

/* All zero: none. Host byte order. */
struct eftf_ranges {
	struct eftf_range {
		uint32_t base, size;	/* first address, how many */
		uint32_t first;		/* number of the first address */
	} r[EFTF_MAX_RANGES];
	size_t n;
	uint32_t size;			/* of all together */
};

/* base/plen, plen 1 to 32, behind those that are there. false: there is no room, or it overlaps with one of them. */
bool eftf_ranges_add(struct eftf_ranges *ranges, struct in_addr base, unsigned int plen);
/* EFTF_RANGES_NONE: of none of them. */
uint32_t eftf_ranges_number(const struct eftf_ranges *ranges, struct in_addr addr);
/* number: below size */
struct in_addr eftf_ranges_addr(const struct eftf_ranges *ranges, uint32_t number);
/* The one that a number, below size, is in. */
size_t eftf_ranges_of(const struct eftf_ranges *ranges, uint32_t number);

#endif
