/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/dhcp6_codec.c lib/dhcp6_decode.c lib/dhcp6_client.c lib/dhcp6_server.c lib/dhcp_octets.c lib/err.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp6_server.h"
#include "dhcp6_wire.h"
#include "ip6.h"

#define ENTERPRISE 32473
#define GATEWAY "2001:db8:64::1"
#define FIRST "2001:db8:64::2"

/* ---- client against server ---------------------------------------------------------- */

struct lab {
	struct eftf_dhcp6c c;
	struct eftf_dhcp6s s;
	struct eftf_dhcp6s_policy policy;
	struct in6_addr next;		/* what the pool gives; ::, nothing left */
	int confirm_ret;
	unsigned int taken, given_back, confirmed;
	bool no_rapid;			/* as a server that does not know it */
};

static int take(void *arg, const struct eftf_dhcp6_msg *msg, struct in6_addr *addr)
{
	struct lab *l = arg;

	(void)msg;
	if (IN6_IS_ADDR_UNSPECIFIED(&l->next))
		return -ENOSPC;
	*addr = l->next;
	l->taken++;
	return 0;
}

static void give_back(void *arg, const struct in6_addr *addr)
{
	struct lab *l = arg;

	assert_memory_equal(addr, &l->next, sizeof(*addr));
	l->given_back++;
}

static int confirm(void *arg, const struct eftf_dhcp6_msg *msg, const struct in6_addr *addr,
		   uint8_t *token, size_t *token_len)
{
	struct lab *l = arg;

	(void)msg;
	assert_memory_equal(addr, &l->next, sizeof(*addr));
	l->confirmed++;
	memset(token, 0x77, 74);
	*token_len = 74;
	return l->confirm_ret;
}

static const struct eftf_dhcp6s_pool pool = { take, give_back, confirm };

static void lab_init(struct lab *l)
{
	memset(l, 0, sizeof(*l));
	l->c.enterprise = ENTERPRISE;
	l->c.duid = (struct eftf_duid){ { 0, 2, 1 }, 3 };
	l->c.iaid = 5;
	l->c.keepalive = 20;
	l->policy = (struct eftf_dhcp6s_policy){
		.duid = { { 0, 3, 2 }, 3 }, .server = ip(GATEWAY), .lease = 3600,
		.keepalive = 110, .keepalive_min = 30, .keepalive_max = 600,
		.enterprise = ENTERPRISE, .n_sip = 1, .sip = { ip("2001:db8::60") },
		.n_dns = 1, .dns = { ip("2001:db8::53") },
	};
	l->next = ip(FIRST);
	eftf_dhcp6c_start(&l->c, 0x1000);
}

/* One message of the client to the server and its answer back. */
static enum eftf_dhcps_result step(struct lab *l)
{
	uint8_t raw[EFTF_DHCP6_MAX];
	struct eftf_dhcp6_msg m, reply;
	enum eftf_dhcps_result r;
	size_t len;
	int wait;

	len = eftf_dhcp6c_output(&l->c, raw, sizeof(raw), &wait);
	assert_true(len > 0);
	assert_true(wait >= 900);
	assert_int_equal(eftf_dhcp6_decode(&m, raw, len, ENTERPRISE, NULL), 0);
	assert_int_equal(m.n_bad, 0);
	m.rapid_commit = m.rapid_commit && !l->no_rapid;
	r = eftf_dhcp6s_input(&l->s, &l->policy, &pool, l, &m, &reply);
	if (!eftf_dhcp6s_replies(r))
		return r;
	len = eftf_dhcp6_encode(raw, sizeof(raw), &reply, ENTERPRISE);
	assert_true(len > 0);
	eftf_dhcp6c_input(&l->c, raw, len);
	return r;
}

static void expect_lease(const struct lab *l)
{
	const struct eftf_lease6 *lease = &l->c.lease;
	struct in6_addr server = ip(GATEWAY);

	assert_int_equal(l->c.state, EFTF_DHCPC_BOUND);
	assert_memory_equal(&lease->address, &l->next, sizeof(l->next));
	assert_memory_equal(&lease->unicast, &server, sizeof(server));
	assert_int_equal(lease->seconds, 3600);
	assert_int_equal(lease->t1, 1800);
	assert_int_equal(lease->t2, 2880);
	assert_int_equal(lease->n_dns, 1);
	assert_int_equal(lease->n_sip, 1);
	assert_int_equal(lease->keepalive, 30);
	assert_int_equal(l->c.token_len, 74);
	assert_null(eftf_dhcp_warning((struct eftf_dhcp_warning *)&l->c.warning));
}

