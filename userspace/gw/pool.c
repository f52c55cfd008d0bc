/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "siphash.h"

#define NONE 0u				/* index 0 is the network's address: never used */

/* An address. All zero: never used yet. */
struct entry {
	void *owner, *claim;
	double held_until;
	uint32_t prev, next;		/* in the list "free" or "held" */
	uint32_t token_next, cert_next;	/* hash chains */
	bool listed_free, held, has_token, has_cert, barred;
	uint8_t token[EFTF_DHCP4_TOKEN_LEN];
	uint8_t cert[EFTF_POOL_ID_LEN];
};

struct list {
	uint32_t head, tail;
};

struct eftf_pool {
	struct entry *e;
	uint32_t base;			/* host order */
	uint32_t size;			/* of e[]; the last one is the broadcast address */
	uint32_t untouched;		/* from here on nothing was ever used, unless wished for */
	struct list free, held;
	uint32_t *by_token, *by_cert;	/* heads of the hash chains */
	uint32_t mask;			/* of the hash tables */
	struct eftf_siphash_key key;
	unsigned int hold;
	unsigned int n_owned, n_held, n_usable;
};

static void list_add(struct eftf_pool *p, struct list *l, uint32_t i)
{
	p->e[i].prev = l->tail;
	p->e[i].next = NONE;
	if (l->tail)
		p->e[l->tail].next = i;
	else
		l->head = i;
	l->tail = i;
}

static void list_del(struct eftf_pool *p, struct list *l, uint32_t i)
{
	struct entry *e = &p->e[i];

	if (e->prev)
		p->e[e->prev].next = e->next;
	else
		l->head = e->next;
	if (e->next)
		p->e[e->next].prev = e->prev;
	else
		l->tail = e->prev;
}

/* ---- proofs --------------------------------------------------------------- */

static uint32_t bucket(const struct eftf_pool *p, const uint8_t *id)
{
	return (uint32_t)eftf_siphash(&p->key, id, EFTF_POOL_ID_LEN) & p->mask;
}

/* In constant time: the time must not tell how much of a guessed token is right. */
static bool same(const uint8_t *a, const uint8_t *b)
{
	uint8_t diff = 0;

	for (size_t i = 0; i < EFTF_POOL_ID_LEN; i++)
		diff |= a[i] ^ b[i];
	return !diff;
}

static uint32_t find_token(const struct eftf_pool *p, const uint8_t *token)
{
	uint32_t i = p->by_token[bucket(p, token)];

	while (i && !same(p->e[i].token, token))
		i = p->e[i].token_next;
	return i;
}

static uint32_t find_cert(const struct eftf_pool *p, const uint8_t *cert)
{
	uint32_t i = p->by_cert[bucket(p, cert)];

	while (i && !same(p->e[i].cert, cert))
		i = p->e[i].cert_next;
	return i;
}

static void forget_token(struct eftf_pool *p, uint32_t i)
{
	uint32_t *at;

	if (!p->e[i].has_token)
		return;
	for (at = &p->by_token[bucket(p, p->e[i].token)]; *at != i; )
		at = &p->e[*at].token_next;
	*at = p->e[i].token_next;
	p->e[i].has_token = false;
	explicit_bzero(p->e[i].token, sizeof(p->e[i].token));
}

static void forget_cert(struct eftf_pool *p, uint32_t i)
{
	uint32_t *at;

	if (!p->e[i].has_cert)
		return;
	for (at = &p->by_cert[bucket(p, p->e[i].cert)]; *at != i; )
		at = &p->e[*at].cert_next;
	*at = p->e[i].cert_next;
	p->e[i].has_cert = false;
}

static int make_token(struct eftf_pool *p, uint32_t i)
{
	struct entry *e = &p->e[i];
	uint32_t b;
	int ret;

	if (e->has_token)
		return 0;
	ret = eftf_random(e->token, sizeof(e->token));
	if (ret)
		return ret;
	b = bucket(p, e->token);
	e->token_next = p->by_token[b];
	p->by_token[b] = i;
	e->has_token = true;
	return 0;
}

