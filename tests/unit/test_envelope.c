/* SPDX-License-Identifier: GPL-2.0-or-later */
/* include/ftt_ims.h: streams cut at every octet, and against a parser that sees the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ftt_ims.h"

struct envelope {
	__u8 type;
	size_t len;
	__u8 data[65535];
};

/* What a stream is found to hold. bad: framing was lost after the envelopes. */
struct found {
	unsigned int n;
	bool bad;
	struct envelope *e;
};

#define MAX_FOUND 64

static void found_init(struct found *f)
{
	f->n = 0;
	f->bad = false;
	f->e = calloc(MAX_FOUND, sizeof(*f->e));
	assert_non_null(f->e);
}

/* The naive parser: the whole buffer at once, whole envelopes only. */
static void parse_whole(const __u8 *buf, size_t len, struct found *f)
{
	size_t pos = 0, total;

	while (len - pos >= 3 && f->n < MAX_FOUND) {
		total = (size_t)buf[pos + 1] * 256 + buf[pos + 2];
		if (total < 3) {
			f->bad = true;
			return;
		}
		if (total > len - pos)
			return;
		f->e[f->n].type = buf[pos];
		f->e[f->n].len = total - 3;
		memcpy(f->e[f->n].data, buf + pos + 3, total - 3);
		f->n++;
		pos += total;
	}
}

/* One piece of a stream into what was found so far. */
static void feed(struct ftt_ims_decoder *d, const __u8 *buf, size_t len, struct found *f)
{
	struct ftt_ims_piece piece;
	struct envelope *e;
	int used;

	while (len && !f->bad && f->n < MAX_FOUND) {
		used = ftt_ims_decode(d, buf, len, &piece);
		if (used < 0) {
			f->bad = true;
			return;
		}
		assert_in_range(used, 1, len);
		if (piece.valid) {
			e = &f->e[f->n];
			if (piece.first)
				e->len = 0;
			assert_true(piece.data >= buf && piece.data + piece.len <= buf + len);
			memcpy(e->data + e->len, piece.data, piece.len);
			e->len += piece.len;
			e->type = piece.type;
			assert_true(e->len <= piece.payload_len);
			assert_int_equal(piece.last, e->len == piece.payload_len);
			if (piece.last)
				f->n++;
		}
		buf += used;
		len -= (size_t)used;
	}
}

static void assert_same(const struct found *a, const struct found *b)
{
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->bad, b->bad);
	for (unsigned int i = 0; i < a->n; i++) {
		assert_int_equal(a->e[i].type, b->e[i].type);
		assert_int_equal(a->e[i].len, b->e[i].len);
		assert_memory_equal(a->e[i].data, b->e[i].data, a->e[i].len);
	}
}

static size_t add(__u8 *buf, size_t pos, __u8 type, size_t payload)
{
	ftt_ims_put_header(buf + pos, type, payload);
	for (size_t i = 0; i < payload; i++)
		buf[pos + 3 + i] = (__u8)(pos + i * 7);
	return pos + 3 + payload;
}

static void test_header(void **state)
{
	__u8 hdr[3];

	(void)state;
	ftt_ims_put_header(hdr, FTT_IMS_TYPE_IP, 0);
	assert_memory_equal(hdr, ((__u8[]){ 1, 0, 3 }), 3);
	assert_int_equal(ftt_ims_payload_len(hdr), 0);
	ftt_ims_put_header(hdr, 0xf0, FTT_IMS_MAX_PAYLOAD);
	assert_memory_equal(hdr, ((__u8[]){ 0xf0, 0xff, 0xff }), 3);
	assert_int_equal(ftt_ims_payload_len(hdr), 65532);
	for (__u8 len = 0; len < 3; len++)
		assert_int_equal(ftt_ims_payload_len((__u8[]){ 1, 0, len }), -1);
}

static void test_every_cut(void **state)
{
	struct found whole, cut;
	struct ftt_ims_decoder d;
	__u8 buf[512];
	size_t len = 0;

	(void)state;
	len = add(buf, len, 1, 40);
	len = add(buf, len, 7, 0);		/* empty, unknown */
	len = add(buf, len, 1, 1);
	len = add(buf, len, 1, 300);
	found_init(&whole);
	found_init(&cut);
	parse_whole(buf, len, &whole);
	assert_int_equal(whole.n, 4);
	for (size_t a = 0; a <= len; a++) {	/* every cut into three pieces */
		for (size_t b = a; b <= len; b++) {
			cut.n = 0;
			memset(&d, 0, sizeof(d));
			feed(&d, buf, a, &cut);
			feed(&d, buf + a, b - a, &cut);
			feed(&d, buf + b, len - b, &cut);
			assert_same(&whole, &cut);
		}
	}
	cut.n = 0;				/* and octet by octet */
	memset(&d, 0, sizeof(d));
	for (size_t i = 0; i < len; i++)
		feed(&d, buf + i, 1, &cut);
	assert_same(&whole, &cut);
	free(whole.e);
	free(cut.e);
}

