// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/dhcp4_codec.c lib/dhcp4_decode.c lib/dhcp_octets.c lib/dhcp4_client.c lib/err.c */
/* The DHCPv4 client with a server that says anything at any time. */
#include <arpa/inet.h>

#include "dhcp4_same.h"

#define OFF_XID 4
#define OFF_YIADDR 16

static void check_lease(const struct eftf_dhcp4c *c)
{
	const struct eftf_lease4 *l = &c->lease;
	uint32_t address = ntohl(l->address.s_addr);

	must(address >> 24 != 0 && address >> 24 != 127 && address >> 28 < 14);
	must(l->seconds > 0 && l->t1 <= l->t2);
	must(l->seconds == 0xffffffff || l->t2 <= l->seconds);
	must(l->seconds >= 10 && l->t1 >= 5);
	must(l->mtu == 0 || (l->mtu >= 576 && l->mtu <= 65532));
	must(l->n_dns <= EFTF_DHCP4_MAX_ADDRS && l->n_sip <= EFTF_DHCP4_MAX_ADDRS);
	must(l->n_routes <= EFTF_DHCP4_MAX_ROUTES);
	must(memchr(l->sip_name, 0, sizeof(l->sip_name)));
	must(c->previous.s_addr == l->address.s_addr);
	must(!l->token_len || (c->token_len == l->token_len &&
			       !memcmp(c->token, l->token, l->token_len)));
}

static void check_input(struct eftf_dhcp4c *c, const uint8_t *data, size_t len)
{
	enum eftf_dhcpc_state before = c->state;
	bool changed = eftf_dhcp4c_input(c, data, len);

	must(changed == (c->state != before));
	must(memchr(c->refusal, 0, sizeof(c->refusal)));
	must(memchr(c->warning.text, 0, sizeof(c->warning.text)));
	if (!changed)
		return;
	must(before <= EFTF_DHCPC_REBINDING);
	if (c->state == EFTF_DHCPC_REQUESTING)
		must(before == EFTF_DHCPC_SELECTING);
	else if (c->state == EFTF_DHCPC_BOUND)
		must(before != EFTF_DHCPC_SELECTING);
	else
		must(c->state == EFTF_DHCPC_REFUSED);
	if (c->state == EFTF_DHCPC_BOUND)
		check_lease(c);
}

static void check_output(struct eftf_dhcp4c *c)
{
	enum eftf_dhcpc_state before = c->state;
	uint8_t out[EFTF_DHCP4_MAX];
	struct eftf_dhcp4_msg m;
	int wait_ms = 0;
	size_t len = eftf_dhcp4c_output(c, out, sizeof(out), &wait_ms);

	if (!len) {
		must(wait_ms == -1);
		must(c->state == before || c->state == EFTF_DHCPC_FAILED);
		must(c->state > EFTF_DHCPC_REBINDING);
		return;
	}
	must(c->state == before || (before == EFTF_DHCPC_RENEWING &&
				    c->state == EFTF_DHCPC_REBINDING));
	must(wait_ms >= 1000 && wait_ms <= 86400000);
	must(!eftf_dhcp4_decode(&m, out, len, c->enterprise, NULL));
	must(!m.reply && m.xid == c->xid);
	must(m.type == (before == EFTF_DHCPC_SELECTING ? EFTF_DHCP4_DISCOVER :
							  EFTF_DHCP4_REQUEST));
}

static void check_release(const struct eftf_dhcp4c *c)
{
	uint8_t out[EFTF_DHCP4_MAX];
	struct eftf_dhcp4_msg m;
	size_t len = eftf_dhcp4c_release(c, out, sizeof(out));

	must(len > 0 && !eftf_dhcp4_decode(&m, out, len, c->enterprise, NULL));
	must(m.type == EFTF_DHCP4_RELEASE && m.ciaddr.s_addr == c->lease.address.s_addr);
}

static void message(struct eftf_dhcp4c *c, struct fuzz_in *in, uint8_t how)
{
	size_t len;
	uint8_t *m = fuzz_block(in, 1500, &len);

	if (len >= 20 && how & 0x10) {
		for (int i = 0; i < 4; i++)
			m[OFF_XID + i] = (uint8_t)(c->xid >> (24 - 8 * i));
	}
	if (len >= 20 && how & 0x20)
		memcpy(m + OFF_YIADDR, &c->lease.address, 4);
	check_input(c, m, len);
	free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	struct eftf_dhcp4c c = {.enterprise = FUZZ_ENTERPRISE, .client_id = "\377eftf",
				.client_id_len = 5, .keepalive = 110};

	eftf_dhcp4c_start(&c, 0x12345678);
	for (int steps = 0; in.left && steps < 200; steps++) {
		uint8_t how = fuzz_u8(&in);

		switch (how & 7) {
		case 0:
			eftf_dhcp4c_start(&c, fuzz_u16(&in));
			break;
		case 1:
			/* there must be a lease to renew */
			if (c.state == EFTF_DHCPC_BOUND)
				eftf_dhcp4c_renew(&c, fuzz_u16(&in), 1000 * (uint64_t)fuzz_u16(&in));
			break;
		case 2:
		case 3:
			check_output(&c);
			break;
		case 4:
			check_release(&c);
			break;
		default:
			message(&c, &in, how);
			break;
		}
	}
	return 0;
}