static void bind_lab(struct lab *l)
{
	lab_init(l);
	assert_int_equal(step(l), EFTF_DHCPS_ACK);
	expect_lease(l);
}

static void test_rapid_commit(void **state)
{
	struct lab l;

	(void)state;
	bind_lab(&l);
	assert_int_equal(l.taken, 1);
	assert_int_equal(l.confirmed, 1);
}

static void test_four_messages(void **state)
{
	struct lab l;

	(void)state;
	lab_init(&l);
	l.no_rapid = true;
	assert_int_equal(step(&l), EFTF_DHCPS_OFFER);
	assert_int_equal(l.c.state, EFTF_DHCPC_REQUESTING);
	assert_int_equal(l.confirmed, 0);
	assert_int_equal(step(&l), EFTF_DHCPS_ACK);
	expect_lease(&l);
}

static void test_exhausted(void **state)
{
	struct lab l;

	(void)state;
	lab_init(&l);
	memset(&l.next, 0, sizeof(l.next));
	assert_int_equal(step(&l), EFTF_DHCPS_EXHAUSTED);
	assert_int_equal(l.c.state, EFTF_DHCPC_REFUSED);
	assert_string_equal(l.c.refusal, "no address left");
	lab_init(&l);
	l.confirm_ret = -ENOSPC;
	assert_int_equal(step(&l), EFTF_DHCPS_EXHAUSTED);
	assert_int_equal(l.c.state, EFTF_DHCPC_REFUSED);
	assert_int_equal(l.given_back, 1);
	assert_false(l.s.bound);
	assert_true(IN6_IS_ADDR_UNSPECIFIED(&l.s.address));
}

static void test_renewal(void **state)
{
	uint8_t out[EFTF_DHCP6_MAX];
	struct lab l;
	int wait;

	(void)state;
	bind_lab(&l);
	eftf_dhcp6c_renew(&l.c, 0x2000, 1800000);
	assert_int_equal(step(&l), EFTF_DHCPS_RENEWED);
	expect_lease(&l);
	assert_int_equal(l.confirmed, 1);
	/* from T2 on any server */
	eftf_dhcp6c_renew(&l.c, 0x2001, 2880000);
	assert_int_equal(step(&l), EFTF_DHCPS_RENEWED);
	expect_lease(&l);
	/* past its end there is nothing left to renew */
	eftf_dhcp6c_renew(&l.c, 0x2002, 3600000);
	assert_int_equal(eftf_dhcp6c_output(&l.c, out, sizeof(out), &wait), 0);
	assert_int_equal(l.c.state, EFTF_DHCPC_FAILED);
	/* a server that has forgotten */
	bind_lab(&l);
	memset(&l.s, 0, sizeof(l.s));
	eftf_dhcp6c_renew(&l.c, 0x2003, 1800000);
	assert_int_equal(step(&l), EFTF_DHCPS_NAK);
	assert_int_equal(l.c.state, EFTF_DHCPC_REFUSED);
}

/* Without an answer the messages become rarer, and end. */
static void test_silence(void **state)
{
	uint8_t out[EFTF_DHCP6_MAX];
	int wait, before = 0, n = 0;
	struct lab l;

	(void)state;
	lab_init(&l);
	while (eftf_dhcp6c_output(&l.c, out, sizeof(out), &wait)) {
		assert_true(wait > before);
		before = wait;
		n++;
	}
	assert_int_equal(n, 6);
	assert_int_equal(l.c.state, EFTF_DHCPC_FAILED);
	bind_lab(&l);
	eftf_dhcp6c_renew(&l.c, 0x2000, 1800000);
	for (n = 0; eftf_dhcp6c_output(&l.c, out, sizeof(out), &wait); n++) {
		assert_true(wait >= 900 && wait <= 660000);
		assert_true(out[0] == EFTF_DHCP6_RENEW || out[0] == EFTF_DHCP6_REBIND);
	}
	assert_true(n > 5 && n < 40);
	assert_int_equal(out[0], EFTF_DHCP6_REBIND);
	assert_int_equal(l.c.state, EFTF_DHCPC_FAILED);
}

