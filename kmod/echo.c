// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keep-alive: an inner ICMP or ICMPv6 echo request between the two inner
 * addresses. Any peer has to accept it, as it is an IP packet like any other.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>
#include <net/ip.h>

#include "echo.h"
#include "types.h"
#include "wake.h"

#define EFTF_ECHO_TOS		0xc0	/* CS6, network control: the first band */

/**
 * eftf_echo_check - can an echo request be addressed?
 * @config: of a tunnel to be made or changed
 * @extack: told what is missing
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int eftf_echo_check(const struct eftf_tunnel_config *config, struct netlink_ext_ack *extack)
{
	if (!config->keepalive || (config->has_inner4 && config->has_gateway4) ||
	    (config->has_inner6 && config->has_gateway6))
		return 0;
	NL_SET_ERR_MSG(extack, "a keep-alive needs both inner addresses: INNER4 and GATEWAY4, or INNER6 and GATEWAY6");
	return -EINVAL;
}

static void eftf_echo_fill4(struct eftf_tunnel *tunnel, struct sk_buff *skb)
{
	const struct eftf_tunnel_config *c = &tunnel->config;
	bool gw = tunnel->edev->role == EFTF_ROLE_GW;
	struct icmphdr *icmp;
	struct iphdr *ip;

	ip = skb_put_zero(skb, sizeof(*ip));
	icmp = skb_put_zero(skb, sizeof(*icmp));
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = EFTF_ECHO_TOS;
	ip->tot_len = htons(skb->len);
	ip->frag_off = htons(IP_DF);
	ip->ttl = 64;
	ip->protocol = IPPROTO_ICMP;
	ip->saddr = gw ? c->gateway4 : c->inner4;
	ip->daddr = gw ? c->inner4 : c->gateway4;
	ip_send_check(ip);
	icmp->type = ICMP_ECHO;
	icmp->un.echo.id = htons(c->id);
	icmp->un.echo.sequence = htons(tunnel->echo_seq++);
	icmp->checksum = ip_compute_csum(icmp, sizeof(*icmp));
	skb->protocol = htons(ETH_P_IP);
}

static void eftf_echo_fill6(struct eftf_tunnel *tunnel, struct sk_buff *skb)
{
	const struct eftf_tunnel_config *c = &tunnel->config;
	bool gw = tunnel->edev->role == EFTF_ROLE_GW;
	struct icmp6hdr *icmp;
	struct ipv6hdr *ip6;

	ip6 = skb_put_zero(skb, sizeof(*ip6));
	icmp = skb_put_zero(skb, sizeof(*icmp));
	ip6_flow_hdr(ip6, EFTF_ECHO_TOS, 0);
	ip6->payload_len = htons(sizeof(*icmp));
	ip6->nexthdr = IPPROTO_ICMPV6;
	ip6->hop_limit = 64;
	ip6->saddr = gw ? c->gateway6 : c->inner6;
	ip6->daddr = gw ? c->inner6 : c->gateway6;
	icmp->icmp6_type = ICMPV6_ECHO_REQUEST;
	icmp->icmp6_identifier = htons(c->id);
	icmp->icmp6_sequence = htons(tunnel->echo_seq++);
	icmp->icmp6_cksum = csum_ipv6_magic(&ip6->saddr, &ip6->daddr, sizeof(*icmp),
					    IPPROTO_ICMPV6, csum_partial(icmp, sizeof(*icmp), 0));
	skb->protocol = htons(ETH_P_IPV6);
}

/**
 * eftf_echo_send - queue an echo request
 * @tunnel: tunnel for which eftf_echo_check() is 0
 *
 * Context: softirq, RCU read side; the tunnel's timer only.
 */
void eftf_echo_send(struct eftf_tunnel *tunnel)
{
	const struct eftf_tunnel_config *c = &tunnel->config;
	struct sk_buff *skb;

	skb = alloc_skb(sizeof(struct ipv6hdr) + sizeof(struct icmp6hdr), GFP_ATOMIC);
	if (!skb) {
		eftf_stat_inc(&tunnel->stats, EFTF_STAT_DROP_TX_NOMEM);
		return;
	}
	skb_reset_network_header(skb);
	if (c->has_inner4 && c->has_gateway4)
		eftf_echo_fill4(tunnel, skb);
	else
		eftf_echo_fill6(tunnel, skb);
	eftf_stat_inc(&tunnel->stats, EFTF_STAT_KEEPALIVES_TX);
	eftf_wake_xmit(tunnel, skb);
}
