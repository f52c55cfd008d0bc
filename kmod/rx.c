// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receiving worker: reads the decrypted stream into a buffer, puts packets
 * together from envelopes that may be cut at any byte, checks and delivers them.
 */
#include <linux/gfp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "buffer.h"
#include "control.h"
#include "deliver.h"
#include "end.h"
#include "key.h"
#include "ktls.h"
#include "record.h"
#include "rx.h"
#include "table.h"
#include "tcp.h"
#include "timer.h"
#include "trace.h"
#include "types.h"
#include "wake.h"

#define EFTF_RX_BUDGET		32	/* reads in one run of the worker */
#define EFTF_RX_LINEAR		2048	/* bytes of a packet in its skb, the rest in pages */
#define EFTF_RX_UNKNOWN_MAX	16	/* envelopes of unknown type in a row */
#define EFTF_RX_ACKS_AT_ONCE	256	/* reads, before acknowledgements are put off again */

static void eftf_rx_framing(struct eftf_transport *tp, u32 reason)
{
	const struct eftf_end end = { .reason = reason };

	WRITE_ONCE(tp->close_alert, EFTF_ALERT_DECODE_ERROR);
	eftf_end_read(tp, &end);
}

/*
 * A longer prefix inside the UE's own may belong to another UE, and one address
 * of it to the EFTF: from those the UE may not send.
 */
static bool eftf_rx_source6_own(const struct eftf_tunnel *tunnel, const struct in6_addr *saddr)
{
	const struct eftf_tunnel_config *c = &tunnel->config;
	const struct eftf_tunnel *owner;

	if (c->has_gateway6 && ipv6_addr_equal(saddr, &c->gateway6))
		return false;
	if (c->plen >= READ_ONCE(tunnel->edev->table.plens[0]))
		return true;	/* no longer prefix is in use */
	rcu_read_lock();
	owner = eftf_table_by6(&tunnel->edev->table, saddr);
	rcu_read_unlock();
	/* none: the table changes just now, or this tunnel ends */
	return !owner || owner == tunnel;
}

/* A DHCP client that begins anew in its tunnel has no address yet (RFC 2131 4.1). Is this such a packet? */
static bool eftf_rx_is_dhcp_start(const struct sk_buff *skb)
{
	const struct iphdr *ip = (const struct iphdr *)skb->data;
	const struct udphdr *udp = (const struct udphdr *)(ip + 1);

	return skb_headlen(skb) >= sizeof(*ip) + sizeof(*udp) && !ip->saddr && ip->ihl == 5 &&
	       ip->protocol == IPPROTO_UDP && !ip_is_fragment(ip) &&
	       udp->source == htons(68) && udp->dest == htons(67);
}

/* The server on this machine knows a UE by its source address: it is put in, as the tunnel says whose it is. */
static void eftf_rx_set_source(struct sk_buff *skb, __be32 saddr)
{
	struct iphdr *ip = (struct iphdr *)skb->data;
	struct udphdr *udp = (struct udphdr *)(ip + 1);

	csum_replace4(&ip->check, ip->saddr, saddr);
	if (udp->check) {
		csum_replace4(&udp->check, ip->saddr, saddr);
		if (!udp->check)
			udp->check = CSUM_MANGLED_0;
	}
	ip->saddr = saddr;
}

/*
 * A DHCP server refuses to renew a lease by broadcast (RFC 2131 4.3.2). No other
 * packet of the EFTF is for all machines.
 */
static bool eftf_rx_dhcp_broadcast(const struct sk_buff *skb)
{
	const struct iphdr *ip = (const struct iphdr *)skb->data;
	const struct udphdr *udp = (const struct udphdr *)(skb->data + ip->ihl * 4);

	return ipv4_is_lbcast(ip->daddr) && ip->protocol == IPPROTO_UDP && !ip_is_fragment(ip) &&
	       skb_headlen(skb) >= ip->ihl * 4 + sizeof(*udp) &&
	       udp->dest == htons(68);
}

static bool eftf_rx_address_ok(const struct eftf_tunnel *tunnel, struct sk_buff *skb,
			       enum ftt_ims_ip version)
{
	const struct eftf_tunnel_config *c = &tunnel->config;
	bool gw = tunnel->edev->role == EFTF_ROLE_GW;

