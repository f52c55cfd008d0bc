/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names to addresses, within a time: getaddrinfo() may block for as long as
 * the name servers do not answer, so that a thread calls it.
 */
#ifndef EFTF_UE_RESOLVE_H
#define EFTF_UE_RESOLVE_H

#include <stddef.h>
#include <sys/socket.h>

#include "err.h"
#include "signals.h"
#include "targets.h"

/*
 * For who waits for other things besides: asks for host; *fd, the caller's, is
 * readable when there is an answer. Returns 0 or a negative errno.
 */
int eftf_resolve_start(const char *host, int *fd, struct eftf_err *err);
/* The answer of fd, as eftf_resolve() returns it. Does not wait, and does not close fd. */
int eftf_resolve_take(const char *host, int fd, struct sockaddr_storage *out, struct eftf_err *err);
/*
 * All addresses of host, best first, into out (EFTF_TARGETS_MAX of them).
 * Returns how many, at least 1; -ENXIO: it has none; -ETIMEDOUT; -EINTR: a
 * signal came; ...
 */
int eftf_resolve(const char *host, struct eftf_signals *sig, unsigned int timeout_ms,
		 struct sockaddr_storage *out, struct eftf_err *err);
/*
 * Brings targets up to date for an attempt to connect to host and port: by its
 * name; if that cannot be had, with what is known. An IPv4 address gets a
 * second, by the translator of this network, where there is IPv6 only. Returns
 * 0; or a negative errno if no address is known.
 */
int eftf_resolve_targets(struct eftf_targets *t, const char *host, unsigned int port,
			 struct eftf_signals *sig, struct eftf_err *err);

#endif
