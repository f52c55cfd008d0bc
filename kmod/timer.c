// SPDX-License-Identifier: GPL-2.0-only
/*
 * One timer for each tunnel. Traffic notes the time and leaves the timer alone;
 * it is armed for the next of these, and armed again when it fires:
 *
 *   keep-alive  nothing was sent for the interval, whatever was received (as TS
 *               24.302 F.2.1 has it for the sibling of this tunnel): an echo
 *               request is queued
 *   timeout     nothing was received for the timeout: the tunnel ends
 *   unfinished  an envelope, or a handshake message, was begun and not ended for
 *               as long as the timeout: the tunnel ends
 *   stall       the socket takes no more: every second the sender is woken, as
 *               TLS may fail for lack of memory without telling when there is
 *               some again; after 5 s listeners are told, once
 *   foreign     the file of the socket is shared: every second the reader is
 *               woken, see eftf_timer_foreign_check()
 *   key         the peer has announced a new key, and the helper has not brought
 *               it within 10 s: the tunnel ends
 *   path        data is in flight: twice a second path.c looks at what was
 *               acknowledged
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/timer.h>

#include "echo.h"
#include "end.h"
#include "event.h"
#include "path.h"
#include "timer.h"
#include "types.h"
#include "wake.h"

#define EFTF_TIMER_STALL	(5 * HZ)	/* without progress: told to listeners */
#define EFTF_TIMER_KEY		(10 * HZ)	/* that a helper has to bring a key */

/*
 * Wakes a stalled sender, and tells listeners once. An old transport that
 * drains is woken by its drain_work. Return: true if it is stalled.
 */
static bool eftf_timer_stall_check(struct eftf_transport *tp)
{
	unsigned long since = READ_ONCE(tp->stalled_since);

	if (!since)
		return false;
	if (time_after_eq(jiffies, since + EFTF_TIMER_STALL) && !READ_ONCE(tp->stall_told)) {
		WRITE_ONCE(tp->stall_told, true);
		eftf_event_stalled(tp);
	}
	eftf_wake_tx(tp);
	return true;
}

/*
 * Another holder of the file may MSG_PEEK; kTLS then parses records without
 * waking the module (seen on 7.3). Return: true if the file is shared.
 */
static bool eftf_timer_foreign_check(struct eftf_transport *tp)
{
	bool foreign = file_count(tp->sock->file) > 1;

	/* after that look: a holder that is gone now has left nothing that this run misses */
	eftf_wake_rx(tp);
	return foreign;
}

/* Ends a tunnel whose announced key does not come; or says in *next when that will be. */
static bool eftf_timer_key_check(struct eftf_transport *tp, unsigned long *next)
{
	const struct eftf_end end = { .reason = EFTF_REASON_REKEY };
	unsigned long since = READ_ONCE(tp->key_since);
	unsigned long at = since + EFTF_TIMER_KEY;

	if (!since)
		return false;
	if (time_after_eq(jiffies, at))
		return eftf_end_close(tp->tunnel, tp, &end);
	*next = min(*next, at - jiffies);
	return false;
}

/* jiffies until @last + @seconds, at least 1; *due if it has passed */
static unsigned long eftf_timer_left(unsigned long last, u32 seconds, bool *due)
{
	unsigned long at = last + seconds * HZ;

	*due = time_after_eq(jiffies, at);
	return *due ? 1 : at - jiffies;
}

/*
 * Ends a tunnel that has been silent, or busy with one envelope, for the timeout;
 * or says in *next when that will be. An envelope that begins later than this
 * look is not missed: what began it has put off the end of the silence.
 */
static bool eftf_timer_timeout(struct eftf_tunnel *tunnel, const struct eftf_transport *tp,
			       u32 timeout, unsigned long *next)
{
	unsigned long unfinished = tp ? READ_ONCE(tp->unfinished_since) : 0;
	struct eftf_end end = { .reason = EFTF_REASON_TIMEOUT };
	unsigned long left;
	bool due;

	left = eftf_timer_left(READ_ONCE(tunnel->last_rx), timeout, &due);
	if (!due && unfinished) {
		end.reason = EFTF_REASON_UNFINISHED;
		left = min(left, eftf_timer_left(unfinished, timeout, &due));
	}
	if (due) {
		eftf_end_close(tunnel, NULL, &end);
		return true;
	}
	*next = min(*next, left);
	return false;
}

