// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/targets.c lib/nat64.c lib/addr.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "nat64.h"
#include "ue/targets.h"

#define HOST "eftf.example"

static struct sockaddr_storage addr(const char *text)
{
	struct sockaddr_storage ss = { 0 };

	if (strchr(text, ':')) {
		ss.ss_family = AF_INET6;
		assert_int_equal(inet_pton(AF_INET6, text,
					   &((struct sockaddr_in6 *)&ss)->sin6_addr), 1);
	} else {
		ss.ss_family = AF_INET;
		assert_int_equal(inet_pton(AF_INET, text,
					   &((struct sockaddr_in *)&ss)->sin_addr), 1);
	}
	return ss;
}

static void resolved(struct eftf_targets *t, const char *list)
{
	struct sockaddr_storage a[EFTF_TARGETS_MAX + 8];
	char copy[1000], *word, *rest = copy;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", list);
	while ((word = strsep(&rest, " ")))
		a[n++] = addr(word);
	eftf_targets_resolved(t, a, n);
}

static void begins(struct eftf_targets *t, const char *expected)
{
	struct sockaddr_storage a[EFTF_TARGETS_MAX];
	char text[EFTF_TARGETS_TEXT] = "";
	size_t n = eftf_targets_begin(t, a);

	if (n)
		assert_true(eftf_targets_text(t, a, n, text));
	assert_string_equal(text, expected);
}

static void failed(struct eftf_targets *t, const char *text)
{
	struct sockaddr_storage a = addr(text);

	eftf_targets_failed(t, &a);
}

static void worked(struct eftf_targets *t, const char *text)
{
	struct sockaddr_storage a = addr(text);

	eftf_targets_worked(t, &a);
}

#define A "192.0.2.1"
#define B "2001:db8::2"
#define C "192.0.2.3"
#define LIST(x) HOST ":443:" x

/* One that connects and then is dead: the next attempt is by another. */
static void test_dead_after_connect(void **state)
{
	struct eftf_targets t = { 0 };

	(void)state;
	eftf_targets_of(&t, HOST, 443);
	begins(&t, "");
	resolved(&t, A " " B);
	begins(&t, LIST(A ",[" B "]"));
	failed(&t, A);
	resolved(&t, A " " B);		/* asked anew each time */
	begins(&t, LIST("[" B "]"));
	failed(&t, B);
	resolved(&t, A " " B);		/* all have had their turn */
	begins(&t, LIST(A ",[" B "]"));
	failed(&t, A);
	resolved(&t, A " " B);
	begins(&t, LIST("[" B "]"));
	eftf_targets_unreachable(&t);
	resolved(&t, A " " B);
	begins(&t, LIST(A ",[" B "]"));
	/* the peer as a socket may name it */
	failed(&t, "::ffff:" A);
	begins(&t, LIST("[" B "]"));
	worked(&t, B);
	begins(&t, LIST("[" B "]," A));
}

/* The one that worked last comes first, and is there when names cannot be resolved. */
static void test_remembered(void **state)
{
	struct eftf_targets t = { 0 };

	(void)state;
	eftf_targets_of(&t, HOST, 443);
	resolved(&t, A " " B " " C);
	begins(&t, LIST(A ",[" B "]," C));
	worked(&t, B);
	resolved(&t, A " " B " " C);
	begins(&t, LIST("[" B "]," A "," C));
	/* no answer: what was known */
	begins(&t, LIST("[" B "]," A "," C));
	/* an answer without it: last, since it may have been taken out of service */
	resolved(&t, C " " A);
	begins(&t, LIST(C "," A ",[" B "]"));
	resolved(&t, "192.0.2.9");
	begins(&t, LIST("192.0.2.9,[" B "]"));
	failed(&t, "192.0.2.9");
	begins(&t, LIST("[" B "]"));
	/* of another host, or port, nothing of this is known */
	eftf_targets_of(&t, HOST ".", 443);
	begins(&t, LIST("[" B "]"));
	eftf_targets_of(&t, HOST, 8443);
	begins(&t, "");
	eftf_targets_of(&t, "other.example", 443);
	begins(&t, "");
}

