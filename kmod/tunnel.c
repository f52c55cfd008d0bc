// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tunnel: one peer, its inner addresses, its queue and its transports.
 *
 * Life: new -> (swap ->)* close -> freed with its last transport. The end is
 * noted once, by whoever comes first (eftf_tunnel_close, any context); all
 * that follows is done by close_work in process context.
 */
#include <linux/net.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "deliver.h"
#include "device.h"
#include "event.h"
#include "keepalive.h"
#include "owner.h"
#include "trace.h"
#include "transport.h"
#include "tunnel.h"

static const char * const eftf_reason_names[__EFTF_REASON_MAX] = {
	[EFTF_REASON_NONE] = "none",
	[EFTF_REASON_DELETED] = "deleted",
	[EFTF_REASON_OWNER] = "owner-gone",
	[EFTF_REASON_LINK] = "link-deleted",
	[EFTF_REASON_RELEASED] = "released",
	[EFTF_REASON_TRUNCATED] = "truncated",
	[EFTF_REASON_RESET] = "reset",
	[EFTF_REASON_TIMEOUT] = "timeout",
	[EFTF_REASON_ALERT] = "alert",
	[EFTF_REASON_FRAMING] = "framing",
	[EFTF_REASON_NOT_FTT] = "not-ftt-ims",
	[EFTF_REASON_BAD_RECORD] = "bad-record",
	[EFTF_REASON_PROTOCOL] = "tls-protocol",
	[EFTF_REASON_REKEY] = "rekey",
	[EFTF_REASON_KEY_LIMIT] = "key-limit",
	[EFTF_REASON_ERROR] = "error",
	[EFTF_REASON_SWAPPED] = "swapped",
};

/**
 * eftf_reason_name - an enum eftf_reason as a word
 * @reason: number
 */
const char *eftf_reason_name(u32 reason)
{
	return reason < __EFTF_REASON_MAX ? eftf_reason_names[reason] : "unknown";
}

/* A sender that saw the tunnel just before it left the table may still come. */
static void eftf_tunnel_forget(struct eftf_tunnel *tunnel)
{
	eftf_queue_close(&tunnel->queue);
	netdev_put(tunnel->edev->dev, &tunnel->dev_tracker);	/* taken by eftf_tunnel_new() */
	kfree_rcu(tunnel, rcu);
}

static void eftf_tunnel_free(struct kref *kref)
{
	struct eftf_tunnel *tunnel = container_of(kref, struct eftf_tunnel, kref);
	struct eftf_dev *edev = tunnel->edev;

	mutex_lock(&edev->lock);
	list_del(&tunnel->all);
	eftf_deliver_exit(tunnel);
	mutex_unlock(&edev->lock);
	eftf_tunnel_forget(tunnel);
}

/**
 * eftf_tunnel_put - drop a reference
 * @tunnel: tunnel
 *
 * Context: process, device's lock not held.
 */
void eftf_tunnel_put(struct eftf_tunnel *tunnel)
{
	kref_put(&tunnel->kref, eftf_tunnel_free);
}

/* What is still of use to say to a peer, and worth to wait for, after @end. */
static bool eftf_tunnel_ends_in_peace(const struct eftf_end *end)
{
	switch (end->reason) {
	case EFTF_REASON_TRUNCATED:
	case EFTF_REASON_RESET:
	case EFTF_REASON_ALERT:
	case EFTF_REASON_BAD_RECORD:
	case EFTF_REASON_ERROR:
	case EFTF_REASON_LINK:
		return false;
	default:
		return true;
	}
}

/* Only after these does what still waits in the queue make sense to the peer. */
static bool eftf_tunnel_flushes(const struct eftf_end *end)
{
	return end->reason == EFTF_REASON_DELETED || end->reason == EFTF_REASON_OWNER;
}

static void eftf_tunnel_close_work(struct work_struct *work)
{
	struct eftf_tunnel *tunnel = container_of(work, struct eftf_tunnel, close_work);
	struct eftf_dev *edev = tunnel->edev;
	struct eftf_transport *tp, *next;
	bool peace;

	mutex_lock(&edev->lock);
	eftf_table_del(&edev->table, tunnel);
	eftf_owner_leave(tunnel);
	timer_shutdown_sync(&tunnel->timer);
	trace_eftf_tunnel_down(tunnel);
	/* before another tunnel can have its id or address, and be told to be up */
	eftf_event_down(tunnel);
	mutex_unlock(&edev->lock);

	if (!eftf_tunnel_flushes(&tunnel->end))
		eftf_queue_purge(&tunnel->queue);

	peace = eftf_tunnel_ends_in_peace(&tunnel->end);
	spin_lock_bh(&tunnel->lock);
	list_for_each_entry_safe(tp, next, &tunnel->transports, node) {
		if (peace && !READ_ONCE(tunnel->force))
			eftf_transport_drain(tp, EFTF_DRAIN_JIFFIES);
		else
			eftf_transport_release(tp);
	}
	spin_unlock_bh(&tunnel->lock);
	eftf_tunnel_put(tunnel);	/* the reference of being in use */
}

