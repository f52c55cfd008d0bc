/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/dhcp4_codec.c lib/dhcp4_decode.c lib/dhcp_octets.c lib/dhcp4_client.c lib/dhcp4_server.c lib/err.c */
/* Client against server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp4_lab.h"

static void test_bind(void **state)
{
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;
	int wait;

	(void)state;
	bind_lab(&l);
	assert_int_equal(l.c.lease.address.s_addr, inet_addr(FIRST));
	assert_int_equal(l.c.lease.server.s_addr, inet_addr(GATEWAY));
	assert_int_equal(l.c.lease.router.s_addr, inet_addr(GATEWAY));
	assert_int_equal(l.c.lease.mask.s_addr, 0xffffffff);
	assert_int_equal(l.c.lease.mtu, 1400);
	assert_int_equal(l.c.lease.seconds, 3600);
	assert_int_equal(l.c.lease.t1, 1800);
	assert_int_equal(l.c.lease.t2, 3150);
	assert_int_equal(l.c.lease.keepalive, 110);
	assert_int_equal(l.c.lease.n_sip, 1);
	assert_int_equal(l.c.token_len, 74);
	assert_int_equal(l.c.token[73], 0x77);
	assert_int_equal(l.taken, 1);
	assert_int_equal(l.confirmed, 1);
	assert_int_equal(eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait), 0);
	assert_int_equal(wait, -1);
}

static void test_keepalive(void **state)
{
	static const struct {
		uint16_t server, proposed, decided;
	} cases[] = {
		{ 110, 0, 110 }, { 110, 200, 200 }, { 110, 10, 30 }, { 110, 5000, 600 },
		{ 0, 200, 0 }, { 0, 0, 0 },
	};
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lab_init(&l);
		l.policy.keepalive = cases[i].server;
		l.c.keepalive = cases[i].proposed;
		step(&l);
		step(&l);
		assert_int_equal(l.c.lease.keepalive, cases[i].decided);
		assert_int_equal(l.s.keepalive, cases[i].decided);
	}
}

static void test_renew_release(void **state)
{
	uint8_t a[EFTF_DHCP4_MAX], b[EFTF_DHCP4_MAX];
	struct lab l;
	size_t len;

	(void)state;
	bind_lab(&l);
	eftf_dhcp4c_renew(&l.c, 0x2000, 1800000);
	assert_int_equal(step(&l), EFTF_DHCPS_RENEWED);
	assert_int_equal(l.c.state, EFTF_DHCPC_BOUND);
	assert_int_equal(l.confirmed, 1);
	len = eftf_dhcp4c_release(&l.c, a, sizeof(a));
	assert_int_equal(serve(&l, a, len, b, &len), EFTF_DHCPS_RELEASED);
	assert_int_equal(len, 0);
}

/* Without a pool, as inside a tunnel: a lease goes on and ends, and no other is given. */
static void test_no_pool(void **state)
{
	struct eftf_dhcp4_msg m = { .type = EFTF_DHCP4_REQUEST, .xid = 1 }, reply;
	struct lab l;

	(void)state;
	bind_lab(&l);
	m.ciaddr = l.next;
	assert_int_equal(eftf_dhcp4s_input(&l.s, &l.policy, NULL, NULL, &m, &reply), EFTF_DHCPS_RENEWED);
	m.type = EFTF_DHCP4_RELEASE;
	assert_int_equal(eftf_dhcp4s_input(&l.s, &l.policy, NULL, NULL, &m, &reply), EFTF_DHCPS_RELEASED);
	memset(&l.s, 0, sizeof(l.s));
	m.type = EFTF_DHCP4_DISCOVER;
	assert_int_equal(eftf_dhcp4s_input(&l.s, &l.policy, NULL, NULL, &m, &reply), EFTF_DHCPS_EXHAUSTED);
	l.s.address = l.next;		/* as if one had been offered before */
	m = (struct eftf_dhcp4_msg){ .type = EFTF_DHCP4_REQUEST, .has_requested = true, .requested = l.next,
				     .has_server_id = true, .server_id = l.policy.server };
	assert_int_equal(eftf_dhcp4s_input(&l.s, &l.policy, NULL, NULL, &m, &reply), EFTF_DHCPS_NAK);
	assert_int_equal(l.s.address.s_addr, 0);
	assert_int_equal(l.given_back, 0);
}

