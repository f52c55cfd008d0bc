// SPDX-License-Identifier: GPL-2.0-or-later
#include "tunnel.h"

#include <errno.h>
#include <string.h>

#include "clock.h"
#include "keys.h"
#include "keepalive.h"
#include "log.h"
#include "random.h"
#include "reason.h"

int eftf_tunnel_prepare(struct eftf_tunnel *t, struct eftf_err *err)
{
	int ret;

	/* without a tunnel no other place reads that the module was unloaded */
	if (!t->id)
		eftf_tunnel_read_events(t);
	ret = eftf_module_open(&t->module, err);
	t->device.rt = t->module.rt;
	return ret;
}

/* ---- hand-off --------------------------------------------------------------- */

uint32_t eftf_tunnel_keepalive(const struct eftf_ue_conf *conf, const struct eftf_lease4 *lease)
{
	return eftf_keepalive_agreed(lease->keepalive, conf->keepalive);
}

/* What this connection makes of it. */
static uint32_t draw_interval(uint32_t agreed)
{
	uint32_t random;

	if (eftf_random(&random, sizeof(random)))
		random = (uint32_t)eftf_now_ms();
	return eftf_keepalive_draw(agreed, random);
}

/* A configured timeout that the EFTF's interval has overtaken would end every idle tunnel. */
static uint32_t timeout_of(const struct eftf_ue_conf *conf, uint32_t keepalive)
{
	return conf->timeout > keepalive ? conf->timeout : eftf_keepalive_timeout(keepalive);
}

/* The lease against what is here now. New conflicts are logged. */
static int judge(struct eftf_tunnel *t, const struct eftf_ue_conf *conf, struct eftf_lease4 *lease,
		 const struct sockaddr_storage *peer, struct eftf_err *err)
{
	struct eftf_offer before = t->offer;
	struct eftf_here here;
	size_t i;
	int ret;

	eftf_here_read(&here, t->device.rt, t->device.ifindex, peer);
	for (i = 0; i < t->names.n; i++)
		eftf_here_add(&here, EFTF_HERE_DNS, t->names.item[i].prefix.addr, 32);
	ret = eftf_offer_check(&t->offer, lease, &here, &conf->routes, err);
	for (i = 0; i < t->offer.n; i++) {
		char text[EFTF_CONFLICT_TEXT];

		eftf_conflict_text(&t->offer.conflict[i], text);
		if (!eftf_offer_has_conflict(&before, text))
			log_warn("offer of the EFTF: %s", text);
	}
	return ret;
}

static bool in_lease6(const struct eftf_lease6 *lease, const struct in6_addr *dns)
{
	for (size_t i = 0; i < lease->n_dns; i++)
		if (IN6_ARE_ADDR_EQUAL(&lease->dns[i], dns))
			return true;
	return false;
}

static int judge6(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
		  const struct sockaddr_storage *peer, struct eftf_err *err)
{
	struct eftf_conflicts6 before = t->conflicts6;
	struct eftf_here6 here;
	int ret;

	if (!eftf_six_there(&t->six)) {
		memset(&t->routes6, 0, sizeof(t->routes6));
		t->conflicts6.n = 0;
		return 0;
	}
	eftf_here6_read(&here, t->device.rt, t->device.ifindex, peer, &t->own_before);
	/* one that is in the lease as well was put there by the hook of an earlier run */
	for (size_t i = 0; i < t->names6.n; i++)
		if (!in_lease6(&t->six.lease, &t->names6.item[i].addr))
			eftf_here6_add(&here, &t->names6.item[i].addr, 128);
	/* a tunnel that runs takes what the module was told at its begin */
	if (t->id && t->plen6 == 128)
		memset(&t->six.ra.own, 0, sizeof(t->six.ra.own));
	ret = eftf_offer6_check(&t->routes6, &t->conflicts6, &t->six, &here, &conf->routes, err);
	if (t->routes6.own.plen)
		t->own_before = t->routes6.own;
	for (size_t i = 0; i < t->conflicts6.n; i++)
		if (!eftf_conflicts6_have(&before, t->conflicts6.text[i]))
			log_warn("offer of the EFTF: %s", t->conflicts6.text[i]);
	return ret;
}

/* Of a link that is gone. */
static void forget6(struct eftf_tunnel *t)
{
	eftf_device6_forget(&t->device6, t->device.by_hook ? NULL : t->device.rt, t->device6_of);
}

/* Puts address and routes of IPv6 in place of those before, or leaves that to the hook. */
static int put6(struct eftf_tunnel *t, const struct in6_addr *address,
		const struct eftf_routes6 *routes, struct eftf_err *err)
{
	return eftf_device6_set(&t->device6, t->device.by_hook ? NULL : t->device.rt,
				t->device.ifindex, address, routes, err);
}

