// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes by rtnetlink. */
#include "nl_rt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <linux/rtnetlink.h>

static int check_route(const struct eftf_route *route, const char *verb,
		       struct eftf_nl_what *what, struct eftf_err *err)
{
	size_t len = eftf_nl_addr_len(route->family);
	char dst[INET6_ADDRSTRLEN];

	if (!len || route->plen > len * 8)
		return eftf_err_set(err, EINVAL, "route %s: family %d with prefix length %u is "
				    "not possible", verb, route->family, route->plen);
	inet_ntop(route->family, route->dst, dst, sizeof(dst));
	snprintf(what->text, sizeof(what->text), "route %s %s/%u", verb, dst, route->plen);
	return 0;
}

static void put_route(struct nlmsghdr *nlh, struct rtmsg *rtm, const struct eftf_route *route)
{
	size_t len = eftf_nl_addr_len(route->family);

	rtm->rtm_family = (uint8_t)route->family;
	rtm->rtm_dst_len = route->plen;
	rtm->rtm_table = route->table ? RT_TABLE_UNSPEC : RT_TABLE_MAIN;
	if (route->table)
		mnl_attr_put_u32(nlh, RTA_TABLE, route->table);
	if (route->plen)
		mnl_attr_put(nlh, RTA_DST, len, route->dst);
	if (route->has_via)
		mnl_attr_put(nlh, RTA_GATEWAY, len, route->via);
	if (route->has_src)
		mnl_attr_put(nlh, RTA_PREFSRC, len, route->src);
	if (route->ifindex)
		mnl_attr_put_u32(nlh, RTA_OIF, route->ifindex);
	if (route->metric)
		mnl_attr_put_u32(nlh, RTA_PRIORITY, route->metric);
}

int eftf_rt_route_add(struct eftf_rt *rt, const struct eftf_route *route, struct eftf_err *err)
{
	struct eftf_nl_what what;
	struct eftf_nlreq req;
	struct rtmsg *rtm;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE,
						sizeof(*rtm), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = what.text};
	int ret = check_route(route, "add", &what, err);

	if (ret)
		return ret;
	rtm = header;
	rtm->rtm_protocol = route->protocol ? route->protocol : RTPROT_STATIC;
	rtm->rtm_type = route->unreachable ? RTN_UNREACHABLE : RTN_UNICAST;
	rtm->rtm_scope = route->family == AF_INET && !route->has_via ? RT_SCOPE_LINK :
		RT_SCOPE_UNIVERSE;
	put_route(nlh, rtm, route);
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

int eftf_rt_route_del(struct eftf_rt *rt, const struct eftf_route *route, struct eftf_err *err)
{
	struct eftf_nl_what what;
	struct eftf_nlreq req;
	struct rtmsg *rtm;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_DELROUTE, 0, sizeof(*rtm), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = what.text};
	int ret = check_route(route, "del", &what, err);

	if (ret)
		return ret;
	rtm = header;
	rtm->rtm_protocol = route->protocol ? route->protocol : RTPROT_STATIC;
	rtm->rtm_scope = RT_SCOPE_NOWHERE;
	put_route(nlh, rtm, route);
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

/* Of several ways the first. */
static void parse_multipath(const struct nlattr *attr, struct eftf_route *route, size_t len)
{
	const char *start = mnl_attr_get_payload(attr), *end = eftf_nl_attr_end(attr);
	const struct nlattr *in = NULL;
	struct rtnexthop hop;

	if ((size_t)(end - start) < sizeof(hop))
		return;
	memcpy(&hop, start, sizeof(hop));
	if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > end - start || hop.rtnh_ifindex <= 0)
		return;
	route->ifindex = (uint32_t)hop.rtnh_ifindex;
	while ((in = eftf_nl_attr_next(start + sizeof(hop), start + hop.rtnh_len, in))) {
		if (mnl_attr_get_type(in) == RTA_GATEWAY)
			route->has_via = eftf_nl_attr_copy(in, route->via, len);
	}
}

