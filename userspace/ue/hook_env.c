// SPDX-License-Identifier: GPL-2.0-or-later
#include "hook_env.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"

static const struct {
	const char *name, *variable, *of_vpnc;
} reasons[] = {
	[EFTF_HOOK_UP] = { "up", "EFTF_REASON=up", "reason=connect" },
	/* vpnc-script has no word for other name servers of the same tunnel: its connect puts them in as well */
	[EFTF_HOOK_RENEW] = { "renew", "EFTF_REASON=renew", "reason=connect" },
	[EFTF_HOOK_DOWN] = { "down", "EFTF_REASON=down", "reason=disconnect" },
};

const char *eftf_hook_reason_name(enum eftf_hook_reason reason)
{
	return reasons[reason].name;
}

static void put(FILE *f, const char *name, const char *value)
{
	fprintf(f, "%s=%s%c", name, value, 0);
}

static void put_number(FILE *f, const char *name, unsigned long value)
{
	fprintf(f, "%s=%lu%c", name, value, 0);
}

/* Addresses that are not set are left out. */
static void put_addrs(FILE *f, const char *name, const struct in_addr *addr, size_t n)
{
	char text[INET_ADDRSTRLEN];
	const char *sep = "";

	fprintf(f, "%s=", name);
	for (; n--; addr++) {
		if (!addr->s_addr || !inet_ntop(AF_INET, addr, text, sizeof(text)))
			continue;
		fprintf(f, "%s%s", sep, text);
		sep = " ";
	}
	fputc(0, f);
}

static void put_routes(FILE *f, const struct eftf_routes *routes)
{
	char text[INET_ADDRSTRLEN];
	size_t i;

	fputs("EFTF_ROUTES=", f);
	for (i = 0; i < routes->n; i++)
		fprintf(f, "%s%s/%u", i ? " " : "",
			inet_ntop(AF_INET, &routes->prefix[i].addr, text, sizeof(text)),
			routes->prefix[i].plen);
	fputc(0, f);
}

static void put_addrs6(FILE *f, const char *name, const struct in6_addr *addr, size_t n)
{
	char text[INET6_ADDRSTRLEN];

	fprintf(f, "%s=", name);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%s", i ? " " : "", inet_ntop(AF_INET6, &addr[i], text, sizeof(text)));
	fputc(0, f);
}

static size_t is_set(const struct in6_addr *addr)
{
	return !IN6_IS_ADDR_UNSPECIFIED(addr);
}

static void put_six(FILE *f, const struct eftf_six *six, const struct eftf_routes6 *routes)
{
	const struct eftf_lease6 *l = &six->lease;
	char text[EFTF_PREFIX6_TEXT];

	put_addrs6(f, "EFTF_ADDRESS6", &l->address, is_set(&l->address));
	put(f, "EFTF_PREFIX6", routes->own.plen ? eftf_prefix6_text(text, &routes->own) : "");
	put_addrs6(f, "EFTF_GATEWAY6", &l->unicast, is_set(&l->unicast));
	put_addrs6(f, "EFTF_DNS6", l->dns, l->n_dns);
	put_addrs6(f, "EFTF_PCSCF6", l->sip, l->n_sip);
	fputs("EFTF_ROUTES6=", f);
	for (size_t i = 0; i < routes->n; i++)
		fprintf(f, "%s%s", i ? " " : "", eftf_prefix6_text(text, &routes->prefix[i]));
	fputc(0, f);
}

static void put_peer(FILE *f, const char *name, const struct sockaddr_storage *peer)
{
	char text[INET6_ADDRSTRLEN] = "";
	const uint8_t *octets;
	size_t n = eftf_addr_octets(peer, &octets);

	if (n)
		inet_ntop(n == 4 ? AF_INET : AF_INET6, octets, text, sizeof(text));
	put(f, name, text);
}

