// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sending worker: takes packets from the tunnel's queue, puts as many
 * envelopes as fit into one TLS record and hands it to TLS.
 *
 * A byte that TLS accepted is never sent again; an envelope that was begun
 * is finished before anything else, so packets are dropped only as a whole.
 */
#include <linux/skbuff.h>
#include <net/gso.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "batch.h"
#include "control.h"
#include "end.h"
#include "hold.h"
#include "key.h"
#include "path.h"
#include "ktls.h"
#include "record.h"
#include "segment.h"
#include "timer.h"
#include "trace.h"
#include "tx.h"
#include "types.h"
#include "wake.h"

/* Records that one run of the worker sends before others get their turn. */
#define EFTF_TX_BUDGET 32
/* How long TLS may fail before it is taken for more than a lack of memory. */
#define EFTF_TX_FAILING_JIFFIES (10 * HZ)

/*
 * Data that TCP has accepted but cannot send yet is out of reach for the
 * queue's priorities and drops: allow 16 ms of it.
 */
static void eftf_tx_bound_unsent(struct sock *sk)
{
	unsigned long rate = READ_ONCE(sk->sk_pacing_rate);

	WRITE_ONCE(tcp_sk(sk)->notsent_lowat, clamp_t(unsigned long, rate >> 6, 4096, 131072));
}

static void eftf_tx_drop(struct eftf_transport *tp, struct sk_buff *skb, enum eftf_stat why)
{
	eftf_stat_inc(&tp->tunnel->stats, why);
	dev_core_stats_tx_dropped_inc(tp->tunnel->edev->dev);
	kfree_skb(skb);
}

/*
 * Makes packets that a batch takes of one from the stack: memory that can be
 * mapped, checksums; segments, unless the batch makes them itself.
 */
static void eftf_tx_prepare(struct eftf_transport *tp, struct sk_buff *skb,
			    struct sk_buff_head *out)
{
	struct sk_buff *segs, *next;

	if (skb_is_gso(skb)) {
		if (eftf_batch_can_map(skb) && eftf_segment_begin(skb)) {
			__skb_queue_tail(out, skb);
			return;
		}
		segs = skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HIGHDMA);
		if (IS_ERR_OR_NULL(segs)) {
			eftf_tx_drop(tp, skb, EFTF_STAT_DROP_TX_NOMEM);
			return;
		}
		consume_skb(skb);
		skb = segs;
	} else if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb)) {
		eftf_tx_drop(tp, skb, EFTF_STAT_DROP_TX_NOMEM);
		return;
	}
	skb_list_walk_safe(skb, skb, next) {
		skb_mark_not_on_list(skb);
		if (skb->len > FTT_IMS_MAX_PAYLOAD)
			eftf_tx_drop(tp, skb, EFTF_STAT_DROP_TX_TOO_BIG);
		else if (!eftf_batch_can_map(skb) && skb_linearize(skb))
			eftf_tx_drop(tp, skb, EFTF_STAT_DROP_TX_NOMEM);
		else
			__skb_queue_tail(out, skb);
	}
}

/*
 * Where the next packet or segment is the first, or NULL. Voice and video
 * overtake even the rest of a bulk packet that is sent in segments.
 */
static struct sk_buff_head *eftf_tx_next(struct eftf_transport *tp)
{
	struct eftf_queue *queue = &tp->tunnel->queue;
	/* the old transport of a swap ends with what it has begun */
	bool current_one = eftf_end_is_current(tp);
	struct sk_buff *skb;

	while (current_one && skb_queue_empty(&tp->urgent)) {
		skb = eftf_queue_take_urgent(queue);
		if (!skb)
			break;
		eftf_tx_prepare(tp, skb, &tp->urgent);
	}
	if (!skb_queue_empty(&tp->urgent))
		return &tp->urgent;
	if (current_one && (!skb_queue_empty(&tp->segs) || READ_ONCE(queue->packets)) &&
	    eftf_hold_bulk(tp)) {
		eftf_timer_stalled(tp);	/* no acknowledgement comes on a dead path */
		return NULL;
	}
	while (current_one && skb_queue_empty(&tp->segs)) {
		skb = eftf_queue_take_bulk(queue);
		if (!skb)
			break;
		eftf_tx_prepare(tp, skb, &tp->segs);
	}
	return skb_queue_empty(&tp->segs) ? NULL : &tp->segs;
}

