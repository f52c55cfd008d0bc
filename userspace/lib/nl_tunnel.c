// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests about tunnels to the generic netlink family "eftf". */
#include "nl_sock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/genetlink.h>

#include "nl_genl.h"

#define WHAT_SIZE	64
#define MAX_TUNNELS	(1u << 18)	/* bound of what one dump may cost in memory */

static struct nlmsghdr *start(struct eftf_nl *nl, struct eftf_nlreq *req, uint8_t cmd,
			      uint32_t ifindex, uint32_t id)
{
	struct nlmsghdr *nlh = eftf_nl_genl_start(req, nl->family.id, cmd, 0);

	mnl_attr_put_u32(nlh, EFTF_A_IFINDEX, ifindex);
	if (id)
		mnl_attr_put_u32(nlh, EFTF_A_ID, id);
	return nlh;
}

/* "tunnel del 5 on eftf0": begins the text of an error. */
static const char *name(char *what, const char *verb, uint32_t ifindex, uint32_t id)
{
	char dev[IF_NAMESIZE];

	if (!if_indextoname(ifindex, dev))
		snprintf(dev, sizeof(dev), "link %u", ifindex);
	if (id)
		snprintf(what, WHAT_SIZE, "tunnel %s %u on %s", verb, id, dev);
	else
		snprintf(what, WHAT_SIZE, "tunnel %s on %s", verb, dev);
	return what;
}

static int new_answer(const struct nlmsghdr *nlh, void *arg)
{
	struct eftf_tunnel_info info;
	uint32_t *id = arg;
	int ret = eftf_nl_tunnel_parse(nlh, &info);

	if (!ret)
		*id = info.id;
	return ret;
}

int eftf_nl_tunnel_new(struct eftf_nl *nl, const struct eftf_tunnel_spec *spec, uint32_t *id,
		       struct eftf_err *err)
{
	char what[WHAT_SIZE];
	struct eftf_nlreq req;
	struct nlmsghdr *nlh = start(nl, &req, EFTF_CMD_TUNNEL_NEW, spec->ifindex, spec->id);
	struct eftf_nl_ask ask = {.nlh = nlh, .answer = new_answer, .arg = id,
				  .what = name(what, "add", spec->ifindex, spec->id)};
	int ret;

	*id = 0;
	mnl_attr_put_u32(nlh, EFTF_A_FD, (uint32_t)spec->fd);
	if (spec->has_inner4)
		mnl_attr_put(nlh, EFTF_A_INNER4, sizeof(spec->inner4), &spec->inner4);
	if (spec->has_inner6) {
		mnl_attr_put(nlh, EFTF_A_INNER6, sizeof(spec->inner6), &spec->inner6);
		mnl_attr_put_u8(nlh, EFTF_A_INNER6_PLEN,
				spec->inner6_plen ? spec->inner6_plen : 128);
	}
	if (spec->has_gateway4)
		mnl_attr_put(nlh, EFTF_A_GATEWAY4, sizeof(spec->gateway4), &spec->gateway4);
	if (spec->has_gateway6)
		mnl_attr_put(nlh, EFTF_A_GATEWAY6, sizeof(spec->gateway6), &spec->gateway6);
	mnl_attr_put_u32(nlh, EFTF_A_KEEPALIVE, spec->keepalive);
	mnl_attr_put_u32(nlh, EFTF_A_TIMEOUT, spec->timeout);
	if (spec->has_stall)
		mnl_attr_put_u32(nlh, EFTF_A_STALL, spec->stall);
	mnl_attr_put_u8(nlh, EFTF_A_PERSISTENT, spec->persistent);
	if (spec->negotiated)
		mnl_attr_put(nlh, EFTF_A_NEGOTIATED, 0, NULL);
	if (spec->record_limit)
		mnl_attr_put_u64(nlh, EFTF_A_RECORD_LIMIT, spec->record_limit);

	ret = eftf_nlsock_ask(&nl->s, &ask, err);
	if (ret)
		return ret;
	if (!*id)
		return eftf_err_set(err, EPROTO, "tunnel add: the kernel's answer has no id");
	return 0;
}

int eftf_nl_tunnel_set(struct eftf_nl *nl, uint32_t ifindex, uint32_t id,
		       const struct eftf_tunnel_change *change, struct eftf_err *err)
{
	char what[WHAT_SIZE];
	struct eftf_nlreq req;
	struct nlmsghdr *nlh = start(nl, &req, EFTF_CMD_TUNNEL_SET, ifindex, id);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = name(what, "set", ifindex, id)};

	if (change->has_keepalive)
		mnl_attr_put_u32(nlh, EFTF_A_KEEPALIVE, change->keepalive);
	if (change->has_timeout)
		mnl_attr_put_u32(nlh, EFTF_A_TIMEOUT, change->timeout);
	if (change->has_stall)
		mnl_attr_put_u32(nlh, EFTF_A_STALL, change->stall);
	if (change->has_persistent)
		mnl_attr_put_u8(nlh, EFTF_A_PERSISTENT, change->persistent);
	if (change->has_record_limit)
		mnl_attr_put_u64(nlh, EFTF_A_RECORD_LIMIT, change->record_limit);
	return eftf_nlsock_ask(&nl->s, &ask, err);
}

int eftf_nl_tunnel_swap(struct eftf_nl *nl, uint32_t ifindex, uint32_t id, int fd,
			struct eftf_err *err)
{
	char what[WHAT_SIZE];
	struct eftf_nlreq req;
	struct nlmsghdr *nlh = start(nl, &req, EFTF_CMD_TUNNEL_SWAP, ifindex, id);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = name(what, "swap", ifindex, id)};

	mnl_attr_put_u32(nlh, EFTF_A_FD, (uint32_t)fd);
	return eftf_nlsock_ask(&nl->s, &ask, err);
}

