/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only place that knows differences between kernels. The EFTF_HAVE_*
 * switches come from Kbuild, which looks into the headers of the build.
 */
#ifndef EFTF_COMPAT_H
#define EFTF_COMPAT_H

#include <linux/netdevice.h>
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

#ifndef timer_container_of
#define timer_container_of from_timer
#endif

#endif /* EFTF_COMPAT_H */
