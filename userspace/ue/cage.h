/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a child process gives up before it talks to strangers: privileges,
 * the making of files, programs and processes, and more than a little memory.
 * Names are still resolved, so files can be read, and sockets to the network made.
 */
#ifndef EFTF_UE_CAGE_H
#define EFTF_UE_CAGE_H

#include <sys/types.h>

#include "err.h"

/*
 * For good. The process dies with parent. What this kernel does not have is left
 * out: seccomp filters, Landlock.
 */
int eftf_cage_enter(pid_t parent, struct eftf_err *err);

#endif
