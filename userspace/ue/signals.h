/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGTERM, SIGINT, SIGHUP and SIGUSR1 as a file descriptor, and waiting that they end. */
#ifndef EFTF_UE_SIGNALS_H
#define EFTF_UE_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct eftf_signals {
	int fd;
	bool stop;	/* SIGTERM or SIGINT came */
	bool reload;	/* SIGHUP came */
	bool refresh;	/* SIGUSR1 came; interrupts nothing */
};

/* Blocks the four signals for good and ignores SIGPIPE. */
int eftf_signals_open(struct eftf_signals *sig, struct eftf_err *err);
/* Takes what came. Returns true if stop or reload is set. */
bool eftf_signals_take(struct eftf_signals *sig);
/* In a child before exec: as if eftf_signals_open() had never been called. */
void eftf_signals_undo(void);
/*
 * Waits until fd (-1: none) is ready for events, a signal comes that ends
 * something (sig NULL:
 * signals are left for later), or the deadline (eftf_now_ms()) passes.
 * Returns revents, 0 at the deadline, -EINTR for a signal or another error.
 */
int eftf_wait(struct eftf_signals *sig, int fd, short events, uint64_t deadline);

#endif
