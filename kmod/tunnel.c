// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tunnel: one peer, its inner addresses, its queue and its transports.
 *
 * Life: create -> insert -> (swap ->)* end -> freed with its last transport.
 * eftf_end_close() notes the end, in any context; what follows is done here by
 * close_work, in process context.
 */
#include <linux/slab.h>
#include <net/ipv6.h>

#include "deliver.h"
#include "end.h"
#include "event.h"
#include "hold.h"
#include "owner.h"
#include "record.h"
#include "table.h"
#include "timer.h"
#include "trace.h"
#include "transport.h"
#include "tunnel.h"
#include "types.h"

#define EFTF_TUNNEL_SWAP_JIFFIES	(10 * HZ)	/* that an old transport has to finish */

/* RCU readers may have found the tunnel in the table and still queue packets. */
static void eftf_tunnel_free_later(struct eftf_tunnel *tunnel)
{
	eftf_queue_close(&tunnel->queue);
	netdev_put(tunnel->edev->dev, &tunnel->dev_tracker);	/* taken by eftf_tunnel_create() */
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
	eftf_tunnel_free_later(tunnel);
}

/**
 * eftf_tunnel_get - take a reference
 * @tunnel: tunnel that the caller knows to be there
 *
 * Context: any.
 */
void eftf_tunnel_get(struct eftf_tunnel *tunnel)
{
	kref_get(&tunnel->kref);
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

static void eftf_tunnel_close_work(struct work_struct *work)
{
	struct eftf_tunnel *tunnel = container_of(work, struct eftf_tunnel, close_work);
	struct eftf_dev *edev = tunnel->edev;
	struct eftf_transport *tp, *next;
	bool graceful;

	mutex_lock(&edev->lock);
	eftf_table_del(&edev->table, tunnel);
	eftf_owner_leave(tunnel);
	eftf_timer_stop(tunnel);
	trace_eftf_tunnel_down(tunnel);
	/* before another tunnel can have its id or address, and be told to be up */
	eftf_event_down(tunnel);
	mutex_unlock(&edev->lock);

	if (!eftf_end_flushes(&tunnel->end))
		eftf_queue_purge(&tunnel->queue);

	graceful = eftf_end_is_graceful(&tunnel->end);
	spin_lock_bh(&tunnel->lock);
	list_for_each_entry_safe(tp, next, &tunnel->transports, node) {
		if (graceful && !READ_ONCE(tunnel->force))
			eftf_end_drain(tp, EFTF_END_DRAIN_JIFFIES);
		else
			eftf_end_release(tp);
	}
	spin_unlock_bh(&tunnel->lock);
	eftf_tunnel_put(tunnel);	/* the reference of being in use */
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
	eftf_timer_init(tunnel);
	tunnel->created = get_jiffies_64();
	if (config->has_inner6) {
		ipv6_addr_prefix(&tunnel->key6.prefix, &config->inner6, config->plen);
		tunnel->key6.plen = config->plen;
	}
}

/**
 * eftf_tunnel_create - make a tunnel of a socket
 * @edev: device; the caller holds a reference
 * @config: addresses and times
 * @fd: kTLS socket, in the calling process
 * @admin: the caller has CAP_NET_ADMIN in the initial user namespace
 * @extack: told why not
 *
 * Context: process, nothing locked (see eftf_transport_create()).
 * Return: tunnel, for eftf_tunnel_insert() or eftf_tunnel_destroy(); ERR_PTR.
 */
struct eftf_tunnel *eftf_tunnel_create(struct eftf_dev *edev,
				       const struct eftf_tunnel_config *config, int fd,
				       bool admin, struct netlink_ext_ack *extack)
{
	struct eftf_transport *tp;
	struct eftf_tunnel *tunnel;

	tunnel = kzalloc(sizeof(*tunnel), GFP_KERNEL_ACCOUNT);
	if (!tunnel)
		return ERR_PTR(-ENOMEM);
	eftf_tunnel_init(tunnel, edev, config);
	tp = eftf_transport_create(tunnel, fd, admin, extack);
	if (IS_ERR(tp)) {
		kfree(tunnel);
		return ERR_CAST(tp);
	}
	netdev_hold(edev->dev, &tunnel->dev_tracker, GFP_KERNEL);
	tunnel->first = tp;
	return tunnel;
}

/**
 * eftf_tunnel_destroy - undo eftf_tunnel_create()
 * @tunnel: tunnel that was not inserted
 *
 * Context: process, nothing locked.
 */
void eftf_tunnel_destroy(struct eftf_tunnel *tunnel)
{
	eftf_transport_destroy(tunnel->first);
	eftf_tunnel_free_later(tunnel);	/* the table may have had it for a moment */
}

/**
 * eftf_tunnel_insert - put a new tunnel into the table, and let it begin
 * @tunnel: from eftf_tunnel_create()
 * @net: namespace of the netlink socket that the tunnel dies with
 * @portid: its port id; both unused if the tunnel is persistent
 * @extack: told why not
 *
 * Context: process, device's lock held.
 * Return: 0, or a negative errno, after which the tunnel is to be destroyed.
 */
int eftf_tunnel_insert(struct eftf_tunnel *tunnel, struct net *net, u32 portid,
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
	eftf_transport_start(tunnel->first);
	spin_unlock_bh(&tunnel->lock);
	trace_eftf_tunnel_up(tunnel);
	eftf_event_up(tunnel);
	return 0;
}

/**
 * eftf_tunnel_swap - carry a tunnel on with another transport
 * @tunnel: tunnel
 * @tp: new transport of it; to be destroyed by the caller after an error
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
		/* the helper has exchanged data on the new connection: its peer is known and alive */
		tp->rx_fresh = false;
		eftf_timer_received(tunnel);
		if (old)
			eftf_hold_inherit(tp, old);
		eftf_transport_start(tp);
		/*
		 * The EFTF is told of the new connection before the UE uses it:
		 * a close_notify now would end the UE's tunnel.
		 */
		if (old && tunnel->edev->role == EFTF_ROLE_GW)
			set_bit(EFTF_TP_AWAIT_CLOSE, &old->flags);
		if (old)
			eftf_end_drain(old, EFTF_TUNNEL_SWAP_JIFFIES);
	}
	spin_unlock_bh(&tunnel->lock);
	return err;
}
