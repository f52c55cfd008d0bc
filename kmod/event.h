/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_EVENT_H
#define EFTF_EVENT_H

#include <linux/eftf.h>
#include <linux/types.h>

struct eftf_end;
struct eftf_transport;
struct eftf_tunnel;
struct genl_family;

/**
 * enum eftf_group - multicast groups of the family
 * @EFTF_GROUP_EVENTS: %EFTF_MCGRP_EVENTS
 * @EFTF_GROUP_TICKETS: %EFTF_MCGRP_TICKETS
 */
enum eftf_group {
	EFTF_GROUP_EVENTS,
	EFTF_GROUP_TICKETS,
};

extern struct genl_family eftf_genl_family;	/* defined in netlink.c */

void eftf_event_up(struct eftf_tunnel *tunnel);
void eftf_event_down(struct eftf_tunnel *tunnel);
void eftf_event_rekey(struct eftf_tunnel *tunnel, enum eftf_direction direction, u64 records);
bool eftf_event_key_update(struct eftf_tunnel *tunnel, u32 transport, bool requested);
void eftf_event_ticket(struct eftf_tunnel *tunnel, const u8 *data, size_t len);
void eftf_event_stalled(struct eftf_transport *tp);
void eftf_event_swapped(struct eftf_tunnel *tunnel, const struct eftf_end *end);

#endif
