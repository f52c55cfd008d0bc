/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a source may have one more connection. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "../gw.h"
#include "config_value.h"
#include "worker.h"

/* From inside a tunnel: nothing is to be had here that the UE does not have already. */
static bool is_inside(const struct eftf_worker *w, const struct sockaddr_storage *peer)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)peer;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;
	const struct eftf_gw_pool6 *p6 = &w->conf->pool6;
	bool inside = false;

	for (size_t i = 0; peer->ss_family == AF_INET6 && !inside && i < p6->n; i++)
		inside = eftf_value_same_network6(&in6->sin6_addr, &p6->p[i].base, p6->p[i].plen);
	return inside || (peer->ss_family == AF_INET && !w->conf->ipv6_only &&
			  eftf_ranges_number(&w->conf->ranges, in4->sin_addr) != EFTF_RANGES_NONE);
}

/* Refusals are counted, and logged once a second: a flood must not fill the log. */
bool eftf_worker_admits(struct eftf_worker *w, const struct sockaddr_storage *peer,
			struct eftf_prefix_use *use)
{
	struct eftf_prefix_limits limits = {
		.open = w->conf->max_handshakes_per_source,
		.rate = w->conf->handshake_rate_per_source,
	};

	if (is_inside(w, peer)) {
		w->counts.refused_inside++;
		return false;
	}
	switch (eftf_prefix_enter(w->start->prefixes, peer, &limits, eftf_gw_now(), use)) {
	case EFTF_PREFIX_FULL:
		w->counts.refused_source++;
		return false;
	case EFTF_PREFIX_TOO_FAST:
		w->counts.refused_rate++;
		return false;
	case EFTF_PREFIX_ADMITTED:
		break;
	}
	return true;
}
