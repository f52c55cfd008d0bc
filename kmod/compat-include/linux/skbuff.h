/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_COMPAT_LINUX_SKBUFF_H
#define EFTF_COMPAT_LINUX_SKBUFF_H
#include_next <linux/skbuff.h>

/* there was no device memory (devmem TCP) that the processor cannot read */
#ifndef EFTF_HAVE_SKB_FRAGS_READABLE
static inline bool skb_frags_readable(const struct sk_buff *skb)
{
	return true;
}
#endif
#endif
