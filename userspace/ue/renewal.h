/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Renewal of a lease through the tunnel (RFC 2131 4.4.5, RFC 8415 18.2.4), by a
 * UDP socket on the device: after the hand-off the stream is the kernel's.
 */
#ifndef EFTF_UE_RENEWAL_H
#define EFTF_UE_RENEWAL_H

#include <stdint.h>

#include "dhcp4.h"
#include "dhcp6.h"
#include "err.h"

struct eftf_renewal {
	int fd;			/* -1: not running */
	struct eftf_dhcp4c *client;	/* the caller's; its lease is the one to renew */
	struct eftf_dhcp6c *client6;	/* or this one's */
	const char *device;
	uint64_t given_at;	/* ms: when the lease was given */
	uint64_t start_at;	/* ms: T1; UINT64_MAX: never */
	uint64_t expires_at;	/* ms; UINT64_MAX: never */
	uint64_t send_at;	/* ms: while running */
};

enum eftf_renewal_result {
	EFTF_RENEWAL_NOTHING,
	EFTF_RENEWAL_RENEWED,	/* client->lease is new */
	EFTF_RENEWAL_REFUSED,	/* the lease is void: client->refusal */
	EFTF_RENEWAL_EXPIRED,
};

/* A lease was just given to the client. client NULL: static, nothing to renew. */
void eftf_renewal_start(struct eftf_renewal *r, struct eftf_dhcp4c *client, const char *device);
/* The same for IPv6. */
void eftf_renewal_start6(struct eftf_renewal *r, struct eftf_dhcp6c *client, const char *device);
/* When eftf_renewal_step() wants to be called, besides r->fd being readable. */
uint64_t eftf_renewal_due(const struct eftf_renewal *r);
/* Does what is due; never blocks. err: set on REFUSED and EXPIRED. */
enum eftf_renewal_result eftf_renewal_step(struct eftf_renewal *r, struct eftf_err *err);
/*
 * Gives the lease back through the tunnel (RFC 2131 4.4.6), if there is one;
 * best effort. The caller stops the renewal and ends the tunnel. Returns true if
 * the device has the message.
 */
bool eftf_renewal_release(struct eftf_renewal *r);
/* Is a message still on its way to the outer connection? A qdisc that delays is not seen. */
bool eftf_renewal_is_sending(const struct eftf_renewal *r);
void eftf_renewal_stop(struct eftf_renewal *r);

#endif
