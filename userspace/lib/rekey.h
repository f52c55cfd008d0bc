/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New TLS keys for a running tunnel: what a helper keeps for it, and its
 * answer when the peer has sent a KeyUpdate.
 */
#ifndef EFTF_REKEY_H
#define EFTF_REKEY_H

#include <stdint.h>

#include "err.h"
#include "nl.h"
#include "tls.h"

/* Starts as 0. */
struct eftf_rekey {
	struct eftf_tls *tls;	/* parked; NULL: no keys can be made */
	uint32_t transport;	/* serial number of the connection that it belongs to */
	unsigned int updates;	/* since then */
	uint64_t since;		/* ms */
};

/* Wipes what was there. tls: is taken over; NULL: none. */
void eftf_rekey_set(struct eftf_rekey *r, struct eftf_tls *tls, uint32_t transport);
/*
 * The keys after the last ones: for receiving, and unless tx is NULL for
 * sending. r->tls is not NULL. -EDQUOT: the peer changes keys for fun. After
 * any failure no more keys can be had.
 */
int eftf_rekey_next(struct eftf_rekey *r, struct eftf_tls_key *rx, struct eftf_tls_key *tx,
		    struct eftf_err *err);
/*
 * Answers an event KEY_UPDATE with the keys that it asks for. Returns 1, or 0
 * if the event is about another connection of the tunnel. -EOPNOTSUPP: there
 * is nothing to make keys of. -EDQUOT: the peer changes keys for fun. After
 * any failure the tunnel cannot go on.
 */
int eftf_rekey_answer(struct eftf_rekey *r, struct eftf_nl *nl,
		      const struct eftf_tunnel_info *event, struct eftf_err *err);

#endif
