// SPDX-License-Identifier: GPL-2.0-or-later
/* eftfctl tunnel ... */
#include <stdio.h>

#include "args.h"
#include "ctl.h"
#include "fields.h"
#include "keepalive.h"

#define KEEPALIVE_MAX	65535	/* of the module; the programs' own range is narrower */

#define END {NULL, EFTF_ARG_FLAG, NULL, NULL, false, 0, 0}

int eftf_ctl_tunnel_add(struct eftf_ctl *ctl, int argc, char **argv)
{
	/* a tunnel that is not persistent would end with eftfctl's netlink socket, at once */
	struct eftf_tunnel_spec spec = {.persistent = true};
	struct eftf_arg_prefix6 inner6 = {0};
	const char *dev = NULL;
	bool has_timeout = false, has_keepalive = false;
	const struct eftf_arg args[] = {
		{"dev", EFTF_ARG_NAME, &dev, NULL, true, 0, 0},
		{"fd", EFTF_ARG_FD, &spec.fd, NULL, true, 0, 0},
		{"inner4", EFTF_ARG_IP4, &spec.inner4, &spec.has_inner4, false, 0, 0},
		{"inner6", EFTF_ARG_IP6_PREFIX, &inner6, &spec.has_inner6, false, 0, 0},
		{"gateway4", EFTF_ARG_IP4, &spec.gateway4, &spec.has_gateway4, false, 0, 0},
		{"gateway6", EFTF_ARG_IP6, &spec.gateway6, &spec.has_gateway6, false, 0, 0},
		{"id", EFTF_ARG_U32, &spec.id, NULL, false, 1, UINT32_MAX},
		{"keepalive", EFTF_ARG_U32, &spec.keepalive, &has_keepalive, false, 0,
		 KEEPALIVE_MAX},
		{"timeout", EFTF_ARG_U32, &spec.timeout, &has_timeout, false, 0, UINT32_MAX},
		{"stall", EFTF_ARG_U32, &spec.stall, &spec.has_stall, false, 0, UINT32_MAX},
		{"persistent", EFTF_ARG_ONOFF, &spec.persistent, NULL, false, 0, 0},
		{"record-limit", EFTF_ARG_U64, &spec.record_limit, NULL, false, 0, UINT64_MAX},
		{"negotiated", EFTF_ARG_FLAG, NULL, &spec.negotiated, false, 0, 0},
		END,
	};
	uint32_t id;
	int ret = eftf_args("tunnel add", argc, argv, args);

	if (!ret && !spec.has_inner4 && !spec.has_inner6)
		ret = eftf_ctl_error(EFTF_CTL_USAGE, "tunnel add: inner4 or inner6 is missing");
	if (!ret)
		ret = eftf_ctl_ifindex(ctl, dev, &spec.ifindex);
	if (!ret)
		ret = eftf_ctl_nl(ctl);
	if (ret)
		return ret;
	spec.inner6 = inner6.addr;
	spec.inner6_plen = inner6.plen;
	/* An echo request needs both inner addresses of one family. */
	if (!has_keepalive && ((spec.has_inner4 && spec.has_gateway4) ||
			       (spec.has_inner6 && spec.has_gateway6)))
		spec.keepalive = EFTF_KEEPALIVE_DEFAULT;
	if (!has_timeout)
		spec.timeout = eftf_keepalive_timeout(spec.keepalive);
	if (eftf_nl_tunnel_new(ctl->nl, &spec, &id, &ctl->err))
		return eftf_ctl_fail(ctl);
	if (!ctl->json)
		printf("%u\n", id);
	return eftf_ctl_done(ctl, dev, id);
}

