// SPDX-License-Identifier: GPL-2.0-or-later
/* Neighbours: who has an address on a link. */
#include <errno.h>

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "nl_rt.h"

struct found {
	uint8_t mac[6];
	bool there;
};

static int neigh_answer(const struct nlmsghdr *nlh, void *arg)
{
	const char *start, *end = (const char *)nlh + nlh->nlmsg_len;
	const struct nlattr *attr = NULL;
	struct found *found = arg;

	if (nlh->nlmsg_type != RTM_NEWNEIGH ||
	    nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(struct ndmsg))
		return 0;
	start = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct ndmsg));
	while ((attr = eftf_nl_attr_next(start, end, attr)))
		if (mnl_attr_get_type(attr) == NDA_LLADDR)
			found->there = eftf_nl_attr_copy(attr, found->mac, sizeof(found->mac));
	return 0;
}

static int ask(struct eftf_rt *rt, const struct eftf_neigh *n, uint16_t type, uint16_t flags,
	       struct found *found, struct eftf_err *err)
{
	struct eftf_nlreq req;
	struct ndmsg *ndm;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, type, flags, sizeof(*ndm), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .answer = found ? neigh_answer : NULL, .arg = found,
				  .what = found ? "neighbour lookup" : "neighbour"};

	ndm = header;
	ndm->ndm_family = (uint8_t)n->family;
	ndm->ndm_ifindex = (int)n->ifindex;
	ndm->ndm_flags = found ? 0 : NTF_USE;
	mnl_attr_put(nlh, NDA_DST, eftf_nl_addr_len(n->family), n->addr);
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

int eftf_rt_neigh_get(struct eftf_rt *rt, const struct eftf_neigh *n, uint8_t mac[6],
		      struct eftf_err *err)
{
	struct found found = { .there = false };
	int ret = ask(rt, n, RTM_GETNEIGH, 0, &found, err);

	if (ret)
		return ret;
	if (!found.there)
		return eftf_err_set(err, ENOENT, "neighbour lookup: not known yet");
	memcpy(mac, found.mac, sizeof(found.mac));
	return 0;
}

int eftf_rt_neigh_use(struct eftf_rt *rt, const struct eftf_neigh *n, struct eftf_err *err)
{
	return ask(rt, n, RTM_NEWNEIGH, NLM_F_CREATE, NULL, err);
}
