/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzz targets have in common. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An assertion that is never compiled out and says what it wanted. */
#define must(condition) do {							\
	if (!(condition)) {							\
		fprintf(stderr, "%s:%d: wrong: %s\n", __FILE__, __LINE__, #condition); \
		abort();							\
	}									\
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that ends where its memory ends: reading past it is seen. */
static inline void *fuzz_exact(const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);

	must(copy);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

/* The input, taken octet by octet; 0 when it is used up. */
struct fuzz_in {
	const uint8_t *p;
	size_t left;
};

static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->p++;
}

static inline uint16_t fuzz_u16(struct fuzz_in *in)
{
	uint8_t high = fuzz_u8(in);

	return (uint16_t)(high << 8 | fuzz_u8(in));
}

/* The next octets, at most max: a length (2 octets) comes first. Free it. */
static inline uint8_t *fuzz_block(struct fuzz_in *in, size_t max, size_t *size)
{
	uint8_t *block;

	*size = fuzz_u16(in);
	if (*size > in->left)
		*size = in->left;
	if (*size > max)
		*size = max;
	block = fuzz_exact(in->p, *size);
	in->p += *size;
	in->left -= *size;
	return block;
}

#endif
