// SPDX-License-Identifier: GPL-2.0-or-later
/* The loop of a running tunnel: events from the module, renewal of the lease, replacement. */
#include <poll.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "ue.h"

static void lease_lost(struct eftf_ue *ue, const struct eftf_err *why)
{
	log_warn("%s; reconnecting", why->text);
	eftf_tunnel_end(&ue->tunnel, EFTF_REASON_DELETED);
	explicit_bzero(ue->dhcp.v4.token, sizeof(ue->dhcp.v4.token));
	ue->dhcp.v4.token_len = 0;
	ue->dhcp.v4.previous.s_addr = 0;
	memset(&ue->dhcp.v6.previous, 0, sizeof(ue->dhcp.v6.previous));
}

static void renewed(struct eftf_ue *ue, const struct eftf_renewal *r)
{
	uint16_t before = ue->lease.keepalive;
	struct eftf_err err;

	eftf_take_renewed(ue, r);
	if (!ue->lease.keepalive)
		ue->lease.keepalive = before;
	if (ue->lease.keepalive != before) {
		if (eftf_tunnel_set_keepalive(&ue->tunnel, &ue->conf, &ue->lease, &err))
			log_warn("keep-alive %u s of the renewed lease: %s", ue->lease.keepalive,
				 err.text);
		else
			log_info("keep-alive is %u s from now on", ue->lease.keepalive);
	}
	if (eftf_tunnel_renewed(&ue->tunnel, &ue->conf, &ue->lease, &err))
		log_warn("renewed lease: %s", err.text);
	eftf_tell_hook(ue, EFTF_HOOK_RENEW);
}

static void step_renewal(struct eftf_ue *ue, struct eftf_renewal *r)
{
	struct eftf_err err;

	switch (eftf_renewal_step(r, &err)) {
	case EFTF_RENEWAL_RENEWED:
		log_debug("%slease renewed for %u s", r->client6 ? "IPv6 " : "", r->client6 ?
			  r->client6->lease.seconds : r->client->lease.seconds);
		renewed(ue, r);
		break;
	case EFTF_RENEWAL_REFUSED:
	case EFTF_RENEWAL_EXPIRED:
		lease_lost(ue, &err);
		break;
	case EFTF_RENEWAL_NOTHING:
		break;
	}
}

static void follow_way(struct eftf_ue *ue)
{
	struct eftf_tunnel *t = &ue->tunnel;
	const char *text = "";
	enum eftf_way_news news = eftf_way_look(&t->way, ue->changes.ask, t->device.ifindex, &text);

	if (news == EFTF_WAY_LOST) {
		log_warn("there is no way to the EFTF at present");
		t->swap.moved = NULL;
		return;
	}
	if (t->way.hop.ifindex && !t->way.lost)
		eftf_exempt_follow(&t->exempt, t->device.rt, t->device.ifindex, &t->way.hop,
				   news == EFTF_WAY_STALE);
	if (news == EFTF_WAY_SAME)
		return;
	log_info("outer connection: %s", text);
	eftf_swap_move(&t->swap, text);
}

static void look_around(struct eftf_ue *ue)
{
	struct eftf_changes *c = &ue->changes;

	eftf_changes_take(c);
	c->clock_set = false;
	if (c->slept) {
		log_info("this machine has slept for %llu s", (unsigned long long)c->slept / 1000);
		eftf_swap_move(&ue->tunnel.swap, "after sleep");
		c->slept = 0;
	}
	if (eftf_changes_network(c))
		follow_way(ue);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Without a tunnel the caller looks at changes of the network, when it is time to. */
static uint64_t next_at(const struct eftf_ue *ue, uint64_t until)
{
	until = earlier(until, earlier(eftf_hooks_due(&ue->hooks), eftf_status_due(ue)));
	if (!ue->tunnel.id)
		return until;
	until = earlier(until, earlier(eftf_renewal_due(&ue->renewal), eftf_renewal_due(&ue->renewal6)));
	return earlier(until, ue->changes.network_at);
}

bool eftf_round(struct eftf_ue *ue, int fd, uint64_t until)
{
	const struct eftf_nl *events = ue->tunnel.module.events;
	struct pollfd pfd[5 + EFTF_CHANGES_FDS + EFTF_HOOK_FDS + EFTF_STATUS_FDS] = {
		{ .fd = ue->sig.fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
		{ .fd = events ? eftf_nl_fd(events) : -1, .events = POLLIN },
		{ .fd = ue->renewal.fd, .events = POLLIN },
		{ .fd = ue->renewal6.fd, .events = POLLIN },
	};
	int n;

	/* before it waits, so that the service manager knows at what, and who was let in is waited for */
	eftf_status_step(ue);
	eftf_changes_fds(&ue->changes, pfd + 5);
	eftf_hooks_fds(&ue->hooks, pfd + 5 + EFTF_CHANGES_FDS);
	eftf_status_fds(ue, pfd + 5 + EFTF_CHANGES_FDS + EFTF_HOOK_FDS);
	n = poll(pfd, sizeof(pfd) / sizeof(pfd[0]), eftf_ms_left(next_at(ue, until)));
	eftf_hooks_step(&ue->hooks);
	if (eftf_signals_take(&ue->sig))
		return false;
	eftf_tunnel_read_events(&ue->tunnel);
	if (ue->tunnel.id)
		look_around(ue);
	else
		eftf_changes_take(&ue->changes);
	if (ue->tunnel.id)
		step_renewal(ue, &ue->renewal);
	if (ue->tunnel.id)
		step_renewal(ue, &ue->renewal6);
	return n > 0 && pfd[1].revents;
}

void eftf_watch(struct eftf_ue *ue)
{
	ue->sig.refresh = false;	/* of a time without a tunnel */
	/* of what changed while the connection was made nothing was heard */
	ue->changes.network_at = 0;
	eftf_direct_start(ue);
	while (ue->tunnel.id && !ue->sig.stop && !ue->sig.reload) {
		eftf_round(ue, -1, earlier(eftf_swap_due(&ue->tunnel.swap), eftf_direct_due(ue)));
		if (ue->sig.stop || ue->sig.reload)
			break;
		if (ue->sig.refresh)
			ue->tunnel.swap.asked = "SIGUSR1";
		ue->sig.refresh = false;
		eftf_replace_step(ue);
		eftf_direct_step(ue);
	}
	if (!ue->tunnel.id)
		eftf_renewals_stop(ue);
}
