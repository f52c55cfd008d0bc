// SPDX-License-Identifier: GPL-2.0-or-later
/* The generic netlink family "eftf": its number and its multicast groups. */
#include "nl_sock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>

#include "nl_genl.h"

static void parse_group(const struct nlattr *group, struct eftf_nl_family *family)
{
	const struct nlattr *attr = NULL;
	char name[GENL_NAMSIZ] = "";
	uint32_t id = 0;

	while ((attr = eftf_nl_attr_next(mnl_attr_get_payload(group), eftf_nl_attr_end(group),
					 attr))) {
		switch (mnl_attr_get_type(attr)) {
		case CTRL_ATTR_MCAST_GRP_NAME:
			eftf_nl_attr_string(attr, name, sizeof(name));
			break;
		case CTRL_ATTR_MCAST_GRP_ID:
			eftf_nl_attr_copy(attr, &id, sizeof(id));
			break;
		}
	}
	if (!strcmp(name, EFTF_MCGRP_EVENTS))
		family->events = id;
	else if (!strcmp(name, EFTF_MCGRP_TICKETS))
		family->tickets = id;
}

int eftf_nl_family_parse(const struct nlmsghdr *nlh, struct eftf_nl_family *family)
{
	const struct nlattr *attr = NULL, *group;
	const char *start = mnl_nlmsg_get_payload_offset(nlh, GENL_HDRLEN);
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	char name[GENL_NAMSIZ] = "";

	memset(family, 0, sizeof(*family));
	if (nlh->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return -EBADMSG;
	while ((attr = eftf_nl_attr_next(start, end, attr))) {
		switch (mnl_attr_get_type(attr)) {
		case CTRL_ATTR_FAMILY_NAME:
			eftf_nl_attr_string(attr, name, sizeof(name));
			break;
		case CTRL_ATTR_FAMILY_ID:
			eftf_nl_attr_copy(attr, &family->id, sizeof(family->id));
			break;
		case CTRL_ATTR_VERSION:
			eftf_nl_attr_copy(attr, &family->version, sizeof(family->version));
			break;
		case CTRL_ATTR_MCAST_GROUPS:
			group = NULL;
			while ((group = eftf_nl_attr_next(mnl_attr_get_payload(attr),
							  eftf_nl_attr_end(attr), group)))
				parse_group(group, family);
			break;
		}
	}
	if (strcmp(name, EFTF_GENL_NAME) || family->id < NLMSG_MIN_TYPE)
		return -EBADMSG;
	return 0;
}

static int family_answer(const struct nlmsghdr *nlh, void *arg)
{
	return nlh->nlmsg_type == GENL_ID_CTRL ? eftf_nl_family_parse(nlh, arg) : 0;
}

int eftf_nl_resolve(struct eftf_nlsock *s, struct eftf_nl_family *family, struct eftf_err *err)
{
	struct eftf_nlreq req;
	struct nlmsghdr *nlh = eftf_nl_genl_start(&req, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	struct eftf_nl_ask ask = {.nlh = nlh, .answer = family_answer, .arg = family,
				  .what = "netlink family " EFTF_GENL_NAME};
	int ret;

	memset(family, 0, sizeof(*family));
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, EFTF_GENL_NAME);
	ret = eftf_nlsock_ask(s, &ask, err);
	if (ret == -ENOENT)
		return eftf_err_set(err, ENOENT, EFTF_NL_NOT_LOADED);
	if (ret)
		return ret;
	if (!family->id)
		return eftf_err_set(err, EPROTO, "netlink family %s: the kernel's answer names "
				    "no number", EFTF_GENL_NAME);
	if (family->version != EFTF_GENL_VERSION)
		return eftf_err_set(err, EPROTO, "kernel module eftf speaks version %u of its "
				    "netlink family, this program version %u (install both from "
				    "one release)", family->version, EFTF_GENL_VERSION);
	return 0;
}

struct nlmsghdr *eftf_nl_genl_start(struct eftf_nlreq *req, uint16_t family, uint8_t cmd,
				    uint16_t flags)
{
	struct nlmsghdr *nlh = eftf_nlreq_start(req, family, flags);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	genl->cmd = cmd;
	genl->version = EFTF_GENL_VERSION;
	return nlh;
}

int eftf_nl_open(struct eftf_nl **nl, struct eftf_err *err)
{
	struct eftf_nl *n = calloc(1, sizeof(*n));
	int ret;

	*nl = NULL;
	if (!n)
		return eftf_err_set(err, ENOMEM, "netlink socket: out of memory");
	ret = eftf_nlsock_open(&n->s, NETLINK_GENERIC, err);
	if (!ret)
		ret = eftf_nl_resolve(&n->s, &n->family, err);
	if (ret) {
		eftf_nl_close(n);
		return ret;
	}
	*nl = n;
	return 0;
}

void eftf_nl_close(struct eftf_nl *nl)
{
	if (!nl)
		return;
	eftf_nlsock_close(&nl->s);
	free(nl);
}

int eftf_nl_fd(const struct eftf_nl *nl)
{
	return mnl_socket_get_fd(nl->s.sock);
}
