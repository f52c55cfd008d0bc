/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/pool_life.c gw/pool_proof.c gw/ranges.c gw/charge.c gw/token.c gw/siphash.c lib/random.c lib/log.c lib/log_json.c lib/err.c lib/addr.c */
/* libs: -lwolfssl */
/* The pool beside a model of it, under random operations. */
#include <errno.h>

#include "pool_lab.h"

static int claimant[8], owner[8];	/* their addresses are names */

/* A model that is too simple to be wrong, and random operations. */
enum { FREE, CLAIMED, OWNED, HELD, PARKED };

static struct model {
	int st, source;
	bool leased, proven;
	uint8_t token[EFTF_TOKEN_LEN];
	double until;
	unsigned int seq;		/* when it was put into its list */
} m[32];
static unsigned int model_seq;

static void model_list(int j, int st, double until)
{
	m[j].st = st;
	m[j].until = until;
	m[j].seq = ++model_seq;
}

/* The oldest in the states from..to, of a source or, with -1, of all; -1: none. */
static int model_oldest(int from_st, int to_st, int source)
{
	int oldest = -1;

	for (int j = 2; j < 31; j++)
		if (m[j].st >= from_st && m[j].st <= to_st && (source < 0 || m[j].source == source) &&
		    (oldest < 0 || m[j].seq < m[oldest].seq))
			oldest = j;
	return oldest;
}

static void model_expire(double now)
{
	int j;

	while ((j = model_oldest(PARKED, PARKED, -1)) >= 0 && m[j].until <= now)
		m[j].st = FREE;
	while ((j = model_oldest(HELD, HELD, -1)) >= 0 && m[j].until <= now)
		model_list(j, PARKED, now + QUARANTINE);
}

static int model_number(int st, int source)
{
	int n = 0;

	for (int j = 2; j < 31; j++)
		n += (st < 0 ? m[j].st != FREE : m[j].st == st) && (source < 0 || m[j].source == source);
	return n;
}

/* An address without a proof: what the pool must answer; room is made as it makes it. */
static int model_room(int who)
{
	int j;

	if (model_number(-1, who) >= 12) {
		j = model_oldest(HELD, PARKED, who);
		if (j < 0)
			return -EDQUOT;
		m[j].st = FREE;
	}
	if (model_number(FREE, -1))
		return 0;
	j = model_oldest(PARKED, PARKED, -1);
	if (j < 0)
		j = model_oldest(HELD, HELD, -1);
	if (j < 0)
		return -ENOSPC;
	m[j].st = FREE;
	return 0;
}

static void model_get(struct eftf_pool *p, int i, const char *source, int who, double now)
{
	bool token = m[i].st >= HELD, resumed;
	struct eftf_lease_request r = token ? with_token(source, m[i].token) : from(source);
	int expected = token ? 0 : model_room(who);
	struct in_addr a = { 0 };
	int got;

	assert_int_equal(eftf_pool_get(p, &r, claimant, now, &a, &resumed), expected);
	if (expected)
		return;
	assert_int_equal(resumed, token);
	got = (int)(ntohl(a.s_addr) & 31);
	if (token) {
		assert_int_equal(got, i);
	} else {
		assert_int_equal(m[got].st, FREE);
		m[got].leased = false;
		m[got].proven = false;
		m[got].source = who;
	}
	m[got].st = CLAIMED;
}

static void model_confirm(struct eftf_pool *p, int i, const char *source, int who)
{
	struct eftf_lease_request r = m[i].leased ? with_token(source, m[i].token) : from(source);
	void *old;

	assert_int_equal(eftf_pool_confirm(p, &r, (struct in_addr){ htonl(0x0a000000u + (unsigned)i) },
					   claimant, owner, &old, m[i].token), 0);
	m[i].proven = m[i].leased;
	m[i].leased = true;
	m[i].source = who;
	m[i].st = OWNED;
}

