/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers of the module have in common. They take
 *	[SEED [SECONDS [FIRST]]]
 * SEED 0 (the default) means any; the seed is printed. Each round's choices
 * depend on the seed and the round's number alone: FIRST is the number of the
 * first round, to come to an interesting one at once.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fuzz {
	uint64_t seed;
	unsigned int seconds;
	unsigned int round;	/* current one */
	unsigned int first;
	uint64_t state;
	int64_t end;
	const char *name;
	char history[48][96];	/* what was done last, oldest overwritten first */
	unsigned int n_history;
};

extern struct fuzz fuzz;

/* Reads the arguments; prints the seed. Exits with 2 if they make no sense. */
void fuzz_args(int argc, char **argv);
/* Before the first fuzz_round(): so much of the time, in percent, is for these rounds. */
void fuzz_begin(unsigned int percent);
/*
 * Begins a round; false when the time is over. A round that takes more than
 * FUZZ_STUCK seconds ends the program: something hangs.
 */
#define FUZZ_STUCK 300
bool fuzz_round(void);

/* 0 to n - 1; n > 0. */
uint32_t fuzz_below(uint32_t n);
/* True one time in n. */
bool fuzz_one_in(uint32_t n);
void fuzz_fill(void *to, size_t len);

/* Remembers what was done; the last of it is printed by fuzz_tell(). */
void fuzz_did(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The seed, the round and the history, for a failure. */
void fuzz_tell(void);
#define fuzz_fail(...) do {	\
	fuzz_tell();		\
	fail_msg(__VA_ARGS__);	\
} while (0)

#endif
