// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the tunnels of a device: by id, by inner IPv4 address, by inner IPv6
 * prefix. All three cost the same with ten tunnels and with ten thousand.
 *
 * Changes are serialised by the device's lock, reads need RCU only.
 */
#include <linux/netlink.h>
#include <net/ipv6.h>

#include "table.h"
#include "types.h"

static const struct rhashtable_params eftf_by4_params = {
	.head_offset = offsetof(struct eftf_tunnel, node4),
	.key_offset = offsetof(struct eftf_tunnel, config.inner4),
	.key_len = sizeof(__be32),
	.automatic_shrinking = true,
};

static const struct rhashtable_params eftf_by6_params = {
	.head_offset = offsetof(struct eftf_tunnel, node6),
	.key_offset = offsetof(struct eftf_tunnel, key6),
	.key_len = sizeof(struct eftf_key6),
	.automatic_shrinking = true,
};

/**
 * eftf_table_init - make an empty table
 * @table: zeroed
 *
 * Context: process.
 * Return: 0 or a negative errno.
 */
int eftf_table_init(struct eftf_table *table)
{
	int err;

	xa_init_flags(&table->ids, XA_FLAGS_ALLOC1);
	err = rhashtable_init(&table->by4, &eftf_by4_params);
	if (err)
		return err;
	err = rhashtable_init(&table->by6, &eftf_by6_params);
	if (err)
		rhashtable_destroy(&table->by4);
	return err;
}

/**
 * eftf_table_destroy - free an empty table
 * @table: table
 *
 * Context: process.
 */
void eftf_table_destroy(struct eftf_table *table)
{
	rhashtable_destroy(&table->by6);
	rhashtable_destroy(&table->by4);
	xa_destroy(&table->ids);
}

/*
 * Notes a user of a prefix length, keeping the longest first. Readers look at
 * the slots without lock: a slot that moves away from under them can cost a
 * lookup its answer once, as any change of the table may.
 */
static int eftf_table_use_plen(struct eftf_table *table, u8 plen)
{
	int i, j;

	for (i = 0; i < EFTF_TABLE_PLENS && table->plens[i] > plen; i++)
		;
	if (i < EFTF_TABLE_PLENS && table->plens[i] == plen) {
		table->plen_users[i]++;
		return 0;
	}
	if (i == EFTF_TABLE_PLENS || table->plens[EFTF_TABLE_PLENS - 1])
		return -ENOSPC;
	for (j = EFTF_TABLE_PLENS - 1; j > i; j--) {
		WRITE_ONCE(table->plens[j], table->plens[j - 1]);
		table->plen_users[j] = table->plen_users[j - 1];
	}
	WRITE_ONCE(table->plens[i], plen);
	table->plen_users[i] = 1;
	return 0;
}

static void eftf_table_unuse_plen(struct eftf_table *table, u8 plen)
{
	int i;

	for (i = 0; i < EFTF_TABLE_PLENS && table->plens[i] != plen; i++)
		;
	if (WARN_ON_ONCE(i == EFTF_TABLE_PLENS) || --table->plen_users[i])
		return;
	for (; i < EFTF_TABLE_PLENS - 1; i++) {
		WRITE_ONCE(table->plens[i], table->plens[i + 1]);
		table->plen_users[i] = table->plen_users[i + 1];
	}
	WRITE_ONCE(table->plens[i], 0);
	table->plen_users[i] = 0;
}

static int eftf_table_add4(struct eftf_table *table, struct eftf_tunnel *tunnel,
			   struct netlink_ext_ack *extack)
{
	int err;

	if (!tunnel->config.has_inner4)
		return 0;
	err = rhashtable_lookup_insert_fast(&table->by4, &tunnel->node4, eftf_by4_params);
	if (err == -EEXIST)
		NL_SET_ERR_MSG(extack, "another tunnel of the device has this inner IPv4 address");
	return err;
}

static int eftf_table_add6(struct eftf_table *table, struct eftf_tunnel *tunnel,
			   struct netlink_ext_ack *extack)
{
	int err;

	if (!tunnel->config.has_inner6)
		return 0;
	err = eftf_table_use_plen(table, tunnel->config.plen);
	if (err) {
		NL_SET_ERR_MSG(extack, "the device's tunnels have four different prefix lengths already");
		return err;
	}
	err = rhashtable_lookup_insert_fast(&table->by6, &tunnel->node6, eftf_by6_params);
	if (!err)
		return 0;
	if (err == -EEXIST)
		NL_SET_ERR_MSG(extack, "another tunnel of the device has this inner IPv6 prefix");
	eftf_table_unuse_plen(table, tunnel->config.plen);
	return err;
}

