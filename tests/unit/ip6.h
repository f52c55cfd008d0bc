/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of IPv6 as text. Include it behind cmocka.h. */
#ifndef IP6_H
#define IP6_H

#include <arpa/inet.h>
#include <netinet/in.h>

static inline struct in6_addr ip(const char *text)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

#endif
