/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "charge.h"
#include "random.h"
#include "siphash.h"

#define NONE 0u				/* index 0 is the network's address: never used */

enum where { NOWHERE, FREE, HELD, QUARANTINE, N_LISTS };

/* An address. All zero: never used yet. */
struct entry {
	void *owner, *claim;
	struct eftf_charge *charge;	/* NULL: free */
	double until;			/* when HELD or QUARANTINE end */
	uint32_t prev, next;		/* in the list that "where" says */
	uint32_t own_prev, own_next;	/* in its source's list of parked addresses */
	uint32_t cert_next;		/* hash chain */
	uint8_t where;
	bool barred;
	bool leased;			/* the lease is known */
	struct eftf_pool_lease lease;
};

struct list {
	uint32_t head, tail;
};

struct eftf_pool {
	struct entry *e;
	uint32_t base;			/* host order */
	uint32_t size;			/* of e[]; the last one is the broadcast address */
	uint32_t untouched;		/* from here on nothing was ever used, unless by a proof */
	struct list list[N_LISTS];
	struct eftf_charges *charges;
	const struct eftf_tokens *tokens;
	uint32_t *by_cert;		/* heads of the hash chains */
	uint32_t mask;			/* of the hash table */
	struct eftf_siphash_key key;
	struct eftf_pool_settings set;
	struct eftf_pool_counts counts;
};

/* ---- lists ---------------------------------------------------------------- */

static unsigned int *count_of(struct eftf_pool *p, enum where where)
{
	return where == HELD ? &p->counts.held :
		where == QUARANTINE ? &p->counts.quarantined : NULL;
}

/* At the end of its source's list of parked addresses. */
static void own_add(struct eftf_pool *p, uint32_t i)
{
	struct eftf_charge *c = p->e[i].charge;

	p->e[i].own_prev = c->parked_tail;
	p->e[i].own_next = NONE;
	if (c->parked_tail)
		p->e[c->parked_tail].own_next = i;
	else
		c->parked_head = i;
	c->parked_tail = i;
}

static void own_del(struct eftf_pool *p, uint32_t i)
{
	struct eftf_charge *c = p->e[i].charge;
	struct entry *e = &p->e[i];

	if (e->own_prev)
		p->e[e->own_prev].own_next = e->own_next;
	else
		c->parked_head = e->own_next;
	if (e->own_next)
		p->e[e->own_next].own_prev = e->own_prev;
	else
		c->parked_tail = e->own_prev;
}

static void list_add(struct eftf_pool *p, enum where where, uint32_t i)
{
	struct list *l = &p->list[where];
	unsigned int *count = count_of(p, where);

	p->e[i].where = (uint8_t)where;
	p->e[i].prev = l->tail;
	p->e[i].next = NONE;
	if (l->tail)
		p->e[l->tail].next = i;
	else
		l->head = i;
	l->tail = i;
	if (count) {
		(*count)++;
		own_add(p, i);
	}
}

static void unlist(struct eftf_pool *p, uint32_t i)
{
	struct entry *e = &p->e[i];
	struct list *l = &p->list[e->where];
	unsigned int *count = count_of(p, e->where);

	if (e->where == NOWHERE)
		return;
	if (e->prev)
		p->e[e->prev].next = e->next;
	else
		l->head = e->next;
	if (e->next)
		p->e[e->next].prev = e->prev;
	else
		l->tail = e->prev;
	if (count) {
		(*count)--;
		own_del(p, i);
	}
	e->where = NOWHERE;
}

/* ---- certificates ----------------------------------------------------------- */

/* A certificate may be on several devices: the client identifier tells them apart. */
static void cert_id(const struct eftf_lease_request *r, uint8_t id[EFTF_CERT_ID_LEN])
{
	struct eftf_siphash_key key;
	uint64_t h;

	memcpy(id, r->cert, EFTF_CERT_ID_LEN);
	memcpy(&key, r->cert, sizeof(key));
	h = eftf_siphash(&key, r->client_id, r->client_id_len);
	for (size_t i = 0; i < sizeof(h); i++)
		id[i] ^= (uint8_t)(h >> (8 * i));
}

static uint32_t *cert_chain(const struct eftf_pool *p, const uint8_t *id)
{
	return &p->by_cert[(uint32_t)eftf_siphash(&p->key, id, EFTF_CERT_ID_LEN) & p->mask];
}

static uint32_t find_cert(const struct eftf_pool *p, const uint8_t *id)
{
	uint32_t i = *cert_chain(p, id);

	while (i && memcmp(p->e[i].lease.cert, id, EFTF_CERT_ID_LEN))
		i = p->e[i].cert_next;
	return i;
}

