/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/pool.c gw/source.c gw/siphash.c lib/random.c lib/err.c */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gw/pool.h"
#include "gw/siphash.h"
#include "gw/source.h"

#define HOLD 120

static int claimant[8], owner[8];	/* their addresses are names */

static struct in_addr ip(const char *text)
{
	return (struct in_addr){ inet_addr(text) };
}

static struct eftf_pool *make(const char *base, unsigned int plen, const char *gateway)
{
	struct eftf_pool *p = NULL;
	struct eftf_err err;

	if (eftf_pool_new(&p, ip(base), plen, ip(gateway), HOLD, &err))
		fail_msg("%s", err.text);
	return p;
}

static struct in_addr take_as(struct eftf_pool *p, struct eftf_pool_asker asker, void *who,
			      double now, bool expect_resumed)
{
	struct in_addr a = { 0 };
	bool resumed;

	assert_int_equal(eftf_pool_get(p, &asker, who, now, &a, &resumed), 0);
	assert_int_equal(resumed, expect_resumed);
	return a;
}

static struct in_addr take(struct eftf_pool *p, void *who, double now)
{
	return take_as(p, (struct eftf_pool_asker){ 0 }, who, now, false);
}

/* Published vectors: key 00..0f, messages 00, 00 01, ... (SipHash paper, appendix A). */
static void test_siphash(void **state)
{
	/* the octets 0 to 15 as two little-endian numbers */
	struct eftf_siphash_key key = { { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u } };
	uint8_t in[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		in[i] = i;
	assert_int_equal(eftf_siphash(&key, in, 15), 0xa129ca6149be45e5u);
	assert_int_equal(eftf_siphash(&key, in, 0), 0x726fdb47dd0e0e31u);
	assert_int_equal(eftf_siphash(&key, in, 8), 0x93f5f5799a932462u);
}

static void test_all_once(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, "10.0.0.1");
	uint8_t seen[256] = { 0 }, token[EFTF_DHCP4_TOKEN_LEN];
	struct eftf_pool_counts c;
	struct in_addr a;
	bool resumed;
	void *old;

	(void)state;
	eftf_pool_count(p, &c);
	assert_int_equal(c.size, 253);
	for (int i = 0; i < 253; i++) {
		a = take(p, claimant, 0);
		assert_int_equal(eftf_pool_confirm(p, a, claimant, owner, NULL, &old, token), 0);
		assert_null(old);
		assert_int_equal(seen[ntohl(a.s_addr) & 255]++, 0);
	}
	assert_false(seen[0] || seen[1] || seen[255]);
	assert_int_equal(eftf_pool_get(p, &(struct eftf_pool_asker){ 0 }, claimant, 0, &a, &resumed),
			 -ENOSPC);
	eftf_pool_release(p, ip("10.0.0.77"), owner, false, 0);
	assert_int_equal(take(p, claimant, 0).s_addr, ip("10.0.0.77").s_addr);
	eftf_pool_free(p);
}

static void test_wish(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, "10.0.0.1");
	static const char *const never[] = { "10.0.0.0", "10.0.0.1", "10.0.0.255", "10.0.1.4",
					     "9.255.255.255", "255.255.255.255" };
	struct eftf_pool_asker asker = { .wish = ip("10.0.0.50") };

	(void)state;
	assert_int_equal(take_as(p, asker, &claimant[0], 0, false).s_addr, asker.wish.s_addr);
	/* Claimed by now: a wish takes nothing from anybody. */
	assert_int_equal(take_as(p, asker, &claimant[1], 0, false).s_addr, ip("10.0.0.2").s_addr);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		struct in_addr a;

		asker.wish = ip(never[i]);
		a = take_as(p, asker, &claimant[2], 0, false);
		assert_int_not_equal(a.s_addr, asker.wish.s_addr);
		eftf_pool_put(p, a, &claimant[2], 0);
	}
	eftf_pool_free(p);
}

static void test_hold_and_token(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 30, "10.0.0.1");	/* one address */
	uint8_t token[EFTF_DHCP4_TOKEN_LEN], again[EFTF_DHCP4_TOKEN_LEN], wrong[32] = { 1 };
	struct in_addr a = take(p, &claimant[0], 0), b;
	struct eftf_pool_asker stranger = { .token = wrong, .wish = a };
	struct eftf_pool_counts c;
	bool resumed;
	void *old;

	(void)state;
	assert_int_equal(eftf_pool_confirm(p, a, &claimant[0], &owner[0], NULL, &old, token), 0);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[0]);
	eftf_pool_release(p, a, &owner[0], true, 100);
	eftf_pool_count(p, &c);
	assert_int_equal(c.held, 1);
	assert_int_equal(c.owned, 0);
	/* Held: not for a stranger, nor for a wish; for the token at once. */
	assert_int_equal(eftf_pool_get(p, &stranger, &claimant[1], 219, &b, &resumed), -ENOSPC);
	b = take_as(p, (struct eftf_pool_asker){ .token = token }, &claimant[1], 219, true);
	assert_int_equal(a.s_addr, b.s_addr);
	assert_int_equal(eftf_pool_confirm(p, b, &claimant[1], &owner[1], NULL, &old, again), 0);
	assert_null(old);
	assert_memory_equal(token, again, sizeof(token));
	/* The time is over: anybody's, with a new token. */
	eftf_pool_release(p, a, &owner[1], true, 300);
	assert_int_equal(eftf_pool_get(p, &stranger, &claimant[2], 419, &b, &resumed), -ENOSPC);
	assert_int_equal(eftf_pool_get(p, &stranger, &claimant[2], 421, &b, &resumed), 0);
	assert_int_equal(eftf_pool_confirm(p, b, &claimant[2], &owner[2], NULL, &old, again), 0);
	assert_memory_not_equal(token, again, sizeof(token));
	assert_int_equal(eftf_pool_get(p, &(struct eftf_pool_asker){ .token = token }, &claimant[3],
					421, &b, &resumed), -ENOSPC);
	eftf_pool_free(p);
}

