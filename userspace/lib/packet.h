/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of a fixed size between a program's own processes, over a
 * SOCK_SEQPACKET pair, perhaps with a descriptor. What comes may be of a
 * process that a stranger has taken over: it is no more than octets.
 */
#ifndef EFTF_PACKET_H
#define EFTF_PACKET_H

#include <stddef.h>

/*
 * One message of size octets, with descriptor sock if that is not -1. Waits for
 * room if fd is blocking. Returns 0 or a negative errno.
 */
int eftf_packet_send(int fd, const void *msg, size_t size, int sock);
/*
 * A message of exactly size octets, without waiting; *sock: its descriptor,
 * which is the caller's now, or -1. Returns 0; -EAGAIN: there is none;
 * -ECONNRESET: the other side has ended; -EPROTO: it sent something else, or
 * more than one descriptor.
 */
int eftf_packet_recv(int fd, void *msg, size_t size, int *sock);

#endif
