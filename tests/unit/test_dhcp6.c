/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/dhcp6_codec.c lib/dhcp6_decode.c lib/dhcp6_client.c lib/dhcp_octets.c lib/err.c */
/* The codec. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dhcp6.h"
#include "dhcp6_wire.h"
#include "ip6.h"

#define ENTERPRISE 32473
#define GATEWAY "2001:db8:64::1"
#define FIRST "2001:db8:64::2"

static struct eftf_dhcp6_msg full_message(void)
{
	struct eftf_dhcp6_msg m;

	memset(&m, 0, sizeof(m));	/* it is compared octet by octet */
	m.type = EFTF_DHCP6_REPLY;
	m.xid = 0x123456;
	m.client = (struct eftf_duid){ { 0, 2, 0, 0, 0x7e, 0xd9, 'a' }, 7 };
	m.server = (struct eftf_duid){ { 0, 3, 0, 1, 2, 3 }, 6 };
	m.has_ia = m.has_addr = m.has_elapsed = m.rapid_commit = m.has_unicast = true;
	m.iaid = 7;
	m.t1 = 1800;
	m.t2 = 2880;
	m.addr = ip(FIRST);
	m.preferred = 3500;
	m.valid = 3600;
	m.elapsed = 12;
	m.unicast = ip(GATEWAY);
	m.status = EFTF_DHCP6_NO_BINDING;
	m.status_in_ia = true;
	memcpy(m.message, "not yours", 10);
	m.dns[0] = ip("2001:db8::53");
	m.dns[1] = ip("2001:db8::54");
	m.n_dns = 2;
	memcpy(m.domain, "example.net", 12);
	m.sip[0] = ip("2001:db8::60");
	m.n_sip = 1;
	memcpy(m.sip_name, "pcscf.example.net", 18);
	m.has_keepalive = true;
	m.keepalive = 300;
	m.token_len = 74;
	memset(m.token, 0x5a, m.token_len);
	m.oro[0] = OPT6_DNS;
	m.oro[1] = 0x1234;
	m.n_oro = 2;
	return m;
}

static void test_round_trip(void **state)
{
	struct eftf_dhcp6_msg m = full_message(), back;
	uint8_t out[EFTF_DHCP6_MAX];
	size_t len = eftf_dhcp6_encode(out, sizeof(out), &m, ENTERPRISE);

	(void)state;
	assert_true(len > 0);
	assert_int_equal(eftf_dhcp6_decode(&back, out, len, ENTERPRISE, NULL), 0);
	assert_memory_equal(&back, &m, sizeof(m));
	m.status_in_ia = false;
	len = eftf_dhcp6_encode(out, sizeof(out), &m, ENTERPRISE);
	assert_int_equal(eftf_dhcp6_decode(&back, out, len, ENTERPRISE, NULL), 0);
	assert_memory_equal(&back, &m, sizeof(m));
	/* Another's enterprise number: the vendor information is not ours. */
	assert_int_equal(eftf_dhcp6_decode(&back, out, len, 9999, NULL), 0);
	assert_false(back.token_len || back.has_keepalive || back.n_bad);
}

static void test_no_room(void **state)
{
	struct eftf_dhcp6_msg m = full_message();
	uint8_t out[EFTF_DHCP6_MAX];
	size_t len = eftf_dhcp6_encode(out, sizeof(out), &m, ENTERPRISE);

	(void)state;
	for (size_t size = 0; size < len; size++) {
		uint8_t *exact = malloc(size + 1);

		assert_int_equal(eftf_dhcp6_encode(exact, size, &m, ENTERPRISE), 0);
		free(exact);
	}
}

