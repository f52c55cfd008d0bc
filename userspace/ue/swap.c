// SPDX-License-Identifier: GPL-2.0-or-later
#include "swap.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
#include "log.h"
#include "negotiate.h"
#include "outer.h"
#include "ue.h"

#define FIRST_WORD_MS 300	/* from the EFTF's ACK to its first packet on the new connection */
#define DRAIN_MS 12000		/* the module gives an old connection up after 10 s */
#define PEER_DRAIN_MS 500	/* the EFTF's end of it is gone a little later than ours */

void eftf_swap_reset(struct eftf_swap *s)
{
	memset(s, 0, sizeof(*s));
}

uint64_t eftf_swap_due(const struct eftf_swap *s)
{
	return s->key_due || s->asked ? s->not_before : UINT64_MAX;
}

void eftf_swap_drained(struct eftf_swap *s)
{
	uint64_t soon = eftf_now_ms() + PEER_DRAIN_MS;

	if (s->not_before > soon)
		s->not_before = soon;
}

/*
 * The new connection is closed again if this fails: nothing has happened then
 * but that the EFTF may have moved the tunnel already.
 */
static int negotiate(struct eftf_ue *ue, struct eftf_dhcp4c *dhcp, struct eftf_outer *o,
		     struct eftf_err *err)
{
	if (eftf_outer_open(ue, o, err) != EFTF_ATTEMPT_UP)
		return -EIO;
	if (ue->conf.static_addr.set)
		return 0;
	return eftf_negotiate_lease(o->fd, dhcp, &ue->lease.address, &ue->sig, err);
}

static void adopt_lease(struct eftf_ue *ue, const struct eftf_dhcp4c *dhcp)
{
	if (ue->conf.static_addr.set)
		return;
	eftf_renewal_stop(&ue->renewal);
	ue->dhcp = *dhcp;
	ue->lease = dhcp->lease;
	eftf_renewal_start(&ue->renewal, &ue->dhcp, ue->device.name);
}

/* The tunnel itself could not go on: the same address in a new one, on the new connection. */
static int attach_anew(struct eftf_ue *ue, struct eftf_outer *o, struct eftf_err *err)
{
	if (ue->tunnel_id &&
	    eftf_nl_tunnel_del(ue->nl, ue->device.ifindex, ue->tunnel_id, err))
		log_debug("tunnel: %s", err->text);
	eftf_read_events(ue);
	ue->tunnel_id = 0;
	if (!ue->nl || !ue->events)
		return eftf_err_set(err, ENODEV, "the module is gone");
	return eftf_attach(ue, o, err);
}

/* Returns 0; 1: by a new tunnel; or a negative errno. */
static int move(struct eftf_ue *ue, struct eftf_outer *o, struct eftf_err *err)
{
	struct eftf_routes plan;
	int ret;

	/*
	 * The EFTF says ACK and then moves its end. Were our close_notify on
	 * the old connection to come before that, its tunnel would end; its
	 * first packet on the new connection says that it has.
	 */
	eftf_wait(&ue->sig, o->fd, POLLIN, eftf_now_ms() + FIRST_WORD_MS);
	ret = eftf_nl_tunnel_swap(ue->nl, ue->device.ifindex, ue->tunnel_id, o->fd, err);
	if (ret == -ENOENT || ret == -ESHUTDOWN || ret == -EBUSY) {
		ret = attach_anew(ue, o, err);
		return ret ? ret : 1;
	}
	if (ret)
		return ret;
	eftf_rekey_set(&ue->rekey, eftf_outer_take_parked(o, ue), ue->rekey.transport + 1);
	eftf_routes_plan(&plan, &ue->lease, &ue->conf.routes);
	if (eftf_device_set_routes(&ue->device, &plan, &o->peer, err))
		log_warn("%s", err->text);
	return 0;
}

static int replace(struct eftf_ue *ue, struct eftf_err *err)
{
	struct eftf_dhcp4c dhcp = ue->dhcp;
	struct eftf_outer o;
	int ret;

	ret = negotiate(ue, &dhcp, &o, err);
	if (!ret) {
		adopt_lease(ue, &dhcp);
		ret = move(ue, &o, err);
	}
	if (ret < 0 && o.fd >= 0)
		eftf_channel_close_notify(o.fd);
	eftf_outer_close(&o);
	explicit_bzero(&dhcp, sizeof(dhcp));
	return ret;
}

static void failed(struct eftf_ue *ue, const struct eftf_err *why)
{
	struct eftf_swap *s = &ue->swap;
	unsigned int ms;

	if (!s->key_due) {
		log_warn("new outer connection: %s; the old one goes on", why->text);
		return;
	}
	ms = eftf_backoff_next(&s->backoff);
	s->not_before = eftf_now_ms() + ms;
	log_warn("new outer connection: %s; the old one goes on, " EFTF_BACKOFF_TEXT, why->text,
		 EFTF_BACKOFF_ARGS(ms));
}

static void replaced(struct eftf_ue *ue, const char *why)
{
	struct eftf_swap *s = &ue->swap;

	/* what was told of the old key before it went is of no interest any more */
	eftf_read_events(ue);
	s->key_due = false;
	s->backoff.failures = 0;
	log_info("outer connection replaced (%s), no break", why);
}

void eftf_swap_step(struct eftf_ue *ue)
{
	struct eftf_swap *s = &ue->swap;
	const char *why = s->key_due ? "key limit" : "SIGUSR1";
	struct eftf_err err;
	int ret;

	if (!ue->tunnel_id || eftf_now_ms() < eftf_swap_due(s))
		return;
	log_info("opening a new outer connection (%s)", why);
	s->asked = false;
	ret = replace(ue, &err);
	if (ret == 0) {
		/* before the events are read: one of them takes it back */
		s->not_before = eftf_now_ms() + DRAIN_MS;
		replaced(ue, why);
	} else if (ret > 0) {
		log_info("the old tunnel could not go on: a new one with the same address");
	} else if (!ue->tunnel_id) {
		log_error("%s", err.text);
	} else if (!ue->sig.stop && !ue->sig.reload) {
		failed(ue, &err);
	}
}
