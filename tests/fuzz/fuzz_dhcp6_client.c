// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/dhcp6_codec.c lib/dhcp6_decode.c lib/dhcp6_client.c lib/dhcp_octets.c lib/err.c */
/* The DHCPv6 client with a server that says anything at any time. */
#include "dhcp6_same.h"

static void check_lease(const struct eftf_dhcp6c *c)
{
	const struct eftf_lease6 *l = &c->lease;

	must(eftf_dhcp6_is_host(&l->address) && l->server.len);
	must(l->seconds >= 10 && l->t1 >= 5 && l->t1 <= l->t2 && l->t2 <= l->seconds);
	must(IN6_IS_ADDR_UNSPECIFIED(&l->unicast) || eftf_dhcp6_is_host(&l->unicast));
	must(l->n_dns <= EFTF_DHCP6_MAX_ADDRS && l->n_sip <= EFTF_DHCP6_MAX_ADDRS);
	must(memchr(l->sip_name, 0, sizeof(l->sip_name)) && memchr(l->domain, 0, sizeof(l->domain)));
	must(!memcmp(&c->previous, &l->address, 16));
	must(!l->token_len || (c->token_len == l->token_len &&
			       !memcmp(c->token, l->token, l->token_len)));
}

static void check_input(struct eftf_dhcp6c *c, const uint8_t *data, size_t len)
{
	enum eftf_dhcpc_state before = c->state;
	bool changed = eftf_dhcp6c_input(c, data, len);

	must(changed == (c->state != before));
	must(memchr(c->refusal, 0, sizeof(c->refusal)));
	must(memchr(c->warning.text, 0, sizeof(c->warning.text)));
	if (!changed)
		return;
	must(before <= EFTF_DHCPC_REBINDING);
	if (c->state == EFTF_DHCPC_REQUESTING)
		must(before == EFTF_DHCPC_SELECTING);
	else
		must(c->state == EFTF_DHCPC_BOUND || c->state == EFTF_DHCPC_REFUSED);
	if (c->state == EFTF_DHCPC_BOUND)
		check_lease(c);
}

static void check_output(struct eftf_dhcp6c *c)
{
	enum eftf_dhcpc_state before = c->state;
	uint8_t out[EFTF_DHCP6_MAX];
	struct eftf_dhcp6_msg m;
	int wait_ms = 0;
	size_t len = eftf_dhcp6c_output(c, out, sizeof(out), &wait_ms);

	if (before > EFTF_DHCPC_REBINDING) {
		must(len == 0 && c->state == before);
		return;
	}
	if (!len) {
		must(c->state == EFTF_DHCPC_FAILED);
		return;
	}
	must(wait_ms >= 900 && wait_ms <= 3960000);
	must(!eftf_dhcp6_decode(&m, out, len, FUZZ_ENTERPRISE, NULL));
	must(!m.n_bad && m.xid == c->xid && m.has_ia && m.iaid == c->iaid);
	must(eftf_duid_same(&m.client, &c->duid));
	must(m.has_addr || c->state == EFTF_DHCPC_SELECTING);
	must(m.server.len ? m.type == EFTF_DHCP6_REQUEST || m.type == EFTF_DHCP6_RENEW :
	     m.type == EFTF_DHCP6_SOLICIT || m.type == EFTF_DHCP6_REBIND);
}

/* What an answer needs to be taken at all. */
static void repair(struct eftf_dhcp6_msg *m, const struct eftf_dhcp6c *c, uint8_t how)
{
	static const struct in6_addr host = {{{0x20, 1, 0xd, 0xb8, [15] = 2}}};

	m->xid = c->xid;
	m->client = c->duid;
	if (how & 1)
		m->type = how & 2 ? EFTF_DHCP6_REPLY : EFTF_DHCP6_ADVERTISE;
	if (how & 4)
		m->server = (struct eftf_duid){{0, 3, 1}, 3};
	if (how & 8) {
		m->has_ia = m->has_addr = true;
		m->iaid = c->iaid;
		m->addr = host;
	}
	if (how & 16)
		m->rapid_commit = true;
	if (how & 32)
		m->status = 0;
}

static void step(struct eftf_dhcp6c *c, struct fuzz_in *in)
{
	uint8_t how = fuzz_u8(in), kind = fuzz_u8(in) % 16, again[EFTF_DHCP6_MAX];
	struct eftf_dhcp6_msg m;
	size_t len;
	uint8_t *data;

	if (kind == 15 && c->state == EFTF_DHCPC_BOUND) {
		eftf_dhcp6c_renew(c, how, (uint64_t)how << 14);
		return;
	}
	if (kind >= 12) {
		check_output(c);
		return;
	}
	data = fuzz_block(in, 1500, &len);
	if (how & 128 && !eftf_dhcp6_decode(&m, data, len, FUZZ_ENTERPRISE, NULL)) {
		repair(&m, c, how);
		len = eftf_dhcp6_encode(again, sizeof(again), &m, FUZZ_ENTERPRISE);
		must(len);
		check_input(c, again, len);
	} else {
		check_input(c, data, len);
	}
	free(data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	struct eftf_dhcp6c c = {.enterprise = FUZZ_ENTERPRISE, .duid = {{0, 2, 1}, 3}, .iaid = 7,
				.keepalive = 60};

	eftf_dhcp6c_start(&c, 0x12345678);
	check_output(&c);
	for (int steps = 0; in.left && steps < 100; steps++)
		step(&c, &in);
	return 0;
}
