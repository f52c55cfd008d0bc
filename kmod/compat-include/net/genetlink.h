/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_COMPAT_NET_GENETLINK_H
#define EFTF_COMPAT_NET_GENETLINK_H
#include_next <net/genetlink.h>

/* what a dump needs of struct genl_info was in a structure of its own; attrs is in both */
#ifndef EFTF_HAVE_GENL_INFO_DUMP
#define genl_info_dump(cb) genl_dumpit_info(cb)
#endif

/* groups had the flag of commands */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN GENL_UNS_ADMIN_PERM
#endif
#endif
