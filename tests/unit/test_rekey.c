/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/rekey.c lib/err.c */
/* The answer to an event KEY_UPDATE; TLS, the kernel and the clock are this test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rekey.h"

struct eftf_tls {
	uint8_t rx, tx;			/* keys that it has made */
	int error;
};

static unsigned int freed;
static time_t now;

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	(void)clock;
	*ts = (struct timespec){ .tv_sec = now };
	return 0;
}

void eftf_tls_free(struct eftf_tls *tls)
{
	freed += tls != NULL;
	free(tls);
}

static int make(struct eftf_tls *tls, struct eftf_tls_key *key, uint8_t *n, struct eftf_err *err)
{
	if (tls->error)
		return eftf_err_set(err, tls->error, "no key");
	key->len = ++*n;
	return 0;
}

int eftf_tls_next_rx(struct eftf_tls *tls, struct eftf_tls_key *key, struct eftf_err *err)
{
	return make(tls, key, &tls->rx, err);
}

int eftf_tls_next_tx(struct eftf_tls *tls, struct eftf_tls_key *key, struct eftf_err *err)
{
	return make(tls, key, &tls->tx, err);
}

/* What the kernel was told: "ifindex id transport rx tx request". */
static char told[64];
static int refusal;

int eftf_nl_tunnel_rekey(struct eftf_nl *nl, uint32_t ifindex, uint32_t id, uint32_t transport,
			 const struct eftf_tls_key *rx, const struct eftf_tls_key *tx, bool request,
			 struct eftf_err *err)
{
	assert_null(nl);
	snprintf(told, sizeof(told), "%u %u %u %u %u %d", ifindex, id, transport, rx ? rx->len : 0,
		 tx ? tx->len : 0, request);
	return refusal ? eftf_err_set(err, refusal, "refused") : 0;
}

static struct eftf_rekey r;
static struct eftf_err err;

static int setup(void **state)
{
	(void)state;
	refusal = 0;
	told[0] = 0;
	freed = 0;
	now = 1000;
	eftf_rekey_set(&r, calloc(1, sizeof(struct eftf_tls)), 1);
	return r.tls ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	eftf_rekey_set(&r, NULL, 0);
	return 0;
}

static int event(uint32_t transport, bool request)
{
	struct eftf_tunnel_info info = { .cmd = EFTF_CMD_EVENT_KEY_UPDATE, .ifindex = 7, .id = 3,
					 .transport = transport, .update_requested = request };

	told[0] = 0;
	return eftf_rekey_answer(&r, NULL, &info, &err);
}

static void test_answers(void **state)
{
	(void)state;
	assert_int_equal(event(1, false), 1);
	assert_string_equal(told, "7 3 1 1 0 0");
	assert_int_equal(event(1, true), 1);
	assert_string_equal(told, "7 3 1 2 1 0");	/* and asks for nothing itself */
	assert_int_equal(event(1, false), 1);
	assert_string_equal(told, "7 3 1 3 0 0");
}

/* An object belongs to one connection. */
static void test_transport(void **state)
{
	(void)state;
	assert_int_equal(event(2, false), 0);
	assert_int_equal(event(0, false), 0);
	assert_string_equal(told, "");
	eftf_rekey_set(&r, calloc(1, sizeof(struct eftf_tls)), 2);
	assert_int_equal(freed, 1);
	assert_int_equal(event(1, true), 0);
	assert_int_equal(event(2, true), 1);
	assert_string_equal(told, "7 3 2 1 1 0");
	eftf_rekey_set(&r, NULL, 3);
	assert_int_equal(freed, 2);
	assert_int_equal(event(2, false), 0);
	assert_int_equal(event(3, false), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "key_update"));
	assert_string_equal(told, "");
}

/* After a failure nobody knows whose key is which. */
static void test_failures(void **state)
{
	(void)state;
	refusal = EBUSY;
	assert_int_equal(event(1, false), -EBUSY);
	assert_string_equal(err.text, "refused");
	assert_int_equal(freed, 1);
	assert_int_equal(event(1, false), -EOPNOTSUPP);
	eftf_rekey_set(&r, calloc(1, sizeof(struct eftf_tls)), 2);
	r.tls->error = EIO;
	assert_int_equal(event(2, true), -EIO);
	assert_string_equal(told, "");
	assert_int_equal(freed, 2);
}

static void test_flood(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++, now += 10)
		for (int i = 0; i < 32; i++)
			assert_int_equal(event(1, i & 1), 1);
	for (int i = 0; i < 32; i++)
		assert_int_equal(event(1, false), 1);
	assert_int_equal(event(1, false), -EDQUOT);
	assert_non_null(strstr(err.text, "more than 32 times in 10 s"));
	assert_int_equal(freed, 1);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_answers), TEST(test_transport), TEST(test_failures), TEST(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
