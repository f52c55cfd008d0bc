/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_DESCRIBE_H
#define EFTF_DESCRIBE_H

#include <linux/eftf.h>
#include <linux/skbuff.h>
#include <net/netlink.h>

struct eftf_transport;
struct eftf_tunnel;

/* Room for a whole description, with an end. */
#define EFTF_DESCRIBE_SIZE							\
	(NLMSG_DEFAULT_SIZE + (EFTF_STAT_MAX + EFTF_SOJOURN_BUCKETS) * 16)

int eftf_describe(struct sk_buff *msg, struct eftf_tunnel *tunnel);
int eftf_describe_path(struct sk_buff *msg, const struct eftf_transport *tp);

#endif
