// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners: the netlink sockets that non-persistent tunnels were made with. When
 * such a socket is closed, by its program or by the program's death, the
 * tunnels go with it.
 */
#include <linux/list.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "end.h"
#include "owner.h"
#include "types.h"

/**
 * struct eftf_owner - a netlink socket that owns tunnels
 * @node: in eftf_owners
 * @net: namespace of the socket; only compared, no reference: the socket lives
 *	in it, and the owner goes with the socket
 * @portid: its port id in that namespace
 * @tunnels: never empty
 */
struct eftf_owner {
	struct list_head node;
	const struct net *net;
	u32 portid;
	struct list_head tunnels;
};

/* protects the list and everything in it */
static DEFINE_SPINLOCK(eftf_owner_lock);
static LIST_HEAD(eftf_owners);

static struct eftf_owner *eftf_owner_find(const struct net *net, u32 portid)
{
	struct eftf_owner *owner;

	list_for_each_entry(owner, &eftf_owners, node)
		if (owner->portid == portid && net_eq(owner->net, net))
			return owner;
	return NULL;
}

/**
 * eftf_owner_join - let a tunnel die with a netlink socket
 * @tunnel: tunnel without owner
 * @net: namespace of the socket
 * @portid: port id of the socket
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int eftf_owner_join(struct eftf_tunnel *tunnel, struct net *net, u32 portid)
{
	struct eftf_owner *owner, *fresh;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	spin_lock(&eftf_owner_lock);
	owner = eftf_owner_find(net, portid);
	if (!owner) {
		owner = fresh;
		fresh = NULL;
		owner->net = net;
		owner->portid = portid;
		INIT_LIST_HEAD(&owner->tunnels);
		list_add(&owner->node, &eftf_owners);
	}
	tunnel->owner = owner;
	list_add(&tunnel->owned, &owner->tunnels);
	spin_unlock(&eftf_owner_lock);
	kfree(fresh);
	return 0;
}

/* Takes the tunnel off its owner's list; the last one takes the owner along. */
static void eftf_owner_drop(struct eftf_tunnel *tunnel)
{
	struct eftf_owner *owner = tunnel->owner;

	list_del_init(&tunnel->owned);
	tunnel->owner = NULL;
	if (list_empty(&owner->tunnels)) {
		list_del(&owner->node);
		kfree(owner);
	}
}

/**
 * eftf_owner_leave - let a tunnel live on without its owner
 * @tunnel: tunnel, with or without owner
 *
 * Context: process.
 */
void eftf_owner_leave(struct eftf_tunnel *tunnel)
{
	spin_lock(&eftf_owner_lock);
	if (tunnel->owner)
		eftf_owner_drop(tunnel);
	spin_unlock(&eftf_owner_lock);
}

/* A netlink socket was closed. Process context. */
static int eftf_owner_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct eftf_end end = { .reason = EFTF_REASON_OWNER };
	const struct netlink_notify *notify = data;
	struct eftf_tunnel *tunnel, *next;
	struct eftf_owner *owner;
	bool last;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	spin_lock(&eftf_owner_lock);
	owner = eftf_owner_find(notify->net, notify->portid);
	if (owner) {
		/*
		 * A tunnel in the list is not freed: it leaves the list in
		 * close_work, which waits for the lock held here. The owner
		 * goes with the last one.
		 */
		list_for_each_entry_safe(tunnel, next, &owner->tunnels, owned) {
			last = list_is_singular(&owner->tunnels);
			eftf_end_close(tunnel, NULL, &end);
			eftf_owner_drop(tunnel);
			if (last)
				break;
		}
	}
	spin_unlock(&eftf_owner_lock);
	return NOTIFY_DONE;
}

static struct notifier_block eftf_owner_nb = { .notifier_call = eftf_owner_notify };

/**
 * eftf_owner_init - begin to hear of netlink sockets that are closed
 *
 * Context: process, module loading.
 * Return: 0 or a negative errno.
 */
int __init eftf_owner_init(void)
{
	return netlink_register_notifier(&eftf_owner_nb);
}

/**
 * eftf_owner_exit - undo eftf_owner_init()
 *
 * Context: process, module unloading or failed to load.
 */
void eftf_owner_exit(void)
{
	netlink_unregister_notifier(&eftf_owner_nb);
}