/**
 * eftf_table_add - add a tunnel
 * @table: table
 * @tunnel: tunnel; gets an id if it has none
 * @extack: told what is taken
 *
 * Context: process, device's lock held.
 * Return: 0, -EEXIST, -ENOSPC, -ENOMEM; readers may have seen a tunnel that is refused, and see
 *	it for another grace period.
 */
int eftf_table_add(struct eftf_table *table, struct eftf_tunnel *tunnel,
		   struct netlink_ext_ack *extack)
{
	u32 *id = &tunnel->config.id;
	int err;

	if (*id)
		err = xa_insert(&table->ids, *id, tunnel, GFP_KERNEL);
	else
		err = xa_alloc_cyclic(&table->ids, id, tunnel, xa_limit_31b, &table->next_id,
				      GFP_KERNEL);
	if (err == -EBUSY) {
		NL_SET_ERR_MSG(extack, "another tunnel of the device has this id");
		return -EEXIST;
	}
	if (err < 0)
		return err;
	err = eftf_table_add4(table, tunnel, extack);
	if (err)
		goto err_id;
	err = eftf_table_add6(table, tunnel, extack);
	if (err)
		goto err_by4;
	WRITE_ONCE(table->count, table->count + 1);
	return 0;

err_by4:
	if (tunnel->config.has_inner4)
		rhashtable_remove_fast(&table->by4, &tunnel->node4, eftf_by4_params);
err_id:
	xa_erase(&table->ids, *id);
	return err;
}

/**
 * eftf_table_del - take a tunnel out
 * @table: table
 * @tunnel: tunnel that is in it; readers may see it for another grace period
 *
 * Context: process, device's lock held.
 */
void eftf_table_del(struct eftf_table *table, struct eftf_tunnel *tunnel)
{
	if (tunnel->config.has_inner6) {
		rhashtable_remove_fast(&table->by6, &tunnel->node6, eftf_by6_params);
		eftf_table_unuse_plen(table, tunnel->config.plen);
	}
	if (tunnel->config.has_inner4)
		rhashtable_remove_fast(&table->by4, &tunnel->node4, eftf_by4_params);
	xa_erase(&table->ids, tunnel->config.id);
	WRITE_ONCE(table->count, table->count - 1);
}

/**
 * eftf_table_by_id - find a tunnel by its id
 * @table: table
 * @id: id
 *
 * Context: RCU or the device's lock.
 * Return: tunnel or NULL.
 */
struct eftf_tunnel *eftf_table_by_id(struct eftf_table *table, u32 id)
{
	return xa_load(&table->ids, id);
}

/**
 * eftf_table_next - walk the tunnels by id
 * @table: table
 * @id: in: the lowest id wanted; out: the id of the one found
 *
 * Context: RCU or the device's lock.
 * Return: tunnel, NULL at the end.
 */
struct eftf_tunnel *eftf_table_next(struct eftf_table *table, unsigned long *id)
{
	return xa_find(&table->ids, id, ULONG_MAX, XA_PRESENT);
}

/**
 * eftf_table_by4 - find a tunnel by its inner IPv4 address
 * @table: table
 * @addr: address
 *
 * Context: RCU.
 * Return: tunnel or NULL.
 */
struct eftf_tunnel *eftf_table_by4(struct eftf_table *table, __be32 addr)
{
	return rhashtable_lookup(&table->by4, &addr, eftf_by4_params);
}

/**
 * eftf_table_by6 - find the tunnel with the longest inner IPv6 prefix that matches
 * @table: table
 * @addr: address
 *
 * Context: RCU.
 * Return: tunnel or NULL.
 */
struct eftf_tunnel *eftf_table_by6(struct eftf_table *table, const struct in6_addr *addr)
{
	struct eftf_tunnel *tunnel;
	struct eftf_key6 key;
	int i;

	for (i = 0; i < EFTF_TABLE_PLENS; i++) {
		key.plen = READ_ONCE(table->plens[i]);
		if (!key.plen)
			return NULL;
		ipv6_addr_prefix(&key.prefix, addr, key.plen);
		tunnel = rhashtable_lookup(&table->by6, &key, eftf_by6_params);
		if (tunnel)
			return tunnel;
	}
	return NULL;
}
