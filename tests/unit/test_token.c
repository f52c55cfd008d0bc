/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/token.c lib/random.c lib/log.c lib/log_json.c lib/err.c */
/* libs: -lwolfssl */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/token.h"

#define K1 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define K2 "FFEEDDCCBBAA99887766554433221100ffeeddccbbaa99887766554433221100"
#define K3 "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"

static char path[] = "/tmp/eftf-token-XXXXXX";

static const struct eftf_token_lease lease = {
	.id = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 },
	.inner4 = { 0x0200400a }, .inner6 = { 0xfd, 0, 0, 0x64 }, .epoch = 0xfedcba98,
};

static void write_keys(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fchmod(fileno(f), 0600);
	fputs(text, f);
	fclose(f);
}

static struct eftf_tokens *with_keys(const char *text)
{
	struct eftf_tokens *t = NULL;
	struct eftf_err err;

	write_keys(text);
	if (eftf_tokens_new(&t, path, &err))
		fail_msg("%s", err.text);
	return t;
}

static void test_round_trip(void **state)
{
	struct eftf_tokens *t = with_keys(K1 "\n"), *other = with_keys(K2 "\n");
	uint8_t one[EFTF_TOKEN_LEN], two[EFTF_TOKEN_LEN];
	struct eftf_token_lease back;

	(void)state;
	assert_int_equal(eftf_token_seal(t, &lease, one), 0);
	assert_int_equal(eftf_token_seal(t, &lease, two), 0);
	assert_memory_not_equal(one, two, sizeof(one));
	assert_int_equal(eftf_token_open(t, one, sizeof(one), &back), 0);
	assert_memory_equal(&back, &lease, sizeof(lease));
	/* Of what is inside nothing can be seen from outside. */
	assert_null(memmem(one, sizeof(one), lease.id, sizeof(lease.id)));
	assert_null(memmem(one, sizeof(one), &lease.inner4, 4));
	assert_int_equal(eftf_token_open(other, one, sizeof(one), &back), -EBADMSG);
	for (size_t i = 0; i < sizeof(one) * 8; i++) {
		one[i / 8] ^= 1 << i % 8;
		assert_int_equal(eftf_token_open(t, one, sizeof(one), &back), -EBADMSG);
		one[i / 8] ^= 1 << i % 8;
	}
	for (size_t len = 0; len < sizeof(one); len++) {
		uint8_t *exact = malloc(len + 1);

		memcpy(exact, one, len);
		assert_int_equal(eftf_token_open(t, exact, len, &back), -EBADMSG);
		free(exact);
	}
	eftf_tokens_free(t);
	eftf_tokens_free(other);
}

/*
 * A token as another gateway of the fleet makes it, put together with another library:
 * HMAC-SHA256 (K1, "eftf resume token, version 2" and its zero octet, salt a0 .. b7), AES-256-GCM.
 */
static void test_known_token(void **state)
{
	static const char text[] =
		"02a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7a3c233d685bb39"
		"ba22f9fa4f98f2d74ee121e7851d2eddf4075cfba79b6135bf202d90c3c25dfe"
		"0c890aac2e4205644f";
	struct eftf_tokens *t = with_keys(K2 "\n" K1 "\n");
	uint8_t token[EFTF_TOKEN_LEN];
	/* the sample's IPv4 address as octets, for either byte order */
	static const uint8_t inner4[] = { 0x0a, 0x40, 0x00, 0x02 };
	struct eftf_token_lease back;

	(void)state;
	assert_int_equal(strlen(text), 2 * sizeof(token));
	for (size_t i = 0; i < sizeof(token); i++) {
		char pair[3] = { text[2 * i], text[2 * i + 1] };

		token[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	assert_int_equal(eftf_token_open(t, token, sizeof(token), &back), 0);
	assert_memory_equal(back.id, lease.id, sizeof(back.id));
	assert_memory_equal(&back.inner4, inner4, sizeof(inner4));
	assert_memory_equal(back.inner6, lease.inner6, sizeof(back.inner6));
	assert_int_equal(back.epoch, lease.epoch);
	token[0] = 1;	/* the version before, sealed by another cipher */
	assert_int_equal(eftf_token_open(t, token, sizeof(token), &back), -EBADMSG);
	eftf_tokens_free(t);
}

/* A new key in front: tokens of the old one still open, until it leaves the file. */
static void test_rotation(void **state)
{
	struct eftf_tokens *t = with_keys("# keys of the fleet\n\n" K1 "\n");
	uint8_t before[EFTF_TOKEN_LEN], after[EFTF_TOKEN_LEN];
	struct eftf_token_lease back;
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_token_seal(t, &lease, before), 0);
	write_keys(K2 "\n" K1 "\n");
	assert_int_equal(eftf_tokens_reload(t, path, &err), 0);
	assert_int_equal(eftf_token_seal(t, &lease, after), 0);
	assert_int_equal(eftf_token_open(t, before, sizeof(before), &back), 0);
	write_keys(K2);
	assert_int_equal(eftf_tokens_reload(t, path, &err), 0);
	assert_int_equal(eftf_token_open(t, before, sizeof(before), &back), -EBADMSG);
	assert_int_equal(eftf_token_open(t, after, sizeof(after), &back), 0);
	/* A file that is wrong changes nothing. */
	write_keys(K3 "0\n");
	assert_int_equal(eftf_tokens_reload(t, path, &err), -EINVAL);
	unlink(path);
	assert_int_equal(eftf_tokens_reload(t, path, &err), -ENOENT);
	assert_int_equal(eftf_token_open(t, after, sizeof(after), &back), 0);
	eftf_tokens_free(t);
}

static void test_wrong_files(void **state)
{
	static const char *const wrong[] = {
		"", "# none\n", "00\n", K1 K2 "\n", K1 " " K2 "\n", K1 "\n" K2 "\n" K3 "\n",
		"g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", "key = " K1 "\n",
	};
	struct eftf_tokens *t;
	struct eftf_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		write_keys(wrong[i]);
		if (eftf_tokens_new(&t, path, &err) != -EINVAL)
			fail_msg("accepted: %s", wrong[i]);
		assert_non_null(strstr(err.text, "openssl rand -hex 32"));
		assert_null(strstr(err.text, "0011"));	/* a log is no place for a key */
	}
}

/* Without a file each program has a key of its own. */
static void test_random_key(void **state)
{
	struct eftf_tokens *a, *b;
	uint8_t token[EFTF_TOKEN_LEN];
	struct eftf_token_lease back;

	(void)state;
	assert_int_equal(eftf_tokens_new(&a, NULL, NULL), 0);
	assert_int_equal(eftf_tokens_new(&b, NULL, NULL), 0);
	assert_int_equal(eftf_token_seal(a, &lease, token), 0);
	assert_int_equal(eftf_token_open(a, token, sizeof(token), &back), 0);
	assert_int_equal(eftf_token_open(b, token, sizeof(token), &back), -EBADMSG);
	eftf_tokens_free(a);
	eftf_tokens_free(b);
}

static int setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_known_token),
		cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_wrong_files), cmocka_unit_test(test_random_key),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
