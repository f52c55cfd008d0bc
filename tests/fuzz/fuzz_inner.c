// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/inner.c */
/* IPv4/UDP inside the tunnel: what is taken apart can be built again. */
#include "fuzz.h"

#include "ftt_ims.h"
#include "inner.h"

static uint16_t sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Most inputs would fail at a checksum or a length: make them right. */
static void repair(uint8_t *p, size_t len, bool udp_too)
{
	size_t hlen;

	if (len < 28)
		return;
	put16(p + 2, (unsigned int)len);
	hlen = (p[0] & 15) * 4u;
	if (hlen < 20 || hlen + 8 > len)
		return;
	put16(p + 10, 0);
	put16(p + 10, sum(p, hlen, 0));
	if (!udp_too)
		return;
	put16(p + hlen + 4, (unsigned int)(len - hlen));
	put16(p + hlen + 6, 0);
	put16(p + hlen + 6, sum(p + hlen, len - hlen,
				17 + (uint32_t)(len - hlen) + (uint16_t)~sum(p + 12, 8, 0)));
}

static void rebuild(const struct eftf_inner_udp *udp)
{
	size_t size = 28 + udp->len, n;
	uint8_t *out = malloc(size);
	struct eftf_inner_udp again;

	must(out);
	must(eftf_inner_build(out, size - 1, udp) == 0);
	n = eftf_inner_build(out, size, udp);
	must(n == size);
	must(ftt_ims_check_ip(out, n) == FTT_IMS_IPV4);
	must(eftf_inner_parse(out, n, &again) == 0);
	must(again.src.s_addr == udp->src.s_addr && again.dst.s_addr == udp->dst.s_addr);
	must(again.sport == udp->sport && again.dport == udp->dport && again.len == udp->len);
	must(!udp->len || !memcmp(again.data, udp->data, udp->len));
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eftf_inner_udp udp;
	uint8_t *packet, how;

	if (size < 1)
		return 0;
	how = *data++;
	packet = fuzz_exact(data, --size);
	if (how & 1)
		repair(packet, size, how & 2);
	if (!eftf_inner_parse(packet, size, &udp)) {
		must(packet[0] >> 4 == 4 && packet[9] == 17);
		must(udp.data >= packet + 28 && udp.data + udp.len <= packet + size);
		rebuild(&udp);
	}
	free(packet);
	return 0;
}
