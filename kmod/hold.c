// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds bulk back while more is outstanding in TCP than flight.c allows: takes
 * the samples from the socket, and lets the acknowledgement that makes room wake
 * the TX worker.
 */
#include <linux/ktime.h>
#include <linux/tcp.h>
#include <net/tcp.h>

#include "flight.h"
#include "hold.h"
#include "ktls.h"
#include "trace.h"
#include "types.h"

/*
 * Reads what TCP says without its lock. An acknowledgement moves snd_una first
 * and sacked_out last: read in this order the sum is too high meanwhile, but
 * not too low.
 */
static void eftf_hold_sample(const struct eftf_transport *tp, struct eftf_flight_sample *s)
{
	const struct tcp_sock *t = tcp_sk(tp->sock->sk);

	s->now_us = div_u64(ktime_get_ns(), NSEC_PER_USEC);
	s->voice_at = READ_ONCE(tp->tunnel->queue.voice_at);
	s->rtt_us = READ_ONCE(t->rack.rtt_us);
	s->delivered = READ_ONCE(t->delivered);
	s->mss = READ_ONCE(t->mss_cache);
	s->nxt = READ_ONCE(t->write_seq);
	s->una = READ_ONCE(t->snd_una);
	smp_rmb();	/* see above */
	s->sacked = READ_ONCE(t->sacked_out);
}

static u32 eftf_hold_outstanding(const struct eftf_transport *tp)
{
	struct eftf_flight_sample s;

	eftf_hold_sample(tp, &s);
	return eftf_flight_outstanding(&s);
}

/**
 * eftf_hold_init - prepare a new transport
 * @tp: transport, zeroed; its socket is connected
 *
 * Context: process.
 */
void eftf_hold_init(struct eftf_transport *tp)
{
	eftf_flight_init(&tp->flight, tcp_min_rtt(tcp_sk(tp->sock->sk)));
}

/**
 * eftf_hold_inherit - a new transport replaces another one
 * @tp: the new one, not started
 * @old: the one that drains from now on
 *
 * Context: process, the tunnel's lock held; the TX worker of @old may run.
 */
void eftf_hold_inherit(struct eftf_transport *tp, const struct eftf_transport *old)
{
	eftf_flight_inherit(&tp->flight, data_race(READ_ONCE(old->flight.base_us)),
			    data_race(READ_ONCE(old->flight.rate)));
}

/**
 * eftf_hold_update - bring the bound up to date
 * @tp: transport
 *
 * Context: TX worker.
 */
void eftf_hold_update(struct eftf_transport *tp)
{
	struct eftf_tunnel *tunnel = tp->tunnel;
	const struct eftf_flight_settings set = {
		.target_us = READ_ONCE(tunnel->edev->flight.target_us),
		.hold_s = READ_ONCE(tunnel->edev->flight.hold_s),
	};
	struct eftf_flight_sample s;
	bool held = tp->flight.held;

	eftf_hold_sample(tp, &s);
	switch (eftf_flight_update(&tp->flight, &set, &s)) {
	case EFTF_FLIGHT_PROBED:
		eftf_stat_inc(&tunnel->stats, EFTF_STAT_FLIGHT_PROBES);
		break;
	case EFTF_FLIGHT_RELEASED:
		eftf_stat_inc(&tunnel->stats, EFTF_STAT_FLIGHT_RELEASES);
		break;
	case EFTF_FLIGHT_NOTHING:
		break;
	}
	trace_eftf_flight(tunnel, &s, held, &tp->flight);
}

/**
 * eftf_hold_bulk - does bulk have to wait?
 * @tp: transport
 *
 * If so, the TX worker is woken when a record fits under the bound.
 *
 * Context: TX worker.
 * Return: true if so.
 */
bool eftf_hold_bulk(struct eftf_transport *tp)
{
	u32 bound = tp->flight.bound;
	u32 room;

	if (bound == EFTF_FLIGHT_NONE || eftf_hold_outstanding(tp) < bound ||
	    test_bit(EFTF_TP_DRAINING, &tp->flags))
		return false;
	/* not for every acknowledgement, on a fast link they come in close order */
	room = min(eftf_flight_record(&tp->flight, EFTF_RECORD_MAX), bound / 2);
	WRITE_ONCE(tp->hold_until, bound - room);
	set_bit(EFTF_TP_HELD, &tp->flags);
	set_bit(SOCK_NOSPACE, &tp->sock->flags);
	smp_mb__after_atomic();	/* as in tcp_poll(): what came before the bit was set */
	if (eftf_hold_outstanding(tp) < bound) {
		clear_bit(EFTF_TP_HELD, &tp->flags);
		return false;
	}
	tp->flight.held = true;
	eftf_stat_inc(&tp->tunnel->stats, EFTF_STAT_TX_HELD);
	return true;
}

/**
 * eftf_hold_end - what wakes the TX worker next is not about bulk alone
 * @tp: transport
 *
 * Context: TX worker.
 */
void eftf_hold_end(struct eftf_transport *tp)
{
	if (test_bit(EFTF_TP_HELD, &tp->flags))
		clear_bit(EFTF_TP_HELD, &tp->flags);
}

/**
 * eftf_hold_goes_on - the socket has room: is it still too early for bulk?
 * @tp: transport
 *
 * Context: wake-up of the socket, any.
 * Return: true if the TX worker need not run.
 */
bool eftf_hold_goes_on(struct eftf_transport *tp)
{
	if (!test_bit(EFTF_TP_HELD, &tp->flags) || test_bit(EFTF_TP_DRAINING, &tp->flags) ||
	    eftf_hold_outstanding(tp) <= READ_ONCE(tp->hold_until))
		return false;
	set_bit(SOCK_NOSPACE, &tp->sock->flags);	/* the wake-up has cleared it */
	return true;
}

/**
 * eftf_hold_record_size - how much to put into a record
 * @tp: transport
 *
 * Up to about 8 ms of what TCP's pacing sends, or half of that at the rate
 * measured while bulk is bounded, so that on a slow link a voice packet does not
 * wait behind 16 KiB of bulk.
 *
 * Context: TX worker.
 * Return: bytes.
 */
size_t eftf_hold_record_size(const struct eftf_transport *tp)
{
	unsigned long rate = READ_ONCE(tp->sock->sk->sk_pacing_rate);

	if (tp->flight.bound != EFTF_FLIGHT_NONE)
		return eftf_flight_record(&tp->flight, EFTF_RECORD_MAX);
	return clamp_t(unsigned long, rate >> 7, 2048, EFTF_RECORD_MAX);
}
