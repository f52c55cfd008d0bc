// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family "eftf": commands on tunnels. Every refusal says
 * why in extack.
 */
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "config.h"
#include "describe.h"
#include "device.h"
#include "end.h"
#include "event.h"
#include "key.h"
#include "ktls.h"
#include "netlink.h"
#include "owner.h"
#include "table.h"
#include "timer.h"
#include "transport.h"
#include "tunnel.h"
#include "types.h"

#define EFTF_STALL_DEFAULT	10		/* s */

static struct netlink_range_validation eftf_id_range = {
	.min = 1,
	.max = S32_MAX,
};

/*
 * What a command does not know it refuses (strict validation), so that it can
 * be given a meaning later.
 */
#define EFTF_POLICY_WHICH							\
	[EFTF_A_IFINDEX] = NLA_POLICY_MIN(NLA_U32, 1),				\
	[EFTF_A_ID] = NLA_POLICY_FULL_RANGE(NLA_U32, &eftf_id_range)
#define EFTF_POLICY_SETTINGS							\
	[EFTF_A_KEEPALIVE] = { .type = NLA_U32 },				\
	[EFTF_A_TIMEOUT] = { .type = NLA_U32 },					\
	[EFTF_A_STALL] = { .type = NLA_U32 },					\
	[EFTF_A_PERSISTENT] = NLA_POLICY_MAX(NLA_U8, 1),			\
	[EFTF_A_RECORD_LIMIT] = { .type = NLA_U64 }

/* All have this size: the handlers look at any attribute. */
typedef const struct nla_policy eftf_policy[EFTF_A_MAX + 1];

static eftf_policy eftf_policy_which = {
	EFTF_POLICY_WHICH,
};

static eftf_policy eftf_policy_new = {
	EFTF_POLICY_WHICH,
	EFTF_POLICY_SETTINGS,
	[EFTF_A_FD] = NLA_POLICY_MIN(NLA_S32, 0),
	[EFTF_A_INNER4] = NLA_POLICY_EXACT_LEN(sizeof(__be32)),
	[EFTF_A_INNER6] = NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[EFTF_A_INNER6_PLEN] = NLA_POLICY_RANGE(NLA_U8, 1, 128),
	[EFTF_A_GATEWAY4] = NLA_POLICY_EXACT_LEN(sizeof(__be32)),
	[EFTF_A_GATEWAY6] = NLA_POLICY_EXACT_LEN(sizeof(struct in6_addr)),
	[EFTF_A_NEGOTIATED] = { .type = NLA_FLAG },
};

static eftf_policy eftf_policy_set = {
	EFTF_POLICY_WHICH,
	EFTF_POLICY_SETTINGS,
};

static eftf_policy eftf_policy_swap = {
	EFTF_POLICY_WHICH,
	[EFTF_A_FD] = NLA_POLICY_MIN(NLA_S32, 0),
};

static eftf_policy eftf_policy_rekey = {
	EFTF_POLICY_WHICH,
	[EFTF_A_TRANSPORT] = { .type = NLA_U32 },
	[EFTF_A_KEY_TX] = { .type = NLA_BINARY, .len = sizeof(union eftf_ktls_key) },
	[EFTF_A_KEY_RX] = { .type = NLA_BINARY, .len = sizeof(union eftf_ktls_key) },
	[EFTF_A_UPDATE_REQUESTED] = NLA_POLICY_MAX(NLA_U8, 1),
};

static bool eftf_missing(struct genl_info *info, int attr, const char *text)
{
	if (info->attrs[attr])
		return false;
	if (info->extack)
		info->extack->_msg = text;
	return true;
}

/*
 * A tunnel without owner and its socket keep each other, and their namespace,
 * alive for good. Root of a user namespace could leave any number of them behind:
 * the capability has to be that of the first user namespace.
 */
static int eftf_may_persist(struct sk_buff *skb, struct netlink_ext_ack *extack)
{
	if (netlink_capable(skb, CAP_NET_ADMIN))
		return 0;
	NL_SET_ERR_MSG(extack, "a persistent tunnel needs CAP_NET_ADMIN of the initial user namespace");
	return -EPERM;
}

