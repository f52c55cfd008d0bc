/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/dhcp4_codec.c lib/dhcp4_decode.c lib/dhcp_octets.c lib/dhcp4_client.c lib/err.c */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp4.h"
#include "dhcp4_wire.h"

#define ENTERPRISE EFTF_ENTERPRISE_DEFAULT
#define GATEWAY "10.64.0.1"
#define FIRST "10.64.0.2"

static struct in_addr ip(const char *text)
{
	return (struct in_addr){ inet_addr(text) };
}

static struct eftf_dhcp4_msg full_message(void)
{
	struct eftf_dhcp4_msg m = {
		.reply = true, .htype = 1, .hlen = 6, .chaddr = { 2, 0, 0, 1, 2, 3 }, .xid = 0x12345678, .secs = 9, .broadcast = true,
		.ciaddr = ip("1.2.3.4"), .yiaddr = ip("10.64.0.7"), .siaddr = ip("1.1.1.1"),
		.giaddr = ip("2.2.2.2"), .type = EFTF_DHCP4_ACK,
		.client_id = { 255, 1, 2, 3, 4, 0, 2, 9 }, .client_id_len = 8,
		.has_server_id = true, .has_requested = true, .has_mask = true,
		.has_router = true, .has_mtu = true, .has_lease = true, .has_t1 = true,
		.has_t2 = true, .server_id = ip(GATEWAY), .requested = ip(FIRST),
		.mask = ip("255.255.0.0"), .router = ip(GATEWAY), .mtu = 1400, .lease = 3600,
		.t1 = 1800, .t2 = 3150, .n_dns = 2, .n_sip = 1, .n_routes = 3,
		.message = "all is well", .has_keepalive = true, .token_len = 74,
		.keepalive = 110, .params = { 1, 3, 6 }, .n_params = 3,
	};

	m.dns[0] = ip("192.0.2.53");
	m.dns[1] = ip("192.0.2.54");
	m.sip[0] = ip("192.0.2.60");
	m.routes[0] = (struct eftf_dhcp4_route){ ip("0.0.0.0"), 0, ip(GATEWAY) };
	m.routes[1] = (struct eftf_dhcp4_route){ ip("10.17.0.0"), 19, ip("0.0.0.0") };
	m.routes[2] = (struct eftf_dhcp4_route){ ip("192.0.2.1"), 32, ip(GATEWAY) };
	memset(m.token, 0x5a, m.token_len);
	return m;
}

static void test_round_trip(void **state)
{
	struct eftf_dhcp4_msg m = full_message(), back;
	uint8_t out[EFTF_DHCP4_MAX];
	size_t len = eftf_dhcp4_encode(out, sizeof(out), &m, ENTERPRISE);

	(void)state;
	assert_true(len >= 300);
	assert_int_equal(eftf_dhcp4_decode(&back, out, len, ENTERPRISE, NULL), 0);
	assert_memory_equal(&back, &m, sizeof(m));
	m.n_sip = 0;
	memset(m.sip, 0, sizeof(m.sip));
	memset(m.sip_name, 'a', 63);
	memcpy(m.sip_name + 63, ".example.org", 13);
	len = eftf_dhcp4_encode(out, sizeof(out), &m, ENTERPRISE);
	assert_int_equal(eftf_dhcp4_decode(&back, out, len, ENTERPRISE, NULL), 0);
	assert_memory_equal(&back, &m, sizeof(m));
	/* Another's enterprise number: the vendor information is not ours. */
	assert_int_equal(eftf_dhcp4_decode(&back, out, len, 9999, NULL), 0);
	assert_false(back.token_len || back.has_keepalive);
}

static void test_no_room(void **state)
{
	struct eftf_dhcp4_msg m = full_message();
	uint8_t out[EFTF_DHCP4_MAX];
	size_t len = eftf_dhcp4_encode(out, sizeof(out), &m, ENTERPRISE);

	(void)state;
	for (size_t size = 0; size < len; size++) {
		uint8_t *exact = malloc(size + 1);

		assert_int_equal(eftf_dhcp4_encode(exact, size, &m, ENTERPRISE), 0);
		free(exact);
	}
}

/* The fixed part and the options that RFC 2131 wants in a DISCOVER. */
static void test_wire(void **state)
{
	struct eftf_dhcp4c c = { .enterprise = ENTERPRISE, .client_id = { 255, 7 },
				 .client_id_len = 2 };
	uint8_t out[EFTF_DHCP4_MAX];
	int wait;

	(void)state;
	eftf_dhcp4c_start(&c, 0xa1b2c3d4);
	assert_true(eftf_dhcp4c_output(&c, out, sizeof(out), &wait) >= 300);
	assert_memory_equal(out, "\1\x20\0\0\xa1\xb2\xc3\xd4\0\0\0\0", 12);
	for (int i = 12; i < DHCP4_FIXED; i++)
		assert_int_equal(out[i], 0);
	assert_memory_equal(out + 236, "\x63\x82\x53\x63\x35\1\1\x3d\2\xff\7", 11);
}

