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
	mnl_attr_put_u8(nlh, IFA_PROTO, EFTF_RTPROT);
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

int eftf_rt_addr_add(struct eftf_rt *rt, uint32_t ifindex, int family, const void *addr,
		     uint8_t plen, struct eftf_err *err)
{
	/*
	 * No replacement of IPv6: it leaves the prefix length as it was, and takes the local route of a /128 away in a
	 * kernel with one table for all routes.
	 */
	const struct change add = {
		RTM_NEWADDR, NLM_F_CREATE | (family == AF_INET6 ? NLM_F_EXCL : NLM_F_REPLACE), "add",
	};

	return change_addr(rt, &add, ifindex, family, addr, plen, err);
}

int eftf_rt_addr_del(struct eftf_rt *rt, uint32_t ifindex, int family, const void *addr,
		     uint8_t plen, struct eftf_err *err)
{
	static const struct change del = {RTM_DELADDR, 0, "del"};

	return change_addr(rt, &del, ifindex, family, addr, plen, err);
}

struct dump {
	eftf_rt_addr_fn fn;
	void *arg;
};

static int dump_answer(const struct nlmsghdr *nlh, void *arg)
{
	const char *start, *end = (const char *)nlh + nlh->nlmsg_len;
	const struct nlattr *attr = NULL;
	const struct dump *d = arg;
	struct ifaddrmsg ifa;
	uint8_t addr[16] = {0};
	bool local = false;
	size_t len;

	if (nlh->nlmsg_type != RTM_NEWADDR || nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(ifa))
		return 0;
	memcpy(&ifa, mnl_nlmsg_get_payload(nlh), sizeof(ifa));
	len = eftf_nl_addr_len(ifa.ifa_family);
	if (!len)
		return 0;
	start = mnl_nlmsg_get_payload_offset(nlh, sizeof(ifa));
	while ((attr = eftf_nl_attr_next(start, end, attr))) {
		uint16_t type = mnl_attr_get_type(attr);

		/* of a point-to-point link IFA_ADDRESS is the other end's */
		if (type == IFA_LOCAL || (type == IFA_ADDRESS && !local))
			local = eftf_nl_attr_copy(attr, addr, len) && (local || type == IFA_LOCAL);
	}
	d->fn(ifa.ifa_index, ifa.ifa_family, addr, d->arg);
	return 0;
}

int eftf_rt_addr_dump(struct eftf_rt *rt, int family, eftf_rt_addr_fn fn, void *arg,
		      struct eftf_err *err)
{
	struct dump d = { .fn = fn, .arg = arg };
	struct eftf_nlreq req;
	struct ifaddrmsg *ifa;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_GETADDR, NLM_F_DUMP, sizeof(*ifa), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .answer = dump_answer, .arg = &d,
				  .what = "address list"};

	ifa = header;
	ifa->ifa_family = (uint8_t)family;
	return eftf_nlsock_ask(&rt->s, &ask, err);
}
