/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a tunnel ended, as a word and as a text. */
#ifndef EFTF_LIB_REASON_H
#define EFTF_LIB_REASON_H

#include <stdint.h>

/* reason: enum eftf_reason. NULL: one of a newer module. */
const char *eftf_reason_word(uint32_t reason);
/* "nothing was received for too long" */
const char *eftf_reason_text(uint32_t reason);

#endif