/* A message by hand: 236 zero octets with op, cookie, then the options. */
static size_t by_hand(uint8_t *out, const void *options, size_t len)
{
	memset(out, 0, DHCP4_FIXED);
	out[0] = 2;
	memcpy(out + DHCP4_FIXED, "\x63\x82\x53\x63", 4);
	memcpy(out + DHCP4_FIXED + 4, options, len);
	return DHCP4_FIXED + 4 + len;
}

#define HAND(opts) by_hand(raw, opts, sizeof(opts) - 1)

/* Without a type the message is none. */
static void test_bad_type(void **state)
{
	static const struct {
		const char *what, *options;
		size_t len;
	} cases[] = {
#define BAD(w, o) { w, o, sizeof(o) - 1 }
		BAD("no type", "\x33\4\0\0\0\1\xff"),
		BAD("type 0", "\x35\1\0\xff"),
		BAD("type 9", "\x35\1\x9\xff"),
		BAD("type of two octets", "\x35\2\1\1\xff"),
		BAD("type behind the cut", "\x33\4\0\0\0\1\x1a\xff\x35\1\5"),
	};
	struct eftf_dhcp4_msg m;
	struct eftf_err err;
	uint8_t raw[600];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = by_hand(raw, cases[i].options, cases[i].len);
		uint8_t *exact = malloc(len);

		memcpy(exact, raw, len);
		if (eftf_dhcp4_decode(&m, exact, len, ENTERPRISE, &err) != -EBADMSG)
			fail_msg("accepted: %s", cases[i].what);
		free(exact);
	}
}

/* One wrong option is as if it were absent; the rest of the message counts. */
static void test_bad_options(void **state)
{
	static const struct {
		const char *what;
		uint8_t code;
		const char *option;
		size_t len;
	} cases[] = {
#define WRONG(w, c, o) { w, c, o, sizeof(o) - 1 }
		WRONG("T1 of 3", OPT_T1, "\x3a\3\0\0\1"),
		WRONG("mask with a hole", OPT_MASK, "\1\4\xff\0\xff\0"),
		WRONG("mask of 3", OPT_MASK, "\1\3\xff\0\xff"),
		WRONG("router of 5", OPT_ROUTER, "\3\5\1\2\3\4\5"),
		WRONG("router of 0", OPT_ROUTER, "\3\0"),
		WRONG("server of 3", OPT_SERVER_ID, "\x36\3\1\2\3"),
		WRONG("MTU of 1", OPT_MTU, "\x1a\1\5"),
		WRONG("DNS of 3", OPT_DNS, "\6\3\1\2\3"),
		WRONG("DNS of 0", OPT_DNS, "\6\0"),
		WRONG("client id of 1", OPT_CLIENT_ID, "\x3d\1\1"),
		WRONG("SIP of 1", OPT_SIP, "\x78\1\1"),
		WRONG("SIP addresses of 5", OPT_SIP, "\x78\6\1\1\2\3\4\5"),
		WRONG("SIP name with a blank", OPT_SIP, "\x78\6\0\3a b\0"),
		WRONG("SIP name with a newline", OPT_SIP, "\x78\6\0\3a\nb\0"),
		WRONG("SIP name without end", OPT_SIP, "\x78\5\0\3abc"),
		WRONG("SIP name with a pointer", OPT_SIP, "\x78\3\0\xc0\0"),
		WRONG("route of /33 behind a good one", OPT_ROUTES,
		      "\x79\x12\x8\xa\1\1\1\1\x21\1\2\3\4\5\1\1\1\1\1\1"),
		WRONG("route that is cut", OPT_ROUTES, "\x79\4\x18\1\2\3"),
		WRONG("vendor that is cut", OPT_VENDOR, "\x7d\5\0\0\x7e\xd9\1"),
		WRONG("overload of 4", OPT_OVERLOAD, "\x34\1\4"),
		WRONG("overload of 0", OPT_OVERLOAD, "\x34\1\0"),
	};
	struct eftf_dhcp4_msg m, good;
	uint8_t raw[600], options[100];

	(void)state;
	assert_int_equal(eftf_dhcp4_decode(&good, raw, HAND("\x35\1\5\x33\4\0\0\0\x9\xff"),
					   ENTERPRISE, NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = cases[i].len;

		memcpy(options, "\x35\1\5", 3);
		memcpy(options + 3, cases[i].option, len);
		memcpy(options + 3 + len, "\x33\4\0\0\0\x9\xff", 7);
		len = by_hand(raw, options, len + 10);
		if (eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL))
			fail_msg("%s: the whole message is refused", cases[i].what);
		if (m.n_bad != 1 || m.bad[0] != cases[i].code)
			fail_msg("%s: expected option %u to be named, seen %zu options, %u",
				 cases[i].what, cases[i].code, m.n_bad, m.bad[0]);
		if (m.has_mask || m.has_router || m.has_mtu || m.has_server_id || m.has_t1 ||
		    m.n_dns || m.n_sip || m.sip_name[0] || m.n_routes || m.client_id_len)
			fail_msg("%s: taken", cases[i].what);
		assert_true(m.has_lease);
		assert_int_equal(m.lease, 9);
	}
}

