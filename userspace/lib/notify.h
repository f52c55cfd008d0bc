/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service tells its manager (sd_notify(3)), without a library. Where there is none it is silent. */
#ifndef EFTF_NOTIFY_H
#define EFTF_NOTIFY_H

#include <stdint.h>

/* "READY=1", "STATUS=...", several separated by line feeds; control characters in words are the caller's affair. */
void eftf_notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* With the time that belongs to it: RELOADING=1 to be followed by READY=1. */
void eftf_notify_reloading(void);
/* Milliseconds after which the manager wants to hear WATCHDOG=1 again, with time to spare; 0: it does not. */
uint64_t eftf_notify_watchdog_ms(void);

#endif
