/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/prefix.c gw/siphash.c lib/random.c lib/err.c lib/addr.c */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/prefix.h"

#define TABLE 1024			/* connections that the table is made for */

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage a = { .ss_family = strchr(text, ':') ? AF_INET6 : AF_INET };
	void *at = a.ss_family == AF_INET6 ?
		(void *)&((struct sockaddr_in6 *)&a)->sin6_addr :
		(void *)&((struct sockaddr_in *)&a)->sin_addr;

	assert_int_equal(inet_pton(a.ss_family, text, at), 1);
	return a;
}

/* How many connections are admitted at a moment, one from each address of a printf format. */
static unsigned int admitted(const char *format, unsigned int n, struct eftf_prefix_limits limits,
			     enum eftf_prefix_verdict refusal)
{
	struct eftf_prefix_use use;
	struct eftf_prefixes *p;
	struct eftf_err err;
	unsigned int count = 0;

	assert_int_equal(eftf_prefixes_new(&p, TABLE, 1, &err), 0);
	for (unsigned int i = 0; i < n; i++) {
		struct sockaddr_storage a;
		enum eftf_prefix_verdict verdict;
		char text[64];

		snprintf(text, sizeof(text), format, i);
		a = address(text);
		verdict = eftf_prefix_enter(p, &a, &limits, 1000.0, &use);
		count += verdict == EFTF_PREFIX_ADMITTED;
		if (verdict != EFTF_PREFIX_ADMITTED)
			assert_int_equal(verdict, refusal);
	}
	eftf_prefixes_free(p);
	return count;
}

static void a_wider_prefix_may_have_a_multiple_of_a_narrow_one(void **state)
{
	static const struct {
		const char *format;
		unsigned int expected;
	} cases[] = {
		{ "192.0.2.1", 16 },
		{ "192.0.2.%u", 128 },
		{ "::ffff:192.0.2.%u", 128 },
		{ "2001:db8::1", 16 },
		{ "2001:db8::%x", 16 },
		{ "2001:db8:0:%x::1", 32 },		/* one home line's /56 */
		{ "2001:db8:0:%x00::1", 128 },		/* one customer's /48 */
		{ "2001:db8:%x::1", 250 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int seen = admitted(cases[i].format, 250,
					     (struct eftf_prefix_limits){ .open = 16 },
					     EFTF_PREFIX_FULL);

		if (seen != cases[i].expected)
			fail_msg("%s: expected %u, seen %u", cases[i].format, cases[i].expected, seen);
	}
}

static void what_ends_makes_room(void **state)
{
	struct eftf_prefix_limits limits = { .open = 1 };
	struct sockaddr_storage a = address("192.0.2.1");
	struct eftf_prefix_use use, other;
	struct eftf_prefixes *p;
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_prefixes_new(&p, TABLE, 1, &err), 0);
	assert_int_equal(eftf_prefix_enter(p, &a, &limits, 0, &use), EFTF_PREFIX_ADMITTED);
	assert_int_equal(eftf_prefix_enter(p, &a, &limits, 0, &other), EFTF_PREFIX_FULL);
	eftf_prefix_leave(p, &use);
	assert_int_equal(eftf_prefix_enter(p, &a, &limits, 0, &use), EFTF_PREFIX_ADMITTED);
	eftf_prefixes_free(p);
}

static void a_rate_holds_after_its_burst(void **state)
{
	struct eftf_prefix_limits limits = { .open = 1000, .rate = 5 };
	struct sockaddr_storage a = address("192.0.2.1"), neighbour = address("192.0.2.2");
	struct eftf_prefix_use use;
	unsigned int n = 0, later = 0;
	struct eftf_prefixes *p;
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_prefixes_new(&p, TABLE, 1, &err), 0);
	for (; eftf_prefix_enter(p, &a, &limits, 50.0, &use) == EFTF_PREFIX_ADMITTED; n++)
		eftf_prefix_leave(p, &use);
	assert_in_range(n, 50, 51);
	assert_int_equal(eftf_prefix_enter(p, &neighbour, &limits, 50.0, &use), EFTF_PREFIX_ADMITTED);
	eftf_prefix_leave(p, &use);
	for (double now = 50.0; now < 60.0; now += 0.01)
		if (eftf_prefix_enter(p, &a, &limits, now, &use) == EFTF_PREFIX_ADMITTED) {
			eftf_prefix_leave(p, &use);
			later++;
		}
	assert_in_range(later, 49, 51);
	eftf_prefixes_free(p);
}

