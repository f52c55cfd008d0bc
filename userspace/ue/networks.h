/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks with a firewall, the way that led through it, and when that was found out. */
#ifndef EFTF_UE_NETWORKS_H
#define EFTF_UE_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

#define EFTF_NETWORKS_MAX 32
/* A link's name, a blank, and the router's hardware address or the IPv6 prefix. */
#define EFTF_NETWORKS_KEY 72

struct eftf_network {
	char key[EFTF_NETWORKS_KEY];
	bool fallback;		/* the proxy of the environment was the way */
	int64_t at;		/* s since 1970 */
};

struct eftf_networks {
	struct eftf_network item[EFTF_NETWORKS_MAX];
	size_t n;
};

/* The one of this key that is not older than remember seconds at now, nor of a later time; or NULL. */
const struct eftf_network *eftf_networks_find(const struct eftf_networks *nets, const char *key,
					      int64_t now, unsigned int remember);
/* Takes the place of one with the same key, or, if there is no room, of the oldest. */
void eftf_networks_put(struct eftf_networks *nets, const struct eftf_network *net);
/* Returns whether there was one. */
bool eftf_networks_drop(struct eftf_networks *nets, const char *key);
/*
 * Replaces *nets by what is in the file; empty if there is none, or if that fails: -EBADMSG if it
 * is not of our making, or another negative errno.
 */
int eftf_networks_load(struct eftf_networks *nets, const char *path, struct eftf_err *err);
/* The old file stays until the new one is whole. Its folder is made, not those above it. */
int eftf_networks_save(const struct eftf_networks *nets, const char *path, struct eftf_err *err);

#endif
