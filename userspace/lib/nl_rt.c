// SPDX-License-Identifier: GPL-2.0-or-later
/* The sockets to rtnetlink. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "nl_sock.h"

#define ROUTES_RCVBUF (1024 * 1024)	/* a routing daemon tells of thousands at a time */

int eftf_rt_open(struct eftf_rt **rt, struct eftf_err *err)
{
	struct eftf_rt *r = calloc(1, sizeof(*r));
	int ret;

	*rt = NULL;
	if (!r)
		return eftf_err_set(err, ENOMEM, "netlink socket: out of memory");
	ret = eftf_nlsock_open(&r->s, NETLINK_ROUTE, err);
	if (ret) {
		free(r);
		return ret;
	}
	*rt = r;
	return 0;
}

void eftf_rt_close(struct eftf_rt *rt)
{
	if (!rt)
		return;
	eftf_nlsock_close(&rt->s);
	free(rt);
}

static int open_groups(struct eftf_rt **rt, const int *groups, size_t n, struct eftf_err *err)
{
	int ret = eftf_rt_open(rt, err);
	size_t i;

	for (i = 0; !ret && i < n; i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt((*rt)->s.sock, NETLINK_ADD_MEMBERSHIP, &group,
					  sizeof(group)) < 0)
			ret = eftf_err_set(err, errno, "cannot watch links and routes: %s",
					   strerror(errno));
	}
	if (ret) {
		eftf_rt_close(*rt);
		*rt = NULL;
	}
	return ret;
}

int eftf_rt_watch_open(struct eftf_rt **rt, struct eftf_err *err)
{
	static const int groups[] = {
		RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_IFADDR,
		RTNLGRP_IPV6_ROUTE,
	};

	return open_groups(rt, groups, sizeof(groups) / sizeof(groups[0]), err);
}

int eftf_rt_routes_open(struct eftf_rt **rt, struct eftf_err *err)
{
	static const int groups[] = { RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };
	int ret = open_groups(rt, groups, sizeof(groups) / sizeof(groups[0]), err);
	int size = ROUTES_RCVBUF;

	if (!ret && setsockopt(eftf_rt_fd(*rt), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(eftf_rt_fd(*rt), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return ret;
}

int eftf_rt_fd(const struct eftf_rt *rt)
{
	return mnl_socket_get_fd(rt->s.sock);
}

bool eftf_rt_watch_read(struct eftf_rt *rt)
{
	bool changed = false;
	int ret;

	/* -ENOBUFS: there was more than fits. What it was is read from the tables anyway. */
	while ((ret = eftf_nlsock_recv(rt->s.sock, rt->s.buf, sizeof(rt->s.buf), MSG_DONTWAIT)) !=
	       -EAGAIN) {
		if (ret < 0 && ret != -ENOBUFS && ret != -EMSGSIZE)
			break;
		changed = changed || ret;
	}
	return changed;
}
