/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A count-min sketch: a prefix is counted in a few cells that a keyed hash
 * chooses, and has as much as the least of them says. Cells that it shares with
 * others make that too high, all of them together seldom enough. No entry has
 * to be found, made or removed, so that processes need no lock, and none can be
 * left locked by one that is killed.
 */
#include "prefix.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "addr.h"
#include "random.h"
#include "siphash.h"

#define CELLS_OF_PREFIX 4
#define SPARE 4				/* cells for each of a connection */
#define CELLS_MAX (1u << 20)		/* more would be memory for nothing: caps are above 1 */
#define BURST_S 10
#define FACTOR_MAX 8

struct level {
	uint8_t family, plen;
	unsigned int factor;		/* of the limits; a divisor of FACTOR_MAX */
};

/* From the narrowest to the widest. */
static const struct level levels6[EFTF_PREFIX_LEVELS] = {
	{ AF_INET6, 128, 1 }, { AF_INET6, 64, 1 }, { AF_INET6, 56, 2 }, { AF_INET6, 48, 8 },
};
static const struct level levels4[EFTF_PREFIX_LEVELS] = {
	{ AF_INET, 32, 1 }, { AF_INET, 24, 8 }, { 0, 0, 0 }, { 0, 0, 0 },
};

struct cell {
	_Atomic uint32_t full_at;	/* when the allowance is whole again, by clock() */
	_Atomic uint32_t open[];	/* each worker writes its own */
};

struct eftf_prefixes {
	uint8_t *cells;
	size_t size;			/* of one */
	uint32_t mask;			/* of the number of a cell */
	unsigned int workers, own;
	struct eftf_siphash_key key;
};

int eftf_prefixes_new(struct eftf_prefixes **out, unsigned int open, unsigned int workers,
		      struct eftf_err *err)
{
	struct eftf_prefixes *p = calloc(1, sizeof(*p));
	uint32_t n = 1024;

	if (!p)
		return eftf_err_set(err, ENOMEM, "out of memory");
	while (n < CELLS_MAX && n < open * EFTF_PREFIX_LEVELS * CELLS_OF_PREFIX * SPARE)
		n <<= 1;
	p->mask = n - 1;
	p->workers = workers;
	p->size = sizeof(struct cell) + workers * sizeof(uint32_t);
	p->cells = mmap(NULL, n * p->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->cells == MAP_FAILED || eftf_random(&p->key, sizeof(p->key))) {
		eftf_prefixes_free(p);
		return eftf_err_set(err, ENOMEM, "no memory or no random octets for the caps of outer prefixes");
	}
	*out = p;
	return 0;
}

void eftf_prefixes_free(struct eftf_prefixes *p)
{
	if (!p)
		return;
	if (p->cells != MAP_FAILED)
		munmap(p->cells, (p->mask + (size_t)1) * p->size);
	free(p);
}

void eftf_prefixes_become(struct eftf_prefixes *p, unsigned int worker)
{
	p->own = worker;
}

/* i: any number */
static struct cell *cell(const struct eftf_prefixes *p, uint64_t i)
{
	return (struct cell *)(void *)(p->cells + (i & p->mask) * p->size);
}

/* The nth cell of a prefix; they are different ones, for the step is odd. */
static struct cell *cell_of(const struct eftf_prefixes *p, uint64_t hash, unsigned int n)
{
	return cell(p, hash + n * (hash >> 32 | 1));
}

void eftf_prefixes_forget(struct eftf_prefixes *p, unsigned int worker)
{
	for (uint64_t i = 0; i <= p->mask; i++)
		atomic_store_explicit(&cell(p, i)->open[worker], 0, memory_order_relaxed);
}

/* Of one that may have FACTOR_MAX times the rate a connection takes one tick. It wraps around. */
static uint32_t clock_of(const struct eftf_prefix_limits *limits, double now)
{
	return (uint32_t)(uint64_t)(now * limits->rate * FACTOR_MAX);
}

