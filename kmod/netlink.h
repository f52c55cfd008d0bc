/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_NETLINK_H
#define EFTF_NETLINK_H

#include <net/genetlink.h>

#define EFTF_MCGRP_INDEX 0

extern struct genl_family eftf_genl_family;

int eftf_netlink_init(void);
void eftf_netlink_exit(void);

#endif
