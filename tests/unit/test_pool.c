/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/pool_life.c gw/pool_proof.c gw/ranges.c gw/charge.c gw/token.c gw/siphash.c lib/random.c lib/log.c lib/log_json.c lib/err.c lib/addr.c */
/* libs: -lwolfssl */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gw/charge.h"
#include "gw/siphash.h"

#include "pool_lab.h"

static int claimant[8], owner[8];	/* their addresses are names */

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
	struct eftf_pool *p = make("10.0.0.0", 24, 0);
	uint8_t seen[256] = { 0 };

	(void)state;
	assert_int_equal(counts(p).size, 253);
	for (int i = 0; i < 253; i++) {
		struct in_addr a = lease(p, from("192.0.2.1"), owner, 0, false, NULL);

		assert_int_equal(seen[ntohl(a.s_addr) & 255]++, 0);
	}
	assert_false(seen[0] || seen[1] || seen[255]);
	assert_int_equal(refused(p, from("192.0.2.1"), 0), -ENOSPC);
	assert_int_equal(counts(p).refused_full, 1);
	/* The last resort is what was used a moment ago. */
	eftf_pool_release(p, ip("10.0.0.77"), owner, true, 0);
	assert_int_equal(take(p, from("192.0.2.1"), claimant, 0, false).s_addr, ip("10.0.0.77").s_addr);
	assert_int_equal(counts(p).evicted, 1);
	eftf_pool_free(p);
}

/* Who can choose his address can take the place of its last user. */
static void test_wish(void **state)
{
	static const char *const never[] = { "10.0.0.0", "10.0.0.1", "10.0.0.255", "10.0.1.4",
					     "9.255.255.255", "255.255.255.255" };
	struct eftf_lease_request r = from("192.0.2.1");
	struct eftf_pool *p = make("10.0.0.0", 24, 0);

	(void)state;
	r.wish = ip("10.0.0.50");
	assert_int_equal(take(p, r, &claimant[0], 0, false).s_addr, ip("10.0.0.2").s_addr);
	r = with_cert("192.0.2.1", 1, "phone");
	r.wish = ip("10.0.0.50");
	assert_int_equal(take(p, r, &claimant[1], 0, false).s_addr, r.wish.s_addr);
	/* Claimed by now: a wish takes nothing from anybody. */
	assert_int_equal(take(p, r, &claimant[2], 0, false).s_addr, ip("10.0.0.3").s_addr);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		struct in_addr a;

		r.wish = ip(never[i]);
		a = take(p, r, &claimant[3], 0, false);
		assert_int_not_equal(a.s_addr, r.wish.s_addr);
		eftf_pool_put(p, a, &claimant[3], 0);
	}
	eftf_pool_free(p);
}

static void test_quarantine(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 29, 0);	/* five addresses */
	struct in_addr a, b;

	(void)state;
	a = lease(p, from("192.0.2.1"), &owner[0], 0, false, NULL);
	eftf_pool_release(p, a, &owner[0], false, 10);
	assert_int_equal(counts(p).quarantined, 1);
	assert_int_equal(counts(p).held, 0);	/* nothing says that this UE can come back */
	for (int i = 0; i < 8; i++) {
		b = take(p, from("192.0.2.2"), &claimant[0], 10 + i, false);
		assert_int_not_equal(a.s_addr, b.s_addr);
		eftf_pool_put(p, b, &claimant[0], 10 + i);
	}
	eftf_pool_expire(p, 10 + QUARANTINE - 1);
	assert_int_equal(counts(p).quarantined, 1);
	eftf_pool_expire(p, 10 + QUARANTINE);
	assert_int_equal(counts(p).quarantined, 0);
	/* No quarantine asked for: free at once. */
	eftf_pool_set(p, &(struct eftf_pool_settings){ 0, 0, 0 });
	a = lease(p, from("192.0.2.1"), &owner[0], 2000, false, NULL);
	eftf_pool_release(p, a, &owner[0], false, 2000);
	assert_int_equal(counts(p).quarantined, 0);
	eftf_pool_free(p);
}

