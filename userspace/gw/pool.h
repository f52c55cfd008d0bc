/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inner addresses. An address is free, claimed (offered to a connection),
 * owned (by a session), or parked after its session: held for a UE that has
 * shown that it can come back, or in quarantine, so that no other UE is taken
 * for its last user. The UE gets a parked address again by its proof; others
 * get it when its time is over, or when nothing else is left, the oldest in
 * quarantine first, then the oldest that is held. A static address goes to the
 * UE with its certificate, at any time, and to no other. What is not free is charged
 * to the source that caused it, and a source that has all it may have gets
 * another address only for its own oldest parked one.
 *
 * Every operation takes the same time whatever the pool's size. Times in
 * seconds of one clock of the caller's; addresses in network order.
 */
#ifndef EFTF_GW_POOL_H
#define EFTF_GW_POOL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "identity.h"
#include "lease_request.h"
#include "ranges.h"
#include "token.h"

#define EFTF_POOL_MIN 4u			/* addresses: a /30 */
#define EFTF_POOL_MAX (1u << 20)	/* a /12 */

struct eftf_pool;

struct eftf_pool_settings {
	unsigned int hold, quarantine;	/* seconds; 0: not at all */
	unsigned int per_source;	/* addresses; 0: any number */
};

/*
 * Of these ranges, EFTF_POOL_MIN to EFTF_POOL_MAX addresses together; the first
 * and the last of each and gateway are never given out. tokens: the caller's.
 */
int eftf_pool_new(struct eftf_pool **pool, const struct eftf_ranges *ranges, struct in_addr gateway,
		  const struct eftf_pool_settings *settings, const struct eftf_tokens *tokens,
		  struct eftf_err *err);
void eftf_pool_free(struct eftf_pool *pool);
void eftf_pool_set(struct eftf_pool *pool, const struct eftf_pool_settings *settings);

/* Addresses that belong to one client certificate each. All zero: none. */
struct eftf_statics {
	struct eftf_static {
		uint8_t cert[EFTF_IDENTITY_CERT_OCTETS];	/* the first octets of the certificate's SHA-256 */
		struct in_addr inner;	/* of the pool, or the number that stands for it */
		unsigned int line;	/* of the file */
	} *v;				/* ascending by cert, no cert and no address twice */
	size_t n;
};

/*
 * Static addresses from now on, the caller's, who keeps them until the next call. Who has one of them now, or one
 * instead of his own, goes on with it until the tunnel's end, or until its certificate's UE comes.
 */
void eftf_pool_set_statics(struct eftf_pool *pool, const struct eftf_statics *statics);

/*
 * Claims an address. With a proof that holds: the same address as before, even
 * if it is owned (*resumed = true). claimant: not NULL, the caller's. An older
 * claim on the address loses. Returns 0; -ENOSPC; -EDQUOT: the source has
 * enough; -ENOMEM.
 */
int eftf_pool_get(struct eftf_pool *pool, const struct eftf_lease_request *request, void *claimant,
		  double now, struct in_addr *addr, bool *resumed);
/* Drops the claim; an address without an owner becomes parked or free. */
void eftf_pool_put(struct eftf_pool *pool, struct in_addr addr, void *claimant, double now);
/*
 * The claim becomes ownership. request: the one of eftf_pool_get(), or the
 * UE's next. *old: whose it was, or NULL. token: what the UE may come back
 * with. Returns 0, -ESTALE if the claim is not there any more, or a negative
 * errno.
 */
int eftf_pool_confirm(struct eftf_pool *pool, const struct eftf_lease_request *request,
		      struct in_addr addr, void *claimant, void *owner, void **old,
		      uint8_t token[EFTF_TOKEN_LEN]);
/*
 * Ownership ends. given_up: by the UE, whose proofs are void then. Nothing
 * happens if it is another's by now.
 */
void eftf_pool_release(struct eftf_pool *pool, struct in_addr addr, void *owner, bool given_up,
		       double now);
/* Ends the times that are over. */
void eftf_pool_expire(struct eftf_pool *pool, double now);
/* What from owns is to's from now on; nothing happens if it is another's. */
void eftf_pool_pass_on(struct eftf_pool *pool, struct in_addr addr, void *from, void *to);
/* Who owns an address, or NULL. */
void *eftf_pool_owner(const struct eftf_pool *pool, struct in_addr addr);

/* Whose an address is, to outlive the program. */
struct eftf_pool_lease {
	uint8_t id[EFTF_TOKEN_ID_LEN];
	uint32_t epoch, oldest_epoch;	/* of the last token; of the oldest that still counts */
	bool proven;			/* its UE has come back with a proof before */
	bool has_cert;
	uint8_t cert[EFTF_CERT_ID_LEN];	/* of certificate and client identifier */
};

/* false: the address has no lease. */
bool eftf_pool_export(const struct eftf_pool *pool, struct in_addr addr, struct eftf_pool_lease *lease);
/* An address that was owned before the program's start. Returns 0, -EEXIST: it is not free, or another errno. */
int eftf_pool_adopt(struct eftf_pool *pool, struct in_addr addr, void *owner,
		    const struct eftf_pool_lease *lease, const struct sockaddr_storage *source);

/* What became of the tokens that were shown. */
enum eftf_token_verdict {
	EFTF_TOKEN_GOOD,
	EFTF_TOKEN_UNKNOWN,	/* forged, of a key that is gone, or no token of this kind */
	EFTF_TOKEN_FOREIGN,	/* of another pool */
	EFTF_TOKEN_STALE,	/* given up, replaced by a later one, or the address is another's, or another's static one */
	EFTF_TOKEN_VERDICTS
};

struct eftf_pool_counts {
	/* now */
	unsigned int size, owned;	/* of all ranges together; made up by eftf_pool_count() */
	unsigned int held, quarantined;
	unsigned int statics;		/* in use or not */
	/* since the start */
	uint64_t refused_full, refused_source;	/* no address given */
	uint64_t evicted;		/* parked, and taken before their time */
	uint64_t tokens[EFTF_TOKEN_VERDICTS];
	/* now, of each range, in their order */
	struct eftf_pool_use {
		unsigned int size, owned;
	} each[EFTF_MAX_RANGES];
};
void eftf_pool_count(const struct eftf_pool *pool, struct eftf_pool_counts *counts);

#endif