/*
 * The message was made beforehand and has room: what was done must not be
 * reported as a failure for want of an answer.
 */
static void eftf_reply_id(struct sk_buff *msg, struct genl_info *info, u32 ifindex, u32 id)
{
	void *hdr = genlmsg_put_reply(msg, info, &eftf_genl_family, 0, EFTF_CMD_TUNNEL_NEW);

	if (!hdr || nla_put_u32(msg, EFTF_A_IFINDEX, ifindex) ||
	    nla_put_u32(msg, EFTF_A_ID, id)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, hdr);
	genlmsg_reply(msg, info);
}

static int eftf_nl_insert(struct genl_info *info, struct eftf_tunnel *tunnel, u32 *id)
{
	struct eftf_dev *edev = tunnel->edev;
	int err;

	mutex_lock(&edev->lock);
	if (edev->dying) {
		NL_SET_ERR_MSG(info->extack, "the device is being deleted");
		err = -ENODEV;
	} else if (edev->role == EFTF_ROLE_UE && edev->table.count) {
		NL_SET_ERR_MSG(info->extack, "a device of role ue has one tunnel, and has it already");
		err = -EEXIST;
	} else {
		err = eftf_tunnel_insert(tunnel, genl_info_net(info), info->snd_portid,
					info->extack);
		*id = tunnel->config.id;
	}
	mutex_unlock(&edev->lock);
	if (err)
		eftf_tunnel_destroy(tunnel);
	return err;
}

static int eftf_nl_tunnel_new(struct sk_buff *skb, struct genl_info *info)
{
	struct eftf_tunnel_config config = { .stall = EFTF_STALL_DEFAULT };
	netdevice_tracker tracker;
	struct eftf_tunnel *tunnel;
	struct eftf_dev *edev;
	struct sk_buff *msg;
	u32 id = 0;
	int err;

	if (eftf_missing(info, EFTF_A_IFINDEX, "IFINDEX is missing: which device?") ||
	    eftf_missing(info, EFTF_A_FD, "FD is missing: which socket?"))
		return -EINVAL;
	err = eftf_config_parse(info->attrs, &config, info->extack);
	if (!err && config.persistent)
		err = eftf_may_persist(skb, info->extack);
	if (err)
		return err;
	msg = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	edev = eftf_dev_get(genl_info_net(info), nla_get_u32(info->attrs[EFTF_A_IFINDEX]),
			    &tracker, info->extack);
	if (IS_ERR(edev)) {
		nlmsg_free(msg);
		return PTR_ERR(edev);
	}
	tunnel = eftf_tunnel_create(edev, &config, nla_get_s32(info->attrs[EFTF_A_FD]),
				 netlink_capable(skb, CAP_NET_ADMIN), info->extack);
	err = IS_ERR(tunnel) ? PTR_ERR(tunnel) : eftf_nl_insert(info, tunnel, &id);
	if (err)
		nlmsg_free(msg);
	else
		eftf_reply_id(msg, info, edev->dev->ifindex, id);
	eftf_dev_put(edev, &tracker);
	return err;
}

/*
 * Finds the tunnel that a command names. Return: tunnel, with its device's
 * lock held and the device in @edev referenced: eftf_nl_unlock_tunnel().
 */
static struct eftf_tunnel *eftf_nl_lock_tunnel(struct genl_info *info, struct eftf_dev **edev,
					       netdevice_tracker *tracker)
{
	struct eftf_tunnel *tunnel;

	if (eftf_missing(info, EFTF_A_IFINDEX, "IFINDEX is missing: which device?") ||
	    eftf_missing(info, EFTF_A_ID, "ID is missing: which tunnel?"))
		return ERR_PTR(-EINVAL);
	*edev = eftf_dev_get(genl_info_net(info), nla_get_u32(info->attrs[EFTF_A_IFINDEX]),
			     tracker, info->extack);
	if (IS_ERR(*edev))
		return ERR_CAST(*edev);
	mutex_lock(&(*edev)->lock);
	tunnel = eftf_table_by_id(&(*edev)->table, nla_get_u32(info->attrs[EFTF_A_ID]));
	if (tunnel)
		return tunnel;
	mutex_unlock(&(*edev)->lock);
	eftf_dev_put(*edev, tracker);
	NL_SET_ERR_MSG(info->extack, "the device has no tunnel with this id");
	return ERR_PTR(-ENOENT);
}

