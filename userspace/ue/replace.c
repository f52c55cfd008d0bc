// SPDX-License-Identifier: GPL-2.0-or-later
/* Make-before-break: a new outer connection for the tunnel that runs. */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
#include "log.h"
#include "ue.h"

#define FIRST_PACKET_MS 300	/* from the EFTF's ACK to its first packet on the new connection */

/*
 * If this fails the new connection is closed again, and nothing has happened
 * but that the EFTF may have moved the tunnel already.
 */
static int negotiate(struct eftf_ue *ue, struct eftf_dhcp_clients *dhcp, struct eftf_outer *o,
		     struct eftf_err *err)
{
	const struct eftf_tunnel *t = &ue->tunnel;
	struct eftf_wish wish = { .only4 = ue->lease.address, .only6 = t->six.lease.address };
	char link[IF_NAMESIZE];
	bool bound = t->swap.moved && if_indextoname(t->way.hop.ifindex, link);

	/* a tunnel's addresses are for its life */
	wish.family = !eftf_six_there(&t->six) ? EFTF_FAMILY_4 :
		ue->lease.address.s_addr ? EFTF_FAMILY_BOTH : EFTF_FAMILY_6;
	return eftf_send_for_outer(ue, bound ? link : NULL, &wish, o, dhcp, err) ==
		EFTF_ATTEMPT_UP ? 0 : -EIO;
}

static void adopt_lease(struct eftf_ue *ue, const struct eftf_dhcp_clients *dhcp)
{
	if (eftf_ue_conf_is_static(&ue->conf))
		return;
	eftf_renewals_stop(ue);
	eftf_take_lease(ue, dhcp);
	eftf_renewals_start(ue);
}

/* The tunnel has ended or cannot be swapped: a new one with the same address on the new connection. */
static int attach_anew(struct eftf_ue *ue, struct eftf_outer *o, struct eftf_err *err)
{
	/* if it has ended, this says why */
	eftf_tunnel_read_events(&ue->tunnel);
	eftf_tunnel_end(&ue->tunnel, EFTF_REASON_SWAPPED);
	if (!eftf_module_is_open(&ue->tunnel.module))
		return eftf_err_set(err, ENODEV, "the module is gone");
	return eftf_attach(ue, o, err);
}

/* Returns 0; 1: by a new tunnel; or a negative errno. */
static int move(struct eftf_ue *ue, struct eftf_outer *o, struct eftf_err *err)
{
	int ret;

	/*
	 * The EFTF says ACK and then moves its end. Were our close_notify on
	 * the old connection to come before that, its tunnel would end; its
	 * first packet on the new connection says that it has.
	 */
	eftf_wait(&ue->sig, o->fd, POLLIN, eftf_now_ms() + FIRST_PACKET_MS);
	eftf_tunnel_read_events(&ue->tunnel);
	ret = !ue->tunnel.id ? -ENOENT : eftf_tunnel_swap(&ue->tunnel, &ue->conf, &ue->lease, o, err);
	if (ret == -ENOENT || ret == -ESHUTDOWN || ret == -EBUSY) {
		ret = attach_anew(ue, o, err);
		return ret ? ret : 1;
	}
	return ret;
}

static int replace(struct eftf_ue *ue, struct eftf_err *err)
{
	struct eftf_dhcp_clients dhcp = ue->dhcp;
	struct eftf_outer o;
	int ret;

	ret = negotiate(ue, &dhcp, &o, err);
	if (!ret) {
		eftf_targets_worked(eftf_targets_now(ue), &o.peer);
		adopt_lease(ue, &dhcp);
		ret = move(ue, &o, err);
	}
	if (ret < 0 && o.fd >= 0)
		eftf_channel_close_notify(o.fd);
	eftf_outer_close(&o);
	explicit_bzero(&dhcp, sizeof(dhcp));
	return ret;
}

static void failed(struct eftf_tunnel *t, const struct eftf_err *why)
{
	struct eftf_swap *s = &t->swap;
	unsigned int ms;

	/* where answers must come by the link that their sender is routed to, the old way has to go first */
	if (s->moved && t->way.hop.ifindex)
		eftf_exempt_follow(&t->exempt, t->device.rt, t->device.ifindex, &t->way.hop, true);
	if (!s->key_due && !s->moved) {
		log_warn("new outer connection: %s; the old one goes on", why->text);
		return;
	}
	ms = eftf_swap_failed(s);
	log_warn("new outer connection: %s; the old one goes on, " EFTF_BACKOFF_TEXT, why->text,
		 EFTF_BACKOFF_ARGS(ms));
}

static void succeeded(struct eftf_tunnel *t, const char *why)
{
	/* before the events are read: one of them may shorten the wait */
	eftf_swap_done(&t->swap);
	/* what was told of the old key before it went is of no interest any more */
	eftf_tunnel_read_events(t);
	t->swap.key_due = false;
	log_info("outer connection replaced (%s), no break", why);
}

void eftf_replace_step(struct eftf_ue *ue)
{
	struct eftf_swap *s = &ue->tunnel.swap;
	const char *why = s->moved ? s->moved : s->asked ? s->asked : "key limit";
	unsigned int moves = s->moves;
	struct eftf_err err;
	int ret;

	if (!ue->tunnel.id || eftf_now_ms() < eftf_swap_due(s))
		return;
	log_info("opening a new outer connection (%s)", why);
	s->asked = NULL;
	ret = replace(ue, &err);
	if (ret == 0)
		succeeded(&ue->tunnel, why);
	else if (ret > 0)
		log_info("the old tunnel could not go on: a new one with the same address");
	else if (!ue->tunnel.id)
		log_error("%s", err.text);
	else if (s->moves != moves)
		log_info("%s: a new attempt", err.text);
	else if (!ue->sig.stop && !ue->sig.reload)
		failed(&ue->tunnel, &err);
}
