// SPDX-License-Identifier: GPL-2.0-or-later
/* The running tunnel: events from the module, renewal of the lease. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "clock.h"
#include "hook.h"
#include "keepalive.h"
#include "log.h"
#include "ue.h"

static const char *const reasons[__EFTF_REASON_MAX] = {
	[EFTF_REASON_DELETED] = "it was deleted here (eftfctl?)",
	[EFTF_REASON_OWNER] = "its netlink socket was closed",
	[EFTF_REASON_LINK] = "the network device was deleted",
	[EFTF_REASON_RELEASED] = "the EFTF released it",
	[EFTF_REASON_TRUNCATED] = "the connection was cut without close_notify",
	[EFTF_REASON_RESET] = "the connection was reset",
	[EFTF_REASON_TIMEOUT] = "nothing was received for too long",
	[EFTF_REASON_ALERT] = "the EFTF sent a TLS alert",
	[EFTF_REASON_FRAMING] = "the EFTF sent impossible envelopes",
	[EFTF_REASON_NOT_FTT] = "the peer does not speak FTT-IMS",
	[EFTF_REASON_BAD_RECORD] = "a TLS record was corrupt",
	[EFTF_REASON_PROTOCOL] = "the EFTF broke the TLS protocol",
	[EFTF_REASON_REKEY] = "the EFTF changes its TLS key, which was not followed here",
	[EFTF_REASON_KEY_LIMIT] = "the TLS key has been used as often as it may be",
	[EFTF_REASON_ERROR] = "the socket failed",
	[EFTF_REASON_SWAPPED] = "it was replaced",
};

static void log_down(const struct eftf_ue *ue, const struct eftf_tunnel_info *info)
{
	const char *words = info->reason < __EFTF_REASON_MAX ? reasons[info->reason] : NULL;
	unsigned long long up_s = (eftf_now_ms() - ue->up_since) / 1000;

	if (!words)
		words = info->reason_name[0] ? info->reason_name : "no reason given";
	if (info->reason == EFTF_REASON_ALERT)
		log_warn("tunnel down after %llu s: %s (%u)", up_s, words, info->alert);
	else if (info->sock_errno)
		log_warn("tunnel down after %llu s: %s (%s)", up_s, words,
			 strerror((int)info->sock_errno));
	else
		log_warn("tunnel down after %llu s: %s", up_s, words);
}

static void ended(struct eftf_ue *ue, uint32_t reason)
{
	ue->tunnel_id = 0;
	ue->down_reason = reason;
	eftf_rekey_set(&ue->rekey, NULL, 0);
	eftf_backoff_lived(&ue->backoff, eftf_now_ms() - ue->up_since);
}

/* Without the next key nothing can be read any more: rather a new tunnel at once. */
static void give_up(struct eftf_ue *ue)
{
	struct eftf_err err;

	if (eftf_nl_tunnel_del(ue->nl, ue->device.ifindex, ue->tunnel_id, &err))
		log_debug("tunnel: %s", err.text);
	ended(ue, EFTF_REASON_REKEY);
}

static void change_key(struct eftf_ue *ue, const struct eftf_tunnel_info *info)
{
	struct eftf_err err;
	int ret = eftf_rekey_answer(&ue->rekey, ue->nl, info, &err);

	if (ret > 0)
		log_info("TLS receiving key changed by the EFTF%s",
			 info->update_requested ? ", sending key as well" : "");
	else if (!ret)
		log_debug("a TLS key of an old connection changes: not followed");
	else
		log_warn("tunnel: %s", err.text);
	if (ret == -EOPNOTSUPP)
		give_up(ue);
	/* after any other failure the module does so by itself */
}

void eftf_on_event(const struct eftf_tunnel_info *info, void *arg)
{
	struct eftf_ue *ue = arg;

	if (!ue->tunnel_id || info->id != ue->tunnel_id || info->ifindex != ue->device.ifindex)
		return;
	switch (info->cmd) {
	case EFTF_CMD_EVENT_DOWN:
		log_down(ue, info);
		ended(ue, info->reason);
		break;
	case EFTF_CMD_EVENT_STALLED:
		log_warn("tunnel stalled: %u packets (%u octets) wait for the outer connection",
			 info->queue_packets, info->queue_bytes);
		break;
	case EFTF_CMD_EVENT_REKEY:
		log_debug("the TLS key for %s is nearly used up: %llu records",
			  info->direction == EFTF_DIRECTION_TX ? "sending" : "receiving",
			  (unsigned long long)(info->direction == EFTF_DIRECTION_TX ?
					       info->key_records_tx : info->key_records_rx));
		ue->swap.key_due = true;
		break;
	case EFTF_CMD_EVENT_SWAPPED:
		log_debug("the old outer connection is gone: %s", info->reason_name);
		eftf_swap_drained(&ue->swap);
		break;
	case EFTF_CMD_EVENT_KEY_UPDATE:
		change_key(ue, info);
		break;
	default:
		break;
	}
}

