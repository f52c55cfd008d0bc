// SPDX-License-Identifier: GPL-2.0-or-later
#include "nat64.h"

#include <string.h>

static const unsigned int lengths[] = { 96, 64, 56, 48, 40, 32 };

/* RFC 6052 2.2: octet 8 stays 0, the IPv4 address goes around it. */
struct in6_addr eftf_nat64_embed(const struct eftf_nat64 *nat, struct in_addr addr)
{
	struct in6_addr out = nat->prefix;
	unsigned int at = nat->plen / 8, i;
	uint8_t octet[4];

	memcpy(octet, &addr, sizeof(octet));
	for (i = 0; i < 4; i++, at++) {
		if (at == 8)
			at++;
		out.s6_addr[at] = octet[i];
	}
	return out;
}

bool eftf_nat64_learn(struct eftf_nat64 *nat, const struct in6_addr *answer)
{
	/* RFC 7050 8: 192.0.0.170 and 192.0.0.171 */
	static const uint32_t well_known[] = { 0xc00000aau, 0xc00000abu };
	size_t i, j;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(nat, 0, sizeof(*nat));
		nat->plen = lengths[i];
		memcpy(&nat->prefix, answer, nat->plen / 8);
		for (j = 0; j < sizeof(well_known) / sizeof(well_known[0]); j++) {
			struct in_addr addr = { htonl(well_known[j]) };
			struct in6_addr made = eftf_nat64_embed(nat, addr);

			/* the suffix behind it is not ours to judge */
			if (!memcmp(&made, answer, nat->plen == 96 ? 16 : nat->plen / 8 + 5))
				return true;
		}
	}
	memset(nat, 0, sizeof(*nat));
	return false;
}
