/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "prefix.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "random.h"
#include "siphash.h"

#define WAYS 8				/* entries that share a hash value */
#define SPARE 4				/* entries for each connection and level */
#define BURST_S 10.0

struct level {
	uint8_t family, plen;
	unsigned int factor;		/* of the limits */
};

/* From the narrowest to the widest. */
static const struct level levels6[EFTF_PREFIX_LEVELS] = {
	{ AF_INET6, 128, 1 }, { AF_INET6, 64, 1 }, { AF_INET6, 56, 2 }, { AF_INET6, 48, 8 },
};
static const struct level levels4[EFTF_PREFIX_LEVELS] = {
	{ AF_INET, 32, 1 }, { AF_INET, 24, 8 }, { 0, 0, 0 }, { 0, 0, 0 },
};

struct key {
	uint8_t family, plen;		/* family 0: the entry was never used */
	uint8_t addr[16];
};

struct eftf_prefix {
	struct key key;
	unsigned int open;
	double full_at;			/* when the allowance is whole again */
};

struct eftf_prefixes {
	struct eftf_prefix *e;		/* sets of WAYS */
	uint32_t mask;			/* of the number of a set */
	struct eftf_siphash_key key;
};

int eftf_prefixes_new(struct eftf_prefixes **out, unsigned int open, struct eftf_err *err)
{
	struct eftf_prefixes *p = calloc(1, sizeof(*p));
	uint32_t sets = 16;

	if (!p)
		return eftf_err_set(err, ENOMEM, "out of memory");
	while (sets * WAYS < open * EFTF_PREFIX_LEVELS * SPARE)
		sets <<= 1;
	p->mask = sets - 1;
	p->e = calloc((size_t)sets * WAYS, sizeof(*p->e));
	if (!p->e || eftf_random(&p->key, sizeof(p->key))) {
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
	free(p->e);
	free(p);
}

/*
 * The entry of a prefix. A new one takes the place of one that counts nothing
 * and was quiet for longest. NULL: there is none in its set, which an attacker
 * cannot bring about, for the hash is keyed; the prefix is not counted then.
 */
static struct eftf_prefix *find(struct eftf_prefixes *p, const struct level *level,
				const uint8_t *octets)
{
	struct key key = { .family = level->family, .plen = level->plen };
	struct eftf_prefix *set, *unused = NULL;

	memcpy(key.addr, octets, level->plen / 8);
	set = p->e + (size_t)(eftf_siphash(&p->key, &key, sizeof(key)) & p->mask) * WAYS;
	for (int i = 0; i < WAYS; i++) {
		if (!memcmp(&set[i].key, &key, sizeof(key)))
			return &set[i];
		if (!set[i].open && (!unused || set[i].full_at < unused->full_at))
			unused = &set[i];
	}
	if (unused)
		*unused = (struct eftf_prefix){ .key = key };
	return unused;
}

static enum eftf_prefix_verdict judge(const struct eftf_prefix *e, const struct level *level,
				      const struct eftf_prefix_limits *limits, double now)
{
	if (e->open >= limits->open * level->factor)
		return EFTF_PREFIX_FULL;
	return limits->rate && e->full_at - now > BURST_S ? EFTF_PREFIX_TOO_FAST :
		EFTF_PREFIX_ADMITTED;
}

enum eftf_prefix_verdict eftf_prefix_enter(struct eftf_prefixes *p,
					   const struct sockaddr_storage *addr,
					   const struct eftf_prefix_limits *limits, double now,
					   struct eftf_prefix_use *use)
{
	enum eftf_prefix_verdict verdict;
	const struct level *levels;
	struct eftf_prefix *e;
	const uint8_t *octets;
	int n;

	memset(use, 0, sizeof(*use));
	levels = eftf_addr_octets(addr, &octets) == 4 ? levels4 : levels6;
	for (n = 0; n < EFTF_PREFIX_LEVELS && levels[n].family; n++) {
		e = find(p, &levels[n], octets);
		if (!e)
			continue;
		verdict = judge(e, &levels[n], limits, now);
		if (verdict != EFTF_PREFIX_ADMITTED) {
			eftf_prefix_leave(use);
			return verdict;
		}
		e->open++;		/* from here on the entry is in use, whatever else its set gets */
		use->p[n] = e;
	}
	for (n = 0; n < EFTF_PREFIX_LEVELS && limits->rate; n++) {
		if (!use->p[n])
			continue;
		if (use->p[n]->full_at < now)
			use->p[n]->full_at = now;
		use->p[n]->full_at += 1.0 / limits->rate / levels[n].factor;
	}
	return EFTF_PREFIX_ADMITTED;
}

void eftf_prefix_leave(struct eftf_prefix_use *use)
{
	for (int i = 0; i < EFTF_PREFIX_LEVELS; i++)
		if (use->p[i])
			use->p[i]->open--;
	memset(use, 0, sizeof(*use));
}