/* Those that were judged, and the address of IPv6. First of all the outer peer's own one, if they cover it. */
static int set_routes(struct eftf_tunnel *t, const struct sockaddr_storage *peer,
		      struct eftf_err *err)
{
	bool covered = eftf_routes_cover(&t->offer.routes, peer) ||
		eftf_routes6_cover(&t->routes6, peer);
	int ret = 0;

	if (covered)
		ret = eftf_exempt_put(&t->exempt, t->device.rt, t->device.ifindex, peer, err);
	if (!ret)
		ret = eftf_device_set_routes(&t->device, &t->offer.routes, err);
	if (!ret)
		ret = put6(t, &t->six.lease.address, &t->routes6, err);
	if (!ret && !covered)
		eftf_exempt_remove(&t->exempt, t->device.rt);
	return ret;
}

static int set_device(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
		      struct eftf_lease4 *lease, const struct eftf_outer *o, struct eftf_err *err)
{
	struct eftf_value_prefix addr = { .addr = lease->address, .plen = 32, .set = true };
	int ret;

	if (conf->static_addr.set)
		addr.plen = conf->static_addr.plen;
	t->device.by_hook = !conf->configure;
	ret = eftf_device_open(&t->device, conf->device, conf->mtu ? conf->mtu : lease->mtu, err);
	if (t->device6_of != t->device.ifindex)
		forget6(t);
	t->device6_of = t->device.ifindex;
	if (!ret)
		ret = judge(t, conf, lease, &o->peer, err);
	if (!ret)
		ret = judge6(t, conf, &o->peer, err);
	if (!ret && lease->address.s_addr)
		ret = eftf_device_set_address(&t->device, &addr, err);
	/* by which the module knows signalling that phones do not mark */
	if (!ret)
		ret = eftf_rt_link_pcscf(t->device.rt, t->device.ifindex, lease->sip, lease->n_sip,
					 t->six.lease.sip, t->six.lease.n_sip, err);
	return ret;
}

static int hand_off(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
		    const struct eftf_lease4 *lease, int fd, struct eftf_err *err)
{
	uint32_t keepalive = eftf_tunnel_keepalive(conf, lease);
	struct eftf_tunnel_spec spec;

	t->plen6 = t->routes6.own.plen ? t->routes6.own.plen : 128;
	spec = (struct eftf_tunnel_spec){
		.ifindex = t->device.ifindex, .fd = fd,
		.has_inner4 = lease->address.s_addr != 0, .inner4 = lease->address,
		.gateway4 = eftf_lease4_gateway(lease),
		.has_inner6 = eftf_six_there(&t->six), .inner6 = t->six.lease.address,
		.inner6_plen = t->plen6,
		.gateway6 = t->six.lease.unicast,
		.keepalive = draw_interval(keepalive), .timeout = timeout_of(conf, keepalive),
		.negotiated = !eftf_ue_conf_is_static(conf),
		.record_limit = conf->record_limit,
	};

	spec.has_gateway4 = spec.gateway4.s_addr != 0;
	spec.has_gateway6 = !IN6_IS_ADDR_UNSPECIFIED(&spec.gateway6);
	/* the gateway answers the keep-alive's echo: without its address there is none */
	if (!spec.has_gateway4 && !spec.has_gateway6)
		spec.keepalive = 0;
	t->timeout = spec.timeout;
	/* an event of an earlier tunnel must not be taken for one of this */
	eftf_tunnel_read_events(t);
	if (!t->module.nl)
		return eftf_err_set(err, ENOENT, "kernel module eftf was unloaded");
	return eftf_nl_tunnel_new(t->module.nl, &spec, &t->id, err);
}

static void set_keys(struct eftf_tunnel *t, struct eftf_outer *o, uint32_t transport)
{
	eftf_errand_end(&t->keys);
	t->keys = eftf_outer_take_keys(o, t->device.key_update);
	t->transport = transport;
}

/* Before the tunnel's routes for this connection are in force. */
static void set_way(struct eftf_tunnel *t, const struct eftf_outer *o)
{
	eftf_way_set(&t->way, t->device.rt, t->device.ifindex, &o->local, &o->peer);
	/* of a tunnel before this one nothing may be left that the kernel would name */
	if (!t->device.routes.n && !t->device6.routes.n && !t->exempt.there)
		eftf_way_ask_kernel(&t->way, t->device.rt);
}

int eftf_tunnel_attach(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
		       struct eftf_lease4 *lease, struct eftf_outer *o, struct eftf_err *err)
{
	int ret;

