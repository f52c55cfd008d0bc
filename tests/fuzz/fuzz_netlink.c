// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/nl_parse.c lib/nl_attr.c lib/nl_genl.c lib/nl_sock.c lib/nl_rt_link.c lib/nl_rt_route.c lib/err.c */
/* libs: -lmnl */
/* Datagrams of netlink: message by message through every parser. */
#include "fuzz.h"

#include <errno.h>

#include "nl_sock.h"

static void check_tunnel(const struct nlmsghdr *nlh)
{
	struct eftf_tunnel_info info;

	if (eftf_nl_tunnel_parse(nlh, &info))
		return;
	must(info.ifindex && info.id);
	must(info.present >> EFTF_A_IFINDEX & 1 && info.present >> EFTF_A_ID & 1);
	must(memchr(info.ifname, 0, sizeof(info.ifname)));
	must(memchr(info.reason_name, 0, sizeof(info.reason_name)));
	must(info.role <= EFTF_ROLE_GW && info.inner6_plen <= 128);
	must(info.direction <= EFTF_DIRECTION_RX && info.sock_errno <= 4095);
	must(info.ticket_len <= nlh->nlmsg_len);
	must(*(uint8_t *)&info.persistent <= 1);
}

static void check_others(const struct nlmsghdr *nlh)
{
	struct eftf_nl_family family;
	struct eftf_link_info link;
	struct eftf_route route;
	int ret = eftf_nl_link_parse(nlh, &link);

	must(ret == 0 || ret == -ENODEV || ret == -EBADMSG);
	must(memchr(link.name, 0, sizeof(link.name)));
	must(ret || (link.ifindex && link.name[0] && link.role <= EFTF_ROLE_GW));
	ret = eftf_nl_route_parse(nlh, &route);
	must(ret == 0 || ret == -EBADMSG || ret == -EAFNOSUPPORT);
	must(ret || route.plen <= (route.family == AF_INET ? 32 : 128));
	ret = eftf_nl_family_parse(nlh, &family);
	must(ret == 0 || ret == -EBADMSG);
	must(ret || family.id >= NLMSG_MIN_TYPE);
}

static void check_end(const struct nlmsghdr *nlh)
{
	const char *text, *end = (const char *)nlh + nlh->nlmsg_len;
	size_t len = 0;
	int ret;

	if (nlh->nlmsg_type != NLMSG_ERROR && nlh->nlmsg_type != NLMSG_DONE)
		return;
	ret = eftf_nl_errno(nlh);
	must(ret <= 0 && ret >= -4095);
	text = eftf_nl_extack(nlh, &len);
	if (text)
		must(len > 0 && text > (const char *)nlh && text + len <= end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct nlmsghdr *nlh = NULL;
	uint8_t *copy = fuzz_exact(data, size);
	size_t before = 0;

	while ((nlh = eftf_nl_msg_next(copy, size, nlh))) {
		size_t at = (size_t)((const uint8_t *)nlh - copy);

		must(at + nlh->nlmsg_len <= size && (at == 0 || at > before));
		before = at;
		check_tunnel(nlh);
		check_others(nlh);
		check_end(nlh);
	}
	free(copy);
	return 0;
}
