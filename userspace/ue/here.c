// SPDX-License-Identifier: GPL-2.0-or-later
#include "here.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "config_value.h"
#include "dhcp6.h"
#include "way.h"

#define RESOLV "/etc/resolv.conf"
/* behind the stub of systemd-resolved, which is 127.0.0.53 */
#define RESOLVED "/run/systemd/resolve/resolv.conf"
#define RESOLV_LINES 1000

/* An address of this family, of another link than the device (an ifindex; 0: none) */
static bool is_of(const struct ifaddrs *i, int family, uint32_t device)
{
	return i->ifa_addr && i->ifa_addr->sa_family == family && !(device && if_nametoindex(i->ifa_name) == device);
}

static uint8_t mask_length(const void *octets, size_t size)
{
	unsigned int n = 0;

	for (size_t i = 0; i < size; i++)
		n += (unsigned int)__builtin_popcount(((const uint8_t *)octets)[i]);
	return (uint8_t)n;
}

static void add_links(struct eftf_here *here, uint32_t device)
{
	struct ifaddrs *list, *i;

	if (getifaddrs(&list))
		return;
	for (i = list; i; i = i->ifa_next) {
		const struct sockaddr_in *addr = (const struct sockaddr_in *)i->ifa_addr;
		const struct sockaddr_in *mask = (const struct sockaddr_in *)i->ifa_netmask;
		uint8_t plen;

		if (!is_of(i, AF_INET, device) || !eftf_dhcp4_is_host(addr->sin_addr))
			continue;
		plen = mask ? mask_length(&mask->sin_addr, 4) : 32;
		if (plen && plen < 32)
			eftf_here_add(here, EFTF_HERE_NETWORK, addr->sin_addr, plen);
		eftf_here_add(here, EFTF_HERE_OWN, addr->sin_addr, 32);
	}
	freeifaddrs(list);
}

static void add_router(struct eftf_here *here, const struct eftf_route *way)
{
	struct in_addr addr;

	memcpy(&addr, way->via, sizeof(addr));
	eftf_here_add(here, EFTF_HERE_ROUTER, addr, 32);
}

static bool default_router(struct eftf_rt *rt, uint32_t device, struct eftf_route *hop)
{
	const struct sockaddr_storage any = { .ss_family = AF_INET };
	struct eftf_err err;

	return !eftf_way_find(rt, device, &any, hop, &err) && hop->has_via;
}

void eftf_here_read(struct eftf_here *here, struct eftf_rt *rt, uint32_t device,
		    const struct sockaddr_storage *peer)
{
	struct eftf_route way;
	const uint8_t *octets;
	struct in_addr addr;
	struct eftf_err err;

	here->n = 0;
	add_links(here, device);
	if (default_router(rt, device, &way))
		add_router(here, &way);
	if (eftf_addr_octets(peer, &octets) != sizeof(addr))
		return;
	memcpy(&addr, octets, sizeof(addr));
	eftf_here_add(here, EFTF_HERE_EFTF, addr, 32);
	if (!eftf_rt_route_lookup(rt, AF_INET, &addr, &way, &err) && way.has_via && way.ifindex != device)
		add_router(here, &way);
}

/* uplink: the link of the default route, behind which no network of this UE is; 0: none */
static void add_links6(struct eftf_here6 *here, uint32_t device, uint32_t uplink)
{
	struct ifaddrs *list, *i;

	if (getifaddrs(&list))
		return;
	for (i = list; i; i = i->ifa_next) {
		const struct sockaddr_in6 *addr = (const struct sockaddr_in6 *)i->ifa_addr;
		const struct sockaddr_in6 *mask = (const struct sockaddr_in6 *)i->ifa_netmask;

		if (!is_of(i, AF_INET6, device) || !eftf_dhcp6_is_host(&addr->sin6_addr))
			continue;
		if (here->before.plen && if_nametoindex(i->ifa_name) == uplink &&
		    eftf_value_same_network6(&addr->sin6_addr, &here->before.addr, here->before.plen))
			here->before.plen = 0;
		eftf_here6_add(here, &addr->sin6_addr, mask ? mask_length(&mask->sin6_addr, 16) : 128);
		eftf_here6_add(here, &addr->sin6_addr, 128);
	}
	freeifaddrs(list);
}

void eftf_here6_read(struct eftf_here6 *here, struct eftf_rt *rt, uint32_t device,
		     const struct sockaddr_storage *peer, const struct eftf_prefix6 *before)
{
	const struct sockaddr_storage any = { .ss_family = AF_INET6 };
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)peer;
	struct in6_addr router;
	struct eftf_route way;
	struct eftf_err err;
	bool out = !eftf_way_find(rt, device, &any, &way, &err);

	here->n = 0;
	here->peer.plen = 0;
	here->before = *before;
	if (peer->ss_family == AF_INET6 && eftf_dhcp6_is_host(&sin6->sin6_addr))
		here->peer = (struct eftf_prefix6){ sin6->sin6_addr, 128 };
	add_links6(here, device, out ? way.ifindex : 0);
	if (!out || !way.has_via)
		return;
	memcpy(&router, way.via, sizeof(router));
	if (eftf_dhcp6_is_host(&router))
		eftf_here6_add(here, &router, 128);
}

int eftf_here_add_resolv(struct eftf_here *here, struct eftf_here6 *here6, const char *path)
{
	char line[256], text[64];
	FILE *f = fopen(path, "re");
	struct in6_addr addr6;
	struct in_addr addr;
	int n;

	if (!f)
		return -errno;
	for (n = 0; n < RESOLV_LINES && fgets(line, sizeof(line), f); n++) {
		if (sscanf(line, " nameserver %63s", text) != 1)
			continue;
		if (inet_pton(AF_INET, text, &addr) == 1 && eftf_dhcp4_is_host(addr))
			eftf_here_add(here, EFTF_HERE_DNS, addr, 32);
		else if (inet_pton(AF_INET6, text, &addr6) == 1 && eftf_dhcp6_is_host(&addr6))
			eftf_here6_add(here6, &addr6, 128);
	}
	fclose(f);
	return 0;
}

void eftf_here_read_dns(struct eftf_here *here, struct eftf_here6 *here6)
{
	here->n = here6->n = 0;
	eftf_here_add_resolv(here, here6, RESOLV);
	eftf_here_add_resolv(here, here6, RESOLVED);
}
