/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gw.h"
#include "log.h"

#define LINES_PER_SECOND 20.0

bool eftf_gw_may_log(double now)
{
	static double allowance = LINES_PER_SECOND, last;
	static unsigned long left_out;

	allowance += (now - last) * LINES_PER_SECOND;
	last = now;
	if (allowance > LINES_PER_SECOND)
		allowance = LINES_PER_SECOND;
	if (allowance < 1.0) {
		left_out++;
		return false;
	}
	allowance -= 1.0;
	if (left_out)
		log_info("%lu lines about failed connections were left out", left_out);
	left_out = 0;
	return true;
}
