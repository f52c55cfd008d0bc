/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_CONFIG_H
#define EFTF_CONFIG_H

struct eftf_tunnel_config;
struct netlink_ext_ack;
struct nlattr;

int eftf_config_parse(struct nlattr **attrs, struct eftf_tunnel_config *c,
		      struct netlink_ext_ack *extack);
int eftf_config_parse_times(struct nlattr **attrs, struct eftf_tunnel_config *c,
			    struct netlink_ext_ack *extack);

#endif
