/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that runs out where the test wants it: fault injection of a debug kernel. */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

/* False if the kernel cannot do it. */
bool fault_available(void);
/* The n-th allocation of this thread fails; 0 ends that. Returns whether it came to that. */
void fault_nth(unsigned int n);
bool fault_nth_done(void);
/*
 * From now on a share of all allocations that have the module's code on their
 * stack fail: of small objects (slab) and of pages. 0 ends that.
 */
void fault_module(unsigned int percent);
/* Nothing fails for this thread while it is spared, of what it does itself: a test's own preparations. */
void fault_spare(bool spared);
/* Do they fail now? Other programs may have asked for it. */
bool fault_on(void);
/* How many allocations have failed since fault_module() was last called with more than 0. */
unsigned long fault_count(void);

#endif