static void forget_cert(struct eftf_pool *p, uint32_t i)
{
	uint32_t *at;

	if (!p->e[i].lease.has_cert)
		return;
	for (at = cert_chain(p, p->e[i].lease.cert); *at != i; )
		at = &p->e[*at].cert_next;
	*at = p->e[i].cert_next;
	p->e[i].lease.has_cert = false;
}

static void set_cert(struct eftf_pool *p, uint32_t i, const uint8_t id[EFTF_CERT_ID_LEN])
{
	struct entry *e = &p->e[i];
	uint32_t *head;

	forget_cert(p, i);
	if (find_cert(p, id))		/* one address for one identity: the newest */
		forget_cert(p, find_cert(p, id));
	memcpy(e->lease.cert, id, sizeof(e->lease.cert));
	head = cert_chain(p, id);
	e->cert_next = *head;
	*head = i;
	e->lease.has_cert = true;
}

/* ---- states --------------------------------------------------------------- */

static void make_free(struct eftf_pool *p, uint32_t i)
{
	struct entry *e = &p->e[i];

	forget_cert(p, i);
	e->leased = false;
	e->lease.proven = false;
	if (e->charge) {
		e->charge->addresses--;
		eftf_charge_put(p->charges, e->charge);
		e->charge = NULL;
	}
	list_add(p, FREE, i);
}

static void quarantine(struct eftf_pool *p, uint32_t i, double now)
{
	if (!p->set.quarantine) {
		make_free(p, i);
		return;
	}
	p->e[i].until = now + p->set.quarantine;
	list_add(p, QUARANTINE, i);
}

/* What becomes of an address without owner and claim. */
static void settle(struct eftf_pool *p, uint32_t i, double now)
{
	struct entry *e = &p->e[i];

	if (e->owner || e->claim)
		return;
	if (!e->leased) {
		make_free(p, i);
	} else if (e->lease.proven && p->set.hold) {
		e->until = now + p->set.hold;
		list_add(p, HELD, i);
	} else {
		quarantine(p, i, now);
	}
}

/* The index of an address of this pool that may be given out, or NONE. */
static uint32_t index_of(const struct eftf_pool *p, struct in_addr addr)
{
	uint32_t i = ntohl(addr.s_addr) - p->base;

	return i && i < p->size - 1 && !p->e[i].barred ? i : NONE;
}

static bool is_free(const struct eftf_pool *p, uint32_t i)
{
	const struct entry *e = &p->e[i];

	return !e->owner && !e->claim && (e->where == NOWHERE || e->where == FREE) && !e->barred;
}

static void evict(struct eftf_pool *p, uint32_t i)
{
	unlist(p, i);
	make_free(p, i);
	p->counts.evicted++;
}

/* An address that is free, the longest unused one if all were in use before. */
static uint32_t any_free(struct eftf_pool *p)
{
	while (p->untouched < p->size - 1) {
		uint32_t i = p->untouched++;

		if (is_free(p, i) && p->e[i].where != FREE)
			return i;
	}
	if (!p->list[FREE].head && p->list[QUARANTINE].head)
		evict(p, p->list[QUARANTINE].head);
	if (!p->list[FREE].head && p->list[HELD].head)
		evict(p, p->list[HELD].head);
	return p->list[FREE].head;
}

/* ---- proofs --------------------------------------------------------------- */

/* Fills lease and, if the token counts, its address. */
static enum eftf_token_verdict judge_token(const struct eftf_pool *p,
					   const struct eftf_lease_request *r,
					   struct eftf_token_lease *lease, uint32_t *i)
{
	const struct entry *e;

	*i = NONE;
	if (eftf_token_open(p->tokens, r->token, r->token_len, lease))
		return EFTF_TOKEN_UNKNOWN;
	if (!index_of(p, lease->inner4))
		return EFTF_TOKEN_FOREIGN;
	e = &p->e[index_of(p, lease->inner4)];
	/* Without a lease on the address, as after a restart, the token alone says whose it is. */
	if (e->leased && (memcmp(e->lease.id, lease->id, sizeof(e->lease.id)) || lease->epoch < e->lease.oldest_epoch))
		return EFTF_TOKEN_STALE;
	*i = index_of(p, lease->inner4);
	return EFTF_TOKEN_GOOD;
}

static uint32_t find_proof(struct eftf_pool *p, const struct eftf_lease_request *r)
{
	struct eftf_token_lease lease;
	uint8_t id[EFTF_CERT_ID_LEN];
	uint32_t i = NONE;

	if (r->token_len)
		p->counts.tokens[judge_token(p, r, &lease, &i)]++;
	if (i || !r->has_cert)
		return i;
	cert_id(r, id);
	return find_cert(p, id);
}

