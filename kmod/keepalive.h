/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_KEEPALIVE_H
#define EFTF_KEEPALIVE_H

struct eftf_transport;
struct eftf_tunnel;
struct eftf_tunnel_config;
struct netlink_ext_ack;

int eftf_keepalive_check(const struct eftf_tunnel_config *config, struct netlink_ext_ack *extack);
void eftf_keepalive_init(struct eftf_tunnel *tunnel);
void eftf_keepalive_start(struct eftf_tunnel *tunnel);
void eftf_keepalive_sent(struct eftf_transport *tp);
void eftf_keepalive_stalled(struct eftf_transport *tp);

#endif