static void test_hold_and_token(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, 0);
	uint8_t first[EFTF_TOKEN_LEN], second[EFTF_TOKEN_LEN], third[EFTF_TOKEN_LEN];
	struct in_addr a, b;

	(void)state;
	a = lease(p, from("192.0.2.1"), &owner[0], 0, false, first);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[0]);
	eftf_pool_release(p, a, &owner[0], false, 1);
	assert_int_equal(counts(p).quarantined, 1);
	/* From quarantine, by the token; now it is known to come back. */
	b = lease(p, with_token("192.0.2.9", first), &owner[1], 2, true, second);
	assert_int_equal(a.s_addr, b.s_addr);
	assert_memory_not_equal(first, second, sizeof(first));
	eftf_pool_release(p, a, &owner[1], false, 100);
	assert_int_equal(counts(p).held, 1);
	/* The answer with the second token may have been lost: the first still counts. */
	b = lease(p, with_token("192.0.2.9", first), &owner[2], 101, true, third);
	assert_int_equal(a.s_addr, b.s_addr);
	eftf_pool_release(p, a, &owner[2], false, 102);
	b = lease(p, with_token("192.0.2.9", third), &owner[2], 103, true, NULL);
	assert_int_equal(a.s_addr, b.s_addr);
	assert_int_equal(counts(p).tokens[EFTF_TOKEN_GOOD], 3);
	/* Once a later one was shown it does not. */
	b = take(p, with_token("192.0.2.9", first), &claimant[1], 104, false);
	assert_int_not_equal(a.s_addr, b.s_addr);
	eftf_pool_put(p, b, &claimant[1], 104);
	assert_int_equal(counts(p).tokens[EFTF_TOKEN_STALE], 1);
	/* Held, then in quarantine, then anybody's. */
	eftf_pool_release(p, a, &owner[2], false, 200);
	eftf_pool_expire(p, 200 + HOLD);
	assert_int_equal(counts(p).held, 0);
	assert_int_equal(counts(p).quarantined, 1);
	eftf_pool_expire(p, 200 + HOLD + QUARANTINE);
	assert_int_equal(counts(p).quarantined, 0);
	/* Nobody else has had it since: the token says whose it was, as after a restart. */
	b = take(p, with_token("192.0.2.9", third), &claimant[1], 2000, true);
	assert_int_equal(a.s_addr, b.s_addr);
	eftf_pool_free(p);
}

static void test_tokens_of_others(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, 0), *other = make("10.9.0.0", 24, 0);
	uint8_t token[EFTF_TOKEN_LEN], later[EFTF_TOKEN_LEN];
	struct eftf_lease_request r;
	struct in_addr a, b;

	(void)state;
	a = lease(p, from("192.0.2.1"), &owner[0], 0, false, token);
	for (size_t i = 0; i < EFTF_TOKEN_LEN; i++) {
		r = with_token("192.0.2.1", token);
		r.token[i] ^= 1 << i % 8;
		b = take(p, r, &claimant[1], 0, false);
		assert_int_not_equal(a.s_addr, b.s_addr);
		eftf_pool_put(p, b, &claimant[1], 0);
	}
	assert_int_equal(counts(p).tokens[EFTF_TOKEN_UNKNOWN], EFTF_TOKEN_LEN);
	r = with_token("192.0.2.1", token);
	r.token_len = 32;		/* as they were once: random */
	eftf_pool_put(p, take(p, r, &claimant[1], 0, false), &claimant[1], 0);
	assert_int_equal(counts(p).tokens[EFTF_TOKEN_UNKNOWN], EFTF_TOKEN_LEN + 1);
	take(other, with_token("192.0.2.1", token), &claimant[1], 0, false);
	assert_int_equal(counts(other).tokens[EFTF_TOKEN_FOREIGN], 1);
	/* What was given up is void at once, and stays so when it is another's. */
	eftf_pool_release(p, a, &owner[0], true, 10);
	eftf_pool_put(p, take(p, with_token("192.0.2.1", token), &claimant[1], 10, false), &claimant[1], 10);
	assert_int_equal(counts(p).tokens[EFTF_TOKEN_STALE], 1);
	eftf_pool_expire(p, 10 + QUARANTINE);
	do {
		b = lease(p, from("192.0.2.2"), &owner[1], 2000, false, later);
	} while (b.s_addr != a.s_addr);
	assert_int_equal(refused(p, with_token("192.0.2.1", token), 2000), -ENOSPC);
	assert_int_equal(counts(p).tokens[EFTF_TOKEN_STALE], 2);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[1]);
	/* Another gateway with the same key and pool: the same address there. */
	eftf_pool_free(other);
	other = make("10.0.0.0", 24, 0);
	assert_int_equal(take(other, with_token("192.0.2.2", later), &claimant[0], 0, true).s_addr, a.s_addr);
	eftf_pool_free(other);
	eftf_pool_free(p);
}

