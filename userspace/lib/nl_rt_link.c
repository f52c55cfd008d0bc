// SPDX-License-Identifier: GPL-2.0-or-later
/* Links of kind eftf by rtnetlink. */
#include "nl_rt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#define MAX_EFTF_LINKS	4096	/* bound of what one dump may cost in memory */

static int check_name(const char *name, struct eftf_err *err)
{
	size_t len = strlen(name);

	if (len > 0 && len < IFNAMSIZ)
		return 0;
	return eftf_err_set(err, EINVAL, "link name \"%s\" must have 1 to %d octets", name,
			    IFNAMSIZ - 1);
}

int eftf_rt_link_add(struct eftf_rt *rt, const struct eftf_link_spec *spec, struct eftf_err *err)
{
	struct eftf_nl_what what;
	struct eftf_nlreq req;
	struct nlattr *info, *data;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
						sizeof(struct ifinfomsg), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = what.text};
	int ret = check_name(spec->name, err);

	if (ret)
		return ret;
	snprintf(what.text, sizeof(what.text), "link add %s", spec->name);
	mnl_attr_put_strz(nlh, IFLA_IFNAME, spec->name);
	if (spec->mtu)
		mnl_attr_put_u32(nlh, IFLA_MTU, spec->mtu);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, EFTF_LINK_KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	mnl_attr_put_u8(nlh, IFLA_EFTF_ROLE, (uint8_t)spec->role);
	if (spec->ue_to_ue)
		mnl_attr_put_u8(nlh, IFLA_EFTF_UE_TO_UE, 1);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);

	ret = eftf_nlsock_ask(&rt->s, &ask, err);
	if (ret == -EOPNOTSUPP)
		return eftf_err_set(err, EOPNOTSUPP, "link add %s: %s", spec->name,
				    EFTF_NL_NOT_LOADED);
	return ret;
}

static void remember_index(const struct eftf_link_info *info, void *arg)
{
	uint32_t *ifindex = arg;

	*ifindex = info->ifindex;
}

int eftf_rt_link_del(struct eftf_rt *rt, const char *name, struct eftf_err *err)
{
	struct eftf_nl_what what;
	struct eftf_nlreq req;
	uint32_t ifindex = 0;
	struct ifinfomsg *ifi;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_DELLINK, 0, sizeof(*ifi), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = what.text};
	int ret;

	/* By number, so that a link of another kind is never hit by its name. */
	ret = eftf_rt_link_get(rt, name, remember_index, &ifindex, err);
	if (ret)
		return ret;
	snprintf(what.text, sizeof(what.text), "link del %s", name);
	ifi = header;
	ifi->ifi_index = (int)ifindex;
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

int eftf_rt_link_up(struct eftf_rt *rt, uint32_t ifindex, bool up, struct eftf_err *err)
{
	struct eftf_nl_what what;
	struct eftf_nlreq req;
	struct ifinfomsg *ifi;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_SETLINK, 0, sizeof(*ifi), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = what.text};

	snprintf(what.text, sizeof(what.text), "link %u %s", ifindex, up ? "up" : "down");
	ifi = header;
	ifi->ifi_index = (int)ifindex;
	ifi->ifi_flags = up ? IFF_UP : 0;
	ifi->ifi_change = IFF_UP;
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

int eftf_rt_link_mtu(struct eftf_rt *rt, uint32_t ifindex, uint32_t mtu, struct eftf_err *err)
{
	struct eftf_nl_what what;
	struct eftf_nlreq req;
	struct ifinfomsg *ifi;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_SETLINK, 0, sizeof(*ifi), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = what.text};

	snprintf(what.text, sizeof(what.text), "link %u mtu %u", ifindex, mtu);
	ifi = header;
	ifi->ifi_index = (int)ifindex;
	mnl_attr_put_u32(nlh, IFLA_MTU, mtu);
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

int eftf_rt_link_alias(struct eftf_rt *rt, uint32_t ifindex, const char *alias,
		       struct eftf_err *err)
{
	struct eftf_nl_what what;
	struct eftf_nlreq req;
	struct ifinfomsg *ifi;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_SETLINK, 0, sizeof(*ifi), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = what.text};

	snprintf(what.text, sizeof(what.text), "link %u alias", ifindex);
	ifi = header;
	ifi->ifi_index = (int)ifindex;
	mnl_attr_put_strz(nlh, IFLA_IFALIAS, alias);
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

