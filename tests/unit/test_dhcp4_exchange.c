/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/dhcp4_codec.c lib/dhcp4_decode.c lib/dhcp4_client.c lib/dhcp4_server.c lib/err.c */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

/* ---- client against server ------------------------------------------------------ */

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

static enum eftf_dhcp4s_result serve(struct lab *l, const uint8_t *in, size_t len, uint8_t *out,
				     size_t *out_len)
{
	struct eftf_dhcp4_msg m, reply;
	enum eftf_dhcp4s_result r;

	assert_int_equal(eftf_dhcp4_decode(&m, in, len, ENTERPRISE, NULL), 0);
	r = eftf_dhcp4s_input(&l->s, &l->policy, &pool, l, &m, &reply);
	*out_len = eftf_dhcp4s_replies(r) ?
		eftf_dhcp4_encode(out, EFTF_DHCP4_MAX, &reply, ENTERPRISE) : 0;
	return r;
}

/* One message of the client to the server and its answer back. */
static enum eftf_dhcp4s_result step(struct lab *l)
{
	uint8_t a[EFTF_DHCP4_MAX], b[EFTF_DHCP4_MAX];
	enum eftf_dhcp4s_result r;
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
	assert_int_equal(step(l), EFTF_DHCP4S_OFFER);
	assert_int_equal(step(l), EFTF_DHCP4S_ACK);
	assert_int_equal(l->c.state, EFTF_DHCP4C_BOUND);
}

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
	assert_int_equal(step(&l), EFTF_DHCP4S_RENEWED);
	assert_int_equal(l.c.state, EFTF_DHCP4C_BOUND);
	assert_int_equal(l.confirmed, 1);
	len = eftf_dhcp4c_release(&l.c, a, sizeof(a));
	assert_int_equal(serve(&l, a, len, b, &len), EFTF_DHCP4S_RELEASED);
	assert_int_equal(len, 0);
}

