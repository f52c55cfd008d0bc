// SPDX-License-Identifier: GPL-2.0-only
/*
 * The outer path, judged by what TCP gets acknowledged.
 *
 * Black hole: a hop drops segments above some size and no ICMP message says so.
 * TCP retransmits the same segment until it gives up, unless the namespace has
 * net.ipv4.tcp_mtu_probing; everything behind that segment waits, voice as well,
 * for packets share records. When nothing was acknowledged through a
 * retransmission time-out, TCP's own path MTU search (RFC 4821, net/ipv4/tcp*.c)
 * is switched on for this socket with a lower start; the next retransmission is
 * cut to that size, and larger sizes are probed later without holding anything up.
 * If that helped, and the peer was heard of meanwhile (so the path was not merely
 * gone for a while), the route's path MTU exception is set, as an ICMP message
 * would have done: the next connection to this peer begins with it, and announces
 * it in its MSS, which mends the other direction.
 *
 * Dead path: data in flight of which nothing is acknowledged for the tunnel's
 * stall time is told to listeners; after three times that the tunnel ends, for
 * TCP's next retransmission may be minutes away by then.
 *
 * A peer that reads nothing (window 0) has nothing in flight towards it and is
 * not judged here; see eftf_timer_stalled().
 */
#include <net/dst.h>
#include <net/tcp.h>

#include "end.h"
#include "event.h"
#include "path.h"
#include "tcp.h"
#include "types.h"
#include "wake.h"

#define EFTF_PATH_LOOK_JIFFIES	(HZ / 2)
#define EFTF_PATH_END_STALLS	3	/* the tunnel ends after that many stall times */

/*
 * Sizes of outer IP packets to fall back to: what IPv6 demands of every link, what
 * is left behind two more tunnels, and what RFC 791 demands of every IPv4 host.
 */
static const u32 eftf_path_steps[] = { 1280, 1024, 576 };

/**
 * eftf_path_sent - data was given to TCP: the timer has to watch it
 * @tp: transport
 *
 * Context: TX worker.
 */
void eftf_path_sent(struct eftf_transport *tp)
{
	/* pairs with the barrier in eftf_path_check(): one of both sees the other's store */
	smp_mb();
	if (READ_ONCE(tp->path.watched))
		return;
	WRITE_ONCE(tp->path.watched, true);
	timer_reduce(&tp->tunnel->timer, jiffies + EFTF_PATH_LOOK_JIFFIES);
}

/* The first time-out may be one lost segment; the second in a row is more than that. */
static bool eftf_path_step_due(const struct eftf_path *path, u8 timeouts, unsigned long idle)
{
	if (path->step == ARRAY_SIZE(eftf_path_steps) || idle < EFTF_PATH_LOOK_JIFFIES)
		return false;
	return timeouts > max_t(u8, path->timeouts, 1);
}

/* Asks the TX worker for smaller segments, if the present ones are not that small already. */
static void eftf_path_step(struct eftf_transport *tp, u8 timeouts)
{
	struct eftf_path *path = &tp->path;
	u32 now = eftf_tcp_path_mtu(tp->sock->sk);

	while (path->step < ARRAY_SIZE(eftf_path_steps) && eftf_path_steps[path->step] >= now)
		path->step++;
	if (path->step == ARRAY_SIZE(eftf_path_steps))
		return;
	path->timeouts = timeouts;
	path->mtu = eftf_path_steps[path->step++];
	WRITE_ONCE(path->wanted, path->mtu);
	eftf_wake_tx(tp);
}

