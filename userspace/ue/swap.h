/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the outer connection of a running tunnel is to be replaced by a new
 * one, make-before-break. No I/O: replace.c does it.
 */
#ifndef EFTF_UE_SWAP_H
#define EFTF_UE_SWAP_H

#include <stdbool.h>
#include <stdint.h>

#include "backoff.h"

struct eftf_swap {
	bool key_due;		/* the key in use wears out soon */
	const char *asked;	/* why one was asked for, tried once; NULL: none was */
	const char *moved;	/* why the old connection's way is not the right one any more; NULL: it is */
	uint64_t not_before;	/* ms: after a failure, or while the old connection drains */
	unsigned int moves;	/* how often that came */
	uint64_t moved_at;	/* ms: of moved; it does not wait for an old connection */
	struct eftf_backoff backoff, moved_backoff;
};

/* The tunnel is a new one: nothing is due. */
void eftf_swap_reset(struct eftf_swap *s);
/* When a replacement wants to be tried: ms, UINT64_MAX: not at all. */
uint64_t eftf_swap_due(const struct eftf_swap *s);
/* The way has changed: one is due at once, and again if it fails. text: why. */
void eftf_swap_move(struct eftf_swap *s, const char *text);
/* It succeeded: the next one waits until the old connection has drained. */
void eftf_swap_done(struct eftf_swap *s);
/* The old connection of the last swap is gone: the next swap may follow soon. */
void eftf_swap_drained(struct eftf_swap *s);
/* It failed and is tried again: the pause until then, ms. */
unsigned int eftf_swap_failed(struct eftf_swap *s);

#endif