static void test_refusals(void **state)
{
	struct lab l;

	(void)state;
	lab_init(&l);
	l.next.s_addr = 0;
	assert_int_equal(step(&l), EFTF_DHCP4S_EXHAUSTED);
	assert_int_equal(l.c.state, EFTF_DHCP4C_REFUSED);
	assert_string_equal(l.c.refusal, "no address left");
	lab_init(&l);			/* the claim was lost meanwhile */
	l.confirm_ret = -ESTALE;
	step(&l);
	assert_int_equal(step(&l), EFTF_DHCP4S_NAK);
	assert_int_equal(l.c.state, EFTF_DHCP4C_REFUSED);
	assert_int_equal(l.given_back, 1);
	assert_int_equal(l.s.address.s_addr, 0);
	bind_lab(&l);			/* a renewal of what it does not have */
	l.c.lease.address = ip("10.64.0.99");
	eftf_dhcp4c_renew(&l.c, 1, 1800000);
	assert_int_equal(step(&l), EFTF_DHCP4S_NAK);
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
		enum eftf_dhcp4s_result result;
		unsigned int given_back;
	} cases[] = {
#define M(t, ...) { .type = EFTF_DHCP4_##t, __VA_ARGS__ }
		{ "discover again", OFFERED, M(DISCOVER, .xid = 0), EFTF_DHCP4S_OFFER, 0 },
		{ "discover when bound", BOUND, M(DISCOVER, .xid = 0), EFTF_DHCP4S_OFFER, 0 },
		{ "request of the offer", OFFERED, M(REQUEST, .has_server_id = true,
			.server_id = US, .has_requested = true, .requested = YOURS),
			EFTF_DHCP4S_ACK, 0 },
		{ "request again", BOUND, M(REQUEST, .has_server_id = true, .server_id = US,
			.has_requested = true, .requested = YOURS), EFTF_DHCP4S_RENEWED, 0 },
		{ "request of another address", OFFERED, M(REQUEST, .has_server_id = true,
			.server_id = US, .has_requested = true, .requested = OTHER),
			EFTF_DHCP4S_NAK, 1 },
		{ "another server was chosen", OFFERED, M(REQUEST, .has_server_id = true,
			.server_id = OTHER, .has_requested = true, .requested = OTHER),
			EFTF_DHCP4S_IGNORED, 1 },
		{ "request without offer", NEW, M(REQUEST, .has_server_id = true,
			.server_id = US, .has_requested = true, .requested = YOURS),
			EFTF_DHCP4S_NAK, 0 },
		{ "request of nothing", OFFERED, M(REQUEST, .xid = 0), EFTF_DHCP4S_IGNORED, 0 },
		{ "reboot, right address", NEW, M(REQUEST, .has_requested = true,
			.requested = YOURS), EFTF_DHCP4S_ACK, 0 },
		{ "reboot, wrong address", NEW, M(REQUEST, .has_requested = true,
			.requested = OTHER), EFTF_DHCP4S_NAK, 1 },
		{ "renewal before it is bound", OFFERED, M(REQUEST, .ciaddr = YOURS),
			EFTF_DHCP4S_NAK, 1 },
		{ "renewal", BOUND, M(REQUEST, .ciaddr = YOURS), EFTF_DHCP4S_RENEWED, 0 },
		{ "renewal of another's", BOUND, M(REQUEST, .ciaddr = OTHER), EFTF_DHCP4S_NAK, 0 },
		{ "inform", BOUND, M(INFORM, .ciaddr = YOURS), EFTF_DHCP4S_INFORMED, 0 },
		{ "inform of another's", BOUND, M(INFORM, .ciaddr = OTHER), EFTF_DHCP4S_IGNORED, 0 },
		{ "inform before it is bound", NEW, M(INFORM, .ciaddr = YOURS),
			EFTF_DHCP4S_IGNORED, 0 },
		{ "release", BOUND, M(RELEASE, .ciaddr = YOURS), EFTF_DHCP4S_RELEASED, 0 },
		{ "release of another's", BOUND, M(RELEASE, .ciaddr = OTHER), EFTF_DHCP4S_IGNORED, 0 },
		{ "release of an offer", OFFERED, M(RELEASE, .ciaddr = YOURS),
			EFTF_DHCP4S_IGNORED, 1 },
		{ "release of nothing", NEW, M(RELEASE, .xid = 0), EFTF_DHCP4S_IGNORED, 0 },
		{ "decline", BOUND, M(DECLINE, .requested = YOURS), EFTF_DHCP4S_DECLINED, 0 },
		{ "decline of another's", BOUND, M(DECLINE, .requested = OTHER),
			EFTF_DHCP4S_IGNORED, 0 },
		{ "a reply", NEW, M(OFFER, .reply = true), EFTF_DHCP4S_IGNORED, 0 },
		{ "an offer as a request", NEW, M(OFFER, .xid = 0), EFTF_DHCP4S_IGNORED, 0 },
	};
	struct eftf_dhcp4_msg reply;
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum eftf_dhcp4s_result r;

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
				 i ? EFTF_DHCP4S_ACK : EFTF_DHCP4S_OFFER);
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
			 EFTF_DHCP4S_INFORMED);
	/* RFC 2131 4.3.5: neither an address nor a lease time. */
	assert_int_equal(reply.yiaddr.s_addr, 0);
	assert_false(reply.has_lease || reply.token_len);
	assert_int_equal(reply.n_sip, 1);
}

/* ---- the client alone ------------------------------------------------------------- */

static void test_retransmission(void **state)
{
	uint8_t out[EFTF_DHCP4_MAX];
	int wait, low = 3000, secs = 0;
	struct lab l;

	(void)state;
	lab_init(&l);
	for (int i = 0; i < 4; i++, low = low * 2 + 1000) {
		assert_true(eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait) > 0);
		assert_in_range(wait, low, low + 2000);
		assert_int_equal(out[8] << 8 | out[9], secs / 1000);
		secs += wait;
	}
	assert_int_equal(eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait), 0);
	assert_int_equal(l.c.state, EFTF_DHCP4C_FAILED);
}

