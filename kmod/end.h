/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_END_H
#define EFTF_END_H

#include <linux/types.h>

struct eftf_end;
struct eftf_transport;
struct eftf_tunnel;
struct work_struct;

#define EFTF_END_DRAIN_JIFFIES	(2 * HZ)	/* for flush, close_notify and FIN of both sides */

const char *eftf_end_reason_name(u32 reason);
bool eftf_end_is_graceful(const struct eftf_end *end);
bool eftf_end_flushes(const struct eftf_end *end);

bool eftf_end_is_current(const struct eftf_transport *tp);
bool eftf_end_close(struct eftf_tunnel *tunnel, const struct eftf_transport *tp,
		    const struct eftf_end *end);
void eftf_end_abort(struct eftf_tunnel *tunnel);
void eftf_end_fail(struct eftf_transport *tp, const struct eftf_end *end);
void eftf_end_read(struct eftf_transport *tp, const struct eftf_end *end);
void eftf_end_drain(struct eftf_transport *tp, unsigned long patience);
void eftf_end_drain_work(struct work_struct *work);
void eftf_end_release(struct eftf_transport *tp);

int eftf_end_init(void);
void eftf_end_exit(void);

#endif
