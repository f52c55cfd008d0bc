// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/portal.c ue/connect.c ue/connect_curl.c ue/interim.c ue/targets.c ue/signals.c lib/addr.c lib/err.c */
/* libs: -lcurl */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "ue/portal.h"

#define HOST "eftf.ims.example"

static const struct {
	const char *answer;
	bool portal;
	const char *where;
} table[] = {
	{ "HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n", true, "http://login.example/" },
	{ "HTTP/1.0 307 X\nX: y\nlOCATION:\thttps://a/b\n\n", true, "https://a/b" },
	{ "HTTP/1.1 303 X\r\nLocation: /login\r\n\r\n", true, "/login" },
	{ "HTTP/1.1 511 Login\r\n\r\n", true, "" },
	/* control characters are for no terminal */
	{ "HTTP/1.1 302 X\r\nLocation: http://\x1b[2J\x80\r\n\r\n", true, "http://?[2J?" },
	/* the host's own page by TLS is none, nor is a host whose name begins like it the same */
	{ "HTTP/1.1 301 X\r\nLocation: https://" HOST "/x\r\n\r\n", false, NULL },
	{ "HTTP/1.1 301 X\r\nLocation: HTTPS://EFTF.ims.example\r\n\r\n", false, NULL },
	{ "HTTP/1.1 301 X\r\nLocation: https://" HOST ".login.example/\r\n\r\n", true,
	  "https://" HOST ".login.example/" },
	{ "HTTP/1.1 302 X\r\n\r\nLocation: http://body/\r\n", false, NULL },
	{ "HTTP/1.1 302 X\r\nX-Location: http://a/\r\n\r\n", false, NULL },
	{ "HTTP/1.1 302 X\r\nLocation:\r\n\r\n", false, NULL },
	{ "HTTP/1.1 302", false, NULL },
	{ "HTTP/1.1 200 OK\r\nLocation: http://a/\r\n\r\n", false, NULL },
	{ "HTTP/1.1 404 X\r\n\r\n", false, NULL },
	{ "SSH-2.0-x\r\nLocation: http://a/\r\n\r\n", false, NULL },
	{ "", false, NULL },
};

static void test_answers(void **state)
{
	char where[EFTF_PORTAL_WHERE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		print_message("answer %zu\n", i);
		assert_int_equal(eftf_portal_answer(table[i].answer, HOST, where), table[i].portal);
		if (table[i].portal)
			assert_string_equal(where, table[i].where);
	}
}

static void test_long_location(void **state)
{
	char answer[4096] = "HTTP/1.1 302 X\r\nLocation: http://", where[EFTF_PORTAL_WHERE];
	size_t len = strlen(answer);

	(void)state;
	memset(answer + len, 'a', sizeof(answer) - 1 - len);
	answer[sizeof(answer) - 1] = '\0';
	assert_true(eftf_portal_answer(answer, HOST, where));
	assert_int_equal(strlen(where), EFTF_PORTAL_WHERE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_long_location),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
