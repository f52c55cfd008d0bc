/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/tls.h>

#include "addr.h"
#include "keepalive.h"
#include "log.h"
#include "state.h"

#define COUNTERS 4			/* fields at the end, which are not known without the module's event */

static struct eftf_session **slot(const struct eftf_gw *gw, uint32_t id)
{
	/* The module gives ids in ascending order, so the low bits are a good hash. */
	return &gw->sessions[id & gw->sessions_mask];
}

struct eftf_session *eftf_session_find(const struct eftf_gw *gw, uint32_t id)
{
	struct eftf_session *s = *slot(gw, id);

	while (s && s->id != id)
		s = s->next;
	return s;
}

void eftf_session_list(struct eftf_gw *gw, struct eftf_session *s)
{
	s->next = *slot(gw, s->id);
	*slot(gw, s->id) = s;
	gw->n_sessions++;
}

static void unlist(struct eftf_gw *gw, struct eftf_session *s)
{
	struct eftf_session **at = slot(gw, s->id);

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	gw->n_sessions--;
}

struct eftf_session *eftf_session_new(const struct sockaddr_storage *outer,
				      struct in_addr inner, double since)
{
	struct eftf_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->outer = *outer;
	s->inner = inner;
	s->since = since;
	return s;
}

void eftf_session_put(struct eftf_session *s)
{
	if (s->heir)
		*s->heir = NULL;
	explicit_bzero(s, sizeof(*s));
	free(s);
}

static uint32_t timeout_of(const struct eftf_gw *gw, const struct eftf_session *s)
{
	return gw->conf.timeout ? gw->conf.timeout : eftf_keepalive_timeout(eftf_session_keepalive(s));
}

/* So that a successor knows whose this tunnel is. */
static void save(struct eftf_gw *gw, const struct eftf_session *s)
{
	struct eftf_state_lease l;
	int ret = 0;

	if (!gw->state || !s->persistent)
		return;
	memset(&l, 0, sizeof(l));	/* the octets between members, too */
	l.tunnel = s->id;
	l.inner = s->inner;
	l.outer = s->outer;
	l.keepalive = eftf_session_keepalive(s);
	l.since = s->since;
	memcpy(l.identity, s->identity, sizeof(l.identity));
	if (eftf_pool_export(gw->pool, s->inner, &l.lease))
		ret = eftf_state_put(gw->state, &l);
	if (ret && eftf_gw_may_log(eftf_gw_now()))
		log_error("tunnel %u ends with this program, as its lease cannot be kept: state_dir: %s", s->id,
			  strerror(-ret));
}

int eftf_session_attach(struct eftf_gw *gw, struct eftf_session *s, int fd, struct eftf_err *err)
{
	struct eftf_tunnel_spec spec = {
		.ifindex = gw->ifindex,
		.fd = fd,
		.has_inner4 = s->dhcp.bound,
		.inner4 = s->inner,
		.has_gateway4 = s->dhcp.bound,
		.gateway4 = gw->conf.gateway,
		.has_inner6 = s->dhcp6.bound,
		.inner6 = s->dhcp6.address,
		.inner6_plen = (uint8_t)gw->conf.pool6_each,
		.has_gateway6 = s->dhcp6.bound,
		.gateway6 = gw->conf.gateway6,
		.keepalive = eftf_session_keepalive(s),
		.timeout = timeout_of(gw, s),
		.negotiated = true,
		.record_limit = gw->conf.record_limit,
		.persistent = gw->state,
	};
	int ret = eftf_nl_tunnel_new(gw->nl, &spec, &s->id, err);

	if (ret == -EPERM && spec.persistent) {
		/* not the machine's administrator, as in a container */
		spec.persistent = false;
		ret = eftf_nl_tunnel_new(gw->nl, &spec, &s->id, err);
	}
	if (ret)
		return ret;
	s->persistent = spec.persistent;
	s->has4 = spec.has_inner4;
	s->has6 = spec.has_inner6;
	s->inner6 = spec.inner6;
	s->transport = 1;
	eftf_session_list(gw, s);
	save(gw, s);
	eftf_announce_up(gw, s);
	gw->counts.attached++;
	return 0;
}

