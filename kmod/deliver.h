/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_DELIVER_H
#define EFTF_DELIVER_H

struct eftf_tunnel;
struct sk_buff_head;

/* Packets that are given to the stack at a time, at most. */
#define EFTF_DELIVER_SLICE	64

void eftf_deliver_init(struct eftf_tunnel *tunnel);
void eftf_deliver_stop(struct eftf_tunnel *tunnel);
void eftf_deliver_exit(struct eftf_tunnel *tunnel);
void eftf_deliver(struct eftf_tunnel *tunnel, struct sk_buff_head *packets);

#endif
