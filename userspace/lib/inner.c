/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inner.h"

#include <errno.h>
#include <string.h>

#include "dhcp_octets.h"
#include "ftt_ims.h"

#define IP_HLEN 20
#define UDP_HLEN 8
#define PROTO_UDP 17
#define DEFAULT_TTL 64

uint32_t eftf_inner_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len > 1; p += 2, len -= 2)
		sum += eftf_get16(p);
	if (len)
		sum += (uint32_t)p[0] << 8;
	return sum;
}

uint16_t eftf_inner_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Over the pseudo header, the UDP header and the data; ip: the IPv4 header. */
static uint16_t udp_sum(const uint8_t *ip, const uint8_t *udp, size_t len)
{
	return eftf_inner_fold(eftf_inner_sum(eftf_inner_sum(PROTO_UDP + (uint32_t)len, ip + 12, 8), udp, len));
}

size_t eftf_inner_build(uint8_t *out, size_t size, const struct eftf_inner_udp *udp)
{
	size_t total = IP_HLEN + UDP_HLEN + udp->len;
	uint8_t *u = out + IP_HLEN;
	uint16_t sum;

	if (udp->len > FTT_IMS_MAX_PAYLOAD || total > size || total > FTT_IMS_MAX_PAYLOAD)
		return 0;
	memset(out, 0, IP_HLEN + UDP_HLEN);
	out[0] = 0x45;
	put16(out + 2, total);
	out[8] = DEFAULT_TTL;
	out[9] = PROTO_UDP;
	memcpy(out + 12, &udp->src, 4);
	memcpy(out + 16, &udp->dst, 4);
	put16(out + 10, eftf_inner_fold(eftf_inner_sum(0, out, IP_HLEN)));
	put16(u, udp->sport);
	put16(u + 2, udp->dport);
	put16(u + 4, UDP_HLEN + udp->len);
	if (udp->len)
		memcpy(u + UDP_HLEN, udp->data, udp->len);
	sum = udp_sum(out, u, UDP_HLEN + udp->len);
	put16(u + 6, sum ? sum : 0xffff);	/* 0 would mean: no checksum (RFC 768) */
	return total;
}

int eftf_inner_parse(const uint8_t *packet, size_t len, struct eftf_inner_udp *udp)
{
	size_t hlen, ulen;
	const uint8_t *u;

	if (ftt_ims_check_ip(packet, len) != FTT_IMS_IPV4)
		return -EBADMSG;
	hlen = (size_t)(packet[0] & 15) * 4;
	if (eftf_inner_fold(eftf_inner_sum(0, packet, hlen)) || packet[9] != PROTO_UDP || len < hlen + UDP_HLEN)
		return -EBADMSG;
	if (eftf_get16(packet + 6) & 0x3fff)	/* more fragments, or not the first */
		return -EBADMSG;
	u = packet + hlen;
	ulen = eftf_get16(u + 4);
	if (ulen < UDP_HLEN || ulen > len - hlen)
		return -EBADMSG;
	if (eftf_get16(u + 6) && udp_sum(packet, u, ulen))
		return -EBADMSG;
	memcpy(&udp->src, packet + 12, 4);
	memcpy(&udp->dst, packet + 16, 4);
	udp->sport = eftf_get16(u);
	udp->dport = eftf_get16(u + 2);
	udp->data = u + UDP_HLEN;
	udp->len = ulen - UDP_HLEN;
	return 0;
}
