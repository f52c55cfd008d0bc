/* SPDX-License-Identifier: GPL-2.0-only */
/* skb_gso_segment() moved here from netdevice.h. */
#ifndef EFTF_COMPAT_NET_GSO_H
#define EFTF_COMPAT_NET_GSO_H
#ifdef EFTF_HAVE_NET_GSO_H
#include_next <net/gso.h>
#else
#include <linux/netdevice.h>
#endif
#endif