/**
 * eftf_tunnel_close - end a tunnel
 * @tunnel: tunnel that the caller knows to be there
 * @tp: transport whose end it is, NULL if it is not a transport's: one that a
 *	swap has replaced meanwhile does not end the tunnel
 * @end: why
 *
 * Context: any.
 * Return: false if it was ending already, or goes on with another transport.
 */
bool eftf_tunnel_close(struct eftf_tunnel *tunnel, const struct eftf_transport *tp,
		       const struct eftf_end *end)
{
	bool first;

	spin_lock_bh(&tunnel->lock);
	first = !tunnel->closing && (!tp || eftf_transport_is_current(tp));
	if (first) {
		tunnel->end = *end;
		WRITE_ONCE(tunnel->closing, true);
		queue_work(eftf_wq, &tunnel->close_work);
	}
	spin_unlock_bh(&tunnel->lock);
	return first;
}

/**
 * eftf_tunnel_kill - end a tunnel at once, as its device goes
 * @tunnel: tunnel in the device's list
 *
 * Does not wait; the device's reference goes with the tunnel.
 *
 * Context: process, device's lock held.
 */
void eftf_tunnel_kill(struct eftf_tunnel *tunnel)
{
	const struct eftf_end end = { .reason = EFTF_REASON_LINK };
	struct eftf_transport *tp, *next;

	lockdep_assert_held(&tunnel->edev->lock);
	WRITE_ONCE(tunnel->force, true);
	if (eftf_tunnel_close(tunnel, NULL, &end))
		return;
	spin_lock_bh(&tunnel->lock);
	list_for_each_entry_safe(tp, next, &tunnel->transports, node)
		eftf_transport_release(tp);
	spin_unlock_bh(&tunnel->lock);
}

/**
 * eftf_tunnel_limit - change how many records a key may protect
 * @tunnel: tunnel
 * @records: limit, 0 = the cipher's own
 *
 * Context: process, device's lock held.
 */
void eftf_tunnel_limit(struct eftf_tunnel *tunnel, u64 records)
{
	struct eftf_transport *tp;

	spin_lock_bh(&tunnel->lock);
	tunnel->config.record_limit = records;
	list_for_each_entry(tp, &tunnel->transports, node)
		eftf_record_limit(tp, records);
	spin_unlock_bh(&tunnel->lock);
}

/**
 * eftf_tunnel_xmit - queue a packet for the peer
 * @tunnel: tunnel
 * @skb: packet, network header at its start; taken over
 *
 * Context: RCU read side, any.
 */
void eftf_tunnel_xmit(struct eftf_tunnel *tunnel, struct sk_buff *skb)
{
	struct eftf_transport *tp = rcu_dereference(tunnel->transport);

	/*
	 * A tunnel inside itself would wait for itself. The old transport of a
	 * swap could do so, too, for the seconds that it has left.
	 */
	if (unlikely(tp && skb->sk && skb->sk == tp->sock->sk)) {
		net_err_ratelimited("%s: tunnel %u: its own outer connection is routed into it\n",
				    tunnel->edev->dev->name, tunnel->config.id);
		DEV_STATS_INC(tunnel->edev->dev, collisions);
		kfree_skb(skb);
		return;
	}
	eftf_queue_add(&tunnel->queue, skb);
	/*
	 * Read again, after the queue's lock: the transport that a swap or the
	 * start made current meanwhile has either seen the packet or is kicked.
	 */
	tp = rcu_dereference(tunnel->transport);
	if (tp)
		eftf_transport_kick_tx(tp);
}

static void eftf_tunnel_init(struct eftf_tunnel *tunnel, struct eftf_dev *edev,
			     const struct eftf_tunnel_config *config)
{
	tunnel->edev = edev;
	tunnel->config = *config;
	kref_init(&tunnel->kref);
	INIT_LIST_HEAD(&tunnel->all);
	INIT_LIST_HEAD(&tunnel->owned);
	INIT_LIST_HEAD(&tunnel->transports);
	spin_lock_init(&tunnel->lock);
	INIT_WORK(&tunnel->close_work, eftf_tunnel_close_work);
	eftf_queue_init(&tunnel->queue, &tunnel->stats, edev->dev, &edev->queued);
	eftf_keepalive_init(tunnel);
	tunnel->created = get_jiffies_64();
	if (config->has_inner6) {
		ipv6_addr_prefix(&tunnel->key6.prefix, &config->inner6, config->plen);
		tunnel->key6.plen = config->plen;
	}
}

