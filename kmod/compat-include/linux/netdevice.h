/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_COMPAT_LINUX_NETDEVICE_H
#define EFTF_COMPAT_LINUX_NETDEVICE_H
#include_next <linux/netdevice.h>
#include <linux/slab.h>

/* dev->lltx was a feature bit */
static inline void eftf_compat_set_lltx(struct net_device *dev)
{
#ifdef EFTF_HAVE_DEV_LLTX
	dev->lltx = true;
#else
	dev->features |= NETIF_F_LLTX;
#endif
}

/* dev->netns_immutable was a feature bit */
static inline void eftf_compat_set_netns_immutable(struct net_device *dev)
{
#ifdef EFTF_HAVE_NETNS_IMMUTABLE
	dev->netns_immutable = true;
#else
	dev->features |= NETIF_F_NETNS_LOCAL;
#endif
}

/* init_dummy_netdev() was given memory of the caller's */
#ifndef EFTF_HAVE_NETDEV_DUMMY
static inline struct net_device *eftf_compat_alloc_netdev_dummy(void)
{
	struct net_device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (dev)
		init_dummy_netdev(dev);
	return dev;
}

static inline void eftf_compat_free_netdev(struct net_device *dev)
{
	if (dev->reg_state == NETREG_DUMMY)
		kfree(dev);
	else
		free_netdev(dev);
}

#define alloc_netdev_dummy(sizeof_priv)	eftf_compat_alloc_netdev_dummy()	/* only with 0 */
#define free_netdev(dev)		eftf_compat_free_netdev(dev)
#endif
#endif
