/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/err.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "keepalive.h"

static void test_agreed(void **state)
{
	static const struct {
		uint32_t told, configured, agreed;
	} cases[] = {
		{ 0, 0, 840 }, { 0, 60, 60 }, { 300, 60, 300 }, { 300, 0, 300 },
		{ 1, 0, 10 }, { 9, 60, 10 }, { 10, 0, 10 }, { 840, 0, 840 }, { 3600, 0, 3600 },
		{ 3601, 0, 3600 }, { 65535, 60, 3600 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(eftf_keepalive_agreed(cases[i].told, cases[i].configured),
				 cases[i].agreed);
}

/* TS 24.302 F.2.3.1: 672 to 840 s if the network says nothing, each as likely as the other. */
static void test_spread(void **state)
{
	uint32_t seen[841] = { 0 };

	(void)state;
	for (uint32_t random = 0; random < 169 * 10; random++) {
		uint32_t s = eftf_keepalive_draw(840, random);

		assert_in_range(s, 672, 840);
		seen[s]++;
	}
	for (uint32_t s = 672; s <= 840; s++)
		assert_int_equal(seen[s], 10);
	for (uint32_t random = 0; random < 1000; random++) {
		assert_in_range(eftf_keepalive_draw(110, random), 88, 110);
		assert_in_range(eftf_keepalive_draw(3600, random), 2880, 3600);
		assert_in_range(eftf_keepalive_draw(11, random), 10, 11);
		assert_int_equal(eftf_keepalive_draw(10, random), 10);
	}
	/* the timeout goes by what was agreed, whatever was drawn */
	assert_int_equal(eftf_keepalive_timeout(840), 2520);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agreed), cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