/* What the lease is from now on; oldest_epoch: a token counts until a later one was shown. */
static int next_lease(const struct eftf_pool *p, uint32_t i, const struct eftf_lease_request *r,
		      struct entry *to)
{
	struct eftf_token_lease lease;
	uint32_t shown = NONE;

	*to = p->e[i];
	if (r->token_len)
		judge_token(p, r, &lease, &shown);
	if (shown == i) {
		memcpy(to->lease.id, lease.id, sizeof(to->lease.id));
		to->lease.oldest_epoch = lease.epoch;
		to->lease.epoch = to->leased && to->lease.epoch > lease.epoch ? to->lease.epoch : lease.epoch;
		to->lease.proven = true;
	} else if (to->leased) {
		to->lease.proven = true;	/* by its certificate */
	} else {
		to->lease.epoch = 0;
		to->lease.oldest_epoch = 1;
		to->lease.proven = r->has_cert;
		if (eftf_random(to->lease.id, sizeof(to->lease.id)))
			return -EIO;
	}
	to->lease.epoch++;
	to->leased = true;
	return 0;
}

/* ---- life ------------------------------------------------------------------ */

/* One more address for a source, if it may; at its limit its oldest parked one goes. */
static int charge(struct eftf_pool *p, struct eftf_charge *c)
{
	c->addresses++;			/* first: so it stays when others go */
	if (!p->set.per_source || c->addresses <= p->set.per_source)
		return 0;
	if (c->parked_head) {
		evict(p, c->parked_head);
		return 0;
	}
	c->addresses--;
	eftf_charge_put(p->charges, c);
	p->counts.refused_source++;
	return -EDQUOT;
}

/* An address for who shows no proof; a certificate that is new here may have a wish. */
static uint32_t choose(struct eftf_pool *p, const struct eftf_lease_request *r)
{
	uint32_t i = r->has_cert ? index_of(p, r->wish) : NONE;

	return i && is_free(p, i) ? i : any_free(p);
}

static int take(struct eftf_pool *p, const struct eftf_lease_request *r, uint32_t *i)
{
	struct eftf_charge *c = eftf_charge_get(p->charges, &r->source);
	int ret;

	if (!c)
		return -ENOMEM;
	ret = charge(p, c);
	if (ret)
		return ret;
	if (!*i)
		*i = choose(p, r);
	if (!*i) {
		c->addresses--;
		eftf_charge_put(p->charges, c);
		p->counts.refused_full++;
		return -ENOSPC;
	}
	p->e[*i].charge = c;
	return 0;
}

int eftf_pool_get(struct eftf_pool *p, const struct eftf_lease_request *r, void *claimant,
		  double now, struct in_addr *addr, bool *resumed)
{
	uint32_t i;
	int ret;

	eftf_pool_expire(p, now);
	i = find_proof(p, r);
	*resumed = i != NONE;
	if (!i || !p->e[i].charge) {
		ret = take(p, r, &i);
		if (ret)
			return ret;
	}
	unlist(p, i);
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
	settle(p, i, now);
}

/* The source of the newest connection is the one that is charged. */
static int move_charge(struct eftf_pool *p, uint32_t i, const struct sockaddr_storage *source)
{
	struct eftf_charge *to = eftf_charge_get(p->charges, source), *from = p->e[i].charge;

	if (!to)
		return -ENOMEM;
	to->addresses++;
	p->e[i].charge = to;
	from->addresses--;
	eftf_charge_put(p->charges, from);
	return 0;
}

int eftf_pool_confirm(struct eftf_pool *p, const struct eftf_lease_request *r, struct in_addr addr,
		      void *claimant, void *owner, void **old, uint8_t token[EFTF_TOKEN_LEN])
{
	struct eftf_token_lease lease = { .inner4 = addr };
	uint32_t i = index_of(p, addr);
	uint8_t id[EFTF_CERT_ID_LEN];
	struct entry next;
	int ret;

	if (!i || p->e[i].claim != claimant)
		return -ESTALE;
	ret = next_lease(p, i, r, &next);
	if (ret)
		return ret;
	memcpy(lease.id, next.lease.id, sizeof(lease.id));
	lease.epoch = next.lease.epoch;
	ret = eftf_token_seal(p->tokens, &lease, token);
	if (!ret)
		ret = move_charge(p, i, &r->source);
	if (ret)
		return ret;
	next.charge = p->e[i].charge;
	next.claim = NULL;
	next.owner = owner;
	*old = p->e[i].owner;
	if (!*old)
		p->counts.owned++;
	p->e[i] = next;
	if (r->has_cert) {
		cert_id(r, id);
		set_cert(p, i, id);
	}
	return 0;
}