/* Queues an echo request if it is due. Return: jiffies until the next. */
static unsigned long eftf_timer_keepalive(struct eftf_tunnel *tunnel, u32 keepalive)
{
	unsigned long last = READ_ONCE(tunnel->last_tx);
	unsigned long left;
	bool due;

	/* an echo request that is still queued counts, however long it waits */
	if (time_after(tunnel->last_echo, last))
		last = tunnel->last_echo;
	else
		tunnel->last_echo = last;	/* keeps it near: jiffies wrap */
	left = eftf_timer_left(last, keepalive, &due);
	if (!due)
		return left;
	tunnel->last_echo = jiffies;
	eftf_echo_send(tunnel);
	return keepalive * HZ;
}

static void eftf_timer_fired(struct timer_list *timer)
{
	struct eftf_tunnel *tunnel = timer_container_of(tunnel, timer, timer);
	u32 keepalive = READ_ONCE(tunnel->config.keepalive);
	u32 timeout = READ_ONCE(tunnel->config.timeout);
	unsigned long next = MAX_JIFFY_OFFSET;
	struct eftf_transport *tp;

	rcu_read_lock();
	tp = rcu_dereference(tunnel->transport);
	if (tp) {
		if (eftf_timer_stall_check(tp))
			next = HZ;
		if (eftf_timer_foreign_check(tp))
			next = HZ;
		if (eftf_timer_key_check(tp, &next) || eftf_path_check(tp, &next))
			goto out;
	}
	if (timeout && eftf_timer_timeout(tunnel, tp, timeout, &next))
		goto out;
	if (keepalive)
		next = min(next, eftf_timer_keepalive(tunnel, keepalive));
	/* reduce: a worker may have armed it for earlier meanwhile */
	if (next != MAX_JIFFY_OFFSET)
		timer_reduce(&tunnel->timer, jiffies + next);
out:
	rcu_read_unlock();
}

/**
 * eftf_timer_init - prepare the timer
 * @tunnel: new tunnel
 *
 * Context: any.
 */
void eftf_timer_init(struct eftf_tunnel *tunnel)
{
	timer_setup(&tunnel->timer, eftf_timer_fired, 0);
	tunnel->last_tx = jiffies;
	tunnel->last_rx = jiffies;
	tunnel->last_echo = jiffies;
}

/**
 * eftf_timer_start - arm the timer, also after a change of the times or of the
 *	transport
 * @tunnel: tunnel
 *
 * Context: process, device's lock held.
 */
void eftf_timer_start(struct eftf_tunnel *tunnel)
{
	mod_timer(&tunnel->timer, jiffies + 1);
}

/**
 * eftf_timer_stop - stop the timer, for good
 * @tunnel: tunnel that has ended
 *
 * Context: process; waits for the timer to finish if it fires just now.
 */
void eftf_timer_stop(struct eftf_tunnel *tunnel)
{
	timer_shutdown_sync(&tunnel->timer);
}

/**
 * eftf_timer_received - something was received: silence counts from now on
 * @tunnel: tunnel
 *
 * Context: any.
 */
void eftf_timer_received(struct eftf_tunnel *tunnel)
{
	WRITE_ONCE(tunnel->last_rx, jiffies);
}

/**
 * eftf_timer_sent - something was sent
 * @tp: transport that sent it
 *
 * Context: process, TX worker.
 */
void eftf_timer_sent(struct eftf_transport *tp)
{
	WRITE_ONCE(tp->tunnel->last_tx, jiffies);
	if (tp->stalled_since) {
		/* in this order, or the timer tells the same stall again */
		WRITE_ONCE(tp->stalled_since, 0);
		WRITE_ONCE(tp->stall_told, false);
	}
}

/**
 * eftf_timer_stalled - the socket takes no more
 * @tp: its transport
 *
 * Context: process, TX worker.
 */
void eftf_timer_stalled(struct eftf_transport *tp)
{
	if (!tp->stalled_since)
		WRITE_ONCE(tp->stalled_since, jiffies ?: 1);
	timer_reduce(&tp->tunnel->timer, jiffies + HZ);
}

/**
 * eftf_timer_await_key - the peer has announced a key, and the helper is asked for it
 * @tp: transport
 *
 * Context: process, RX worker.
 */
void eftf_timer_await_key(struct eftf_transport *tp)
{
	WRITE_ONCE(tp->key_since, jiffies ?: 1);
	timer_reduce(&tp->tunnel->timer, jiffies + EFTF_TIMER_KEY);
}