/* An allowance is whole again so many ticks ahead, at most. */
static uint32_t most_ahead(const struct eftf_prefix_limits *limits)
{
	return (BURST_S * limits->rate + 1) * FACTOR_MAX;
}

/* What is further ahead was said before the clock went round. */
static uint32_t ahead(uint32_t full_at, uint32_t now, const struct eftf_prefix_limits *limits)
{
	return full_at - now > most_ahead(limits) ? 0 : full_at - now;
}

static enum eftf_prefix_verdict judge(const struct eftf_prefixes *p, uint64_t hash,
				      const struct level *level,
				      const struct eftf_prefix_limits *limits, uint32_t now)
{
	bool full = true, fast = limits->rate;

	for (unsigned int n = 0; n < CELLS_OF_PREFIX; n++) {
		struct cell *c = cell_of(p, hash, n);
		uint64_t open = 0;

		for (unsigned int w = 0; w < p->workers; w++)
			open += atomic_load_explicit(&c->open[w], memory_order_relaxed);
		if (open < (uint64_t)limits->open * level->factor)
			full = false;
		if (ahead(atomic_load_explicit(&c->full_at, memory_order_relaxed), now, limits) <=
		    BURST_S * limits->rate * FACTOR_MAX)
			fast = false;
	}
	return full ? EFTF_PREFIX_FULL : fast ? EFTF_PREFIX_TOO_FAST : EFTF_PREFIX_ADMITTED;
}

/* The rate of a prefix: its allowance is whole again so much later. */
static void take(struct cell *c, const struct level *level, const struct eftf_prefix_limits *limits,
		 uint32_t now)
{
	uint32_t old = atomic_load_explicit(&c->full_at, memory_order_relaxed), ticks;

	do {
		ticks = ahead(old, now, limits) + FACTOR_MAX / level->factor;
		if (ticks > most_ahead(limits))
			ticks = most_ahead(limits);	/* of another prefix that has the cell as well */
	} while (!atomic_compare_exchange_weak_explicit(&c->full_at, &old, now + ticks,
							memory_order_relaxed, memory_order_relaxed));
}

static uint64_t hash_of(const struct eftf_prefixes *p, const struct level *level, const uint8_t *octets)
{
	uint8_t key[18] = { level->family, level->plen };

	memcpy(key + 2, octets, level->plen / 8);
	return eftf_siphash(&p->key, key, sizeof(key));
}

enum eftf_prefix_verdict eftf_prefix_enter(struct eftf_prefixes *p,
					   const struct sockaddr_storage *addr,
					   const struct eftf_prefix_limits *limits, double now,
					   struct eftf_prefix_use *use)
{
	enum eftf_prefix_verdict verdict;
	const struct level *levels;
	uint32_t ticks = clock_of(limits, now);
	const uint8_t *octets;
	unsigned int n = 0;

	use->n = 0;
	levels = eftf_addr_octets(addr, &octets) == 4 ? levels4 : levels6;
	for (; n < EFTF_PREFIX_LEVELS && levels[n].family; n++) {
		use->hash[n] = hash_of(p, &levels[n], octets);
		verdict = judge(p, use->hash[n], &levels[n], limits, ticks);
		if (verdict != EFTF_PREFIX_ADMITTED)
			return verdict;
	}
	for (use->n = n; n-- > 0;)
		for (unsigned int i = 0; i < CELLS_OF_PREFIX; i++) {
			struct cell *c = cell_of(p, use->hash[n], i);

			atomic_fetch_add_explicit(&c->open[p->own], 1, memory_order_relaxed);
			if (limits->rate)
				take(c, &levels[n], limits, ticks);
		}
	return EFTF_PREFIX_ADMITTED;
}

void eftf_prefix_leave(struct eftf_prefixes *p, struct eftf_prefix_use *use)
{
	while (use->n) {
		use->n--;
		for (unsigned int i = 0; i < CELLS_OF_PREFIX; i++)
			atomic_fetch_sub_explicit(&cell_of(p, use->hash[use->n], i)->open[p->own], 1,
						  memory_order_relaxed);
	}
}
