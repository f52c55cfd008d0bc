/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_TABLE_H
#define EFTF_TABLE_H

#include <linux/types.h>

struct eftf_table;
struct eftf_tunnel;
struct in6_addr;
struct netlink_ext_ack;

int eftf_table_init(struct eftf_table *table);
void eftf_table_destroy(struct eftf_table *table);
int eftf_table_add(struct eftf_table *table, struct eftf_tunnel *tunnel,
		   struct netlink_ext_ack *extack);
void eftf_table_del(struct eftf_table *table, struct eftf_tunnel *tunnel);
struct eftf_tunnel *eftf_table_by_id(struct eftf_table *table, u32 id);
struct eftf_tunnel *eftf_table_next(struct eftf_table *table, unsigned long *id);
struct eftf_tunnel *eftf_table_by4(struct eftf_table *table, __be32 addr);
struct eftf_tunnel *eftf_table_by6(struct eftf_table *table, const struct in6_addr *addr);

#endif
