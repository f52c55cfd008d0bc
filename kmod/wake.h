/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_WAKE_H
#define EFTF_WAKE_H

#include "types.h"

void eftf_wake_init(struct eftf_transport *tp);
void eftf_wake_join(struct eftf_transport *tp);
void eftf_wake_leave(struct eftf_transport *tp);
void eftf_wake_xmit(struct eftf_tunnel *tunnel, struct sk_buff *skb);
void eftf_wake_rx_later(struct eftf_transport *tp);

/**
 * eftf_wake_tx - let the TX worker run
 * @tp: transport
 *
 * Context: any. A run that is under way is followed by another one.
 */
static inline void eftf_wake_tx(struct eftf_transport *tp)
{
	queue_work(tp->tunnel->edev->wq, &tp->tx_work);
}

/**
 * eftf_wake_rx - let the RX worker run
 * @tp: transport
 *
 * Context: any. A run that is under way is followed by another one.
 */
static inline void eftf_wake_rx(struct eftf_transport *tp)
{
	queue_delayed_work(tp->tunnel->edev->wq, &tp->rx_work, 0);
}

#endif
