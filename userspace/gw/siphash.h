/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-2-4: hash tables whose keys strangers choose. */
#ifndef EFTF_GW_SIPHASH_H
#define EFTF_GW_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct eftf_siphash_key {
	uint64_t k[2];
};

uint64_t eftf_siphash(const struct eftf_siphash_key *key, const void *data, size_t len);

#endif
