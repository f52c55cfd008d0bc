/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rtnetlink inside the library. */
#ifndef EFTF_NL_RT_H
#define EFTF_NL_RT_H

#include <string.h>

#include "nl_sock.h"

/* A request with its family header (ifinfomsg, ifaddrmsg, rtmsg) as 0 in *header. */
static inline struct nlmsghdr *eftf_nl_rt_start(struct eftf_nlreq *req, uint16_t type,
						uint16_t flags, size_t size, void **header)
{
	struct nlmsghdr *nlh = eftf_nlreq_start(req, type, flags);

	*header = mnl_nlmsg_put_extra_header(nlh, size);
	return nlh;
}

/* Octets of an address; 0 if the family is neither AF_INET nor AF_INET6. */
static inline size_t eftf_nl_addr_len(int family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

/* "what" of an error that is about one link, address or route. */
struct eftf_nl_what {
	char text[128];
};

#endif
