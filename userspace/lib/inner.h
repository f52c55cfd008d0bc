/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4/UDP packets as octets, for what the helpers say inside the tunnel. */
#ifndef EFTF_INNER_H
#define EFTF_INNER_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct eftf_inner_udp {
	struct in_addr src, dst;
	uint16_t sport, dport;		/* host order */
	const uint8_t *data;		/* parse: into the packet */
	size_t len;
};

/* Builds IPv4 + UDP with both checksums. Returns octets written, 0 if out is too small. */
size_t eftf_inner_build(uint8_t *out, size_t size, const struct eftf_inner_udp *udp);
/*
 * Takes a whole IPv4 packet apart: version, header length, total length,
 * no fragment, header checksum, UDP length, UDP checksum unless 0.
 * Returns 0 or -EBADMSG.
 */
int eftf_inner_parse(const uint8_t *packet, size_t len, struct eftf_inner_udp *udp);

/* The Internet checksum (RFC 1071): the sum of more octets, and what is written of it. */
uint32_t eftf_inner_sum(uint32_t sum, const uint8_t *p, size_t len);
uint16_t eftf_inner_fold(uint32_t sum);

#endif
