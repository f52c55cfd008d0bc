/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_QUEUE_H
#define EFTF_QUEUE_H

#include <linux/eftf.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <net/codel.h>

#include "stats.h"

enum eftf_band {
	EFTF_BAND_VOICE,
	EFTF_BAND_VIDEO,
	EFTF_BAND_BULK,
	EFTF_BANDS,
};

#define EFTF_QUEUE_MAX_PACKETS	1000
#define EFTF_QUEUE_MAX_BYTES	(1024 * 1024)	/* of memory, not of packets */
#define EFTF_QUEUE_TOTAL_BYTES	(256 * 1024 * 1024L)	/* of a device's tunnels; above that each has */
#define EFTF_QUEUE_FAIR_BYTES	(32 * 1024)

/**
 * struct eftf_queue - packets of one tunnel that wait for its transport
 * @lock: protects everything below; taken with BH off
 * @bands: strict priority, lowest index first
 * @packets: in all bands; read without the lock, too, as @bytes
 * @bytes: in all bands, with the kernel's overhead
 * @bulk_bytes: bytes of the packets alone in the bulk band: CoDel's backlog
 * @codel: state of CoDel on the bulk band
 * @codel_stats: needed by the library, not shown
 * @stats: where drops are counted; the tunnel's
 * @dev: and the device's
 * @total: memory in the queues of all tunnels of the device
 * @closed: nothing is queued any more
 * @voice_at: second of the monotonic clock when voice or signalling was last queued, 0 = never;
 *	read without the lock, too
 * @sojourn: histogram of waiting times, see EFTF_A_SOJOURN
 */
struct eftf_queue {
	spinlock_t lock;
	struct sk_buff_head bands[EFTF_BANDS];
	u32 packets;
	u32 bytes;
	u32 bulk_bytes;
	struct codel_vars codel;
	struct codel_stats codel_stats;
	struct eftf_stats *stats;
	struct net_device *dev;
	atomic_long_t *total;
	bool closed;
	u32 voice_at;
	u64 sojourn[EFTF_SOJOURN_BUCKETS];
};

void eftf_queue_init(struct eftf_queue *queue, struct eftf_stats *stats, struct net_device *dev,
		     atomic_long_t *total);
void eftf_queue_add(struct eftf_queue *queue, struct sk_buff *skb, bool signalling);
bool eftf_queue_is_marked(const struct sk_buff *skb);
struct sk_buff *eftf_queue_take_urgent(struct eftf_queue *queue);
struct sk_buff *eftf_queue_take_bulk(struct eftf_queue *queue);
void eftf_queue_purge(struct eftf_queue *queue);
void eftf_queue_close(struct eftf_queue *queue);

#endif
