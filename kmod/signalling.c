// SPDX-License-Identifier: GPL-2.0-only
/*
 * Signalling is what announces a call, so it has to be known before the first
 * packet of voice comes: bulk then yields in time. Many phones do not mark it by
 * DSCP; it is known by the addresses of the P-CSCFs, which also covers SIP under
 * IPsec, and by the ports of SIP.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "signalling.h"
#include "types.h"

static bool eftf_signalling_has_addr(const struct eftf_signalling *sig, const struct in6_addr *addr)
{
	unsigned int i;

	for (i = 0; i < sig->n_addrs; i++)
		if (ipv6_addr_equal(&sig->addrs[i], addr))
			return true;
	return false;
}

static bool eftf_signalling_has_port(const struct eftf_signalling *sig, __be16 port)
{
	unsigned int i;

	for (i = 0; i < sig->n_ports; i++)
		if (sig->ports[i] == port)
			return true;
	return false;
}

/* Source and destination as 16 octets each; offset of the ports, 0 = none in this packet. */
static unsigned int eftf_signalling_parse(const struct sk_buff *skb, struct in6_addr *saddr,
					  struct in6_addr *daddr)
{
	unsigned int offset;
	u8 protocol;

	if (skb->protocol == htons(ETH_P_IP)) {
		const struct iphdr *ip = ip_hdr(skb);

		ipv6_addr_set_v4mapped(ip->saddr, saddr);
		ipv6_addr_set_v4mapped(ip->daddr, daddr);
		if (ip->frag_off & htons(IP_OFFSET))
			return 0;
		protocol = ip->protocol;
		offset = ip->ihl * 4;
	} else {
		const struct ipv6hdr *ip6 = ipv6_hdr(skb);

		*saddr = ip6->saddr;
		*daddr = ip6->daddr;
		protocol = ip6->nexthdr;
		offset = sizeof(*ip6);
	}
	if (protocol != IPPROTO_UDP && protocol != IPPROTO_TCP && protocol != IPPROTO_SCTP)
		return 0;
	return skb_network_offset(skb) + offset;
}

/**
 * eftf_signalling_is - does a packet belong to signalling, by what is configured?
 * @edev: device
 * @skb: packet, network header and protocol set, whole in its header
 *
 * Context: RCU read side.
 * Return: true if so.
 */
bool eftf_signalling_is(const struct eftf_dev *edev, const struct sk_buff *skb)
{
	const struct eftf_signalling *sig = rcu_dereference(edev->signalling);
	struct in6_addr saddr, daddr;
	__be16 buf[2], *ports;
	unsigned int offset;

	if (!sig || (!sig->n_ports && !sig->n_addrs))
		return false;
	offset = eftf_signalling_parse(skb, &saddr, &daddr);
	if (eftf_signalling_has_addr(sig, &saddr) || eftf_signalling_has_addr(sig, &daddr))
		return true;
	if (!offset || !sig->n_ports)
		return false;
	ports = skb_header_pointer(skb, offset, sizeof(buf), buf);
	return ports && (eftf_signalling_has_port(sig, ports[0]) ||
			 eftf_signalling_has_port(sig, ports[1]));
}

/**
 * eftf_signalling_check - can these attributes be used?
 * @data: attributes of the link, by IFLA_EFTF_*; the policy has limited their lengths
 * @extack: told why not
 *
 * Context: process.
 * Return: 0 or -EINVAL.
 */
int eftf_signalling_check(struct nlattr *data[], struct netlink_ext_ack *extack)
{
	if (data[IFLA_EFTF_SIP_PORTS] && nla_len(data[IFLA_EFTF_SIP_PORTS]) % sizeof(u16)) {
		NL_SET_ERR_MSG_ATTR(extack, data[IFLA_EFTF_SIP_PORTS],
				    "SIP_PORTS is an array of 16-bit numbers");
		return -EINVAL;
	}
	if (data[IFLA_EFTF_PCSCF] && nla_len(data[IFLA_EFTF_PCSCF]) % sizeof(struct in6_addr)) {
		NL_SET_ERR_MSG_ATTR(extack, data[IFLA_EFTF_PCSCF],
				    "PCSCF is an array of addresses of 16 octets each");
		return -EINVAL;
	}
	return 0;
}

/**
 * eftf_signalling_set - take over what attributes say; the default where nothing was set yet
 * @edev: device
 * @data: attributes of the link, checked; those not there change nothing; NULL = none
 *
 * Context: process, RTNL held.
 * Return: 0 or -ENOMEM.
 */
int eftf_signalling_set(struct eftf_dev *edev, struct nlattr *data[])
{
	static const struct eftf_signalling standard = {
		.n_ports = 2,
		.ports = { cpu_to_be16(5060), cpu_to_be16(5061) },
	};
	const struct nlattr *ports = data ? data[IFLA_EFTF_SIP_PORTS] : NULL;
	const struct nlattr *addrs = data ? data[IFLA_EFTF_PCSCF] : NULL;
	struct eftf_signalling *old = rtnl_dereference(edev->signalling);
	struct eftf_signalling *sig;
	const u16 *port;
	unsigned int i;

	if (old && !ports && !addrs)
		return 0;
	sig = kmemdup(old ?: &standard, sizeof(*sig), GFP_KERNEL);
	if (!sig)
		return -ENOMEM;
	if (ports) {
		port = nla_data(ports);
		sig->n_ports = nla_len(ports) / sizeof(*port);
		for (i = 0; i < sig->n_ports; i++)
			sig->ports[i] = cpu_to_be16(port[i]);
	}
	if (addrs) {
		sig->n_addrs = nla_len(addrs) / sizeof(sig->addrs[0]);
		memcpy(sig->addrs, nla_data(addrs), nla_len(addrs));
	}
	rcu_assign_pointer(edev->signalling, sig);
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

/**
 * eftf_signalling_fill - put the same attributes into a message
 * @msg: message, in the nest IFLA_INFO_DATA
 * @edev: device
 *
 * Context: RTNL or RCU read side.
 * Return: 0 or -EMSGSIZE.
 */
int eftf_signalling_fill(struct sk_buff *msg, const struct eftf_dev *edev)
{
	const struct eftf_signalling *sig;
	u16 ports[EFTF_SIP_PORTS_MAX];
	unsigned int i;
	int err = 0;

	rcu_read_lock();
	sig = rcu_dereference(edev->signalling);
	if (sig) {
		for (i = 0; i < sig->n_ports; i++)
			ports[i] = be16_to_cpu(sig->ports[i]);
		if (nla_put(msg, IFLA_EFTF_SIP_PORTS, sig->n_ports * sizeof(ports[0]), ports) ||
		    nla_put(msg, IFLA_EFTF_PCSCF, sig->n_addrs * sizeof(sig->addrs[0]), sig->addrs))
			err = -EMSGSIZE;
	}
	rcu_read_unlock();
	return err;
}

/**
 * eftf_signalling_free - give back what eftf_signalling_set() has made
 * @edev: device on which no packet is sent any more
 *
 * Context: process.
 */
void eftf_signalling_free(struct eftf_dev *edev)
{
	kfree(rcu_dereference_protected(edev->signalling, true));
	RCU_INIT_POINTER(edev->signalling, NULL);
}
