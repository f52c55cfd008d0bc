/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inner6.h"

#include <errno.h>
#include <string.h>

#include "dhcp.h"
#include "dhcp_octets.h"
#include "ftt_ims.h"
#include "inner.h"

#define IP6_HLEN 40
#define UDP_HLEN 8
#define PROTO_UDP 17
#define PROTO_ICMP6 58
#define UDP_HOPS 64
#define ND_HOPS 255			/* of a neighbour only */
#define ROUTER_SOLICIT 133
#define ROUTER_ADVERT 134
#define RS_LEN 8
#define RA_LEN 16
#define RA_MANAGED 0x80
#define RA_OTHER 0x40
#define OPT_PREFIX 3
#define PREFIX_LEN 32			/* octets of that option */
#define PREFIX_AUTONOMOUS 0x40
#define OPT_MTU 5
#define OPT_ROUTE 24			/* RFC 4191 */
#define MIN_MTU 1280u			/* RFC 8200 5 */

const struct in6_addr eftf_all_dhcp_servers = {
	{ { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2 } }
};
const struct in6_addr eftf_all_nodes = {
	{ { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } }
};
const struct in6_addr eftf_all_routers = {
	{ { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 } }
};

/* Over the pseudo header (RFC 8200 8.1) and what follows the IPv6 header. */
static uint16_t sum_of(const uint8_t *packet, uint8_t proto, size_t len)
{
	uint32_t sum = eftf_inner_sum(proto + (uint32_t)len, packet + 8, 32);

	return eftf_inner_fold(eftf_inner_sum(sum, packet + IP6_HLEN, len));
}

static void put_header(struct eftf_out *o, uint8_t proto, uint8_t hops, size_t len,
		       const struct in6_addr *src, const struct in6_addr *dst)
{
	eftf_out_put32(o, 6u << 28);
	eftf_out_put16(o, (uint16_t)len);
	eftf_out_put8(o, proto);
	eftf_out_put8(o, hops);
	eftf_out_put(o, src, 16);
	eftf_out_put(o, dst, 16);
}

static void set16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Is it whole, and of this protocol, with a right checksum at this place behind the IPv6 header? */
static bool is_of(const uint8_t *packet, size_t len, uint8_t proto, size_t min, size_t sum_at)
{
	if (ftt_ims_check_ip(packet, len) != FTT_IMS_IPV6 || packet[6] != proto ||
	    len < IP6_HLEN + min)
		return false;
	/* of UDP 0 would mean: no checksum, which IPv6 has not (RFC 8200 8.1) */
	return (proto != PROTO_UDP || eftf_get16(packet + IP6_HLEN + sum_at)) &&
		!sum_of(packet, proto, len - IP6_HLEN);
}

/* ---- UDP ------------------------------------------------------------------------ */

size_t eftf_inner6_build(uint8_t *out, size_t size, const struct eftf_inner6_udp *udp)
{
	struct eftf_out o = { .p = out, .size = size };
	size_t len = UDP_HLEN + udp->len;
	uint16_t sum;

	if (udp->len > FTT_IMS_MAX_PAYLOAD || IP6_HLEN + len > FTT_IMS_MAX_PAYLOAD)
		return 0;
	put_header(&o, PROTO_UDP, UDP_HOPS, len, &udp->src, &udp->dst);
	eftf_out_put16(&o, udp->sport);
	eftf_out_put16(&o, udp->dport);
	eftf_out_put16(&o, (uint16_t)len);
	eftf_out_put16(&o, 0);
	if (udp->len)
		eftf_out_put(&o, udp->data, udp->len);
	if (o.full)
		return 0;
	sum = sum_of(out, PROTO_UDP, len);
	set16(out + IP6_HLEN + 6, sum ? sum : 0xffff);
	return o.len;
}

int eftf_inner6_parse(const uint8_t *packet, size_t len, struct eftf_inner6_udp *udp)
{
	const uint8_t *u = packet + IP6_HLEN;

	if (!is_of(packet, len, PROTO_UDP, UDP_HLEN, 6) || eftf_get16(u + 4) != len - IP6_HLEN)
		return -EBADMSG;
	memcpy(&udp->src, packet + 8, 16);
	memcpy(&udp->dst, packet + 24, 16);
	udp->sport = eftf_get16(u);
	udp->dport = eftf_get16(u + 2);
	udp->data = u + UDP_HLEN;
	udp->len = len - IP6_HLEN - UDP_HLEN;
	return 0;
}

/* ---- routers -------------------------------------------------------------------- */

static bool is_nd(const uint8_t *packet, size_t len, uint8_t type, size_t min)
{
	return is_of(packet, len, PROTO_ICMP6, min, 2) && packet[7] == ND_HOPS &&
		packet[IP6_HLEN] == type && !packet[IP6_HLEN + 1];
}

static size_t finish_icmp(struct eftf_out *o)
{
	size_t len = o->len - IP6_HLEN;

	if (o->full)
		return 0;
	set16(o->p + 4, (uint16_t)len);
	set16(o->p + IP6_HLEN + 2, sum_of(o->p, PROTO_ICMP6, len));
	return o->len;
}

size_t eftf_rs_build(uint8_t *out, size_t size, const struct in6_addr *src)
{
	struct eftf_out o = { .p = out, .size = size };

	put_header(&o, PROTO_ICMP6, ND_HOPS, 0, src, &eftf_all_routers);
	eftf_out_put32(&o, (uint32_t)ROUTER_SOLICIT << 24);
	eftf_out_put32(&o, 0);
	return finish_icmp(&o);
}