/* RENEWING until T2 by unicast, REBINDING until the end; by and by less patient, at least 60 s. */
static void test_renewal_times(void **state)
{
	static const struct {
		uint32_t lease, t1, t2, first;
		unsigned int renewing, rebinding;	/* messages */
	} cases[] = {
		{ 3600, 1800, 3150, 675000, 6, 4 },
		{ 86400, 43200, 75600, 16200000, 11, 9 },
		{ 10, 5, 8, 3000, 1, 1 },	/* no time for 60 s */
		{ 12, 5, 10, 5000, 1, 1 },
		{ 100, 50, 50, 50000, 0, 1 },	/* T1 is T2 */
		{ 100, 99, 100, 1000, 1, 0 },
		{ 0xfffffffe, 1, 0xfffffffe, 86400000, 0, 0 },
	};
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;
	int wait, n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t sum = 1000 * (uint64_t)cases[i].t1, end = 1000 * (uint64_t)cases[i].lease;
		unsigned int sent[2] = { 0, 0 };

		bind_lab(&l);
		l.c.lease.seconds = cases[i].lease;
		l.c.lease.t1 = cases[i].t1;
		l.c.lease.t2 = cases[i].t2;
		eftf_dhcp4c_renew(&l.c, 5, sum);
		while (eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait)) {
			bool rebinds = l.c.state == EFTF_DHCP4C_REBINDING;

			assert_true(rebinds || l.c.state == EFTF_DHCP4C_RENEWING);
			assert_int_equal(rebinds, sum >= 1000 * (uint64_t)cases[i].t2);
			if (!sent[0] && !sent[1])
				assert_int_equal(wait, cases[i].first);
			assert_true(wait >= 1000);
			sum += (uint64_t)wait;
			sent[rebinds]++;
		}
		assert_int_equal(l.c.state, EFTF_DHCP4C_FAILED);
		assert_true(sum >= end && sum < end + 1000);
		if (cases[i].renewing || cases[i].rebinding) {
			assert_int_equal(sent[0], cases[i].renewing);
			assert_int_equal(sent[1], cases[i].rebinding);
		}
	}
	bind_lab(&l);
	l.c.lease.seconds = l.c.lease.t1 = l.c.lease.t2 = 0xffffffff;
	eftf_dhcp4c_renew(&l.c, 6, 0);
	for (n = 0; n < 1000; n++) {
		assert_true(eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait) > 0);
		assert_int_equal(wait, 60000);
	}
}

