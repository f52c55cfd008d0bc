/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "source.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"
#include "siphash.h"

struct eftf_sources {
	struct eftf_source **head;
	uint32_t mask;
	struct eftf_siphash_key key;
};

int eftf_sources_new(struct eftf_sources **out, unsigned int buckets, struct eftf_err *err)
{
	struct eftf_sources *s = calloc(1, sizeof(*s));
	uint32_t n = 64;

	if (!s)
		return eftf_err_set(err, ENOMEM, "out of memory");
	while (n < buckets && n < 1u << 20)
		n <<= 1;
	s->mask = n - 1;
	s->head = calloc(n, sizeof(struct eftf_source *));
	if (!s->head || eftf_random(&s->key, sizeof(s->key))) {
		eftf_sources_free(s);
		return eftf_err_set(err, ENOMEM, "no memory or no random octets for source caps");
	}
	*out = s;
	return 0;
}

void eftf_sources_free(struct eftf_sources *s)
{
	struct eftf_source *e, *next;

	if (!s)
		return;
	for (uint32_t i = 0; s->head && i <= s->mask; i++) {
		for (e = s->head[i]; e; e = next) {
			next = e->next;
			free(e);
		}
	}
	free(s->head);
	free(s);
}

/* Key of a source: family, and the IPv4 address (also of a mapped one) or the first 64 bits of IPv6. */
static void make_key(const struct sockaddr_storage *addr, uint8_t key[17])
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)addr;

	memset(key, 0, 17);
	key[0] = AF_INET;
	if (addr->ss_family == AF_INET) {
		memcpy(key + 1, &in4->sin_addr, 4);
	} else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		memcpy(key + 1, in6->sin6_addr.s6_addr + 12, 4);
	} else {
		key[0] = AF_INET6;
		memcpy(key + 1, &in6->sin6_addr, 8);
	}
}

struct eftf_source *eftf_source_get(struct eftf_sources *s, const struct sockaddr_storage *addr)
{
	struct eftf_source **head, *e;
	uint8_t key[17];

	make_key(addr, key);
	head = &s->head[eftf_siphash(&s->key, key, sizeof(key)) & s->mask];
	for (e = *head; e; e = e->next)
		if (!memcmp(e->key, key, sizeof(key))) {
			e->users++;
			return e;
		}
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->users = 1;
	memcpy(e->key, key, sizeof(key));
	e->next = *head;
	*head = e;
	return e;
}

void eftf_source_put(struct eftf_sources *s, struct eftf_source *source)
{
	struct eftf_source **at;

	if (--source->users)
		return;
	at = &s->head[eftf_siphash(&s->key, source->key, sizeof(source->key)) & s->mask];
	while (*at != source)
		at = &(*at)->next;
	*at = source->next;
	free(source);
}
