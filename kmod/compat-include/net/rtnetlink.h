/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_COMPAT_NET_RTNETLINK_H
#define EFTF_COMPAT_NET_RTNETLINK_H
#include_next <net/rtnetlink.h>

/*
 * rtnl_link_ops.newlink was given what is in struct rtnl_newlink_params one by
 * one: EFTF_COMPAT_NEWLINK(fn) is fn() in the form that this kernel calls.
 */
#ifdef EFTF_HAVE_NEWLINK_PARAMS
#define EFTF_COMPAT_DEFINE_NEWLINK(fn)
#define EFTF_COMPAT_NEWLINK(fn) fn
#else
struct rtnl_newlink_params {
	struct net *src_net;
	struct nlattr **tb;
	struct nlattr **data;
};

#define EFTF_COMPAT_DEFINE_NEWLINK(fn)						\
static int fn##_compat(struct net *src_net, struct net_device *dev,		\
		       struct nlattr *tb[], struct nlattr *data[],		\
		       struct netlink_ext_ack *extack)				\
{										\
	struct rtnl_newlink_params params = {					\
		.src_net = src_net, .tb = tb, .data = data,			\
	};									\
										\
	return fn(dev, &params, extack);					\
}
#define EFTF_COMPAT_NEWLINK(fn) fn##_compat
#endif
#endif
