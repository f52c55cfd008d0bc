/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Envelopes before the hand-off: one at a time, never an octet too far, so
 * that what follows stays in the kernel for eftf.ko. On a kTLS socket, or
 * through functions of the caller's (tls_channel.h).
 */
#ifndef EFTF_CHANNEL_H
#define EFTF_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"
#include "ftt_ims.h"

#define EFTF_CHANNEL_MAX_PACKET 4096	/* longer packets are skipped and counted */

enum eftf_channel_status {
	EFTF_CHANNEL_PACKET,	/* one whole inner packet */
	EFTF_CHANNEL_AGAIN,	/* nothing more for now */
	EFTF_CHANNEL_CLOSED,	/* close_notify from the peer */
	EFTF_CHANNEL_FAILED,	/* err says why */
};

/*
 * Another way to the peer than a kTLS socket. read: up to want octets of
 * application data; PACKET: *got of them, 0 of an empty record. write: all or
 * nothing; 0 or a negative errno.
 */
struct eftf_channel_io {
	enum eftf_channel_status (*read)(void *arg, uint8_t *buf, size_t want, size_t *got,
					 struct eftf_err *err);
	int (*write)(void *arg, const uint8_t *data, size_t len, struct eftf_err *err);
};

struct eftf_channel {
	int fd;			/* non-blocking kTLS socket; the caller's */
	const struct eftf_channel_io *io;	/* NULL: the socket */
	void *arg;		/* of io */
	uint8_t hdr[FTT_IMS_HDR_LEN];
	unsigned int have;	/* header octets read */
	size_t left;		/* payload octets to come */
	size_t got;		/* payload octets kept in packet[] */
	unsigned int envelopes;	/* whole envelopes read */
	unsigned int skipped;	/* of them: unknown type, too long, not IP */
	unsigned int empty;	/* TLS data records without octets */
	unsigned int tickets;	/* NewSessionTickets */
	uint8_t ctl[4];		/* header of the control message being read */
	uint8_t ctl_type;	/* TLS content type of it */
	unsigned int ctl_have;	/* octets in ctl[] */
	uint32_t ctl_left;	/* octets of it to be skipped */
	uint8_t packet[EFTF_CHANNEL_MAX_PACKET];
};

void eftf_channel_init(struct eftf_channel *ch, int fd);
void eftf_channel_init_io(struct eftf_channel *ch, const struct eftf_channel_io *io, void *arg);
/* Between two envelopes. */
static inline bool eftf_channel_at_boundary(const struct eftf_channel *ch)
{
	return !ch->have;
}
/*
 * Reads until one whole IP packet is there; *packet points into ch and is
 * valid until the next call. NewSessionTickets are skipped; other control
 * records end the channel. An unknown type as the first envelope, or more
 * than 16 useless envelopes, end it too.
 */
enum eftf_channel_status eftf_channel_recv(struct eftf_channel *ch, const uint8_t **packet,
					   size_t *len, struct eftf_err *err);
/*
 * Octets of a TLS control record, cut anywhere: what eftf_channel_recv() does
 * with them. AGAIN: nothing to act upon.
 */
enum eftf_channel_status eftf_channel_control(struct eftf_channel *ch, uint8_t type,
					      const uint8_t *data, size_t len,
					      struct eftf_err *err);
/*
 * Sends one packet (at most EFTF_CHANNEL_MAX_PACKET octets) in one envelope.
 * Waits up to a second for room: a fresh connection always has some.
 * Returns 0 or a negative errno.
 */
int eftf_channel_send(struct eftf_channel *ch, const uint8_t *packet, size_t len,
		      struct eftf_err *err);
/* Says by a close_notify alert that this side ends the connection. Best effort; fd stays open. */
void eftf_channel_close_notify(int fd);

#endif
