// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left to a child process: the probes, and an outer connection with its lease. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "clock.h"
#include "keys.h"
#include "log.h"
#include "negotiate.h"
#include "packet.h"
#include "portal.h"
#include "ue.h"

/* Until a connection is there: TCP and a proxy, TLS, lease, and what a busy machine adds. */
#define OUTER_MS (EFTF_OUTER_CONNECT_MS + EFTF_TLS_MS + EFTF_LEASE_MS + 5000)
#define PORTAL_FAILURES 2	/* after so many, who refuses TCP is asked for a portal */
#define CHANGED_MS 5000		/* what an attempt has left after the network has changed */
#define PROBES_MS 5000		/* beside the time that the configuration gives them, and a portal takes */

/* Goes its rounds until the child has said something. */
static int await(struct eftf_ue *ue, struct eftf_errand *e, void *msg, size_t size, int *sock,
		 uint64_t deadline, struct eftf_err *err)
{
	bool tunnel = ue->tunnel.id != 0, changed = false;
	unsigned int moves = ue->tunnel.swap.moves;
	int ret;

	*sock = -1;
	while (!eftf_round(ue, e->fd, tunnel || changed || ue->changes.network_at > deadline ?
			   deadline : ue->changes.network_at)) {
		if (ue->sig.stop || ue->sig.reload)
			return eftf_err_set(err, EINTR, "interrupted");
		/* the outer connection that is being made is to go by another way */
		if (tunnel && ue->tunnel.id && ue->tunnel.swap.moves != moves)
			return eftf_err_set(err, ENETRESET, "the network has changed meanwhile");
		/* not at once: networks that change all the time are to have their tunnel, too */
		if (!tunnel && !changed && eftf_has_changed(ue)) {
			changed = true;
			if (deadline > eftf_now_ms() + CHANGED_MS)
				deadline = eftf_now_ms() + CHANGED_MS;
		}
		if (eftf_ms_left(deadline) == 0)
			break;
	}
	/* a pause that follows is to see it, too */
	if (changed)
		ue->changes.network_at = 0;
	if (eftf_ms_left(deadline) == 0)
		return eftf_err_set(err, changed ? ENETRESET : ETIMEDOUT, changed ?
				    "the network has changed meanwhile" :
				    "the child process took too long");
	ret = eftf_errand_recv(e->fd, msg, size, sock, 0);
	return ret ? eftf_err_set(err, -ret, "the child process: %s",
				  ret == -ECONNRESET ? "it ended without a result" :
				  strerror(-ret)) : 0;
}

/* ---- probes --------------------------------------------------------------- */

struct probes {
	const struct eftf_probe_spec *spec;
	struct eftf_signals *sig;
	struct eftf_detect *detect;
};

struct probes_result {
	int32_t step;
	struct eftf_detect detect;
};

static void run_probes(void *arg, int fd)
{
	struct probes *p = arg;
	struct probes_result r;

	memset(&r, 0, sizeof(r));
	r.step = eftf_probe_run(p->spec, p->sig, p->detect);
	r.detect = *p->detect;
	eftf_packet_send(fd, &r, sizeof(r), -1);
}

/* The verdict is drawn here once more, of the evidence that the child has brought. */
static int judge_evidence(struct eftf_detect *d, struct eftf_detect *brought)
{
	int kind, step = EFTF_STEP_PROBE;

	for (kind = 0; kind < EFTF_PROBE_KINDS && step == EFTF_STEP_PROBE; kind++) {
		struct eftf_evidence *e = &brought->evidence[kind];

		e->kind = (enum eftf_probe_kind)kind;
		e->target[sizeof(e->target) - 1] = '\0';
		e->detail[sizeof(e->detail) - 1] = '\0';
		if ((unsigned int)e->result <= EFTF_RESULT_FAILED)
			step = (int)eftf_detect_probed(d, e);
	}
	return step;
}

int eftf_send_probes(struct eftf_ue *ue, const struct eftf_probe_spec *spec,
		     struct eftf_detect *d, struct eftf_err *err)
{
	struct probes p = { .spec = spec, .sig = &ue->sig, .detect = d };
	struct probes_result r;
	struct eftf_errand e;
	int ret, sock;

	ret = eftf_errand_start(&e, ue->sig.fd, run_probes, &p, err);
	if (ret)
		return ret;
	ret = await(ue, &e, &r, sizeof(r), &sock, eftf_now_ms() + spec->timeout_ms + EFTF_PORTAL_MS +
		    PROBES_MS, err);
	if (sock >= 0)
		close(sock);
	eftf_errand_end(&e);
	if (ret == -ENETRESET)
		return EFTF_STEP_WAIT;
	if (ret)
		return ret;
	ret = judge_evidence(d, &r.detect);
	return ret != EFTF_STEP_PROBE ? ret : eftf_err_set(err, EPROTO, "the child process left out "
							   "a probe");
}

