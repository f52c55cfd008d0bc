/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The probes of detection step S1 on the wire: all at once, one deadline. */
#ifndef EFTF_UE_PROBE_H
#define EFTF_UE_PROBE_H

#include <sys/socket.h>

#include "conf.h"
#include "detect.h"
#include "err.h"
#include "signals.h"

struct eftf_probe_spec {
	struct sockaddr_storage pcscf, sips, ipsec, media;	/* ss_family 0: do not probe */
	struct eftf_value_target control;	/* host "": do not probe */
	/* at which HTTP is asked for when there seems to be no network; host "": it is not */
	struct eftf_value_target portal;
	unsigned int timeout_ms;	/* of all probes together; that question comes after it */
	const char *link;		/* all but the control leave by it, whatever the routes say; NULL: by the routes */
};

/* EFTF_PROBE_BIT()s that this spec has targets for. */
unsigned int eftf_probe_kinds(const struct eftf_probe_spec *spec);
/*
 * Runs what is pending in d until the machine has its next step or the time
 * is over. Returns the step, or -EINTR for a signal.
 */
int eftf_probe_run(const struct eftf_probe_spec *spec, struct eftf_signals *sig,
		   struct eftf_detect *d);

#endif