/* T1 and T2 of zero, in the wrong order or behind the end; leases of a second, of none, without a time. */
static void test_lease_times(void **state)
{
	static const struct {
		bool has_lease;
		uint32_t lease;
		bool has_t1, has_t2;
		uint32_t t1, t2;
		uint32_t seconds, is_t1, is_t2;
		bool warned;
	} cases[] = {
		{ true, 3600, false, false, 0, 0, 3600, 1800, 3150, false },
		{ true, 3600, true, true, 100, 200, 3600, 100, 200, false },
		{ true, 3600, true, true, 0, 0, 3600, 1800, 3150, true },
		{ true, 3600, true, false, 0, 0, 3600, 1800, 3150, true },
		{ true, 3600, false, true, 0, 0, 3600, 1800, 3150, true },
		{ true, 3600, true, true, 3000, 1000, 3600, 1800, 3150, true },
		{ true, 3600, true, true, 5000, 6000, 3600, 1800, 3150, true },
		{ true, 3600, true, false, 3500, 0, 3600, 1800, 3150, false },	/* behind T2 */
		{ true, 3600, false, true, 0, 1000, 3600, 1000, 1000, false },
		{ true, 3600, true, true, 1, 2, 3600, 5, 5, false },
		{ true, 1, false, false, 0, 0, 10, 5, 9, true },
		{ true, 1, true, true, 1, 1, 10, 5, 5, true },
		{ true, 0, false, false, 0, 0, 10, 5, 9, true },
		{ true, 12, true, false, 2, 0, 12, 5, 11, false },
		{ false, 0, false, false, 0, 0, 3600, 1800, 3150, true },
		{ true, 0xffffffff, true, true, 0, 0, 0xffffffff, 0xffffffff, 0xffffffff, false },
		{ true, 0xfffffffe, false, false, 0, 0, 0xfffffffe, 0x7fffffff, 0xdfffffff, false },
	};
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct eftf_dhcp4_msg m = {
			.reply = true, .xid = 0x1000, .type = EFTF_DHCP4_ACK, .yiaddr = ip(FIRST),
			.has_server_id = true, .server_id = ip(GATEWAY),
			.has_lease = cases[i].has_lease, .lease = cases[i].lease,
			.has_t1 = cases[i].has_t1, .t1 = cases[i].t1,
			.has_t2 = cases[i].has_t2, .t2 = cases[i].t2,
		};
		const char *warning;

		lab_init(&l);
		step(&l);
		assert_true(eftf_dhcp4c_input(&l.c, out, eftf_dhcp4_encode(out, sizeof(out), &m,
									   ENTERPRISE)));
		if (l.c.lease.seconds != cases[i].seconds || l.c.lease.t1 != cases[i].is_t1 ||
		    l.c.lease.t2 != cases[i].is_t2)
			fail_msg("case %zu: expected %u %u %u, seen %u %u %u", i, cases[i].seconds,
				 cases[i].is_t1, cases[i].is_t2, l.c.lease.seconds, l.c.lease.t1,
				 l.c.lease.t2);
		warning = eftf_dhcp4c_warning(&l.c);
		if (!warning != !cases[i].warned)
			fail_msg("case %zu: warning %s", i, warning ? warning : "missing");
		assert_null(eftf_dhcp4c_warning(&l.c));
	}
}

static void test_mtu(void **state)
{
	static const struct {
		uint16_t told, taken;
	} cases[] = {
		{ 0, 0 }, { 5, 0 }, { 68, 0 }, { 575, 0 }, { 576, 576 }, { 1400, 1400 },
		{ 65532, 65532 }, { 65535, 65532 },
	};
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool warned = cases[i].told && cases[i].told != cases[i].taken;

		lab_init(&l);
		l.policy.mtu = cases[i].told;
		step(&l);
		step(&l);
		assert_int_equal(l.c.state, EFTF_DHCP4C_BOUND);
		assert_int_equal(l.c.lease.mtu, cases[i].taken);
		assert_int_equal(eftf_dhcp4c_warning(&l.c) != NULL, warned);
		eftf_dhcp4c_renew(&l.c, 0x2000, 1800000);	/* the same fault is told once */
		step(&l);
		assert_null(eftf_dhcp4c_warning(&l.c));
	}
}

/* Servers and P-CSCFs that are no machine's address are left out. */
static void test_no_hosts(void **state)
{
	struct lab l;

	(void)state;
	lab_init(&l);
	l.policy.n_dns = 3;
	l.policy.dns[0] = ip("127.0.0.1");
	l.policy.dns[1] = ip("192.0.2.53");
	l.policy.dns[2] = ip("0.0.0.0");
	l.policy.n_sip = 2;
	l.policy.sip[0] = ip("224.0.1.75");
	l.policy.sip[1] = ip("192.0.2.60");
	l.policy.server = ip("0.0.0.0");
	step(&l);
	step(&l);
	assert_int_equal(l.c.state, EFTF_DHCP4C_BOUND);
	assert_int_equal(l.c.lease.n_dns, 1);
	assert_int_equal(l.c.lease.dns[0].s_addr, inet_addr("192.0.2.53"));
	assert_int_equal(l.c.lease.n_sip, 1);
	assert_int_equal(l.c.lease.sip[0].s_addr, inet_addr("192.0.2.60"));
	assert_int_equal(eftf_lease4_gateway(&l.c.lease).s_addr, 0);
}

