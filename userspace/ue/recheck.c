// SPDX-License-Identifier: GPL-2.0-or-later
#include "recheck.h"

#include <string.h>

#define LOOK_MS 2000u		/* how often packets are counted */

void eftf_recheck_begin(struct eftf_recheck *r, uint64_t now, uint64_t every)
{
	memset(r, 0, sizeof(*r));
	r->every = every;
	r->at = every ? now + every : UINT64_MAX;
}

void eftf_recheck_seen(struct eftf_recheck *r, uint64_t now, bool open, uint64_t packets)
{
	r->direct = open;
	r->again_at = now + r->every;
	r->at = open ? now + LOOK_MS : r->again_at;
	r->packets = packets;
	r->looked_at = now;
	r->quiet = 0;
}

bool eftf_recheck_quiet(struct eftf_recheck *r, uint64_t now, uint64_t packets)
{
	uint64_t since = now - r->looked_at;

	r->at = now + LOOK_MS;
	r->looked_at = now;
	r->quiet += since < 2 * LOOK_MS ? since : 2 * LOOK_MS;
	if (packets - r->packets > EFTF_RECHECK_QUIET_PACKETS) {
		r->packets = packets;
		r->quiet = 0;
		if (now >= r->again_at)
			r->direct = false;	/* it may have closed meanwhile: looks at once */
	}
	return r->direct && r->quiet >= EFTF_RECHECK_QUIET_MS;
}
