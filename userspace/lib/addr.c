// SPDX-License-Identifier: GPL-2.0-or-later
#include "addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

void eftf_addr_text(char out[EFTF_ADDR_TEXT], const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)addr;
	char text[INET6_ADDRSTRLEN] = "?";

	if (addr->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		snprintf(out, EFTF_ADDR_TEXT, "[%s]:%u", text, ntohs(in6->sin6_port));
	} else if (addr->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in4->sin_addr, text, sizeof(text));
		snprintf(out, EFTF_ADDR_TEXT, "%s:%u", text, ntohs(in4->sin_port));
	} else {
		snprintf(out, EFTF_ADDR_TEXT, "?:0");
	}
}

size_t eftf_addr_octets(const struct sockaddr_storage *addr, const uint8_t **at)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;

	*at = (const uint8_t *)&((const struct sockaddr_in *)addr)->sin_addr;
	if (addr->ss_family == AF_INET)
		return 4;
	*at = in6->sin6_addr.s6_addr;
	if (addr->ss_family != AF_INET6)
		return 0;
	if (!IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return 16;
	*at += 12;
	return 4;
}

const char *eftf_prefix6_text(char out[EFTF_PREFIX6_TEXT], const struct eftf_prefix6 *p)
{
	char addr[INET6_ADDRSTRLEN] = "?";

	inet_ntop(AF_INET6, &p->addr, addr, sizeof(addr));
	snprintf(out, EFTF_PREFIX6_TEXT, "%s/%u", addr, p->plen);
	return out;
}
