/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse_listen(const char *text, void *member)
{
	struct eftf_gw_listen *l = member;
	char word[64];

	do {
		text = eftf_value_word(text, word, sizeof(word));
		if (!text || l->n == EFTF_GW_MAX_LISTEN ||
		    eftf_value_sockaddr(word, 443, &l->addr[l->n]))
			return -EINVAL;
		l->n++;
	} while (eftf_value_rest(text));
	return 0;
}

const struct eftf_config_value eftf_gw_value_listen = {
	.allowed = "up to 16 of ADDRESS:PORT, [IPV6]:PORT or ADDRESS, separated by commas",
	.list = true, .parse = parse_listen,
};

static int parse_files(const char *text, void *member)
{
	struct eftf_gw_files *f = member;

	do {
		if (f->n == EFTF_GW_MAX_CERTS)
			return -EINVAL;
		text = eftf_value_word(text, f->name[f->n], sizeof(f->name[0]));
		if (!text)
			return -EINVAL;
		f->n++;
	} while (eftf_value_rest(text));
	return 0;
}

const struct eftf_config_value eftf_gw_value_files = {
	.allowed = "up to 8 file names without blanks, separated by commas",
	.list = true, .parse = parse_files,
};

/* The next word of a list: a prefix of IPv6. Returns what is left of the list; NULL: it is none. */
static const char *network6(const char *list, struct eftf_gw_cidr6 *to)
{
	char word[64];

	list = eftf_value_word(list, word, sizeof(word));
	return list && !eftf_value_prefix6(word, &to->base, &to->plen) &&
		!eftf_value_cut6(&to->base, to->plen) ? list : NULL;
}

static int parse_pool(const char *text, void *member)
{
	struct eftf_gw_pool *to = member;

	if (!strcmp(text, "none"))
		return to->n ? -EINVAL : 0;
	/* in place: a reload compares the octets between members, too */
	while (eftf_value_rest(text)) {
		struct eftf_gw_cidr *c = &to->p[to->n];

		text = to->n < EFTF_MAX_RANGES ? eftf_value_network4(text, &c->base, &c->plen) : NULL;
		if (!text || c->plen < 12 || c->plen > 30)
			return -EINVAL;
		to->n++;
	}
	return to->n ? 0 : -EINVAL;
}

const struct eftf_config_value eftf_gw_value_pool = {
	.allowed = "up to 8 IPv4 prefixes, /12 to /30, without host bits, for example 10.64.0.0/16, or none",
	.list = true, .parse = parse_pool,
};

static int parse_pool6(const char *text, void *member)
{
	struct eftf_gw_pool6 *to = member;

	while (eftf_value_rest(text)) {
		struct eftf_gw_cidr6 *c = &to->p[to->n];

		text = to->n < EFTF_MAX_RANGES ? network6(text, c) : NULL;
		if (!text || c->plen < 16 || c->plen > 126 || !eftf_dhcp6_is_host(&c->base))
			return -EINVAL;
		to->n++;
	}
	return to->n ? 0 : -EINVAL;
}

const struct eftf_config_value eftf_gw_value_pool6 = {
	.allowed = "up to 8 IPv6 prefixes, /16 to /126, without host bits, for example 2001:db8:64::/64",
	.list = true, .parse = parse_pool6,
};

#define TABLE_LOCAL 255

static int parse_table(const char *text, void *member)
{
	uint32_t *table = member;
	unsigned long n;
	char *end;

	if (!strcmp(text, "off") || !strcmp(text, "main")) {
		*table = *text == 'm' ? EFTF_GW_TABLE_MAIN : 0;
		return 0;
	}
	n = strtoul(text, &end, 10);
	if (*text < '1' || *text > '9' || *end || n > UINT32_MAX || n == TABLE_LOCAL)
		return -EINVAL;
	*table = (uint32_t)n;
	return 0;
}

const struct eftf_config_value eftf_gw_value_table = {
	.allowed = "off, main, or the number of a routing table but 255",
	.parse = parse_table,
};

static int parse_addrs(const char *text, void *member)
{
	struct eftf_gw_addrs *to = member;
	char word[64];

	to->n = to->n6 = 0;
	while (eftf_value_rest(text)) {
		text = eftf_value_word(text, word, sizeof(word));
		if (!text)
			return -EINVAL;
		if (to->n < EFTF_DHCP4_MAX_ADDRS && inet_pton(AF_INET, word, &to->a[to->n]) == 1)
			to->n++;
		else if (to->n6 < EFTF_DHCP6_MAX_ADDRS &&
			 inet_pton(AF_INET6, word, &to->a6[to->n6]) == 1)
			to->n6++;
		else
			return -EINVAL;
	}
	return 0;
}

const struct eftf_config_value eftf_gw_value_addrs = {
	.allowed = "up to 4 IPv4 and 4 IPv6 addresses", .parse = parse_addrs,
};

static int parse_pcscf(const char *text, void *member)
{
	struct eftf_gw_pcscf *p = member;

	p->name[0] = 0;
	if (!parse_addrs(text, &p->addrs))
		return 0;
	p->addrs.n = p->addrs.n6 = 0;
	if (!eftf_value_is_name(text) || !isalpha((unsigned char)text[strlen(text) - 1]))
		return -EINVAL;
	memcpy(p->name, text, strlen(text) + 1);
	return 0;
}

const struct eftf_config_value eftf_gw_value_pcscf = {
	.allowed = "up to 4 IPv4 and 4 IPv6 addresses, or one DNS name", .parse = parse_pcscf,
};

static int parse_routes(const char *text, void *member)
{
	struct eftf_gw_routes *r = member;
	const char *rest;

	while (eftf_value_rest(text)) {
		struct eftf_dhcp4_route route = { .plen = 0 };
		struct eftf_gw_cidr6 route6;

		rest = eftf_value_network4(text, &route.dest, &route.plen);
		if (rest && r->n < EFTF_DHCP4_MAX_ROUTES) {
			r->r[r->n++] = route;
		} else {
			rest = rest ? NULL : network6(text, &route6);
			if (!rest || r->n6 == EFTF_RA_MAX_ROUTES)
				return -EINVAL;
			r->r6[r->n6++] = route6;
		}
		text = rest;
	}
	return 0;
}

static int parse_prefixes(const char *text, void *member)
{
	struct eftf_gw_prefixes *to = member;
	const char *rest;

	while (eftf_value_rest(text)) {
		struct eftf_gw_cidr6 p6;
		struct eftf_gw_cidr p;

		rest = eftf_value_network4(text, &p.base, &p.plen);
		if (rest && to->n < EFTF_GW_MAX_REACH) {
			to->p[to->n++] = p;
		} else {
			rest = rest ? NULL : network6(text, &p6);
			if (!rest || to->n6 == EFTF_GW_MAX_REACH)
				return -EINVAL;
			to->p6[to->n6++] = p6;
		}
		text = rest;
	}
	return 0;
}

const struct eftf_config_value eftf_gw_value_prefixes = {
	.allowed = "up to 64 prefixes of each family as address/length, host bits 0, separated by commas",
	.list = true, .parse = parse_prefixes,
};

const struct eftf_config_value eftf_gw_value_routes = {
	.allowed = "up to 16 prefixes of each family as address/length, host bits 0, separated by commas",
	.list = true, .parse = parse_routes,
};