int eftf_session_take_over(struct eftf_gw *gw, struct eftf_session *s, struct eftf_session *old,
			   int fd, struct eftf_err *err)
{
	int ret;

	/* a tunnel's addresses are for its life */
	if (old->has4 != s->dhcp.bound || old->has6 != s->dhcp6.bound)
		return eftf_err_set(err, EOPNOTSUPP, "the UE has come back with other families of addresses");
	ret = eftf_nl_tunnel_swap(gw->nl, gw->ifindex, old->id, fd, err);
	if (ret)
		return ret;
	unlist(gw, old);
	eftf_workers_forget(gw, old);
	s->id = old->id;
	s->transport = old->transport + 1;
	s->since = old->since;
	s->metric = old->metric;
	s->persistent = old->persistent;
	s->has4 = old->has4;
	s->has6 = old->has6;
	s->inner6 = old->inner6;
	eftf_session_list(gw, s);
	save(gw, s);
	eftf_announce_up(gw, s);
	if (eftf_session_keepalive(s) != eftf_session_keepalive(old))
		eftf_session_retime(gw, s);
	eftf_session_put(old);
	gw->counts.moved++;
	return 0;
}

void eftf_session_retime(struct eftf_gw *gw, struct eftf_session *s)
{
	struct eftf_tunnel_change change = {
		.has_keepalive = true,
		.keepalive = eftf_session_keepalive(s),
		.has_timeout = true,
		.timeout = timeout_of(gw, s),
	};
	struct eftf_err err;

	if (eftf_nl_tunnel_set(gw->nl, gw->ifindex, s->id, &change, &err))
		log_debug("tunnel %u: %s", s->id, err.text);
	save(gw, s);
}

void eftf_session_inner(const struct eftf_session *s, char out[EFTF_SESSION_INNER])
{
	size_t len = 0;

	out[0] = 0;
	if (s->has4)
		inet_ntop(AF_INET, &s->inner, out, EFTF_SESSION_INNER);
	if (s->has4 && s->has6) {
		len = strlen(out);
		memcpy(out + len, ", ", 3);
		len += 2;
	}
	if (s->has6)
		inet_ntop(AF_INET6, &s->inner6, out + len, (socklen_t)(EFTF_SESSION_INNER - len));
}

static const char *cipher_word(uint16_t cipher)
{
	return cipher == TLS_CIPHER_AES_GCM_128 ? "AES-128-GCM" :
		cipher == TLS_CIPHER_AES_GCM_256 ? "AES-256-GCM" :
		cipher == TLS_CIPHER_CHACHA20_POLY1305 ? "ChaCha20-Poly1305" : "unknown";
}

static const char *version_word(uint16_t version)
{
	return version == TLS_1_3_VERSION ? "TLS 1.3" : version == TLS_1_2_VERSION ? "TLS 1.2" : "TLS";
}

/* One line for each session: addresses, identity, suite, duration, traffic, reason of the end. */
static void log_end(const struct eftf_session *s, const struct eftf_tunnel_info *info)
{
	static const struct eftf_tunnel_info none;
	const struct eftf_tunnel_info *i = info ? info : &none;	/* its event was lost */
	const uint64_t *st = i->stats;
	/* the module knows only that it was deleted */
	const char *reason = s->elsewhere ? "elsewhere" : i->reason_name[0] ? i->reason_name : "unknown";
	char outer[EFTF_ADDR_TEXT], inner[EFTF_SESSION_INNER];
	double seconds = eftf_gw_now() - s->since;
	struct eftf_log_field fields[] = {
		{ "event", "tunnel-down", 0 }, { "tunnel", NULL, s->id }, { "outer", outer, 0 },
		{ "inner", inner, 0 }, { "identity", s->identity, 0 },
		{ "tls", version_word(i->tls_version), 0 }, { "cipher", cipher_word(i->tls_cipher), 0 },
		{ "reason", reason, 0 }, { "seconds", NULL, (uint64_t)(seconds + 0.5) },
		{ "replaced", NULL, s->replaced }, { "released", NULL, s->given_up },
		{ "in_packets", NULL, st[EFTF_STAT_RX_PACKETS] }, { "in_octets", NULL, st[EFTF_STAT_RX_BYTES] },
		{ "out_packets", NULL, st[EFTF_STAT_TX_PACKETS] }, { "out_octets", NULL, st[EFTF_STAT_TX_BYTES] },
	};

	eftf_addr_text(outer, &s->outer);
	eftf_session_inner(s, inner);
	eftf_log_with(EFTF_LOG_INFO, fields, sizeof(fields) / sizeof(fields[0]) - (info ? 0 : COUNTERS),
		      "tunnel %u down: outer %s, inner %s, identity %s, %s %s, %.0f s, in=%llu packets, %llu octets; out=%llu packets, %llu octets, reason %s%s",
		      s->id, outer, inner, s->identity, version_word(i->tls_version),
		      cipher_word(i->tls_cipher), seconds, (unsigned long long)st[EFTF_STAT_RX_PACKETS],
		      (unsigned long long)st[EFTF_STAT_RX_BYTES], (unsigned long long)st[EFTF_STAT_TX_PACKETS],
		      (unsigned long long)st[EFTF_STAT_TX_BYTES], reason,
		      s->replaced ? " (replaced by a newer connection)" :
		      s->given_up ? " (address released)" : "");
}

