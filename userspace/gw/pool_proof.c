/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By what a UE gets the address that it had: its certificate, its token. */
#include <errno.h>
#include <string.h>

#include "pool_priv.h"
#include "random.h"

/* ---- certificates ----------------------------------------------------------- */

void eftf_pool_cert_id(const struct eftf_lease_request *r, uint8_t id[EFTF_CERT_ID_LEN])
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

void eftf_pool_forget_cert(struct eftf_pool *p, uint32_t i)
{
	uint32_t *at;

	if (!p->e[i].lease.has_cert)
		return;
	for (at = cert_chain(p, p->e[i].lease.cert); *at != i; )
		at = &p->e[*at].cert_next;
	*at = p->e[i].cert_next;
	p->e[i].lease.has_cert = false;
}

void eftf_pool_set_cert(struct eftf_pool *p, uint32_t i, const uint8_t id[EFTF_CERT_ID_LEN])
{
	struct eftf_pool_entry *e = &p->e[i];
	uint32_t *head;

	eftf_pool_forget_cert(p, i);
	if (find_cert(p, id))		/* one address for one identity: the newest */
		eftf_pool_forget_cert(p, find_cert(p, id));
	memcpy(e->lease.cert, id, sizeof(e->lease.cert));
	head = cert_chain(p, id);
	e->cert_next = *head;
	*head = i;
	e->lease.has_cert = true;
}

/* ---- static addresses ------------------------------------------------------- */

static const struct eftf_static *find_static(const struct eftf_statics *s, const uint8_t *cert)
{
	size_t from = 0, to = s ? s->n : 0;

	while (from < to) {
		size_t mid = from + (to - from) / 2;
		int d = memcmp(cert, s->v[mid].cert, sizeof(s->v[mid].cert));

		if (!d)
			return &s->v[mid];
		if (d < 0)
			to = mid;
		else
			from = mid + 1;
	}
	return NULL;
}

uint32_t eftf_pool_static_of(const struct eftf_pool *p, const struct eftf_lease_request *r)
{
	const struct eftf_static *s = r->has_cert ? find_static(p->statics, r->cert) : NULL;

	return s ? eftf_pool_index(p, s->inner) : NONE;
}

bool eftf_pool_is_anothers(const struct eftf_pool *p, uint32_t i, const struct eftf_lease_request *r)
{
	return p->e[i].is_static && eftf_pool_static_of(p, r) != i;
}

/* ---- proofs --------------------------------------------------------------- */

/* Fills lease and, if the token counts, its address. */
static enum eftf_token_verdict judge_token(const struct eftf_pool *p,
					   const struct eftf_lease_request *r,
					   struct eftf_token_lease *lease, uint32_t *i)
{
	const struct eftf_pool_entry *e;

	*i = NONE;
	if (eftf_token_open(p->tokens, r->token, r->token_len, lease))
		return EFTF_TOKEN_UNKNOWN;
	if (!eftf_pool_index(p, lease->inner4))
		return EFTF_TOKEN_FOREIGN;
	e = &p->e[eftf_pool_index(p, lease->inner4)];
	/* Without a lease on the address, as after a restart, the token alone says whose it is. */
	if (e->leased && (memcmp(e->lease.id, lease->id, sizeof(e->lease.id)) || lease->epoch < e->lease.oldest_epoch))
		return EFTF_TOKEN_STALE;
	if (eftf_pool_is_anothers(p, eftf_pool_index(p, lease->inner4), r))
		return EFTF_TOKEN_STALE;
	*i = eftf_pool_index(p, lease->inner4);
	return EFTF_TOKEN_GOOD;
}

uint32_t eftf_pool_find_proof(struct eftf_pool *p, const struct eftf_lease_request *r)
{
	struct eftf_token_lease lease;
	uint8_t id[EFTF_CERT_ID_LEN];
	uint32_t i = NONE;

	if (r->token_len)
		p->counts.tokens[judge_token(p, r, &lease, &i)]++;
	if (eftf_pool_static_of(p, r))
		return eftf_pool_static_of(p, r);
	if (i || !r->has_cert)
		return i;
	eftf_pool_cert_id(r, id);
	i = find_cert(p, id);
	return i && eftf_pool_is_anothers(p, i, r) ? NONE : i;
}

/* oldest_epoch: a token counts until a later one was shown. */
int eftf_pool_next_lease(const struct eftf_pool *p, uint32_t i, const struct eftf_lease_request *r,
		      struct eftf_pool_entry *to)
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
	} else if (to->leased && !to->is_static) {
		to->lease.proven = true;	/* by its certificate */
	} else {			/* a static one may have been another's before */
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