	ret = set_device(t, conf, lease, o, err);
	if (!ret)
		ret = hand_off(t, conf, lease, o->fd, err);
	if (ret)
		return ret;
	t->up_since = eftf_now_ms();
	t->down_reason = EFTF_REASON_NONE;
	eftf_swap_reset(&t->swap);
	set_keys(t, o, 1);
	set_way(t, o);
	ret = set_routes(t, &o->peer, err);
	if (ret)
		eftf_tunnel_end(t, EFTF_REASON_DELETED);
	return ret;
}

int eftf_tunnel_swap(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
		     struct eftf_lease4 *lease, struct eftf_outer *o, struct eftf_err *err)
{
	int ret = eftf_nl_tunnel_swap(t->module.nl, t->device.ifindex, t->id, o->fd, err);

	if (ret)
		return ret;
	set_keys(t, o, t->transport + 1);
	set_way(t, o);
	/* the tunnel runs all the same */
	if (judge(t, conf, lease, &o->peer, err) || judge6(t, conf, &o->peer, err) ||
	    set_routes(t, &o->peer, err))
		log_warn("%s", err->text);
	return 0;
}

int eftf_tunnel_renewed(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
			struct eftf_lease4 *lease, struct eftf_err *err)
{
	int ret = judge(t, conf, lease, &t->way.peer, err);

	if (!ret)
		ret = judge6(t, conf, &t->way.peer, err);
	if (!ret)
		ret = eftf_rt_link_pcscf(t->device.rt, t->device.ifindex, lease->sip, lease->n_sip,
					 t->six.lease.sip, t->six.lease.n_sip, err);
	return ret ? ret : set_routes(t, &t->way.peer, err);
}

int eftf_tunnel_set_keepalive(struct eftf_tunnel *t, const struct eftf_ue_conf *conf,
			      const struct eftf_lease4 *lease, struct eftf_err *err)
{
	uint32_t keepalive = eftf_tunnel_keepalive(conf, lease);
	uint32_t timeout = timeout_of(conf, keepalive);
	struct eftf_tunnel_change change = {
		.has_keepalive = true, .keepalive = draw_interval(keepalive),
		/* to set it, be it to the same, starts the time anew */
		.has_timeout = timeout != t->timeout, .timeout = timeout,
	};
	int ret = eftf_nl_tunnel_set(t->module.nl, t->device.ifindex, t->id, &change, err);

	if (!ret)
		t->timeout = timeout;
	return ret;
}

/* ---- the end ---------------------------------------------------------------- */

static void ended(struct eftf_tunnel *t, uint32_t reason)
{
	t->id = 0;
	t->down_reason = reason;
	t->down_since = eftf_now_ms();
	eftf_errand_end(&t->keys);
}

void eftf_tunnel_end(struct eftf_tunnel *t, enum eftf_reason reason)
{
	struct eftf_err err;

	if (!t->id)
		return;
	if (eftf_nl_tunnel_del(t->module.nl, t->device.ifindex, t->id, &err))
		log_debug("tunnel: %s", err.text);
	ended(t, reason);
}

void eftf_tunnel_close_device(struct eftf_tunnel *t)
{
	static const struct eftf_routes6 none;
	static const struct in6_addr no_address;
	struct eftf_err err;

	if (t->device.ifindex && put6(t, &no_address, &none, &err))
		log_debug("%s", err.text);
	forget6(t);
	eftf_device_close(&t->device);
	eftf_exempt_remove(&t->exempt, t->device.rt);
}

void eftf_tunnel_withdraw_routes(struct eftf_tunnel *t)
{
	static const struct eftf_routes none;
	static const struct eftf_routes6 none6;
	struct in6_addr addr = t->device6.addr;
	struct eftf_err err;

	if (t->device.by_hook || !t->device.ifindex)
		return;
	if (eftf_device_set_routes(&t->device, &none, &err) || put6(t, &addr, &none6, &err))
		log_debug("%s", err.text);
	eftf_exempt_remove(&t->exempt, t->device.rt);
}

/* ---- events ----------------------------------------------------------------- */

static void log_down(const struct eftf_tunnel *t, const struct eftf_tunnel_info *info)
{
	const char *text = eftf_reason_text(info->reason);
	unsigned long long up_s = (eftf_now_ms() - t->up_since) / 1000;

	/* of a newer module */
	if (!text)
		text = info->reason_name[0] ? info->reason_name : "no reason given";
	if (info->reason == EFTF_REASON_ALERT)
		log_warn("tunnel down after %llu s: %s (%u)", up_s, text, info->alert);
	else if (info->sock_errno)
		log_warn("tunnel down after %llu s: %s (%s)", up_s, text,
			 strerror((int)info->sock_errno));
	else
		log_warn("tunnel down after %llu s: %s", up_s, text);
}

