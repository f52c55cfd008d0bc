// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/ike_probe.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ike_probe.h"

#define ANSWER_LEN 40	/* marker, header, a Notify without data */

static uint8_t secret[EFTF_IKE_RANDOM_LEN];

/* NO_PROPOSAL_CHOSEN, as RFC 7296 3.1 and 3.10 have it. */
static void make_answer(uint8_t out[ANSWER_LEN])
{
	uint8_t request[EFTF_IKE_REQUEST_LEN];
	static const uint8_t rest[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 41, 0x20, 34, 0x20, 0, 0, 0, 0, 0, 0, 0, 36,
		0, 0, 0, 8, 0, 0, 0, 14,
	};

	eftf_ike_request(request, secret);
	memcpy(out, request, 12);
	memcpy(out + 12, rest, sizeof(rest));
}

/* From a heap block of exactly len octets: an overread is seen. */
static int parse(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	int ret;

	assert_non_null(copy);
	memcpy(copy, data, len);
	ret = eftf_ike_parse(copy, len, secret);
	free(copy);
	return ret;
}

/* Walks the payloads by their own lengths: they end where the message does. */
static void test_request(void **state)
{
	static const uint8_t payloads[] = { 33, 34, 40 };
	uint8_t out[EFTF_IKE_REQUEST_LEN];
	size_t at = 4 + 28, i;
	uint8_t next;

	(void)state;
	eftf_ike_request(out, secret);
	assert_memory_equal(out, "\0\0\0\0", 4);
	assert_int_equal(out[4] & 1, 1);
	assert_memory_equal(out + 4 + 16, "\x21\x20\x22\x08\0\0\0\0\0\0\0", 11);
	assert_int_equal(out[4 + 27], EFTF_IKE_REQUEST_LEN - 4);
	next = out[4 + 16];
	for (i = 0; i < sizeof(payloads); i++) {
		assert_int_equal(next, payloads[i]);
		assert_true(at + 4 <= sizeof(out));
		next = out[at];
		at += (size_t)out[at + 2] << 8 | out[at + 3];
	}
	assert_int_equal(next, 0);
	assert_int_equal(at, sizeof(out));
	/* the share and the nonce are the random octets behind the SPI's */
	assert_memory_equal(out + sizeof(out) - 32, secret + 40, 32);
	assert_memory_equal(out + sizeof(out) - 36 - 32, secret + 8, 32);
}

static void test_answer(void **state)
{
	uint8_t a[ANSWER_LEN];
	size_t i;

	(void)state;
	make_answer(a);
	assert_int_equal(parse(a, sizeof(a)), 0);
	for (i = 0; i < sizeof(a); i++)
		assert_int_equal(parse(a, i), -EBADMSG);
}

/* Each octet that makes it an answer to this request. */
static void test_others(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		int ret;
	} table[] = {
		{ 0, 1, -EBADMSG },		/* ESP */
		{ 4 + 17, 0x10, -EBADMSG },	/* IKEv1 */
		{ 4 + 27, 35, -EBADMSG },	/* another length */
		{ 4 + 24, 1, -EBADMSG },
		{ 4, 0xfe, -ENOMSG },		/* another SPI */
		{ 4 + 7, 0xfe, -ENOMSG },
		{ 4 + 18, 37, -ENOMSG },	/* another exchange */
		{ 4 + 19, 0x08, -ENOMSG },	/* our own request, sent back */
		{ 4 + 19, 0x28, -ENOMSG },
		{ 4 + 23, 1, -ENOMSG },		/* another message of it */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint8_t a[ANSWER_LEN];

		make_answer(a);
		a[table[i].at] = table[i].value;
		print_message("row %zu\n", i);
		assert_int_equal(parse(a, sizeof(a)), table[i].ret);
	}
}

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(2 * i + 100);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
