/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_HOLD_H
#define EFTF_HOLD_H

#include "types.h"

void eftf_hold_init(struct eftf_transport *tp);
void eftf_hold_inherit(struct eftf_transport *tp, const struct eftf_transport *old);
void eftf_hold_update(struct eftf_transport *tp);
bool eftf_hold_bulk(struct eftf_transport *tp);
void eftf_hold_end(struct eftf_transport *tp);
bool eftf_hold_goes_on(struct eftf_transport *tp);
size_t eftf_hold_record_size(const struct eftf_transport *tp);

#endif
