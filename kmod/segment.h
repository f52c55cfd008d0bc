/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_SEGMENT_H
#define EFTF_SEGMENT_H

#include <linux/types.h>

struct kvec;
struct sk_buff;

bool eftf_segment_begin(struct sk_buff *skb);
unsigned int eftf_segment_header_len(const struct sk_buff *skb);
unsigned int eftf_segment_len(const struct sk_buff *skb);
unsigned int eftf_segment_left(const struct sk_buff *skb);
unsigned int eftf_segment_next(struct sk_buff *skb, u8 *header, struct kvec *vec);

#endif
