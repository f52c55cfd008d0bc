/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunnels per outer source address: an IPv4 address, or an IPv6 /64, which is
 * what one subscriber has. Lookup by a keyed hash.
 */
#ifndef EFTF_GW_SOURCE_H
#define EFTF_GW_SOURCE_H

#include <stdint.h>
#include <sys/socket.h>

#include "err.h"

struct eftf_sources;

struct eftf_source {
	struct eftf_source *next;	/* hash chain */
	uint8_t key[17];
	unsigned int users;		/* of this entry: leases and sessions */
	unsigned int tunnels;
};

/* buckets: about as many as sources are expected; rounded up to a power of 2. */
int eftf_sources_new(struct eftf_sources **s, unsigned int buckets, struct eftf_err *err);
void eftf_sources_free(struct eftf_sources *s);

/* The entry of an address, made if missing; NULL: no memory. Ends with _put. */
struct eftf_source *eftf_source_get(struct eftf_sources *s, const struct sockaddr_storage *addr);
/* Frees the entry if nobody else has it. */
void eftf_source_put(struct eftf_sources *s, struct eftf_source *source);

#endif
