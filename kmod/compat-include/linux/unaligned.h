/* SPDX-License-Identifier: GPL-2.0-only */
/* asm/unaligned.h moved here. */
#ifndef EFTF_COMPAT_LINUX_UNALIGNED_H
#define EFTF_COMPAT_LINUX_UNALIGNED_H
#ifdef EFTF_HAVE_LINUX_UNALIGNED_H
#include_next <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif
#endif
