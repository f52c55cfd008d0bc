/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each source has of the pool: a source is an IPv4 address, or an IPv6
 * /56, which is what one subscriber has. Lookup by a keyed hash.
 */
#ifndef EFTF_GW_CHARGE_H
#define EFTF_GW_CHARGE_H

#include <stdint.h>
#include <sys/socket.h>

#include "err.h"

struct eftf_charges;

struct eftf_charge {
	struct eftf_charge *next;	/* hash chain */
	uint8_t key[8];
	uint32_t addresses;		/* that are not free because of this source */
	uint32_t parked_head, parked_tail;	/* those without a session, oldest first; the pool's indices */
};

/* buckets: about as many as addresses are expected; rounded to a power of 2. */
int eftf_charges_new(struct eftf_charges **c, uint32_t buckets, struct eftf_err *err);
void eftf_charges_free(struct eftf_charges *c);

/* The entry of a source, made if it is missing; NULL: no memory. Ends with _put. */
struct eftf_charge *eftf_charge_get(struct eftf_charges *c, const struct sockaddr_storage *source);
/* Frees the entry if it has no addresses any more. */
void eftf_charge_put(struct eftf_charges *c, struct eftf_charge *charge);

#endif