int eftf_nl_tunnel_rekey(struct eftf_nl *nl, uint32_t ifindex, uint32_t id, uint32_t transport,
			 const struct eftf_tls_key *rx, const struct eftf_tls_key *tx, bool request,
			 struct eftf_err *err)
{
	char what[WHAT_SIZE];
	struct eftf_nlreq req;
	struct nlmsghdr *nlh = start(nl, &req, EFTF_CMD_TUNNEL_REKEY, ifindex, id);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = name(what, "rekey", ifindex, id)};
	int ret;

	mnl_attr_put_u32(nlh, EFTF_A_TRANSPORT, transport);
	if (rx)
		mnl_attr_put(nlh, EFTF_A_KEY_RX, rx->len, &rx->info);
	if (tx)
		mnl_attr_put(nlh, EFTF_A_KEY_TX, tx->len, &tx->info);
	if (request)
		mnl_attr_put_u8(nlh, EFTF_A_UPDATE_REQUESTED, 1);
	ret = eftf_nlsock_ask(&nl->s, &ask, err);
	explicit_bzero(&req, sizeof(req));
	/* An error message of the kernel may carry the request, and so the keys, back. */
	explicit_bzero(nl->s.buf, sizeof(nl->s.buf));
	return ret;
}

int eftf_nl_tunnel_del(struct eftf_nl *nl, uint32_t ifindex, uint32_t id, struct eftf_err *err)
{
	char what[WHAT_SIZE];
	struct eftf_nlreq req;
	struct nlmsghdr *nlh = start(nl, &req, EFTF_CMD_TUNNEL_DEL, ifindex, id);
	struct eftf_nl_ask ask = {.nlh = nlh, .what = name(what, "del", ifindex, id)};

	return eftf_nlsock_ask(&nl->s, &ask, err);
}

/* ---- reading ------------------------------------------------------------- */

/* id 0: a dump, of one device or of all (ifindex 0). */
static int ask_for(struct eftf_nl *nl, uint32_t ifindex, uint32_t id, struct eftf_nl_ask *ask,
		   struct eftf_err *err)
{
	bool one = ifindex && id;
	char what[WHAT_SIZE];
	struct eftf_nlreq req;

	ask->nlh = eftf_nl_genl_start(&req, nl->family.id, EFTF_CMD_TUNNEL_GET, one ? 0 : NLM_F_DUMP);
	ask->what = "tunnel show";
	if (ifindex) {
		ask->what = name(what, "show", ifindex, id);
		mnl_attr_put_u32(ask->nlh, EFTF_A_IFINDEX, ifindex);
	}
	if (one)
		mnl_attr_put_u32(ask->nlh, EFTF_A_ID, id);
	return eftf_nlsock_ask(&nl->s, ask, err);
}

/* What one reading of the table brought; delivered only when it is whole. */
struct list {
	struct eftf_tunnel_info *v;
	size_t n, room;
	uint32_t ifindex, id;	/* 0: any */
};

static void list_again(void *arg)
{
	struct list *list = arg;

	list->n = 0;
}

static int list_answer(const struct nlmsghdr *nlh, void *arg)
{
	struct list *list = arg;
	struct eftf_tunnel_info *info;

	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		struct eftf_tunnel_info *v;

		if (list->n >= MAX_TUNNELS)
			return -E2BIG;
		v = reallocarray(list->v, room, sizeof(*v));
		if (!v)
			return -ENOMEM;
		list->v = v;
		list->room = room;
	}
	info = &list->v[list->n];
	if (eftf_nl_tunnel_parse(nlh, info))
		return 0;
	if ((list->ifindex && info->ifindex != list->ifindex) ||
	    (list->id && info->id != list->id))
		return 0;
	list->n++;
	return 0;
}

int eftf_nl_tunnel_get(struct eftf_nl *nl, uint32_t ifindex, uint32_t id, eftf_nl_tunnel_fn fn,
		       void *arg, struct eftf_err *err)
{
	struct list list = {.ifindex = ifindex, .id = id};
	struct eftf_nl_ask ask = {.answer = list_answer, .again = list_again, .arg = &list};
	int ret = ask_for(nl, ifindex, id, &ask, err);
	size_t i;

	if (!ret && ifindex && id && !list.n)
		ret = eftf_err_set(err, EPROTO, "tunnel show: the kernel's answer describes "
				   "no tunnel %u", id);
	for (i = 0; !ret && i < list.n; i++)
		fn(&list.v[i], arg);
	free(list.v);
	return ret;
}

struct each {
	uint32_t ifindex;
	eftf_nl_tunnel_fn fn;
	void (*again)(void *arg);
	void *arg;
	unsigned int n;
};

static void each_again(void *arg)
{
	struct each *each = arg;

	each->n = 0;
	each->again(each->arg);
}

static int each_answer(const struct nlmsghdr *nlh, void *arg)
{
	struct eftf_tunnel_info info;
	struct each *each = arg;

	if (eftf_nl_tunnel_parse(nlh, &info) || info.ifindex != each->ifindex)
		return 0;
	if (each->n++ >= MAX_TUNNELS)
		return -E2BIG;
	each->fn(&info, each->arg);
	return 0;
}

int eftf_nl_tunnel_each(struct eftf_nl *nl, uint32_t ifindex, eftf_nl_tunnel_fn fn, void (*again)(void *arg),
			void *arg, struct eftf_err *err)
{
	struct each each = {.ifindex = ifindex, .fn = fn, .again = again, .arg = arg};
	struct eftf_nl_ask ask = {.answer = each_answer, .again = each_again, .arg = &each};

	return ask_for(nl, ifindex, 0, &ask, err);
}