static void test_refusals(void **state)
{
	struct lab l;

	(void)state;
	lab_init(&l);
	l.next.s_addr = 0;
	assert_int_equal(step(&l), EFTF_DHCPS_EXHAUSTED);
	assert_int_equal(l.c.state, EFTF_DHCPC_REFUSED);
	assert_string_equal(l.c.refusal, "no address left");
	lab_init(&l);			/* the claim was lost meanwhile */
	l.confirm_ret = -ESTALE;
	step(&l);
	assert_int_equal(step(&l), EFTF_DHCPS_NAK);
	assert_int_equal(l.c.state, EFTF_DHCPC_REFUSED);
	assert_int_equal(l.given_back, 1);
	assert_int_equal(l.s.address.s_addr, 0);
	bind_lab(&l);			/* a renewal of what it does not have */
	l.c.lease.address = ip("10.64.0.99");
	eftf_dhcp4c_renew(&l.c, 1, 1800000);
	assert_int_equal(step(&l), EFTF_DHCPS_NAK);
	assert_true(l.s.bound);		/* the lease itself is none the worse */
	assert_int_equal(l.s.address.s_addr, inet_addr(FIRST));
}

/* The server's decisions message by message. */
static void test_server_table(void **state)
{
	enum { NEW, OFFERED, BOUND };
	static const struct {
		const char *what;
		int before;
		struct eftf_dhcp4_msg in;
		enum eftf_dhcps_result result;
		unsigned int given_back;
	} cases[] = {
#define M(t, ...) { .type = EFTF_DHCP4_##t, __VA_ARGS__ }
		{ "discover again", OFFERED, M(DISCOVER, .xid = 0), EFTF_DHCPS_OFFER, 0 },
		{ "discover when bound", BOUND, M(DISCOVER, .xid = 0), EFTF_DHCPS_OFFER, 0 },
		{ "request of the offer", OFFERED, M(REQUEST, .has_server_id = true,
			.server_id = US, .has_requested = true, .requested = YOURS),
			EFTF_DHCPS_ACK, 0 },
		{ "request again", BOUND, M(REQUEST, .has_server_id = true, .server_id = US,
			.has_requested = true, .requested = YOURS), EFTF_DHCPS_RENEWED, 0 },
		{ "request of another address", OFFERED, M(REQUEST, .has_server_id = true,
			.server_id = US, .has_requested = true, .requested = OTHER),
			EFTF_DHCPS_NAK, 1 },
		{ "another server was chosen", OFFERED, M(REQUEST, .has_server_id = true,
			.server_id = OTHER, .has_requested = true, .requested = OTHER),
			EFTF_DHCPS_IGNORED, 1 },
		{ "request without offer", NEW, M(REQUEST, .has_server_id = true,
			.server_id = US, .has_requested = true, .requested = YOURS),
			EFTF_DHCPS_NAK, 0 },
		{ "request of nothing", OFFERED, M(REQUEST, .xid = 0), EFTF_DHCPS_IGNORED, 0 },
		{ "reboot, right address", NEW, M(REQUEST, .has_requested = true,
			.requested = YOURS), EFTF_DHCPS_ACK, 0 },
		{ "reboot, wrong address", NEW, M(REQUEST, .has_requested = true,
			.requested = OTHER), EFTF_DHCPS_NAK, 1 },
		{ "renewal before it is bound", OFFERED, M(REQUEST, .ciaddr = YOURS),
			EFTF_DHCPS_NAK, 1 },
		{ "renewal", BOUND, M(REQUEST, .ciaddr = YOURS), EFTF_DHCPS_RENEWED, 0 },
		{ "renewal of another's", BOUND, M(REQUEST, .ciaddr = OTHER), EFTF_DHCPS_NAK, 0 },
		{ "inform", BOUND, M(INFORM, .ciaddr = YOURS), EFTF_DHCPS_INFORMED, 0 },
		{ "inform of another's", BOUND, M(INFORM, .ciaddr = OTHER), EFTF_DHCPS_IGNORED, 0 },
		{ "inform before it is bound", NEW, M(INFORM, .ciaddr = YOURS),
			EFTF_DHCPS_IGNORED, 0 },
		{ "release", BOUND, M(RELEASE, .ciaddr = YOURS), EFTF_DHCPS_RELEASED, 0 },
		{ "release of another's", BOUND, M(RELEASE, .ciaddr = OTHER), EFTF_DHCPS_IGNORED, 0 },
		{ "release of an offer", OFFERED, M(RELEASE, .ciaddr = YOURS),
			EFTF_DHCPS_IGNORED, 1 },
		{ "release of nothing", NEW, M(RELEASE, .xid = 0), EFTF_DHCPS_IGNORED, 0 },
		{ "decline", BOUND, M(DECLINE, .requested = YOURS), EFTF_DHCPS_DECLINED, 0 },
		{ "decline of another's", BOUND, M(DECLINE, .requested = OTHER),
			EFTF_DHCPS_IGNORED, 0 },
		{ "a reply", NEW, M(OFFER, .reply = true), EFTF_DHCPS_IGNORED, 0 },
		{ "an offer as a request", NEW, M(OFFER, .xid = 0), EFTF_DHCPS_IGNORED, 0 },
	};
	struct eftf_dhcp4_msg reply;
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum eftf_dhcps_result r;

		lab_init(&l);
		if (cases[i].before >= OFFERED)
			step(&l);
		if (cases[i].before == BOUND)
			step(&l);
		r = eftf_dhcp4s_input(&l.s, &l.policy, &pool, &l, &cases[i].in, &reply);
		if (r != cases[i].result || l.given_back != cases[i].given_back)
			fail_msg("%s: result %d, given back %u", cases[i].what, r, l.given_back);
	}
}