/* Nothing was acknowledged for @idle jiffies. Return: true if the tunnel ends. */
static bool eftf_path_standstill(struct eftf_transport *tp, unsigned long idle)
{
	const struct eftf_end end = { .reason = EFTF_REASON_STALLED };
	const struct sock *sk = tp->sock->sk;
	unsigned long stall = READ_ONCE(tp->tunnel->config.stall) * HZ;
	u8 timeouts = eftf_tcp_retransmits(sk);
	struct eftf_path *path = &tp->path;

	if (READ_ONCE(tcp_sk(sk)->sacked_out) ||
	    time_after(READ_ONCE(tp->tunnel->last_rx), path->since))
		path->answered = true;
	if (eftf_path_step_due(path, timeouts, idle))
		eftf_path_step(tp, timeouts);
	if (!stall || idle < stall)
		return false;
	if (!path->told) {
		path->told = true;
		eftf_event_stalled(tp);
	}
	return idle >= EFTF_PATH_END_STALLS * stall && eftf_end_close(tp->tunnel, tp, &end);
}

/**
 * eftf_path_check - has anything been acknowledged since the last look?
 * @tp: current transport of its tunnel
 * @next: lowered to the jiffies until the next look, if there has to be one
 *
 * Context: softirq, the tunnel's timer, under RCU.
 * Return: true if the tunnel was closed.
 */
bool eftf_path_check(struct eftf_transport *tp, unsigned long *next)
{
	const struct tcp_sock *tcp = tcp_sk(tp->sock->sk);
	struct eftf_path *path = &tp->path;
	bool moved;
	u32 una;

	WRITE_ONCE(path->watched, false);
	smp_mb();	/* pairs with the barrier in eftf_path_sent() */
	una = READ_ONCE(tcp->snd_una);
	moved = path->since && una != path->una;
	if (moved && path->mtu && path->answered && !READ_ONCE(path->proven)) {
		WRITE_ONCE(path->proven, true);
		eftf_wake_tx(tp);
	}
	if (moved || !READ_ONCE(tcp->packets_out))
		path->since = 0;
	if (una == READ_ONCE(tcp->write_seq))
		return false;	/* eftf_path_sent() calls again */
	WRITE_ONCE(path->watched, true);
	*next = min_t(unsigned long, *next, EFTF_PATH_LOOK_JIFFIES);
	if (path->since)
		return eftf_path_standstill(tp, jiffies - path->since);
	path->una = una;
	path->since = READ_ONCE(tcp->packets_out) ? jiffies ?: 1 : 0;
	path->told = false;
	path->answered = false;
	path->timeouts = 0;
	return false;
}

/* Switches on TCP's search for the path MTU, with packets of @mtu bytes to begin with. */
static void eftf_path_shrink(struct sock *sk, u32 mtu)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (!icsk->icsk_mtup.enabled) {
		icsk->icsk_mtup.enabled = 1;
		icsk->icsk_mtup.probe_timestamp = tcp_jiffies32;
		icsk->icsk_mtup.search_low = mtu;
	}
	icsk->icsk_mtup.search_low = min_t(int, icsk->icsk_mtup.search_low, mtu);
	icsk->icsk_mtup.probe_size = 0;
	/* differs from the route's: tcp_current_mss() works out the segment size anew */
	icsk->icsk_pmtu_cookie = 0;
}

/**
 * eftf_path_apply - carry out what the timer has found
 * @tp: transport
 *
 * Context: TX worker; waits for the socket's lock.
 */
void eftf_path_apply(struct eftf_transport *tp)
{
	struct sock *sk = tp->sock->sk;
	struct eftf_path *path = &tp->path;
	u32 wanted = READ_ONCE(path->wanted);
	bool remember = READ_ONCE(path->proven) && !path->remembered;
	struct dst_entry *dst;

	if (likely(!wanted && !remember))
		return;
	lock_sock(sk);
	if (wanted)
		eftf_path_shrink(sk, wanted);
	dst = __sk_dst_get(sk);
	if (remember && dst)
		dst->ops->update_pmtu(dst, sk, NULL, READ_ONCE(path->mtu), false);
	release_sock(sk);
	if (wanted) {
		/* the timer may have gone a step further meanwhile: then this worker was queued again */
		cmpxchg(&path->wanted, wanted, 0);
		eftf_stat_inc(&tp->tunnel->stats, EFTF_STAT_PATH_SHRINKS);
	}
	path->remembered |= remember;
}
