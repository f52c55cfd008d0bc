// SPDX-License-Identifier: GPL-2.0-or-later
/* One connection attempt: TCP, TLS, address, hand-off, routes. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "channel.h"
#include "clock.h"
#include "config_value.h"
#include "log.h"
#include "ue.h"

#define RELEASE_MS 2000u	/* that the end waits for the release to be sent */
#define RELEASE_LOOK_MS 10

void eftf_tell_hook(struct eftf_ue *ue, enum eftf_hook_reason reason)
{
	const struct eftf_device *dev = &ue->tunnel.device;
	struct eftf_hook_info info = {
		.device = ue->conf.device, .lease = &ue->lease, .routes = &dev->routes,
		.six = &ue->tunnel.six, .routes6 = &ue->tunnel.device6.routes,
		.peer = &ue->told_peer, .plen = dev->addr.plen, .mtu = dev->mtu,
		.keepalive = eftf_tunnel_keepalive(&ue->conf, &ue->lease), .pid = getpid(),
	};

	eftf_hooks_tell(&ue->hooks, ue->conf.hook, ue->conf.hook_timeout * 1000, reason, &info);
}

/*
 * Tells of the end of the present lease, if its begin was told, and waits until all is
 * said: a hook may take the address away and the device down, which the next tunnel has as well.
 */
static void tell_down(struct eftf_ue *ue)
{
	/* one run that is under way, and this one */
	uint64_t limit = eftf_now_ms() + 2 * ue->conf.hook_timeout * 1000 + EFTF_HOOK_STOP_MS;

	if (!ue->told_up)
		return;
	ue->told_up = false;
	eftf_tell_hook(ue, EFTF_HOOK_DOWN);
	while (eftf_hooks_busy(&ue->hooks) && eftf_ms_left(limit) > 0) {
		if (ue->sig.stop)
			eftf_hooks_hurry(&ue->hooks);
		eftf_round(ue, -1, limit);
	}
}

/* What was refused may have been the old address. */
static void forget_lease(struct eftf_ue *ue)
{
	explicit_bzero(ue->dhcp.v4.token, sizeof(ue->dhcp.v4.token));
	ue->dhcp.v4.token_len = 0;
	ue->dhcp.v4.previous.s_addr = 0;
	memset(&ue->dhcp.v6.previous, 0, sizeof(ue->dhcp.v6.previous));
}

static void take_lease(struct eftf_ue *ue, const struct eftf_dhcp_clients *dhcp)
{
	if (eftf_ue_conf_is_static(&ue->conf)) {
		eftf_take_configured(ue);
		return;
	}
	if (ue->told_up && (ue->lease.address.s_addr != dhcp->v4.lease.address.s_addr ||
			    memcmp(&ue->tunnel.six.lease.address, &dhcp->v6.lease.address,
				   sizeof(dhcp->v6.lease.address)))) {
		log_info("the EFTF gave another address than before");
		tell_down(ue);
	}
	eftf_take_lease(ue, dhcp);
}

static void log_up(const struct eftf_ue *ue)
{
	char address[INET_ADDRSTRLEN + 2 + INET6_ADDRSTRLEN] = "", address6[INET6_ADDRSTRLEN], pcscf[EFTF_DHCP4_MAX_ADDRS * 18 + 1] = "";
	size_t i, len = 0;

	if (ue->lease.address.s_addr)
		inet_ntop(AF_INET, &ue->lease.address, address, sizeof(address));
	if (eftf_six_there(&ue->tunnel.six)) {
		inet_ntop(AF_INET6, &ue->tunnel.six.lease.address, address6, sizeof(address6));
		snprintf(address + strlen(address), sizeof(address) - strlen(address), "%s%s",
			 address[0] ? ", " : "", address6);
	}
	for (i = 0; i < ue->lease.n_sip && len + 18 < sizeof(pcscf); i++) {
		len += (size_t)snprintf(pcscf + len, sizeof(pcscf) - len, "%s", i ? ", " : "");
		inet_ntop(AF_INET, &ue->lease.sip[i], pcscf + len,
			  (socklen_t)(sizeof(pcscf) - len));
		len += strlen(pcscf + len);
	}
	log_info("tunnel up: %s via %s, keep-alive %u s%s%s", address, ue->tunnel.device.name,
		 eftf_tunnel_keepalive(&ue->conf, &ue->lease), len || ue->lease.sip_name[0] ? ", P-CSCF " : "",
		 len ? pcscf : ue->lease.sip_name);
}

static void tell_up(struct eftf_ue *ue)
{
	if (ue->told_up)
		return;
	ue->told_up = true;
	ue->told_peer = ue->tunnel.way.peer;
	eftf_tell_hook(ue, EFTF_HOOK_UP);
}

void eftf_renewals_start(struct eftf_ue *ue)
{
	bool dhcp = !eftf_ue_conf_is_static(&ue->conf);

	eftf_renewal_start(&ue->renewal, dhcp && eftf_has4(&ue->dhcp) ? &ue->dhcp.v4 : NULL,
			   ue->tunnel.device.name);
	eftf_renewal_start6(&ue->renewal6, dhcp && eftf_has6(&ue->dhcp) ? &ue->dhcp.v6 : NULL,
			    ue->tunnel.device.name);
}

