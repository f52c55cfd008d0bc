// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP packets that the stack leaves to the device to cut into segments (GSO).
 * A segment has headers of its own, but its payload is sent from where it is.
 * skb_gso_segment() would make a packet of each, only to be copied and freed.
 *
 * This is for plain TCP over IPv4 and IPv6; all else is left to skb_gso_segment().
 * The segments are the same as those that it makes.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>

#include "ftt_ims.h"
#include "segment.h"

#define EFTF_SEGMENT_TYPES \
	(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN | SKB_GSO_DODGY)

/**
 * struct eftf_segment_cb - in the packet's cb: how far it has come
 * @made: bytes of payload that segments were made of
 * @at: bytes of @piece that are among them; of piece 0, of its header as well
 * @piece: where the next segment begins: 0 = linear part, n = fragment n - 1
 * @ip_len: bytes of IP header
 * @header_len: bytes of IP and TCP header
 */
struct eftf_segment_cb {
	u32 made;
	u32 at;
	u8 piece;
	u8 ip_len;
	u8 header_len;
};

static struct eftf_segment_cb *eftf_segment_cb(const struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct eftf_segment_cb) > sizeof(skb->cb));
	return (struct eftf_segment_cb *)skb->cb;
}

/* Return: bytes of IP header before a TCP header, 0 if it is not as simple as that. */
static unsigned int eftf_segment_ip_len(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)skb->data;
	const struct iphdr *ip = (const struct iphdr *)skb->data;
	unsigned int type = skb_shinfo(skb)->gso_type;

	if (skb->protocol == htons(ETH_P_IP))
		return type & SKB_GSO_TCPV4 && skb_headlen(skb) >= sizeof(*ip) && ip->ihl >= 5 &&
		       ip->protocol == IPPROTO_TCP ? ip->ihl * 4 : 0;
	return type & SKB_GSO_TCPV6 && skb_headlen(skb) >= sizeof(*ip6) &&
	       ip6->nexthdr == IPPROTO_TCP ? sizeof(*ip6) : 0;
}

/**
 * eftf_segment_begin - shall a packet be cut here?
 * @skb: GSO packet, all of it in memory that can be mapped; its cb is used from now
 *	on if so
 *
 * What sendfile() sends can change until it is sent, and its checksum would not
 * be right then: skb_gso_segment() copies it first.
 *
 * Context: any.
 * Return: true if so; false: skb_gso_segment() has to.
 */
bool eftf_segment_begin(struct sk_buff *skb)
{
	struct eftf_segment_cb *cb = eftf_segment_cb(skb);
	unsigned int ip_len, header_len;
	const struct tcphdr *th;

	if (skb_shinfo(skb)->gso_type & ~EFTF_SEGMENT_TYPES || skb->encapsulation ||
	    skb->ip_summed != CHECKSUM_PARTIAL || skb_has_shared_frag(skb))
		return false;
	ip_len = eftf_segment_ip_len(skb);
	if (!ip_len || skb_headlen(skb) < ip_len + sizeof(*th))
		return false;
	th = (const struct tcphdr *)(skb->data + ip_len);
	header_len = ip_len + th->doff * 4;
	if (th->doff < 5 || skb_headlen(skb) < header_len || skb->len == header_len ||
	    header_len + skb_shinfo(skb)->gso_size > FTT_IMS_MAX_PAYLOAD)
		return false;
	*cb = (struct eftf_segment_cb) {
		.at = header_len,
		.ip_len = ip_len,
		.header_len = header_len,
	};
	return true;
}

/**
 * eftf_segment_header_len - length of the headers of each segment
 * @skb: packet that is cut here
 *
 * Context: any.
 * Return: bytes of IP and TCP header, a multiple of 4.
 */
unsigned int eftf_segment_header_len(const struct sk_buff *skb)
{
	return eftf_segment_cb(skb)->header_len;
}

static unsigned int eftf_segment_payload_left(const struct sk_buff *skb)
{
	const struct eftf_segment_cb *cb = eftf_segment_cb(skb);

	return skb->len - cb->header_len - cb->made;
}