	if (version == FTT_IMS_IPV4) {
		const struct iphdr *ip = (const struct iphdr *)skb->data;

		if (gw && c->has_inner4 && eftf_rx_is_dhcp_start(skb))
			eftf_rx_set_source(skb, c->inner4);
		return c->has_inner4 && ((gw ? ip->saddr : ip->daddr) == c->inner4 ||
					 (!gw && eftf_rx_dhcp_broadcast(skb)));
	} else {
		const struct ipv6hdr *ip6 = (const struct ipv6hdr *)skb->data;

		return c->has_inner6 &&
		       ipv6_prefix_equal(gw ? &ip6->saddr : &ip6->daddr, &c->inner6, c->plen) &&
		       (!gw || eftf_rx_source6_own(tunnel, &ip6->saddr));
	}
}

/* A whole packet is there: check it and make it ready for the stack. */
static void eftf_rx_packet(struct eftf_transport *tp, struct sk_buff_head *ready)
{
	struct eftf_tunnel *tunnel = tp->tunnel;
	struct eftf_dev *edev = tunnel->edev;
	struct sk_buff *skb = tp->rx_skb;
	enum ftt_ims_ip version = ftt_ims_check_ip(skb->data, skb->len);
	enum eftf_stat drop;

	tp->rx_skb = NULL;
	if (version == FTT_IMS_BAD_VERSION) {
		drop = EFTF_STAT_DROP_RX_VERSION;
	} else if (version == FTT_IMS_BAD_LENGTH) {
		drop = EFTF_STAT_DROP_RX_LENGTH;
	} else if (!eftf_rx_address_ok(tunnel, skb, version)) {
		drop = edev->role == EFTF_ROLE_GW ? EFTF_STAT_DROP_RX_SOURCE :
						    EFTF_STAT_DROP_RX_DEST;
	} else {
		skb->protocol = version == FTT_IMS_IPV4 ? htons(ETH_P_IP) : htons(ETH_P_IPV6);
		skb->ip_summed = CHECKSUM_NONE;
		skb->pkt_type = PACKET_HOST;
		skb_reset_mac_header(skb);
		skb_reset_network_header(skb);
		__skb_queue_tail(ready, skb);
		return;
	}
	eftf_stat_inc(&tunnel->stats, drop);
	DEV_STATS_INC(edev->dev, rx_errors);
	kfree_skb(skb);
}

static void eftf_rx_no_memory(struct eftf_transport *tp)
{
	eftf_stat_inc(&tp->tunnel->stats, EFTF_STAT_DROP_RX_NOMEM);
	dev_core_stats_rx_dropped_inc(tp->tunnel->edev->dev);
}

/*
 * Memory for a packet. At first without reclaim: only then the kernel takes a page
 * fragment, as for network cards, and GRO can join packets without a list of them.
 */
static struct sk_buff *eftf_rx_alloc(struct eftf_transport *tp, unsigned int len)
{
	struct net_device *dev = tp->tunnel->edev->dev;
	struct sk_buff *skb;

	len = min_t(unsigned int, len, EFTF_RX_LINEAR);
	skb = __netdev_alloc_skb(dev, len, (GFP_KERNEL & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN);
	return skb ?: __netdev_alloc_skb(dev, len, GFP_KERNEL | __GFP_NOWARN);
}

/* An envelope begins. */
static void eftf_rx_begin(struct eftf_transport *tp, const struct ftt_ims_piece *piece)
{
	struct eftf_stats *stats = &tp->tunnel->stats;

	if (piece->type != FTT_IMS_TYPE_IP) {
		eftf_stat_inc(stats, EFTF_STAT_RX_UNKNOWN);
		net_dbg_ratelimited("%s: tunnel %u: envelope of unknown type %u skipped\n",
				    tp->tunnel->edev->dev->name, tp->tunnel->config.id,
				    piece->type);
		if (tp->rx_fresh)
			eftf_rx_framing(tp, EFTF_REASON_NOT_FTT);
		else if (++tp->rx_unknown > EFTF_RX_UNKNOWN_MAX)
			eftf_rx_framing(tp, EFTF_REASON_FRAMING);
		return;
	}
	tp->rx_fresh = false;
	tp->rx_unknown = 0;
	if (!piece->payload_len) {
		eftf_stat_inc(stats, EFTF_STAT_DROP_RX_EMPTY);
		return;
	}
	tp->rx_skb = eftf_rx_alloc(tp, piece->payload_len);
	if (!tp->rx_skb)
		eftf_rx_no_memory(tp);
}

/*
 * Adds to the packet. Memory is taken as bytes come, not as the header
 * announces them: three bytes of a peer must not cost 64 KiB.
 */
static void eftf_rx_append(struct eftf_transport *tp, const u8 *data, size_t len)
{
	struct sk_buff *skb = tp->rx_skb;
	skb_frag_t *frag = NULL;
	struct page *page;
	size_t n;

	if (!skb_is_nonlinear(skb) && skb->len < EFTF_RX_LINEAR) {
		n = min_t(size_t, len, EFTF_RX_LINEAR - skb->len);
		skb_put_data(skb, data, n);
		data += n;
		len -= n;
	}
	if (skb_is_nonlinear(skb))
		frag = &skb_shinfo(skb)->frags[skb_shinfo(skb)->nr_frags - 1];
	while (len) {
		if (!frag || skb_frag_size(frag) == PAGE_SIZE) {
			page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
			if (!page) {
				eftf_rx_no_memory(tp);
				kfree_skb(skb);
				tp->rx_skb = NULL;
				return;
			}
			skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, page, 0, 0, PAGE_SIZE);
			frag = &skb_shinfo(skb)->frags[skb_shinfo(skb)->nr_frags - 1];
		}
		n = min_t(size_t, len, PAGE_SIZE - skb_frag_size(frag));
		memcpy(skb_frag_address(frag) + skb_frag_size(frag), data, n);
		skb_frag_size_add(frag, n);
		skb->len += n;
		skb->data_len += n;
		data += n;
		len -= n;
	}
}