/* Connects, takes a lease, leaves, as fast as it can. */
static void test_hog(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, 64);
	struct in_addr a, held[4];
	uint8_t token[4][EFTF_TOKEN_LEN];

	(void)state;
	for (int i = 0; i < 4; i++) {
		held[i] = lease(p, from("198.51.100.7"), &owner[0], 0, false, token[i]);
		eftf_pool_release(p, held[i], &owner[0], false, 1);
		lease(p, with_token("198.51.100.7", token[i]), &owner[0], 2, true, token[i]);
		eftf_pool_release(p, held[i], &owner[0], false, 3);
	}
	for (int i = 0; i < 100000; i++) {
		/* all of its /56 is one source */
		a = lease(p, from(i % 2 ? "2001:db8:0:7f::2" : "2001:db8::1"), &owner[1], 4, false, NULL);
		eftf_pool_release(p, a, &owner[1], i % 3 == 0, 4);
	}
	assert_int_equal(counts(p).quarantined, 64);
	assert_int_equal(counts(p).held, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(take(p, with_token("198.51.100.7", token[i]), &claimant[i], 5, true).s_addr,
				 held[i].s_addr);
	/* Others are served: all of the rest is there for them. */
	for (int i = 0; i < 253 - 4 - 64; i++)
		lease(p, from(i < 62 ? "192.0.2.1" : i < 124 ? "192.0.2.2" : "2001:db8:0:100::1"),
		      &owner[2], 6, false, NULL);
	/* Live tunnels are not taken away, and no more than the limit given out. */
	while (counts(p).quarantined)
		lease(p, from("2001:db8::1"), &owner[1], 7, false, NULL);
	assert_int_equal(refused(p, from("2001:db8:0:ff::1"), 7), -EDQUOT);
	assert_int_equal(counts(p).refused_source, 1);
	eftf_pool_free(p);
}

/* Nothing is free: what is in quarantine goes before what is held, each the oldest first. */
static void test_nothing_free(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 29, 0);
	uint8_t token[EFTF_TOKEN_LEN];
	struct in_addr a[5];

	(void)state;
	for (int i = 0; i < 5; i++) {
		a[i] = lease(p, from("192.0.2.1"), &owner[i], 0, false, token);
		if (i >= 2)
			continue;
		eftf_pool_release(p, a[i], &owner[i], false, 0);
		lease(p, with_token("192.0.2.1", token), &owner[i], 0, true, NULL);
	}
	for (int i = 0; i < 5; i++)
		eftf_pool_release(p, a[i], &owner[i], false, i);
	assert_int_equal(counts(p).held, 2);
	assert_int_equal(counts(p).quarantined, 3);
	for (int i = 0; i < 5; i++)
		assert_int_equal(lease(p, from("192.0.2.3"), owner, 10, false, NULL).s_addr,
				 a[(i + 2) % 5].s_addr);
	assert_int_equal(refused(p, from("192.0.2.3"), 10), -ENOSPC);
	eftf_pool_free(p);
}