/* One source at a time asks one worker after the other, which are processes of their own. */
static unsigned int admitted_by_workers(struct eftf_prefixes *p, unsigned int workers, unsigned int tries,
					const struct eftf_prefix_limits *limits, bool stays)
{
	struct sockaddr_storage a = address("192.0.2.1");
	unsigned int count = 0;

	for (unsigned int i = 0; i < tries; i++) {
		int status = -1, pid = fork();

		if (!pid) {
			struct eftf_prefix_use use;
			enum eftf_prefix_verdict verdict;

			eftf_prefixes_become(p, i % workers);
			verdict = eftf_prefix_enter(p, &a, limits, 1000.0, &use);
			if (!stays)
				eftf_prefix_leave(p, &use);
			_exit(verdict);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		count += WIFEXITED(status) && WEXITSTATUS(status) == EFTF_PREFIX_ADMITTED;
	}
	return count;
}

static void caps_and_rates_are_of_all_workers_together(void **state)
{
	struct eftf_prefix_limits open = { .open = 5 }, rate = { .open = 1000, .rate = 1 };
	struct eftf_prefixes *p;
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_prefixes_new(&p, TABLE, 4, &err), 0);
	assert_int_equal(admitted_by_workers(p, 4, 20, &open, true), 5);
	eftf_prefixes_forget(p, 0);	/* which has two of them */
	assert_int_equal(admitted_by_workers(p, 4, 20, &open, true), 2);
	eftf_prefixes_free(p);

	assert_int_equal(eftf_prefixes_new(&p, TABLE, 4, &err), 0);
	assert_in_range(admitted_by_workers(p, 4, 20, &rate, false), 10, 11);
	eftf_prefixes_free(p);
}

/* The clock goes round many times; what was said before is not taken for the future. */
static void time_is_no_limit(void **state)
{
	struct eftf_prefix_limits limits = { .open = 1000, .rate = 100000 };
	struct sockaddr_storage a = address("192.0.2.1");
	struct eftf_prefix_use use;
	struct eftf_prefixes *p;
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_prefixes_new(&p, TABLE, 1, &err), 0);
	for (double now = 0; now < 1e6; now += 7.3) {
		assert_int_equal(eftf_prefix_enter(p, &a, &limits, now, &use), EFTF_PREFIX_ADMITTED);
		eftf_prefix_leave(p, &use);
	}
	eftf_prefixes_free(p);
}

/* Every other provider of the world at once: nobody else's allowance goes. */
static void foreign_prefixes_do_not_use_up_the_table(void **state)
{
	struct eftf_prefix_limits limits = { .open = 16 };
	struct sockaddr_storage a = address("2001:db8::1"), other;
	struct eftf_prefix_use use[TABLE], mine;
	struct eftf_prefixes *p;
	struct eftf_err err;
	char text[64];

	(void)state;
	assert_int_equal(eftf_prefixes_new(&p, TABLE, 1, &err), 0);
	for (unsigned int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "2a%02x:%x::1", i >> 16, i & 0xffff);
		other = address(text);
		if (i >= TABLE)
			eftf_prefix_leave(p, &use[i % TABLE]);
		assert_int_equal(eftf_prefix_enter(p, &other, &limits, i / 1000.0, &use[i % TABLE]),
				 EFTF_PREFIX_ADMITTED);
	}
	assert_int_equal(eftf_prefix_enter(p, &a, &limits, 100.0, &mine), EFTF_PREFIX_ADMITTED);
	eftf_prefixes_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wider_prefix_may_have_a_multiple_of_a_narrow_one),
		cmocka_unit_test(what_ends_makes_room),
		cmocka_unit_test(a_rate_holds_after_its_burst),
		cmocka_unit_test(caps_and_rates_are_of_all_workers_together),
		cmocka_unit_test(time_is_no_limit),
		cmocka_unit_test(foreign_prefixes_do_not_use_up_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
