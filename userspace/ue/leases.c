// SPDX-License-Identifier: GPL-2.0-or-later
/* What the addresses of the tunnel are, from what the clients of DHCP were given, or the configuration says. */
#include <arpa/inet.h>
#include <string.h>

#include "ue.h"

/* What both families have alike, where there is no IPv4. */
static void share(struct eftf_ue *ue)
{
	const struct eftf_six *six = &ue->tunnel.six;

	memset(&ue->lease, 0, sizeof(ue->lease));
	ue->lease.keepalive = six->lease.keepalive;
	ue->lease.mtu = (uint16_t)six->ra.mtu;
}

void eftf_take_lease(struct eftf_ue *ue, const struct eftf_dhcp_clients *dhcp)
{
	struct eftf_six *six = &ue->tunnel.six;

	ue->dhcp = *dhcp;
	memset(six, 0, sizeof(*six));
	if (eftf_has6(dhcp)) {
		six->lease = dhcp->v6.lease;
		six->ra = dhcp->ra;
	}
	if (eftf_has4(dhcp))
		ue->lease = dhcp->v4.lease;
	else
		share(ue);
}

void eftf_take_configured(struct eftf_ue *ue)
{
	const struct eftf_ue_conf *conf = &ue->conf;
	struct eftf_lease4 *l = &ue->lease;
	struct eftf_six *six = &ue->tunnel.six;

	memset(l, 0, sizeof(*l));
	memset(six, 0, sizeof(*six));
	l->address = conf->static_addr.addr;
	l->router = l->server = conf->gateway.addr;
	if (conf->static_addr.set)
		l->mask.s_addr = htonl(0xffffffffu << (32 - conf->static_addr.plen));
	l->seconds = l->t1 = l->t2 = EFTF_DHCP_FOREVER;
	six->lease.address = conf->static_addr6;
	six->lease.unicast = conf->gateway6;
	six->lease.seconds = six->lease.preferred = six->lease.t1 = six->lease.t2 = EFTF_DHCP_FOREVER;
}

void eftf_take_renewed(struct eftf_ue *ue, const struct eftf_renewal *r)
{
	if (!r->client6) {
		ue->lease = r->client->lease;
		return;
	}
	ue->tunnel.six.lease = r->client6->lease;
	if (!ue->lease.address.s_addr)
		share(ue);
}