static void eftf_nl_unlock_tunnel(struct eftf_dev *edev, netdevice_tracker *tracker)
{
	mutex_unlock(&edev->lock);
	eftf_dev_put(edev, tracker);
}

static int eftf_nl_tunnel_apply(struct sk_buff *skb, struct genl_info *info,
				struct eftf_tunnel *tunnel)
{
	struct eftf_tunnel_config *c = &tunnel->config;
	struct eftf_tunnel_config changed = *c;
	int err;

	err = eftf_config_parse_times(info->attrs, &changed, info->extack);
	if (err)
		return err;
	if (info->attrs[EFTF_A_PERSISTENT])
		changed.persistent = nla_get_u8(info->attrs[EFTF_A_PERSISTENT]);
	if (changed.persistent != c->persistent) {
		if (changed.persistent)
			err = eftf_may_persist(skb, info->extack);
		else
			err = eftf_owner_join(tunnel, genl_info_net(info), info->snd_portid);
		if (err)
			return err;
		if (changed.persistent)
			eftf_owner_leave(tunnel);
		WRITE_ONCE(c->persistent, changed.persistent);
	}
	if (info->attrs[EFTF_A_RECORD_LIMIT])
		eftf_tunnel_limit(tunnel, nla_get_u64(info->attrs[EFTF_A_RECORD_LIMIT]));
	WRITE_ONCE(c->keepalive, changed.keepalive);
	if (changed.timeout != c->timeout)
		eftf_timer_received(tunnel);	/* silence counts from now on */
	WRITE_ONCE(c->timeout, changed.timeout);
	WRITE_ONCE(c->stall, changed.stall);
	eftf_timer_start(tunnel);
	return 0;
}

static int eftf_nl_tunnel_set(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct eftf_tunnel *tunnel;
	struct eftf_dev *edev;
	int err;

	tunnel = eftf_nl_lock_tunnel(info, &edev, &tracker);
	if (IS_ERR(tunnel))
		return PTR_ERR(tunnel);
	if (READ_ONCE(tunnel->closing)) {
		NL_SET_ERR_MSG(info->extack, "the tunnel is ending");
		err = -ESHUTDOWN;
	} else {
		err = eftf_nl_tunnel_apply(skb, info, tunnel);
	}
	eftf_nl_unlock_tunnel(edev, &tracker);
	return err;
}

static int eftf_nl_tunnel_swap(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct eftf_transport *tp;
	struct eftf_tunnel *tunnel;
	struct eftf_dev *edev;
	int err;

	if (eftf_missing(info, EFTF_A_FD, "FD is missing: which socket?"))
		return -EINVAL;
	tunnel = eftf_nl_lock_tunnel(info, &edev, &tracker);
	if (IS_ERR(tunnel))
		return PTR_ERR(tunnel);
	eftf_tunnel_get(tunnel);
	mutex_unlock(&edev->lock);
	tp = eftf_transport_create(tunnel, nla_get_s32(info->attrs[EFTF_A_FD]),
				netlink_capable(skb, CAP_NET_ADMIN), info->extack);
	if (IS_ERR(tp)) {
		err = PTR_ERR(tp);
	} else {
		mutex_lock(&edev->lock);
		err = eftf_tunnel_swap(tunnel, tp, info->extack);
		mutex_unlock(&edev->lock);
		if (err)
			eftf_transport_destroy(tp);
	}
	eftf_tunnel_put(tunnel);
	eftf_dev_put(edev, &tracker);
	return err;
}

static void eftf_nl_wipe(struct nlattr *attr)
{
	if (attr)
		memzero_explicit(nla_data(attr), nla_len(attr));
}

