/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of configuration keys: what both programs parse, and the pieces of it. */
#ifndef EFTF_CONFIG_VALUE_H
#define EFTF_CONFIG_VALUE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "config.h"

#define EFTF_VALUE_HOST_MAX 254		/* DNS name, with its terminator */

/* A host by name or address, and a port; host "" = not configured. */
struct eftf_value_target {
	char host[EFTF_VALUE_HOST_MAX];
	unsigned int port;		/* 0: not said */
};

struct eftf_value_prefix {
	struct in_addr addr;
	uint8_t plen;
	bool set;
};

/* char[IFNAMSIZ] */
extern const struct eftf_config_value eftf_value_ifname;
/* struct eftf_value_target: a host without a port; with or without */
extern const struct eftf_config_value eftf_value_host, eftf_value_host_port;
/* struct sockaddr_storage: IPv4 or IPv6, without a port; with one */
extern const struct eftf_config_value eftf_value_addr, eftf_value_addr_port;
/* struct in_addr */
extern const struct eftf_config_value eftf_value_addr4;

/* Pieces. All return false, or -EINVAL, for text that is not wholly what it should be. */

/* Decimal digits only, at most max. */
bool eftf_value_number(const char *text, unsigned long max, unsigned long *out);
/*
 * The next word of a list, whose separators are commas and blanks, into word.
 * Returns what is left of the list; NULL at its end, or if the word does not
 * fit, which the caller knows by eftf_value_rest().
 */
const char *eftf_value_word(const char *list, char *word, size_t size);
/* Is there anything but separators left? */
bool eftf_value_rest(const char *list);
/* Letters, digits, '-', '_', labels of 1 to 63; a full stop at the end is allowed; no IPv4 address. */
bool eftf_value_is_name(const char *text);
/* host:port, host, [IPv6]:port, IPv6 */
int eftf_value_target(const char *text, bool need_port, struct eftf_value_target *to);
/* The same with an address for host. port: without one in the text; 0: there must be one. */
int eftf_value_sockaddr(const char *text, unsigned int port, struct sockaddr_storage *to);
/* ADDRESS/LENGTH, or ADDRESS, which is /32. */
int eftf_value_prefix4(const char *text, struct in_addr *addr, uint8_t *plen);
/* The bits of a prefix of this length, in host order. */
uint32_t eftf_value_mask4(uint8_t plen);
/* Are the bits behind the prefix 0? */
bool eftf_value_is_network4(struct in_addr addr, uint8_t plen);
/* The same for IPv6; ADDRESS alone is /128. */
int eftf_value_prefix6(const char *text, struct in6_addr *addr, uint8_t *plen);
/* Clears the bits behind the prefix; returns whether there were any. */
bool eftf_value_cut6(struct in6_addr *addr, uint8_t plen);
/* Are both in the same network of this length? */
bool eftf_value_same_network6(const struct in6_addr *a, const struct in6_addr *b, uint8_t plen);
/* The next word of a list, which has to be such a prefix. Returns what is left of the list; NULL: it is none. */
const char *eftf_value_network4(const char *list, struct in_addr *addr, uint8_t *plen);

#endif
