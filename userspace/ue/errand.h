/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An errand: a child process without privileges deals with strangers, for a
 * bounded time, and says what came of it in one message of a fixed size,
 * perhaps with a socket. What it says is checked like a stranger's word.
 */
#ifndef EFTF_UE_ERRAND_H
#define EFTF_UE_ERRAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

struct eftf_errand {
	pid_t pid;	/* 0: there is none */
	int fd;		/* SOCK_SEQPACKET to it; readable when it has to say something, or has ended */
};

/*
 * Starts a child that runs run(arg, fd) with what the parent has in memory, and ends with
 * it. Of the parent's descriptors it has keep and the standard ones. -EAGAIN, ...: there is
 * no process to be had.
 */
int eftf_errand_start(struct eftf_errand *e, int keep, void (*run)(void *arg, int fd), void *arg,
		      struct eftf_err *err);
bool eftf_errand_runs(const struct eftf_errand *e);
/* Ends it whatever it does. */
void eftf_errand_end(struct eftf_errand *e);

/*
 * Both sides: a message as eftf_packet_recv() takes it, waited for until deadline
 * (eftf_now_ms()); 0: not at all, UINT64_MAX: for ever. -ETIMEDOUT: none came.
 */
int eftf_errand_recv(int fd, void *msg, size_t size, int *sock, uint64_t deadline);

#endif
