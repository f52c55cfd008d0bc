/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_TUNNEL_H
#define EFTF_TUNNEL_H

#include <linux/eftf.h>
#include <linux/in6.h>
#include <linux/kref.h>
#include <linux/netdevice.h>
#include <linux/rhashtable.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "queue.h"
#include "stats.h"
#include "table.h"

struct eftf_dev;
struct eftf_owner;
struct eftf_transport;

/**
 * struct eftf_tunnel_config - what TUNNEL_NEW asks for
 * @id: 0 = to be chosen
 * @has_inner4: @inner4 is set; likewise the others
 * @inner4: the UE's inner address
 * @inner6: the UE's inner address or prefix, as given
 * @plen: prefix length of @inner6
 * @gateway4: the EFTF's inner address
 * @gateway6: likewise
 * @keepalive: seconds without sending before an echo request; 0 = none
 * @timeout: seconds without receiving before the end; 0 = never
 * @persistent: outlives the netlink socket that made it
 * @negotiated: the helper has exchanged envelopes on the connection
 * @record_limit: records per key; 0 = the cipher's own
 */
struct eftf_tunnel_config {
	u32 id;
	bool has_inner4, has_inner6, has_gateway4, has_gateway6;
	__be32 inner4, gateway4;
	struct in6_addr inner6, gateway6;
	u8 plen;
	u32 keepalive, timeout;
	bool persistent, negotiated;
	u64 record_limit;
};

/**
 * struct eftf_end - why a tunnel or transport ended
 * @reason: enum eftf_reason
 * @alert: TLS alert description, with EFTF_REASON_ALERT
 * @error: positive errno, with EFTF_REASON_ERROR
 */
struct eftf_end {
	u32 reason;
	u8 alert;
	int error;
};

/**
 * struct eftf_tunnel - one peer
 * @edev: device; the tunnel holds a reference on it by @dev_tracker
 * @kref: one for being in use (dropped by @close_work), one for each transport
 * @config: as asked for; keepalive, timeout, persistent and record_limit change
 *	under @lock
 * @node4: in the table's by4
 * @node6: in the table's by6
 * @key6: key of @node6
 * @all: in the device's list of tunnels, under its lock
 * @owner: netlink socket that the tunnel dies with, or NULL; under owner.c's lock
 * @owned: in @owner's list
 * @lock: protects @closing, @force, @end, @transports and the change of @transport
 * @closing: the tunnel has ended: @end is valid, @close_work queued
 * @force: the device goes: no flushing, no lingering
 * @end: why
 * @transports: every transport that is not released yet
 * @transport: the one that sends; RCU; NULL when released
 * @serial: of the last transport; under @lock
 * @fresh: between eftf_tunnel_new() and _enter(): the first transport
 * @close_work: takes the tunnel out of the tables and its transports down
 * @queue: packets that wait for the transport
 * @ready: received packets that wait for the stack
 * @ready_bytes: octets of memory of them
 * @napi: gives them to it
 * @timer: keep-alive, timeout and stall detection; armed for the next of them
 * @last_tx: jiffies when something was last sent
 * @last_rx: jiffies when something was last received
 * @last_echo: jiffies when an echo request was last queued
 * @echo_seq: sequence number of the next echo request
 * @created: jiffies64 at the start
 * @stats: counters
 * @rcu: frees the tunnel
 */
struct eftf_tunnel {
	struct eftf_dev *edev;
	netdevice_tracker dev_tracker;
	struct kref kref;
	struct eftf_tunnel_config config;
	struct rhash_head node4;
	struct rhash_head node6;
	struct eftf_key6 key6;
	struct list_head all;
	struct eftf_owner *owner;
	struct list_head owned;
	spinlock_t lock;
	bool closing;
	bool force;
	struct eftf_end end;
	struct list_head transports;
	struct eftf_transport __rcu *transport;
	u32 serial;
	struct eftf_transport *fresh;
	struct work_struct close_work;
	struct eftf_queue queue;
	struct sk_buff_head ready;
	atomic_t ready_bytes;
	struct napi_struct napi;
	struct timer_list timer;
	unsigned long last_tx;
	unsigned long last_rx;
	unsigned long last_echo;
	u16 echo_seq;
	u64 created;
	struct eftf_stats stats;
	struct rcu_head rcu;
};

/* for the works that take tunnels down; those that send and receive are on eftf_dev.wq */
extern struct workqueue_struct *eftf_wq;

const char *eftf_reason_name(u32 reason);
struct eftf_tunnel *eftf_tunnel_new(struct eftf_dev *edev, const struct eftf_tunnel_config *config,
				    int fd, bool admin, struct netlink_ext_ack *extack);
void eftf_tunnel_discard(struct eftf_tunnel *tunnel);
int eftf_tunnel_enter(struct eftf_tunnel *tunnel, struct net *net, u32 portid,
		      struct netlink_ext_ack *extack);
int eftf_tunnel_swap(struct eftf_tunnel *tunnel, struct eftf_transport *tp,
		     struct netlink_ext_ack *extack);
void eftf_tunnel_put(struct eftf_tunnel *tunnel);
bool eftf_tunnel_close(struct eftf_tunnel *tunnel, const struct eftf_transport *tp,
		       const struct eftf_end *end);
void eftf_tunnel_kill(struct eftf_tunnel *tunnel);
void eftf_tunnel_limit(struct eftf_tunnel *tunnel, u64 records);
void eftf_tunnel_xmit(struct eftf_tunnel *tunnel, struct sk_buff *skb);

#endif