static enum eftf_dhcps_result ask(struct lab *l, struct eftf_dhcp6_msg *m,
				  struct eftf_dhcp6_msg *reply)
{
	memset(reply, 0, sizeof(*reply));
	return eftf_dhcp6s_input(&l->s, &l->policy, &pool, l, m, reply);
}

static void test_release(void **state)
{
	struct eftf_dhcp6_msg m, reply;
	uint8_t out[EFTF_DHCP6_MAX];
	struct lab l;
	size_t len;

	(void)state;
	bind_lab(&l);
	len = eftf_dhcp6c_release(&l.c, out, sizeof(out));
	assert_int_equal(eftf_dhcp6_decode(&m, out, len, ENTERPRISE, NULL), 0);
	m.addr = ip("2001:db8::9");
	assert_int_equal(ask(&l, &m, &reply), EFTF_DHCPS_NAK);
	assert_int_equal(reply.status, EFTF_DHCP6_NO_BINDING);
	m.addr = l.next;
	assert_int_equal(ask(&l, &m, &reply), EFTF_DHCPS_RELEASED);
	assert_int_equal(reply.status, EFTF_DHCP6_SUCCESS);
	m.type = EFTF_DHCP6_DECLINE;
	assert_int_equal(ask(&l, &m, &reply), EFTF_DHCPS_DECLINED);
}

/* Without a pool, as inside a tunnel: a lease goes on and ends, and no other is given. */
static void test_no_pool(void **state)
{
	struct eftf_dhcp6_msg m = { .type = EFTF_DHCP6_RENEW, .xid = 1, .has_ia = true, .iaid = 5 }, reply;
	struct lab l;

	(void)state;
	bind_lab(&l);
	m.client = l.c.duid;
	m.server = l.policy.duid;
	assert_int_equal(eftf_dhcp6s_input(&l.s, &l.policy, NULL, NULL, &m, &reply), EFTF_DHCPS_RENEWED);
	m.type = EFTF_DHCP6_RELEASE;
	m.has_addr = true;
	m.addr = l.next;
	assert_int_equal(eftf_dhcp6s_input(&l.s, &l.policy, NULL, NULL, &m, &reply), EFTF_DHCPS_RELEASED);
	memset(&l.s, 0, sizeof(l.s));
	m.type = EFTF_DHCP6_REQUEST;
	assert_int_equal(eftf_dhcp6s_input(&l.s, &l.policy, NULL, NULL, &m, &reply), EFTF_DHCPS_EXHAUSTED);
	l.s.address = l.next;		/* as if one had been offered before */
	assert_int_equal(eftf_dhcp6s_input(&l.s, &l.policy, NULL, NULL, &m, &reply), EFTF_DHCPS_EXHAUSTED);
	assert_false(l.s.bound);
	assert_int_equal(l.given_back, 0);
}

