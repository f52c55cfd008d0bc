// SPDX-License-Identifier: GPL-2.0-only
/*
 * The network device, rtnl link kind "eftf". A device of role ue has one
 * tunnel and puts every packet into it; a device of role gw chooses the tunnel
 * by the inner destination.
 */
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/module.h>
#include <net/addrconf.h>
#include <net/icmp.h>
#include <net/ip_tunnels.h>
#include <net/rtnetlink.h>

#include "deliver.h"
#include "device.h"
#include "end.h"
#include "ktls.h"
#include "signalling.h"
#include "table.h"
#include "types.h"
#include "wake.h"

#define EFTF_DEFAULT_MTU 1500	/* the outer side is a stream: packets need not fit its segments */

#define EFTF_FEATURES (NETIF_F_HW_CSUM | NETIF_F_RXCSUM | NETIF_F_SG |		\
		       NETIF_F_GSO | NETIF_F_GSO_SOFTWARE | NETIF_F_HIGHDMA)

static struct eftf_tunnel *eftf_xmit_lookup(struct eftf_dev *edev, const struct sk_buff *skb)
{
	bool v4 = skb->protocol == htons(ETH_P_IP);
	struct eftf_tunnel *tunnel;
	unsigned long first = 0;

	if (edev->role == EFTF_ROLE_GW)
		return v4 ? eftf_table_by4(&edev->table, ip_hdr(skb)->daddr) :
			    eftf_table_by6(&edev->table, &ipv6_hdr(skb)->daddr);
	tunnel = eftf_table_next(&edev->table, &first);
	/* without an inner address of the family the EFTF would drop it */
	if (tunnel && (v4 ? tunnel->config.has_inner4 : tunnel->config.has_inner6))
		return tunnel;
	return NULL;
}

/*
 * Did one of the device's UEs send it? In a VRF skb_iif is the VRF's, not the
 * device's; there the source address tells.
 */
static bool eftf_xmit_from_ue(struct eftf_dev *edev, const struct sk_buff *skb)
{
	if (skb->skb_iif == edev->dev->ifindex)
		return true;
	if (!netif_is_l3_slave(edev->dev))
		return false;
	if (skb->protocol == htons(ETH_P_IP))
		return eftf_table_by4(&edev->table, ip_hdr(skb)->saddr);
	return eftf_table_by6(&edev->table, &ipv6_hdr(skb)->saddr);
}

static void eftf_xmit_unreachable(struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	else if (skb->protocol == htons(ETH_P_IPV6))
		icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH, 0);
}

/*
 * A tunnel whose outer connection is routed into it would wait for itself; so
 * would the old transport of a swap, for the seconds that it has left.
 */
static bool eftf_xmit_is_own_outer(const struct eftf_tunnel *tunnel, const struct sk_buff *skb)
{
	const struct eftf_transport *tp = rcu_dereference(tunnel->transport);

	if (likely(!tp || !skb->sk || skb->sk != tp->sock->sk))
		return false;
	net_err_ratelimited("%s: tunnel %u: its own outer connection is routed into it\n",
			    tunnel->edev->dev->name, tunnel->config.id);
	return true;
}

static netdev_tx_t eftf_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct eftf_dev *edev = netdev_priv(dev);
	struct eftf_tunnel *tunnel;

	if (unlikely(!skb->protocol || ip_tunnel_parse_protocol(skb) != skb->protocol ||
		     skb_network_offset(skb)))
		goto drop;

	rcu_read_lock();
	tunnel = eftf_xmit_lookup(edev, skb);
	/* what one UE sent is not for another UE, unless that is wanted */
	if (tunnel && edev->role == EFTF_ROLE_GW && !READ_ONCE(edev->ue_to_ue) &&
	    eftf_xmit_from_ue(edev, skb))
		tunnel = NULL;
	if (likely(tunnel)) {
		if (unlikely(eftf_xmit_is_own_outer(tunnel, skb))) {
			rcu_read_unlock();
			DEV_STATS_INC(dev, collisions);
			kfree_skb(skb);
			return NETDEV_TX_OK;
		}
		/* may be queued for long: drop dst and conntrack, keep socket accounting */
		skb_dst_drop(skb);
		nf_reset_ct(skb);
		skb_reset_mac_header(skb);
		eftf_wake_xmit(tunnel, skb);
		rcu_read_unlock();
		return NETDEV_TX_OK;
	}
	rcu_read_unlock();
	eftf_xmit_unreachable(skb);
