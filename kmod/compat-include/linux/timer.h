/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_COMPAT_LINUX_TIMER_H
#define EFTF_COMPAT_LINUX_TIMER_H
#include_next <linux/timer.h>

#ifndef timer_container_of
#define timer_container_of from_timer
#endif
#endif