int eftf_ctl_tunnel_set(struct eftf_ctl *ctl, int argc, char **argv)
{
	struct eftf_tunnel_change c = {0};
	const char *dev = NULL;
	uint32_t id = 0, ifindex;
	const struct eftf_arg args[] = {
		{"dev", EFTF_ARG_NAME, &dev, NULL, true, 0, 0},
		{"id", EFTF_ARG_U32, &id, NULL, true, 1, UINT32_MAX},
		{"keepalive", EFTF_ARG_U32, &c.keepalive, &c.has_keepalive, false, 0, KEEPALIVE_MAX},
		{"timeout", EFTF_ARG_U32, &c.timeout, &c.has_timeout, false, 0, UINT32_MAX},
		{"stall", EFTF_ARG_U32, &c.stall, &c.has_stall, false, 0, UINT32_MAX},
		{"persistent", EFTF_ARG_ONOFF, &c.persistent, &c.has_persistent, false, 0, 0},
		{"record-limit", EFTF_ARG_U64, &c.record_limit, &c.has_record_limit, false, 0,
		 UINT64_MAX},
		END,
	};
	int ret = eftf_args("tunnel set", argc, argv, args);

	if (!ret && !c.has_keepalive && !c.has_timeout && !c.has_stall && !c.has_persistent && !c.has_record_limit)
		ret = eftf_ctl_error(EFTF_CTL_USAGE, "tunnel set: nothing to change; allowed: "
				     "keepalive, timeout, stall, persistent, record-limit");
	if (!ret)
		ret = eftf_ctl_ifindex(ctl, dev, &ifindex);
	if (!ret)
		ret = eftf_ctl_nl(ctl);
	if (ret)
		return ret;
	if (eftf_nl_tunnel_set(ctl->nl, ifindex, id, &c, &ctl->err))
		return eftf_ctl_fail(ctl);
	return eftf_ctl_done(ctl, dev, id);
}

int eftf_ctl_tunnel_swap(struct eftf_ctl *ctl, int argc, char **argv)
{
	const char *dev = NULL;
	uint32_t id = 0, ifindex;
	int fd = -1;
	const struct eftf_arg args[] = {
		{"dev", EFTF_ARG_NAME, &dev, NULL, true, 0, 0},
		{"id", EFTF_ARG_U32, &id, NULL, true, 1, UINT32_MAX},
		{"fd", EFTF_ARG_FD, &fd, NULL, true, 0, 0},
		END,
	};
	int ret = eftf_args("tunnel swap", argc, argv, args);

	if (!ret)
		ret = eftf_ctl_ifindex(ctl, dev, &ifindex);
	if (!ret)
		ret = eftf_ctl_nl(ctl);
	if (ret)
		return ret;
	if (eftf_nl_tunnel_swap(ctl->nl, ifindex, id, fd, &ctl->err))
		return eftf_ctl_fail(ctl);
	return eftf_ctl_done(ctl, dev, id);
}

int eftf_ctl_tunnel_del(struct eftf_ctl *ctl, int argc, char **argv)
{
	const char *dev = NULL;
	uint32_t id = 0, ifindex;
	const struct eftf_arg args[] = {
		{"dev", EFTF_ARG_NAME, &dev, NULL, true, 0, 0},
		{"id", EFTF_ARG_U32, &id, NULL, true, 1, UINT32_MAX},
		END,
	};
	int ret = eftf_args("tunnel del", argc, argv, args);

	if (!ret)
		ret = eftf_ctl_ifindex(ctl, dev, &ifindex);
	if (!ret)
		ret = eftf_ctl_nl(ctl);
	if (ret)
		return ret;
	if (eftf_nl_tunnel_del(ctl->nl, ifindex, id, &ctl->err))
		return eftf_ctl_fail(ctl);
	return eftf_ctl_done(ctl, dev, id);
}

static void show(const struct eftf_tunnel_info *info, void *arg)
{
	eftf_ctl_list_add(arg, info);
}

/* The same for "tunnel show" and "stats": only the table differs. */
int eftf_ctl_show(struct eftf_ctl *ctl, const char *what, const struct eftf_out_table *table,
		  int argc, char **argv)
{
	struct eftf_ctl_list list;
	const char *dev = NULL;
	uint32_t id = 0, ifindex = 0;
	const struct eftf_arg args[] = {
		{"dev", EFTF_ARG_NAME, &dev, NULL, false, 0, 0},
		{"id", EFTF_ARG_U32, &id, NULL, false, 1, UINT32_MAX},
		END,
	};
	int ret = eftf_args(what, argc, argv, args);

	if (!ret && dev)
		ret = eftf_ctl_ifindex(ctl, dev, &ifindex);
	if (!ret)
		ret = eftf_ctl_nl(ctl);
	if (ret)
		return ret;
	eftf_ctl_list_start(&list, ctl, table);
	if (eftf_nl_tunnel_get(ctl->nl, ifindex, id, show, &list, &ctl->err)) {
		json_decref(list.array);
		return eftf_ctl_fail(ctl);
	}
	if (id && !list.count) {
		json_decref(list.array);
		return eftf_ctl_error(EFTF_CTL_FAILED, "%s: no device has a tunnel %u", what, id);
	}
	return eftf_ctl_list_end(&list, "tunnels");
}

int eftf_ctl_tunnel_show(struct eftf_ctl *ctl, int argc, char **argv)
{
	return eftf_ctl_show(ctl, "tunnel show", &eftf_tunnel_table, argc, argv);
}
