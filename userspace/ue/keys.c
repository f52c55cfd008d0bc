// SPDX-License-Identifier: GPL-2.0-or-later
#include "keys.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "packet.h"
#include "rekey.h"

#define ANSWER_MS 1000		/* a key is made in less than one */

struct request {
	uint32_t tx_too;
};

struct answer {
	int32_t error;		/* 0 or a negative errno */
	struct eftf_tls_key rx, tx;
	struct eftf_err err;
};

void eftf_keys_serve(int fd, struct eftf_tls *tls)
{
	struct eftf_rekey rekey = { 0 };
	struct request q;
	int sock;

	eftf_rekey_set(&rekey, tls, 0);
	while (!eftf_errand_recv(fd, &q, sizeof(q), &sock, UINT64_MAX)) {
		struct answer a = { .err = { "" } };

		if (sock >= 0)
			close(sock);
		a.error = eftf_rekey_next(&rekey, &a.rx, q.tx_too ? &a.tx : NULL, &a.err);
		eftf_packet_send(fd, &a, sizeof(a), -1);
		explicit_bzero(&a, sizeof(a));
	}
	eftf_rekey_set(&rekey, NULL, 0);
}

static bool is_key(const struct eftf_tls_key *key)
{
	return key->len >= sizeof(key->info) && key->len <= offsetof(struct eftf_tls_key, len);
}

int eftf_keys_fetch(struct eftf_errand *child, struct eftf_tls_key *rx, struct eftf_tls_key *tx,
		    struct eftf_err *err)
{
	struct request q = { .tx_too = tx != NULL };
	struct answer a = { .error = -EPROTO };
	int sock = -1, ret;

	ret = eftf_packet_send(child->fd, &q, sizeof(q), -1);
	if (!ret)
		ret = eftf_errand_recv(child->fd, &a, sizeof(a), &sock, eftf_now_ms() + ANSWER_MS);
	if (sock >= 0)
		close(sock);
	if (ret)
		return eftf_err_set(err, -ret, "the process that makes new TLS keys: %s",
				    strerror(-ret));
	a.err.text[sizeof(a.err.text) - 1] = '\0';
	if (a.error) {
		ret = eftf_err_set(err, a.error < 0 ? -a.error : EPROTO, "%s", a.err.text);
	} else if (!is_key(&a.rx) || (tx && !is_key(&a.tx))) {
		ret = eftf_err_set(err, EPROTO, "the process that makes new TLS keys brought none");
	} else {
		*rx = a.rx;
		if (tx)
			*tx = a.tx;
	}
	explicit_bzero(&a, sizeof(a));
	return ret;
}
