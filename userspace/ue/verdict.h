/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verdict of the detection for people and for programs. */
#ifndef EFTF_UE_VERDICT_H
#define EFTF_UE_VERDICT_H

#include "detect.h"

const char *eftf_verdict_name(enum eftf_verdict verdict);
/* One line without line end; to be freed. NULL: no memory. */
char *eftf_verdict_text(const struct eftf_detect *d);
/* One JSON object without line end; to be freed. NULL: no memory. */
char *eftf_verdict_json(const struct eftf_detect *d);

#endif
