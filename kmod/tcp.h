/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What TCP knows of the outer connection. Read without the socket's lock: the
 * values may not be of the same moment.
 */
#ifndef EFTF_TCP_H
#define EFTF_TCP_H

#include <linux/tcp.h>
#include <net/inet_connection_sock.h>

/* Bytes that were sent and not acknowledged. */
static inline u32 eftf_tcp_unacked(const struct sock *sk)
{
	const struct tcp_sock *tcp = tcp_sk(sk);

	return max_t(s32, READ_ONCE(tcp->snd_nxt) - READ_ONCE(tcp->snd_una), 0);
}

/* Bytes that were accepted from the sender and not sent. */
static inline u32 eftf_tcp_unsent(const struct sock *sk)
{
	const struct tcp_sock *tcp = tcp_sk(sk);

	return max_t(s32, READ_ONCE(tcp->write_seq) - READ_ONCE(tcp->snd_nxt), 0);
}

/* Retransmission time-outs in a row: tcpi_retransmits of TCP_INFO. */
static inline u8 eftf_tcp_retransmits(const struct sock *sk)
{
	return READ_ONCE(inet_csk(sk)->icsk_retransmits);
}

/* Bytes of the largest IP packet that TCP sends, as far as it knows the path. */
static inline u32 eftf_tcp_path_mtu(const struct sock *sk)
{
	return READ_ONCE(tcp_sk(sk)->mss_cache) + READ_ONCE(tcp_sk(sk)->tcp_header_len) +
	       inet_csk(sk)->icsk_af_ops->net_header_len;
}

#endif
