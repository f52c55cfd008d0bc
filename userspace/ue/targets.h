/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of the EFTF, or of the proxy: which of them the next attempt
 * may use, and in which order. One that connects and then does not work is
 * passed over until all others have had their turn; one that has worked is
 * tried first, and is not forgotten when names cannot be resolved. No I/O.
 */
#ifndef EFTF_UE_TARGETS_H
#define EFTF_UE_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "config_value.h"

#define EFTF_TARGETS_MAX 16
/* "host:port:" and the addresses of CURLOPT_RESOLVE */
#define EFTF_TARGETS_TEXT (EFTF_VALUE_HOST_MAX + 16 + EFTF_TARGETS_MAX * 49)

/* Starts as 0. Ports of addresses do not count. */
struct eftf_targets {
	struct eftf_value_target of;	/* whose they are */
	struct eftf_target {
		struct sockaddr_storage addr;
		bool named;		/* the name stands for it now */
		bool failed;		/* since the last that worked */
		bool tried;		/* in the present attempt */
	} v[EFTF_TARGETS_MAX];
	size_t n;
	struct sockaddr_storage good;	/* worked last; ss_family 0: none did */
};

/* They are of this host from now on; what is known of another is forgotten. */
void eftf_targets_of(struct eftf_targets *t, const char *host, unsigned int port);
/*
 * What its name stands for now, in the order of the resolver. The address that
 * worked last stays known, behind the others if it is not among them.
 */
void eftf_targets_resolved(struct eftf_targets *t, const struct sockaddr_storage *addrs, size_t n);
/*
 * An attempt begins: its addresses, at most EFTF_TARGETS_MAX, the best first.
 * Returns how many: 0 if none is known.
 */
size_t eftf_targets_begin(struct eftf_targets *t, struct sockaddr_storage *out);
/* None of them could be connected to. */
void eftf_targets_unreachable(struct eftf_targets *t);
/* The connection to this one was of no use. */
void eftf_targets_failed(struct eftf_targets *t, const struct sockaddr_storage *addr);
/* By this one a tunnel came up. */
void eftf_targets_worked(struct eftf_targets *t, const struct sockaddr_storage *addr);
/* An entry for CURLOPT_RESOLVE. Returns false if n is 0 or the host needs none: it is IPv6 itself. */
bool eftf_targets_text(const struct eftf_targets *t, const struct sockaddr_storage *addrs, size_t n,
		       char out[EFTF_TARGETS_TEXT]);

#endif
