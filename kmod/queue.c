// SPDX-License-Identifier: GPL-2.0-only
/*
 * The queue of a tunnel: three bands by DSCP, strict priority. What waits here
 * can still be overtaken and dropped; what TCP has accepted cannot, so TCP is
 * kept nearly empty (tx.c) and all waiting happens here.
 *
 *   voice  signalling (CS3, AF3x, CS5..CS7, or known by signalling.c) and voice
 *          (EF, VA): real-time media older than the age cap is worthless and dropped
 *   video  AF4x, CS4
 *   bulk   the rest, with CoDel
 *
 * When the queue is full the oldest packet of the lowest band goes.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <net/codel.h>
#include <net/codel_impl.h>
#include <net/inet_ecn.h>

#include "queue.h"

/* A player has given up on a packet long before; units of codel_time_t */
#define EFTF_QUEUE_VOICE_AGE	MS2TIME(200)
#define EFTF_QUEUE_CODEL_TARGET	MS2TIME(20)
#define EFTF_QUEUE_CODEL_MTU	2048

enum {
	EFTF_DSCP_CS3 = 24,
	EFTF_DSCP_CS4 = 32,
	EFTF_DSCP_CS5 = 40,
	EFTF_DSCP_VA = 44,
	EFTF_DSCP_EF = 46,
	EFTF_DSCP_CS6 = 48,
};

struct eftf_queue_cb {
	codel_time_t enqueued;
	bool perishable;
};

static struct eftf_queue_cb *eftf_queue_cb(const struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct eftf_queue_cb) > sizeof(skb->cb));
	return (struct eftf_queue_cb *)skb->cb;
}

/**
 * eftf_queue_init - make an empty queue
 * @queue: zeroed
 * @stats: where drops are counted
 * @dev: and where else; must be there until eftf_queue_close()
 * @total: likewise: the memory of all queues of the device
 */
void eftf_queue_init(struct eftf_queue *queue, struct eftf_stats *stats, struct net_device *dev,
		     atomic_long_t *total)
{
	int i;

	spin_lock_init(&queue->lock);
	for (i = 0; i < EFTF_BANDS; i++)
		__skb_queue_head_init(&queue->bands[i]);
	codel_vars_init(&queue->codel);
	codel_stats_init(&queue->codel_stats);
	queue->stats = stats;
	queue->dev = dev;
	queue->total = total;
}

static void eftf_queue_dropped(struct eftf_queue *queue, enum eftf_stat why)
{
	eftf_stat_inc(queue->stats, why);
	dev_core_stats_tx_dropped_inc(queue->dev);
}

/*
 * Is it over its own limits? Or, where all queues of the device are over theirs,
 * over its fair share, which still holds a voice call?
 */
static bool eftf_queue_full(const struct eftf_queue *queue)
{
	return queue->packets > EFTF_QUEUE_MAX_PACKETS || queue->bytes > EFTF_QUEUE_MAX_BYTES ||
	       (queue->bytes > EFTF_QUEUE_FAIR_BYTES &&
		atomic_long_read(queue->total) > EFTF_QUEUE_TOTAL_BYTES);
}

static u8 eftf_queue_dscp(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		return ipv4_get_dsfield(ip_hdr(skb)) >> 2;
	return ipv6_get_dsfield(ipv6_hdr(skb)) >> 2;
}

static enum eftf_band eftf_queue_classify(u8 dscp)
{
	if (dscp >= EFTF_DSCP_CS5 || (dscp >= EFTF_DSCP_CS3 && dscp < EFTF_DSCP_CS4))
		return EFTF_BAND_VOICE;
	if (dscp >= EFTF_DSCP_CS4)
		return EFTF_BAND_VIDEO;
	return EFTF_BAND_BULK;
}

static struct sk_buff *eftf_queue_pop(struct eftf_queue *queue, enum eftf_band band)
{
	struct sk_buff *skb = __skb_dequeue(&queue->bands[band]);