/* ---- the outer connection ------------------------------------------------- */

struct order {
	struct eftf_ue *ue;
	const char *link;
	const struct eftf_wish *wish;
	struct eftf_dhcp_clients *dhcp;
};

struct outer_result {
	int32_t attempt;	/* enum eftf_attempt */
	uint8_t has_keys;	/* the child stays, and makes new keys */
	struct sockaddr_storage local, peer;
	struct eftf_targets targets;
	struct eftf_dhcp_clients dhcp;
	struct eftf_err err;
};

static enum eftf_attempt make_outer(const struct order *order, struct eftf_outer *o,
				    struct eftf_err *err)
{
	struct eftf_ue *ue = order->ue;
	struct eftf_outer_spec spec = {
		.conf = &ue->conf, .detect = &ue->detect, .tls = ue->tls,
		.targets = eftf_targets_now(ue), .inner = &ue->tunnel.device.addr,
		.link = order->link,
		/* not while it may be the EFTF that starts anew, or while another way is left */
		.ask_portal = !ue->tunnel.id && ue->backoff.failures >= PORTAL_FAILURES &&
			!ue->detect.policy.proxy_fallback,
	};
	enum eftf_attempt attempt = eftf_outer_open(&spec, &ue->sig, o, err);

	if (attempt != EFTF_ATTEMPT_UP || eftf_ue_conf_is_static(&ue->conf) ||
	    !eftf_negotiate_lease(o->fd, order->dhcp, order->wish, &ue->sig, err))
		return attempt;
	eftf_channel_close_notify(o->fd);
	eftf_targets_failed(spec.targets, &o->peer);
	return EFTF_ATTEMPT_FAILED;
}

static void run_outer(void *arg, int fd)
{
	struct order *order = arg;
	struct eftf_outer o;
	struct outer_result r;
	int ret;

	memset(&r, 0, sizeof(r));
	r.attempt = (int32_t)make_outer(order, &o, &r.err);
	r.has_keys = o.parked != NULL;
	r.local = o.local;
	r.peer = o.peer;
	r.dhcp = *order->dhcp;
	r.targets = *eftf_targets_now(order->ue);
	ret = eftf_packet_send(fd, &r, sizeof(r), r.attempt == EFTF_ATTEMPT_UP ? o.fd : -1);
	explicit_bzero(&r, sizeof(r));
	/* the parent's alone: its end is the connection's */
	if (o.fd >= 0)
		close(o.fd);
	o.fd = -1;
	if (!ret && o.parked) {
		eftf_keys_serve(fd, o.parked);
		o.parked = NULL;
	}
	eftf_outer_close(&o);
}

static bool is_address(const struct sockaddr_storage *ss)
{
	return ss->ss_family == AF_INET || ss->ss_family == AF_INET6;
}

static bool is_sane6(struct eftf_dhcp_clients *c)
{
	struct eftf_lease6 *l = &c->v6.lease;

	c->v6.refusal[sizeof(c->v6.refusal) - 1] = '\0';
	c->v6.warning.text[sizeof(c->v6.warning.text) - 1] = '\0';
	l->sip_name[sizeof(l->sip_name) - 1] = '\0';
	l->domain[sizeof(l->domain) - 1] = '\0';
	for (size_t i = 0; i < c->ra.n_routes && i < EFTF_RA_MAX_ROUTES; i++)
		if (c->ra.routes[i].plen > 128)
			return false;
	return (!c->ra.own.plen || c->ra.own.plen == 64) && l->n_dns <= EFTF_DHCP6_MAX_ADDRS && l->n_sip <= EFTF_DHCP6_MAX_ADDRS &&
		l->token_len <= sizeof(l->token) && c->v6.token_len <= sizeof(c->v6.token) &&
		l->server.len <= sizeof(l->server.v) && c->ra.n_routes <= EFTF_RA_MAX_ROUTES;
}