/* What stands before an option that is cut counts. */
static void test_cut(void **state)
{
	static const char options[] = "\x35\1\5\x33\4\0\0\0\x9\x1a\2\5\x78";
	struct eftf_dhcp4_msg m;
	uint8_t raw[600], *exact;

	(void)state;
	for (size_t len = 9; len < sizeof(options) - 1; len++) {
		size_t all = by_hand(raw, options, len);

		exact = malloc(all);
		memcpy(exact, raw, all);
		assert_int_equal(eftf_dhcp4_decode(&m, exact, all, ENTERPRISE, NULL), 0);
		assert_int_equal(m.lease, 9);
		assert_false(m.has_mtu);
		assert_int_equal(m.n_bad, len > 9);
		free(exact);
	}
	/* more than can be named */
	memset(raw, 0, sizeof(raw));
	assert_int_equal(eftf_dhcp4_decode(&m, raw, HAND(
		"\x35\1\5\1\0\3\0\x6\0\x1a\0\x32\0\x33\0\x34\0\x36\0\x3a\0\x3b\0\x3d\0\x78\0\xff"),
		ENTERPRISE, NULL), 0);
	assert_int_equal(m.n_bad, EFTF_DHCP4_MAX_BAD);
}

/* Options of a fixed length that come twice: the first counts. */
static void test_repeated(void **state)
{
	struct eftf_dhcp4_msg m;
	uint8_t raw[600];

	(void)state;
	assert_int_equal(eftf_dhcp4_decode(&m, raw, HAND(
		"\x35\1\5\x35\1\5\x33\4\0\0\0\x9\x33\4\0\0\0\7\x36\4\1\2\3\4\x36\4\1\2\3\5\xff"),
		ENTERPRISE, NULL), 0);
	assert_int_equal(m.type, EFTF_DHCP4_ACK);
	assert_int_equal(m.lease, 9);
	assert_int_equal(m.server_id.s_addr, inet_addr("1.2.3.4"));
	assert_int_equal(m.n_bad, 0);
}

/* RFC 1035: 253 characters. One more would be decoded, and lost when it is encoded. */
static void test_longest_sip_name(void **state)
{
	static const uint8_t sizes[] = {62, 63};
	struct eftf_dhcp4_msg m, again;
	uint8_t raw[700], options[300], out[EFTF_DHCP4_MAX], *p;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes); i++) {
		/* 253 and 254 characters in labels of 63, 63, 63 and 61 or 62: option in two pieces */
		uint8_t labels[300] = {0}, last = sizes[i] - 1;
		size_t len = 1, cut = 255;

		for (int label = 0; label < 4; label++) {
			uint8_t n = label < 3 ? 63 : last;

			labels[len++] = n;
			memset(labels + len, 'a', n);
			len += n;
		}
		len++;
		p = options;
		memcpy(p, "\x35\1\5\x78\xff", 5);
		memcpy(p + 5, labels, cut);
		p += 5 + cut;
		*p++ = 120;
		*p++ = (uint8_t)(len - cut);
		memcpy(p, labels + cut, len - cut);
		p += len - cut;
		*p++ = 255;
		len = by_hand(raw, options, (size_t)(p - options));
		if (i == 1) {
			assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
			assert_int_equal(m.bad[0], OPT_SIP);
			assert_string_equal(m.sip_name, "");
			continue;
		}
		assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
		assert_int_equal(strlen(m.sip_name), 253);
		len = eftf_dhcp4_encode(out, sizeof(out), &m, ENTERPRISE);
		assert_int_equal(eftf_dhcp4_decode(&again, out, len, ENTERPRISE, NULL), 0);
		assert_string_equal(m.sip_name, again.sip_name);
	}
}

