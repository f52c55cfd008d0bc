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

/* Half of TCP's own 200 ms, which allow for receivers that put off their acknowledgements for that long. */
#define EFTF_TCP_RTO_MIN	(HZ / 10)

/*
 * Mends losses as early as TCP can: everything behind a lost segment waits for
 * it. RACK and the tail loss probe are TCP's defaults; the probe of a single
 * segment waits for the lower bound of the time-out, too. A thin stream, as a
 * call is, tries again without doubling the time-out. A route's rto_min goes
 * before this bound, and a lower one of the socket stays. Socket's lock held.
 */
static inline void eftf_tcp_hasten(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	tcp_sk(sk)->thin_lto = 1;
	WRITE_ONCE(icsk->icsk_rto_min, min_t(u32, icsk->icsk_rto_min, EFTF_TCP_RTO_MIN));
}

/* Does TCP put acknowledgements off, to send them with data or for several segments? */
static inline bool eftf_tcp_delays_acks(const struct sock *sk)
{
	return READ_ONCE(inet_csk(sk)->icsk_ack.pingpong);
}

#endif
