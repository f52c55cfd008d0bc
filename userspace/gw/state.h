/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to outlive this program: whose the addresses of running tunnels
 * are. A file of fixed records, one for each address of the pool, with holes where
 * there is none: what was stored is there however the program ends, and a store costs
 * the same with any number of tunnels. It is written to and not mapped: a file
 * system that is full is an error then, and no signal. It belongs on a file system that a
 * restart of the machine empties, as that ends the tunnels, too.
 */
#ifndef EFTF_GW_STATE_H
#define EFTF_GW_STATE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "err.h"
#include "identity.h"
#include "pool.h"

struct eftf_state;

struct eftf_state_lease {
	uint32_t tunnel;		/* the module's id */
	struct in_addr inner;
	struct sockaddr_storage outer;
	struct eftf_pool_lease lease;
	uint16_t keepalive;
	double since;			/* by CLOCK_BOOTTIME */
	char identity[EFTF_IDENTITY_TEXT];
};

/*
 * Opens the file, which is made if missing and begun anew if it is of other
 * pools or another version. -EBUSY: another gateway has it.
 */
int eftf_state_open(struct eftf_state **st, const char *path, const struct eftf_ranges *ranges,
		    struct eftf_err *err);
/* remove: nothing is left to outlive the program. */
void eftf_state_close(struct eftf_state *st, bool remove);

/* Returns 0, or a negative errno: -ERANGE is no address of the pool, -ENOSPC a file system that is full. */
int eftf_state_put(struct eftf_state *st, const struct eftf_state_lease *lease);
/* false: there is none for the address, or the program was killed while it was stored. */
bool eftf_state_get(struct eftf_state *st, struct in_addr inner, struct eftf_state_lease *lease);
void eftf_state_clear(struct eftf_state *st, struct in_addr inner);

/* Did a gateway of this file make the device? */
bool eftf_state_made_device(const struct eftf_state *st);
void eftf_state_set_made_device(struct eftf_state *st, bool made);
/* Was there a file of this pool before? */
bool eftf_state_is_continued(const struct eftf_state *st);

#endif