static int eftf_nl_tunnel_rekey(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	const struct eftf_key_change change = {
		.transport = attrs[EFTF_A_TRANSPORT] ? nla_get_u32(attrs[EFTF_A_TRANSPORT]) : 0,
		.tx = attrs[EFTF_A_KEY_TX],
		.rx = attrs[EFTF_A_KEY_RX],
		.request = attrs[EFTF_A_UPDATE_REQUESTED] &&
			   nla_get_u8(attrs[EFTF_A_UPDATE_REQUESTED]),
	};
	netdevice_tracker tracker;
	struct eftf_tunnel *tunnel;
	struct eftf_dev *edev;
	int err;

	if (!change.rx && eftf_missing(info, EFTF_A_KEY_TX, "KEY_TX and KEY_RX are missing: which key?"))
		return -EINVAL;
	err = -EINVAL;
	if (eftf_missing(info, EFTF_A_TRANSPORT, "TRANSPORT is missing: a key of which connection?"))
		goto out;
	tunnel = eftf_nl_lock_tunnel(info, &edev, &tracker);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (err)
		goto out;
	if (READ_ONCE(tunnel->closing)) {
		NL_SET_ERR_MSG(info->extack, "the tunnel is ending");
		err = -ESHUTDOWN;
	} else {
		err = eftf_key_change(tunnel, &change, info->extack);
	}
	eftf_nl_unlock_tunnel(edev, &tracker);
out:
	eftf_nl_wipe(attrs[EFTF_A_KEY_TX]);
	eftf_nl_wipe(attrs[EFTF_A_KEY_RX]);
	return err;
}

static int eftf_nl_tunnel_del(struct sk_buff *skb, struct genl_info *info)
{
	const struct eftf_end end = { .reason = EFTF_REASON_DELETED };
	netdevice_tracker tracker;
	struct eftf_tunnel *tunnel;
	struct eftf_dev *edev;

	tunnel = eftf_nl_lock_tunnel(info, &edev, &tracker);
	if (IS_ERR(tunnel))
		return PTR_ERR(tunnel);
	eftf_tunnel_get(tunnel);
	eftf_end_close(tunnel, NULL, &end);
	mutex_unlock(&edev->lock);
	/* so that its id and addresses are free when the caller is told */
	flush_work(&tunnel->close_work);
	eftf_tunnel_put(tunnel);
	eftf_dev_put(edev, &tracker);
	return 0;
}

