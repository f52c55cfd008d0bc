// SPDX-License-Identifier: GPL-2.0-or-later
#include "config_value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

static const char separators[] = ", \t";

bool eftf_value_number(const char *text, unsigned long max, unsigned long *out)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || text[digits])
		return false;
	errno = 0;
	*out = strtoul(text, NULL, 10);
	return !errno && *out <= max;
}

const char *eftf_value_word(const char *list, char *word, size_t size)
{
	size_t len;

	list += strspn(list, separators);
	len = strcspn(list, separators);
	if (!len || len >= size)
		return NULL;
	memcpy(word, list, len);
	word[len] = 0;
	return list + len;
}

bool eftf_value_rest(const char *list)
{
	return list[strspn(list, separators)] != 0;
}

static bool is_addr(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

bool eftf_value_is_name(const char *text)
{
	size_t i, label = 0;

	for (i = 0; text[i]; i++) {
		if (text[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
			return false;
		if (++label > 63)
			return false;
	}
	return i > 0 && i < EFTF_VALUE_HOST_MAX && strspn(text, "0123456789.") != i;
}

int eftf_value_target(const char *text, bool need_port, struct eftf_value_target *to)
{
	const char *host = text, *end, *colon = NULL;
	unsigned long port = 0;
	size_t len;

	if (text[0] == '[') {
		host = text + 1;
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		colon = end[1] ? end + 1 : NULL;
	} else {
		colon = strrchr(text, ':');
		if (colon && strchr(text, ':') != colon)
			colon = NULL;	/* bare IPv6 */
		end = colon ? colon : text + strlen(text);
	}
	if (!colon && need_port)
		return -EINVAL;
	if (colon && (!eftf_value_number(colon + 1, 65535, &port) || port == 0))
		return -EINVAL;
	len = (size_t)(end - host);
	if (len == 0 || len >= sizeof(to->host))
		return -EINVAL;
	memset(to, 0, sizeof(*to));
	memcpy(to->host, host, len);
	to->port = (unsigned int)port;
	return is_addr(to->host) || (text[0] != '[' && eftf_value_is_name(to->host)) ? 0 : -EINVAL;
}

int eftf_value_sockaddr(const char *text, unsigned int port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *in4 = (struct sockaddr_in *)to;
	struct eftf_value_target target;

	if (eftf_value_target(text, !port, &target))
		return -EINVAL;
	if (target.port)
		port = target.port;
	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, target.host, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, target.host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
	} else {
		return -EINVAL;
	}
	return 0;
}

static int prefix(const char *text, int family, unsigned long bits, void *addr, uint8_t *plen)
{
	char host[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");

	if (len >= sizeof(host) || (text[len] && !eftf_value_number(text + len + 1, bits, &bits)))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = 0;
	if (inet_pton(family, host, addr) != 1)
		return -EINVAL;
	*plen = (uint8_t)bits;
	return 0;
}

int eftf_value_prefix4(const char *text, struct in_addr *addr, uint8_t *plen)
{
	return prefix(text, AF_INET, 32, addr, plen);
}

int eftf_value_prefix6(const char *text, struct in6_addr *addr, uint8_t *plen)
{
	return prefix(text, AF_INET6, 128, addr, plen);
}

bool eftf_value_cut6(struct in6_addr *addr, uint8_t plen)
{
	bool any = false;

	for (unsigned int i = plen / 8; i < 16; i++) {
		uint8_t keep = i > plen / 8u ? 0 : (uint8_t)(0xff00 >> plen % 8);

		any |= addr->s6_addr[i] & ~keep;
		addr->s6_addr[i] &= keep;
	}
	return any;
}

bool eftf_value_same_network6(const struct in6_addr *a, const struct in6_addr *b, uint8_t plen)
{
	struct in6_addr x = *a, y = *b;

	eftf_value_cut6(&x, plen);
	eftf_value_cut6(&y, plen);
	return !memcmp(&x, &y, sizeof(x));
}

uint32_t eftf_value_mask4(uint8_t plen)
{
	return plen ? 0xffffffffu << (32 - plen) : 0;
}

bool eftf_value_is_network4(struct in_addr addr, uint8_t plen)
{
	return !(ntohl(addr.s_addr) & ~eftf_value_mask4(plen));
}

const char *eftf_value_network4(const char *list, struct in_addr *addr, uint8_t *plen)
{
	char word[32];

	list = eftf_value_word(list, word, sizeof(word));
	if (!list || eftf_value_prefix4(word, addr, plen) || !eftf_value_is_network4(*addr, *plen))
		return NULL;
	return list;
}

/* ---- kinds of values ------------------------------------------------------- */

static int parse_ifname(const char *text, void *member)
{
	size_t len = strlen(text), i;

	if (len == 0 || len >= IFNAMSIZ || !strcmp(text, ".") || !strcmp(text, ".."))
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (!isgraph((unsigned char)text[i]) || strchr("/:%", text[i]))
			return -EINVAL;
	}
	memset(member, 0, IFNAMSIZ);
	memcpy(member, text, len);
	return 0;
}

const struct eftf_config_value eftf_value_ifname = {
	.allowed = "an interface name: 1 to 15 characters, no '/', ':', '%' or space",
	.parse = parse_ifname,
};

static int parse_host(const char *text, void *member)
{
	struct eftf_value_target *to = member;

	if (!is_addr(text) && !eftf_value_is_name(text))
		return -EINVAL;
	memset(to, 0, sizeof(*to));
	memcpy(to->host, text, strlen(text));
	return 0;
}

const struct eftf_config_value eftf_value_host = {
	.allowed = "a DNS name or an IP address, without port", .parse = parse_host,
};

static int parse_host_port(const char *text, void *member)
{
	return eftf_value_target(text, false, member);
}

const struct eftf_config_value eftf_value_host_port = {
	.allowed = "host or host:port, IPv6 as [address]:port", .parse = parse_host_port,
};

/* The port is another key's: 0 until that is known. */
static int parse_addr(const char *text, void *member)
{
	struct sockaddr_in *sin = member;

	if (!is_addr(text) || eftf_value_sockaddr(text, 1, member))
		return -EINVAL;
	sin->sin_port = 0;	/* at the same place in both families */
	return 0;
}

const struct eftf_config_value eftf_value_addr = {
	.allowed = "an IPv4 or IPv6 address, without port", .parse = parse_addr,
};

static int parse_addr_port(const char *text, void *member)
{
	return eftf_value_sockaddr(text, 0, member);
}

const struct eftf_config_value eftf_value_addr_port = {
	.allowed = "address:port, IPv6 as [address]:port", .parse = parse_addr_port,
};

static int parse_addr4(const char *text, void *member)
{
	return inet_pton(AF_INET, text, member) == 1 ? 0 : -EINVAL;
}

const struct eftf_config_value eftf_value_addr4 = {
	.allowed = "an IPv4 address", .parse = parse_addr4,
};
