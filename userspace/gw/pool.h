/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inner addresses. An address is free, claimed (offered to a connection),
 * owned (by a session) or held (its session was lost; its UE may come back
 * for it). Every operation takes the same time whatever the pool's size.
 * Times in seconds of one clock of the caller's; addresses in network order.
 */
#ifndef EFTF_GW_POOL_H
#define EFTF_GW_POOL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "dhcp4.h"
#include "err.h"

#define EFTF_POOL_MIN_PLEN 12		/* a million addresses */
#define EFTF_POOL_MAX_PLEN 30
#define EFTF_POOL_ID_LEN 32

struct eftf_pool;

/* Who asks. NULL: does not have one. */
struct eftf_pool_asker {
	const uint8_t *token;		/* EFTF_DHCP4_TOKEN_LEN octets: a proof */
	const uint8_t *cert;		/* EFTF_POOL_ID_LEN octets, of a verified client: a proof */
	struct in_addr wish;		/* no proof: taken into account if it is free */
};

/* base/plen; base and the broadcast address and gateway are never given out. */
int eftf_pool_new(struct eftf_pool **pool, struct in_addr base, unsigned int plen,
		  struct in_addr gateway, unsigned int hold, struct eftf_err *err);
void eftf_pool_free(struct eftf_pool *pool);
void eftf_pool_set_hold(struct eftf_pool *pool, unsigned int hold);

/*
 * Claims an address. With a proof that matches: the same address as before,
 * even if it is owned (*resumed = true). claimant: not NULL, the caller's.
 * An older claim on the address loses. Returns 0 or -ENOSPC.
 */
int eftf_pool_get(struct eftf_pool *pool, const struct eftf_pool_asker *asker, void *claimant,
		   double now, struct in_addr *addr, bool *resumed);
/* Drops the claim; an address without an owner becomes held or free. */
void eftf_pool_put(struct eftf_pool *pool, struct in_addr addr, void *claimant, double now);
/*
 * The claim becomes ownership. *old: whose it was, or NULL. token: what the UE
 * may come back with; the same one as before a resumption. cert: as in asker.
 * Returns 0, -ESTALE if the claim is not there any more, or a negative errno.
 */
int eftf_pool_confirm(struct eftf_pool *pool, struct in_addr addr, void *claimant, void *owner,
		      const uint8_t *cert, void **old, uint8_t token[EFTF_DHCP4_TOKEN_LEN]);
/* Ownership ends; held or free at once. Nothing happens if it is another's by now. */
void eftf_pool_release(struct eftf_pool *pool, struct in_addr addr, void *owner, bool hold,
		       double now);
/* Frees what was held long enough. */
void eftf_pool_expire(struct eftf_pool *pool, double now);
/* What from owns is to's from now on; nothing happens if it is another's. */
void eftf_pool_pass_on(struct eftf_pool *pool, struct in_addr addr, void *from, void *to);
/* Who owns an address, or NULL. */
void *eftf_pool_owner(const struct eftf_pool *pool, struct in_addr addr);

struct eftf_pool_counts {
	unsigned int size, owned, held;
};
void eftf_pool_count(const struct eftf_pool *pool, struct eftf_pool_counts *counts);

#endif
