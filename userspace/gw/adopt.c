/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * At the start: the tunnels that a gateway before this one has left. There may be ten thousand, and their UEs are
 * not served before this is done, so nothing here is asked of the kernel for one tunnel alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "session.h"
#include "state.h"

/* What the module says of a tunnel, as far as it is needed here. */
struct left {
	uint32_t id, transport;
	bool has4, has6;
	struct in_addr inner4;
	struct in6_addr inner6;
	uint8_t plen6;
};

struct lefts {
	struct left *v;
	size_t n, room;
	bool no_memory;
};

static void none(void *arg)
{
	struct lefts *l = arg;

	l->n = 0;
}

static void on_left(const struct eftf_tunnel_info *info, void *arg)
{
	struct lefts *l = arg;

	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 256;
		struct left *v = reallocarray(l->v, room, sizeof(*v));

		if (!v) {
			l->no_memory = true;
			return;
		}
		l->v = v;
		l->room = room;
	}
	l->v[l->n++] = (struct left){
		.id = info->id,
		.transport = info->transport,
		.has4 = info->present & EFTF_NL_BIT(INNER4),
		.has6 = info->present & EFTF_NL_BIT(INNER6),
		.inner4 = info->inner4,
		.inner6 = info->inner6,
		.plen6 = info->inner6_plen,
	};
}

static struct eftf_session *from_lease(const struct eftf_state_lease *l, const struct left *left)
{
	struct eftf_session *s = eftf_session_new(&l->outer, l->inner, l->since);

	if (!s)
		return NULL;
	s->id = left->id;
	s->transport = left->transport;
	s->persistent = true;
	s->has4 = s->dhcp.bound = left->has4;
	s->has6 = s->dhcp6.bound = left->has6;
	if (s->has4)
		s->dhcp.address = l->inner;
	s->inner6 = s->dhcp6.address = left->inner6;
	s->dhcp.keepalive = s->dhcp6.keepalive = l->keepalive;
	memcpy(s->identity, l->identity, sizeof(s->identity));
	return s;
}

static bool adopt(struct eftf_gw *gw, const struct left *left)
{
	struct in_addr inner = left->has4 ? left->inner4 : eftf_gw_inner4(&gw->conf, &left->inner6);
	struct in6_addr inner6 = eftf_gw_inner6(&gw->conf, inner);
	struct eftf_state_lease l;
	struct eftf_session *s;

	if (!eftf_state_get(gw->state, inner, &l) || l.tunnel != left->id ||
	    /* of another pool6 than before */
	    (left->has6 && (left->plen6 != gw->conf.pool6_each ||
			    memcmp(&inner6, &left->inner6, sizeof(inner6)))))
		return false;
	s = from_lease(&l, left);
	if (!s)
		return false;
	if (eftf_pool_adopt(gw->pool, s->inner, s, &l.lease, &s->outer)) {
		eftf_session_put(s);
		return false;
	}
	eftf_session_list(gw, s);
	return true;
}

static void adopt_all(struct eftf_gw *gw, const struct lefts *lefts)
{
	unsigned int adopted = 0, ended = 0;
	struct eftf_err err;

	for (size_t i = 0; i < lefts->n; i++) {
		if (adopt(gw, &lefts->v[i])) {
			adopted++;
			continue;
		}
		/* The state file does not say whose it is: its UE comes back and gets an address by its token. */
		ended++;
		if (eftf_nl_tunnel_del(gw->nl, gw->ifindex, lefts->v[i].id, &err))
			log_debug("tunnel %u: %s", lefts->v[i].id, err.text);
	}
	if (adopted || ended)
		log_info("%u tunnels taken over, %u ended as it is not known whose they are", adopted, ended);
}

int eftf_sessions_adopt(struct eftf_gw *gw, struct eftf_err *err)
{
	struct lefts lefts = { .n = 0 };
	int ret;

	if (!gw->state)
		return 0;
	ret = eftf_nl_tunnel_each(gw->nl, gw->ifindex, on_left, none, &lefts, err);
	if (!ret && lefts.no_memory)
		ret = eftf_err_set(err, ENOMEM, "no memory for a list of the tunnels that are there");
	if (!ret)
		adopt_all(gw, &lefts);
	free(lefts.v);
	return ret;
}
