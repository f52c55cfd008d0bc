/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Envelopes through wolfSSL, from the handshake until the kernel gets the
 * keys. The kernel's recvmsg() does not return while empty records follow each
 * other; here one record is read at a time, and the caller goes on with others.
 */
#ifndef EFTF_TLS_CHANNEL_H
#define EFTF_TLS_CHANNEL_H

#include "channel.h"
#include "tls.h"

/* After EFTF_TLS_DONE; tls is used until eftf_tls_plant(). */
void eftf_tls_channel(struct eftf_channel *ch, struct eftf_tls *tls);
/* From now on at most so many records are begun: then the channel says AGAIN, whatever waits in the socket. */
void eftf_tls_begin_turn(struct eftf_tls *tls, unsigned int records);
/* They have been read, and all that was in them. */
bool eftf_tls_turn_over(struct eftf_tls *tls);
/* Nothing of the peer's is in wolfSSL: what it sends from now on is in the socket. */
bool eftf_tls_drained(struct eftf_tls *tls);
/* Tells the peer that this side ends the connection, if the keys are not the kernel's yet. Best effort. */
void eftf_tls_close_notify(struct eftf_tls *tls);

#endif
