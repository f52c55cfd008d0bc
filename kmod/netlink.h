/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_NETLINK_H
#define EFTF_NETLINK_H

#include <net/genetlink.h>

enum eftf_group {
	EFTF_GROUP_EVENTS,
	EFTF_GROUP_TICKETS,
};

extern struct genl_family eftf_genl_family;

int eftf_netlink_init(void);
void eftf_netlink_exit(void);

#endif
