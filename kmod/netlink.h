/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_NETLINK_H
#define EFTF_NETLINK_H

int eftf_netlink_init(void);
void eftf_netlink_exit(void);

#endif
