// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/sip_probe.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sip_probe.h"

static const struct eftf_sip_probe probe = {
	.target = "10.20.0.1:5060", .local = "192.0.2.7:40000", .id = 0x0123456789abcdefu,
};

#define VIA "Via: SIP/2.0/UDP 192.0.2.7:40000;rport=9;branch=z9hG4bK-eftf-0123456789abcdef\r\n"
#define ID "Call-ID: eftf-0123456789abcdef\r\n"
#define SEQ "CSeq: 1 OPTIONS\r\n"

static int response(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, text, len);
	ret = eftf_sip_response(&probe, copy, len);
	free(copy);
	return ret;
}

static int text(const char *t)
{
	return response(t, strlen(t));
}

static void test_request(void **state)
{
	char out[1024], tiny[64];
	size_t len;

	(void)state;
	len = eftf_sip_request(out, sizeof(out), &probe);
	assert_true(len > 0 && len == strlen(out));
	assert_ptr_equal(strstr(out, "OPTIONS sip:10.20.0.1:5060 SIP/2.0\r\n"), out);
	assert_non_null(strstr(out, "\r\nVia: SIP/2.0/UDP 192.0.2.7:40000;rport;branch=z9hG4bK"));
	assert_non_null(strstr(out, "\r\n" ID));
	assert_non_null(strstr(out, "\r\n" SEQ));
	assert_string_equal(out + len - 4, "\r\n\r\n");
	assert_int_equal(eftf_sip_request(tiny, sizeof(tiny), &probe), 0);
	assert_int_equal(eftf_sip_request(out, len, &probe), 0);
	assert_int_equal(eftf_sip_request(out, len + 1, &probe), len);
}

static void test_tcp_request(void **state)
{
	struct eftf_sip_probe tcp = probe;
	char out[1024];

	(void)state;
	tcp.tcp = true;
	assert_true(eftf_sip_request(out, sizeof(out), &tcp) > 0);
	assert_non_null(strstr(out, "Via: SIP/2.0/TCP "));
	assert_non_null(strstr(out, ";transport=tcp"));
}

static void test_any_status_counts(void **state)
{
	(void)state;
	assert_int_equal(text("SIP/2.0 200 OK\r\n" VIA ID SEQ "\r\n"), 200);
	assert_int_equal(text("SIP/2.0 100 Trying\r\n" VIA ID SEQ "\r\n"), 100);
	/* it may refuse strangers, or be busy: the path is there */
	assert_int_equal(text("SIP/2.0 403 Forbidden\r\n" VIA ID SEQ "\r\n"), 403);
	assert_int_equal(text("SIP/2.0 503 Busy\r\n" VIA ID SEQ "\r\n"), 503);
	assert_int_equal(text("SIP/2.0 405 \r\n" VIA ID SEQ "\r\n"), 405);
	assert_int_equal(text("SIP/2.0 603\r\n" VIA ID SEQ "\r\nbody"), 603);
	assert_int_equal(text("\r\n\r\nSIP/2.0 200 OK\r\n" VIA ID SEQ "\r\n"), 200);
}

static void test_spellings(void **state)
{
	(void)state;
	assert_int_equal(text("SIP/2.0 200 OK\r\n"
			      "v : SIP/2.0/UDP a ; Branch=z9hG4bK-eftf-0123456789abcdef ;x,"
			      " SIP/2.0/UDP b;branch=z9hG4bKother\r\n"
			      "i:eftf-0123456789abcdef\r\n"
			      "cseq:\t1   OPTIONS \r\n\r\n"), 200);
	assert_int_equal(text("SIP/2.0 200 OK\r\n"
			      "Via: SIP/2.0/UDP a\r\n ;branch=z9hG4bK-eftf-0123456789abcdef\r\n"
			      "Call-ID:\r\n\teftf-0123456789abcdef\r\n"
			      "CSeq: 1\r\n OPTIONS\r\n\r\n"), 200);
}