/* What a SOLICIT looks like, octet by octet. */
static void test_wire(void **state)
{
	static const uint8_t expected[] = {
		1, 0xa1, 0xb2, 0xc3,			/* SOLICIT */
		0, 1, 0, 4, 0, 2, 0, 9,			/* client identifier */
		0, 8, 0, 2, 0, 0,			/* elapsed time */
		0, 14, 0, 0,				/* Rapid Commit */
		0, 3, 0, 12, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0,	/* IA_NA */
		0, 6, 0, 12, 0, 12, 0, 17, 0, 21, 0, 22, 0, 23, 0, 24,	/* option request */
		0, 17, 0, 10, 0, 0, 0x7e, 0xd9, 0, 1, 0, 2, 0, 60,	/* vendor: keep-alive */
	};
	struct eftf_dhcp6c c = { .enterprise = ENTERPRISE, .duid = { { 0, 2, 0, 9 }, 4 }, .iaid = 7,
				 .keepalive = 60 };
	uint8_t out[EFTF_DHCP6_MAX];
	int wait;

	(void)state;
	eftf_dhcp6c_start(&c, 0xffa1b2c3);
	assert_int_equal(eftf_dhcp6c_output(&c, out, sizeof(out), &wait), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

static void test_no_message(void **state)
{
	struct eftf_dhcp6_msg m;
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_dhcp6_decode(&m, (const uint8_t *)"\1\0\0", 3, ENTERPRISE, &err), -EBADMSG);
	assert_int_equal(eftf_dhcp6_decode(&m, (const uint8_t *)"\0\0\0\0", 4, ENTERPRISE, &err), -EBADMSG);
	/* of a relay: another form */
	assert_int_equal(eftf_dhcp6_decode(&m, (const uint8_t *)"\xc\0\0\0", 4, ENTERPRISE, &err), -EBADMSG);
	assert_int_equal(eftf_dhcp6_decode(&m, (const uint8_t *)"\1\0\0\0", 4, ENTERPRISE, NULL), 0);
}

/* One wrong option is as if it were absent; what stands beside it counts. */
static void test_bad_options(void **state)
{
	static const struct {
		const char *what;
		uint16_t code;
		const char *option;
		size_t len;
	} cases[] = {
#define WRONG(w, c, o) { w, c, o, sizeof(o) - 1 }
		WRONG("client identifier of 2", OPT6_CLIENT_ID, "\0\1\0\2\0\3"),
		WRONG("IA of 11", OPT6_IA_NA, "\0\3\0\xb\0\0\0\1\0\0\0\0\0\0\0"),
		WRONG("address of 23", OPT6_IAADDR,
		      "\0\3\0\x27\0\0\0\1\0\0\0\0\0\0\0\0\0\5\0\x17\1\2\3\4\1\2\3\4\1\2\3\4\1\2\3\4\0\0\0\1\0\0\0"),
		WRONG("preferred for longer than valid", OPT6_IAADDR,
		      "\0\3\0\x28\0\0\0\1\0\0\0\0\0\0\0\0\0\5\0\x18\1\2\3\4\1\2\3\4\1\2\3\4\1\2\3\4\0\0\0\2\0\0\0\1"),
		WRONG("option cut inside the IA", OPT6_IAADDR,
		      "\0\3\0\x10\0\0\0\1\0\0\0\0\0\0\0\0\0\5\0\x18"),
		WRONG("elapsed time of 1", OPT6_ELAPSED, "\0\x8\0\1\0"),
		WRONG("server address of 4", OPT6_UNICAST, "\0\xc\0\4\1\2\3\4"),
		WRONG("status of 1", OPT6_STATUS, "\0\xd\0\1\0"),
		WRONG("Rapid Commit of 1", OPT6_RAPID_COMMIT, "\0\xe\0\1\0"),
		WRONG("vendor of 3", OPT6_VENDOR, "\0\x11\0\3\0\0\0"),
		WRONG("vendor that is cut", OPT6_VENDOR, "\0\x11\0\x9\0\0\x7e\xd9\0\2\0\2\1"),
		WRONG("SIP name with a blank", OPT6_SIP_NAMES, "\0\x15\0\5\3a b\0"),
		WRONG("SIP name without end", OPT6_SIP_NAMES, "\0\x15\0\4\3abc"),
		WRONG("SIP address of 15", OPT6_SIP_ADDRS, "\0\x16\0\xf\1\2\3\4\1\2\3\4\1\2\3\4\1\2\3"),
		WRONG("no DNS server", OPT6_DNS, "\0\x17\0\0"),
		WRONG("domain with a newline", OPT6_DOMAINS, "\0\x18\0\5\3a\nb\0"),
		WRONG("request of 3", OPT6_ORO, "\0\6\0\3\0\1\0"),
	};
	static const uint8_t good[] = { 0, OPT6_SERVER_ID, 0, 3, 0, 3, 9 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = 4 + cases[i].len + sizeof(good);
		uint8_t *raw = malloc(len);
		struct eftf_dhcp6_msg m;

		memcpy(raw, "\7\0\0\1", 4);
		memcpy(raw + 4, cases[i].option, cases[i].len);
		memcpy(raw + 4 + cases[i].len, good, sizeof(good));
		if (eftf_dhcp6_decode(&m, raw, len, ENTERPRISE, NULL))
			fail_msg("%s: the whole message is refused", cases[i].what);
		if (m.n_bad != 1 || m.bad[0] != cases[i].code)
			fail_msg("%s: expected option %u to be named, seen %zu options, %u",
				 cases[i].what, cases[i].code, m.n_bad, m.bad[0]);
		if (m.has_addr || m.has_elapsed || m.has_unicast || m.rapid_commit || m.status ||
		    m.client.len || m.n_dns || m.n_sip || m.sip_name[0] || m.domain[0] || m.n_oro ||
		    m.token_len)
			fail_msg("%s: it counts", cases[i].what);
		if (m.server.len != 3)
			fail_msg("%s: what stands behind it does not count", cases[i].what);
		free(raw);
	}
}

/* The first address that is valid for a time; of an option that comes twice the first. */
static void test_several(void **state)
{
	uint8_t raw[200] = { 7, 0, 0, 1, 0, 3, 0, 12 + 2 * 28, 0, 0, 0, 1 }, *p = raw + 20;
	struct eftf_dhcp6_msg m;

	(void)state;
	for (int i = 1; i <= 2; i++, p += 28) {
		memcpy(p, "\0\5\0\x18\x20\1", 6);
		p[19] = (uint8_t)i;
		p[27] = i == 2 ? 9 : 0;
	}
	memcpy(p, "\0\2\0\3\0\3\1\0\2\0\3\0\3\2", 14);
	assert_int_equal(eftf_dhcp6_decode(&m, raw, (size_t)(p - raw) + 14, ENTERPRISE, NULL), 0);
	assert_int_equal(m.valid, 9);
	assert_int_equal(m.addr.s6_addr[15], 2);
	assert_int_equal(m.server.v[2], 1);
	assert_int_equal(m.n_bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_wire),
		cmocka_unit_test(test_no_message),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_several),
	};

	return cmocka_run_group_tests_name("dhcp6", tests, NULL, NULL);
}
