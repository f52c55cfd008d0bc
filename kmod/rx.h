/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_RX_H
#define EFTF_RX_H

struct eftf_transport;
struct work_struct;

void eftf_rx_work(struct work_struct *work);
void eftf_rx_purge(struct eftf_transport *tp);

#endif
