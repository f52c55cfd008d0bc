/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Socket addresses and prefixes of IPv6 as text, and the octets that make the former. */
#ifndef EFTF_ADDR_H
#define EFTF_ADDR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "inner6.h"

/* Longest text with its terminator: "[IPv6 address]:65535" */
#define EFTF_ADDR_TEXT 64

/* "192.0.2.1:443", "[2001:db8::1]:443"; another family: "?:0". */
void eftf_addr_text(char out[EFTF_ADDR_TEXT], const struct sockaddr_storage *addr);
/*
 * The octets of the address, in *at, inside addr: 4 of IPv4, also of one that
 * IPv6 carries, as sockets of both name their peer; 16 of IPv6; 0: another family.
 */
size_t eftf_addr_octets(const struct sockaddr_storage *addr, const uint8_t **at);

/* Longest text with its terminator */
#define EFTF_PREFIX6_TEXT (INET6_ADDRSTRLEN + 4)

/* "2001:db8::/32"; returns out. */
const char *eftf_prefix6_text(char out[EFTF_PREFIX6_TEXT], const struct eftf_prefix6 *p);

#endif
