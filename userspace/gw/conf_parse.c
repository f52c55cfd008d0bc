/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "keepalive.h"

/* Decimal digits only. Returns 0 or -EINVAL. */
static int number(const char *text, unsigned long max, unsigned long *out)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*out = strtoul(text, &end, 10);
	return errno || *end || *out > max ? -EINVAL : 0;
}

/* The next word of a list, separated by commas and blanks; NULL at the end or if too long. */
static const char *next_word(const char *list, char *word, size_t size)
{
	size_t len;

	list += strspn(list, ", \t");
	len = strcspn(list, ", \t");
	if (!len || len >= size)
		return NULL;
	memcpy(word, list, len);
	word[len] = 0;
	return list + len;
}

static bool is_rest(const char *list)
{
	return list[strspn(list, ", \t")] != 0;
}

static int listen_addr(const char *host, unsigned long port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *in4 = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons((uint16_t)port);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
		return -EINVAL;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	return 0;
}

int eftf_gw_parse_listen(const char *value, void *member, const char **allowed)
{
	struct eftf_gw_listen *l = member;
	unsigned long port = 443;
	char host[64];
	const char *p;
	size_t len;

	*allowed = "up to 16 times ADDRESS:PORT, [IPV6]:PORT or ADDRESS";
	if (l->n == EFTF_GW_MAX_LISTEN)
		return -EINVAL;
	if (value[0] == '[') {
		len = strcspn(++value, "]");
		if (!value[len])
			return -EINVAL;
		p = value + len + 1;
	} else {
		len = strcspn(value, ":");
		p = value + len;
	}
	if (len >= sizeof(host) || (*p && *p != ':'))
		return -EINVAL;
	memcpy(host, value, len);
	host[len] = 0;
	if (*p == ':' && (number(p + 1, 65535, &port) || !port))
		return -EINVAL;
	if (listen_addr(host, port, &l->addr[l->n]))
		return -EINVAL;
	l->n++;
	return 0;
}

/* ADDRESS/LENGTH with no bit set behind the prefix. */
static int cidr(const char *text, struct in_addr *base, uint8_t *plen)
{
	char addr[INET_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	unsigned long bits;

	if (len >= sizeof(addr) || text[len] != '/' || number(text + len + 1, 32, &bits))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = 0;
	if (inet_pton(AF_INET, addr, base) != 1)
		return -EINVAL;
	if (bits < 32 && ntohl(base->s_addr) & 0xffffffffu >> bits)
		return -EINVAL;
	*plen = (uint8_t)bits;
	return 0;
}

int eftf_gw_parse_cidr(const char *value, void *member, const char **allowed)
{
	struct eftf_gw_cidr *c = member;

	*allowed = "an IPv4 prefix, /12 to /30, without host bits, for example 10.64.0.0/16";
	if (cidr(value, &c->base, &c->plen) || c->plen < 12 || c->plen > 30)
		return -EINVAL;
	return 0;
}

int eftf_gw_parse_addr(const char *value, void *member, const char **allowed)
{
	*allowed = "an IPv4 address";
	return inet_pton(AF_INET, value, member) == 1 ? 0 : -EINVAL;
}

static int addrs(const char *value, struct eftf_gw_addrs *to)
{
	char word[64];

	to->n = 0;
	while (is_rest(value)) {
		value = next_word(value, word, sizeof(word));
		if (!value || to->n == EFTF_DHCP4_MAX_ADDRS ||
		    inet_pton(AF_INET, word, &to->a[to->n]) != 1)
			return -EINVAL;
		to->n++;
	}
	return 0;
}

int eftf_gw_parse_addrs(const char *value, void *member, const char **allowed)
{
	*allowed = "up to 4 IPv4 addresses";
	return addrs(value, member);
}

static bool is_name(const char *s)
{
	size_t label = 0;

	if (strlen(s) > 253)
		return false;
	for (; *s; s++) {
		if (*s == '.' ? !label : !isalnum((unsigned char)*s) && *s != '-')
			return false;
		label = *s == '.' ? 0 : label + 1;
		if (label > 63)
			return false;
	}
	return label > 0;
}

int eftf_gw_parse_pcscf(const char *value, void *member, const char **allowed)
{
	struct eftf_gw_pcscf *p = member;

	*allowed = "up to 4 IPv4 addresses, or one DNS name";
	p->name[0] = 0;
	if (!addrs(value, &p->addrs))
		return 0;
	p->addrs.n = 0;
	if (!is_name(value) || !isalpha((unsigned char)value[strlen(value) - 1]))
		return -EINVAL;
	memcpy(p->name, value, strlen(value) + 1);
	return 0;
}

int eftf_gw_parse_routes(const char *value, void *member, const char **allowed)
{
	struct eftf_gw_routes *r = member;
	char word[64];

	*allowed = "up to 16 IPv4 prefixes without host bits, for example 10.0.0.0/8, 192.0.2.0/24";
	while (is_rest(value)) {
		value = next_word(value, word, sizeof(word));
		if (!value || r->n == EFTF_DHCP4_MAX_ROUTES ||
		    cidr(word, &r->r[r->n].dest, &r->r[r->n].plen))
			return -EINVAL;
		r->n++;
	}
	return 0;
}

int eftf_gw_parse_keepalive(const char *value, void *member, const char **allowed)
{
	unsigned long v;

	*allowed = "0 (off), or 10 to 600 seconds";
	if (number(value, EFTF_KEEPALIVE_MAX, &v) || (v && v < EFTF_KEEPALIVE_MIN))
		return -EINVAL;
	*(unsigned int *)member = (unsigned int)v;
	return 0;
}

int eftf_gw_parse_record_limit(const char *value, void *member, const char **allowed)
{
	unsigned long v;

	*allowed = "0 (the cipher's own), or 100 to 4294967295";
	if (number(value, 0xffffffffu, &v) || (v && v < 100))
		return -EINVAL;
	*(unsigned int *)member = (unsigned int)v;
	return 0;
}

int eftf_gw_parse_device(const char *value, void *member, const char **allowed)
{
	char **device = member, *copy;
	size_t len = strlen(value);

	*allowed = "a network device name: 1 to 15 octets, no blank, no '/', no ':'";
	if (!len || len >= IFNAMSIZ || !strcmp(value, ".") || !strcmp(value, "..") ||
	    strpbrk(value, "/: \t%"))
		return -EINVAL;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*device);
	*device = copy;
	return 0;
}