/* RFC 8415 16: who is to be named in which message, and who is not. */
static void test_for_whom(void **state)
{
	static const struct {
		enum eftf_dhcp6_type type;
		bool client, server, other, ia;
		enum eftf_dhcps_result expected;
	} cases[] = {
		{ EFTF_DHCP6_SOLICIT, true, false, false, true, EFTF_DHCPS_OFFER },
		{ EFTF_DHCP6_SOLICIT, false, false, false, true, EFTF_DHCPS_IGNORED },
		{ EFTF_DHCP6_SOLICIT, true, true, false, true, EFTF_DHCPS_IGNORED },
		{ EFTF_DHCP6_SOLICIT, true, false, false, false, EFTF_DHCPS_IGNORED },
		{ EFTF_DHCP6_REQUEST, true, true, false, true, EFTF_DHCPS_RENEWED },
		{ EFTF_DHCP6_REQUEST, true, false, false, true, EFTF_DHCPS_IGNORED },
		{ EFTF_DHCP6_REQUEST, true, false, true, true, EFTF_DHCPS_IGNORED },
		{ EFTF_DHCP6_RENEW, true, true, false, true, EFTF_DHCPS_RENEWED },
		{ EFTF_DHCP6_RENEW, true, false, true, true, EFTF_DHCPS_IGNORED },
		{ EFTF_DHCP6_REBIND, true, false, false, true, EFTF_DHCPS_RENEWED },
		{ EFTF_DHCP6_REBIND, true, true, false, true, EFTF_DHCPS_IGNORED },
		{ EFTF_DHCP6_CONFIRM, true, false, false, true, EFTF_DHCPS_INFORMED },
		{ EFTF_DHCP6_INFORMATION_REQUEST, false, false, false, false, EFTF_DHCPS_INFORMED },
		{ EFTF_DHCP6_INFORMATION_REQUEST, true, true, false, false, EFTF_DHCPS_INFORMED },
		{ EFTF_DHCP6_INFORMATION_REQUEST, true, false, true, false, EFTF_DHCPS_IGNORED },
		{ EFTF_DHCP6_INFORMATION_REQUEST, true, false, false, true, EFTF_DHCPS_IGNORED },
		{ EFTF_DHCP6_REPLY, true, true, false, true, EFTF_DHCPS_IGNORED },
		{ EFTF_DHCP6_ADVERTISE, true, true, false, true, EFTF_DHCPS_IGNORED },
	};
	struct eftf_dhcp6_msg m, reply;
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum eftf_dhcps_result r;

		bind_lab(&l);
		memset(&m, 0, sizeof(m));
		m.type = cases[i].type;
		if (cases[i].client)
			m.client = l.c.duid;
		if (cases[i].server)
			m.server = l.policy.duid;
		if (cases[i].other)
			m.server = (struct eftf_duid){ { 9, 9, 9 }, 3 };
		m.has_ia = m.has_addr = cases[i].ia;
		m.addr = l.next;
		r = ask(&l, &m, &reply);
		if (r != cases[i].expected)
			fail_msg("case %zu (type %d): expected %d, seen %d", i, m.type,
				 cases[i].expected, r);
	}
}

/* Only what is asked for, where a client says what it can use. */
static void test_option_request(void **state)
{
	struct eftf_dhcp6_msg m = { .type = EFTF_DHCP6_INFORMATION_REQUEST }, reply;
	struct lab l;

	(void)state;
	bind_lab(&l);
	assert_int_equal(ask(&l, &m, &reply), EFTF_DHCPS_INFORMED);
	assert_true(reply.n_dns && reply.n_sip);
	m.oro[0] = OPT6_DNS;
	m.n_oro = 1;
	assert_int_equal(ask(&l, &m, &reply), EFTF_DHCPS_INFORMED);
	assert_true(reply.n_dns && !reply.n_sip && !reply.has_keepalive && !reply.has_addr);
}

/* ---- a server that says strange things ------------------------------------------------- */

static bool tell(struct lab *l, struct eftf_dhcp6_msg *m)
{
	uint8_t raw[EFTF_DHCP6_MAX];

	return eftf_dhcp6c_input(&l->c, raw, eftf_dhcp6_encode(raw, sizeof(raw), m, ENTERPRISE));
}

static struct eftf_dhcp6_msg answer(const struct lab *l)
{
	return (struct eftf_dhcp6_msg){
		.type = EFTF_DHCP6_REPLY, .xid = l->c.xid, .client = l->c.duid,
		.server = l->policy.duid, .rapid_commit = true, .has_ia = true, .iaid = l->c.iaid,
		.has_addr = true, .addr = l->next, .preferred = 3600, .valid = 3600,
	};
}

static void test_not_for_us(void **state)
{
	struct eftf_dhcp6_msg m;
	struct lab l;

	(void)state;
	lab_init(&l);
#define NOT(change) do { m = answer(&l); change; assert_false(tell(&l, &m)); } while (0)
	NOT(m.xid++);
	NOT(m.client.v[2]++);
	NOT(m.client.len = 0);
	NOT(m.server.len = 0);
	NOT(m.rapid_commit = false);
	NOT(m.iaid++);
	NOT(m.has_ia = false);
	NOT(m.has_addr = false);
	NOT(m.valid = m.preferred = 0);
	NOT(m.addr = ip("fe80::2"));
	NOT(m.addr = ip("ff02::2"));
	NOT(m.addr = ip("::1"));
	NOT(m.addr = ip("::ffff:192.0.2.1"));
	NOT(m.type = EFTF_DHCP6_SOLICIT);
	NOT(m.type = EFTF_DHCP6_RECONFIGURE);
	assert_int_equal(l.c.state, EFTF_DHCPC_SELECTING);
	m = answer(&l);
	assert_true(tell(&l, &m));
	/* a lease is renewed with its address and by its server, or refused */
	eftf_dhcp6c_renew(&l.c, 0x3000, 1800000);
	NOT(m.addr = ip("2001:db8::9"));
	NOT(m.server.v[2]++);
	m = answer(&l);
	m.valid = m.preferred = 0;
	assert_true(tell(&l, &m));
	assert_int_equal(l.c.state, EFTF_DHCPC_REFUSED);
}

