// SPDX-License-Identifier: GPL-2.0-only
/* Tracepoints eftf:*; the one place where they are defined. */
#define CREATE_TRACE_POINTS
#include "trace.h"
