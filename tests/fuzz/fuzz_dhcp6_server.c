// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/dhcp6_codec.c lib/dhcp6_decode.c lib/dhcp6_server.c lib/dhcp_octets.c lib/err.c */
/* The DHCPv6 server with a UE that says anything at any time, and a pool that keeps the books. */
#include <errno.h>

#include "dhcp6_same.h"
#include "dhcp6_server.h"

struct books {
	struct fuzz_in *in;
	uint8_t taken;		/* last octet of the address that is out, 0: none */
	uint8_t next;
	bool confirmed;
};

static int take(void *arg, const struct eftf_dhcp6_msg *msg, struct in6_addr *addr)
{
	struct books *b = arg;

	(void)msg;
	must(!b->taken);
	if (fuzz_u8(b->in) % 8 == 7)
		return -ENOSPC;
	b->taken = b->next = b->next == 255 ? 1 : b->next + 1;
	*addr = (struct in6_addr){{{0x20, 1, [15] = b->taken}}};
	return 0;
}

static void give_back(void *arg, const struct in6_addr *addr)
{
	struct books *b = arg;

	must(b->taken && addr->s6_addr[15] == b->taken && !b->confirmed);
	b->taken = 0;
}

static int confirm(void *arg, const struct eftf_dhcp6_msg *msg, const struct in6_addr *addr,
		   uint8_t *token, size_t *token_len)
{
	struct books *b = arg;

	(void)msg;
	must(b->taken && addr->s6_addr[15] == b->taken && !b->confirmed);
	if (fuzz_u8(b->in) % 8 == 7)
		return -EBUSY;
	b->confirmed = true;
	*token_len = 1 + fuzz_u8(b->in) % EFTF_DHCP6_TOKEN_MAX;
	memset(token, 0xa5, *token_len);
	return 0;
}

static void check_reply(const struct eftf_dhcp6s *s, enum eftf_dhcps_result result,
			const struct eftf_dhcp6_msg *in, const struct eftf_dhcp6_msg *reply)
{
	struct eftf_dhcp6_msg again;
	uint8_t out[EFTF_DHCP6_MAX];
	size_t len = eftf_dhcp6_encode(out, sizeof(out), reply, FUZZ_ENTERPRISE);
	bool gives = result == EFTF_DHCPS_OFFER || result == EFTF_DHCPS_ACK ||
		result == EFTF_DHCPS_RENEWED;

	must(len > 0);
	must(!eftf_dhcp6_decode(&again, out, len, FUZZ_ENTERPRISE, NULL));
	must(!again.n_bad);
	fuzz_dhcp6_same(reply, &again);
	must(reply->xid == in->xid && reply->server.len && eftf_duid_same(&reply->client, &in->client));
	must((reply->type == EFTF_DHCP6_ADVERTISE) ==
	     (result == EFTF_DHCPS_OFFER ||
	      (result == EFTF_DHCPS_EXHAUSTED && in->type == EFTF_DHCP6_SOLICIT)));
	must(reply->has_addr == gives && (!gives || !memcmp(&reply->addr, &s->address, 16)));
	must((reply->status != 0) ==
	     (result == EFTF_DHCPS_NAK || result == EFTF_DHCPS_EXHAUSTED));
	must(!reply->token_len || (s->bound && reply->token_len == s->token_len));
	must(!s->keepalive || (s->keepalive >= 10 && s->keepalive <= 600));
}

/* Names that a UE of this conversation could use. */
static void repair(struct eftf_dhcp6_msg *m, const struct eftf_dhcp6s *s,
		   const struct eftf_dhcp6s_policy *policy, uint8_t how)
{
	if (how & 1)
		m->server = policy->duid;
	if (how & 2)
		m->server.len = 0;
	if (how & 4)
		m->client = (struct eftf_duid){{0, 2, 9}, 3};
	if (how & 8) {
		m->has_ia = m->has_addr = true;
		m->addr = s->address;
	}
	if (how & 16)
		m->type = 1 + (how >> 5);
	else if (how & 32)
		m->type = EFTF_DHCP6_DECLINE;
}

static void step(struct eftf_dhcp6s *s, const struct eftf_dhcp6s_policy *policy, struct books *b)
{
	static const struct eftf_dhcp6s_pool pool = {take, give_back, confirm};
	struct eftf_dhcp6_msg msg, reply;
	enum eftf_dhcps_result result;
	bool bound = s->bound;
	uint8_t how = fuzz_u8(b->in);
	size_t len;
	uint8_t *data = fuzz_block(b->in, 1500, &len);

	if (!eftf_dhcp6_decode(&msg, data, len, FUZZ_ENTERPRISE, NULL)) {
		repair(&msg, s, policy, how);
		result = eftf_dhcp6s_input(s, policy, &pool, b, &msg, &reply);
		if (eftf_dhcp6s_replies(result))
			check_reply(s, result, &msg, &reply);
		must((result == EFTF_DHCPS_ACK) == (s->bound && !bound));
		must(!bound || s->bound);
		if (result == EFTF_DHCPS_RELEASED || result == EFTF_DHCPS_DECLINED) {
			must(bound);
			memset(s, 0, sizeof(*s));
			b->taken = 0;
			b->confirmed = false;
		}
		must(s->address.s6_addr[15] == b->taken && s->bound == b->confirmed);
	}
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	struct books b = {.in = &in};
	struct eftf_dhcp6s s = {.bound = false};
	struct eftf_dhcp6s_policy policy = {
		.duid = {{0, 3, 1}, 3}, .server = {{{0x20, 1, [15] = 1}}},
		.keepalive_min = 10, .keepalive_max = 600, .enterprise = FUZZ_ENTERPRISE,
	};
	uint8_t how = fuzz_u8(&in);

	policy.lease = how & 1 ? EFTF_DHCP_FOREVER : 3600;
	policy.keepalive = how & 2 ? 0 : 110;
	policy.n_dns = how >> 2 & 3;
	policy.n_sip = how >> 4 & 3;
	for (int steps = 0; in.left && steps < 100; steps++)
		step(&s, &policy, &b);
	return 0;
}
