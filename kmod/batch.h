/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_BATCH_H
#define EFTF_BATCH_H

#include <linux/types.h>

struct eftf_batch;
struct sk_buff;
struct sk_buff_head;

void eftf_batch_init(struct eftf_batch *batch);
bool eftf_batch_can_map(const struct sk_buff *skb);
bool eftf_batch_add(struct eftf_batch *batch, struct sk_buff_head *list, size_t size);
void eftf_batch_reset(struct eftf_batch *batch);

#endif
