// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/inner6.c lib/inner.c lib/dhcp_octets.c */
/* IPv6 inside the tunnel, UDP and routers' messages: what is taken apart can be built again. */
#include "fuzz.h"

#include "ftt_ims.h"
#include "inner.h"
#include "inner6.h"

/* Most inputs would fail at a checksum or a length: make them right. */
static void repair(uint8_t *p, size_t len, uint8_t how)
{
	size_t at = how & 2 ? 42 : 46, n = len - 40;
	uint16_t sum;

	if (len < 48)
		return;
	p[0] = 0x60;
	p[4] = (uint8_t)(n >> 8);
	p[5] = (uint8_t)n;
	p[6] = how & 2 ? 58 : 17;
	if (how & 2) {
		p[7] = 255;
		p[40] = how & 4 ? 133 : 134;
		p[41] = 0;
		p[8] = 0xfe;
		p[9] = 0x80;
	} else {
		p[44] = p[4];
		p[45] = p[5];
	}
	p[at] = p[at + 1] = 0;
	sum = eftf_inner_fold(eftf_inner_sum(eftf_inner_sum(p[6] + (uint32_t)n, p + 8, 32), p + 40, n));
	if (!sum && !(how & 2))
		sum = 0xffff;
	p[at] = (uint8_t)(sum >> 8);
	p[at + 1] = (uint8_t)sum;
}

static void check_udp(const uint8_t *packet, size_t size)
{
	struct eftf_inner6_udp udp, again;
	uint8_t *out;
	size_t n;

	if (eftf_inner6_parse(packet, size, &udp))
		return;
	must(packet[0] >> 4 == 6 && packet[6] == 17);
	must(udp.data == packet + 48 && udp.data + udp.len == packet + size);
	out = malloc(size);
	must(out && eftf_inner6_build(out, size - 1, &udp) == 0);
	n = eftf_inner6_build(out, size, &udp);
	must(n == size && ftt_ims_check_ip(out, n) == FTT_IMS_IPV6);
	must(!eftf_inner6_parse(out, n, &again));
	must(!memcmp(&again.src, &udp.src, 16) && !memcmp(&again.dst, &udp.dst, 16));
	must(again.sport == udp.sport && again.dport == udp.dport && again.len == udp.len);
	must(!udp.len || !memcmp(again.data, udp.data, udp.len));
	free(out);
}

static void check_ra(const uint8_t *packet, size_t size)
{
	struct in6_addr src, dst;
	struct eftf_ra ra, again;
	uint8_t out[1024];
	size_t n;

	if (eftf_ra_parse(packet, size, &ra))
		return;
	must(ra.n_routes <= EFTF_RA_MAX_ROUTES && (!ra.mtu || (ra.mtu >= 1280 && ra.mtu <= 65532)));
	for (size_t i = 0; i < ra.n_routes; i++)
		must(ra.routes[i].plen <= 128);
	must(!ra.own.plen || ra.own.plen == 64);
	memcpy(&src, packet + 8, 16);
	memcpy(&dst, packet + 24, 16);
	n = eftf_ra_build(out, sizeof(out), &src, &dst, &ra);
	must(n && !eftf_ra_parse(out, n, &again));
	must(again.managed == ra.managed && again.mtu == ra.mtu && again.n_routes == ra.n_routes);
	must(again.own.plen == ra.own.plen && !memcmp(&again.own.addr, &ra.own.addr, 16));
	for (size_t i = 0; i < ra.n_routes; i++) {
		must(again.routes[i].plen == ra.routes[i].plen);
		must(!memcmp(&again.routes[i].addr, &ra.routes[i].addr, 16));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct in6_addr src;
	uint8_t *packet, how;

	if (size < 1)
		return 0;
	how = *data++;
	packet = fuzz_exact(data, --size);
	if (how & 1)
		repair(packet, size, how);
	check_udp(packet, size);
	check_ra(packet, size);
	if (eftf_rs_parse(packet, size, &src))
		must(packet[40] == 133 && size >= 48);
	free(packet);
	return 0;
}