static void set_cert(struct eftf_pool *p, uint32_t i, const uint8_t *cert)
{
	struct entry *e = &p->e[i];
	uint32_t b, other;

	if (!cert || (e->has_cert && same(e->cert, cert)))
		return;
	forget_cert(p, i);
	other = find_cert(p, cert);
	if (other)		/* one address for one identity: the newest */
		forget_cert(p, other);
	memcpy(e->cert, cert, sizeof(e->cert));
	b = bucket(p, cert);
	e->cert_next = p->by_cert[b];
	p->by_cert[b] = i;
	e->has_cert = true;
}

/* ---- states --------------------------------------------------------------- */

static void make_free(struct eftf_pool *p, uint32_t i)
{
	forget_token(p, i);
	forget_cert(p, i);
	p->e[i].listed_free = true;
	list_add(p, &p->free, i);
}

static void unhold(struct eftf_pool *p, uint32_t i)
{
	if (!p->e[i].held)
		return;
	list_del(p, &p->held, i);
	p->e[i].held = false;
	p->n_held--;
}

/* An address without owner and claim becomes held (its UE may come back) or free. */
static void settle(struct eftf_pool *p, uint32_t i, bool hold, double now)
{
	struct entry *e = &p->e[i];

	if (e->owner || e->claim)
		return;
	if (!hold || !p->hold || !e->has_token) {
		make_free(p, i);
		return;
	}
	e->held_until = now + p->hold;
	e->held = true;
	list_add(p, &p->held, i);
	p->n_held++;
}

static bool is_free(const struct eftf_pool *p, uint32_t i)
{
	const struct entry *e = &p->e[i];

	return !e->owner && !e->claim && !e->held && !e->barred;
}

/* The index of an address of this pool that may be given out, or NONE. */
static uint32_t index_of(const struct eftf_pool *p, struct in_addr addr)
{
	uint32_t i = ntohl(addr.s_addr) - p->base;

	return i && i < p->size - 1 && !p->e[i].barred ? i : NONE;
}

/* An address that is free, the longest unused one if all were in use before. */
static uint32_t any_free(struct eftf_pool *p)
{
	while (p->untouched < p->size - 1) {
		uint32_t i = p->untouched++;

		if (is_free(p, i) && !p->e[i].listed_free)
			return i;
	}
	return p->free.head;
}

static uint32_t find_proof(const struct eftf_pool *p, const struct eftf_pool_asker *asker)
{
	uint32_t i = asker->token ? find_token(p, asker->token) : NONE;

	return i || !asker->cert ? i : find_cert(p, asker->cert);
}

int eftf_pool_get(struct eftf_pool *p, const struct eftf_pool_asker *asker, void *claimant,
		   double now, struct in_addr *addr, bool *resumed)
{
	uint32_t i;

	eftf_pool_expire(p, now);
	i = find_proof(p, asker);
	*resumed = i != NONE;
	if (!i) {
		i = index_of(p, asker->wish);
		if (!i || !is_free(p, i))
			i = any_free(p);
		if (!i)
			return -ENOSPC;
	}
	unhold(p, i);
	if (p->e[i].listed_free) {
		list_del(p, &p->free, i);
		p->e[i].listed_free = false;
	}
	p->e[i].claim = claimant;
	addr->s_addr = htonl(p->base + i);
	return 0;
}

void eftf_pool_put(struct eftf_pool *p, struct in_addr addr, void *claimant, double now)
{
	uint32_t i = index_of(p, addr);

	if (!i || p->e[i].claim != claimant)
		return;
	p->e[i].claim = NULL;
	settle(p, i, true, now);
}

