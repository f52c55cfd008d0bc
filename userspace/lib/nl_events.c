// SPDX-License-Identifier: GPL-2.0-or-later
/* Events of the family "eftf", on a socket that never carries answers. */
#include "nl_sock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>

#include "nl_genl.h"

#define EVENTS_RCVBUF	(1024 * 1024)	/* room for some thousand events that were not read yet */
#define EVENTS_AT_ONCE	256		/* datagrams; then the caller's loop gets its turn */
#define EVENTS_OF_A_FLOOD 65536		/* more than a full socket holds */

/* The generic netlink controller announces with this group that families go. */
#define CTRL_NOTIFY_GROUP	GENL_ID_CTRL

static int join(struct eftf_nlsock *s, uint32_t group, struct eftf_err *err)
{
	int code;

	if (!mnl_socket_setsockopt(s->sock, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return 0;
	code = errno;
	return eftf_err_set(err, code, "cannot join the netlink group for events: %s%s",
			    strerror(code), code == EPERM ? " (needs CAP_NET_ADMIN)" : "");
}

int eftf_nl_events_open(struct eftf_nl **nl, struct eftf_err *err)
{
	struct eftf_nl_family family;
	struct eftf_nl *n;
	int size = EVENTS_RCVBUF, fd, ret;

	/* The question for the group's number is asked by a socket of its own. */
	ret = eftf_nl_open(nl, err);
	if (ret)
		return ret;
	family = (*nl)->family;
	eftf_nl_close(*nl);
	*nl = NULL;
	if (!family.events)
		return eftf_err_set(err, EPROTO, "kernel module eftf has no netlink group \"%s\"",
				    EFTF_MCGRP_EVENTS);

	n = calloc(1, sizeof(*n));
	if (!n)
		return eftf_err_set(err, ENOMEM, "netlink socket: out of memory");
	n->family = family;
	ret = eftf_nlsock_open(&n->s, NETLINK_GENERIC, err);
	if (!ret) {
		fd = mnl_socket_get_fd(n->s.sock);
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
			setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		ret = join(&n->s, family.events, err);
	}
	if (!ret && family.tickets)
		ret = join(&n->s, family.tickets, err);
	if (!ret)
		ret = join(&n->s, CTRL_NOTIFY_GROUP, err);
	if (ret) {
		eftf_nl_close(n);
		return ret;
	}
	*nl = n;
	return 0;
}

/* Does the controller say that the family eftf has gone? */
static bool is_farewell(const struct nlmsghdr *nlh, uint16_t family)
{
	struct eftf_nl_family gone;
	struct genlmsghdr genl;

	if (eftf_nl_family_parse(nlh, &gone) || gone.id != family)
		return false;
	memcpy(&genl, mnl_nlmsg_get_payload(nlh), sizeof(genl));
	return genl.cmd == CTRL_CMD_DELFAMILY;
}

static int take(struct eftf_nl *nl, const struct nlmsghdr *nlh, eftf_nl_tunnel_fn fn, void *arg,
		struct eftf_err *err)
{
	struct eftf_tunnel_info info;

	if (nlh->nlmsg_type == NLMSG_OVERRUN)
		return -ENOBUFS;
	if (nlh->nlmsg_type == GENL_ID_CTRL && is_farewell(nlh, nl->family.id))
		return eftf_err_set(err, ENOENT, "kernel module eftf was unloaded");
	if (nlh->nlmsg_type != nl->family.id || eftf_nl_tunnel_parse(nlh, &info))
		return 0;
	if (info.cmd >= EFTF_CMD_EVENT_UP && info.cmd <= EFTF_CMD_EVENT_KEY_UPDATE)
		fn(&info, arg);
	return 0;
}

/*
 * The kernel says once that events were lost, and loses more without a word
 * until the socket is empty: a dump that was asked for before that would miss them.
 */
int eftf_nl_events_read(struct eftf_nl *nl, eftf_nl_tunnel_fn fn, void *arg, struct eftf_err *err)
{
	bool lost = false;
	int i, ret;

	for (i = 0; i < (lost ? EVENTS_OF_A_FLOOD : EVENTS_AT_ONCE); i++) {
		const struct nlmsghdr *nlh = NULL;
		size_t len;

		ret = eftf_nlsock_recv(nl->s.sock, nl->s.buf, sizeof(nl->s.buf), MSG_DONTWAIT);
		if (ret == -EAGAIN)
			break;
		if (ret == -ENOBUFS) {
			lost = true;
			continue;
		}
		if (ret < 0)
			return eftf_err_set(err, -ret, "cannot read events: %s", strerror(-ret));
		len = (size_t)ret;
		while ((nlh = eftf_nl_msg_next(nl->s.buf, len, nlh))) {
			ret = take(nl, nlh, fn, arg, err);
			if (ret == -ENOBUFS)
				lost = true;
			else if (ret)
				return ret;
		}
	}
	if (lost)
		return eftf_err_set(err, ENOBUFS, "events were lost: too many came at once");
	return 0;
}