/* Two servers behind the EFTF: the first offer counts, the other server is not heard any more. */
static void test_two_servers(void **state)
{
	static const struct eftf_dhcp4_msg
		nak = { .reply = true, .xid = 0x2000, .type = EFTF_DHCP4_NAK, .has_server_id = true,
			.server_id = OTHER },
		offer = { .reply = true, .xid = 0x1000, .type = EFTF_DHCP4_OFFER,
			  .has_server_id = true, .server_id = OTHER, .yiaddr = OTHER };
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;
	size_t len;
	int wait;

	(void)state;
	lab_init(&l);
	step(&l);
	len = eftf_dhcp4_encode(out, sizeof(out), &offer, ENTERPRISE);
	assert_false(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.lease.address.s_addr, inet_addr(FIRST));
	step(&l);
	/* it is not asked when renewing, but when rebinding */
	eftf_dhcp4c_renew(&l.c, 0x2000, 1800000);
	eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait);
	len = eftf_dhcp4_encode(out, sizeof(out), &nak, ENTERPRISE);
	assert_false(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.state, EFTF_DHCP4C_RENEWING);
	eftf_dhcp4c_renew(&l.c, 0x2000, 3150000);
	assert_true(eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait) > 0);
	assert_int_equal(l.c.state, EFTF_DHCP4C_REBINDING);
	len = eftf_dhcp4_encode(out, sizeof(out), &nak, ENTERPRISE);
	assert_true(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.state, EFTF_DHCP4C_REFUSED);
}

/* What another server says to a rebinding client is the lease from then on. */
static void test_rebind(void **state)
{
	uint8_t out[EFTF_DHCP4_MAX];
	struct eftf_dhcp4_msg m;
	struct lab l;
	size_t len;
	int wait;

	(void)state;
	bind_lab(&l);
	eftf_dhcp4c_renew(&l.c, 0x2000, 3150000);
	len = eftf_dhcp4c_output(&l.c, out, sizeof(out), &wait);
	assert_int_equal(eftf_dhcp4_decode(&m, out, len, ENTERPRISE, NULL), 0);
	/* RFC 2131 table 4 */
	assert_int_equal(m.type, EFTF_DHCP4_REQUEST);
	assert_int_equal(m.ciaddr.s_addr, inet_addr(FIRST));
	assert_false(m.has_server_id || m.has_requested);
	m = (struct eftf_dhcp4_msg){
		.reply = true, .xid = 0x2000, .type = EFTF_DHCP4_ACK, .has_server_id = true,
		.server_id = ip("10.64.0.9"), .yiaddr = ip(FIRST), .has_lease = true, .lease = 600,
	};
	len = eftf_dhcp4_encode(out, sizeof(out), &m, ENTERPRISE);
	assert_true(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.state, EFTF_DHCP4C_BOUND);
	assert_int_equal(l.c.lease.server.s_addr, inet_addr("10.64.0.9"));
	assert_int_equal(l.c.lease.seconds, 600);
}

/* One wrong option of the server: said, and the lease holds. */
static void test_wrong_option(void **state)
{
	const char *warning;
	struct eftf_dhcp4_msg m = {
		.reply = true, .xid = 0x1000, .type = EFTF_DHCP4_ACK, .yiaddr = ip(FIRST),
		.has_lease = true, .lease = 60, .n_dns = 1, .dns = { ip("192.0.2.53") },
	};
	uint8_t out[EFTF_DHCP4_MAX], *dns;
	struct lab l;
	size_t len;

	(void)state;
	lab_init(&l);
	step(&l);
	len = eftf_dhcp4_encode(out, sizeof(out), &m, ENTERPRISE);
	dns = memmem(out, len, "\6\4\300\0\2\65", 6);
	assert_non_null(dns);
	memcpy(dns, "\6\3\300\0\2\0", 6);
	assert_true(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.state, EFTF_DHCP4C_BOUND);
	assert_int_equal(l.c.lease.seconds, 60);
	assert_int_equal(l.c.lease.n_dns, 0);
	warning = eftf_dhcp4c_warning(&l.c);
	assert_non_null(warning);
	assert_string_equal(warning, "option 6 is wrong, ignored");
}