drop:
	DEV_STATS_INC(dev, tx_errors);
	kfree_skb(skb);
	return NETDEV_TX_OK;
}

static int eftf_open(struct net_device *dev)
{
	struct inet6_dev *in6 = __in6_dev_get(dev);
	struct in_device *in4 = __in_dev_get_rtnl(dev);
	struct eftf_dev *edev = netdev_priv(dev);

	/*
	 * A packet from one UE to another leaves by the device that it came
	 * by. To redirect its sender makes no sense, and would use up the
	 * allowance for the answer that does: unreachable. The switch of the
	 * device counts only if that for all is off, as wireguard has it too.
	 */
	if (in4 && edev->role == EFTF_ROLE_GW) {
		IN_DEV_CONF_SET(in4, SEND_REDIRECTS, false);
		IPV4_DEVCONF_ALL(dev_net(dev), SEND_REDIRECTS) = false;
	}
	/* addresses come from the EFTF: no link-local one is made */
	if (in6)
		in6->cnf.addr_gen_mode = IN6_ADDR_GEN_MODE_NONE;
	return 0;
}

static int eftf_stop(struct net_device *dev)
{
	struct eftf_dev *edev = netdev_priv(dev);
	struct eftf_tunnel *tunnel;

	mutex_lock(&edev->lock);
	list_for_each_entry(tunnel, &edev->tunnels, all)
		eftf_deliver_stop(tunnel);
	mutex_unlock(&edev->lock);
	return 0;
}

static int eftf_dev_init(struct net_device *dev)
{
	struct eftf_dev *edev = netdev_priv(dev);
	int err;

	edev->dev = dev;
	INIT_LIST_HEAD(&edev->tunnels);
	mutex_init(&edev->lock);
	err = eftf_table_init(&edev->table);
	if (err)
		return err;
	edev->napi_dev = alloc_netdev_dummy(0);
	if (!edev->napi_dev) {
		err = -ENOMEM;
		goto err_table;
	}
	edev->wq = alloc_workqueue("eftf-%s", WQ_UNBOUND | WQ_MEM_RECLAIM, 0, dev->name);
	if (!edev->wq) {
		err = -ENOMEM;
		goto err_napi;
	}
	edev->release_wq = alloc_workqueue("eftf-end-%s", WQ_UNBOUND, 0, dev->name);
	if (!edev->release_wq) {
		err = -ENOMEM;
		goto err_wq;
	}
	return 0;

err_wq:
	destroy_workqueue(edev->wq);
err_napi:
	free_netdev(edev->napi_dev);
err_table:
	eftf_table_destroy(&edev->table);
	return err;
}

/* The last reference is gone, so every tunnel is. */
static void eftf_dev_destructor(struct net_device *dev)
{
	struct eftf_dev *edev = netdev_priv(dev);

	destroy_workqueue(edev->release_wq);
	destroy_workqueue(edev->wq);
	free_netdev(edev->napi_dev);
	eftf_table_destroy(&edev->table);
	eftf_signalling_free(edev);
	mutex_destroy(&edev->lock);
}

static const struct net_device_ops eftf_netdev_ops = {
	.ndo_init = eftf_dev_init,
	.ndo_open = eftf_open,
	.ndo_stop = eftf_stop,
	.ndo_start_xmit = eftf_xmit,
	.ndo_get_stats64 = dev_get_tstats64,
};

static const struct device_type eftf_device_type = { .name = EFTF_LINK_KIND };

/**
 * eftf_dev_is_eftf - is it a device of this module?
 * @dev: any device
 *
 * Context: any.
 * Return: true if it is of kind eftf.
 */
bool eftf_dev_is_eftf(const struct net_device *dev)
{
	return dev->netdev_ops == &eftf_netdev_ops;
}

/**
 * eftf_dev_get - find a device by its index
 * @net: network namespace
 * @ifindex: index
 * @tracker: of the reference, for eftf_dev_put()
 * @extack: told why not; may be NULL
 *
 * Context: process.
 * Return: device, referenced; ERR_PTR(-ENODEV), ERR_PTR(-EOPNOTSUPP).
 */
