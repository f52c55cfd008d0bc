/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS states of attached tunnels, parked to make the next keys when a UE changes its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "worker.h"

#define BUCKETS 4096			/* a power of 2 */

struct eftf_keys {
	struct eftf_keys *next;
	uint32_t tunnel;
	struct eftf_rekey rekey;
};

static struct eftf_keys **find(struct eftf_worker *w, uint32_t tunnel, uint32_t transport)
{
	/* The module gives numbers of tunnels in ascending order. */
	struct eftf_keys **at = &w->keys[tunnel & (BUCKETS - 1)];

	while (*at && ((*at)->tunnel != tunnel || (*at)->rekey.transport != transport))
		at = &(*at)->next;
	return at;
}

int eftf_keys_open(struct eftf_worker *w, struct eftf_err *err)
{
	w->keys = calloc(BUCKETS, sizeof(struct eftf_keys *));
	return w->keys ? 0 : eftf_err_set(err, ENOMEM, "out of memory");
}

void eftf_keys_add(struct eftf_worker *w, uint32_t tunnel, uint32_t transport, struct eftf_tls *tls)
{
	struct eftf_keys *k = calloc(1, sizeof(*k));

	if (!k) {			/* its UE connects anew when it changes its key */
		eftf_tls_free(tls);
		return;
	}
	k->tunnel = tunnel;
	eftf_rekey_set(&k->rekey, tls, transport);
	k->next = w->keys[tunnel & (BUCKETS - 1)];
	w->keys[tunnel & (BUCKETS - 1)] = k;
	w->n_keys++;
}

void eftf_keys_forget(struct eftf_worker *w, uint32_t tunnel, uint32_t transport)
{
	struct eftf_keys **at = find(w, tunnel, transport), *k = *at;

	if (!k)
		return;
	*at = k->next;
	eftf_rekey_set(&k->rekey, NULL, 0);
	free(k);
	w->n_keys--;
}

void eftf_keys_update(struct eftf_worker *w, const struct eftf_msg *msg)
{
	struct eftf_keys *k = *find(w, msg->keys.tunnel, msg->keys.transport);
	struct eftf_msg answer = { .type = EFTF_MSG_KEYS };
	struct eftf_err err = { "" };

	answer.keys.tunnel = msg->keys.tunnel;
	answer.keys.transport = msg->keys.transport;
	answer.keys.tx_too = msg->keys.tx_too;
	answer.keys.error = -EOPNOTSUPP;
	if (k)
		answer.keys.error = eftf_rekey_next(&k->rekey, &answer.keys.rx,
						    msg->keys.tx_too ? &answer.keys.tx : NULL, &err);
	if (k && answer.keys.error)
		log_warn("tunnel %u: %s", msg->keys.tunnel, err.text);
	eftf_worker_send(w, &answer, -1);
	explicit_bzero(&answer, sizeof(answer));
}
