/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_TUNNEL_H
#define EFTF_TUNNEL_H

#include <linux/types.h>

struct eftf_dev;
struct eftf_transport;
struct eftf_tunnel;
struct eftf_tunnel_config;
struct net;
struct netlink_ext_ack;

struct eftf_tunnel *eftf_tunnel_create(struct eftf_dev *edev,
				       const struct eftf_tunnel_config *config, int fd,
				       bool admin, struct netlink_ext_ack *extack);
void eftf_tunnel_destroy(struct eftf_tunnel *tunnel);
int eftf_tunnel_insert(struct eftf_tunnel *tunnel, struct net *net, u32 portid,
		       struct netlink_ext_ack *extack);
int eftf_tunnel_swap(struct eftf_tunnel *tunnel, struct eftf_transport *tp,
		     struct netlink_ext_ack *extack);
void eftf_tunnel_get(struct eftf_tunnel *tunnel);
void eftf_tunnel_put(struct eftf_tunnel *tunnel);
void eftf_tunnel_limit(struct eftf_tunnel *tunnel, u64 records);

#endif
