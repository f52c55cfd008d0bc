/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_SIGNALLING_H
#define EFTF_SIGNALLING_H

#include <linux/eftf.h>
#include <linux/in6.h>
#include <linux/netlink.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>

#include "types.h"

/**
 * struct eftf_signalling - how to know signalling that its sender has not marked
 * @rcu: frees it
 * @n_ports: in @ports
 * @n_addrs: in @addrs
 * @ports: of SIP, at either end, over UDP, TCP or SCTP
 * @addrs: of P-CSCFs, whatever the protocol; IPv4 as ::ffff:a.b.c.d
 */
struct eftf_signalling {
	struct rcu_head rcu;
	u8 n_ports;
	u8 n_addrs;
	__be16 ports[EFTF_SIP_PORTS_MAX];
	struct in6_addr addrs[EFTF_PCSCF_MAX];
};

bool eftf_signalling_is(const struct eftf_dev *edev, const struct sk_buff *skb);
int eftf_signalling_check(struct nlattr *data[], struct netlink_ext_ack *extack);
int eftf_signalling_set(struct eftf_dev *edev, struct nlattr *data[]);
int eftf_signalling_fill(struct sk_buff *msg, const struct eftf_dev *edev);
void eftf_signalling_free(struct eftf_dev *edev);

#endif
