/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool's memory, for pool_life.c and pool_proof.c. */
#ifndef EFTF_GW_POOL_PRIV_H
#define EFTF_GW_POOL_PRIV_H

#include "charge.h"
#include "pool.h"
#include "siphash.h"

#define NONE 0u				/* index 0 is a network's address: never used */

enum where { NOWHERE, FREE, HELD, QUARANTINE, N_LISTS };

/* An address. All zero: never used yet. */
struct eftf_pool_entry {
	void *owner, *claim;
	struct eftf_charge *charge;	/* NULL: free */
	double until;			/* when HELD or QUARANTINE end */
	uint32_t prev, next;		/* in the list that "where" says */
	uint32_t own_prev, own_next;	/* in its source's list of parked addresses */
	uint32_t cert_next;		/* hash chain */
	uint8_t where;
	bool barred;
	bool is_static;			/* not in the list FREE */
	bool leased;			/* the lease is known */
	struct eftf_pool_lease lease;
};

struct eftf_pool_list {
	uint32_t head, tail;
};

struct eftf_pool {
	struct eftf_pool_entry *e;
	struct eftf_ranges ranges;	/* e[] is indexed by their numbers */
	uint32_t size;			/* of e[] */
	uint32_t untouched;		/* from here on nothing was ever used, unless by a proof */
	struct eftf_pool_list list[N_LISTS];
	struct eftf_charges *charges;
	const struct eftf_tokens *tokens;
	const struct eftf_statics *statics;
	uint32_t *by_cert;		/* heads of the hash chains */
	uint32_t mask;			/* of the hash table */
	struct eftf_siphash_key key;
	struct eftf_pool_settings set;
	struct eftf_pool_counts counts;
};

/* The index of an address of this pool that may be given out, or NONE. */
uint32_t eftf_pool_index(const struct eftf_pool *p, struct in_addr addr);

/* pool_proof.c: certificates that were seen with an address. */
void eftf_pool_set_cert(struct eftf_pool *p, uint32_t i, const uint8_t id[EFTF_CERT_ID_LEN]);
void eftf_pool_forget_cert(struct eftf_pool *p, uint32_t i);
/* A certificate may be on several devices: the client identifier tells them apart. */
void eftf_pool_cert_id(const struct eftf_lease_request *r, uint8_t id[EFTF_CERT_ID_LEN]);
/* The static address of the request's certificate, or NONE. */
uint32_t eftf_pool_static_of(const struct eftf_pool *p, const struct eftf_lease_request *r);
/* Another's static address. */
bool eftf_pool_is_anothers(const struct eftf_pool *p, uint32_t i, const struct eftf_lease_request *r);
/* The address that the request's token or certificate proves, or NONE. */
uint32_t eftf_pool_find_proof(struct eftf_pool *p, const struct eftf_lease_request *r);
/* What the lease on an address is from this request on. Returns 0 or a negative errno. */
int eftf_pool_next_lease(const struct eftf_pool *p, uint32_t i, const struct eftf_lease_request *r,
			 struct eftf_pool_entry *to);

#endif