static void test_biggest(void **state)
{
	struct found whole, cut;
	struct ftt_ims_decoder d = { .have = 0 };
	__u8 *buf = malloc(200000);
	size_t len;

	(void)state;
	assert_non_null(buf);
	len = add(buf, 0, 1, FTT_IMS_MAX_PAYLOAD);
	len = add(buf, len, 1, 20);
	len = add(buf, len, 1, FTT_IMS_MAX_PAYLOAD);
	found_init(&whole);
	found_init(&cut);
	parse_whole(buf, len, &whole);
	assert_int_equal(whole.n, 3);
	for (size_t pos = 0; pos < len; pos += 1448)
		feed(&d, buf + pos, len - pos < 1448 ? len - pos : 1448, &cut);
	assert_same(&whole, &cut);
	free(whole.e);
	free(cut.e);
	free(buf);
}

static void test_lost_framing(void **state)
{
	static const __u8 good[] = { 1, 0, 4, 0x45 };
	struct ftt_ims_piece piece;
	struct ftt_ims_decoder d;

	(void)state;
	for (__u8 length = 0; length < 3; length++) {
		__u8 bad[] = { 1, 0, length };

		memset(&d, 0, sizeof(d));
		assert_int_equal(ftt_ims_decode(&d, good, sizeof(good), &piece), 4);
		assert_int_equal(ftt_ims_decode(&d, bad, 2, &piece), 2);
		assert_false(piece.valid);
		assert_int_equal(ftt_ims_decode(&d, bad + 2, 1, &piece), -1);
	}
}

/* Random streams, random cuts: both parsers must agree. */
static void test_differential(void **state)
{
	struct found whole, cut;
	struct ftt_ims_decoder d;
	__u8 buf[2048];
	size_t len, n;

	(void)state;
	srand(24322);
	found_init(&whole);
	found_init(&cut);
	for (int round = 0; round < 20000; round++) {
		len = (size_t)rand() % sizeof(buf) + 1;
		for (size_t i = 0; i < len; i++)
			buf[i] = (__u8)(rand() % 4 ? rand() % 8 : rand());
		whole.n = cut.n = 0;
		whole.bad = cut.bad = false;
		parse_whole(buf, len, &whole);
		memset(&d, 0, sizeof(d));
		for (size_t pos = 0; pos < len; pos += n) {
			n = (size_t)rand() % 40 + 1;
			if (n > len - pos)
				n = len - pos;
			feed(&d, buf + pos, n, &cut);
		}
		assert_same(&whole, &cut);
	}
	free(whole.e);
	free(cut.e);
}

static void test_check_ip(void **state)
{
	__u8 p[128] = { 0x45, 0, 0, 20 };

	(void)state;
	assert_int_equal(ftt_ims_check_ip(p, 20), FTT_IMS_IPV4);
	assert_int_equal(ftt_ims_check_ip(p, 21), FTT_IMS_BAD_LENGTH);
	assert_int_equal(ftt_ims_check_ip(p, 19), FTT_IMS_BAD_VERSION);
	assert_int_equal(ftt_ims_check_ip(p, 0), FTT_IMS_BAD_VERSION);
	p[0] = 0x44;			/* header of 16 octets */
	assert_int_equal(ftt_ims_check_ip(p, 20), FTT_IMS_BAD_VERSION);
	p[0] = 0x46;			/* header longer than the packet */
	assert_int_equal(ftt_ims_check_ip(p, 20), FTT_IMS_BAD_LENGTH);
	p[3] = 24;
	assert_int_equal(ftt_ims_check_ip(p, 24), FTT_IMS_IPV4);
	memset(p, 0, sizeof(p));
	p[0] = 0x60;
	assert_int_equal(ftt_ims_check_ip(p, 40), FTT_IMS_IPV6);
	assert_int_equal(ftt_ims_check_ip(p, 39), FTT_IMS_BAD_VERSION);
	p[5] = 8;
	assert_int_equal(ftt_ims_check_ip(p, 40), FTT_IMS_BAD_LENGTH);
	assert_int_equal(ftt_ims_check_ip(p, 48), FTT_IMS_IPV6);
	p[0] = 0x50;
	assert_int_equal(ftt_ims_check_ip(p, 48), FTT_IMS_BAD_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_biggest),
		cmocka_unit_test(test_lost_framing),
		cmocka_unit_test(test_differential),
		cmocka_unit_test(test_check_ip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