void eftf_renewals_stop(struct eftf_ue *ue)
{
	eftf_renewal_stop(&ue->renewal);
	eftf_renewal_stop(&ue->renewal6);
}

/* Networks behind this UE may have addresses of its /64 longer than its tunnel, and this process, lives. */
static void recall_own(struct eftf_ue *ue)
{
	struct eftf_prefix6 *own = &ue->tunnel.own_before;

	if (eftf_value_prefix6(ue->instance.note, &own->addr, &own->plen))
		memset(own, 0, sizeof(*own));
}

static void note_own(struct eftf_ue *ue)
{
	const struct eftf_prefix6 *own = &ue->tunnel.routes6.own;
	char note[EFTF_PREFIX6_TEXT];

	if (own->plen && strcmp(eftf_prefix6_text(note, own), ue->instance.note))
		eftf_instance_write_note(&ue->instance, note);
}

int eftf_attach(struct eftf_ue *ue, struct eftf_outer *o, struct eftf_err *err)
{
	int ret;

	recall_own(ue);
	ret = eftf_tunnel_attach(&ue->tunnel, &ue->conf, &ue->lease, o, err);
	if (!ret) {
		note_own(ue);
		eftf_backoff_up(&ue->backoff, ue->tunnel.up_since);
		eftf_renewals_start(ue);
	}
	return ret;
}

enum eftf_attempt eftf_up(struct eftf_ue *ue)
{
	struct eftf_outer o = { .fd = -1, .keys = { .fd = -1 } };
	struct eftf_wish wish = { .family = ue->conf.family };
	struct eftf_dhcp_clients dhcp = ue->dhcp;
	enum eftf_attempt attempt;
	struct eftf_err err;

	ue->status.doing = EFTF_DOING_CONNECT;
	if (eftf_tunnel_prepare(&ue->tunnel, &err)) {
		attempt = EFTF_ATTEMPT_FAILED;
		goto out;
	}
	if (!ue->told_up)
		eftf_here_read_dns(&ue->tunnel.names, &ue->tunnel.names6);
	dhcp.v4.keepalive = (uint16_t)ue->conf.keepalive;
	attempt = eftf_send_for_outer(ue, NULL, &wish, &o, &dhcp, &err);
	if (attempt == EFTF_ATTEMPT_FAILED && dhcp.v4.state == EFTF_DHCPC_REFUSED)
		forget_lease(ue);
	if (attempt != EFTF_ATTEMPT_UP)
		goto out;
	take_lease(ue, &dhcp);
	if (eftf_attach(ue, &o, &err)) {
		eftf_channel_close_notify(o.fd);
		eftf_targets_failed(eftf_targets_now(ue), &o.peer);
		attempt = EFTF_ATTEMPT_FAILED;
		goto out;
	}
	eftf_targets_worked(eftf_targets_now(ue), &o.peer);
	log_up(ue);
	tell_up(ue);
out:
	eftf_outer_close(&o);
	explicit_bzero(&dhcp, sizeof(dhcp));
	if (ue->sig.stop || ue->sig.reload)
		return attempt == EFTF_ATTEMPT_UP ? attempt : EFTF_ATTEMPT_FAILED;
	if (attempt != EFTF_ATTEMPT_UP)
		log_error("%s", err.text);
	return attempt;
}

/*
 * Gives the addresses back, and waits until the module has sent that: the device goes next, and takes with
 * it what still waits. On a dead path that would be for ever. The sockets know when it has gone, unless a qdisc in
 * front of the module delays it; the module knows how many packets it has sent, but not whose.
 */
static void release(struct eftf_ue *ue)
{
	uint64_t until = eftf_now_ms() + RELEASE_MS;
	struct eftf_tunnel_info before, now;
	unsigned int given;
	bool sent = false;

	if (!eftf_tunnel_look(&ue->tunnel, &before))
		return;
	given = eftf_renewal_release(&ue->renewal);
	given += eftf_renewal_release(&ue->renewal6);
	while (given && !sent && eftf_now_ms() < until) {
		/* an EFTF that has it may end the tunnel */
		sent = !eftf_tunnel_look(&ue->tunnel, &now) ||
			(!eftf_renewal_is_sending(&ue->renewal) && !eftf_renewal_is_sending(&ue->renewal6) &&
			 now.stats[EFTF_STAT_TX_PACKETS] - before.stats[EFTF_STAT_TX_PACKETS] >= given);
		if (!sent)
			poll(NULL, 0, RELEASE_LOOK_MS);
	}
	if (given)
		log_debug("the release of the address %s", sent ? "is sent" : "may not have been sent");
}

void eftf_down(struct eftf_ue *ue, bool for_good)
{
	/* the EFTF need not hold the address */
	if (ue->tunnel.id && for_good)
		release(ue);
	eftf_renewals_stop(ue);
	eftf_tunnel_end(&ue->tunnel, EFTF_REASON_DELETED);
	tell_down(ue);
	eftf_tunnel_close_device(&ue->tunnel);
}
