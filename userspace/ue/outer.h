/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outer connection: TCP to the EFTF, perhaps by a proxy, and kernel TLS on it. */
#ifndef EFTF_UE_OUTER_H
#define EFTF_UE_OUTER_H

#include <sys/socket.h>

#include "ue.h"

struct eftf_outer {
	int fd;
	struct sockaddr_storage peer;	/* the EFTF, or the proxy */
	struct eftf_tls_info tls;
	struct eftf_tls *parked;	/* to change its keys later; NULL: they stay */
};

/*
 * Connects, shakes hands, plants the keys and logs. eftf_outer_close() in any
 * case. The reason of a failure is in err.
 */
enum eftf_attempt eftf_outer_open(struct eftf_ue *ue, struct eftf_outer *o, struct eftf_err *err);
/* Closes our descriptor; what the module was given goes on. */
void eftf_outer_close(struct eftf_outer *o);
/* The parked object, if this kernel has a use for it: the tunnel's from now on. */
struct eftf_tls *eftf_outer_take_parked(struct eftf_outer *o, const struct eftf_ue *ue);

#endif
