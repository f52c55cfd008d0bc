/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_ECHO_H
#define EFTF_ECHO_H

struct eftf_tunnel;
struct eftf_tunnel_config;
struct netlink_ext_ack;

int eftf_echo_check(const struct eftf_tunnel_config *config, struct netlink_ext_ack *extack);
void eftf_echo_send(struct eftf_tunnel *tunnel);

#endif
