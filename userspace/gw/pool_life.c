/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pool_priv.h"
#include "random.h"

/* ---- lists ---------------------------------------------------------------- */

static unsigned int *count_of(struct eftf_pool *p, enum where where)
{
	return where == HELD ? &p->counts.held :
		where == QUARANTINE ? &p->counts.quarantined : NULL;
}

static struct eftf_pool_use *use_of(struct eftf_pool *p, uint32_t i)
{
	return &p->counts.each[eftf_ranges_of(&p->ranges, i)];
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
	struct eftf_pool_entry *e = &p->e[i];

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
	struct eftf_pool_list *l = &p->list[where];
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
	struct eftf_pool_entry *e = &p->e[i];
	struct eftf_pool_list *l = &p->list[e->where];
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

/* ---- states --------------------------------------------------------------- */

static void make_free(struct eftf_pool *p, uint32_t i)
{
	struct eftf_pool_entry *e = &p->e[i];

	eftf_pool_forget_cert(p, i);
	e->leased = false;
	e->lease.proven = false;
	if (e->charge) {
		e->charge->addresses--;
		eftf_charge_put(p->charges, e->charge);
		e->charge = NULL;
	}
	if (!e->is_static)
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
	struct eftf_pool_entry *e = &p->e[i];

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

uint32_t eftf_pool_index(const struct eftf_pool *p, struct in_addr addr)
{
	uint32_t i = eftf_ranges_number(&p->ranges, addr);

	return i < p->size && !p->e[i].barred ? i : NONE;
}

static bool is_unused(const struct eftf_pool *p, uint32_t i)
{
	const struct eftf_pool_entry *e = &p->e[i];

	return !e->owner && !e->claim && (e->where == NOWHERE || e->where == FREE) && !e->barred;
}

/* Unused, and any UE may get it. */
static bool is_free(const struct eftf_pool *p, uint32_t i)
{
	return is_unused(p, i) && !p->e[i].is_static;
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
	while (p->untouched < p->size) {
		uint32_t i = p->untouched++;

		if (is_free(p, i) && p->e[i].where != FREE)
			return i;
	}
	/* a static address that goes does not come onto the free list: then the next one goes, too */
	while (!p->list[FREE].head && p->list[QUARANTINE].head)
		evict(p, p->list[QUARANTINE].head);
	while (!p->list[FREE].head && p->list[HELD].head)
		evict(p, p->list[HELD].head);
	return p->list[FREE].head;
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
	uint32_t i = r->has_cert ? eftf_pool_index(p, r->wish) : NONE;

	return i && is_free(p, i) ? i : any_free(p);
}

static int take(struct eftf_pool *p, const struct eftf_lease_request *r, uint32_t *i)
{
	struct eftf_charge *c = eftf_charge_get(p->charges, &r->source);
	int ret = 0;

	if (!c)
		return -ENOMEM;
	if (*i && p->e[*i].is_static)
		c->addresses++;		/* beyond its limit, too: it cannot take more than this one */
	else
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

/* A lease that its UE has not given up. */
static bool goes_on(const struct eftf_pool_entry *e)
{
	return e->leased && e->lease.epoch >= e->lease.oldest_epoch;
}

int eftf_pool_get(struct eftf_pool *p, const struct eftf_lease_request *r, void *claimant,
		  double now, struct in_addr *addr, bool *resumed)
{
	uint32_t i;
	int ret;

	eftf_pool_expire(p, now);
	i = eftf_pool_find_proof(p, r);
	*resumed = i && (!p->e[i].is_static || goes_on(&p->e[i]));
	if (!i || !p->e[i].charge) {
		ret = take(p, r, &i);
		if (ret)
			return ret;
	}
	unlist(p, i);
	p->e[i].claim = claimant;
	*addr = eftf_ranges_addr(&p->ranges, i);
	return 0;
}

void eftf_pool_put(struct eftf_pool *p, struct in_addr addr, void *claimant, double now)
{
	uint32_t i = eftf_pool_index(p, addr);

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
	uint32_t i = eftf_pool_index(p, addr);
	uint8_t id[EFTF_CERT_ID_LEN];
	struct eftf_pool_entry next;
	int ret;

	if (!i || p->e[i].claim != claimant || eftf_pool_is_anothers(p, i, r))
		return -ESTALE;
	ret = eftf_pool_next_lease(p, i, r, &next);
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
		use_of(p, i)->owned++;
	p->e[i] = next;
	if (r->has_cert) {
		eftf_pool_cert_id(r, id);
		eftf_pool_set_cert(p, i, id);
	}
	return 0;
}

bool eftf_pool_export(const struct eftf_pool *p, struct in_addr addr, struct eftf_pool_lease *lease)
{
	uint32_t i = eftf_pool_index(p, addr);

	if (!i || !p->e[i].leased)
		return false;
	*lease = p->e[i].lease;
	return true;
}

int eftf_pool_adopt(struct eftf_pool *p, struct in_addr addr, void *owner,
		    const struct eftf_pool_lease *lease, const struct sockaddr_storage *source)
{
	uint32_t i = eftf_pool_index(p, addr);
	struct eftf_charge *c;

	if (!i || !is_unused(p, i))
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
		eftf_pool_set_cert(p, i, lease->cert);
	use_of(p, i)->owned++;
	return 0;
}

void eftf_pool_release(struct eftf_pool *p, struct in_addr addr, void *owner, bool given_up,
		       double now)
{
	uint32_t i = eftf_pool_index(p, addr);
	struct eftf_pool_entry *e = &p->e[i];

	if (!i || e->owner != owner)
		return;
	e->owner = NULL;
	use_of(p, i)->owned--;
	if (given_up) {
		e->lease.oldest_epoch = e->lease.epoch + 1;
		e->lease.proven = false;
		eftf_pool_forget_cert(p, i);
	}
	settle(p, i, now);
}

void eftf_pool_pass_on(struct eftf_pool *p, struct in_addr addr, void *from, void *to)
{
	uint32_t i = eftf_pool_index(p, addr);

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
	uint32_t i = eftf_pool_index(p, addr);

	return i ? p->e[i].owner : NULL;
}

void eftf_pool_set(struct eftf_pool *p, const struct eftf_pool_settings *settings)
{
	p->set = *settings;
}

static void make_static(struct eftf_pool *p, uint32_t i)
{
	if (!i || p->e[i].is_static)
		return;
	if (p->e[i].where == FREE)
		unlist(p, i);
	p->e[i].is_static = true;
	p->counts.statics++;
}

static void make_ordinary(struct eftf_pool *p, uint32_t i)
{
	if (!i || !p->e[i].is_static)
		return;
	p->e[i].is_static = false;
	p->counts.statics--;
	if (is_free(p, i) && i < p->untouched)
		list_add(p, FREE, i);
}

void eftf_pool_set_statics(struct eftf_pool *p, const struct eftf_statics *statics)
{
	for (size_t k = 0; p->statics && k < p->statics->n; k++)
		make_ordinary(p, eftf_pool_index(p, p->statics->v[k].inner));
	p->statics = statics;
	for (size_t k = 0; statics && k < statics->n; k++)
		make_static(p, eftf_pool_index(p, statics->v[k].inner));
}

void eftf_pool_count(const struct eftf_pool *p, struct eftf_pool_counts *c)
{
	*c = p->counts;
	for (size_t i = 0; i < p->ranges.n; i++) {
		c->size += c->each[i].size;
		c->owned += c->each[i].owned;
	}
}

/* ---- open and close ----------------------------------------------------------- */

static int alloc_tables(struct eftf_pool *p, struct eftf_err *err)
{
	/* Zeroed pages cost nothing until an address on them is used. */
	p->e = calloc(p->size, sizeof(*p->e));
	p->by_cert = calloc((size_t)p->mask + 1, sizeof(*p->by_cert));
	if (!p->e || !p->by_cert)
		return eftf_err_set(err, ENOMEM, "no memory for a pool of %u addresses", p->size);
	if (eftf_random(&p->key, sizeof(p->key)))
		return eftf_err_set(err, EIO, "the kernel gives no random octets");
	return eftf_charges_new(&p->charges, p->size, err);
}

/* Never given out. */
static void bar(struct eftf_pool *p, uint32_t i)
{
	if (p->e[i].barred)
		return;
	use_of(p, i)->size--;
	p->e[i].barred = true;
}

int eftf_pool_new(struct eftf_pool **out, const struct eftf_ranges *ranges, struct in_addr gateway,
		  const struct eftf_pool_settings *settings, const struct eftf_tokens *tokens,
		  struct eftf_err *err)
{
	struct eftf_pool *p;
	int ret;

	if (ranges->size < EFTF_POOL_MIN || ranges->size > EFTF_POOL_MAX)
		return eftf_err_set(err, EINVAL, "pools have %u to %u addresses together", EFTF_POOL_MIN,
				    EFTF_POOL_MAX);
	p = calloc(1, sizeof(*p));
	if (!p)
		return eftf_err_set(err, ENOMEM, "out of memory");
	p->ranges = *ranges;
	p->size = ranges->size;
	for (p->mask = 1; p->mask < p->size - 1; )	/* as many buckets, or more: a power of 2 */
		p->mask = p->mask << 1 | 1;
	p->set = *settings;
	p->tokens = tokens;
	ret = alloc_tables(p, err);
	if (ret) {
		eftf_pool_free(p);
		return ret;
	}
	for (size_t i = 0; i < ranges->n; i++) {
		p->counts.each[i].size = ranges->r[i].size;
		bar(p, ranges->r[i].first);
		bar(p, ranges->r[i].first + ranges->r[i].size - 1);
	}
	if (eftf_pool_index(p, gateway))
		bar(p, eftf_pool_index(p, gateway));
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
