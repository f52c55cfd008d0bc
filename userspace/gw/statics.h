/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Static addresses: inner addresses that belong to one client certificate each. */
#ifndef EFTF_GW_STATICS_H
#define EFTF_GW_STATICS_H

#include "err.h"
#include "pool.h"

struct eftf_gw_conf;

/*
 * Lines of an identity, as "eftf-gw status" shows it, and one address, of the pool or of
 * pool6, or both; blank lines and lines with # do not count. path NULL: none.
 * conf: the pools. Returns 0 or a negative errno with file and line in err.
 */
int eftf_statics_load(struct eftf_statics *s, const char *path, const struct eftf_gw_conf *conf,
		      struct eftf_err *err);
void eftf_statics_free(struct eftf_statics *s);

#endif
