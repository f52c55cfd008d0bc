/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/der.c */
/* Times of certificates and revocation lists, also those that 32 bits do not hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "der.h"

/* INT64_MIN: refused */
static int64_t time_of(const char *text)
{
	size_t len = strlen(text);
	uint8_t data[32] = { len < 15 ? EFTF_DER_UTC_TIME : EFTF_DER_GENERALIZED_TIME, (uint8_t)len };
	struct eftf_der in = { data, 2 + len };
	int64_t t = INT64_MIN;

	memcpy(data + 2, text, len);
	return eftf_der_take_time(&in, &t) ? t : INT64_MIN;
}

static void test_known_times(void **state)
{
	(void)state;
	assert_true(time_of("700101000000Z") == 0);
	assert_true(time_of("500101000000Z") == -631152000);
	assert_true(time_of("000229235959Z") == 951868799);
	assert_true(time_of("20380119031408Z") == INT64_C(2147483648));
	assert_true(time_of("490101000000Z") == INT64_C(2493072000));
	assert_true(time_of("99991231235959Z") == INT64_C(253402300799));
}

/* As far as any time_t goes. */
static void test_each_day(void **state)
{
	(void)state;
	for (int32_t day = 0; day < 24855; day++) {
		time_t t = (time_t)day * 86400;
		char text[32];
		struct tm tm;

		assert_non_null(gmtime_r(&t, &tm));
		strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm);
		assert_true(time_of(text) == t);
	}
}

static void test_no_times(void **state)
{
	static const char *const bad[] = {
		"701301000000Z", "700001000000Z", "700132000000Z", "700101240000Z", "700101006000Z",
		"70010100000xZ", "7001010000000", "7001010000Z", "1970010100000xZ", "197001010000000",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(time_of(bad[i]) == INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_times),
		cmocka_unit_test(test_each_day),
		cmocka_unit_test(test_no_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
