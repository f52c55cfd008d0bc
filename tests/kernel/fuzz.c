// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "fixture.h"

struct fuzz fuzz = {.seconds = 20};

static void stuck(int number)
{
	static const char text[] = "ERROR: a round does not come to its end\n";

	(void)number;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(4);
	fuzz_tell();
	fflush(stdout);
	_exit(3);
}

static uint64_t number(const char *text, uint64_t max)
{
	uint64_t v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || *end || end == text || v > max) {
		fprintf(stderr, "usage: %s [SEED [SECONDS [FIRST]]]\n", fuzz.name);
		exit(2);
	}
	return v;
}

void fuzz_args(int argc, char **argv)
{
	fuzz.name = argv[0];
	if (argc > 1)
		fuzz.seed = number(argv[1], UINT64_MAX);
	if (argc > 2)
		fuzz.seconds = (unsigned int)number(argv[2], 1000000);
	if (argc > 3)
		fuzz.first = (unsigned int)number(argv[3], UINT32_MAX);
	while (!fuzz.seed)
		if (getrandom(&fuzz.seed, sizeof(fuzz.seed), 0) != sizeof(fuzz.seed))
			fuzz.seed = (uint64_t)fx_now();
	printf("seed %llu, %u s\n", (unsigned long long)fuzz.seed, fuzz.seconds);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, stuck);
	signal(SIGPIPE, SIG_IGN);
}

void fuzz_begin(unsigned int percent)
{
	fuzz.round = fuzz.first;
	fuzz.end = fx_now() + fuzz.seconds * 10LL * percent;
}

bool fuzz_round(void)
{
	if (fx_now() >= fuzz.end) {
		alarm(0);
		return false;
	}
	alarm(FUZZ_STUCK);
	/* splitmix64: neighbouring rounds have nothing in common */
	fuzz.state = (fuzz.seed ^ (uint64_t)fuzz.round * 0x9e3779b97f4a7c15) | 1;
	fuzz.round++;
	return true;
}

static uint64_t next(void)
{
	uint64_t z = fuzz.state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t fuzz_below(uint32_t n)
{
	return (uint32_t)(next() % n);
}

bool fuzz_one_in(uint32_t n)
{
	return fuzz_below(n) == 0;
}

void fuzz_fill(void *to, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = (uint8_t)next();
}

void fuzz_did(const char *fmt, ...)
{
	char *line = fuzz.history[fuzz.n_history++ % 48];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(fuzz.history[0]), fmt, ap);
	va_end(ap);
}

void fuzz_tell(void)
{
	unsigned int i = fuzz.n_history > 48 ? fuzz.n_history - 48 : 0;

	printf("to see it again: %s %llu %u %u\n", fuzz.name, (unsigned long long)fuzz.seed,
	       fuzz.seconds, fuzz.round - 1);
	for (; i < fuzz.n_history; i++)
		printf("did: %s\n", fuzz.history[i % 48]);
}