	if (!skb)
		return NULL;
	WRITE_ONCE(queue->packets, queue->packets - 1);
	WRITE_ONCE(queue->bytes, queue->bytes - skb->truesize);
	atomic_long_sub(skb->truesize, queue->total);
	if (band == EFTF_BAND_BULK)
		queue->bulk_bytes -= skb->len;
	return skb;
}

static struct sk_buff *eftf_queue_pop_lowest(struct eftf_queue *queue)
{
	struct sk_buff *skb = NULL;
	int band;

	for (band = EFTF_BAND_BULK; !skb && band >= 0; band--)
		skb = eftf_queue_pop(queue, band);
	return skb;
}

/**
 * eftf_queue_is_marked - does its DSCP alone put a packet above bulk?
 * @skb: packet, network header and protocol set
 *
 * Context: any.
 * Return: true if so.
 */
bool eftf_queue_is_marked(const struct sk_buff *skb)
{
	return eftf_queue_classify(eftf_queue_dscp(skb)) != EFTF_BAND_BULK;
}

/**
 * eftf_queue_add - queue a packet
 * @queue: queue
 * @skb: packet, network header and protocol set; taken over
 * @signalling: it is known as such, whatever its DSCP
 *
 * Context: any but hard interrupt.
 */
void eftf_queue_add(struct eftf_queue *queue, struct sk_buff *skb, bool signalling)
{
	u8 dscp = eftf_queue_dscp(skb);
	enum eftf_band band = signalling ? EFTF_BAND_VOICE : eftf_queue_classify(dscp);
	struct sk_buff *old, *drop = NULL;

	eftf_queue_cb(skb)->enqueued = codel_get_time();
	eftf_queue_cb(skb)->perishable = dscp == EFTF_DSCP_EF || dscp == EFTF_DSCP_VA;

	spin_lock_bh(&queue->lock);
	if (unlikely(queue->closed)) {
		spin_unlock_bh(&queue->lock);
		kfree_skb(skb);
		return;
	}
	__skb_queue_tail(&queue->bands[band], skb);
	WRITE_ONCE(queue->packets, queue->packets + 1);
	WRITE_ONCE(queue->bytes, queue->bytes + skb->truesize);
	atomic_long_add(skb->truesize, queue->total);
	if (band == EFTF_BAND_BULK)
		queue->bulk_bytes += skb->len;
	/* routing protocols and our own keep-alive (CS6, CS7) are no sign of a call */
	else if (band == EFTF_BAND_VOICE && (signalling || dscp < EFTF_DSCP_CS6))
		WRITE_ONCE(queue->voice_at, (u32)ktime_get_seconds() ?: 1);
	while (eftf_queue_full(queue)) {
		old = eftf_queue_pop_lowest(queue);
		old->next = drop;
		drop = old;
		eftf_queue_dropped(queue, EFTF_STAT_DROP_TX_FULL);
	}
	spin_unlock_bh(&queue->lock);
	kfree_skb_list(drop);
}

static u32 eftf_queue_skb_len(const struct sk_buff *skb)
{
	return skb->len;
}

static codel_time_t eftf_queue_skb_time(const struct sk_buff *skb)
{
	return eftf_queue_cb(skb)->enqueued;
}

static void eftf_queue_codel_drop(struct sk_buff *skb, void *ctx)
{
	struct eftf_queue *queue = ctx;

	eftf_queue_dropped(queue, EFTF_STAT_DROP_TX_CODEL);
	kfree_skb(skb);
}

static struct sk_buff *eftf_queue_codel_pop(struct codel_vars *vars, void *ctx)
{
	return eftf_queue_pop(ctx, EFTF_BAND_BULK);
}

static struct sk_buff *eftf_queue_pop_bulk(struct eftf_queue *queue)
{
	struct codel_params params;

	codel_params_init(&params);
	params.target = EFTF_QUEUE_CODEL_TARGET;
	params.mtu = EFTF_QUEUE_CODEL_MTU;
	params.ecn = true;	/* the tunnel's own queue may mark inner packets */
	return codel_dequeue(queue, &queue->bulk_bytes, &params, &queue->codel,
			     &queue->codel_stats, eftf_queue_skb_len, eftf_queue_skb_time,
			     eftf_queue_codel_drop, eftf_queue_codel_pop);
}