/* A restart: what the old program knew goes to the new one's pool. */
static void test_adopt(void **state)
{
	struct eftf_pool *before = make("10.0.0.0", 24, 2), *after = make("10.0.0.0", 24, 2);
	uint8_t first[EFTF_TOKEN_LEN], second[EFTF_TOKEN_LEN];
	struct eftf_lease_request cert = with_cert("192.0.2.1", 1, "a");
	struct sockaddr_storage source = outer("192.0.2.1");
	struct eftf_pool_lease l;
	struct in_addr a, b;

	(void)state;
	a = lease(before, from("192.0.2.1"), &owner[0], 0, false, first);
	lease(before, with_token("192.0.2.1", first), &owner[0], 0, true, second);
	lease(before, with_token("192.0.2.1", second), &owner[0], 0, true, NULL);
	b = lease(before, cert, &owner[1], 0, false, NULL);
	assert_false(eftf_pool_export(before, ip("10.0.0.99"), &l));
	assert_true(eftf_pool_export(before, a, &l));
	assert_int_equal(eftf_pool_adopt(after, a, &owner[2], &l, &source), 0);
	assert_int_equal(eftf_pool_adopt(after, a, &owner[3], &l, &source), -EEXIST);
	assert_int_equal(eftf_pool_adopt(after, ip("10.0.0.1"), &owner[3], &l, &source), -EEXIST);
	assert_int_equal(eftf_pool_adopt(after, ip("10.0.1.9"), &owner[3], &l, &source), -EEXIST);
	assert_true(eftf_pool_export(before, b, &l));
	assert_int_equal(eftf_pool_adopt(after, b, &owner[3], &l, &source), 0);
	assert_ptr_equal(eftf_pool_owner(after, a), &owner[2]);
	assert_int_equal(counts(after).owned, 2);
	/* Charged, and not given to others; tokens and certificates count as before. */
	assert_int_equal(refused(after, from("192.0.2.1"), 1), -EDQUOT);
	assert_int_not_equal(take(after, with_token("192.0.2.9", first), &claimant[0], 1, false).s_addr, a.s_addr);
	assert_int_equal(counts(after).tokens[EFTF_TOKEN_STALE], 1);
	assert_int_equal(take(after, with_token("192.0.2.9", second), &claimant[0], 1, true).s_addr, a.s_addr);
	assert_int_equal(take(after, cert, &claimant[1], 1, true).s_addr, b.s_addr);
	eftf_pool_free(before);
	eftf_pool_free(after);
}

static void test_pass_on(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, 0);
	struct in_addr a = lease(p, from("192.0.2.1"), &owner[0], 0, false, NULL);

	(void)state;
	eftf_pool_pass_on(p, a, &owner[2], &owner[1]);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[0]);
	eftf_pool_pass_on(p, a, &owner[0], &owner[1]);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[1]);
	eftf_pool_pass_on(p, ip("192.0.2.1"), &owner[1], &owner[0]);	/* not of this pool */
	/* not the first one's to give up any more */
	eftf_pool_release(p, a, &owner[0], true, 1);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[1]);
	eftf_pool_free(p);
}

static void test_newest_wins(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, 0);
	uint8_t token[EFTF_TOKEN_LEN], next[EFTF_TOKEN_LEN];
	struct in_addr a = lease(p, from("192.0.2.1"), &owner[0], 0, false, token);
	struct eftf_lease_request r = with_token("192.0.2.2", token);
	void *old;

	(void)state;
	/* Two newer connections claim it; the later claim counts. */
	assert_int_equal(take(p, r, &claimant[1], 1, true).s_addr, a.s_addr);
	assert_int_equal(take(p, r, &claimant[2], 2, true).s_addr, a.s_addr);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[0]);	/* until it is confirmed */
	assert_int_equal(eftf_pool_confirm(p, &r, a, &claimant[1], &owner[1], &old, next), -ESTALE);
	eftf_pool_put(p, a, &claimant[1], 3);
	assert_int_equal(eftf_pool_confirm(p, &r, a, &claimant[2], &owner[2], &old, next), 0);
	assert_ptr_equal(old, &owner[0]);
	r = with_token("192.0.2.2", next);
	/* The old session's end comes late and changes nothing. */
	eftf_pool_release(p, a, &owner[0], false, 4);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[2]);
	/* A claim that is dropped leaves the owner alone. */
	take(p, r, &claimant[3], 5, true);
	eftf_pool_put(p, a, &claimant[3], 5);
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[2]);
	/* The owner ends while there is a claim: neither parked nor free. */
	take(p, r, &claimant[3], 6, true);
	eftf_pool_release(p, a, &owner[2], false, 6);
	assert_int_equal(counts(p).held + counts(p).quarantined, 0);
	assert_int_not_equal(take(p, from("192.0.2.2"), &claimant[4], 7, false).s_addr, a.s_addr);
	assert_int_equal(eftf_pool_confirm(p, &r, a, &claimant[3], &owner[3], &old, next), 0);
	assert_null(old);
	assert_int_equal(counts(p).owned, 1);
	eftf_pool_free(p);
}

