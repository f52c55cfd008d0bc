/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection's first record, before there is any TLS state for it. */
#include "tls.h"
#include "worker.h"

#define TLS_HEADER 5
#define TLS_HANDSHAKE 22

size_t eftf_hello_missing(const uint8_t *record, ssize_t n)
{
	size_t need = TLS_HEADER;

	if (n <= 0 || record[0] != TLS_HANDSHAKE)
		return 0;
	if (n >= TLS_HEADER)
		need += (size_t)record[3] << 8 | record[4];
	return need > EFTF_HELLO_MAX || (size_t)n >= need ? 0 : need;
}

struct eftf_tls_ctx *eftf_hello_choose(const struct eftf_worker *w, const uint8_t *record,
				       size_t len)
{
	struct eftf_tls_ctx *best = w->start->tls[0];
	unsigned int suits, most = 0;

	for (size_t i = 0; w->start->n_tls > 1 && i < w->start->n_tls; i++) {
		suits = eftf_tls_ctx_suits(w->start->tls[i], record, len);
		if (suits <= most)
			continue;
		most = suits;
		best = w->start->tls[i];
	}
	return best;
}