static int eftf_nl_put_tunnel(struct sk_buff *msg, struct eftf_tunnel *tunnel, u32 portid, u32 seq,
			      int flags)
{
	struct net_device *dev = tunnel->edev->dev;
	void *hdr;

	hdr = genlmsg_put(msg, portid, seq, &eftf_genl_family, flags, EFTF_CMD_TUNNEL_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (nla_put_u32(msg, EFTF_A_IFINDEX, dev->ifindex) ||
	    nla_put_string(msg, EFTF_A_IFNAME, dev->name) ||
	    nla_put_u32(msg, EFTF_A_ID, tunnel->config.id) ||
	    eftf_describe(msg, tunnel)) {
		genlmsg_cancel(msg, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return 0;
}

static int eftf_nl_tunnel_get(struct sk_buff *skb, struct genl_info *info)
{
	netdevice_tracker tracker;
	struct eftf_tunnel *tunnel;
	struct eftf_dev *edev;
	struct sk_buff *msg;
	int err;

	msg = genlmsg_new(EFTF_DESCRIBE_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	tunnel = eftf_nl_lock_tunnel(info, &edev, &tracker);
	if (IS_ERR(tunnel)) {
		err = PTR_ERR(tunnel);
	} else {
		err = eftf_nl_put_tunnel(msg, tunnel, info->snd_portid, info->snd_seq, 0);
		eftf_nl_unlock_tunnel(edev, &tracker);
	}
	if (!err)
		return genlmsg_reply(msg, info);
	nlmsg_free(msg);
	return err;
}

/* A device's tunnels from *@id on. Return: -EMSGSIZE when @msg is full. */
static int eftf_nl_dump_device(struct sk_buff *msg, struct netlink_callback *cb,
			       struct eftf_dev *edev, unsigned long *id)
{
	struct eftf_tunnel *tunnel;
	int err = 0;

	mutex_lock(&edev->lock);
	while ((tunnel = eftf_table_next(&edev->table, id))) {
		err = eftf_nl_put_tunnel(msg, tunnel, NETLINK_CB(cb->skb).portid,
					 cb->nlh->nlmsg_seq, NLM_F_MULTI);
		if (err)
			break;
		++*id;
	}
	mutex_unlock(&edev->lock);
	return err;
}

/* cb->args: ifindex of the device under way, id to go on with */
static int eftf_nl_tunnel_dump(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct nlattr *only = genl_info_dump(cb)->attrs[EFTF_A_IFINDEX];
	u32 ifindex = only ? nla_get_u32(only) : 0;
	struct net *net = sock_net(msg->sk);
	netdevice_tracker tracker;
	unsigned long id = cb->args[1];
	struct net_device *dev;
	struct eftf_dev *edev;
	u32 next;
	int err;

	for (;;) {
		rcu_read_lock();
		next = 0;
		for_each_netdev_rcu(net, dev)
			if (eftf_dev_is_eftf(dev) && dev->ifindex >= cb->args[0] &&
			    (!ifindex || dev->ifindex == ifindex) &&
			    (!next || dev->ifindex < next))
				next = dev->ifindex;
		rcu_read_unlock();
		if (!next)
			break;
		if (next != cb->args[0])
			id = 0;
		edev = eftf_dev_get(net, next, &tracker, NULL);
		if (!IS_ERR(edev)) {
			err = eftf_nl_dump_device(msg, cb, edev, &id);
			eftf_dev_put(edev, &tracker);
			if (err) {
				cb->args[0] = next;
				cb->args[1] = id;
				return msg->len;
			}
		}
		cb->args[0] = next + 1;
		id = 0;
	}
	return msg->len;
}

#define EFTF_OP(command, attributes)						\
	.cmd = EFTF_CMD_TUNNEL_##command, .policy = eftf_policy_##attributes, .maxattr = EFTF_A_MAX

static const struct genl_ops eftf_ops[] = {
	{ EFTF_OP(NEW, new), .flags = GENL_UNS_ADMIN_PERM, .doit = eftf_nl_tunnel_new },
	{ EFTF_OP(SET, set), .flags = GENL_UNS_ADMIN_PERM, .doit = eftf_nl_tunnel_set },
	{ EFTF_OP(SWAP, swap), .flags = GENL_UNS_ADMIN_PERM, .doit = eftf_nl_tunnel_swap },
	{ EFTF_OP(REKEY, rekey), .flags = GENL_UNS_ADMIN_PERM, .doit = eftf_nl_tunnel_rekey },
	{ EFTF_OP(DEL, which), .flags = GENL_UNS_ADMIN_PERM, .doit = eftf_nl_tunnel_del },
	{ EFTF_OP(GET, which), .flags = GENL_UNS_ADMIN_PERM, .doit = eftf_nl_tunnel_get, .dumpit = eftf_nl_tunnel_dump },
};

static const struct genl_multicast_group eftf_mcgrps[] = {
	/* descriptions have the addresses of subscribers */
	[EFTF_GROUP_EVENTS] = { .name = EFTF_MCGRP_EVENTS, .flags = GENL_MCAST_CAP_NET_ADMIN },
	/* TLS encrypts tickets: one that is known makes its user known again */
	[EFTF_GROUP_TICKETS] = { .name = EFTF_MCGRP_TICKETS, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

struct genl_family eftf_genl_family __ro_after_init = {
	.name = EFTF_GENL_NAME,
	.version = EFTF_GENL_VERSION,
	.netnsok = true,
	.module = THIS_MODULE,
	.ops = eftf_ops,
	.n_ops = ARRAY_SIZE(eftf_ops),
	.parallel_ops = true,	/* handlers serialise on eftf_dev.lock */
	.mcgrps = eftf_mcgrps,
	.n_mcgrps = ARRAY_SIZE(eftf_mcgrps),
};

/**
 * eftf_netlink_init - register the generic netlink family
 *
 * Context: process, module loading.
 * Return: 0 or a negative errno.
 */
int __init eftf_netlink_init(void)
{
	return genl_register_family(&eftf_genl_family);
}

/**
 * eftf_netlink_exit - undo eftf_netlink_init()
 *
 * Context: process, module unloading or failed to load.
 */
void eftf_netlink_exit(void)
{
	genl_unregister_family(&eftf_genl_family);
}
