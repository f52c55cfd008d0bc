// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events, in the multicast groups of the device's network namespace.
 * A listener that is too slow, or whose event found no memory, is told by
 * ENOBUFS on its own socket and can have the present state by a dump.
 */
#include <net/genetlink.h>

#include "describe.h"
#include "end.h"
#include "event.h"
#include "types.h"

#define EFTF_EVENT_TICKET_MAX 2048	/* bytes of a ticket that are passed on */

static enum eftf_group eftf_event_group(u8 cmd)
{
	return cmd == EFTF_CMD_EVENT_TICKET ? EFTF_GROUP_TICKETS : EFTF_GROUP_EVENTS;
}

static void eftf_event_lost(struct eftf_tunnel *tunnel, enum eftf_group group)
{
	genl_set_err(&eftf_genl_family, dev_net(tunnel->edev->dev), 0, group, -ENOBUFS);
}

/* Return: message with IFINDEX and ID in it; NULL without listeners. */
static struct sk_buff *eftf_event_begin(struct eftf_tunnel *tunnel, u8 cmd, size_t room,
					void **hdr, gfp_t gfp)
{
	enum eftf_group group = eftf_event_group(cmd);
	struct net_device *dev = tunnel->edev->dev;
	struct sk_buff *msg;

	if (!genl_has_listeners(&eftf_genl_family, dev_net(dev), group))
		return NULL;
	msg = genlmsg_new(room, gfp);
	if (!msg) {
		eftf_event_lost(tunnel, group);
		return NULL;
	}
	*hdr = genlmsg_put(msg, 0, 0, &eftf_genl_family, 0, cmd);
	if (*hdr && !nla_put_u32(msg, EFTF_A_IFINDEX, dev->ifindex) &&
	    !nla_put_string(msg, EFTF_A_IFNAME, dev->name) &&
	    !nla_put_u32(msg, EFTF_A_ID, tunnel->config.id))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static void eftf_event_send(struct eftf_tunnel *tunnel, struct sk_buff *msg, void *hdr, gfp_t gfp)
{
	const struct genlmsghdr *genl = nlmsg_data(nlmsg_hdr(msg));

	genlmsg_end(msg, hdr);
	genlmsg_multicast_netns(&eftf_genl_family, dev_net(tunnel->edev->dev), msg, 0,
				eftf_event_group(genl->cmd), gfp);
}

static int eftf_event_put_end(struct sk_buff *msg, const struct eftf_end *end)
{
	if (nla_put_u32(msg, EFTF_A_REASON, end->reason) ||
	    nla_put_string(msg, EFTF_A_REASON_NAME, eftf_end_reason_name(end->reason)))
		return -EMSGSIZE;
	if (end->reason == EFTF_REASON_ALERT && nla_put_u8(msg, EFTF_A_ALERT, end->alert))
		return -EMSGSIZE;
	if (end->reason == EFTF_REASON_ERROR && nla_put_u32(msg, EFTF_A_ERRNO, end->error))
		return -EMSGSIZE;
	return 0;
}

/**
 * eftf_event_up - a tunnel was made
 * @tunnel: tunnel
 *
 * Context: process.
 */
void eftf_event_up(struct eftf_tunnel *tunnel)
{
	struct sk_buff *msg;
	void *hdr;

	msg = eftf_event_begin(tunnel, EFTF_CMD_EVENT_UP, EFTF_DESCRIBE_SIZE, &hdr, GFP_KERNEL);
	if (!msg)
		return;
	if (eftf_describe(msg, tunnel))
		nlmsg_free(msg);
	else
		eftf_event_send(tunnel, msg, hdr, GFP_KERNEL);
}

/**
 * eftf_event_down - a tunnel ended; with its last counters
 * @tunnel: tunnel
 *
 * Context: process.
 */
void eftf_event_down(struct eftf_tunnel *tunnel)
{
	struct sk_buff *msg;
	void *hdr;

	msg = eftf_event_begin(tunnel, EFTF_CMD_EVENT_DOWN, EFTF_DESCRIBE_SIZE, &hdr, GFP_KERNEL);
	if (!msg)
		return;
	if (eftf_event_put_end(msg, &tunnel->end) || eftf_describe(msg, tunnel))
		nlmsg_free(msg);
	else
		eftf_event_send(tunnel, msg, hdr, GFP_KERNEL);
}

/**
 * eftf_event_rekey - a key is worn out soon
 * @tunnel: tunnel
 * @direction: of the key
 * @records: records under it
 *
 * Context: process.
 */
void eftf_event_rekey(struct eftf_tunnel *tunnel, enum eftf_direction direction, u64 records)
{
	u16 attr = direction == EFTF_DIRECTION_TX ? EFTF_A_KEY_RECORDS_TX : EFTF_A_KEY_RECORDS_RX;
	struct sk_buff *msg;
	void *hdr;

	msg = eftf_event_begin(tunnel, EFTF_CMD_EVENT_REKEY, NLMSG_DEFAULT_SIZE, &hdr, GFP_KERNEL);
	if (!msg)
		return;
	if (nla_put_u8(msg, EFTF_A_DIRECTION, direction) ||
	    nla_put_u64_64bit(msg, attr, records, EFTF_A_PAD))
		nlmsg_free(msg);
	else
		eftf_event_send(tunnel, msg, hdr, GFP_KERNEL);
}

/**
 * eftf_event_key_update - the peer has announced its next key
 * @tunnel: tunnel
 * @transport: serial number of the transport
 * @requested: a new sending key is wanted, too
 *
 * Context: process.
 * Return: true if there is a listener.
 */
bool eftf_event_key_update(struct eftf_tunnel *tunnel, u32 transport, bool requested)
{
	struct sk_buff *msg;
	void *hdr;

	msg = eftf_event_begin(tunnel, EFTF_CMD_EVENT_KEY_UPDATE, NLMSG_DEFAULT_SIZE, &hdr,
			       GFP_KERNEL);
	if (!msg)
		return false;
	if (nla_put_u32(msg, EFTF_A_TRANSPORT, transport) ||
	    nla_put_u8(msg, EFTF_A_UPDATE_REQUESTED, requested)) {
		nlmsg_free(msg);
		return false;
	}
	eftf_event_send(tunnel, msg, hdr, GFP_KERNEL);
	return true;
}

/**
 * eftf_event_ticket - a NewSessionTicket came
 * @tunnel: tunnel
 * @data: handshake message, or its beginning
 * @len: bytes; a longer ticket than a listener can use is not passed on
 *
 * Context: process.
 */
void eftf_event_ticket(struct eftf_tunnel *tunnel, const u8 *data, size_t len)
{
	struct sk_buff *msg;
	void *hdr;

	if (len > EFTF_EVENT_TICKET_MAX)
		return;
	msg = eftf_event_begin(tunnel, EFTF_CMD_EVENT_TICKET, NLMSG_DEFAULT_SIZE, &hdr,
			       GFP_KERNEL);
	if (!msg)
		return;
	if (nla_put(msg, EFTF_A_TICKET, len, data))
		nlmsg_free(msg);
	else
		eftf_event_send(tunnel, msg, hdr, GFP_KERNEL);
}

/**
 * eftf_event_stalled - the socket takes nothing more, or nothing is acknowledged
 * @tp: current transport of its tunnel
 *
 * Context: softirq.
 */
void eftf_event_stalled(struct eftf_transport *tp)
{
	struct eftf_tunnel *tunnel = tp->tunnel;
	struct sk_buff *msg;
	void *hdr;

	msg = eftf_event_begin(tunnel, EFTF_CMD_EVENT_STALLED, NLMSG_DEFAULT_SIZE, &hdr,
			       GFP_ATOMIC);
	if (!msg)
		return;
	if (nla_put_u32(msg, EFTF_A_QUEUE_PACKETS, READ_ONCE(tunnel->queue.packets)) ||
	    nla_put_u32(msg, EFTF_A_QUEUE_BYTES, READ_ONCE(tunnel->queue.bytes)) ||
	    nla_put_u32(msg, EFTF_A_TRANSPORT, tp->serial) || eftf_describe_path(msg, tp))
		nlmsg_free(msg);
	else
		eftf_event_send(tunnel, msg, hdr, GFP_ATOMIC);
}

/**
 * eftf_event_swapped - the old transport of a swap is gone
 * @tunnel: tunnel, which goes on
 * @end: how the old one ended
 *
 * Context: process.
 */
void eftf_event_swapped(struct eftf_tunnel *tunnel, const struct eftf_end *end)
{
	struct sk_buff *msg;
	void *hdr;

	msg = eftf_event_begin(tunnel, EFTF_CMD_EVENT_SWAPPED, NLMSG_DEFAULT_SIZE, &hdr,
			       GFP_KERNEL);
	if (!msg)
		return;
	if (eftf_event_put_end(msg, end))
		nlmsg_free(msg);
	else
		eftf_event_send(tunnel, msg, hdr, GFP_KERNEL);
}