int eftf_nl_route_parse(const struct nlmsghdr *nlh, struct eftf_route *route)
{
	const struct nlattr *attr = NULL;
	const char *start, *end = (const char *)nlh + nlh->nlmsg_len;
	struct rtmsg rtm;
	size_t len;

	memset(route, 0, sizeof(*route));
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(rtm))
		return -EBADMSG;
	memcpy(&rtm, mnl_nlmsg_get_payload(nlh), sizeof(rtm));
	len = eftf_nl_addr_len(rtm.rtm_family);
	if (!len || rtm.rtm_dst_len > len * 8)
		return -EBADMSG;
	route->family = rtm.rtm_family;
	route->plen = rtm.rtm_dst_len;
	route->protocol = rtm.rtm_protocol;
	route->table = rtm.rtm_table;
	route->unreachable = rtm.rtm_type == RTN_UNREACHABLE;
	start = mnl_nlmsg_get_payload_offset(nlh, sizeof(rtm));
	while ((attr = eftf_nl_attr_next(start, end, attr))) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			eftf_nl_attr_copy(attr, route->dst, len);
			break;
		case RTA_GATEWAY:
			route->has_via = eftf_nl_attr_copy(attr, route->via, len);
			break;
		case RTA_PREFSRC:
			route->has_src = eftf_nl_attr_copy(attr, route->src, len);
			break;
		case RTA_OIF:
			eftf_nl_attr_copy(attr, &route->ifindex, sizeof(route->ifindex));
			break;
		case RTA_TABLE:
			eftf_nl_attr_copy(attr, &route->table, sizeof(route->table));
			break;
		case RTA_PRIORITY:
			eftf_nl_attr_copy(attr, &route->metric, sizeof(route->metric));
			break;
		case RTA_MULTIPATH:
			parse_multipath(attr, route, len);
			break;
		case RTA_VIA:
			/* A gateway of the other address family: not to be expressed. */
			return -EAFNOSUPPORT;
		}
	}
	return 0;
}

static int lookup_answer(const struct nlmsghdr *nlh, void *arg)
{
	return nlh->nlmsg_type == RTM_NEWROUTE ? eftf_nl_route_parse(nlh, arg) : 0;
}

int eftf_rt_route_lookup(struct eftf_rt *rt, int family, const void *dst, struct eftf_route *route,
			 struct eftf_err *err)
{
	struct eftf_nl_what what;
	struct eftf_nlreq req;
	struct eftf_route wanted = {.family = family};
	size_t len = eftf_nl_addr_len(family);
	struct rtmsg *rtm;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_GETROUTE, 0, sizeof(*rtm), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .answer = lookup_answer, .arg = route,
				  .what = what.text};
	int ret;

	memset(route, 0, sizeof(*route));
	wanted.plen = (uint8_t)(len * 8);
	memcpy(wanted.dst, dst, len);
	ret = check_route(&wanted, "lookup", &what, err);
	if (ret)
		return ret;
	rtm = header;
	rtm->rtm_family = (uint8_t)family;
	rtm->rtm_dst_len = wanted.plen;
	mnl_attr_put(nlh, RTA_DST, len, dst);
	ret = eftf_nlsock_ask(&rt->s, &ask, err);
	if (!ret && !route->ifindex)
		return eftf_err_set(err, EPROTO, "%s: the kernel's answer names no link",
				    what.text);
	return ret;
}

/* ---- all of them -------------------------------------------------------------- */

struct dump {
	eftf_rt_route_fn fn;
	void *arg;
};

/* Unicast, of the table main, and such that packets would get out. */
static int dump_answer(const struct nlmsghdr *nlh, void *arg)
{
	const struct dump *d = arg;
	struct eftf_route route;
	struct rtmsg rtm;

	if (nlh->nlmsg_type != RTM_NEWROUTE || eftf_nl_route_parse(nlh, &route))
		return 0;
	memcpy(&rtm, mnl_nlmsg_get_payload(nlh), sizeof(rtm));
	if (rtm.rtm_table == RT_TABLE_MAIN && rtm.rtm_type == RTN_UNICAST && route.ifindex &&
	    !(rtm.rtm_flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN | RTM_F_CLONED)))
		d->fn(&route, d->arg);
	return 0;
}

