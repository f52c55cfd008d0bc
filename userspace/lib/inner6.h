/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv6 packets as octets, for what the helpers say inside the tunnel: UDP, and
 * router solicitations and advertisements (RFC 4861, 4191, 8273).
 */
#ifndef EFTF_INNER6_H
#define EFTF_INNER6_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eftf_inner6_udp {
	struct in6_addr src, dst;
	uint16_t sport, dport;		/* host order */
	const uint8_t *data;		/* parse: into the packet */
	size_t len;
};

/* Builds IPv6 + UDP with its checksum. Returns octets written, 0 if out is too small. */
size_t eftf_inner6_build(uint8_t *out, size_t size, const struct eftf_inner6_udp *udp);
/*
 * Takes a whole IPv6 packet apart: version, length, no extension header, UDP
 * length and checksum. Returns 0 or -EBADMSG.
 */
int eftf_inner6_parse(const uint8_t *packet, size_t len, struct eftf_inner6_udp *udp);

#define EFTF_RA_MAX_ROUTES 16

struct eftf_prefix6 {
	struct in6_addr addr;		/* bits behind plen are 0 */
	uint8_t plen;
};

/* A router advertisement, as far as it is of use in a tunnel. */
struct eftf_ra {
	bool managed;			/* addresses come by DHCPv6 */
	uint32_t mtu;			/* 0: not said */
	struct eftf_prefix6 routes[EFTF_RA_MAX_ROUTES];	/* through this router */
	size_t n_routes;
	struct eftf_prefix6 own;	/* a /64 that is this host's alone (RFC 8273); plen 0: none */
};

/* ff02::1:2, ff02::1, ff02::2 */
extern const struct in6_addr eftf_all_dhcp_servers, eftf_all_nodes, eftf_all_routers;

/* From a link-local address to all routers. Returns octets written, 0 if out is too small. */
size_t eftf_rs_build(uint8_t *out, size_t size, const struct in6_addr *src);
/* Is it a solicitation that a router has to answer (RFC 4861 6.1.1)? Then src is filled. */
bool eftf_rs_parse(const uint8_t *packet, size_t len, struct in6_addr *src);
/* src: a link-local address. The router is no default router; its routes, and the own prefix, are for ever. */
size_t eftf_ra_build(uint8_t *out, size_t size, const struct in6_addr *src,
		     const struct in6_addr *dst, const struct eftf_ra *ra);
/* Returns 0, or -EBADMSG: it is none that a host has to take (RFC 4861 6.1.2). Options that are wrong do not count. */
int eftf_ra_parse(const uint8_t *packet, size_t len, struct eftf_ra *ra);

#endif
