/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New TLS keys of a connection that a child process has made: what they are made
 * of stays there.
 */
#ifndef EFTF_UE_KEYS_H
#define EFTF_UE_KEYS_H

#include "err.h"
#include "errand.h"
#include "tls.h"

/*
 * The child: answers on fd until the parent is gone. tls: parked; is taken over.
 */
void eftf_keys_serve(int fd, struct eftf_tls *tls);
/*
 * The parent: the keys after the last ones, for receiving and, unless tx is NULL, for
 * sending. After a failure no more can be had. -EDQUOT: the peer changes keys for fun.
 */
int eftf_keys_fetch(struct eftf_errand *child, struct eftf_tls_key *rx, struct eftf_tls_key *tx,
		    struct eftf_err *err);

#endif