int eftf_pool_confirm(struct eftf_pool *p, struct in_addr addr, void *claimant, void *owner,
		      const uint8_t *cert, void **old, uint8_t token[EFTF_DHCP4_TOKEN_LEN])
{
	uint32_t i = index_of(p, addr);
	int ret;

	if (!i || p->e[i].claim != claimant)
		return -ESTALE;
	ret = make_token(p, i);
	if (ret)
		return ret;
	set_cert(p, i, cert);
	*old = p->e[i].owner;
	if (!*old)
		p->n_owned++;
	p->e[i].owner = owner;
	p->e[i].claim = NULL;
	memcpy(token, p->e[i].token, EFTF_DHCP4_TOKEN_LEN);
	return 0;
}

void eftf_pool_release(struct eftf_pool *p, struct in_addr addr, void *owner, bool hold,
		       double now)
{
	uint32_t i = index_of(p, addr);

	if (!i || p->e[i].owner != owner)
		return;
	p->e[i].owner = NULL;
	p->n_owned--;
	settle(p, i, hold, now);
}

void eftf_pool_pass_on(struct eftf_pool *p, struct in_addr addr, void *from, void *to)
{
	uint32_t i = index_of(p, addr);

	if (i && p->e[i].owner == from)
		p->e[i].owner = to;
}

void eftf_pool_expire(struct eftf_pool *p, double now)
{
	/* All have the same hold time, so the list is sorted by the time of expiry. */
	while (p->held.head && p->e[p->held.head].held_until <= now) {
		uint32_t i = p->held.head;

		unhold(p, i);
		make_free(p, i);
	}
}

void *eftf_pool_owner(const struct eftf_pool *p, struct in_addr addr)
{
	uint32_t i = index_of(p, addr);

	return i ? p->e[i].owner : NULL;
}

void eftf_pool_set_hold(struct eftf_pool *p, unsigned int hold)
{
	p->hold = hold;
}

void eftf_pool_count(const struct eftf_pool *p, struct eftf_pool_counts *c)
{
	c->size = p->n_usable;
	c->owned = p->n_owned;
	c->held = p->n_held;
}

static int alloc_tables(struct eftf_pool *p, struct eftf_err *err)
{
	/* Zeroed pages cost nothing until an address on them is used. */
	p->e = calloc(p->size, sizeof(*p->e));
	p->by_token = calloc(p->size, sizeof(*p->by_token));
	p->by_cert = calloc(p->size, sizeof(*p->by_cert));
	if (!p->e || !p->by_token || !p->by_cert)
		return eftf_err_set(err, ENOMEM, "no memory for a pool of %u addresses", p->size);
	if (eftf_random(&p->key, sizeof(p->key)))
		return eftf_err_set(err, EIO, "the kernel gives no random octets");
	return 0;
}

int eftf_pool_new(struct eftf_pool **out, struct in_addr base, unsigned int plen,
		  struct in_addr gateway, unsigned int hold, struct eftf_err *err)
{
	struct eftf_pool *p;
	uint32_t g;
	int ret;

	if (plen < EFTF_POOL_MIN_PLEN || plen > EFTF_POOL_MAX_PLEN)
		return eftf_err_set(err, EINVAL, "a pool is a /%d to a /%d", EFTF_POOL_MIN_PLEN,
				    EFTF_POOL_MAX_PLEN);
	p = calloc(1, sizeof(*p));
	if (!p)
		return eftf_err_set(err, ENOMEM, "out of memory");
	p->base = ntohl(base.s_addr);
	p->size = 1u << (32 - plen);
	p->mask = p->size - 1;		/* a power of 2: as many buckets */
	p->untouched = 1;
	p->hold = hold;
	p->n_usable = p->size - 2;
	ret = alloc_tables(p, err);
	if (ret) {
		eftf_pool_free(p);
		return ret;
	}
	g = index_of(p, gateway);
	if (g) {
		p->e[g].barred = true;
		p->n_usable--;
	}
	*out = p;
	return 0;
}

void eftf_pool_free(struct eftf_pool *p)
{
	if (!p)
		return;
	if (p->e)
		explicit_bzero(p->e, p->untouched * sizeof(*p->e));
	free(p->e);
	free(p->by_token);
	free(p->by_cert);
	free(p);
}
