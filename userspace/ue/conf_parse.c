// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf_parse.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"

/* Decimal digits only; neither sign nor space nor anything behind. */
static bool get_number(const char *s, size_t len, unsigned long max, unsigned long *out)
{
	unsigned long v = 0;
	size_t i;

	if (len == 0 || len > 9)
		return false;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (unsigned long)(s[i] - '0');
	}
	*out = v;
	return v <= max;
}

static bool is_ip(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

static bool is_name(const char *host)
{
	size_t i, label = 0;

	for (i = 0; host[i]; i++) {
		if (host[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)host[i]) && host[i] != '-' && host[i] != '_')
			return false;
		if (++label > 63)
			return false;
	}
	return i > 0 && i < EFTF_CONF_HOST_MAX && strspn(host, "0123456789.") != i;
}

int eftf_conf_parse_host(const char *value, void *member, const char **allowed)
{
	struct eftf_conf_target *t = member;

	*allowed = "a DNS name or an IP address, without port";
	if (!is_ip(value) && !is_name(value))
		return -EINVAL;
	memset(t, 0, sizeof(*t));
	memcpy(t->host, value, strlen(value));
	return 0;
}

/* host:port, [v6]:port; the port may be missing if need_port is false. */
static int split(const char *value, bool need_port, struct eftf_conf_target *t)
{
	const char *host = value, *end, *colon = NULL;
	unsigned long port = 0;
	size_t len;

	if (value[0] == '[') {
		host = value + 1;
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return -EINVAL;
		colon = end[1] ? end + 1 : NULL;
	} else {
		colon = strrchr(value, ':');
		if (colon && strchr(value, ':') != colon)
			colon = NULL;	/* bare IPv6 */
		end = colon ? colon : value + strlen(value);
	}
	if (!colon && need_port)
		return -EINVAL;
	if (colon && (!get_number(colon + 1, strlen(colon + 1), 65535, &port) || port == 0))
		return -EINVAL;
	len = (size_t)(end - host);
	if (len == 0 || len >= sizeof(t->host))
		return -EINVAL;
	memset(t, 0, sizeof(*t));
	memcpy(t->host, host, len);
	t->port = (unsigned int)port;
	return is_ip(t->host) || (value[0] != '[' && is_name(t->host)) ? 0 : -EINVAL;
}

int eftf_conf_parse_host_port(const char *value, void *member, const char **allowed)
{
	*allowed = "host or host:port, IPv6 as [address]:port";
	return split(value, false, member);
}

int eftf_conf_parse_ifname(const char *value, void *member, const char **allowed)
{
	size_t len = strlen(value), i;

	*allowed = "an interface name: 1 to 15 characters, no '/', ':' or space";
	if (len == 0 || len >= IFNAMSIZ || !strcmp(value, ".") || !strcmp(value, ".."))
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if (!isgraph((unsigned char)value[i]) || strchr("/:%", value[i]))
			return -EINVAL;
	}
	memset(member, 0, IFNAMSIZ);
	memcpy(member, value, len);
	return 0;
}

static int get_prefix(const char *s, size_t len, struct eftf_conf_prefix *p)
{
	const char *slash = memchr(s, '/', len);
	unsigned long plen = 32;
	char text[INET_ADDRSTRLEN];
	size_t alen = slash ? (size_t)(slash - s) : len;

	if (alen >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, alen);
	text[alen] = '\0';
	if (inet_pton(AF_INET, text, &p->addr) != 1)
		return -EINVAL;
	if (slash && !get_number(slash + 1, len - alen - 1, 32, &plen))
		return -EINVAL;
	p->plen = (uint8_t)plen;
	p->set = true;
	return 0;
}

static uint32_t mask(uint8_t plen)
{
	return plen ? 0xffffffffu << (32 - plen) : 0;
}

