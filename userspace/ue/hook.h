/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program that is told when the tunnel comes up and goes down. */
#ifndef EFTF_UE_HOOK_H
#define EFTF_UE_HOOK_H

#include "dhcp4.h"
#include "signals.h"

#define EFTF_HOOK_MS 10000	/* longer and it is killed */
#define EFTF_HOOK_STOP_MS 1500	/* the same when the helper itself must end */

struct eftf_hook_info {
	const char *reason;	/* "up" or "down" */
	const char *device;
	const struct eftf_lease4 *lease;
	unsigned int mtu;
};

/*
 * Runs path (absolute; no shell) with EFTF_REASON, EFTF_DEVICE, EFTF_ADDRESS,
 * EFTF_MASK, EFTF_GATEWAY, EFTF_DNS, EFTF_PCSCF (space-separated) and
 * EFTF_MTU, and waits. What goes wrong is logged and has no other effect.
 * sig NULL: a signal does not cut the waiting short.
 */
void eftf_hook_run(const char *path, const struct eftf_hook_info *info, struct eftf_signals *sig,
		   unsigned int timeout_ms);

#endif