static void test_certificate(void **state)
{
	struct eftf_pool *p = make("10.0.0.0", 24, 0);
	struct eftf_lease_request one = with_cert("192.0.2.1", 1, "a"), two = with_cert("192.0.2.1", 1, "b"),
		three = with_cert("192.0.2.1", 3, "a");
	struct in_addr a, b, c;

	(void)state;
	a = lease(p, one, &owner[0], 0, false, NULL);
	b = lease(p, two, &owner[1], 0, false, NULL);
	c = lease(p, three, &owner[2], 0, false, NULL);
	assert_true(a.s_addr != b.s_addr && b.s_addr != c.s_addr && a.s_addr != c.s_addr);
	assert_int_equal(take(p, one, &claimant[1], 0, true).s_addr, a.s_addr);
	eftf_pool_put(p, a, &claimant[1], 0);
	/* What has a certificate can come back: its address is held. */
	eftf_pool_release(p, a, &owner[0], false, 10);
	assert_int_equal(counts(p).held, 1);
	assert_int_equal(take(p, one, &claimant[3], 20, true).s_addr, a.s_addr);
	eftf_pool_put(p, a, &claimant[3], 20);
	/* Given up: a new one for the same certificate. */
	eftf_pool_release(p, b, &owner[1], true, 20);
	assert_int_not_equal(take(p, two, &claimant[3], 20, false).s_addr, b.s_addr);
	eftf_pool_expire(p, 20 + HOLD);
	eftf_pool_expire(p, 20 + HOLD + QUARANTINE);
	take(p, one, &claimant[4], 20 + HOLD + QUARANTINE, false);
	eftf_pool_free(p);
}

static struct eftf_static tied(uint8_t cert, const char *inner)
{
	struct eftf_static s = { .inner = ip(inner) };

	s.cert[0] = cert;
	return s;
}

/* A static address is its certificate's, whatever that wishes and shows, and nobody else's. */
static void test_static(void **state)
{
	struct eftf_static v[] = { tied(1, "10.0.0.2"), tied(2, "10.0.0.5") };
	struct eftf_statics both = { v, 2 };
	struct eftf_pool *p = make("10.0.0.0", 29, 1);	/* .2 to .6 */
	struct eftf_lease_request one = with_cert("192.0.2.1", 1, "a"), other = with_cert("192.0.2.2", 3, "a");
	uint8_t token[EFTF_TOKEN_LEN];
	struct in_addr a;

	(void)state;
	eftf_pool_set_statics(p, &both);
	assert_int_equal(counts(p).statics, 2);
	one.wish = ip("10.0.0.4");
	other.wish = ip("10.0.0.5");
	assert_int_equal(lease(p, one, &owner[0], 0, false, token).s_addr, ip("10.0.0.2").s_addr);
	assert_int_equal(lease(p, other, &owner[1], 0, false, NULL).s_addr, ip("10.0.0.3").s_addr);
	/* what is left when all others are in use is the second certificate's, which the limit of its source does not keep from it */
	lease(p, from("192.0.2.3"), &owner[2], 0, false, NULL);
	lease(p, from("192.0.2.4"), &owner[3], 0, false, NULL);
	assert_int_equal(refused(p, from("192.0.2.5"), 0), -ENOSPC);
	assert_int_equal(lease(p, with_cert("192.0.2.3", 2, "x"), &owner[4], 0, false, NULL).s_addr, ip("10.0.0.5").s_addr);
	/* in quarantine, in which it waits for nobody else */
	eftf_pool_release(p, ip("10.0.0.2"), &owner[0], true, 1);
	assert_int_equal(refused(p, from("192.0.2.5"), 1), -ENOSPC);
	assert_int_equal(refused(p, with_token("192.0.2.5", token), 1), -ENOSPC);
	assert_int_equal(lease(p, one, &owner[0], 2, false, token).s_addr, ip("10.0.0.2").s_addr);
	/* its token alone, and beside another certificate, is nothing */
	eftf_pool_release(p, ip("10.0.0.2"), &owner[0], false, 3);
	assert_int_equal(refused(p, with_token("192.0.2.5", token), 4), -ENOSPC);
	other = with_cert("192.0.2.6", 4, "a");
	other.token_len = EFTF_TOKEN_LEN;
	memcpy(other.token, token, sizeof(token));
	assert_int_equal(refused(p, other, 4), -ENOSPC);
	assert_int_equal(counts(p).tokens[EFTF_TOKEN_STALE], 3);
	/* beside its own it is; nothing else was left above, so its time of hold has ended early */
	one.token_len = EFTF_TOKEN_LEN;
	memcpy(one.token, token, sizeof(token));
	a = lease(p, one, &owner[0], 5, false, token);
	assert_int_equal(a.s_addr, ip("10.0.0.2").s_addr);
	eftf_pool_release(p, a, &owner[0], false, 6);
	memcpy(one.token, token, sizeof(token));
	a = lease(p, one, &owner[0], 7, true, NULL);
	assert_int_equal(a.s_addr, ip("10.0.0.2").s_addr);
	assert_int_equal(counts(p).tokens[EFTF_TOKEN_GOOD], 2);
	eftf_pool_free(p);
}

