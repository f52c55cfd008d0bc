/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/dhcp4_codec.c lib/dhcp4_decode.c lib/dhcp4_client.c lib/err.c */
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
		.reply = true, .xid = 0x12345678, .secs = 9, .broadcast = true,
		.ciaddr = ip("1.2.3.4"), .yiaddr = ip("10.64.0.7"), .siaddr = ip("1.1.1.1"),
		.giaddr = ip("2.2.2.2"), .type = EFTF_DHCP4_ACK,
		.client_id = { 255, 1, 2, 3, 4, 0, 2, 9 }, .client_id_len = 8,
		.has_server_id = true, .has_requested = true, .has_mask = true,
		.has_router = true, .has_mtu = true, .has_lease = true, .has_t1 = true,
		.has_t2 = true, .server_id = ip(GATEWAY), .requested = ip(FIRST),
		.mask = ip("255.255.0.0"), .router = ip(GATEWAY), .mtu = 1400, .lease = 3600,
		.t1 = 1800, .t2 = 3150, .n_dns = 2, .n_sip = 1, .n_routes = 3,
		.message = "all is well", .has_keepalive = true, .has_token = true,
		.keepalive = 110, .params = { 1, 3, 6 }, .n_params = 3,
	};

	m.dns[0] = ip("192.0.2.53");
	m.dns[1] = ip("192.0.2.54");
	m.sip[0] = ip("192.0.2.60");
	m.routes[0] = (struct eftf_dhcp4_route){ ip("0.0.0.0"), 0, ip(GATEWAY) };
	m.routes[1] = (struct eftf_dhcp4_route){ ip("10.17.0.0"), 19, ip("0.0.0.0") };
	m.routes[2] = (struct eftf_dhcp4_route){ ip("192.0.2.1"), 32, ip(GATEWAY) };
	memset(m.token, 0x5a, sizeof(m.token));
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
	assert_false(back.has_token || back.has_keepalive);
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

static void test_bad_options(void **state)
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
		BAD("length beyond the end", "\x35\1\5\x33\4\0\0"),
		BAD("length missing", "\x35\1\5\x33"),
		BAD("lease of 3", "\x35\1\5\x33\3\0\0\1\xff"),
		BAD("mask with a hole", "\x35\1\5\1\4\xff\0\xff\0\xff"),
		BAD("router of 5", "\x35\1\5\3\5\1\2\3\4\5\xff"),
		BAD("DNS of 3", "\x35\1\5\6\3\1\2\3\xff"),
		BAD("DNS of 0", "\x35\1\5\6\0\xff"),
		BAD("client id of 1", "\x35\1\5\x3d\1\1\xff"),
		BAD("SIP of 1", "\x35\1\5\x78\1\1\xff"),
		BAD("SIP name with a blank", "\x35\1\5\x78\6\0\3a b\0\xff"),
		BAD("SIP name with a newline", "\x35\1\5\x78\6\0\3a\nb\0\xff"),
		BAD("SIP name without end", "\x35\1\5\x78\5\0\3abc\xff"),
		BAD("SIP name with a pointer", "\x35\1\5\x78\3\0\xc0\0\xff"),
		BAD("route of /33", "\x35\1\5\x79\x9\x21\1\2\3\4\1\1\1\1\xff"),
		BAD("route that is cut", "\x35\1\5\x79\4\x18\1\2\3\xff"),
		BAD("vendor that is cut", "\x35\1\5\x7d\5\0\0\x7e\xd9\1\xff"),
		BAD("overload of 4", "\x35\1\5\x34\1\4\xff"),
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
			assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), -EBADMSG);
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
	assert_int_equal(eftf_dhcp4_decode(&m, raw, len, ENTERPRISE, NULL), -EBADMSG);
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
	assert_false(m.has_token);
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
		cmocka_unit_test(test_wire), cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_longest_sip_name), cmocka_unit_test(test_bad_fixed), cmocka_unit_test(test_split_options),
		cmocka_unit_test(test_tolerance), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