void eftf_session_ended(struct eftf_gw *gw, struct eftf_session *s,
			const struct eftf_tunnel_info *info)
{
	log_end(s, info);
	gw->counts.drained += gw->drain.on;
	unlist(gw, s);
	eftf_workers_forget(gw, s);
	if (gw->state && eftf_pool_owner(gw->pool, s->inner) == s)
		eftf_state_clear(gw->state, s->inner);
	eftf_announce_down(gw, s);
	eftf_pool_release(gw->pool, s->inner, s, s->given_up, eftf_gw_now());
	eftf_session_put(s);
}

void eftf_session_end(struct eftf_gw *gw, struct eftf_session *s)
{
	struct eftf_err err;

	/* A failure means that it has ended by itself: then "down" is on its way. */
	if (eftf_nl_tunnel_del(gw->nl, gw->ifindex, s->id, &err))
		log_debug("tunnel %u: %s", s->id, err.text);
}

void eftf_sessions_end_unseen(struct eftf_gw *gw, uint32_t generation)
{
	struct eftf_session *s, *next;

	for (uint32_t i = 0; i <= gw->sessions_mask; i++) {
		for (s = gw->sessions[i]; s; s = next) {
			next = s->next;
			if (s->generation != generation)
				eftf_session_ended(gw, s, NULL);
		}
	}
}

void eftf_sessions_end_all(struct eftf_gw *gw, double deadline)
{
	for (uint32_t i = 0; gw->sessions && i <= gw->sessions_mask; i++)
		for (struct eftf_session *s = gw->sessions[i]; s && eftf_gw_now() < deadline; s = s->next)
			eftf_session_end(gw, s);
}

int eftf_sessions_open(struct eftf_gw *gw, struct eftf_err *err)
{
	uint32_t n = 64;

	while (n < gw->conf.max_tunnels)
		n <<= 1;
	gw->sessions_mask = n - 1;
	gw->sessions = calloc(n, sizeof(struct eftf_session *));
	if (!gw->sessions)
		return eftf_err_set(err, ENOMEM, "no memory for %u tunnels", gw->conf.max_tunnels);
	return eftf_nl_open(&gw->nl, err);
}

void eftf_sessions_close(struct eftf_gw *gw)
{
	struct eftf_session *s, *next;

	/* tunnels that are left end with the socket that made them */
	eftf_nl_close(gw->nl);
	gw->nl = NULL;
	for (uint32_t i = 0; gw->sessions && i <= gw->sessions_mask; i++) {
		for (s = gw->sessions[i]; s; s = next) {
			next = s->next;
			eftf_session_put(s);
		}
	}
	free(gw->sessions);
	gw->sessions = NULL;
}

void eftf_sessions_wipe(struct eftf_gw *gw)
{
	struct eftf_session *s, *next;

	for (uint32_t i = 0; gw->sessions && i <= gw->sessions_mask; i++) {
		for (s = gw->sessions[i]; s; s = next) {
			next = s->next;
			explicit_bzero(s, sizeof(*s));
		}
	}
	gw->sessions = NULL;
}