static void test_not_ours(void **state)
{
	(void)state;
	assert_int_equal(text("SIP/2.0 200 OK\r\n" ID SEQ "\r\n"), -ENOMSG);
	assert_int_equal(text("SIP/2.0 200 OK\r\n" VIA SEQ "\r\n"), -ENOMSG);
	assert_int_equal(text("SIP/2.0 200 OK\r\n" VIA ID "\r\n"), -ENOMSG);
	assert_int_equal(text("SIP/2.0 200 OK\r\n" VIA ID "CSeq: 2 OPTIONS\r\n\r\n"), -ENOMSG);
	assert_int_equal(text("SIP/2.0 200 OK\r\n" VIA ID "CSeq: 1 INVITE\r\n\r\n"), -ENOMSG);
	assert_int_equal(text("SIP/2.0 200 OK\r\n" VIA SEQ "Call-ID: eftf-0\r\n\r\n"), -ENOMSG);
	/* the branch must be in the topmost Via */
	assert_int_equal(text("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKx\r\n" VIA
			      ID SEQ "\r\n"), -ENOMSG);
	/* after the header it is body */
	assert_int_equal(text("SIP/2.0 200 OK\r\n" VIA ID "\r\n" SEQ "\r\n"), -ENOMSG);
}

static void test_not_sip(void **state)
{
	(void)state;
	assert_int_equal(text("HTTP/1.1 400 Bad\r\n\r\n"), -EBADMSG);
	assert_int_equal(text("H"), -EBADMSG);
	assert_int_equal(text("SIP/2.1 "), -EBADMSG);
	assert_int_equal(text("SIP/2.0 20\r\n\r\n"), -EBADMSG);
	assert_int_equal(text("SIP/2.0 099 x\r\n\r\n"), -EBADMSG);
	assert_int_equal(text("SIP/2.0 700 x\r\n\r\n"), -EBADMSG);
	assert_int_equal(text("SIP/2.0 2000 x\r\n\r\n"), -EBADMSG);
	assert_int_equal(text("SIP/2.0 -20 x\r\n\r\n"), -EBADMSG);
	assert_int_equal(text("SIP/2.0 \r\n\r\n"), -EBADMSG);
}

static void test_every_cut_waits(void **state)
{
	static const char whole[] = "SIP/2.0 200 OK\r\n" VIA ID SEQ "\r\n";
	size_t len;

	(void)state;
	for (len = 0; len < sizeof(whole) - 1; len++)
		assert_int_equal(response(whole, len), 0);
	assert_int_equal(response(whole, len), 200);
}

static void test_endless_header_ends(void **state)
{
	char *big = malloc(EFTF_SIP_MAX);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', EFTF_SIP_MAX);
	memcpy(big, "SIP/2.0 200 OK\r\nA: ", 19);
	assert_int_equal(response(big, EFTF_SIP_MAX - 1), 0);
	assert_int_equal(response(big, EFTF_SIP_MAX), -EBADMSG);
	free(big);
}

static void test_random_octets(void **state)
{
	static const char whole[] = "SIP/2.0 200 OK\r\n" VIA ID SEQ "\r\n";
	static const char alphabet[] = "\r\n :;,=\tvi0\0";
	char m[sizeof(whole) - 1];
	uint32_t r = 3;
	int round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		int flips = 1 + round % 6, ret;

		memcpy(m, whole, sizeof(m));
		while (flips--) {
			r = r * 1664525u + 1013904223u;
			m[(r >> 8) % sizeof(m)] = alphabet[(r >> 27) % sizeof(alphabet)];
		}
		ret = response(m, sizeof(m));
		assert_true(ret == 0 || ret == -EBADMSG || ret == -ENOMSG ||
			    (ret >= 100 && ret < 700));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_tcp_request),
		cmocka_unit_test(test_any_status_counts),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_not_ours),
		cmocka_unit_test(test_not_sip),
		cmocka_unit_test(test_every_cut_waits),
		cmocka_unit_test(test_endless_header_ends),
		cmocka_unit_test(test_random_octets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
