// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/interim.c */
/* What a proxy says after an interim answer. */
#include "fuzz.h"

#include <errno.h>

#include "ue/interim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eftf_interim in = { 0 };
	size_t i;
	int ret = 0;

	for (i = 0; i < size && !ret; i++)
		ret = eftf_interim_take(&in, (char)data[i]);
	must(i <= EFTF_INTERIM_OCTETS + 1 && in.answers <= EFTF_INTERIM_ANSWERS + 1);
	must(ret == 0 || ret == -EPROTO || ret == -E2BIG || (ret >= 100 && ret <= 999));
	must(!eftf_interim_is(ret) && (ret <= 0 || data[i - 1] == '\n'));
	return 0;
}
