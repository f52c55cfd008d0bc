// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "dhcp6.h"

static int parse_routes(const char *text, void *member)
{
	struct eftf_ue_routes *routes = member;
	char word[64];

	while (eftf_value_rest(text)) {
		struct eftf_value_prefix p = { .set = true };
		const char *rest = eftf_value_word(text, word, sizeof(word));

		if (rest && !strcmp(word, "all")) {
			routes->all = true;
			text = rest;
			continue;
		}
		if (rest && strchr(word, ':')) {
			struct eftf_prefix6 *p6 = &routes->prefix6[routes->n6];

			if (routes->n6 == EFTF_UE_MAX_ROUTES6 ||
			    eftf_value_prefix6(word, &p6->addr, &p6->plen) ||
			    eftf_value_cut6(&p6->addr, p6->plen))
				return -EINVAL;
			routes->n6++;
			text = rest;
			continue;
		}
		if (routes->n == EFTF_UE_MAX_ROUTES)
			return -EINVAL;
		text = eftf_value_network4(text, &p.addr, &p.plen);
		if (!text)
			return -EINVAL;
		routes->prefix[routes->n++] = p;
	}
	return 0;
}

const struct eftf_config_value eftf_ue_value_routes = {
	.allowed = "up to 64 IPv4 and 16 IPv6 prefixes as address/length, host bits 0, separated by commas, or all",
	.list = true, .parse = parse_routes,
};

static bool is_host_address(struct in_addr a)
{
	uint32_t v = ntohl(a.s_addr);

	return v >> 24 != 0 && v >> 24 != 127 && v >> 28 != 14 && v >> 28 != 15;
}

static int parse_prefix(const char *text, void *member)
{
	struct eftf_value_prefix p = { .set = true };

	if (eftf_value_prefix4(text, &p.addr, &p.plen) || p.plen == 0 || !is_host_address(p.addr))
		return -EINVAL;
	*(struct eftf_value_prefix *)member = p;
	return 0;
}

const struct eftf_config_value eftf_ue_value_prefix = {
	.allowed = "an IPv4 unicast address, with or without /length", .parse = parse_prefix,
};

static int parse_addr4(const char *text, void *member)
{
	return strchr(text, '/') ? -EINVAL : parse_prefix(text, member);
}

const struct eftf_config_value eftf_ue_value_addr4 = {
	.allowed = "an IPv4 unicast address", .parse = parse_addr4,
};

static int parse_addr6(const char *text, void *member)
{
	struct in6_addr addr;

	if (inet_pton(AF_INET6, text, &addr) != 1 || !eftf_dhcp6_is_host(&addr))
		return -EINVAL;
	*(struct in6_addr *)member = addr;
	return 0;
}

const struct eftf_config_value eftf_ue_value_addr6 = {
	.allowed = "an IPv6 unicast address, not of one link alone", .parse = parse_addr6,
};

int eftf_ue_proxy_target(const char *url, struct eftf_value_target *target)
{
	static const char scheme[] = "http://";
	char host[EFTF_VALUE_HOST_MAX + 16];
	size_t len;

	if (strncmp(url, scheme, sizeof(scheme) - 1))
		return -EINVAL;
	url += sizeof(scheme) - 1;
	len = strlen(url);
	if (len && url[len - 1] == '/')
		len--;
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, url, len);
	host[len] = '\0';
	return eftf_value_target(host, true, target);
}

static int check_proxy(const char *text, void *member)
{
	struct eftf_value_target t;

	(void)member;
	return strcmp(text, "env") && eftf_ue_proxy_target(text, &t) ? -EINVAL : 0;
}

const struct eftf_config_value eftf_ue_value_proxy = {
	.allowed = "http://host:port, or env for the proxy of the environment (https_proxy); user and password are keys of their own",
	.parse = check_proxy,
};

static int check_path(const char *text, void *member)
{
	(void)member;
	return text[0] == '/' ? 0 : -EINVAL;
}

const struct eftf_config_value eftf_ue_value_path = {
	.allowed = "an absolute path", .parse = check_path,
};

/* No name is empty. */
static int check_alpn(const char *text, void *member)
{
	bool begun = false;

	(void)member;
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~' || (*text == ',' && !begun))
			return -EINVAL;
		begun = *text != ',';
	}
	return begun ? 0 : -EINVAL;
}

const struct eftf_config_value eftf_ue_value_alpn = {
	.allowed = "up to 255 octets of names, separated by commas, without blanks", .parse = check_alpn,
};