/* Clients of other makes compare these with what they sent, and may ask for little. */
static void test_ordinary_client(void **state)
{
	struct eftf_dhcp4_msg in = {
		.type = EFTF_DHCP4_DISCOVER, .xid = 77, .htype = 1, .hlen = 6,
		.chaddr = { 2, 0, 0, 0, 0, 9 }, .params = { 1, 3, 6, 12 }, .n_params = 4,
		.client_id_len = EFTF_DHCP4_CLIENT_ID_MAX,
	}, reply, back;
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;
	size_t len;

	(void)state;
	lab_init(&l);
	l.policy.n_dns = 1;
	l.policy.dns[0] = ip("192.0.2.53");
	l.policy.n_routes = 1;
	l.policy.routes[0] = (struct eftf_dhcp4_route){ ip("192.0.2.0"), 24, ip(GATEWAY) };
	memset(in.client_id, 0xab, sizeof(in.client_id));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(eftf_dhcp4s_input(&l.s, &l.policy, &pool, &l, &in, &reply),
				 i ? EFTF_DHCPS_ACK : EFTF_DHCPS_OFFER);
		len = eftf_dhcp4_encode(out, sizeof(out), &reply, ENTERPRISE);
		assert_int_equal(eftf_dhcp4_decode(&back, out, len, ENTERPRISE, NULL), 0);
		assert_memory_equal(out, "\2\1\6\0\0\0\0\x4d", 8);
		assert_memory_equal(out + 28, in.chaddr, 16);
		assert_int_equal(back.client_id_len, in.client_id_len);
		assert_memory_equal(back.client_id, in.client_id, in.client_id_len);
		assert_true(back.has_mask && back.has_router && back.n_dns == 1 && back.has_lease);
		assert_false(back.has_mtu || back.n_sip || back.n_routes || back.has_keepalive ||
			     back.token_len);
		in.type = EFTF_DHCP4_REQUEST;
		in.has_server_id = true;
		in.server_id = ip(GATEWAY);
		in.has_requested = true;
		in.requested = reply.yiaddr;
	}
}

static void test_inform(void **state)
{
	struct eftf_dhcp4_msg in = { .type = EFTF_DHCP4_INFORM, .ciaddr = ip(FIRST) }, reply;
	struct lab l;

	(void)state;
	bind_lab(&l);
	assert_int_equal(eftf_dhcp4s_input(&l.s, &l.policy, &pool, &l, &in, &reply),
			 EFTF_DHCPS_INFORMED);
	/* RFC 2131 4.3.5: neither an address nor a lease time. */
	assert_int_equal(reply.yiaddr.s_addr, 0);
	assert_false(reply.has_lease || reply.token_len);
	assert_int_equal(reply.n_sip, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_renew_release),
		cmocka_unit_test(test_no_pool),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_server_table),
		cmocka_unit_test(test_ordinary_client),
		cmocka_unit_test(test_inform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