/* Lines come and go while there are tunnels. */
static void test_static_reload(void **state)
{
	struct eftf_static v[] = { tied(1, "10.0.0.2") }, w[] = { tied(2, "10.0.0.2") };
	struct eftf_statics first = { v, 1 }, second = { w, 1 };
	struct eftf_lease_request one = with_cert("192.0.2.1", 1, "a"), two = with_cert("192.0.2.2", 2, "a");
	struct eftf_pool *p = make("10.0.0.0", 29, 0);
	struct sockaddr_storage source = outer("192.0.2.1");
	uint8_t token[EFTF_TOKEN_LEN], unused[EFTF_TOKEN_LEN];
	struct eftf_pool_lease l;
	struct in_addr a;
	void *old;

	(void)state;
	a = lease(p, one, &owner[0], 0, false, token);
	assert_int_equal(a.s_addr, ip("10.0.0.2").s_addr);
	one.token_len = EFTF_TOKEN_LEN;
	memcpy(one.token, token, sizeof(token));
	take(p, one, &claimant[0], 0, true);
	eftf_pool_set_statics(p, &second);
	/* who has it keeps it, but gets it no more, and not by a claim of before */
	assert_ptr_equal(eftf_pool_owner(p, a), &owner[0]);
	assert_int_equal(eftf_pool_confirm(p, &one, a, &claimant[0], &owner[1], &old, unused), -ESTALE);
	eftf_pool_put(p, a, &claimant[0], 0);
	assert_int_equal(lease(p, one, &owner[1], 1, false, NULL).s_addr, ip("10.0.0.3").s_addr);
	/* a restart: what runs is not ended */
	assert_true(eftf_pool_export(p, a, &l));
	eftf_pool_free(p);
	p = make("10.0.0.0", 29, 0);
	eftf_pool_set_statics(p, &second);
	assert_int_equal(eftf_pool_adopt(p, a, &owner[0], &l, &source), 0);
	assert_int_equal(eftf_pool_confirm(p, &two, take(p, two, &claimant[1], 2, true), &claimant[1], &owner[2],
					   &old, unused), 0);
	assert_ptr_equal(old, &owner[0]);
	eftf_pool_release(p, a, &owner[2], false, 3);
	/* without the line it is as any other, and what the one before had of it is void */
	eftf_pool_set_statics(p, &first);
	eftf_pool_set_statics(p, NULL);
	assert_int_equal(counts(p).statics, 0);
	eftf_pool_expire(p, 4 + HOLD);
	eftf_pool_expire(p, 4 + HOLD + QUARANTINE);
	for (int i = 0; i < 4; i++)
		assert_int_not_equal(lease(p, from("192.0.2.3"), &owner[3], 2000, false, NULL).s_addr, a.s_addr);
	assert_int_equal(lease(p, from("192.0.2.3"), &owner[3], 2000, false, NULL).s_addr, a.s_addr);
	eftf_pool_free(p);
}