/* Replies that are not for this client, or make no sense, change nothing. */
static void test_wrong_replies(void **state)
{
	static const struct {
		const char *what;
		struct eftf_dhcp4_msg m;
	} cases[] = {
#define R(...) { .reply = true, .xid = 0x1000, .type = EFTF_DHCP4_OFFER, .has_server_id = true, \
	.server_id = US, .yiaddr = YOURS, __VA_ARGS__ }
		{ "another xid", R(.xid = 0x1001) },
		{ "a request", R(.reply = false) },
		{ "another client", R(.client_id_len = 3, .client_id = { 255, 1, 3 }) },
		{ "no server", R(.has_server_id = false) },
		{ "no address", R(.yiaddr = A(0, 0, 0, 0)) },
		{ "loopback", R(.yiaddr = A(127, 0, 0, 1)) },
		{ "multicast", R(.yiaddr = A(224, 0, 0, 1)) },
		{ "broadcast", R(.yiaddr = A(255, 255, 255, 255)) },
		{ "an ACK before the request", R(.type = EFTF_DHCP4_ACK, .has_lease = true,
						 .lease = 60) },
	};
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = eftf_dhcp4_encode(out, sizeof(out), &cases[i].m, ENTERPRISE);

		lab_init(&l);
		if (eftf_dhcp4c_input(&l.c, out, len) || l.c.state != EFTF_DHCP4C_SELECTING)
			fail_msg("taken: %s", cases[i].what);
	}
}

static void test_wrong_acks(void **state)
{
	static const struct {
		const char *what;
		struct eftf_dhcp4_msg m;
	} cases[] = {
#define K(...) R(.type = EFTF_DHCP4_ACK, .has_lease = true, .lease = 60, __VA_ARGS__)
		{ "another server", K(.server_id = OTHER) },
		{ "another address", K(.yiaddr = OTHER) },
		{ "a NAK of another server", R(.type = EFTF_DHCP4_NAK, .server_id = OTHER) },
	};
	static const struct eftf_dhcp4_msg good = K(.mtu = 0);
	uint8_t out[EFTF_DHCP4_MAX];
	struct lab l;
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		lab_init(&l);
		step(&l);
		len = eftf_dhcp4_encode(out, sizeof(out), &cases[i].m, ENTERPRISE);
		if (eftf_dhcp4c_input(&l.c, out, len) || l.c.state != EFTF_DHCP4C_REQUESTING)
			fail_msg("taken: %s", cases[i].what);
	}
	len = eftf_dhcp4_encode(out, sizeof(out), &good, ENTERPRISE);
	assert_true(eftf_dhcp4c_input(&l.c, out, len));
	assert_int_equal(l.c.lease.t1, 30);
	assert_int_equal(l.c.lease.t2, 53);
	assert_int_equal(l.c.lease.mask.s_addr, 0xffffffff);
	assert_false(l.c.lease.token_len != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind), cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_renew_release), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_server_table), cmocka_unit_test(test_ordinary_client), cmocka_unit_test(test_inform),
		cmocka_unit_test(test_retransmission), cmocka_unit_test(test_renewal_times),
		cmocka_unit_test(test_lease_times), cmocka_unit_test(test_mtu),
		cmocka_unit_test(test_no_hosts), cmocka_unit_test(test_two_servers),
		cmocka_unit_test(test_rebind), cmocka_unit_test(test_wrong_option),
		cmocka_unit_test(test_wrong_replies), cmocka_unit_test(test_wrong_acks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
