/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_TABLE_H
#define EFTF_TABLE_H

#include <linux/in6.h>
#include <linux/rhashtable.h>
#include <linux/xarray.h>

struct eftf_tunnel;
struct netlink_ext_ack;

/* Different prefix lengths that one device's tunnels may have at a time. */
#define EFTF_TABLE_PLENS 4

/**
 * struct eftf_key6 - key of the IPv6 table
 * @prefix: masked to @plen
 * @plen: prefix length, u32 so that the key has no padding
 */
struct eftf_key6 {
	struct in6_addr prefix;
	u32 plen;
};

/**
 * struct eftf_table - finds tunnels by id, inner IPv4 address, inner IPv6 prefix
 * @ids: by id
 * @next_id: where the search for a free id starts
 * @by4: by inner IPv4 address
 * @by6: by struct eftf_key6
 * @plens: prefix lengths in use, longest first, 0 = unused slot
 * @plen_users: tunnels that use each of them
 * @count: tunnels
 */
struct eftf_table {
	struct xarray ids;
	u32 next_id;
	struct rhashtable by4;
	struct rhashtable by6;
	u8 plens[EFTF_TABLE_PLENS];
	u32 plen_users[EFTF_TABLE_PLENS];
	u32 count;
};

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