static void eftf_tx_fill(struct eftf_transport *tp)
{
	size_t size = eftf_hold_record_size(tp);
	struct sk_buff_head *from;

	while ((from = eftf_tx_next(tp)))
		if (!eftf_batch_add(&tp->batch, from, size))
			return;
}

/* Return: 0 when the whole batch was accepted, else a negative errno. */
static int eftf_tx_send(struct eftf_transport *tp)
{
	struct eftf_tunnel *tunnel = tp->tunnel;
	struct eftf_batch *batch = &tp->batch;
	int ret;

	while (batch->done < batch->len && !test_bit(EFTF_TP_RELEASED, &tp->flags)) {
		ret = eftf_ktls_send(tp->sock, batch->vec, batch->n_vecs, batch->len, batch->done);
		if (ret < 0)
			return ret;
		batch->done += ret;
		tp->failing_since = 0;
		eftf_timer_sent(tp);
		eftf_path_sent(tp);
		eftf_stat_add(&tunnel->stats, EFTF_STAT_TX_STREAM_BYTES, ret);
	}
	return 0;
}

static void eftf_tx_sent(struct eftf_transport *tp)
{
	struct eftf_tunnel *tunnel = tp->tunnel;
	struct eftf_batch *batch = &tp->batch;

	trace_eftf_batch(tunnel, batch->n, batch->len);
	eftf_stat_add(&tunnel->stats, EFTF_STAT_TX_PACKETS, batch->n);
	eftf_stat_add(&tunnel->stats, EFTF_STAT_TX_BYTES, batch->inner);
	local_bh_disable();
	dev_sw_netstats_tx_add(tunnel->edev->dev, batch->n, batch->inner);
	local_bh_enable();
	eftf_batch_reset(batch);
}

static void eftf_tx_blocked(struct eftf_transport *tp, int error)
{
	struct eftf_end end = { .reason = EFTF_REASON_ERROR, .error = -error };
	const struct sock *sk = tp->sock->sk;

	switch (error) {
	case -ENOMEM:	/* so says TLS when memory is short; the timer tries again */
		if (eftf_ktls_send_failed(sk))
			break;
		fallthrough;
	case -EAGAIN:	/* woken when there is room */
		tp->failing_since = 0;
		eftf_stat_inc(&tp->tunnel->stats, EFTF_STAT_TX_STALLS);
		eftf_timer_stalled(tp);
		return;
	case -ECONNRESET:
		set_bit(EFTF_TP_RESET, &tp->flags);
		fallthrough;
	case -EPIPE:
		end.reason = EFTF_REASON_RESET;
		break;
	case -EBADMSG:	/* TLS could not decrypt, or not encrypt: the reader finds out */
		if (!tp->failing_since)
			tp->failing_since = jiffies ?: 1;
		if (test_bit(EFTF_TP_RX_END, &tp->flags) || eftf_ktls_send_failed(sk) ||
		    time_after(jiffies, tp->failing_since + EFTF_TX_FAILING_JIFFIES))
			break;
		eftf_timer_stalled(tp);
		eftf_wake_rx(tp);
		return;
	case -EMSGSIZE:
	case -EINVAL:	/* if it is a record header that TLS can make nothing of, the reader says so */
		if (test_bit(EFTF_TP_RX_END, &tp->flags) || !eftf_ktls_parser_stopped(sk))
			break;
		if (error == -EMSGSIZE)
			set_bit(EFTF_TP_RX_TOO_LONG, &tp->flags);
		eftf_wake_rx(tp);
		return;
	}
	/* let the reader go to the end first: the peer may have said why */
	if (end.reason == EFTF_REASON_RESET && !test_bit(EFTF_TP_RX_END, &tp->flags) &&
	    (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN))
		eftf_wake_rx(tp);
	else
		eftf_end_fail(tp, &end);
}

/* Nothing is left to send on a transport that drains: close_notify, FIN. */
static void eftf_tx_finish(struct eftf_transport *tp)
{
	int ret;

	if (!test_bit(EFTF_TP_ALERTED, &tp->flags)) {
		ret = eftf_control_send_alert(tp);
		if (ret == -EAGAIN || ret == -ENOMEM)
			return;	/* drain_work comes back */
		if (ret) {
			eftf_end_release(tp);
			return;
		}
		set_bit(EFTF_TP_ALERTED, &tp->flags);
	}
	if (!eftf_ktls_flushed(tp->sock->sk))
		return;	/* drain_work comes back */
	if (!test_and_set_bit(EFTF_TP_FIN, &tp->flags))
		kernel_sock_shutdown(tp->sock, SHUT_WR);
	if (test_bit(EFTF_TP_RX_END, &tp->flags))
		eftf_end_release(tp);
}