static void put_ours(FILE *f, const struct eftf_hook_info *info)
{
	const struct eftf_lease4 *l = info->lease;
	struct in_addr gateway = eftf_lease4_gateway(l);

	put(f, "EFTF_DEVICE", info->device);
	put_addrs(f, "EFTF_ADDRESS", &l->address, 1);
	put_addrs(f, "EFTF_MASK", &l->mask, 1);
	put_addrs(f, "EFTF_GATEWAY", &gateway, 1);
	put_addrs(f, "EFTF_DNS", l->dns, l->n_dns);
	if (l->n_sip)
		put_addrs(f, "EFTF_PCSCF", l->sip, l->n_sip);
	else
		put(f, "EFTF_PCSCF", l->sip_name);
	if (info->six)
		put_six(f, info->six, info->routes6);
	put_number(f, "EFTF_MTU", info->mtu);
	put_routes(f, info->routes);
	put_peer(f, "EFTF_PEER", info->peer);
	if (l->seconds == 0xffffffffu)
		put(f, "EFTF_LEASE", "infinite");
	else
		put_number(f, "EFTF_LEASE", l->seconds);
	put_number(f, "EFTF_KEEPALIVE", info->keepalive);
	put_number(f, "EFTF_PID", (unsigned long)info->pid);
}

/* Without a number of networks the script would make a default route. */
static void put_vpnc6(FILE *f, const struct eftf_lease6 *l)
{
	char text[INET6_ADDRSTRLEN];

	put_addrs6(f, "INTERNAL_IP6_ADDRESS", &l->address, 1);
	fprintf(f, "INTERNAL_IP6_NETMASK=%s/128%c", inet_ntop(AF_INET6, &l->address, text, sizeof(text)), 0);
	put_addrs6(f, "INTERNAL_IP6_DNS", l->dns, l->n_dns);
	put_number(f, "CISCO_IPV6_SPLIT_INC", 0);
}

/*
 * What is on the device, which is not what the EFTF calls its network: of that
 * vpnc-script would make a route of its own, whatever is here already. For the same
 * reason there are no networks to be routed: those that were found good are routed.
 */
static void put_vpnc(FILE *f, const struct eftf_hook_info *info)
{
	const struct eftf_lease4 *l = info->lease;
	struct in_addr mask = { htonl(info->plen ? 0xffffffffu << (32 - info->plen) : 0) };
	struct in_addr net = { l->address.s_addr & mask.s_addr };

	put(f, "TUNDEV", info->device);
	put_peer(f, "VPNGATEWAY", info->peer);
	put_number(f, "VPNPID", (unsigned long)info->pid);
	put_addrs(f, "INTERNAL_IP4_ADDRESS", &l->address, 1);
	put_addrs(f, "INTERNAL_IP4_NETMASK", &mask, 1);
	put_number(f, "INTERNAL_IP4_NETMASKLEN", info->plen);
	put_addrs(f, "INTERNAL_IP4_NETADDR", &net, 1);
	put_addrs(f, "INTERNAL_IP4_DNS", l->dns, l->n_dns);
	put_number(f, "INTERNAL_IP4_MTU", info->mtu);
	put_number(f, "CISCO_SPLIT_INC", 0);
	if (info->six && eftf_six_there(info->six))
		put_vpnc6(f, &info->six->lease);
}

char *eftf_hook_facts(const struct eftf_hook_info *info, size_t *size)
{
	char *facts = NULL;
	FILE *f = open_memstream(&facts, size);

	if (!f)
		return NULL;
	put_ours(f, info);
	put_vpnc(f, info);
	if (!fclose(f))
		return facts;
	free(facts);
	return NULL;
}

char **eftf_hook_env(enum eftf_hook_reason reason, char *facts, size_t size)
{
	static char search[4096];
	const char *path = getenv("PATH");
	char **env, *at;
	size_t n = 0;

	for (at = facts; at < facts + size; at += strlen(at) + 1)
		n++;
	env = calloc(n + 4, sizeof(*env));
	if (!env)
		return NULL;
	n = 0;
	env[n++] = (char *)reasons[reason].variable;
	env[n++] = (char *)reasons[reason].of_vpnc;
	snprintf(search, sizeof(search), "PATH=%s", path && strlen(path) < sizeof(search) - 6 ?
		 path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	env[n++] = search;
	for (at = facts; at < facts + size; at += strlen(at) + 1)
		env[n++] = at;
	return env;
}
