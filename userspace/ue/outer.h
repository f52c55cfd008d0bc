/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outer connection: TCP to the EFTF, perhaps by a proxy, and kernel TLS on it. */
#ifndef EFTF_UE_OUTER_H
#define EFTF_UE_OUTER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "conf.h"
#include "detect.h"
#include "errand.h"
#include "signals.h"
#include "targets.h"
#include "tls.h"

#define EFTF_OUTER_CONNECT_MS 15000

/* How to get one; all of it the caller's. */
struct eftf_outer_spec {
	const struct eftf_ue_conf *conf;
	const struct eftf_detect *detect;	/* by which way */
	struct eftf_tls_ctx *tls;
	struct eftf_targets *targets;	/* what is known of the EFTF's, or the proxy's, addresses */
	/* inner address on the device, if set: a connection from it would go into the tunnel */
	const struct eftf_value_prefix *inner;
	/* by this link alone, whatever the routes say; NULL: as they say */
	const char *link;
	bool ask_portal;	/* if there is no TCP: is it a portal that prevents it? */
};

struct eftf_outer {
	int fd;
	struct sockaddr_storage local;
	struct sockaddr_storage peer;	/* the EFTF, or the proxy */
	struct eftf_tls_info tls;
	struct eftf_tls *parked;	/* to change its keys later; NULL: they stay */
	struct eftf_errand keys;	/* the child that has parked, if another process made it */
};

/*
 * Connects, shakes hands, plants the keys and logs. eftf_outer_close() in any
 * case. The reason of a failure is in err.
 */
enum eftf_attempt eftf_outer_open(const struct eftf_outer_spec *spec, struct eftf_signals *sig,
				  struct eftf_outer *o, struct eftf_err *err);
/* Closes our descriptor; what the module was given goes on. */
void eftf_outer_close(struct eftf_outer *o);
/* The child that makes keys, if this kernel can take new ones: the caller's from now on. Or none. */
struct eftf_errand eftf_outer_take_keys(struct eftf_outer *o, bool can_update);

#endif