int eftf_rt_link_set(struct eftf_rt *rt, uint32_t ifindex, const struct eftf_link_change *change,
		     struct eftf_err *err)
{
	struct eftf_nl_what what;
	struct eftf_nlreq req;
	struct nlattr *info, *data;
	struct ifinfomsg *ifi;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_NEWLINK, 0, sizeof(*ifi), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = what.text};

	snprintf(what.text, sizeof(what.text), "link %u set", ifindex);
	ifi = header;
	ifi->ifi_index = (int)ifindex;
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, EFTF_LINK_KIND);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	if (change->has_ue_to_ue)
		mnl_attr_put_u8(nlh, IFLA_EFTF_UE_TO_UE, change->ue_to_ue);
	if (change->has_flight_target)
		mnl_attr_put_u32(nlh, IFLA_EFTF_FLIGHT_TARGET, change->flight_target);
	if (change->has_flight_hold)
		mnl_attr_put_u32(nlh, IFLA_EFTF_FLIGHT_HOLD, change->flight_hold);
	if (change->has_sip_ports)
		mnl_attr_put(nlh, IFLA_EFTF_SIP_PORTS,
			     change->sip_ports.n * sizeof(change->sip_ports.v[0]),
			     change->sip_ports.v);
	if (change->has_pcscf)
		mnl_attr_put(nlh, IFLA_EFTF_PCSCF, change->pcscf.n * sizeof(change->pcscf.v[0]),
			     change->pcscf.v);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

int eftf_rt_link_pcscf(struct eftf_rt *rt, uint32_t ifindex, const struct in_addr *addrs, size_t n,
		       const struct in6_addr *addrs6, size_t n6, struct eftf_err *err)
{
	struct eftf_link_change change = {.has_pcscf = true};
	struct in6_addr *to;

	for (; change.pcscf.n < n && change.pcscf.n < EFTF_PCSCF_MAX; change.pcscf.n++) {
		to = &change.pcscf.v[change.pcscf.n];
		to->s6_addr[10] = 0xff;
		to->s6_addr[11] = 0xff;
		memcpy(&to->s6_addr[12], &addrs[change.pcscf.n], sizeof(addrs[0]));
	}
	for (size_t i = 0; i < n6 && change.pcscf.n < EFTF_PCSCF_MAX; i++)
		change.pcscf.v[change.pcscf.n++] = addrs6[i];
	return eftf_rt_link_set(rt, ifindex, &change, err);
}

/* An array of whole members; one that is too long, or not of whole members, is as good as none. */
static size_t parse_array(const struct nlattr *attr, void *to, size_t member, size_t most)
{
	size_t len = mnl_attr_get_payload_len(attr);

	if (len % member || len / member > most)
		return 0;
	memcpy(to, mnl_attr_get_payload(attr), len);
	return len / member;
}

static void parse_data(const struct nlattr *nest, struct eftf_link_info *info)
{
	const struct nlattr *attr = NULL;
	uint8_t u8;

	while ((attr = eftf_nl_attr_next(mnl_attr_get_payload(nest), eftf_nl_attr_end(nest),
					 attr))) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_EFTF_ROLE:
			if (eftf_nl_attr_copy(attr, &u8, sizeof(u8)) && u8 <= EFTF_ROLE_GW)
				info->role = u8;
			break;
		case IFLA_EFTF_UE_TO_UE:
			if (eftf_nl_attr_copy(attr, &u8, sizeof(u8)))
				info->ue_to_ue = u8 != 0;
			break;
		case IFLA_EFTF_KEY_UPDATE:
			if (eftf_nl_attr_copy(attr, &u8, sizeof(u8)))
				info->key_update = u8 != 0;
			break;
		case IFLA_EFTF_FLIGHT_TARGET:
			eftf_nl_attr_copy(attr, &info->flight_target, sizeof(info->flight_target));
			break;
		case IFLA_EFTF_FLIGHT_HOLD:
			eftf_nl_attr_copy(attr, &info->flight_hold, sizeof(info->flight_hold));
			break;
		case IFLA_EFTF_SIP_PORTS:
			info->sip_ports.n = parse_array(attr, info->sip_ports.v,
				sizeof(info->sip_ports.v[0]), EFTF_SIP_PORTS_MAX);
			break;
		case IFLA_EFTF_PCSCF:
			info->pcscf.n = parse_array(attr, info->pcscf.v,
				sizeof(info->pcscf.v[0]), EFTF_PCSCF_MAX);
			break;
		case IFLA_EFTF_TUNNELS:
			eftf_nl_attr_copy(attr, &info->tunnels, sizeof(info->tunnels));
			break;
		}
	}
}

/* True if the link is of kind eftf. */
static bool parse_linkinfo(const struct nlattr *nest, struct eftf_link_info *info)
{
	const struct nlattr *attr = NULL, *data = NULL;
	char kind[IFNAMSIZ] = "";

	while ((attr = eftf_nl_attr_next(mnl_attr_get_payload(nest), eftf_nl_attr_end(nest),
					 attr))) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			eftf_nl_attr_string(attr, kind, sizeof(kind));
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			data = attr;
	}
	if (strcmp(kind, EFTF_LINK_KIND))
		return false;
	if (data)
		parse_data(data, info);
	return true;
}

