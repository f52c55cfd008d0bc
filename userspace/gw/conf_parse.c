/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
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

static int parse_pool(const char *text, void *member)
{
	struct eftf_gw_cidr *c = member;

	return eftf_value_prefix4(text, &c->base, &c->plen) || c->plen < 12 || c->plen > 30 ||
		!eftf_value_is_network4(c->base, c->plen) ? -EINVAL : 0;
}

const struct eftf_config_value eftf_gw_value_pool = {
	.allowed = "an IPv4 prefix, /12 to /30, without host bits, for example 10.64.0.0/16",
	.parse = parse_pool,
};

static int parse_addrs(const char *text, void *member)
{
	struct eftf_gw_addrs *to = member;
	char word[64];

	to->n = 0;
	while (eftf_value_rest(text)) {
		text = eftf_value_word(text, word, sizeof(word));
		if (!text || to->n == EFTF_DHCP4_MAX_ADDRS ||
		    inet_pton(AF_INET, word, &to->a[to->n]) != 1)
			return -EINVAL;
		to->n++;
	}
	return 0;
}

const struct eftf_config_value eftf_gw_value_addrs = {
	.allowed = "up to 4 IPv4 addresses", .parse = parse_addrs,
};

static int parse_pcscf(const char *text, void *member)
{
	struct eftf_gw_pcscf *p = member;

	p->name[0] = 0;
	if (!parse_addrs(text, &p->addrs))
		return 0;
	p->addrs.n = 0;
	if (!eftf_value_is_name(text) || !isalpha((unsigned char)text[strlen(text) - 1]))
		return -EINVAL;
	memcpy(p->name, text, strlen(text) + 1);
	return 0;
}

const struct eftf_config_value eftf_gw_value_pcscf = {
	.allowed = "up to 4 IPv4 addresses, or one DNS name", .parse = parse_pcscf,
};

static int parse_routes(const char *text, void *member)
{
	struct eftf_gw_routes *r = member;

	while (eftf_value_rest(text)) {
		if (r->n == EFTF_DHCP4_MAX_ROUTES)
			return -EINVAL;
		text = eftf_value_network4(text, &r->r[r->n].dest, &r->r[r->n].plen);
		if (!text)
			return -EINVAL;
		r->n++;
	}
	return 0;
}

static int parse_prefixes(const char *text, void *member)
{
	struct eftf_gw_prefixes *to = member;

	while (eftf_value_rest(text)) {
		if (to->n == EFTF_GW_MAX_REACH)
			return -EINVAL;
		text = eftf_value_network4(text, &to->p[to->n].base, &to->p[to->n].plen);
		if (!text)
			return -EINVAL;
		to->n++;
	}
	return 0;
}

const struct eftf_config_value eftf_gw_value_prefixes = {
	.allowed = "up to 64 IPv4 prefixes as address/length, host bits 0, separated by commas",
	.list = true, .parse = parse_prefixes,
};

const struct eftf_config_value eftf_gw_value_routes = {
	.allowed = "up to 16 IPv4 prefixes as address/length, host bits 0, separated by commas",
	.list = true, .parse = parse_routes,
};