struct eftf_dev *eftf_dev_get(struct net *net, u32 ifindex, netdevice_tracker *tracker,
			      struct netlink_ext_ack *extack)
{
	struct eftf_dev *edev;
	struct net_device *dev;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(net, ifindex);
	if (!dev) {
		NL_SET_ERR_MSG(extack, "no such device in this network namespace");
		edev = ERR_PTR(-ENODEV);
	} else if (!eftf_dev_is_eftf(dev)) {
		NL_SET_ERR_MSG(extack, "the device is not of kind eftf");
		edev = ERR_PTR(-EOPNOTSUPP);
	} else {
		edev = netdev_priv(dev);
		netdev_hold(dev, tracker, GFP_ATOMIC);
	}
	rcu_read_unlock();
	return edev;
}

/**
 * eftf_dev_put - drop what eftf_dev_get() took
 * @edev: device
 * @tracker: of the reference
 *
 * Context: any.
 */
void eftf_dev_put(struct eftf_dev *edev, netdevice_tracker *tracker)
{
	netdev_put(edev->dev, tracker);
}

static void eftf_setup(struct net_device *dev)
{
	dev->netdev_ops = &eftf_netdev_ops;
	dev->priv_destructor = eftf_dev_destructor;
	dev->header_ops = &ip_tunnel_header_ops;	/* tells the protocol of raw packets */
	dev->needs_free_netdev = true;
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
	dev->type = ARPHRD_NONE;
	dev->flags = IFF_POINTOPOINT | IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->features |= EFTF_FEATURES;
	dev->hw_features |= EFTF_FEATURES;
	dev->hw_enc_features |= EFTF_FEATURES;
	dev->mtu = EFTF_DEFAULT_MTU;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = FTT_IMS_MAX_PAYLOAD;
	eftf_compat_set_lltx(dev);
	/* events and owners belong to the namespace that made the link */
	eftf_compat_set_netns_immutable(dev);
	SET_NETDEV_DEVTYPE(dev, &eftf_device_type);
	netif_keep_dst(dev);
}

static const struct nla_policy eftf_link_policy[IFLA_EFTF_MAX + 1] = {
	[IFLA_EFTF_ROLE] = NLA_POLICY_MAX(NLA_U8, EFTF_ROLE_GW),
	[IFLA_EFTF_UE_TO_UE] = NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_EFTF_FLIGHT_TARGET] = NLA_POLICY_MAX(NLA_U32, EFTF_FLIGHT_TARGET_MAX),
	[IFLA_EFTF_FLIGHT_HOLD] = NLA_POLICY_MAX(NLA_U32, EFTF_FLIGHT_HOLD_MAX),
	[IFLA_EFTF_SIP_PORTS] = { .type = NLA_BINARY, .len = EFTF_SIP_PORTS_MAX * sizeof(u16) },
	[IFLA_EFTF_PCSCF] = { .type = NLA_BINARY, .len = EFTF_PCSCF_MAX * sizeof(struct in6_addr) },
};

/* What may be set when the link is made and changed later. */
static int eftf_link_apply(struct eftf_dev *edev, struct nlattr *data[],
			   struct netlink_ext_ack *extack)
{
	int err = data ? eftf_signalling_check(data, extack) : 0;

	if (!err)
		err = eftf_signalling_set(edev, data);
	if (err || !data)
		return err;
	if (data[IFLA_EFTF_UE_TO_UE])
		WRITE_ONCE(edev->ue_to_ue, nla_get_u8(data[IFLA_EFTF_UE_TO_UE]));
	if (data[IFLA_EFTF_FLIGHT_TARGET])
		WRITE_ONCE(edev->flight.target_us,
			   nla_get_u32(data[IFLA_EFTF_FLIGHT_TARGET]) * USEC_PER_MSEC);
	if (data[IFLA_EFTF_FLIGHT_HOLD])
		WRITE_ONCE(edev->flight.hold_s, nla_get_u32(data[IFLA_EFTF_FLIGHT_HOLD]));
	return 0;
}

static int eftf_newlink(struct net_device *dev, struct rtnl_newlink_params *params,
			struct netlink_ext_ack *extack)
{
	struct nlattr **data = params->data;
	struct eftf_dev *edev = netdev_priv(dev);
	int err;

