/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_TRANSPORT_H
#define EFTF_TRANSPORT_H

#include <linux/types.h>

struct eftf_transport;
struct eftf_tunnel;
struct netlink_ext_ack;

struct eftf_transport *eftf_transport_create(struct eftf_tunnel *tunnel, int fd, bool admin,
					     struct netlink_ext_ack *extack);
void eftf_transport_destroy(struct eftf_transport *tp);
void eftf_transport_start(struct eftf_transport *tp);

#endif
