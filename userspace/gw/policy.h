/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What UEs may reach: a table of nftables named after the device, which nft(8)
 * loads. All of it is in that one table; no other is looked at or touched.
 */
#ifndef EFTF_GW_POLICY_H
#define EFTF_GW_POLICY_H

#include <stdbool.h>
#include <stdio.h>

#include "conf.h"
#include "err.h"

struct eftf_policy {
	char *loaded;		/* the text that nft has taken; NULL: nothing yet */
	char *removal;		/* the text that removes the table */
};

/* The table as text for nft -f, which replaces the one of before; policy = open: which removes it. */
void eftf_policy_write(FILE *out, const struct eftf_gw_conf *conf);
/* Is there nothing that UEs may reach beyond the gateway? */
bool eftf_policy_reaches_nothing(const struct eftf_gw_conf *conf);
/*
 * Puts the configuration into force, if it is another than before; all at
 * once. Waits for nft, 10 s at most. Returns 0, or a negative errno with nft's
 * own words in err: then what was in force stays.
 */
int eftf_policy_load(struct eftf_policy *p, const struct eftf_gw_conf *conf, struct eftf_err *err);
/* stays: for a successor; otherwise the table is removed, if there is one. */
void eftf_policy_close(struct eftf_policy *p, bool stays);

#endif
