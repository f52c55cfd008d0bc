/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_DEVICE_H
#define EFTF_DEVICE_H

#include <linux/eftf.h>
#include <linux/netdevice.h>

#include "table.h"

/**
 * struct eftf_dev - private part of an eftf net_device
 * @dev: the device
 * @role: enum eftf_role, fixed when the link is made
 * @ue_to_ue: packets that came in by this device may leave by it
 * @wq: TX and RX workers of its tunnels. A foreign user of a socket can block
 *	them; on a queue of their own they hold up nobody else
 * @release_wq: the works that release its transports. They free a blocked
 *	worker, so they have a queue of their own; they can be blocked, too, and
 *	then hold up the end of this device, but not those of others (eftf_wq);
 *	only the unloading of a module with links waits for every device that ends
 * @queued: octets of memory in the queues of all tunnels
 * @napi_dev: dummy device that the tunnels' NAPI contexts belong to
 * @lock: serialises changes of @table and @tunnels; taken in process context,
 *	may be taken under RTNL
 * @table: lookup of tunnels; read under RCU
 * @tunnels: every tunnel that is not freed yet, also closing ones
 * @dying: set under @lock when the link goes: no new tunnels
 */
struct eftf_dev {
	struct net_device *dev;
	u8 role;
	bool ue_to_ue;
	struct workqueue_struct *wq;
	struct workqueue_struct *release_wq;
	atomic_long_t queued;
	struct net_device *napi_dev;
	struct mutex lock;
	struct eftf_table table;
	struct list_head tunnels;
	bool dying;
};

struct eftf_dev *eftf_dev_get(struct net *net, u32 ifindex, netdevice_tracker *tracker,
			      struct netlink_ext_ack *extack);
void eftf_dev_put(struct eftf_dev *edev, netdevice_tracker *tracker);
bool eftf_dev_is_eftf(const struct net_device *dev);
int eftf_device_init(void);
void eftf_device_exit(void);

#endif