/* Takes apart what was read; ends the transport if it makes no sense. */
static void eftf_rx_stream(struct eftf_transport *tp, const u8 *data, size_t len,
			   struct sk_buff_head *ready)
{
	struct ftt_ims_piece piece;
	int used;

	while (len && !test_bit(EFTF_TP_RX_END, &tp->flags)) {
		used = ftt_ims_decode(&tp->decoder, data, len, &piece);
		if (used < 0) {
			eftf_rx_framing(tp, tp->rx_fresh ? EFTF_REASON_NOT_FTT :
							   EFTF_REASON_FRAMING);
			return;
		}
		data += used;
		len -= used;
		if (!piece.valid)
			continue;
		if (piece.first)
			eftf_rx_begin(tp, &piece);
		if (tp->rx_skb)
			eftf_rx_append(tp, piece.data, piece.len);
		if (piece.last && tp->rx_skb)
			eftf_rx_packet(tp, ready);
		if (piece.last)
			WRITE_ONCE(tp->unfinished_since, 0);
	}
}

static void eftf_rx_error(struct eftf_transport *tp, int error)
{
	struct eftf_end end = { .reason = EFTF_REASON_ERROR, .error = -error };

	switch (error) {
	case -ECONNRESET:
	case -EPIPE:
		end.reason = EFTF_REASON_RESET;
		break;
	case -EBADMSG:
		end.reason = EFTF_REASON_BAD_RECORD;
		WRITE_ONCE(tp->close_alert, EFTF_ALERT_BAD_RECORD_MAC);
		break;
	case -EMSGSIZE:
	case -EINVAL:
		/* TLS tells which it is once, to the reader or to the sender */
		if (error == -EMSGSIZE || test_bit(EFTF_TP_RX_TOO_LONG, &tp->flags))
			WRITE_ONCE(tp->close_alert, EFTF_ALERT_RECORD_OVERFLOW);
		end.reason = EFTF_REASON_PROTOCOL;
		break;
	}
	eftf_end_read(tp, &end);
}

/* The end of the TCP stream came without close_notify. */
static void eftf_rx_truncated(struct eftf_transport *tp)
{
	struct eftf_end end = { .reason = EFTF_REASON_TRUNCATED };

	/* the sender may have been given the socket's error already */
	if (test_bit(EFTF_TP_RESET, &tp->flags))
		end.reason = EFTF_REASON_RESET;
	eftf_end_read(tp, &end);
}

/* Without the key that the peer has announced nothing can be read; the sender goes on. */
static void eftf_rx_need_key(struct eftf_transport *tp)
{
	const struct eftf_end end = { .reason = EFTF_REASON_REKEY };

	/* not announced: TLS saw a KeyUpdate that the reader was not shown */
	if (!tp->key_since)
		eftf_end_read(tp, &end);
}

static void eftf_rx_data(struct eftf_transport *tp, struct page *page,
			 const struct eftf_ktls_read *read, struct sk_buff_head *ready)
{
	struct eftf_tunnel *tunnel = tp->tunnel;

	if (READ_ONCE(tunnel->closing))
		return;	/* lingering for the peer's end: nothing is delivered any more */
	if (tp->hs_skip) {
		eftf_control_received(tp, read->type, page_address(page), read->len);
		return;
	}
	eftf_stat_add(&tunnel->stats, EFTF_STAT_RX_STREAM_BYTES, read->len);
	eftf_rx_stream(tp, page_address(page), read->len, ready);
}

