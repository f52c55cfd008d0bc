// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages and attributes of netlink, never read past their own length. */
#include "nl_sock.h"

#include <errno.h>
#include <string.h>

#include <linux/netlink.h>

const struct nlmsghdr *eftf_nl_msg_next(const void *start, size_t len, const struct nlmsghdr *nlh)
{
	size_t at = 0;

	if (nlh) {
		at = (size_t)((const char *)nlh - (const char *)start);
		if (MNL_ALIGN((size_t)nlh->nlmsg_len) >= len - at)
			return NULL;
		at += MNL_ALIGN((size_t)nlh->nlmsg_len);
	}
	nlh = (const struct nlmsghdr *)((const char *)start + at);
	/* Not mnl_nlmsg_ok(): it takes a length of 2 GiB or more for a negative one. */
	if (len - at < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > len - at)
		return NULL;
	return nlh;
}

const struct nlattr *eftf_nl_attr_next(const void *start, const void *end,
				       const struct nlattr *attr)
{
	size_t left;

	if (!attr) {
		attr = start;
		left = (size_t)((const char *)end - (const char *)start);
	} else {
		size_t step = MNL_ALIGN(attr->nla_len);

		left = (size_t)((const char *)end - (const char *)attr);
		if (step >= left)
			return NULL;
		attr = (const struct nlattr *)((const char *)attr + step);
		left -= step;
	}
	if (left < sizeof(*attr) || attr->nla_len < sizeof(*attr) || attr->nla_len > left)
		return NULL;
	return attr;
}

bool eftf_nl_attr_copy(const struct nlattr *attr, void *to, size_t size)
{
	if (mnl_attr_get_payload_len(attr) != size)
		return false;
	memcpy(to, mnl_attr_get_payload(attr), size);
	return true;
}

bool eftf_nl_attr_string(const struct nlattr *attr, char *to, size_t size)
{
	const char *s = mnl_attr_get_payload(attr);
	size_t len = strnlen(s, mnl_attr_get_payload_len(attr));

	if (len == 0 || len >= size)
		return false;
	memcpy(to, s, len);
	to[len] = '\0';
	return true;
}

int eftf_nl_errno(const struct nlmsghdr *nlh)
{
	int32_t code;

	/* Older kernels end a dump without saying anything. */
	if (nlh->nlmsg_type == NLMSG_DONE && mnl_nlmsg_get_payload_len(nlh) < sizeof(code))
		return 0;
	if (nlh->nlmsg_len < NLMSG_HDRLEN + (nlh->nlmsg_type == NLMSG_DONE ?
					     sizeof(code) : sizeof(struct nlmsgerr)))
		return -EBADMSG;
	memcpy(&code, mnl_nlmsg_get_payload(nlh), sizeof(code));
	/* No errno of the kernel is positive, or so large. */
	return code > 0 || code < -4095 ? -EBADMSG : code;
}

const char *eftf_nl_extack(const struct nlmsghdr *nlh, size_t *len)
{
	const char *start = mnl_nlmsg_get_payload(nlh);
	const char *end = (const char *)nlh + nlh->nlmsg_len;
	const struct nlattr *attr = NULL;
	size_t skip = sizeof(int32_t);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		struct nlmsgerr e;

		if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(e))
			return NULL;
		memcpy(&e, start, sizeof(e));
		skip = sizeof(e);
		/* Without NLM_F_CAPPED our whole request stands before the text. */
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
			if (e.msg.nlmsg_len < sizeof(e.msg) || e.msg.nlmsg_len > nlh->nlmsg_len)
				return NULL;
			skip += MNL_ALIGN(e.msg.nlmsg_len - sizeof(e.msg));
		}
	}
	if (start > end || (size_t)(end - start) < skip)
		return NULL;
	while ((attr = eftf_nl_attr_next(start + skip, end, attr))) {
		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_MSG)
			continue;
		*len = strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
		if (*len > 0)
			return mnl_attr_get_payload(attr);
	}
	return NULL;
}