bool eftf_rs_parse(const uint8_t *packet, size_t len, struct in6_addr *src)
{
	if (!is_nd(packet, len, ROUTER_SOLICIT, RS_LEN))
		return false;
	memcpy(src, packet + 8, 16);
	return true;
}

/* RFC 4191 2.3: as many octets of the prefix as it needs, in steps of eight. */
static void put_route(struct eftf_out *o, const struct eftf_prefix6 *p)
{
	size_t octets = p->plen > 64 ? 16 : p->plen ? 8 : 0;

	eftf_out_put8(o, OPT_ROUTE);
	eftf_out_put8(o, (uint8_t)(1 + octets / 8));
	eftf_out_put8(o, p->plen);
	eftf_out_put8(o, 0);		/* medium preference */
	eftf_out_put32(o, EFTF_DHCP_FOREVER);
	eftf_out_put(o, &p->addr, octets);
}

/* RFC 8273 4: the host may make addresses of it, and has no neighbours in it. */
static void put_own(struct eftf_out *o, const struct eftf_prefix6 *p)
{
	eftf_out_put16(o, OPT_PREFIX << 8 | PREFIX_LEN / 8);
	eftf_out_put8(o, p->plen);
	eftf_out_put8(o, PREFIX_AUTONOMOUS);
	eftf_out_put32(o, EFTF_DHCP_FOREVER);
	eftf_out_put32(o, EFTF_DHCP_FOREVER);
	eftf_out_put32(o, 0);
	eftf_out_put(o, &p->addr, 16);
}

size_t eftf_ra_build(uint8_t *out, size_t size, const struct in6_addr *src,
		     const struct in6_addr *dst, const struct eftf_ra *ra)
{
	struct eftf_out o = { .p = out, .size = size };

	put_header(&o, PROTO_ICMP6, ND_HOPS, 0, src, dst);
	eftf_out_put32(&o, (uint32_t)ROUTER_ADVERT << 24);
	eftf_out_put8(&o, UDP_HOPS);
	eftf_out_put8(&o, ra->managed ? RA_MANAGED | RA_OTHER : 0);
	eftf_out_put16(&o, 0);		/* no default router */
	eftf_out_put32(&o, 0);
	eftf_out_put32(&o, 0);
	if (ra->mtu) {
		eftf_out_put16(&o, OPT_MTU << 8 | 1);
		eftf_out_put16(&o, 0);
		eftf_out_put32(&o, ra->mtu);
	}
	for (size_t i = 0; i < ra->n_routes; i++)
		put_route(&o, &ra->routes[i]);
	if (ra->own.plen)
		put_own(&o, &ra->own);
	return finish_icmp(&o);
}

/* Bits behind the prefix are cleared. */
static void set_prefix(struct eftf_prefix6 *p, const uint8_t *octets, size_t n, uint8_t plen)
{
	memset(p, 0, sizeof(*p));
	memcpy(&p->addr, octets, n);
	p->plen = plen;
	for (unsigned int i = plen; i < 128; i++)
		p->addr.s6_addr[i / 8] &= (uint8_t)~(0x80 >> i % 8);
}

static void get_route(const uint8_t *p, size_t len, struct eftf_ra *ra)
{
	/* a lifetime of 0 means that the route has gone */
	if (p[2] > 128 || len > 24 || (size_t)(p[2] + 63) / 64 * 8 > len - 8 || !eftf_get32(p + 4) ||
	    ra->n_routes == EFTF_RA_MAX_ROUTES)
		return;
	set_prefix(&ra->routes[ra->n_routes++], p + 8, len - 8, p[2]);
}

/* The first of them, if it is one that addresses are made of (RFC 4862 5.5.3) and is there for a time. */
static void get_own(const uint8_t *p, size_t len, struct eftf_ra *ra)
{
	if (len == PREFIX_LEN && p[2] == 64 && (p[3] & PREFIX_AUTONOMOUS) && eftf_get32(p + 4) && !ra->own.plen)
		set_prefix(&ra->own, p + 16, 16, p[2]);
}

int eftf_ra_parse(const uint8_t *packet, size_t len, struct eftf_ra *ra)
{
	const uint8_t *p = packet + IP6_HLEN;
	size_t n;

	memset(ra, 0, sizeof(*ra));
	if (!is_nd(packet, len, ROUTER_ADVERT, RA_LEN) ||
	    packet[8] != 0xfe || (packet[9] & 0xc0) != 0x80)
		return -EBADMSG;
	ra->managed = p[5] & RA_MANAGED;
	len -= IP6_HLEN + RA_LEN;
	for (p += RA_LEN; len >= 8; p += n, len -= n) {
		n = 8u * p[1];
		if (!n || n > len)	/* RFC 4861 6.1.2: then none of it counts */
			return -EBADMSG;
		if (p[0] == OPT_MTU && n == 8 && eftf_get32(p + 4) >= MIN_MTU &&
		    eftf_get32(p + 4) <= FTT_IMS_MAX_PAYLOAD)
			ra->mtu = eftf_get32(p + 4);
		else if (p[0] == OPT_ROUTE)
			get_route(p, n, ra);
		else if (p[0] == OPT_PREFIX)
			get_own(p, n, ra);
	}
	return 0;
}
