// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keep-alive, peer timeout, detection of stalls, of keys that do not come and of
 * what a foreign reader has seen, by one timer for each tunnel that is armed for
 * the next of them and re-armed only when it fires: traffic just notes the time.
 *
 * The keep-alive is an inner ICMP or ICMPv6 echo request between the two inner
 * addresses: legal for any peer, as it is but an IP packet. It is sent after
 * the interval without sending, whatever was received (as TS 24.302 F.2.1 has
 * it for the sibling of this tunnel).
 */
#include <linux/fs.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>
#include <net/ip.h>

#include "device.h"
#include "event.h"
#include "keepalive.h"
#include "key.h"
#include "transport.h"
#include "tunnel.h"

#define EFTF_STALL_JIFFIES	(5 * HZ)	/* without progress: told to listeners */
#define EFTF_ECHO_TOS		0xc0		/* CS6, network control: the first band */

/**
 * eftf_keepalive_check - can an echo request be addressed?
 * @config: of a tunnel to be made or changed
 * @extack: told what is missing
 *
 * Return: 0 or -EINVAL.
 */
int eftf_keepalive_check(const struct eftf_tunnel_config *config, struct netlink_ext_ack *extack)
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

static void eftf_echo_send(struct eftf_tunnel *tunnel)
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
	eftf_tunnel_xmit(tunnel, skb);
}

/*
 * Pushes a stalled sender on and tells listeners once. An old transport that
 * drains is pushed by its drain_work. Return: is it stalled?
 */
static bool eftf_keepalive_stall_check(struct eftf_transport *tp)
{
	unsigned long since = READ_ONCE(tp->stalled_since);

	if (!since)
		return false;
	if (time_after_eq(jiffies, since + EFTF_STALL_JIFFIES) && !READ_ONCE(tp->stall_told)) {
		WRITE_ONCE(tp->stall_told, true);
		eftf_event_stalled(tp->tunnel);
	}
	eftf_transport_kick_tx(tp);
	return true;
}

/*
 * Somebody else who has the socket, too, and looks at what comes (MSG_PEEK)
 * makes TLS take records in; kernel 7.3 announces those to nobody. Return: has
 * anybody still?
 */
static bool eftf_keepalive_foreign_check(struct eftf_transport *tp)
{
	bool foreign = file_count(tp->sock->file) > 1;

	/* after that look: who is gone has left nothing that the reader would not find now */
	eftf_transport_kick_rx(tp);
	return foreign;
}

/* Ends a tunnel that waits for a key that nobody brings; or says in *next when that will be. */
static bool eftf_keepalive_key_check(struct eftf_transport *tp, unsigned long *next)
{
	const struct eftf_end end = { .reason = EFTF_REASON_REKEY };
	unsigned long left = MAX_JIFFY_OFFSET;

	if (eftf_key_overdue(tp, &left))
		return eftf_tunnel_close(tp->tunnel, tp, &end);
	*next = min(*next, left);
	return false;
}

/* jiffies until @last + @seconds, at least 1; *due if it has passed */
static unsigned long eftf_keepalive_left(unsigned long last, u32 seconds, bool *due)
{
	unsigned long at = last + seconds * HZ;

	*due = time_after_eq(jiffies, at);
	return *due ? 1 : at - jiffies;
}

static void eftf_keepalive_timer(struct timer_list *timer)
{
	struct eftf_tunnel *tunnel = timer_container_of(tunnel, timer, timer);
	const struct eftf_end end = { .reason = EFTF_REASON_TIMEOUT };
	u32 keepalive = READ_ONCE(tunnel->config.keepalive);
	u32 timeout = READ_ONCE(tunnel->config.timeout);
	unsigned long next = MAX_JIFFY_OFFSET;
	unsigned long last, left;
	struct eftf_transport *tp;
	bool due;

	rcu_read_lock();
	tp = rcu_dereference(tunnel->transport);
	if (tp) {
		if (eftf_keepalive_stall_check(tp))
			next = HZ;
		if (eftf_keepalive_foreign_check(tp))
			next = HZ;
		if (eftf_keepalive_key_check(tp, &next))
			goto out;
	}
	if (timeout) {
		left = eftf_keepalive_left(READ_ONCE(tunnel->last_rx), timeout, &due);
		if (due) {
			eftf_tunnel_close(tunnel, NULL, &end);
			goto out;
		}
		next = min(next, left);
	}
	if (keepalive) {
		last = READ_ONCE(tunnel->last_tx);
		/* one that is still queued counts, however long it waits */
		if (time_after(tunnel->last_echo, last))
			last = tunnel->last_echo;
		else
			tunnel->last_echo = last;	/* or it wraps, one day */
		left = eftf_keepalive_left(last, keepalive, &due);
		if (due) {
			tunnel->last_echo = jiffies;
			eftf_echo_send(tunnel);
			left = keepalive * HZ;
		}
		next = min(next, left);
	}
	/* somebody may have armed it for earlier meanwhile */
	if (next != MAX_JIFFY_OFFSET)
		timer_reduce(&tunnel->timer, jiffies + next);
out:
	rcu_read_unlock();
}

/**
 * eftf_keepalive_init - prepare the timer
 * @tunnel: new tunnel
 */
void eftf_keepalive_init(struct eftf_tunnel *tunnel)
{
	timer_setup(&tunnel->timer, eftf_keepalive_timer, 0);
	tunnel->last_tx = jiffies;
	tunnel->last_rx = jiffies;
	tunnel->last_echo = jiffies;
}

/**
 * eftf_keepalive_start - arm the timer, also after a change of the times or of
 *	the transport
 * @tunnel: tunnel
 *
 * Context: process, device's lock held.
 */
void eftf_keepalive_start(struct eftf_tunnel *tunnel)
{
	mod_timer(&tunnel->timer, jiffies + 1);
}

/**
 * eftf_keepalive_sent - something was sent
 * @tp: transport that sent it
 *
 * Context: TX worker.
 */
void eftf_keepalive_sent(struct eftf_transport *tp)
{
	WRITE_ONCE(tp->tunnel->last_tx, jiffies);
	if (tp->stalled_since) {
		/* in this order, or the timer tells the same stall again */
		WRITE_ONCE(tp->stalled_since, 0);
		WRITE_ONCE(tp->stall_told, false);
	}
}

/**
 * eftf_keepalive_stalled - the socket takes no more
 * @tp: its transport
 *
 * Context: TX worker.
 */
void eftf_keepalive_stalled(struct eftf_transport *tp)
{
	if (!tp->stalled_since)
		WRITE_ONCE(tp->stalled_since, jiffies ?: 1);
	timer_reduce(&tp->tunnel->timer, jiffies + HZ);
}