/**
 * eftf_tunnel_new - make a tunnel of a socket
 * @edev: device; the caller holds a reference
 * @config: addresses and times
 * @fd: kTLS socket, in the calling process
 * @admin: the caller may do everything, in every namespace
 * @extack: told why not
 *
 * Context: process, nothing locked (see eftf_transport_new()).
 * Return: tunnel, for eftf_tunnel_enter() or eftf_tunnel_discard(); ERR_PTR.
 */
struct eftf_tunnel *eftf_tunnel_new(struct eftf_dev *edev, const struct eftf_tunnel_config *config,
				    int fd, bool admin, struct netlink_ext_ack *extack)
{
	struct eftf_transport *tp;
	struct eftf_tunnel *tunnel;

	tunnel = kzalloc(sizeof(*tunnel), GFP_KERNEL_ACCOUNT);
	if (!tunnel)
		return ERR_PTR(-ENOMEM);
	eftf_tunnel_init(tunnel, edev, config);
	tp = eftf_transport_new(tunnel, fd, admin, extack);
	if (IS_ERR(tp)) {
		kfree(tunnel);
		return ERR_CAST(tp);
	}
	netdev_hold(edev->dev, &tunnel->dev_tracker, GFP_KERNEL);
	tunnel->fresh = tp;
	return tunnel;
}

/**
 * eftf_tunnel_discard - undo eftf_tunnel_new()
 * @tunnel: tunnel that was not entered
 *
 * Context: process, nothing locked.
 */
void eftf_tunnel_discard(struct eftf_tunnel *tunnel)
{
	eftf_transport_abandon(tunnel->fresh);
	eftf_tunnel_forget(tunnel);	/* the table may have had it for a moment */
}

/**
 * eftf_tunnel_enter - let a new tunnel begin
 * @tunnel: from eftf_tunnel_new()
 * @net: namespace of the netlink socket that the tunnel dies with
 * @portid: its port id; both unused if the tunnel is persistent
 * @extack: told why not
 *
 * Context: process, device's lock held.
 * Return: 0, or a negative errno after which the tunnel is to be discarded.
 */
int eftf_tunnel_enter(struct eftf_tunnel *tunnel, struct net *net, u32 portid,
		      struct netlink_ext_ack *extack)
{
	struct eftf_dev *edev = tunnel->edev;
	int err = 0;

	lockdep_assert_held(&edev->lock);
	if (!tunnel->config.persistent)
		err = eftf_owner_join(tunnel, net, portid);
	if (err)
		return err;
	err = eftf_table_add(&edev->table, tunnel, extack);
	if (err) {
		eftf_owner_leave(tunnel);
		return err;
	}
	list_add_tail(&tunnel->all, &edev->tunnels);
	eftf_deliver_init(tunnel);
	/* from here on the tunnel may end by itself, though not before the lock is free */
	spin_lock_bh(&tunnel->lock);
	eftf_transport_start(tunnel->fresh);
	spin_unlock_bh(&tunnel->lock);
	trace_eftf_tunnel_up(tunnel);
	eftf_event_up(tunnel);
	return 0;
}

/**
 * eftf_tunnel_swap - carry a tunnel on with another transport
 * @tunnel: tunnel
 * @tp: new transport of it; to be abandoned by the caller after an error
 * @extack: told why not
 *
 * From now on everything is sent by the new transport; the old one finishes
 * what it has begun, says close_notify (at the EFTF: after the UE did) and is
 * read until its peer does too.
 *
 * Context: process, device's lock held.
 * Return: 0, or a negative errno after which the old transport goes on.
 */
int eftf_tunnel_swap(struct eftf_tunnel *tunnel, struct eftf_transport *tp,
		     struct netlink_ext_ack *extack)
{
	struct eftf_transport *old;
	int err = 0;

	lockdep_assert_held(&tunnel->edev->lock);
	spin_lock_bh(&tunnel->lock);
	old = rcu_dereference_protected(tunnel->transport, lockdep_is_held(&tunnel->lock));
	if (tunnel->closing) {
		NL_SET_ERR_MSG(extack, "the tunnel is ending");
		err = -ESHUTDOWN;
	} else if (!list_empty(&tunnel->transports) &&
		   !list_is_singular(&tunnel->transports)) {
		NL_SET_ERR_MSG(extack, "the last swap is not complete: the old transport still drains");
		err = -EBUSY;
	} else {
		/* whoever brought it here knows its peer, and that it lives */
		tp->rx_fresh = false;
		WRITE_ONCE(tunnel->last_rx, jiffies);
		eftf_transport_start(tp);
		/*
		 * The EFTF is told of the new connection before the UE uses it:
		 * a close_notify now would end the UE's tunnel.
		 */
		if (old && tunnel->edev->role == EFTF_ROLE_GW)
			set_bit(EFTF_TP_PATIENT, &old->flags);
		if (old)
			eftf_transport_drain(old, EFTF_SWAP_DRAIN_JIFFIES);
	}
	spin_unlock_bh(&tunnel->lock);
	return err;
}
