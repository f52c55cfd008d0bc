/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client of DHCPv4 and a server with one address, and the way of a message
 * between them. Include it once, behind cmocka.h.
 */
#ifndef DHCP4_LAB_H
#define DHCP4_LAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>


#include "dhcp4_server.h"

/* Cases say what differs from a good message. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define ENTERPRISE EFTF_ENTERPRISE_DEFAULT
#define GATEWAY "10.64.0.1"
#define FIRST "10.64.0.2"

/* An address for initializers, in network order on every machine. */
#define A(a, b, c, d) { .s_addr = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? \
	(uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d) : (uint32_t)(d) << 24 | (c) << 16 | (b) << 8 | (a) }
#define US A(10, 64, 0, 1)
#define YOURS A(10, 64, 0, 2)
#define OTHER A(10, 64, 0, 9)

static struct in_addr ip(const char *text)
{
	return (struct in_addr){ inet_addr(text) };
}

struct lab {
	struct eftf_dhcp4c c;
	struct eftf_dhcp4s s;
	struct eftf_dhcp4s_policy policy;
	struct in_addr next;		/* what the pool gives; 0: nothing left */
	int confirm_ret;
	unsigned int taken, given_back, confirmed;
};

static int take(void *arg, const struct eftf_dhcp4_msg *msg, struct in_addr *addr)
{
	struct lab *l = arg;

	(void)msg;
	if (!l->next.s_addr)
		return -ENOSPC;
	*addr = l->next;
	l->taken++;
	return 0;
}

static void give_back(void *arg, struct in_addr addr)
{
	struct lab *l = arg;

	assert_int_equal(addr.s_addr, l->next.s_addr);
	l->given_back++;
}

static int confirm(void *arg, const struct eftf_dhcp4_msg *msg, struct in_addr addr, uint8_t *token,
		   size_t *token_len)
{
	struct lab *l = arg;

	assert_int_equal(addr.s_addr, l->next.s_addr);
	l->confirmed++;
	assert_int_equal(msg->type, EFTF_DHCP4_REQUEST);
	memset(token, 0x77, 74);
	*token_len = 74;
	return l->confirm_ret;
}

static const struct eftf_dhcp4s_pool pool = { take, give_back, confirm };

static void lab_init(struct lab *l)
{
	memset(l, 0, sizeof(*l));
	l->c.enterprise = ENTERPRISE;
	l->c.client_id_len = 3;
	memcpy(l->c.client_id, "\xff\1\2", 3);
	l->policy = (struct eftf_dhcp4s_policy){
		.server = ip(GATEWAY), .mask = ip("255.255.255.255"), .mtu = 1400, .lease = 3600,
		.keepalive = 110, .keepalive_min = 30, .keepalive_max = 600,
		.enterprise = ENTERPRISE, .n_sip = 1, .sip = { ip("192.0.2.60") },
	};
	l->next = ip(FIRST);
	eftf_dhcp4c_start(&l->c, 0x1000);
}

static enum eftf_dhcps_result serve(struct lab *l, const uint8_t *in, size_t len, uint8_t *out,
				    size_t *out_len)
{
	struct eftf_dhcp4_msg m, reply;
	enum eftf_dhcps_result r;

	assert_int_equal(eftf_dhcp4_decode(&m, in, len, ENTERPRISE, NULL), 0);
	r = eftf_dhcp4s_input(&l->s, &l->policy, &pool, l, &m, &reply);
	*out_len = eftf_dhcp4s_replies(r) ?
		eftf_dhcp4_encode(out, EFTF_DHCP4_MAX, &reply, ENTERPRISE) : 0;
	return r;
}

/* One message of the client to the server and its answer back. */
static enum eftf_dhcps_result step(struct lab *l)
{
	uint8_t a[EFTF_DHCP4_MAX], b[EFTF_DHCP4_MAX];
	enum eftf_dhcps_result r;
	size_t len;
	int wait;

	len = eftf_dhcp4c_output(&l->c, a, sizeof(a), &wait);
	assert_true(len > 0);
	r = serve(l, a, len, b, &len);
	if (len)
		eftf_dhcp4c_input(&l->c, b, len);
	return r;
}

static void bind_lab(struct lab *l)
{
	lab_init(l);
	assert_int_equal(step(l), EFTF_DHCPS_OFFER);
	assert_int_equal(step(l), EFTF_DHCPS_ACK);
	assert_int_equal(l->c.state, EFTF_DHCPC_BOUND);
}

#endif
