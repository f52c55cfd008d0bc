/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Socket addresses as text. */
#ifndef EFTF_ADDR_H
#define EFTF_ADDR_H

#include <sys/socket.h>

/* Longest text with its terminator: "[IPv6 address]:65535" */
#define EFTF_ADDR_TEXT 64

/* "192.0.2.1:443", "[2001:db8::1]:443"; another family: "?:0". */
void eftf_addr_text(char out[EFTF_ADDR_TEXT], const struct sockaddr_storage *addr);

#endif