/**
 * eftf_segment_len - length of the next segment
 * @skb: packet that is cut here; eftf_segment_left() is not 0
 *
 * Context: any.
 * Return: bytes, with its headers.
 */
unsigned int eftf_segment_len(const struct sk_buff *skb)
{
	return eftf_segment_cb(skb)->header_len +
	       min_t(unsigned int, eftf_segment_payload_left(skb), skb_shinfo(skb)->gso_size);
}

/**
 * eftf_segment_left - how many segments are still to be made?
 * @skb: packet that is cut here
 *
 * Context: any.
 * Return: how many.
 */
unsigned int eftf_segment_left(const struct sk_buff *skb)
{
	return DIV_ROUND_UP(eftf_segment_payload_left(skb), skb_shinfo(skb)->gso_size);
}

/* Takes up to @max bytes of payload from where the last ones ended; at most the rest of a piece. */
static void eftf_segment_take(struct sk_buff *skb, size_t max, struct kvec *vec)
{
	struct eftf_segment_cb *cb = eftf_segment_cb(skb);
	const skb_frag_t *frag;
	void *start = skb->data;
	u32 size = skb_headlen(skb);

	if (cb->piece) {
		frag = &skb_shinfo(skb)->frags[cb->piece - 1];
		start = skb_frag_address(frag);
		size = skb_frag_size(frag);
	}
	vec->iov_base = start + cb->at;
	vec->iov_len = min_t(size_t, size - cb->at, max);
	cb->at += vec->iov_len;
	cb->made += vec->iov_len;
	if (cb->at == size) {
		cb->piece++;
		cb->at = 0;
	}
}

/* Makes the headers of the segment that begins after @before bytes of payload, whose sum is @sum. */
static void eftf_segment_headers(const struct sk_buff *skb, u8 *header, u32 before, u32 len,
				 __wsum sum)
{
	const struct eftf_segment_cb *cb = eftf_segment_cb(skb);
	struct tcphdr *th = (struct tcphdr *)(header + cb->ip_len);
	struct ipv6hdr *ip6 = (struct ipv6hdr *)header;
	struct iphdr *ip = (struct iphdr *)header;

	memcpy(header, skb->data, cb->header_len);
	th->seq = htonl(ntohl(th->seq) + before);
	if (eftf_segment_payload_left(skb)) {
		th->fin = 0;
		th->psh = 0;
	}
	if (before)
		th->cwr = 0;
	len += cb->header_len - cb->ip_len;
	th->check = 0;
	sum = csum_partial(th, cb->header_len - cb->ip_len, sum);
	if (skb->protocol == htons(ETH_P_IP)) {
		th->check = csum_tcpudp_magic(ip->saddr, ip->daddr, len, IPPROTO_TCP, sum);
		ip->id = htons(ntohs(ip->id) + before / skb_shinfo(skb)->gso_size);
		ip->tot_len = htons(cb->ip_len + len);
		ip_send_check(ip);
	} else {
		th->check = csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len, IPPROTO_TCP, sum);
		ip6->payload_len = htons(len);
	}
}

/**
 * eftf_segment_next - make the next segment
 * @skb: packet that is cut here; eftf_segment_left() is not 0. Its memory is what
 *	@vec points to
 * @header: where the headers go: eftf_segment_header_len() bytes, aligned to 4
 * @vec: where pieces of payload go, at most one more than the packet has fragments
 *
 * Context: any.
 * Return: elements of @vec that were set, more than 0.
 */
unsigned int eftf_segment_next(struct sk_buff *skb, u8 *header, struct kvec *vec)
{
	unsigned int len = eftf_segment_len(skb) - eftf_segment_header_len(skb);
	u32 before = eftf_segment_cb(skb)->made;
	unsigned int done = 0, n = 0;
	__wsum sum = 0;

	while (done < len) {
		eftf_segment_take(skb, len - done, &vec[n]);
		if (!vec[n].iov_len)
			continue;	/* nothing but headers was in the linear part */
		sum = csum_block_add(sum, csum_partial(vec[n].iov_base, vec[n].iov_len, 0), done);
		done += vec[n++].iov_len;
	}
	eftf_segment_headers(skb, header, before, len, sum);
	return n;
}
