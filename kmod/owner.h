/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_OWNER_H
#define EFTF_OWNER_H

#include <linux/types.h>

struct eftf_tunnel;
struct net;

int eftf_owner_join(struct eftf_tunnel *tunnel, struct net *net, u32 portid);
void eftf_owner_leave(struct eftf_tunnel *tunnel);
int eftf_owner_init(void);
void eftf_owner_exit(void);

#endif
