// SPDX-License-Identifier: GPL-2.0-or-later
/* The socket to rtnetlink. */
#include <errno.h>
#include <stdlib.h>

#include "nl_sock.h"

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
