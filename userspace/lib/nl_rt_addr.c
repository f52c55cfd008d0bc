// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses of links by rtnetlink. */
#include "nl_rt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

struct change {
	uint16_t type, flags;
	const char *verb;
};

static int change_addr(struct eftf_rt *rt, const struct change *c, uint32_t ifindex, int family,
		       const void *addr, uint8_t plen, struct eftf_err *err)
{
	struct eftf_nl_what what;
	struct eftf_nlreq req;
	char text[INET6_ADDRSTRLEN];
	size_t len = eftf_nl_addr_len(family);
	struct ifaddrmsg *ifa;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, c->type, c->flags, sizeof(*ifa), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = what.text};

	if (!len || plen > len * 8)
		return eftf_err_set(err, EINVAL, "address %s: family %d with prefix length %u is "
				    "not possible", c->verb, family, plen);
	inet_ntop(family, addr, text, sizeof(text));
	snprintf(what.text, sizeof(what.text), "address %s %s/%u on link %u", c->verb, text, plen,
		 ifindex);
	ifa = header;
	ifa->ifa_family = (uint8_t)family;
	ifa->ifa_prefixlen = plen;
	/* Without duplicate address detection: the EFTF gave the address to this UE alone. */
	ifa->ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
	ifa->ifa_scope = RT_SCOPE_UNIVERSE;
	ifa->ifa_index = ifindex;
	mnl_attr_put(nlh, IFA_LOCAL, len, addr);
	mnl_attr_put(nlh, IFA_ADDRESS, len, addr);
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

int eftf_rt_addr_add(struct eftf_rt *rt, uint32_t ifindex, int family, const void *addr,
		     uint8_t plen, struct eftf_err *err)
{
	static const struct change add = {RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, "add"};

	return change_addr(rt, &add, ifindex, family, addr, plen, err);
}

int eftf_rt_addr_del(struct eftf_rt *rt, uint32_t ifindex, int family, const void *addr,
		     uint8_t plen, struct eftf_err *err)
{
	static const struct change del = {RTM_DELADDR, 0, "del"};

	return change_addr(rt, &del, ifindex, family, addr, plen, err);
}
