// SPDX-License-Identifier: GPL-2.0-or-later
#include "here.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"

#define RESOLV "/etc/resolv.conf"
/* behind the stub of systemd-resolved, which is 127.0.0.53 */
#define RESOLVED "/run/systemd/resolve/resolv.conf"
#define RESOLV_LINES 1000

static void add_links(struct eftf_here *here, uint32_t device)
{
	struct ifaddrs *list, *i;

	if (getifaddrs(&list))
		return;
	for (i = list; i; i = i->ifa_next) {
		const struct sockaddr_in *addr = (const struct sockaddr_in *)i->ifa_addr;
		const struct sockaddr_in *mask = (const struct sockaddr_in *)i->ifa_netmask;
		uint8_t plen;

		if (!addr || addr->sin_family != AF_INET || !eftf_dhcp4_is_host(addr->sin_addr) ||
		    (device && if_nametoindex(i->ifa_name) == device))
			continue;
		plen = mask ? (uint8_t)__builtin_popcount(mask->sin_addr.s_addr) : 32;
		if (plen && plen < 32)
			eftf_here_add(here, EFTF_HERE_NETWORK, addr->sin_addr, plen);
		eftf_here_add(here, EFTF_HERE_OWN, addr->sin_addr, 32);
	}
	freeifaddrs(list);
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
	if (eftf_addr_octets(peer, &octets) != sizeof(addr))
		return;
	memcpy(&addr, octets, sizeof(addr));
	eftf_here_add(here, EFTF_HERE_EFTF, addr, 32);
	if (eftf_rt_route_lookup(rt, AF_INET, &addr, &way, &err) || !way.has_via ||
	    way.ifindex == device)
		return;
	memcpy(&addr, way.via, sizeof(addr));
	eftf_here_add(here, EFTF_HERE_ROUTER, addr, 32);
}

int eftf_here_add_resolv(struct eftf_here *here, const char *path)
{
	char line[256], text[64];
	FILE *f = fopen(path, "re");
	struct in_addr addr;
	int n;

	if (!f)
		return -errno;
	for (n = 0; n < RESOLV_LINES && fgets(line, sizeof(line), f); n++) {
		if (sscanf(line, " nameserver %63s", text) == 1 &&
		    inet_pton(AF_INET, text, &addr) == 1 && eftf_dhcp4_is_host(addr))
			eftf_here_add(here, EFTF_HERE_DNS, addr, 32);
	}
	fclose(f);
	return 0;
}

void eftf_here_read_dns(struct eftf_here *here)
{
	here->n = 0;
	eftf_here_add_resolv(here, RESOLV);
	eftf_here_add_resolv(here, RESOLVED);
}
