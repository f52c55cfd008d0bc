/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <stdio.h>

#include "gw.h"
#include "log.h"

#define LINES_PER_SECOND 20.0

void eftf_gw_addr(char out[EFTF_GW_ADDR_LEN], const struct sockaddr_storage *addr)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)addr;
	char text[INET6_ADDRSTRLEN] = "?";

	if (addr->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		snprintf(out, EFTF_GW_ADDR_LEN, "[%s]:%u", text, ntohs(in6->sin6_port));
		return;
	}
	inet_ntop(AF_INET, &in4->sin_addr, text, sizeof(text));
	snprintf(out, EFTF_GW_ADDR_LEN, "%s:%u", text, ntohs(in4->sin_port));
}

bool eftf_gw_may_log(double now)
{
	static double allowance = LINES_PER_SECOND, last;
	static unsigned long left_out;

	allowance += (now - last) * LINES_PER_SECOND;
	last = now;
	if (allowance > LINES_PER_SECOND)
		allowance = LINES_PER_SECOND;
	if (allowance < 1.0) {
		left_out++;
		return false;
	}
	allowance -= 1.0;
	if (left_out)
		log_info("%lu lines about failed connections were left out", left_out);
	left_out = 0;
	return true;
}