/* Returns 1, or 0 if the event is about another connection. After any failure the tunnel cannot go on. */
static int answer_key_update(struct eftf_tunnel *t, const struct eftf_tunnel_info *event,
			     struct eftf_err *err)
{
	struct eftf_tls_key rx, tx;
	int ret;

	if (event->transport != t->transport)
		return 0;
	if (!eftf_errand_runs(&t->keys))
		return eftf_err_set(err, EOPNOTSUPP, "the peer changes its TLS key, which is not "
				    "followed here (key_update)");
	ret = eftf_keys_fetch(&t->keys, &rx, event->update_requested ? &tx : NULL, err);
	/* Do not ask for an update in return: two such ends would update for ever. */
	if (!ret)
		ret = eftf_nl_tunnel_rekey(t->module.nl, event->ifindex, event->id, t->transport, &rx,
					   event->update_requested ? &tx : NULL, false, err);
	explicit_bzero(&rx, sizeof(rx));
	explicit_bzero(&tx, sizeof(tx));
	if (!ret)
		return 1;
	/* the kernel may or may not have taken the key: what makes them is of no use any more */
	eftf_errand_end(&t->keys);
	return ret;
}

static void change_key(struct eftf_tunnel *t, const struct eftf_tunnel_info *info)
{
	struct eftf_err err;
	int ret = answer_key_update(t, info, &err);

	if (ret > 0)
		log_info("TLS receiving key changed by the EFTF%s",
			 info->update_requested ? ", sending key as well" : "");
	else if (!ret)
		log_debug("a TLS key of an old connection changes: not followed");
	else
		log_warn("tunnel: %s", err.text);
	/* without the next key nothing can be read: a new tunnel now, not after a timeout */
	if (ret == -EOPNOTSUPP)
		eftf_tunnel_end(t, EFTF_REASON_REKEY);
	/* after any other failure the module ends it by itself */
}

static void on_event(const struct eftf_tunnel_info *info, void *arg)
{
	struct eftf_tunnel *t = arg;

	if (!t->id || info->id != t->id || info->ifindex != t->device.ifindex)
		return;
	switch (info->cmd) {
	case EFTF_CMD_EVENT_DOWN:
		log_down(t, info);
		ended(t, info->reason);
		break;
	case EFTF_CMD_EVENT_STALLED:
		log_warn("tunnel stalled: %u bytes not acknowledged after %u time-outs, outer packets of %u bytes, %u packets wait",
			 info->unacked, info->retransmits, info->path_mtu, info->queue_packets);
		t->swap.asked = "stalled";
		break;
	case EFTF_CMD_EVENT_REKEY:
		log_debug("the TLS key for %s is nearly used up: %llu records",
			  info->direction == EFTF_DIRECTION_TX ? "sending" : "receiving",
			  (unsigned long long)(info->direction == EFTF_DIRECTION_TX ?
					       info->key_records_tx : info->key_records_rx));
		t->swap.key_due = true;
		break;
	case EFTF_CMD_EVENT_SWAPPED:
		log_debug("the old outer connection is gone: %s", info->reason_name);
		eftf_swap_drained(&t->swap);
		break;
	case EFTF_CMD_EVENT_KEY_UPDATE:
		change_key(t, info);
		break;
	default:
		break;
	}
}

static void keep(const struct eftf_tunnel_info *info, void *arg)
{
	*(struct eftf_tunnel_info *)arg = *info;
}

bool eftf_tunnel_look(const struct eftf_tunnel *t, struct eftf_tunnel_info *info)
{
	struct eftf_err err;

	memset(info, 0, sizeof(*info));
	return t->id && !eftf_nl_tunnel_get(t->module.nl, t->device.ifindex, t->id, keep, info, &err) &&
		info->id;
}

/* Events were lost, or cannot be read any more: is the tunnel still there? */
static void resync(struct eftf_tunnel *t)
{
	struct eftf_tunnel_info info;

	if (!t->id || eftf_tunnel_look(t, &info))
		return;
	log_warn("tunnel down; the event that told the reason was lost");
	ended(t, EFTF_REASON_NONE);
}

void eftf_tunnel_read_events(struct eftf_tunnel *t)
{
	struct eftf_err err = { "" };
	int ret;

	if (!t->module.events)
		return;
	ret = eftf_nl_events_read(t->module.events, on_event, t, &err);
	if (!ret)
		return;
	if (ret != -ENOBUFS)
		log_warn("%s", err.text);
	resync(t);
	if (ret == -ENOBUFS)
		return;
	if (t->id)
		ended(t, EFTF_REASON_NONE);
	eftf_module_lost(&t->module);
}
