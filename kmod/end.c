// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one door by which tunnels and transports end.
 *
 *   eftf_end_close     a tunnel ends, for a reason; with all its transports
 *   eftf_end_abort     a tunnel ends at once, as its device goes
 *   eftf_end_fail      a transport's stream has ended: with it the tunnel, if
 *                      the transport is the current one, else it alone
 *   eftf_end_read      the same, and nothing more is read
 *   eftf_end_drain     a transport finishes: flush, close_notify, FIN, peer's FIN
 *   eftf_end_release   a transport is taken down without further ado
 *
 * All of them set state and queue work, and wait for nothing, so they may be
 * called from anywhere. What follows is done in process context, by the
 * tunnel's close_work (tunnel.c) and the transport's release work
 * (transport.c). The first end of a tunnel is the one that counts.
 *
 * tests/model/life.pml is this file, step by step, with everything that may
 * end a tunnel or a transport, and with what must not run any more afterwards.
 * An order of steps is changed there first, and tests/model/check run.
 */
#include <linux/build_bug.h>
#include <linux/workqueue.h>

#include "eftf_reason.h"
#include "end.h"
#include "types.h"
#include "wake.h"

#define EFTF_END_DRAIN_PERIOD	(HZ / 50)

/* Works that take tunnels down; those that send and receive are on eftf_dev.wq. */
static struct workqueue_struct *eftf_end_wq;

#define EFTF_END_WORD(name, word, text) [EFTF_REASON_##name] = word,
static const char * const eftf_end_reason_names[] = { EFTF_REASONS(EFTF_END_WORD) };

/* with one line for each reason, and so many lines, none is without a word */
#define EFTF_END_ONE(name, word, text) + 1
static_assert(0 EFTF_REASONS(EFTF_END_ONE) == __EFTF_REASON_MAX,
	      "every enum eftf_reason has a line in eftf_reason.h");

/**
 * eftf_end_reason_name - an enum eftf_reason as a word
 * @reason: number
 *
 * Context: any.
 * Return: word, never NULL.
 */
const char *eftf_end_reason_name(u32 reason)
{
	return reason < ARRAY_SIZE(eftf_end_reason_names) ? eftf_end_reason_names[reason] : "unknown";
}

/**
 * eftf_end_is_graceful - is a graceful close (flush, alert, FIN) possible after an end?
 * @end: why
 *
 * Context: any.
 * Return: false if the connection is dead, or nothing may be waited for.
 */
bool eftf_end_is_graceful(const struct eftf_end *end)
{
	switch (end->reason) {
	case EFTF_REASON_TRUNCATED:
	case EFTF_REASON_RESET:
	case EFTF_REASON_ALERT:
	case EFTF_REASON_BAD_RECORD:
	case EFTF_REASON_ERROR:
	case EFTF_REASON_LINK:
	case EFTF_REASON_STALLED:
		return false;
	default:
		return true;
	}
}

/**
 * eftf_end_flushes - is what waits in the queue still sent after an end?
 * @end: why
 *
 * Only if this side wanted the end does the peer still make use of it.
 *
 * Context: any.
 * Return: true if it is sent, false if it is dropped.
 */
bool eftf_end_flushes(const struct eftf_end *end)
{
	return end->reason == EFTF_REASON_DELETED || end->reason == EFTF_REASON_OWNER;
}

/**
 * eftf_end_is_current - does the transport take from the tunnel's queue?
 * @tp: transport
 *
 * Context: any; the answer holds only under the tunnel's lock.
 * Return: false if a swap has replaced it, or it is released.
 */
bool eftf_end_is_current(const struct eftf_transport *tp)
{
	return rcu_access_pointer(tp->tunnel->transport) == tp;
}

/**
 * eftf_end_close - end a tunnel
 * @tunnel: tunnel that the caller knows to be there
 * @tp: transport whose end it is, NULL if it is not a transport's: one that a
 *	swap has replaced meanwhile does not end the tunnel
 * @end: why
 *
 * Context: any.
 * Return: false if it was ending already, or goes on with another transport.
 */
bool eftf_end_close(struct eftf_tunnel *tunnel, const struct eftf_transport *tp,
		    const struct eftf_end *end)
{
	bool first;

	spin_lock_bh(&tunnel->lock);
	first = !tunnel->closing && (!tp || eftf_end_is_current(tp));
	if (first) {
		tunnel->end = *end;
		WRITE_ONCE(tunnel->closing, true);
		queue_work(eftf_end_wq, &tunnel->close_work);
	}
	spin_unlock_bh(&tunnel->lock);
	return first;
}

/**
 * eftf_end_abort - end a tunnel at once, as its device goes
 * @tunnel: tunnel in the device's list
 *
 * Does not wait; the device's reference goes with the tunnel.
 *
 * Context: process, device's lock held.
 */
