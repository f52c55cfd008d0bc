/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "charge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "random.h"
#include "siphash.h"

#define MAX_BUCKETS (1u << 16)

struct eftf_charges {
	struct eftf_charge **head;
	uint32_t mask;
	struct eftf_siphash_key key;
};

int eftf_charges_new(struct eftf_charges **out, uint32_t buckets, struct eftf_err *err)
{
	struct eftf_charges *c = calloc(1, sizeof(*c));
	uint32_t n = 64;

	if (!c)
		return eftf_err_set(err, ENOMEM, "out of memory");
	while (n < buckets && n < MAX_BUCKETS)
		n <<= 1;
	c->mask = n - 1;
	c->head = calloc(n, sizeof(struct eftf_charge *));
	if (!c->head || eftf_random(&c->key, sizeof(c->key))) {
		eftf_charges_free(c);
		return eftf_err_set(err, ENOMEM, "no memory or no random octets for the pool's sources");
	}
	*out = c;
	return 0;
}

void eftf_charges_free(struct eftf_charges *c)
{
	struct eftf_charge *e, *next;

	if (!c)
		return;
	for (uint32_t i = 0; c->head && i <= c->mask; i++) {
		for (e = c->head[i]; e; e = next) {
			next = e->next;
			free(e);
		}
	}
	free(c->head);
	free(c);
}

/* Family, then the IPv4 address (also of a mapped one) or the first 56 bits of IPv6. */
static void make_key(const struct sockaddr_storage *source, uint8_t key[8])
{
	const uint8_t *octets;
	bool v6 = eftf_addr_octets(source, &octets) == 16;

	memset(key, 0, 8);
	key[0] = v6 ? AF_INET6 : AF_INET;
	memcpy(key + 1, octets, v6 ? 7 : 4);
}

static struct eftf_charge **head_of(struct eftf_charges *c, const uint8_t key[8])
{
	return &c->head[eftf_siphash(&c->key, key, 8) & c->mask];
}

struct eftf_charge *eftf_charge_get(struct eftf_charges *c, const struct sockaddr_storage *source)
{
	struct eftf_charge **head, *e;
	uint8_t key[8];

	make_key(source, key);
	head = head_of(c, key);
	for (e = *head; e; e = e->next)
		if (!memcmp(e->key, key, sizeof(key)))
			return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	memcpy(e->key, key, sizeof(key));
	e->next = *head;
	*head = e;
	return e;
}

void eftf_charge_put(struct eftf_charges *c, struct eftf_charge *charge)
{
	struct eftf_charge **at;

	if (charge->addresses)
		return;
	at = head_of(c, charge->key);
	while (*at != charge)
		at = &(*at)->next;
	*at = charge->next;
	free(charge);
}
