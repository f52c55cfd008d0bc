// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/dhcp4_codec.c lib/dhcp4_decode.c lib/dhcp_octets.c lib/dhcp4_server.c lib/err.c */
/* The DHCPv4 server with a UE that says anything at any time, and a pool that keeps the books. */
#include <arpa/inet.h>
#include <errno.h>

#include "dhcp4_same.h"
#include "dhcp4_server.h"

#define OFF_CIADDR 12

struct books {
	struct fuzz_in *in;
	uint32_t taken;		/* address that is out, 0: none */
	uint32_t next;
	bool confirmed;
};

static int take(void *arg, const struct eftf_dhcp4_msg *msg, struct in_addr *addr)
{
	struct books *b = arg;

	(void)msg;
	must(!b->taken);
	if (fuzz_u8(b->in) % 8 == 7)
		return -ENOSPC;
	b->taken = b->next++;
	addr->s_addr = htonl(b->taken);
	return 0;
}

static void give_back(void *arg, struct in_addr addr)
{
	struct books *b = arg;

	must(b->taken && ntohl(addr.s_addr) == b->taken && !b->confirmed);
	b->taken = 0;
}

static int confirm(void *arg, const struct eftf_dhcp4_msg *msg, struct in_addr addr, uint8_t *token,
		   size_t *token_len)
{
	struct books *b = arg;

	(void)msg;
	must(b->taken && ntohl(addr.s_addr) == b->taken && !b->confirmed);
	if (fuzz_u8(b->in) % 8 == 7)
		return -EBUSY;
	b->confirmed = true;
	*token_len = 1 + fuzz_u8(b->in) % EFTF_DHCP4_TOKEN_MAX;
	memset(token, 0xa5, *token_len);
	return 0;
}

static void check_reply(const struct eftf_dhcp4s *s, enum eftf_dhcps_result result,
			const struct eftf_dhcp4_msg *in, const struct eftf_dhcp4_msg *reply)
{
	struct eftf_dhcp4_msg again;
	uint8_t out[EFTF_DHCP4_MAX];
	size_t len = eftf_dhcp4_encode(out, sizeof(out), reply, FUZZ_ENTERPRISE);

	must(len > 0);
	must(!eftf_dhcp4_decode(&again, out, len, FUZZ_ENTERPRISE, NULL));
	fuzz_dhcp4_same(reply, &again);
	must(reply->reply && reply->xid == in->xid && reply->has_server_id);
	must(reply->hlen == in->hlen && !memcmp(reply->chaddr, in->chaddr, sizeof(in->chaddr)));
	switch (result) {
	case EFTF_DHCPS_OFFER:
		must(reply->type == EFTF_DHCP4_OFFER && s->address.s_addr);
		must(reply->yiaddr.s_addr == s->address.s_addr && reply->has_lease);
		must(!reply->token_len);
		break;
	case EFTF_DHCPS_ACK:
	case EFTF_DHCPS_RENEWED:
		must(reply->type == EFTF_DHCP4_ACK && s->bound);
		must(!reply->token_len || reply->token_len == s->token_len);
		must(in->n_params || reply->token_len);
		must(reply->yiaddr.s_addr == s->address.s_addr && reply->has_lease);
		break;
	case EFTF_DHCPS_INFORMED:
		must(reply->type == EFTF_DHCP4_ACK && s->bound && !reply->yiaddr.s_addr);
		must(!reply->has_lease && !reply->token_len);
		break;
	default:
		must(reply->type == EFTF_DHCP4_NAK && !reply->yiaddr.s_addr);
		must(!reply->token_len && reply->message[0]);
		break;
	}
	must(!s->keepalive || (s->keepalive >= 10 && s->keepalive <= 600));
}

/* Addresses that a UE of this conversation could name. */
static void repair(struct eftf_dhcp4_msg *m, const struct eftf_dhcp4s *s,
		   const struct eftf_dhcp4s_policy *policy, uint8_t how)
{
	m->reply = m->reply && how & 0x80;
	if (how & 1)
		m->ciaddr.s_addr = 0;
	if (how & 2)
		m->ciaddr = s->address;
	if (how & 4)
		m->requested = s->address;
	m->has_requested = m->has_requested || how & 4;
	if (how & 8)
		m->server_id = policy->server;
	m->has_server_id = (m->has_server_id || how & 8) && !(how & 16);
	/* the type last: the corpus has few kinds of message */
	if (how & 32)
		m->type = 1 + (how >> 6) * 2 + (how & 1);
}

static void step(struct eftf_dhcp4s *s, const struct eftf_dhcp4s_policy *policy, struct books *b)
{
	static const struct eftf_dhcp4s_pool pool = {take, give_back, confirm};
	struct eftf_dhcp4_msg msg, reply;
	enum eftf_dhcps_result result;
	bool bound = s->bound;
	uint8_t how = fuzz_u8(b->in);
	size_t len;
	uint8_t *data = fuzz_block(b->in, 1500, &len);

	if (!eftf_dhcp4_decode(&msg, data, len, FUZZ_ENTERPRISE, NULL)) {
		repair(&msg, s, policy, how);
		result = eftf_dhcp4s_input(s, policy, &pool, b, &msg, &reply);
		must(!msg.reply || result == EFTF_DHCPS_IGNORED);
		if (eftf_dhcp4s_replies(result))
			check_reply(s, result, &msg, &reply);
		must((result == EFTF_DHCPS_ACK) == (s->bound && !bound));
		must(!bound || s->bound);
		if (result == EFTF_DHCPS_RELEASED || result == EFTF_DHCPS_DECLINED) {
			must(bound);
			/* as the gateway: the address goes, and the conversation with it */
			memset(s, 0, sizeof(*s));
			b->taken = 0;
			b->confirmed = false;
		}
		must(ntohl(s->address.s_addr) == b->taken && s->bound == b->confirmed);
	}
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	struct books b = {.in = &in, .next = 0x0a400002};
	struct eftf_dhcp4s s = {.bound = false};
	struct eftf_dhcp4s_policy policy = {
		.server.s_addr = htonl(0x0a400001), .mask.s_addr = htonl(0xffff0000),
		.mtu = 1400, .keepalive_min = 10, .keepalive_max = 600,
		.enterprise = FUZZ_ENTERPRISE,
	};
	uint8_t how = fuzz_u8(&in);

	policy.lease = how & 1 ? 0xffffffff : 3600;
	policy.keepalive = how & 2 ? 0 : 110;
	policy.n_dns = how >> 2 & 3;
	policy.n_sip = how >> 4 & 3;
	policy.n_routes = how >> 6;
	for (int steps = 0; in.left && steps < 100; steps++)
		step(&s, &policy, &b);
	return 0;
}