int eftf_rt_route_dump(struct eftf_rt *rt, int family, eftf_rt_route_fn fn, void *arg,
		       struct eftf_err *err)
{
	struct dump d = { .fn = fn, .arg = arg };
	struct eftf_nlreq req;
	struct rtmsg *rtm;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_GETROUTE, NLM_F_DUMP, sizeof(*rtm), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .answer = dump_answer, .arg = &d, .what = "route list"};

	rtm = header;
	rtm->rtm_family = (uint8_t)family;
	return eftf_nlsock_ask(&rt->s, &ask, err);
}

/* ---- some of them go --------------------------------------------------------- */

struct sweep {
	eftf_rt_route_which_fn fn;
	void *arg;
	struct eftf_route *found;	/* n of room for size */
	size_t n, size;
	bool failed;			/* no memory for more */
};

static int sweep_answer(const struct nlmsghdr *nlh, void *arg)
{
	struct sweep *s = arg;
	struct eftf_route route, *more;
	struct rtmsg rtm;

	if (nlh->nlmsg_type != RTM_NEWROUTE || eftf_nl_route_parse(nlh, &route))
		return 0;
	memcpy(&rtm, mnl_nlmsg_get_payload(nlh), sizeof(rtm));
	if ((rtm.rtm_type != RTN_UNICAST && !route.unreachable) || rtm.rtm_flags & RTM_F_CLONED || !s->fn(&route, s->arg))
		return 0;
	if (s->n == s->size) {
		s->size = s->size ? 2 * s->size : 64;
		more = realloc(s->found, s->size * sizeof(*more));
		if (!more) {
			s->failed = true;
			s->size = s->n;
			return 0;
		}
		s->found = more;
	}
	s->found[s->n++] = route;
	return 0;
}

int eftf_rt_route_sweep(struct eftf_rt *rt, int family, eftf_rt_route_which_fn fn, void *arg,
			unsigned int *removed, struct eftf_err *err)
{
	struct sweep s = { .fn = fn, .arg = arg };
	struct eftf_nlreq req;
	struct rtmsg *rtm;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, RTM_GETROUTE, NLM_F_DUMP, sizeof(*rtm), &header);
	struct eftf_nl_ask ask = {.nlh = nlh, .answer = sweep_answer, .arg = &s, .what = "route list"};
	int ret, last = 0;

	*removed = 0;
	rtm = header;
	rtm->rtm_family = (uint8_t)family;
	ret = eftf_nlsock_ask(&rt->s, &ask, err);
	for (size_t i = 0; !ret && i < s.n; i++) {
		int one = eftf_rt_route_del(rt, &s.found[i], err);

		*removed += !one;
		if (one && one != -ESRCH)	/* ESRCH: found twice, or gone with its link */
			last = one;
	}
	free(s.found);
	if (!ret && s.failed)
		return eftf_err_set(err, ENOMEM, "out of memory");
	return ret ? ret : last;
}

/* ---- those that come ------------------------------------------------------------ */

#define READ_AT_ONCE 256		/* datagrams; then the caller's loop gets its turn */

static void take_new(const struct nlmsghdr *nlh, eftf_rt_route_fn fn, void *arg)
{
	struct eftf_route route;
	struct rtmsg rtm;

	if (nlh->nlmsg_type != RTM_NEWROUTE || eftf_nl_route_parse(nlh, &route))
		return;
	memcpy(&rtm, mnl_nlmsg_get_payload(nlh), sizeof(rtm));
	if (rtm.rtm_type == RTN_UNICAST && !(rtm.rtm_flags & RTM_F_CLONED))
		fn(&route, arg);
}

bool eftf_rt_routes_read(struct eftf_rt *rt, eftf_rt_route_fn fn, void *arg)
{
	bool lost = false;

	for (int i = 0; i < READ_AT_ONCE; i++) {
		const struct nlmsghdr *nlh = NULL;
		int ret = eftf_nlsock_recv(rt->s.sock, rt->s.buf, sizeof(rt->s.buf), MSG_DONTWAIT);

		if (ret == -ENOBUFS || ret == -EMSGSIZE)
			lost = true;
		else if (ret < 0)
			break;
		while (ret > 0 && (nlh = eftf_nl_msg_next(rt->s.buf, (size_t)ret, nlh)))
			take_new(nlh, fn, arg);
	}
	return !lost;
}
