/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pool and UEs that ask it, for its tests. */
#ifndef POOL_LAB_H
#define POOL_LAB_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gw/pool.h"

#define HOLD 120
#define QUARANTINE 1000

static struct eftf_tokens *tokens;
static int lab_claimant[1];		/* its address is a name */

static inline struct in_addr ip(const char *text)
{
	return (struct in_addr){ inet_addr(text) };
}

static inline struct sockaddr_storage outer(const char *text)
{
	struct sockaddr_storage s = { 0 };
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&s;

	s.ss_family = strchr(text, ':') ? AF_INET6 : AF_INET;
	inet_pton(s.ss_family, text,
		  s.ss_family == AF_INET ? (void *)&in4->sin_addr : (void *)&in6->sin6_addr);
	in4->sin_port = (in_port_t)rand();
	return s;
}

static inline struct eftf_pool *make(const char *base, unsigned int plen, unsigned int per_source)
{
	struct eftf_pool_settings set = { HOLD, QUARANTINE, per_source };
	struct eftf_ranges ranges = { .n = 0 };
	struct eftf_pool *p = NULL;
	struct eftf_err err;

	/* the first address is the gateway's */
	assert_true(eftf_ranges_add(&ranges, ip(base), plen));
	if (eftf_pool_new(&p, &ranges, (struct in_addr){ ip(base).s_addr + htonl(1) }, &set, tokens, &err))
		fail_msg("%s", err.text);
	return p;
}

static inline struct eftf_lease_request from(const char *source)
{
	return (struct eftf_lease_request){ .source = outer(source) };
}

static inline struct eftf_lease_request with_token(const char *source, const uint8_t *token)
{
	struct eftf_lease_request r = from(source);

	r.token_len = EFTF_TOKEN_LEN;
	memcpy(r.token, token, EFTF_TOKEN_LEN);
	return r;
}

static inline struct eftf_lease_request with_cert(const char *source, uint8_t cert, const char *client_id)
{
	struct eftf_lease_request r = from(source);

	r.has_cert = true;
	r.cert[0] = cert;
	r.client_id_len = (uint8_t)strlen(client_id);
	memcpy(r.client_id, client_id, r.client_id_len);
	return r;
}

/* A claim that succeeds. */
static inline struct in_addr take(struct eftf_pool *p, struct eftf_lease_request r, void *who, double now,
			   bool expect_resumed)
{
	struct in_addr a = { 0 };
	bool resumed;

	assert_int_equal(eftf_pool_get(p, &r, who, now, &a, &resumed), 0);
	assert_int_equal(resumed, expect_resumed);
	return a;
}

static inline int refused(struct eftf_pool *p, struct eftf_lease_request r, double now)
{
	struct in_addr a;
	bool resumed;

	return eftf_pool_get(p, &r, lab_claimant, now, &a, &resumed);
}

/* A claim and its confirmation. */
static inline struct in_addr lease(struct eftf_pool *p, struct eftf_lease_request r, void *who, double now,
			    bool expect_resumed, uint8_t *token)
{
	struct in_addr a = take(p, r, lab_claimant, now, expect_resumed);
	uint8_t unused[EFTF_TOKEN_LEN];
	void *old;

	assert_int_equal(eftf_pool_confirm(p, &r, a, lab_claimant, who, &old, token ? token : unused), 0);
	return a;
}

static inline struct eftf_pool_counts counts(struct eftf_pool *p)
{
	struct eftf_pool_counts c;

	eftf_pool_count(p, &c);
	return c;
}

static inline int tokens_open(void **state)
{
	(void)state;
	return eftf_tokens_new(&tokens, NULL, NULL);
}

static inline int tokens_close(void **state)
{
	(void)state;
	eftf_tokens_free(tokens);
	return 0;
}

#endif
