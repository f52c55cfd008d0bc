/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the EFTF offers, checked against what is here already: an EFTF, or who
 * set it up, must not take the machine's own network, router, name servers or
 * its way to the EFTF into the tunnel, unless the configuration says so. No I/O.
 */
#ifndef EFTF_UE_OFFER_H
#define EFTF_UE_OFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "conf_parse.h"
#include "dhcp4.h"
#include "err.h"
#include "routes.h"

#define EFTF_HERE_MAX 128
#define EFTF_CONFLICTS_MAX 32
#define EFTF_CONFLICT_TEXT 200

/* What is not to be covered. */
enum eftf_here_kind {
	EFTF_HERE_NETWORK,	/* of another link */
	EFTF_HERE_OWN,		/* this machine's address on another link */
	EFTF_HERE_ROUTER,
	EFTF_HERE_DNS,		/* name server in use */
	EFTF_HERE_EFTF,		/* its outer address, or that of the proxy */
	/* everywhere: */
	EFTF_HERE_LOOPBACK,
	EFTF_HERE_MULTICAST,
	EFTF_HERE_RESERVED,
};

struct eftf_here {
	struct {
		enum eftf_here_kind kind;
		struct eftf_value_prefix prefix;
	} item[EFTF_HERE_MAX];
	size_t n;
};

/* Adds one fact, once; what does not fit is left out. Networks first. */
void eftf_here_add(struct eftf_here *here, enum eftf_here_kind kind, struct in_addr addr,
		   uint8_t plen);

enum eftf_offered {
	EFTF_OFFERED_ROUTE,
	EFTF_OFFERED_ADDRESS,
	EFTF_OFFERED_GATEWAY,	/* inner address of the EFTF */
	EFTF_OFFERED_DNS,
	EFTF_OFFERED_PCSCF,
};

enum eftf_outcome {
	EFTF_OUTCOME_LEFT_OUT,	/* not used */
	EFTF_OUTCOME_BUT_FOR,	/* used, but for what is here */
	EFTF_OUTCOME_USED,	/* used, and hides what is here */
};

struct eftf_conflict {
	enum eftf_offered offered;
	struct eftf_value_prefix prefix;
	bool too_much;			/* more than half of all addresses; else: */
	enum eftf_here_kind kind;	/* with what */
	struct eftf_value_prefix with;
	enum eftf_outcome outcome;
};

struct eftf_offer {
	struct eftf_routes routes;	/* to be put in */
	struct eftf_conflict conflict[EFTF_CONFLICTS_MAX];
	size_t n;
};

/*
 * Judges a lease: fills the routes and the conflicts, and takes DNS servers
 * that are left out away from the lease. The configuration's word: prefixes
 * that contain what is offered; or all. The P-CSCFs are always routed, and
 * without a word the EFTF's inner address. Never routed is the EFTF's outer
 * address as such. A name server of here that is in the lease as well was put
 * there by the hook of an earlier run, and does not count. Returns 0; -EADDRINUSE: the inner address is that of a
 * router, a name server, the EFTF or this machine here, and err says which.
 */
int eftf_offer_check(struct eftf_offer *offer, struct eftf_lease4 *lease,
		     const struct eftf_here *here, const struct eftf_ue_routes *configured,
		     struct eftf_err *err);
/* Is this one among its conflicts, by its text? */
bool eftf_offer_has_conflict(const struct eftf_offer *offer, const char *text);
/* One line for a person, with the remedy. */
void eftf_conflict_text(const struct eftf_conflict *c, char out[EFTF_CONFLICT_TEXT]);

#endif
