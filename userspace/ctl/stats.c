// SPDX-License-Identifier: GPL-2.0-or-later
/* eftfctl stats: counters, drops by cause, time in the queue. */
#include "ctl.h"
#include "fields.h"

int eftf_ctl_stats(struct eftf_ctl *ctl, int argc, char **argv)
{
	return eftf_ctl_show(ctl, "stats", &eftf_stats_table, argc, argv);
}
