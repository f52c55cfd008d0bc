// SPDX-License-Identifier: GPL-2.0-only
/*
 * Received packets on their way to the stack: through GRO, and in the order in
 * which they came. Each tunnel has a NAPI context of its own, which runs on one
 * processor at a time, wherever the RX worker is just then; so one tunnel's
 * packets cannot overtake each other, and a busy one holds up no other.
 *
 * The contexts belong to a dummy device: those of a real one come and go under
 * RTNL only.
 */
#include <linux/netdevice.h>
#include <net/gro.h>

#include "deliver.h"
#include "trace.h"
#include "types.h"

/* Given to the stack at a time, besides EFTF_DELIVER_SLICE packets: bytes of memory. */
#define EFTF_DELIVER_SLICE_BYTES	(512 * 1024)
/* What waits for it at most: likewise, for each tunnel. */
#define EFTF_DELIVER_BACKLOG		1000
#define EFTF_DELIVER_BACKLOG_BYTES	(2 * 1024 * 1024)

static void eftf_deliver_drop(struct eftf_tunnel *tunnel, struct sk_buff *skb)
{
	eftf_stat_inc(&tunnel->stats, EFTF_STAT_DROP_RX_BACKLOG);
	dev_core_stats_rx_dropped_inc(tunnel->edev->dev);
	kfree_skb(skb);
}

/* Takes a slice of what waits. Return: bytes of memory of it. */
static unsigned int eftf_deliver_take(struct eftf_tunnel *tunnel, int budget,
				      struct sk_buff_head *slice)
{
	unsigned int memory = 0;
	struct sk_buff *skb;

	spin_lock(&tunnel->ready.lock);
	while (budget-- && (skb = __skb_dequeue(&tunnel->ready))) {
		memory += skb->truesize;
		__skb_queue_tail(slice, skb);
	}
	spin_unlock(&tunnel->ready.lock);
	return memory;
}

static int eftf_deliver_poll(struct napi_struct *napi, int budget)
{
	struct eftf_tunnel *tunnel = container_of(napi, struct eftf_tunnel, napi);
	bool running = netif_running(tunnel->edev->dev);
	struct sk_buff_head slice;
	struct sk_buff *skb;
	int done;

	__skb_queue_head_init(&slice);
	atomic_sub(eftf_deliver_take(tunnel, budget, &slice), &tunnel->ready_bytes);
	done = skb_queue_len(&slice);
	while ((skb = __skb_dequeue(&slice))) {
		if (likely(running))
			napi_gro_receive(napi, skb);
		else
			eftf_deliver_drop(tunnel, skb);
	}
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/**
 * eftf_deliver_init - get ready for eftf_deliver()
 * @tunnel: new tunnel
 *
 * Context: process, device's lock held.
 */
void eftf_deliver_init(struct eftf_tunnel *tunnel)
{
	lockdep_assert_held(&tunnel->edev->lock);
	skb_queue_head_init(&tunnel->ready);
	set_bit(NAPI_STATE_NO_BUSY_POLL, &tunnel->napi.state);
	netif_napi_add(tunnel->edev->napi_dev, &tunnel->napi, eftf_deliver_poll);
	napi_enable(&tunnel->napi);
}

/**
 * eftf_deliver_exit - undo eftf_deliver_init()
 * @tunnel: tunnel that has no transports any more; to be freed after a grace
 *	period, not before
 *
 * Context: process, device's lock held.
 */
void eftf_deliver_exit(struct eftf_tunnel *tunnel)
{
	lockdep_assert_held(&tunnel->edev->lock);
	napi_disable(&tunnel->napi);
	__netif_napi_del(&tunnel->napi);
	skb_queue_purge(&tunnel->ready);
}

/**
 * eftf_deliver_stop - wait until what is under way has reached the stack
 * @tunnel: tunnel of a device that is not running any more
 *
 * Before a device goes, the stack flushes the packets of it that wait on other
 * processors. None must come after that.
 *
 * Context: process, device's lock held.
 */
void eftf_deliver_stop(struct eftf_tunnel *tunnel)
{
	lockdep_assert_held(&tunnel->edev->lock);
	napi_synchronize(&tunnel->napi);
}

/* May more be queued? Not if other softirqs hold up the stack, or the device is down. */
static bool eftf_deliver_takes(const struct eftf_tunnel *tunnel)
{
	return netif_running(tunnel->edev->dev) &&
	       skb_queue_len_lockless(&tunnel->ready) < EFTF_DELIVER_BACKLOG &&
	       atomic_read(&tunnel->ready_bytes) < EFTF_DELIVER_BACKLOG_BYTES;
}

static void eftf_deliver_count(struct eftf_tunnel *tunnel, unsigned int packets,
			       unsigned int bytes)
{
	struct pcpu_sw_netstats *stats = this_cpu_ptr(tunnel->edev->dev->tstats);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_add(&stats->rx_packets, packets);
	u64_stats_add(&stats->rx_bytes, bytes);
	u64_stats_update_end(&stats->syncp);
	eftf_stat_add(&tunnel->stats, EFTF_STAT_RX_PACKETS, packets);
	eftf_stat_add(&tunnel->stats, EFTF_STAT_RX_BYTES, bytes);
}

/* Queues the first of the packets for the stack. Context: BH off. */
static void eftf_deliver_slice(struct eftf_tunnel *tunnel, struct sk_buff_head *packets)
{
	bool takes = eftf_deliver_takes(tunnel);
	unsigned int bytes = 0, memory = 0;
	struct sk_buff_head slice;
	struct sk_buff *skb;

	__skb_queue_head_init(&slice);
	while (skb_queue_len(&slice) < EFTF_DELIVER_SLICE && memory < EFTF_DELIVER_SLICE_BYTES &&
	       (skb = __skb_dequeue(packets))) {
		if (unlikely(!takes)) {
			eftf_deliver_drop(tunnel, skb);
			continue;
		}
		bytes += skb->len;
		memory += skb->truesize;
		__skb_queue_tail(&slice, skb);
	}
	eftf_deliver_count(tunnel, skb_queue_len(&slice), bytes);
	atomic_add(memory, &tunnel->ready_bytes);
	spin_lock(&tunnel->ready.lock);
	skb_queue_splice_tail(&slice, &tunnel->ready);
	spin_unlock(&tunnel->ready.lock);
	napi_schedule(&tunnel->napi);
}

/**
 * eftf_deliver - give packets to the stack
 * @tunnel: tunnel that they came by
 * @packets: whole, checked packets; empty afterwards
 *
 * Context: process, RX worker.
 */
void eftf_deliver(struct eftf_tunnel *tunnel, struct sk_buff_head *packets)
{
	if (skb_queue_empty(packets))
		return;
	trace_eftf_deliver(tunnel, skb_queue_len(packets));
	while (!skb_queue_empty(packets)) {
		local_bh_disable();
		eftf_deliver_slice(tunnel, packets);
		/* runs the softirq, so the stack takes this slice before the next */
		local_bh_enable();
	}
}