static void test_bounds(void **state)
{
	struct sockaddr_storage many[EFTF_TARGETS_MAX + 8], out[EFTF_TARGETS_MAX];
	char text[EFTF_TARGETS_TEXT], longest[EFTF_VALUE_HOST_MAX];
	struct eftf_targets t = { 0 };

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	eftf_targets_of(&t, longest, 65535);
	for (int i = 0; i < EFTF_TARGETS_MAX + 8; i++) {
		many[i] = addr("2001:db8:1111:2222:3333:4444:5555:6666");
		((struct sockaddr_in6 *)&many[i])->sin6_addr.s6_addr[15] = (uint8_t)i;
	}
	eftf_targets_resolved(&t, many + 4, 1);
	eftf_targets_worked(&t, &many[4]);
	eftf_targets_resolved(&t, many, EFTF_TARGETS_MAX + 8);
	assert_int_equal(eftf_targets_begin(&t, out), EFTF_TARGETS_MAX);
	assert_memory_equal(&out[0], &many[4], sizeof(out[0]));
	assert_true(eftf_targets_text(&t, out, EFTF_TARGETS_MAX, text));
	assert_int_equal(text[strlen(text) - 1], ']');
	/* the one that worked has a place, whatever comes */
	eftf_targets_resolved(&t, many + 5, EFTF_TARGETS_MAX + 3);
	assert_int_equal(eftf_targets_begin(&t, out), EFTF_TARGETS_MAX);
	assert_memory_equal(&out[EFTF_TARGETS_MAX - 1], &many[4], sizeof(out[0]));
	/* the same address twice is one */
	eftf_targets_of(&t, HOST, 443);
	resolved(&t, A " " A " ::ffff:" A);
	assert_int_equal(eftf_targets_begin(&t, out), 1);
	/* an IPv6 literal needs no entry */
	eftf_targets_of(&t, B, 443);
	resolved(&t, B);
	assert_int_equal(eftf_targets_begin(&t, out), 1);
	assert_false(eftf_targets_text(&t, out, 1, text));
}

/* RFC 6052 2.4, its table of examples for 192.0.2.33; the AAAA of ipv4only.arpa behind each prefix. */
static void test_nat64(void **state)
{
	static const struct {
		const char *answer, *made;
		unsigned int plen;
	} cases[] = {
		{ "2001:db8:c000:aa::", "2001:db8:c000:221::", 32 },
		{ "2001:db8:1c0:0:aa::", "2001:db8:1c0:2:21::", 40 },
		{ "2001:db8:122:c000:0:aa00::", "2001:db8:122:c000:2:2100::", 48 },
		{ "2001:db8:122:3c0:0:aa::", "2001:db8:122:3c0:0:221::", 56 },
		{ "2001:db8:122:344:c0:0:aa00::", "2001:db8:122:344:c0:2:2100::", 64 },
		{ "2001:db8:122:344::192.0.0.171", "2001:db8:122:344::192.0.2.33", 96 },
		{ "64:ff9b::192.0.0.170", "64:ff9b::192.0.2.33", 96 },
		{ "2001:db8::1", NULL, 0 },
		{ "64:ff9b::192.0.0.172", NULL, 0 },
		{ "::", NULL, 0 },
	};
	struct in_addr v4 = { 0 };

	(void)state;
	inet_pton(AF_INET, "192.0.2.33", &v4);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct in6_addr answer, made, expected;
		struct eftf_nat64 nat;

		assert_int_equal(inet_pton(AF_INET6, cases[i].answer, &answer), 1);
		assert_int_equal(eftf_nat64_learn(&nat, &answer), cases[i].made != NULL);
		assert_int_equal(nat.plen, cases[i].plen);
		if (!cases[i].made)
			continue;
		made = eftf_nat64_embed(&nat, v4);
		assert_int_equal(inet_pton(AF_INET6, cases[i].made, &expected), 1);
		assert_memory_equal(&made, &expected, sizeof(made));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dead_after_connect), cmocka_unit_test(test_remembered),
		cmocka_unit_test(test_bounds), cmocka_unit_test(test_nat64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