static void parse_stats(const struct nlattr *attr, struct eftf_link_info *info)
{
	size_t len = mnl_attr_get_payload_len(attr);
	struct rtnl_link_stats64 st = {0};

	/* The kernel's struct has grown; the members used here are its first. */
	if (len < offsetof(struct rtnl_link_stats64, multicast))
		return;
	memcpy(&st, mnl_attr_get_payload(attr), len < sizeof(st) ? len : sizeof(st));
	info->rx_packets = st.rx_packets;
	info->rx_bytes = st.rx_bytes;
	info->tx_packets = st.tx_packets;
	info->tx_bytes = st.tx_bytes;
	info->rx_dropped = st.rx_dropped;
	info->tx_dropped = st.tx_dropped;
	info->rx_errors = st.rx_errors;
	info->tx_errors = st.tx_errors;
}

int eftf_nl_link_parse(const struct nlmsghdr *nlh, struct eftf_link_info *info)
{
	const struct nlattr *attr = NULL;
	const char *start, *end = (const char *)nlh + nlh->nlmsg_len;
	struct ifinfomsg ifi;
	bool eftf = false;
	uint8_t carrier = 0;

	memset(info, 0, sizeof(*info));
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(ifi))
		return -EBADMSG;
	memcpy(&ifi, mnl_nlmsg_get_payload(nlh), sizeof(ifi));
	start = mnl_nlmsg_get_payload_offset(nlh, sizeof(ifi));
	while ((attr = eftf_nl_attr_next(start, end, attr))) {
		switch (mnl_attr_get_type(attr)) {
		case IFLA_IFNAME:
			eftf_nl_attr_string(attr, info->name, sizeof(info->name));
			break;
		case IFLA_IFALIAS:
			eftf_nl_attr_string(attr, info->alias, sizeof(info->alias));
			break;
		case IFLA_MTU:
			eftf_nl_attr_copy(attr, &info->mtu, sizeof(info->mtu));
			break;
		case IFLA_CARRIER:
			eftf_nl_attr_copy(attr, &carrier, sizeof(carrier));
			break;
		case IFLA_STATS64:
			parse_stats(attr, info);
			break;
		case IFLA_LINKINFO:
			eftf = parse_linkinfo(attr, info);
			break;
		}
	}
	if (ifi.ifi_index <= 0 || !info->name[0])
		return -EBADMSG;
	info->ifindex = (uint32_t)ifi.ifi_index;
	info->up = (ifi.ifi_flags & IFF_UP) != 0;
	info->carrier = carrier != 0;
	return eftf ? 0 : -ENODEV;
}

struct list {
	struct eftf_link_info *v;
	size_t n, room;
};

static void list_again(void *arg)
{
	struct list *list = arg;

	list->n = 0;
}

static int list_answer(const struct nlmsghdr *nlh, void *arg)
{
	struct list *list = arg;
	struct eftf_link_info info, *v;

	if (nlh->nlmsg_type != RTM_NEWLINK || eftf_nl_link_parse(nlh, &info))
		return 0;
	if (list->n == list->room) {
		if (list->n >= MAX_EFTF_LINKS)
			return -E2BIG;
		v = reallocarray(list->v, list->room + 16, sizeof(*v));
		if (!v)
			return -ENOMEM;
		list->v = v;
		list->room += 16;
	}
	list->v[list->n++] = info;
	return 0;
}

int eftf_rt_link_get(struct eftf_rt *rt, const char *name, eftf_rt_link_fn fn, void *arg,
		     struct eftf_err *err)
{
	struct list list = {0};
	struct eftf_nl_what what = {"link show"};
	struct eftf_nlreq req;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_GETLINK, name ? 0 : NLM_F_DUMP,
						sizeof(struct ifinfomsg), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .answer = list_answer, .again = list_again,
				  .arg = &list, .what = what.text};
	size_t i;
	int ret = name ? check_name(name, err) : 0;

	if (ret)
		return ret;
	if (name) {
		snprintf(what.text, sizeof(what.text), "link %s", name);
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	}
	ret = eftf_nlsock_ask(&rt->s, &ask, err);
	if (!ret && name && !list.n)
		ret = eftf_err_set(err, ENODEV, "link %s is not of kind " EFTF_LINK_KIND, name);
	for (i = 0; !ret && i < list.n; i++)
		fn(&list.v[i], arg);
	free(list.v);
	return ret;
}