static void test_pass_on(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, "10.0.0.1");
	uint8_t token[EFTF_DHCP4_TOKEN_LEN];
	struct in_addr a = take(p, &claimant[0], 0);
	void *old;

	(void)state;
	assert_int_equal(eftf_pool_confirm(p, a, &claimant[0], &owner[0], NULL, &old, token), 0);
	eftf_pool_pass_on(p, a, &owner[2], &owner[1]);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[0]);
	eftf_pool_pass_on(p, a, &owner[0], &owner[1]);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[1]);
	eftf_pool_pass_on(p, ip("192.0.2.1"), &owner[1], &owner[0]);	/* not of this pool */
	/* not the first one's to give up any more */
	eftf_pool_release(p, a, &owner[0], false, 1);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[1]);
	eftf_pool_free(p);
}

static void test_newest_wins(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, "10.0.0.1");
	uint8_t token[EFTF_DHCP4_TOKEN_LEN];
	struct eftf_pool_asker asker = { .token = token };
	struct in_addr a = take(p, &claimant[0], 0);
	void *old;

	(void)state;
	eftf_pool_confirm(p, a, &claimant[0], &owner[0], NULL, &old, token);
	/* Two newer connections claim it; the later claim counts. */
	assert_int_equal(take_as(p, asker, &claimant[1], 1, true).s_addr, a.s_addr);
	assert_int_equal(take_as(p, asker, &claimant[2], 2, true).s_addr, a.s_addr);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[0]);	/* until it is confirmed */
	assert_int_equal(eftf_pool_confirm(p, a, &claimant[1], &owner[1], NULL, &old, token), -ESTALE);
	eftf_pool_put(p, a, &claimant[1], 3);
	assert_int_equal(eftf_pool_confirm(p, a, &claimant[2], &owner[2], NULL, &old, token), 0);
	assert_ptr_equal(old, &owner[0]);
	/* The old session's end comes late and changes nothing. */
	eftf_pool_release(p, a, &owner[0], true, 4);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[2]);
	/* A claim that is dropped leaves the owner alone. */
	take_as(p, asker, &claimant[3], 5, true);
	eftf_pool_put(p, a, &claimant[3], 5);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[2]);
	/* The owner ends while there is a claim: neither held nor free. */
	take_as(p, asker, &claimant[3], 6, true);
	eftf_pool_release(p, a, &owner[2], false, 6);
	assert_int_not_equal(take(p, &claimant[4], 7).s_addr, a.s_addr);
	assert_int_equal(eftf_pool_confirm(p, a, &claimant[3], &owner[3], NULL, &old, token), 0);
	assert_null(old);
	eftf_pool_free(p);
}

static void test_certificate(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, "10.0.0.1");
	uint8_t token[EFTF_DHCP4_TOKEN_LEN], one[32] = { 1 }, two[32] = { 2 };
	struct eftf_pool_asker asker = { .cert = one }, other = { .cert = two };
	struct in_addr a, b;
	void *old;

	(void)state;
	a = take_as(p, asker, &claimant[0], 0, false);
	eftf_pool_confirm(p, a, &claimant[0], &owner[0], one, &old, token);
	assert_int_equal(take_as(p, asker, &claimant[1], 0, true).s_addr, a.s_addr);
	eftf_pool_put(p, a, &claimant[1], 0);
	b = take_as(p, other, &claimant[2], 0, false);
	assert_int_not_equal(a.s_addr, b.s_addr);
	eftf_pool_confirm(p, b, &claimant[2], &owner[2], two, &old, token);
	eftf_pool_release(p, a, &owner[0], true, 10);
	assert_int_equal(take_as(p, asker, &claimant[3], 20, true).s_addr, a.s_addr);
	eftf_pool_put(p, a, &claimant[3], 20);
	take_as(p, asker, &claimant[3], 141, false);	/* held for 120 s since */
	eftf_pool_free(p);
}