static void test_times(void **state)
{
	static const struct {
		uint32_t t1, t2, preferred, valid, expect_t1, expect_t2, expect_seconds;
		bool warns;
	} cases[] = {
		{ 0, 0, 3600, 3600, 1800, 2880, 3600, false },
		{ 0, 0, 1000, 3600, 500, 800, 3600, false },
		{ 0, 0, 0, 3600, 1800, 2880, 3600, false },
		{ 100, 200, 3600, 3600, 100, 200, 3600, false },
		{ 200, 100, 3600, 3600, 1800, 2880, 3600, true },
		{ 9999, 0, 3600, 3600, 1800, 2880, 3600, true },
		{ 1, 1, 1, 1, 5, 5, 10, true },
		{ 0, 0, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, false },
		{ 60, 90, 0xffffffff, 0xffffffff, 60, 90, 0xffffffff, false },
	};
	struct eftf_dhcp6_msg m;
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lab_init(&l);
		m = answer(&l);
		m.t1 = cases[i].t1;
		m.t2 = cases[i].t2;
		m.preferred = cases[i].preferred;
		m.valid = cases[i].valid;
		assert_true(tell(&l, &m));
		if (l.c.lease.t1 != cases[i].expect_t1 || l.c.lease.t2 != cases[i].expect_t2 ||
		    l.c.lease.seconds != cases[i].expect_seconds ||
		    !eftf_dhcp_warning(&l.c.warning) != !cases[i].warns)
			fail_msg("case %zu: expected %u, %u of %u, seen %u, %u of %u, warning '%s'", i,
				 cases[i].expect_t1, cases[i].expect_t2, cases[i].expect_seconds,
				 l.c.lease.t1, l.c.lease.t2, l.c.lease.seconds, l.c.warning.text);
	}
}

/* What no machine can have is no server's address. */
static void test_strange_hosts(void **state)
{
	struct eftf_dhcp6_msg m;
	struct lab l;

	(void)state;
	lab_init(&l);
	m = answer(&l);
	m.n_dns = 2;
	m.dns[0] = ip("::1");
	m.dns[1] = ip("2001:db8::53");
	m.n_sip = 1;
	m.sip[0] = ip("ff05::1");
	m.has_unicast = true;
	m.unicast = ip("fe80::1");
	assert_true(tell(&l, &m));
	assert_int_equal(l.c.lease.n_dns, 1);
	assert_int_equal(l.c.lease.dns[0].s6_addr[15], 0x53);
	assert_int_equal(l.c.lease.n_sip, 0);
	assert_true(IN6_IS_ADDR_UNSPECIFIED(&l.c.lease.unicast));
}

static void test_use_multicast(void **state)
{
	struct eftf_dhcp6_msg m;
	struct lab l;

	(void)state;
	bind_lab(&l);
	eftf_dhcp6c_renew(&l.c, 0x2000, 1800000);
	m = answer(&l);
	m.status = EFTF_DHCP6_USE_MULTICAST;
	assert_false(tell(&l, &m));
	assert_int_equal(l.c.state, EFTF_DHCPC_RENEWING);
	assert_true(IN6_IS_ADDR_UNSPECIFIED(&l.c.lease.unicast));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rapid_commit),
		cmocka_unit_test(test_four_messages),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_renewal),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_release),
		cmocka_unit_test(test_no_pool),
		cmocka_unit_test(test_for_whom),
		cmocka_unit_test(test_option_request),
		cmocka_unit_test(test_not_for_us),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_strange_hosts),
		cmocka_unit_test(test_use_multicast),
	};

	return cmocka_run_group_tests_name("dhcp6 exchange", tests, NULL, NULL);
}