/*
 * A peer that begins something and goes on with it byte by byte keeps the tunnel
 * alive, but deaf: the timer watches how long ago it was begun.
 */
static void eftf_rx_note_unfinished(struct eftf_transport *tp)
{
	if (!tp->decoder.have && !tp->hs_skip)
		WRITE_ONCE(tp->unfinished_since, 0);
	else if (!tp->unfinished_since)
		WRITE_ONCE(tp->unfinished_since, jiffies ?: 1);
}

/*
 * TCP acknowledges each small segment that the reader takes as it comes, unless
 * the connection is interactive: then every second one, or with the data that goes
 * the other way, or after 40 ms (RFC 9293 3.8.6.3). When these have passed it goes
 * back to the former, and rightly so if the peer sends only when all is
 * acknowledged (Nagle): so it is asked for the latter anew, but not at once.
 */
static void eftf_rx_delay_acks(struct eftf_transport *tp)
{
	struct sock *sk = tp->sock->sk;

	if (eftf_tcp_delays_acks(sk) || ++tp->rx_acks_at_once < EFTF_RX_ACKS_AT_ONCE)
		return;
	tp->rx_acks_at_once = 0;
	tcp_sock_set_quickack(sk, 0);
}

/* Reads once. Return: true to go on, false when nothing more is to be had now. */
static bool eftf_rx_once(struct eftf_transport *tp, const struct eftf_buffer *buf,
			 struct sk_buff_head *ready)
{
	struct page *page = buf->page;
	struct eftf_ktls_read read;

	eftf_rx_delay_acks(tp);
	eftf_ktls_recv(tp->sock, page, buf->size, &read);
	trace_eftf_read(tp->tunnel, buf->size, read.kind, read.len);
	if (read.cleared)
		eftf_wake_tx(tp);	/* it may have been given the mark */
	if (read.records) {
		eftf_timer_received(tp->tunnel);
		eftf_record_count(tp, EFTF_DIRECTION_RX);
	}
	switch (read.kind) {
	case EFTF_KTLS_DATA:
		eftf_rx_data(tp, page, &read, ready);
		eftf_rx_note_unfinished(tp);
		return read.more;
	case EFTF_KTLS_CONTROL:
		eftf_control_received(tp, read.type, page_address(page), read.len);
		eftf_rx_note_unfinished(tp);
		return read.more;
	case EFTF_KTLS_NOTHING:
		return false;
	case EFTF_KTLS_RETRY:
		eftf_wake_rx(tp);
		return false;
	case EFTF_KTLS_LATER:
		eftf_wake_rx_later(tp);
		return false;
	case EFTF_KTLS_NEED_KEY:
		eftf_rx_need_key(tp);
		return false;
	case EFTF_KTLS_END:
		eftf_rx_truncated(tp);
		return false;
	case EFTF_KTLS_ERROR:
		eftf_rx_error(tp, read.error);
		return false;
	}
	return false;
}

/**
 * eftf_rx_work - read what came
 * @work: the transport's rx_work
 *
 * kTLS announces a record once, so everything must be read before the worker
 * rests.
 *
 * Context: process; never runs twice at a time for one transport.
 */
void eftf_rx_work(struct work_struct *work)
{
	struct eftf_transport *tp = container_of(to_delayed_work(work), struct eftf_transport,
						 rx_work);
	int budget = EFTF_RX_BUDGET;
	struct eftf_buffer buf;
	struct sk_buff_head ready;

	if (!eftf_buffer_get(&buf)) {
		eftf_wake_rx_later(tp);
		return;
	}
	__skb_queue_head_init(&ready);
	eftf_key_receive(tp);
	while (!test_bit(EFTF_TP_RX_END, &tp->flags) &&
	       !test_bit(EFTF_TP_RELEASED, &tp->flags)) {
		if (!budget--) {
			eftf_wake_rx(tp);
			break;
		}
		if (!eftf_rx_once(tp, &buf, &ready))
			break;
		/* GRO merges what it gets at once, and long records are read one at a time */
		if (skb_queue_len(&ready) >= EFTF_DELIVER_SLICE)
			eftf_deliver(tp->tunnel, &ready);
		cond_resched();
	}
	eftf_deliver(tp->tunnel, &ready);
	eftf_buffer_put(&buf);
}

/**
 * eftf_rx_purge - free a packet that will never be whole
 * @tp: transport whose works have ended
 */
void eftf_rx_purge(struct eftf_transport *tp)
{
	kfree_skb(tp->rx_skb);
}