	if (data && data[IFLA_EFTF_ROLE])
		edev->role = nla_get_u8(data[IFLA_EFTF_ROLE]);
	edev->flight.target_us = EFTF_FLIGHT_TARGET_US;
	edev->flight.hold_s = EFTF_FLIGHT_HOLD_S;
	err = eftf_link_apply(edev, data, extack);
	if (err)
		return err;
	/*
	 * The carrier is always on: without a tunnel a sender is told at once
	 * by ICMP, and after the attach the stack would go on to swallow
	 * packets until linkwatch has seen a carrier come.
	 */
	err = register_netdevice(dev);
	if (err)
		eftf_signalling_free(edev);
	return err;
}

EFTF_COMPAT_DEFINE_NEWLINK(eftf_newlink)

static int eftf_changelink(struct net_device *dev, struct nlattr *tb[], struct nlattr *data[],
			   struct netlink_ext_ack *extack)
{
	struct eftf_dev *edev = netdev_priv(dev);

	if (!data)
		return 0;
	if (data[IFLA_EFTF_ROLE] && nla_get_u8(data[IFLA_EFTF_ROLE]) != edev->role) {
		NL_SET_ERR_MSG(extack, "the role of an eftf link cannot be changed: delete it and make a new one");
		return -EOPNOTSUPP;
	}
	return eftf_link_apply(edev, data, extack);
}

/* RTNL is held: end the tunnels, wait for none; their references do that. */
static void eftf_dellink(struct net_device *dev, struct list_head *head)
{
	struct eftf_dev *edev = netdev_priv(dev);
	struct eftf_tunnel *tunnel;

	mutex_lock(&edev->lock);
	edev->dying = true;
	list_for_each_entry(tunnel, &edev->tunnels, all)
		eftf_end_abort(tunnel);
	mutex_unlock(&edev->lock);
	unregister_netdevice_queue(dev, head);
}

static size_t eftf_get_size(const struct net_device *dev)
{
	return nla_total_size(sizeof(u8)) * 3 + nla_total_size(sizeof(u32)) * 3 +
	       nla_total_size(EFTF_SIP_PORTS_MAX * sizeof(u16)) +
	       nla_total_size(EFTF_PCSCF_MAX * sizeof(struct in6_addr));
}

static int eftf_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct eftf_dev *edev = netdev_priv(dev);

	if (nla_put_u8(skb, IFLA_EFTF_ROLE, edev->role) ||
	    nla_put_u8(skb, IFLA_EFTF_UE_TO_UE, READ_ONCE(edev->ue_to_ue)) ||
	    nla_put_u32(skb, IFLA_EFTF_TUNNELS, READ_ONCE(edev->table.count)) ||
	    nla_put_u8(skb, IFLA_EFTF_KEY_UPDATE, eftf_ktls_kernel_can_rekey()) ||
	    nla_put_u32(skb, IFLA_EFTF_FLIGHT_TARGET,
			READ_ONCE(edev->flight.target_us) / USEC_PER_MSEC) ||
	    nla_put_u32(skb, IFLA_EFTF_FLIGHT_HOLD, READ_ONCE(edev->flight.hold_s)))
		return -EMSGSIZE;
	return eftf_signalling_fill(skb, edev);
}

static struct rtnl_link_ops eftf_link_ops __read_mostly = {
	.kind = EFTF_LINK_KIND,
	.maxtype = IFLA_EFTF_MAX,
	.policy = eftf_link_policy,
	.priv_size = sizeof(struct eftf_dev),
	.setup = eftf_setup,
	.newlink = EFTF_COMPAT_NEWLINK(eftf_newlink),
	.changelink = eftf_changelink,
	.dellink = eftf_dellink,
	.get_size = eftf_get_size,
	.fill_info = eftf_fill_info,
};

/**
 * eftf_device_init - register the link kind
 *
 * Context: process, module loading.
 * Return: 0 or a negative errno.
 */
int __init eftf_device_init(void)
{
	return rtnl_link_register(&eftf_link_ops);
}

/**
 * eftf_device_exit - delete every device, and unregister the link kind
 *
 * Context: process, module unloading; waits until the last device is gone.
 */
void eftf_device_exit(void)
{
	rtnl_link_unregister(&eftf_link_ops);
}
