/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_TX_H
#define EFTF_TX_H

struct eftf_transport;
struct work_struct;

void eftf_tx_init(struct eftf_transport *tp);
void eftf_tx_work(struct work_struct *work);
void eftf_tx_purge(struct eftf_transport *tp);

#endif