static void seen(const struct eftf_tunnel_info *info, void *arg)
{
	(void)info;
	*(bool *)arg = true;
}

/* Events were lost, or cannot be read any more: is the tunnel still there? */
static void resync(struct eftf_ue *ue)
{
	struct eftf_err err;
	bool there = false;

	if (!ue->tunnel_id)
		return;
	eftf_nl_tunnel_get(ue->nl, ue->device.ifindex, ue->tunnel_id, seen, &there, &err);
	if (there)
		return;
	log_warn("tunnel down; the event that told the reason was lost");
	ended(ue, EFTF_REASON_NONE);
}

void eftf_read_events(struct eftf_ue *ue)
{
	struct eftf_err err = { "" };
	int ret = eftf_nl_events_read(ue->events, eftf_on_event, ue, &err);

	if (!ret)
		return;
	if (ret != -ENOBUFS) {
		log_warn("%s", err.text);
		/* a module that comes back has another netlink number */
		eftf_nl_close(ue->events);
		ue->events = NULL;
	}
	resync(ue);
	if (!ue->events && ue->tunnel_id)
		ended(ue, EFTF_REASON_NONE);
	if (!ue->events) {
		eftf_nl_close(ue->nl);
		ue->nl = NULL;
	}
}

static void lease_lost(struct eftf_ue *ue, const struct eftf_err *why)
{
	struct eftf_err err;

	log_warn("%s; reconnecting", why->text);
	if (eftf_nl_tunnel_del(ue->nl, ue->device.ifindex, ue->tunnel_id, &err))
		log_debug("tunnel: %s", err.text);
	explicit_bzero(ue->dhcp.token, sizeof(ue->dhcp.token));
	ue->dhcp.has_token = false;
	ue->dhcp.previous.s_addr = 0;
	ended(ue, EFTF_REASON_DELETED);
}

static void renewed(struct eftf_ue *ue)
{
	const struct eftf_lease4 *now = &ue->dhcp.lease;
	struct eftf_err err;

	log_debug("lease renewed for %u s", now->seconds);
	if (now->keepalive && now->keepalive != ue->lease.keepalive) {
		struct eftf_tunnel_change change = {
			.has_keepalive = true, .keepalive = now->keepalive,
			.has_timeout = ue->conf.timeout <= now->keepalive,
			.timeout = eftf_keepalive_timeout(now->keepalive),
		};

		if (eftf_nl_tunnel_set(ue->nl, ue->device.ifindex, ue->tunnel_id, &change, &err))
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
	uint64_t renewal = eftf_renewal_due(&ue->renewal), swap = eftf_swap_due(&ue->swap);

	return eftf_ms_left(renewal < swap ? renewal : swap);
}

void eftf_watch(struct eftf_ue *ue)
{
	ue->sig.refresh = false;	/* of a time without a tunnel */
	while (ue->tunnel_id && !ue->sig.stop && !ue->sig.reload) {
		struct pollfd pfd[] = {
			{ .fd = ue->sig.fd, .events = POLLIN },
			{ .fd = eftf_nl_fd(ue->events), .events = POLLIN },
			{ .fd = ue->renewal.fd, .events = POLLIN },
		};

		if (poll(pfd, 3, next_ms(ue)) < 0 && errno != EINTR)
			break;
		if (eftf_signals_take(&ue->sig))
			break;
		eftf_read_events(ue);
		ue->swap.asked |= ue->sig.refresh;
		ue->sig.refresh = false;
		eftf_swap_step(ue);
		if (ue->tunnel_id)
			step_renewal(ue);
	}
	if (!ue->tunnel_id)
		eftf_renewal_stop(&ue->renewal);
}
