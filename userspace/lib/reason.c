// SPDX-License-Identifier: GPL-2.0-or-later
#include "reason.h"

#include <stddef.h>

#include <linux/eftf.h>

#include "eftf_reason.h"

static const struct {
	const char *word, *text;
} reasons[] = {
#define REASON(name, word, text) [EFTF_REASON_##name] = { word, text },
	EFTF_REASONS(REASON)
#undef REASON
};

/* Together with the compiler's word on indices that are given twice: none is missing. */
#define ONE(name, word, text) + 1
_Static_assert(0 EFTF_REASONS(ONE) == __EFTF_REASON_MAX, "every reason has its word and text");

const char *eftf_reason_word(uint32_t reason)
{
	return reason < __EFTF_REASON_MAX ? reasons[reason].word : NULL;
}

const char *eftf_reason_text(uint32_t reason)
{
	return reason < __EFTF_REASON_MAX ? reasons[reason].text : NULL;
}