bool eftf_pool_export(const struct eftf_pool *p, struct in_addr addr, struct eftf_pool_lease *lease)
{
	uint32_t i = index_of(p, addr);

	if (!i || !p->e[i].leased)
		return false;
	*lease = p->e[i].lease;
	return true;
}

int eftf_pool_adopt(struct eftf_pool *p, struct in_addr addr, void *owner,
		    const struct eftf_pool_lease *lease, const struct sockaddr_storage *source)
{
	uint32_t i = index_of(p, addr);
	struct eftf_charge *c;

	if (!i || !is_free(p, i))
		return -EEXIST;
	c = eftf_charge_get(p->charges, source);
	if (!c)
		return -ENOMEM;
	c->addresses++;			/* beyond its limit, too: what runs goes on */
	unlist(p, i);
	p->e[i].charge = c;
	p->e[i].owner = owner;
	p->e[i].leased = true;
	p->e[i].lease = *lease;
	p->e[i].lease.has_cert = false;
	if (lease->has_cert)
		set_cert(p, i, lease->cert);
	p->counts.owned++;
	return 0;
}

void eftf_pool_release(struct eftf_pool *p, struct in_addr addr, void *owner, bool given_up,
		       double now)
{
	uint32_t i = index_of(p, addr);
	struct entry *e = &p->e[i];

	if (!i || e->owner != owner)
		return;
	e->owner = NULL;
	p->counts.owned--;
	if (given_up) {
		e->lease.oldest_epoch = e->lease.epoch + 1;
		e->lease.proven = false;
		forget_cert(p, i);
	}
	settle(p, i, now);
}

void eftf_pool_pass_on(struct eftf_pool *p, struct in_addr addr, void *from, void *to)
{
	uint32_t i = index_of(p, addr);

	if (i && p->e[i].owner == from)
		p->e[i].owner = to;
}

/* The oldest of a list whose time is over, or NONE. All have the same time, so the list is sorted. */
static uint32_t first_over(const struct eftf_pool *p, enum where where, double now)
{
	uint32_t i = p->list[where].head;

	return i && p->e[i].until <= now ? i : NONE;
}

void eftf_pool_expire(struct eftf_pool *p, double now)
{
	uint32_t i;

	while ((i = first_over(p, QUARANTINE, now))) {
		unlist(p, i);
		make_free(p, i);
	}
	while ((i = first_over(p, HELD, now))) {
		unlist(p, i);
		quarantine(p, i, now);
	}
}

void *eftf_pool_owner(const struct eftf_pool *p, struct in_addr addr)
{
	uint32_t i = index_of(p, addr);

	return i ? p->e[i].owner : NULL;
}

void eftf_pool_set(struct eftf_pool *p, const struct eftf_pool_settings *settings)
{
	p->set = *settings;
}

void eftf_pool_count(const struct eftf_pool *p, struct eftf_pool_counts *c)
{
	*c = p->counts;
}

/* ---- open and close ----------------------------------------------------------- */

static int alloc_tables(struct eftf_pool *p, struct eftf_err *err)
{
	/* Zeroed pages cost nothing until an address on them is used. */
	p->e = calloc(p->size, sizeof(*p->e));
	p->by_cert = calloc(p->size, sizeof(*p->by_cert));
	if (!p->e || !p->by_cert)
		return eftf_err_set(err, ENOMEM, "no memory for a pool of %u addresses", p->size);
	if (eftf_random(&p->key, sizeof(p->key)))
		return eftf_err_set(err, EIO, "the kernel gives no random octets");
	return eftf_charges_new(&p->charges, p->size, err);
}

int eftf_pool_new(struct eftf_pool **out, struct in_addr base, unsigned int plen,
		  struct in_addr gateway, const struct eftf_pool_settings *settings,
		  const struct eftf_tokens *tokens, struct eftf_err *err)
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
	p->set = *settings;
	p->tokens = tokens;
	p->counts.size = p->size - 2;
	ret = alloc_tables(p, err);
	if (ret) {
		eftf_pool_free(p);
		return ret;
	}
	g = index_of(p, gateway);
	if (g) {
		p->e[g].barred = true;
		p->counts.size--;
	}
	*out = p;
	return 0;
}

void eftf_pool_free(struct eftf_pool *p)
{
	if (!p)
		return;
	eftf_charges_free(p->charges);
	free(p->e);
	free(p->by_cert);
	free(p);
}