/* Two ranges: no network's and no broadcast address, and who was in either comes back to it. */
static void test_several(void **state)
{
	struct eftf_pool_settings set = { HOLD, QUARANTINE, 64 };
	struct eftf_ranges ranges = { .n = 0 };
	uint8_t token[EFTF_TOKEN_LEN];
	struct in_addr a, last = { 0 };
	struct eftf_pool *p;
	struct eftf_err err;
	uint32_t seen = 0;

	(void)state;
	assert_true(eftf_ranges_add(&ranges, ip("10.0.0.0"), 29));
	assert_false(eftf_ranges_add(&ranges, ip("10.0.0.4"), 30));
	assert_false(eftf_ranges_add(&ranges, ip("10.0.0.0"), 24));
	assert_true(eftf_ranges_add(&ranges, ip("9.0.0.0"), 30));
	if (eftf_pool_new(&p, &ranges, ip("10.0.0.1"), &set, tokens, &err))
		fail_msg("%s", err.text);
	assert_int_equal(counts(p).size, 7);
	for (int i = 0; i < 7; i++) {
		char source[32];

		snprintf(source, sizeof(source), "192.0.2.%d", i + 1);
		a = lease(p, i == 6 ? with_cert(source, 5, "phone") : from(source), owner + i, 0, false, token);
		seen |= 1u << ((ntohl(a.s_addr) >> 24 == 9 ? 8 : 0) + (ntohl(a.s_addr) & 7));
		last = a;
	}
	/* .2 to .6 of the first, .1 and .2 of the second */
	assert_int_equal(seen, 0x7c | 0x600);
	assert_int_equal(last.s_addr, ip("9.0.0.2").s_addr);
	assert_int_equal(refused(p, from("198.51.100.1"), 0), -ENOSPC);
	eftf_pool_release(p, last, owner + 6, false, 1);
	a = lease(p, with_cert("203.0.113.1", 5, "phone"), owner, 2, true, NULL);
	assert_int_equal(a.s_addr, last.s_addr);
	a = take(p, with_token("203.0.113.2", token), claimant, 3, true);
	assert_int_equal(a.s_addr, last.s_addr);
	eftf_pool_free(p);
}

/* What has no address is not kept; an IPv6 /56 is one source. */
static void test_charges(void **state)
{
	static const char *const distinct[] = { "192.0.2.1", "192.0.2.2", "2001:db8::1",
						"2001:db8:0:100::1", "::1" };
	struct eftf_charge *c[5], *again;
	struct sockaddr_storage a;
	struct eftf_charges *all;

	(void)state;
	assert_int_equal(eftf_charges_new(&all, 4, NULL), 0);
	for (int i = 0; i < 5; i++) {
		a = outer(distinct[i]);
		c[i] = eftf_charge_get(all, &a);
		c[i]->addresses++;
		for (int j = 0; j < i; j++)
			assert_ptr_not_equal(c[i], c[j]);
	}
	a = outer("192.0.2.1");
	assert_ptr_equal(eftf_charge_get(all, &a), c[0]);
	a = outer("::ffff:192.0.2.2");
	assert_ptr_equal(eftf_charge_get(all, &a), c[1]);
	a = outer("2001:db8:0:ff:1::1");
	assert_ptr_equal(eftf_charge_get(all, &a), c[2]);
	eftf_charge_put(all, c[0]);		/* still has one */
	a = outer("192.0.2.1");
	assert_ptr_equal(eftf_charge_get(all, &a), c[0]);
	c[0]->addresses = 0;
	eftf_charge_put(all, c[0]);
	again = eftf_charge_get(all, &a);
	assert_int_equal(again->addresses, 0);
	for (int round = 0; round < 2; round++) {	/* chains of all lengths */
		for (unsigned int i = 0; i < 10000; i++) {
			a = outer("10.0.0.0");
			((struct sockaddr_in *)&a)->sin_addr.s_addr = htonl(0x0a000000u + i);
			again = eftf_charge_get(all, &a);
			assert_int_equal(again->addresses, round);
			again->addresses = !round;
			eftf_charge_put(all, again);
		}
	}
	eftf_charges_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_siphash), cmocka_unit_test(test_all_once),
		cmocka_unit_test(test_wish), cmocka_unit_test(test_quarantine),
		cmocka_unit_test(test_hold_and_token), cmocka_unit_test(test_tokens_of_others),
		cmocka_unit_test(test_hog), cmocka_unit_test(test_nothing_free),
		cmocka_unit_test(test_pass_on), cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_newest_wins), cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_static),
		cmocka_unit_test(test_static_reload),
		cmocka_unit_test(test_several), cmocka_unit_test(test_charges),
	};

	return cmocka_run_group_tests(tests, tokens_open, tokens_close);
}
