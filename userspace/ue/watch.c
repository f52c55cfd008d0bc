// SPDX-License-Identifier: GPL-2.0-or-later
/* The loop of a running tunnel: events from the module, renewal of the lease, replacement. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "ue.h"

static void lease_lost(struct eftf_ue *ue, const struct eftf_err *why)
{
	log_warn("%s; reconnecting", why->text);
	eftf_tunnel_end(&ue->tunnel, EFTF_REASON_DELETED);
	explicit_bzero(ue->dhcp.token, sizeof(ue->dhcp.token));
	ue->dhcp.token_len = 0;
	ue->dhcp.previous.s_addr = 0;
}

static void renewed(struct eftf_ue *ue)
{
	const struct eftf_lease4 *now = &ue->dhcp.lease;
	struct eftf_err err;

	log_debug("lease renewed for %u s", now->seconds);
	if (now->keepalive && now->keepalive != ue->lease.keepalive) {
		if (eftf_tunnel_set_keepalive(&ue->tunnel, &ue->conf, now, &err))
			log_warn("keep-alive %u s of the renewed lease: %s", now->keepalive,
				 err.text);
		else
			log_info("keep-alive is %u s from now on", now->keepalive);
	}
	ue->lease = *now;
}

static void step_renewal(struct eftf_ue *ue)
{
	struct eftf_err err;

	switch (eftf_renewal_step(&ue->renewal, &err)) {
	case EFTF_RENEWAL_RENEWED:
		renewed(ue);
		break;
	case EFTF_RENEWAL_REFUSED:
	case EFTF_RENEWAL_EXPIRED:
		lease_lost(ue, &err);
		break;
	case EFTF_RENEWAL_NOTHING:
		break;
	}
}

static int next_ms(const struct eftf_ue *ue)
{
	uint64_t renewal = eftf_renewal_due(&ue->renewal), swap = eftf_swap_due(&ue->tunnel.swap);

	return eftf_ms_left(renewal < swap ? renewal : swap);
}

void eftf_watch(struct eftf_ue *ue)
{
	ue->sig.refresh = false;	/* of a time without a tunnel */
	while (ue->tunnel.id && !ue->sig.stop && !ue->sig.reload) {
		struct pollfd pfd[] = {
			{ .fd = ue->sig.fd, .events = POLLIN },
			{ .fd = eftf_nl_fd(ue->tunnel.module.events), .events = POLLIN },
			{ .fd = ue->renewal.fd, .events = POLLIN },
		};

		if (poll(pfd, 3, next_ms(ue)) < 0 && errno != EINTR)
			break;
		if (eftf_signals_take(&ue->sig))
			break;
		eftf_tunnel_read_events(&ue->tunnel);
		if (ue->sig.refresh)
			ue->tunnel.swap.asked = "SIGUSR1";
		ue->sig.refresh = false;
		eftf_replace_step(ue);
		if (ue->tunnel.id)
			step_renewal(ue);
	}
	if (!ue->tunnel.id)
		eftf_renewal_stop(&ue->renewal);
}