static struct sk_buff *eftf_queue_pop_voice(struct eftf_queue *queue)
{
	struct sk_buff *skb;

	while ((skb = eftf_queue_pop(queue, EFTF_BAND_VOICE))) {
		if (!eftf_queue_cb(skb)->perishable ||
		    codel_get_time() - eftf_queue_cb(skb)->enqueued <= EFTF_QUEUE_VOICE_AGE)
			return skb;
		eftf_queue_dropped(queue, EFTF_STAT_DROP_TX_AGE);
		kfree_skb(skb);
	}
	return NULL;
}

static void eftf_queue_note_sojourn(struct eftf_queue *queue, const struct sk_buff *skb)
{
	u32 us = codel_time_to_us(codel_get_time() - eftf_queue_cb(skb)->enqueued);
	unsigned int bucket = us >> 6 ? fls(us >> 6) : 0;

	queue->sojourn[min_t(unsigned int, bucket, EFTF_SOJOURN_BUCKETS - 1)]++;
}

/*
 * Looked at without the lock. What is queued after this look wakes the worker that
 * takes packets, or the one that is about to: see eftf_wake_xmit().
 */
static bool eftf_queue_is_empty(const struct eftf_queue *queue, enum eftf_band band)
{
	return skb_queue_empty_lockless(&queue->bands[band]);
}

/**
 * eftf_queue_take_urgent - take the next packet of voice or video
 * @queue: queue
 *
 * Context: any but hard interrupt.
 * Return: packet, the caller's; NULL if there is none.
 */
struct sk_buff *eftf_queue_take_urgent(struct eftf_queue *queue)
{
	struct sk_buff *skb;

	if (eftf_queue_is_empty(queue, EFTF_BAND_VOICE) &&
	    eftf_queue_is_empty(queue, EFTF_BAND_VIDEO))
		return NULL;
	spin_lock_bh(&queue->lock);
	skb = eftf_queue_pop_voice(queue);
	if (!skb)
		skb = eftf_queue_pop(queue, EFTF_BAND_VIDEO);
	if (skb)
		eftf_queue_note_sojourn(queue, skb);
	spin_unlock_bh(&queue->lock);
	return skb;
}

/**
 * eftf_queue_take_bulk - take the next packet of the bulk band
 * @queue: queue
 *
 * Context: any but hard interrupt.
 * Return: packet, the caller's; NULL if there is none.
 */
struct sk_buff *eftf_queue_take_bulk(struct eftf_queue *queue)
{
	struct sk_buff *skb;

	if (eftf_queue_is_empty(queue, EFTF_BAND_BULK))
		return NULL;
	spin_lock_bh(&queue->lock);
	skb = eftf_queue_pop_bulk(queue);
	if (skb)
		eftf_queue_note_sojourn(queue, skb);
	spin_unlock_bh(&queue->lock);
	return skb;
}

static void eftf_queue_empty(struct eftf_queue *queue)
{
	struct sk_buff *skb;

	while ((skb = eftf_queue_pop_lowest(queue))) {
		eftf_queue_dropped(queue, EFTF_STAT_DROP_TX_CLOSED);
		kfree_skb(skb);
	}
}

/**
 * eftf_queue_purge - drop everything
 * @queue: queue
 *
 * Context: any but hard interrupt.
 */
void eftf_queue_purge(struct eftf_queue *queue)
{
	spin_lock_bh(&queue->lock);
	eftf_queue_empty(queue);
	spin_unlock_bh(&queue->lock);
}

/**
 * eftf_queue_close - drop everything, also what is still to come
 * @queue: queue; the device is not touched any more afterwards
 *
 * Context: any but hard interrupt.
 */
void eftf_queue_close(struct eftf_queue *queue)
{
	spin_lock_bh(&queue->lock);
	eftf_queue_empty(queue);
	queue->closed = true;
	spin_unlock_bh(&queue->lock);
}
