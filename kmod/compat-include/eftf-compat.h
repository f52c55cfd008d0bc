/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only place that knows differences between kernels. The EFTF_HAVE_*
 * switches come from Kbuild, which looks into the headers of the build.
 */
#ifndef EFTF_COMPAT_H
#define EFTF_COMPAT_H

#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>

#ifdef EFTF_HAVE_DEV_LLTX
#define eftf_compat_set_lltx(dev)	((dev)->lltx = true)
#else
#define eftf_compat_set_lltx(dev)	((dev)->features |= NETIF_F_LLTX)
#endif

#ifdef EFTF_HAVE_NETNS_IMMUTABLE
#define eftf_compat_pin_netns(dev)	((dev)->netns_immutable = true)
#else
#define eftf_compat_pin_netns(dev)	((dev)->features |= NETIF_F_NETNS_LOCAL)
#endif

#ifdef EFTF_HAVE_GENL_INFO_DUMP
#define eftf_compat_dump_attrs(cb)	(genl_info_dump(cb)->attrs)
#else
#define eftf_compat_dump_attrs(cb)	(genl_dumpit_info(cb)->attrs)
#endif

#ifdef EFTF_HAVE_NEWLINK_PARAMS
#define EFTF_NEWLINK_ARGS						\
	struct net_device *dev, struct rtnl_newlink_params *params,	\
	struct netlink_ext_ack *extack
#define eftf_compat_newlink_data()	(params->data)
#else
#define EFTF_NEWLINK_ARGS						\
	struct net *src_net, struct net_device *dev, struct nlattr *tb[],	\
	struct nlattr *data[], struct netlink_ext_ack *extack
#define eftf_compat_newlink_data()	(data)
#endif

/* Something for NAPI contexts to belong to that is not seen by anybody. */
#ifdef EFTF_HAVE_NETDEV_DUMMY
#define eftf_compat_napi_dev_alloc()	alloc_netdev_dummy(0)
#define eftf_compat_napi_dev_free(dev)	free_netdev(dev)
#else
static inline struct net_device *eftf_compat_napi_dev_alloc(void)
{
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (dev)
		init_dummy_netdev(dev);
	return dev;
}
#define eftf_compat_napi_dev_free(dev)	kfree(dev)
#endif

/* TLS takes new keys for a connection that has some; TLS_TX and TLS_RX fail with EBUSY before. */
#ifdef EFTF_HAVE_TLS_REKEY
#define EFTF_KERNEL_CAN_REKEY	1
#else
#define EFTF_KERNEL_CAN_REKEY	0
#endif

/* Memory of a device that the processor cannot read (devmem TCP) is new. */
#ifdef EFTF_HAVE_SKB_FRAGS_READABLE
#define eftf_compat_readable(skb)	skb_frags_readable(skb)
#else
#define eftf_compat_readable(skb)	true
#endif

#ifndef timer_container_of
#define timer_container_of from_timer
#endif

#endif /* EFTF_COMPAT_H */