/* The transport is being released: send the closing alert, unless it was sent before. */
static void eftf_tx_final_alert(struct eftf_transport *tp)
{
	if (!test_and_clear_bit(EFTF_TP_FINAL_ALERT, &tp->flags))
		return;
	if (!test_bit(EFTF_TP_ALERTED, &tp->flags)) {
		sock_error(tp->sock->sk);	/* or sendmsg returns it instead of sending */
		eftf_control_send_alert(tp);
	}
	complete(&tp->final_alert);
}

/**
 * eftf_tx_init - prepare eftf_tx_work()
 * @tp: new transport
 *
 * Context: any.
 */
void eftf_tx_init(struct eftf_transport *tp)
{
	__skb_queue_head_init(&tp->urgent);
	__skb_queue_head_init(&tp->segs);
	eftf_batch_init(&tp->batch);
	init_completion(&tp->final_alert);
}

/**
 * eftf_tx_work - send what waits
 * @work: the transport's tx_work
 *
 * Context: process; never runs twice at a time for one transport.
 */
void eftf_tx_work(struct work_struct *work)
{
	struct eftf_transport *tp = container_of(work, struct eftf_transport, tx_work);
	const struct eftf_end worn = { .reason = EFTF_REASON_KEY_LIMIT };
	int budget = EFTF_TX_BUDGET;
	int ret;

	while (!test_bit(EFTF_TP_RELEASED, &tp->flags) &&
	       !test_bit(EFTF_TP_ALERTED, &tp->flags)) {
		eftf_path_apply(tp);
		ret = eftf_key_send(tp);
		if (ret) {
			eftf_tx_blocked(tp, ret);
			return;
		}
		if (eftf_record_exhausted(tp))
			break;
		eftf_hold_update(tp);
		if (!tp->batch.len)
			eftf_tx_fill(tp);
		if (!tp->batch.len)
			break;
		eftf_hold_end(tp);
		if (!budget--) {
			eftf_wake_tx(tp);
			return;
		}
		eftf_tx_bound_unsent(tp->sock->sk);
		ret = eftf_tx_send(tp);
		eftf_record_count(tp, EFTF_DIRECTION_TX);
		if (ret) {
			eftf_tx_blocked(tp, ret);
			return;
		}
		if (tp->batch.done < tp->batch.len)
			break;	/* released */
		eftf_tx_sent(tp);
		cond_resched();
	}
	if (test_bit(EFTF_TP_RELEASED, &tp->flags)) {
		eftf_tx_final_alert(tp);
		return;
	}
	if (!test_bit(EFTF_TP_DRAINING, &tp->flags)) {
		if (eftf_record_exhausted(tp) && !READ_ONCE(tp->tunnel->closing))
			eftf_end_close(tp->tunnel, tp, &worn);
		return;
	}
	if (test_bit(EFTF_TP_AWAIT_CLOSE, &tp->flags) && !test_bit(EFTF_TP_RX_END, &tp->flags) &&
	    !READ_ONCE(tp->tunnel->closing))
		return;
	eftf_tx_finish(tp);
}

/* Packets in a list, those that are still to be made of one as well */
static unsigned int eftf_tx_count(const struct sk_buff_head *list)
{
	unsigned int n = 0;
	struct sk_buff *skb;

	skb_queue_walk(list, skb)
		n += skb_is_gso(skb) ? eftf_segment_left(skb) : 1;
	return n;
}

/**
 * eftf_tx_purge - free what will not be sent any more
 * @tp: transport whose works have ended
 */
void eftf_tx_purge(struct eftf_transport *tp)
{
	unsigned int n = tp->batch.n + eftf_tx_count(&tp->urgent) + eftf_tx_count(&tp->segs);

	eftf_stat_add(&tp->tunnel->stats, EFTF_STAT_DROP_TX_CLOSED, n);
	while (n--)
		dev_core_stats_tx_dropped_inc(tp->tunnel->edev->dev);
	eftf_batch_reset(&tp->batch);
	__skb_queue_purge(&tp->urgent);
	__skb_queue_purge(&tp->segs);
}
