// SPDX-License-Identifier: GPL-2.0-only
/*
 * eftf: the tunnel of 3GPP TS 33.203 Annex W.2 and TS 24.322 (FTT-IMS) as a
 * network device whose packets travel in envelopes over a kTLS socket.
 */
#include <linux/eftf.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>
#include <net/rtnetlink.h>

#include "buffer.h"
#include "device.h"
#include "eftf_version.h"
#include "end.h"
#include "netlink.h"
#include "owner.h"

static int __init eftf_init(void)
{
	int err;

	err = eftf_end_init();
	if (err)
		return err;
	err = eftf_owner_init();
	if (err)
		goto err_end;
	err = eftf_netlink_init();
	if (err)
		goto err_owner;
	err = eftf_device_init();
	if (err)
		goto err_netlink;
	return 0;

err_netlink:
	eftf_netlink_exit();
err_owner:
	eftf_owner_exit();
err_end:
	eftf_end_exit();
	return err;
}

static void __exit eftf_exit(void)
{
	/* takes the devices and, with their last references, the tunnels down */
	eftf_device_exit();
	eftf_netlink_exit();
	eftf_owner_exit();
	eftf_end_exit();
	eftf_buffer_exit();
	rcu_barrier();
}

module_init(eftf_init);
module_exit(eftf_exit);
MODULE_DESCRIPTION("Firewall traversal tunnel of 3GPP TS 24.322 over kTLS");
MODULE_LICENSE("GPL");
MODULE_VERSION(EFTF_VERSION);
MODULE_SOFTDEP("pre: tls");
MODULE_ALIAS_RTNL_LINK(EFTF_LINK_KIND);
MODULE_ALIAS_GENL_FAMILY(EFTF_GENL_NAME);
