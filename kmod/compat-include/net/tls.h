/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_COMPAT_NET_TLS_H
#define EFTF_COMPAT_NET_TLS_H
#include_next <net/tls.h>

/* TLS_TX and TLS_RX of a connection that has keys failed with EBUSY */
#ifdef EFTF_HAVE_TLS_REKEY
#define EFTF_COMPAT_TLS_REKEY	1
#else
#define EFTF_COMPAT_TLS_REKEY	0
#endif
#endif