/* A model that is too simple to be wrong, and random operations. */
static void test_random(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 27, "10.0.0.1");
	struct { int st; uint8_t token[32]; double until; } m[32] = { { 0 } };
	enum { FREE, CLAIMED, OWNED, HELD };
	double now = 0;
	unsigned int n[4];
	struct eftf_pool_counts c;

	(void)state;
	srand(64);
	for (int round = 0; round < 200000; round++) {
		struct eftf_pool_asker asker = { .wish = { htonl(0x0a000000u + (unsigned)rand() % 32) } };
		unsigned int i = (unsigned)rand() % 32;
		struct in_addr a = { htonl(0x0a000000 + i) };
		bool resumed;
		void *old;

		now += rand() % 20;
		for (int j = 0; j < 32; j++)
			if (m[j].st == HELD && m[j].until <= now)
				m[j].st = FREE;
		switch (rand() % 3) {
		case 0:
			if (m[i].st == HELD)
				asker.token = m[i].token;
			if (eftf_pool_get(p, &asker, claimant, now, &a, &resumed)) {
				for (int j = 2; j < 31; j++)
					assert_int_not_equal(m[j].st, FREE);
				break;
			}
			assert_int_equal(resumed, asker.token != NULL);
			if (resumed)
				assert_int_equal(ntohl(a.s_addr) & 31, i);
			else
				assert_int_equal(m[ntohl(a.s_addr) & 31].st, FREE);
			m[ntohl(a.s_addr) & 31].st = CLAIMED;
			break;
		case 1:
			if (m[i].st != CLAIMED)
				break;
			assert_int_equal(eftf_pool_confirm(p, a, claimant, owner, NULL, &old,
							   m[i].token), 0);
			m[i].st = OWNED;
			break;
		case 2:
			if (m[i].st != OWNED)
				break;
			m[i].st = rand() % 2 ? HELD : FREE;
			m[i].until = now + HOLD;
			eftf_pool_release(p, a, owner, m[i].st == HELD, now);
			break;
		}
		memset(n, 0, sizeof(n));
		for (int j = 0; j < 32; j++)
			n[m[j].st]++;
		eftf_pool_expire(p, now);
		eftf_pool_count(p, &c);
		assert_int_equal(c.owned, n[OWNED]);
		assert_int_equal(c.held, n[HELD]);
	}
	eftf_pool_free(p);
}

static struct sockaddr_storage outer(const char *text)
{
	struct sockaddr_storage s = { 0 };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&s;

	s.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	inet_pton(s.ss_family, text,
		  s.ss_family == AF_INET ? (void *)&in4->sin_addr : (void *)&in6->sin6_addr);
	in4->sin_port = (in_port_t)rand();
	return s;
}

static void test_sources(void **state)
{
	static const char *const distinct[] = { "192.0.2.1", "192.0.2.2", "2001:db8::1",
						"2001:db8:0:1::1", "::1" };
	struct eftf_source *s[5], *again;
	struct sockaddr_storage a;
	struct eftf_sources *all;

	(void)state;
	assert_int_equal(eftf_sources_new(&all, 4, NULL), 0);
	for (int i = 0; i < 5; i++) {
		a = outer(distinct[i]);
		s[i] = eftf_source_get(all, &a);
		s[i]->tunnels = 1;
		for (int j = 0; j < i; j++)
			assert_ptr_not_equal(s[i], s[j]);
	}
	a = outer("192.0.2.1");
	assert_ptr_equal(eftf_source_get(all, &a), s[0]);
	a = outer("::ffff:192.0.2.2");
	assert_ptr_equal(eftf_source_get(all, &a), s[1]);
	a = outer("2001:db8::ffff:1");		/* the same /64 */
	assert_ptr_equal(eftf_source_get(all, &a), s[2]);
	eftf_source_put(all, s[0]);		/* had twice, so it is still there */
	a = outer("192.0.2.1");
	assert_ptr_equal(eftf_source_get(all, &a), s[0]);
	eftf_source_put(all, s[0]);
	eftf_source_put(all, s[0]);
	again = eftf_source_get(all, &a);
	assert_int_equal(again->tunnels, 0);
	for (int i = 0; i < 10000; i++) {	/* chains of all lengths */
		a = outer("10.0.0.0");
		((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(0x0a000000u + (unsigned)i);
		eftf_source_get(all, &a)->tunnels = 1;
	}
	for (int i = 9999; i >= 0; i--) {
		a = outer("10.0.0.0");
		((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(0x0a000000u + (unsigned)i);
		again = eftf_source_get(all, &a);
		assert_int_equal(again->tunnels, 1);
		eftf_source_put(all, again);
		eftf_source_put(all, again);
	}
	eftf_sources_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash), cmocka_unit_test(test_all_once),
		cmocka_unit_test(test_wish), cmocka_unit_test(test_hold_and_token),
		cmocka_unit_test(test_pass_on),
		cmocka_unit_test(test_newest_wins), cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_random), cmocka_unit_test(test_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