void eftf_end_abort(struct eftf_tunnel *tunnel)
{
	const struct eftf_end end = { .reason = EFTF_REASON_LINK };
	struct eftf_transport *tp, *next;

	lockdep_assert_held(&tunnel->edev->lock);
	WRITE_ONCE(tunnel->force, true);
	if (eftf_end_close(tunnel, NULL, &end))
		return;
	spin_lock_bh(&tunnel->lock);
	list_for_each_entry_safe(tp, next, &tunnel->transports, node)
		eftf_end_release(tp);
	spin_unlock_bh(&tunnel->lock);
}

/**
 * eftf_end_fail - the stream of a transport has ended
 * @tp: transport
 * @end: why
 *
 * The current transport takes the tunnel with it; the old one of a swap goes
 * alone.
 *
 * Context: process; the transport's TX or RX worker.
 */
void eftf_end_fail(struct eftf_transport *tp, const struct eftf_end *end)
{
	struct eftf_tunnel *tunnel = tp->tunnel;

	if (eftf_end_close(tunnel, tp, end))
		return;	/* the tunnel's close_work goes on from here */
	spin_lock_bh(&tunnel->lock);
	if (tp->end.reason == EFTF_REASON_SWAPPED)	/* the other worker may be here, too */
		tp->end = *end;
	spin_unlock_bh(&tunnel->lock);
	/* after the peer's close_notify, the TX worker still has to send ours */
	if (end->reason != EFTF_REASON_RELEASED || test_bit(EFTF_TP_FIN, &tp->flags))
		eftf_end_release(tp);
	else
		eftf_wake_tx(tp);
}

/**
 * eftf_end_read - the stream of a transport has ended, and nothing more is read
 * @tp: transport
 * @end: why
 *
 * Context: process; the transport's RX worker.
 */
void eftf_end_read(struct eftf_transport *tp, const struct eftf_end *end)
{
	set_bit(EFTF_TP_RX_END, &tp->flags);
	eftf_end_fail(tp, end);
}

/**
 * eftf_end_drain - let a transport finish: what it has begun to send,
 *	close_notify, FIN, then the peer's end of stream
 * @tp: transport
 * @patience: jiffies after which it is released in any case
 *
 * Context: any, tunnel's lock held.
 */
void eftf_end_drain(struct eftf_transport *tp, unsigned long patience)
{
	lockdep_assert_held(&tp->tunnel->lock);
	if (test_bit(EFTF_TP_RELEASED, &tp->flags))
		return;
	if (!test_bit(EFTF_TP_DRAINING, &tp->flags) ||
	    time_before(jiffies + patience, tp->drain_until))
		WRITE_ONCE(tp->drain_until, jiffies + patience);
	set_bit(EFTF_TP_DRAINING, &tp->flags);
	eftf_wake_tx(tp);
	eftf_wake_rx(tp);
	queue_delayed_work(eftf_end_wq, &tp->drain_work, EFTF_END_DRAIN_PERIOD);
}

/**
 * eftf_end_drain_work - watch over a transport that drains
 * @work: the transport's drain_work
 *
 * TLS may hold records back, and nothing wakes the TX worker when they have
 * left; nor is there a wake-up for the end of the patience.
 *
 * Context: process; never runs twice at a time for one transport.
 */
void eftf_end_drain_work(struct work_struct *work)
{
	struct eftf_transport *tp = container_of(to_delayed_work(work), struct eftf_transport,
						 drain_work);

	if (time_after_eq(jiffies, READ_ONCE(tp->drain_until)) || READ_ONCE(tp->tunnel->force)) {
		eftf_end_release(tp);
		return;
	}
	if (!test_bit(EFTF_TP_FIN, &tp->flags))
		eftf_wake_tx(tp);
	queue_delayed_work(eftf_end_wq, &tp->drain_work, EFTF_END_DRAIN_PERIOD);
}

/**
 * eftf_end_release - take a transport down, without further ado
 * @tp: transport; not to be used by the caller afterwards, unless the caller is
 *	one of its works
 *
 * May be called several times, by everything that knows the transport to be
 * there: its own works, or a holder of the tunnel's lock that found it in the
 * tunnel's list.
 *
 * Context: any that may take the socket's wait queue lock; not under RCU only.
 */
void eftf_end_release(struct eftf_transport *tp)
{
	if (test_and_set_bit(EFTF_TP_RELEASED, &tp->flags))
		return;
	eftf_wake_leave(tp);
	unrcu_pointer(cmpxchg(&tp->tunnel->transport, RCU_INITIALIZER(tp), RCU_INITIALIZER(NULL)));
	queue_rcu_work(tp->tunnel->edev->release_wq, &tp->release);
}

/**
 * eftf_end_init - make the workqueue
 *
 * Context: process, module loading.
 * Return: 0 or -ENOMEM.
 */
int __init eftf_end_init(void)
{
	eftf_end_wq = alloc_workqueue("eftf", WQ_UNBOUND | WQ_MEM_RECLAIM | WQ_SYSFS, 0);
	return eftf_end_wq ? 0 : -ENOMEM;
}

/**
 * eftf_end_exit - undo eftf_end_init()
 *
 * Context: process, module unloading or failed to load; no tunnel is left.
 */
void eftf_end_exit(void)
{
	destroy_workqueue(eftf_end_wq);
}
