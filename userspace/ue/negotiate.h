/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a TCP connection to a tunnel that can be handed off: TLS handshake,
 * keys to the kernel, inner address by DHCP in envelopes.
 */
#ifndef EFTF_UE_NEGOTIATE_H
#define EFTF_UE_NEGOTIATE_H

#include "detect.h"
#include "dhcp4.h"
#include "err.h"
#include "signals.h"
#include "tls.h"

#define EFTF_TLS_MS 15000
#define EFTF_LEASE_MS 20000

/*
 * Handshake and keys on fd, a connected non-blocking TCP socket. Returns UP,
 * UNTRUSTED (certificate or name) or FAILED, with the reason in err.
 * parked: the caller's then, to change keys later; NULL if the version of TLS
 * does not, or if not wanted: parked is NULL.
 */
enum eftf_attempt eftf_negotiate_tls(struct eftf_tls_ctx *ctx, int fd, const char *peer_name,
				     struct eftf_signals *sig, struct eftf_tls_info *info,
				     struct eftf_tls **parked, struct eftf_err *err);
/*
 * DHCP on the kTLS socket fd. c: with client_id, keepalive, and token and
 * previous of an earlier lease set; afterwards c->lease. only: no other address
 * is taken; NULL: any. Returns 0; -EACCES: the EFTF refused; -EADDRNOTAVAIL: it
 * offers another address; -ETIMEDOUT, -EINTR, -ECONNRESET, ...
 */
int eftf_negotiate_lease(int fd, struct eftf_dhcp4c *c, const struct in_addr *only,
			 struct eftf_signals *sig, struct eftf_err *err);

#endif
