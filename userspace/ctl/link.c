// SPDX-License-Identifier: GPL-2.0-or-later
/* eftfctl link ... */
#include <string.h>

#include "args.h"
#include "ctl.h"
#include "fields.h"

/* Checks the link name that must be the first argument. */
static int first_name(const char *what, int argc, char **argv)
{
	if (argc < 1)
		return eftf_ctl_error(EFTF_CTL_USAGE, "%s: the link's name is missing", what);
	return eftf_arg_link(what, argv[0]);
}

int eftf_ctl_link_add(struct eftf_ctl *ctl, int argc, char **argv)
{
	struct eftf_link_spec spec = {0};
	int role = EFTF_ROLE_UE, ret = first_name("link add", argc, argv);
	const struct eftf_arg args[] = {
		{"role", EFTF_ARG_ROLE, &role, NULL, true, 0, 0},
		{"mtu", EFTF_ARG_U32, &spec.mtu, NULL, false, 68, 65532},
		{"ue-to-ue", EFTF_ARG_ONOFF, &spec.ue_to_ue, NULL, false, 0, 0},
		{NULL, EFTF_ARG_FLAG, NULL, NULL, false, 0, 0},
	};

	if (!ret)
		ret = eftf_args("link add", argc - 1, argv + 1, args);
	if (!ret)
		ret = eftf_ctl_rt(ctl);
	if (ret)
		return ret;
	spec.name = argv[0];
	spec.role = (enum eftf_role)role;
	if (eftf_rt_link_add(ctl->rt, &spec, &ctl->err))
		return eftf_ctl_fail(ctl);
	return eftf_ctl_done(ctl, argv[0], 0);
}

static void remember_link(const struct eftf_link_info *info, void *arg)
{
	*(uint32_t *)arg = info->ifindex;
}

int eftf_ctl_link_set(struct eftf_ctl *ctl, int argc, char **argv)
{
	struct eftf_link_change c = {0};
	uint32_t ifindex = 0;
	int ret = first_name("link set", argc, argv);
	const struct eftf_arg args[] = {
		{"ue-to-ue", EFTF_ARG_ONOFF, &c.ue_to_ue, &c.has_ue_to_ue, false, 0, 0},
		{"flight-target", EFTF_ARG_U32, &c.flight_target, &c.has_flight_target, false, 0,
		 EFTF_FLIGHT_TARGET_MAX},
		{"flight-hold", EFTF_ARG_U32, &c.flight_hold, &c.has_flight_hold, false, 0,
		 EFTF_FLIGHT_HOLD_MAX},
		{"sip-ports", EFTF_ARG_PORTS, &c.sip_ports, &c.has_sip_ports, false, 0, 0},
		{"pcscf", EFTF_ARG_ADDRS, &c.pcscf, &c.has_pcscf, false, 0, 0},
		{NULL, EFTF_ARG_FLAG, NULL, NULL, false, 0, 0},
	};

	if (!ret)
		ret = eftf_args("link set", argc - 1, argv + 1, args);
	if (!ret && argc == 1)
		ret = eftf_ctl_error(EFTF_CTL_USAGE, "link set: nothing to change; allowed: "
				     "ue-to-ue, flight-target, flight-hold, sip-ports, pcscf");
	if (!ret)
		ret = eftf_ctl_rt(ctl);
	if (ret)
		return ret;
	if (eftf_rt_link_get(ctl->rt, argv[0], remember_link, &ifindex, &ctl->err) ||
	    eftf_rt_link_set(ctl->rt, ifindex, &c, &ctl->err))
		return eftf_ctl_fail(ctl);
	return eftf_ctl_done(ctl, argv[0], 0);
}

int eftf_ctl_link_del(struct eftf_ctl *ctl, int argc, char **argv)
{
	static const struct eftf_arg none[] = {{NULL, EFTF_ARG_FLAG, NULL, NULL, false, 0, 0}};
	int ret = first_name("link del", argc, argv);

	if (!ret)
		ret = eftf_args("link del", argc - 1, argv + 1, none);
	if (!ret)
		ret = eftf_ctl_rt(ctl);
	if (ret)
		return ret;
	if (eftf_rt_link_del(ctl->rt, argv[0], &ctl->err))
		return eftf_ctl_fail(ctl);
	return eftf_ctl_done(ctl, argv[0], 0);
}

static void show(const struct eftf_link_info *info, void *arg)
{
	eftf_ctl_list_add(arg, info);
}

int eftf_ctl_link_show(struct eftf_ctl *ctl, int argc, char **argv)
{
	static const struct eftf_arg none[] = {{NULL, EFTF_ARG_FLAG, NULL, NULL, false, 0, 0}};
	struct eftf_ctl_list list;
	int ret = argc ? first_name("link show", argc, argv) : EFTF_CTL_OK;

	if (!ret && argc)
		ret = eftf_args("link show", argc - 1, argv + 1, none);
	if (!ret)
		ret = eftf_ctl_rt(ctl);
	if (ret)
		return ret;
	eftf_ctl_list_start(&list, ctl, &eftf_link_table);
	if (eftf_rt_link_get(ctl->rt, argc ? argv[0] : NULL, show, &list, &ctl->err)) {
		json_decref(list.array);
		return eftf_ctl_fail(ctl);
	}
	return eftf_ctl_list_end(&list, "links");
}
