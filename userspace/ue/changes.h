/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What changes around a program that runs for years: links, addresses and
 * routes of this machine, its clock being set, and its sleep.
 */
#ifndef EFTF_UE_CHANGES_H
#define EFTF_UE_CHANGES_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "nl.h"

#define EFTF_CHANGES_FDS 2
/* After the first word of a change others follow: an address, then its routes. */
#define EFTF_CHANGES_SETTLE_MS 100
/* Sleep that is too short to have hurt a connection. */
#define EFTF_CHANGES_SLEEP_MS 3000

struct eftf_changes {
	struct eftf_rt *rt;	/* hears of the network; NULL: nothing is known of it */
	struct eftf_rt *ask;	/* for questions about it */
	int clock_fd;		/* -1: nothing is known of the clock */
	uint64_t asleep;	/* ms since boot, at the last look */
	/* what came; the reader takes it back */
	bool clock_set;
	uint64_t slept;		/* ms; 0: has not slept */
	uint64_t network_at;	/* ms: when the network is to be looked at; UINT64_MAX: need not be */
};

int eftf_changes_open(struct eftf_changes *c, struct eftf_err *err);
void eftf_changes_close(struct eftf_changes *c);
/* For poll(): EFTF_CHANGES_FDS entries, to be read by eftf_changes_take(). */
void eftf_changes_fds(const struct eftf_changes *c, struct pollfd *pfd);
/* Reads what came; never blocks. */
void eftf_changes_take(struct eftf_changes *c);
/* The clock was set, by hand or after sleep, of which there have been asleep ms since boot. No I/O. */
void eftf_changes_clock(struct eftf_changes *c, uint64_t asleep);
/* Has a change of the network settled? If so it is taken back. */
bool eftf_changes_network(struct eftf_changes *c);
/* Forgets what came. */
void eftf_changes_forget(struct eftf_changes *c);

#endif
