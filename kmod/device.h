/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_DEVICE_H
#define EFTF_DEVICE_H

#include <linux/netdevice.h>

struct eftf_dev;
struct netlink_ext_ack;

struct eftf_dev *eftf_dev_get(struct net *net, u32 ifindex, netdevice_tracker *tracker,
			      struct netlink_ext_ack *extack);
void eftf_dev_put(struct eftf_dev *edev, netdevice_tracker *tracker);
bool eftf_dev_is_eftf(const struct net_device *dev);
int eftf_device_init(void);
void eftf_device_exit(void);

#endif
