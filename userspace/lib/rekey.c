/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rekey.h"

#include <errno.h>
#include <string.h>

#include "clock.h"

/* A key update costs this side more than the peer: a limit, far above what a sane peer needs. */
#define MAX_UPDATES 32
#define WINDOW_MS 10000

void eftf_rekey_set(struct eftf_rekey *r, struct eftf_tls *tls, uint32_t transport)
{
	eftf_tls_free(r->tls);
	*r = (struct eftf_rekey){ .tls = tls, .transport = transport };
}

static bool too_many(struct eftf_rekey *r)
{
	uint64_t now = eftf_now_ms();

	if (now - r->since >= WINDOW_MS) {
		r->since = now;
		r->updates = 0;
	}
	return ++r->updates > MAX_UPDATES;
}

int eftf_rekey_next(struct eftf_rekey *r, struct eftf_tls_key *rx, struct eftf_tls_key *tx,
		    struct eftf_err *err)
{
	int ret;

	if (too_many(r))
		return eftf_err_set(err, EDQUOT,
				    "the peer changes its TLS key more than %d times in %d s",
				    MAX_UPDATES, WINDOW_MS / 1000);
	ret = eftf_tls_next_rx(r->tls, rx, err);
	return ret || !tx ? ret : eftf_tls_next_tx(r->tls, tx, err);
}

static int answer(struct eftf_rekey *r, struct eftf_nl *nl, const struct eftf_tunnel_info *event,
		  struct eftf_err *err)
{
	struct eftf_tls_key rx, tx;
	int ret = eftf_rekey_next(r, &rx, event->update_requested ? &tx : NULL, err);

	/* Do not ask for an update in return: two such ends would update for ever. */
	if (!ret)
		ret = eftf_nl_tunnel_rekey(nl, event->ifindex, event->id, r->transport, &rx,
					   event->update_requested ? &tx : NULL, false, err);
	explicit_bzero(&rx, sizeof(rx));
	explicit_bzero(&tx, sizeof(tx));
	return ret;
}

int eftf_rekey_answer(struct eftf_rekey *r, struct eftf_nl *nl,
		      const struct eftf_tunnel_info *event, struct eftf_err *err)
{
	int ret;

	if (event->transport != r->transport)
		return 0;
	if (!r->tls)
		return eftf_err_set(err, EOPNOTSUPP,
				    "the peer changes its TLS key, which is not followed here (key_update)");
	ret = answer(r, nl, event, err);
	if (!ret)
		return 1;
	/* The kernel may or may not have taken the key: this state is of no use any more. */
	eftf_rekey_set(r, NULL, r->transport);
	return ret;
}
