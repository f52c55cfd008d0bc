/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_TIMER_H
#define EFTF_TIMER_H

struct eftf_transport;
struct eftf_tunnel;

void eftf_timer_init(struct eftf_tunnel *tunnel);
void eftf_timer_start(struct eftf_tunnel *tunnel);
void eftf_timer_stop(struct eftf_tunnel *tunnel);
void eftf_timer_received(struct eftf_tunnel *tunnel);
void eftf_timer_sent(struct eftf_transport *tp);
void eftf_timer_stalled(struct eftf_transport *tp);
void eftf_timer_await_key(struct eftf_transport *tp);

#endif
