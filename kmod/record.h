/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_RECORD_H
#define EFTF_RECORD_H

#include <linux/eftf.h>
#include <linux/types.h>

struct eftf_transport;

void eftf_record_init(struct eftf_transport *tp);
void eftf_record_limit(struct eftf_transport *tp, u64 records);
void eftf_record_count(struct eftf_transport *tp, enum eftf_direction direction);
bool eftf_record_exhausted(const struct eftf_transport *tp);

#endif
