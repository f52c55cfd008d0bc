/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The secrets of each connection, as lines that Wireshark reads (SSLKEYLOGFILE), in
 * builds for tests alone (make KEYLOG=yes). Others do not have it: there is nothing
 * that could be turned on by mistake.
 */
#ifndef EFTF_TLS_KEYLOG_H
#define EFTF_TLS_KEYLOG_H

#include "tls_priv.h"

#ifdef EFTF_KEYLOG
/* Before the handshake. */
int eftf_tls_keylog_begin(struct eftf_tls *tls, struct eftf_err *err);
/* After it. */
void eftf_tls_keylog_end(struct eftf_tls *tls);
#else
static inline int eftf_tls_keylog_begin(struct eftf_tls *tls, struct eftf_err *err)
{
	(void)tls;
	(void)err;
	return 0;
}

static inline void eftf_tls_keylog_end(struct eftf_tls *tls)
{
	(void)tls;
}
#endif

#endif