static void test_bad_fixed(void **state)
{
	struct eftf_dhcp4_msg m;
	uint8_t raw[600];
	size_t len = HAND("\x35\1\5\xff");

	(void)state;
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
	for (size_t cut = 0; cut <= DHCP4_FIXED + 4; cut++)
		assert_int_equal(eftf_dhcp4_decode(&m, raw, cut, ENTERPRISE, NULL), -EBADMSG);
	raw[0] = 3;
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), -EBADMSG);
	raw[0] = 1;
	raw[2] = 17;
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), -EBADMSG);
	raw[2] = 16;
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
	raw[DHCP4_FIXED]++;
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), -EBADMSG);
}

/* RFC 3396: pieces of one option, also spread over file and sname. */
static void test_split_options(void **state)
{
	struct eftf_dhcp4_msg m;
	uint8_t raw[600];
	size_t len;

	(void)state;
	len = HAND("\x35\1\5\x6\2\xc0\0\x6\2\x2\x35\xff");
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
	assert_int_equal(m.n_dns, 1);
	assert_int_equal(m.dns[0].s_addr, inet_addr("192.0.2.53"));
	len = HAND("\x35\1\5\x34\1\3\x6\1\xc0\xff");
	memcpy(raw + DHCP4_OFF_FILE, "\x6\2\0\2\xff", 5);
	memcpy(raw + DHCP4_OFF_SNAME, "\x6\1\x36\xff", 4);
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
	assert_int_equal(m.dns[0].s_addr, inet_addr("192.0.2.54"));
	raw[DHCP4_OFF_SNAME + 1] = 200;
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
	assert_int_equal(m.bad[0], OPT_DNS);
	assert_int_equal(m.n_dns, 0);
	/* a number in two pieces; the type in the file field */
	len = HAND("\x34\1\1\x33\2\0\1\x33\2\0\2\xff");
	memcpy(raw + DHCP4_OFF_FILE, "\x35\1\2\xff", 4);
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
	assert_int_equal(m.type, EFTF_DHCP4_OFFER);
	assert_int_equal(m.lease, 0x10002);
}

static void test_tolerance(void **state)
{
	struct eftf_dhcp4_msg m;
	uint8_t raw[600];
	size_t len;

	(void)state;
	/* Unknown options, another vendor before ours, sub-options of odd length, no end. */
	len = HAND("\0\0\x35\1\5\xe0\3abc\x7d\x17\0\0\0\1\2\1\0" "\0\0\x7e\xd9\xb\1\2\0\x6e\2\1x"
		   "\x9\2zz");
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
	assert_int_equal(m.keepalive, 110);
	assert_memory_equal(m.token, "x", m.token_len);
	assert_int_equal(m.token_len, 1);
	/* A route's bits behind the prefix are cleared; a message is made printable. */
	len = HAND("\x35\1\6\x79\x7\x9\x0a\xff\1\1\1\1\x38\6no\n\x1b[!\xff");
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
	assert_int_equal(m.routes[0].dest.s_addr, inet_addr("10.128.0.0"));
	assert_string_equal(m.message, "no??[!");
	/* An encoding of SIP servers that is not known yet. */
	len = HAND("\x35\1\5\x78\3\7xx\xff");
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), 0);
}

static void test_random(void **state)
{
	struct eftf_dhcp4_msg m = full_message();
	uint8_t good[EFTF_DHCP4_MAX];
	size_t len = eftf_dhcp4_encode(good, sizeof(good), &m, ENTERPRISE);

	(void)state;
	srand(2131);
	for (int round = 0; round < 100000; round++) {
		size_t cut = rand() % 8 ? len : (size_t)rand() % len;
		uint8_t *p = malloc(cut + 1);

		memcpy(p, good, cut);
		for (int flips = rand() % 6; cut > 240 && flips; flips--)
			p[240 + (size_t)rand() % (cut - 240)] = (uint8_t)rand();
		if (!eftf_dhcp4_decode(&m, p, cut, ENTERPRISE, NULL)) {
			assert_true(m.n_dns <= EFTF_DHCP4_MAX_ADDRS && m.n_sip <= EFTF_DHCP4_MAX_ADDRS);
			assert_true(m.n_routes <= EFTF_DHCP4_MAX_ROUTES);
			assert_true(strlen(m.sip_name) < sizeof(m.sip_name));
		}
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_wire), cmocka_unit_test(test_bad_type),
		cmocka_unit_test(test_bad_options), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_longest_sip_name), cmocka_unit_test(test_bad_fixed), cmocka_unit_test(test_split_options),
		cmocka_unit_test(test_tolerance), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