static void test_random(void **state)
{
	static const char *const sources[] = { "192.0.2.1", "192.0.2.2", "2001:db8::1", "::1" };
	struct eftf_pool *p = make("10.0.0.0", 27, 12);
	double now = 0;

	(void)state;
	srand(64);
	for (int round = 0; round < 60000; round++) {
		int who = rand() % 4, i = 2 + rand() % 29, what = rand() % 3;

		now += rand() % 20;
		model_expire(now);
		eftf_pool_expire(p, now);
		if (what == 0) {
			model_get(p, i, sources[who], who, now);
		} else if (what == 1 && m[i].st == CLAIMED) {
			model_confirm(p, i, sources[who], who);
		} else if (what == 2 && m[i].st == OWNED) {
			eftf_pool_release(p, (struct in_addr){ htonl(0x0a000000u + (unsigned)i) }, owner,
					  false, now);
			model_list(i, m[i].proven ? HELD : PARKED,
				   now + (m[i].proven ? HOLD : QUARANTINE));
		}
		assert_int_equal(counts(p).owned, model_number(OWNED, -1));
		assert_int_equal(counts(p).held, model_number(HELD, -1));
		assert_int_equal(counts(p).quarantined, model_number(PARKED, -1));
	}
	assert_true(counts(p).evicted > 100 && counts(p).refused_source > 100);
	eftf_pool_free(p);
}

#define CERTS 6

/* Lines of so many of the certificates 0 to CERTS - 1, each with an address of its own; at[]: those addresses, 0: none. */
static void draw_statics(struct eftf_statics *s, uint8_t *at)
{
	s->n = 0;
	for (uint8_t cert = 0; cert < CERTS; cert++) {
		uint8_t i = (uint8_t)(2 + rand() % 29);
		bool taken = rand() % 2;

		for (uint8_t k = 0; k < cert; k++)
			taken = taken || at[k] == i;
		at[cert] = taken ? 0 : i;
		if (taken)
			continue;
		memset(&s->v[s->n], 0, sizeof(s->v[0]));
		s->v[s->n].cert[0] = cert;
		s->v[s->n++].inner.s_addr = htonl(0x0a000000u + i);
	}
}

/* Static addresses come and go: each goes to its certificate only, and afterwards no address is missing. */
static void test_random_statics(void **state)
{
	struct eftf_static lines[CERTS];
	struct eftf_statics s = { lines, 0 };
	struct eftf_pool *p = make("10.0.0.0", 27, 0);
	uint8_t at[CERTS] = { 0 };
	bool owned[32] = { false };
	double now = 0;

	(void)state;
	srand(65);
	for (int round = 0; round < 30000; round++) {
		uint8_t cert = (uint8_t)(rand() % (2 * CERTS));	/* half of them: without one */
		struct eftf_lease_request r = cert < CERTS ? with_cert("192.0.2.1", cert, "x") : from("192.0.2.2");
		int i = 2 + rand() % 29, what = rand() % 20, ret;
		uint8_t token[EFTF_TOKEN_LEN];
		struct in_addr a = { 0 };
		bool resumed;
		void *old;

		now += rand() % 40;
		if (!what) {
			eftf_pool_set_statics(p, NULL);
			draw_statics(&s, at);
			eftf_pool_set_statics(p, &s);
		} else if (what < 10) {
			ret = eftf_pool_get(p, &r, claimant, now, &a, &resumed);
			if (ret == -ENOSPC) {
				assert_true(cert >= CERTS || !at[cert]);
				continue;
			}
			assert_int_equal(ret, 0);
			i = (int)(ntohl(a.s_addr) & 31);
			if (cert < CERTS && at[cert])
				assert_int_equal(i, at[cert]);
			for (uint8_t k = 0; k < CERTS; k++)
				assert_true(at[k] != i || k == cert);
			assert_int_equal(eftf_pool_confirm(p, &r, a, claimant, owner, &old, token), 0);
			owned[i] = true;
		} else if (owned[i]) {
			eftf_pool_release(p, (struct in_addr){ htonl(0x0a000000u + (unsigned)i) }, owner, what % 2, now);
			owned[i] = false;
		}
		assert_int_equal(counts(p).statics, s.n);
	}
	for (int i = 2; i < 31; i++)
		if (owned[i])
			eftf_pool_release(p, (struct in_addr){ htonl(0x0a000000u + (unsigned)i) }, owner, false, now);
	eftf_pool_set_statics(p, NULL);
	for (int i = 2; i < 31; i++)
		lease(p, from("192.0.2.3"), owner, now, false, NULL);
	assert_int_equal(counts(p).owned, 29);
	assert_int_equal(refused(p, from("192.0.2.3"), now), -ENOSPC);
	eftf_pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random), cmocka_unit_test(test_random_statics) };

	return cmocka_run_group_tests(tests, tokens_open, tokens_close);
}