/* What indexes or ends something; what a lease says is judged where it is used. */
static bool is_sane(struct outer_result *r, int sock)
{
	struct eftf_lease4 *l = &r->dhcp.v4.lease;
	size_t i;

	r->err.text[sizeof(r->err.text) - 1] = '\0';
	r->dhcp.v4.refusal[sizeof(r->dhcp.v4.refusal) - 1] = '\0';
	r->dhcp.v4.warning.text[sizeof(r->dhcp.v4.warning.text) - 1] = '\0';
	l->sip_name[sizeof(l->sip_name) - 1] = '\0';
	r->targets.of.host[sizeof(r->targets.of.host) - 1] = '\0';
	if (r->targets.n > EFTF_TARGETS_MAX)
		return false;
	if (r->attempt < EFTF_ATTEMPT_UP || r->attempt > EFTF_ATTEMPT_FAILED)
		return false;
	if (r->attempt != EFTF_ATTEMPT_UP)
		return true;
	if (sock < 0 || !is_address(&r->local) || !is_address(&r->peer) ||
	    l->n_dns > EFTF_DHCP4_MAX_ADDRS || l->n_sip > EFTF_DHCP4_MAX_ADDRS ||
	    l->n_routes > EFTF_DHCP4_MAX_ROUTES ||
	    l->token_len > sizeof(l->token) || r->dhcp.v4.token_len > sizeof(r->dhcp.v4.token) ||
	    !is_sane6(&r->dhcp))
		return false;
	for (i = 0; i < l->n_routes; i++)
		if (l->routes[i].plen > 32)
			return false;
	return true;
}

/* What is this side's own stays. */
static void adopt(struct eftf_dhcp_clients *clients, const struct eftf_dhcp_clients *all_brought)
{
	const struct eftf_dhcp4c *brought = &all_brought->v4;
	struct eftf_dhcp4c *dhcp = &clients->v4;

	eftf_negotiate_prepare6(clients);
	clients->ra = all_brought->ra;
	clients->v6.state = all_brought->v6.state;
	clients->v6.previous = all_brought->v6.previous;
	clients->v6.lease = all_brought->v6.lease;
	memcpy(clients->v6.refusal, all_brought->v6.refusal, sizeof(clients->v6.refusal));
	clients->v6.warning = all_brought->v6.warning;
	dhcp->state = brought->state;
	dhcp->token_len = brought->token_len;
	memcpy(dhcp->token, brought->token, sizeof(dhcp->token));
	dhcp->previous = brought->previous;
	dhcp->lease = brought->lease;
	memcpy(dhcp->refusal, brought->refusal, sizeof(dhcp->refusal));
	dhcp->warning = brought->warning;
}

static bool is_wished(const struct eftf_wish *w, const struct eftf_dhcp_clients *c)
{
	if (!eftf_has4(c) && !eftf_has6(c))
		return false;
	return (!w->only4.s_addr || (eftf_has4(c) && c->v4.lease.address.s_addr == w->only4.s_addr)) &&
		(IN6_IS_ADDR_UNSPECIFIED(&w->only6) ||
		 (eftf_has6(c) && !memcmp(&c->v6.lease.address, &w->only6, sizeof(w->only6))));
}

static enum eftf_attempt take(struct eftf_ue *ue, const struct order *order,
			      struct outer_result *r, struct eftf_outer *o, struct eftf_err *err)
{
	bool lease = !eftf_ue_conf_is_static(&ue->conf);

	if (!is_sane(r, o->fd)) {
		eftf_err_set(err, EPROTO, "the child process talks nonsense");
		return EFTF_ATTEMPT_FAILED;
	}
	*err = r->err;
	*eftf_targets_now(ue) = r->targets;
	if (lease)
		adopt(order->dhcp, &r->dhcp);
	if (r->attempt != EFTF_ATTEMPT_UP)
		return (enum eftf_attempt)r->attempt;
	if (lease && !is_wished(order->wish, &r->dhcp)) {
		eftf_err_set(err, EPROTO, "the child process brought another address");
		return EFTF_ATTEMPT_FAILED;
	}
	o->local = r->local;
	o->peer = r->peer;
	return EFTF_ATTEMPT_UP;
}

enum eftf_attempt eftf_send_for_outer(struct eftf_ue *ue, const char *link,
				      const struct eftf_wish *wish, struct eftf_outer *o,
				      struct eftf_dhcp_clients *dhcp, struct eftf_err *err)
{
	struct order order = { .ue = ue, .link = link, .wish = wish, .dhcp = dhcp };
	enum eftf_attempt attempt = EFTF_ATTEMPT_FAILED;
	struct outer_result r;
	struct eftf_errand e;

	memset(o, 0, sizeof(*o));
	o->fd = -1;
	o->keys = (struct eftf_errand){ .fd = -1 };
	if (eftf_errand_start(&e, ue->sig.fd, run_outer, &order, err))
		return EFTF_ATTEMPT_FAILED;
	if (!await(ue, &e, &r, sizeof(r), &o->fd, eftf_now_ms() + OUTER_MS, err))
		attempt = take(ue, &order, &r, o, err);
	if (attempt == EFTF_ATTEMPT_UP && r.has_keys)
		o->keys = e;
	else
		eftf_errand_end(&e);
	explicit_bzero(&r, sizeof(r));
	return attempt;
}