int eftf_conf_parse_routes(const char *value, void *member, const char **allowed)
{
	static const char separators[] = ", \t";
	struct eftf_conf_routes *routes = member;

	*allowed = "up to 64 IPv4 prefixes as address/length, host bits 0, separated by commas";
	for (;;) {
		struct eftf_conf_prefix *p;
		size_t len;

		value += strspn(value, separators);
		len = strcspn(value, separators);
		if (len == 0)
			return 0;
		if (routes->n == EFTF_CONF_MAX_ROUTES)
			return -EINVAL;
		p = &routes->prefix[routes->n];
		if (get_prefix(value, len, p) || (ntohl(p->addr.s_addr) & ~mask(p->plen)))
			return -EINVAL;
		routes->n++;
		value += len;
	}
}

static bool is_host_address(struct in_addr a)
{
	uint32_t v = ntohl(a.s_addr);

	return v >> 24 != 0 && v >> 24 != 127 && v >> 28 != 14 && v >> 28 != 15;
}

int eftf_conf_parse_prefix(const char *value, void *member, const char **allowed)
{
	struct eftf_conf_prefix p;

	*allowed = "an IPv4 unicast address, with or without /length";
	if (get_prefix(value, strlen(value), &p) || p.plen == 0 || !is_host_address(p.addr))
		return -EINVAL;
	*(struct eftf_conf_prefix *)member = p;
	return 0;
}

int eftf_conf_parse_addr4(const char *value, void *member, const char **allowed)
{
	struct eftf_conf_prefix p;

	*allowed = "an IPv4 unicast address";
	if (strchr(value, '/') || get_prefix(value, strlen(value), &p) || !is_host_address(p.addr))
		return -EINVAL;
	*(struct eftf_conf_prefix *)member = p;
	return 0;
}

static int get_sockaddr(const struct eftf_conf_target *t, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, t->host, &sin->sin_addr) == 1) {
		sin->sin_family = AF_INET;
		sin->sin_port = htons((uint16_t)t->port);
	} else if (inet_pton(AF_INET6, t->host, &sin6->sin6_addr) == 1) {
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons((uint16_t)t->port);
	} else {
		return -EINVAL;
	}
	return 0;
}

int eftf_conf_parse_addr(const char *value, void *member, const char **allowed)
{
	struct eftf_conf_target t;

	*allowed = "an IPv4 or IPv6 address, without port";
	if (!is_ip(value) || split(value, false, &t))
		return -EINVAL;
	return get_sockaddr(&t, member);
}

int eftf_conf_parse_addr_port(const char *value, void *member, const char **allowed)
{
	struct eftf_conf_target t;

	*allowed = "address:port, IPv6 as [address]:port";
	if (split(value, true, &t))
		return -EINVAL;
	return get_sockaddr(&t, member);
}

int eftf_conf_parse_mtu(const char *value, void *member, const char **allowed)
{
	unsigned long mtu;

	*allowed = "576 to 65532, or 0 for what the EFTF says";
	if (!get_number(value, strlen(value), 65532, &mtu) || (mtu && mtu < 576))
		return -EINVAL;
	*(unsigned int *)member = (unsigned int)mtu;
	return 0;
}

int eftf_conf_parse_record_limit(const char *value, void *member, const char **allowed)
{
	unsigned long n;

	*allowed = "100 to 4294967295, or 0 for the cipher's own";
	if (!get_number(value, strlen(value), 0xffffffffu, &n) || (n && n < 100))
		return -EINVAL;
	*(unsigned int *)member = (unsigned int)n;
	return 0;
}

int eftf_conf_proxy_target(const char *url, struct eftf_conf_target *target)
{
	static const char scheme[] = "http://";
	char host[EFTF_CONF_HOST_MAX + 16];
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
	return split(host, true, target);
}

int eftf_conf_parse_proxy(const char *value, void *member, const char **allowed)
{
	struct eftf_conf_target t;
	char *copy;

	*allowed = "http://host:port, or env for the proxy of the environment (https_proxy);"
		   " user and password are keys of their own";
	if (strcmp(value, "env") && eftf_conf_proxy_target(value, &t))
		return -EINVAL;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*(char **)member);
	*(char **)member = copy;
	return 0;
}
