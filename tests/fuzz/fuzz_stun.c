// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/stun.c */
/* The parser of STUN answers. */
#include "fuzz.h"

#include <errno.h>

#include "stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t id[EFTF_STUN_ID_LEN] = "twelve octet";
	struct eftf_stun_answer answer;
	uint8_t request[EFTF_STUN_REQUEST_LEN], *copy, how;
	int ret;

	if (size < 1)
		return 0;
	how = *data++;
	copy = fuzz_exact(data, --size);
	eftf_stun_request(request, id);
	/* cookie, id and length of ours: without them nothing else is looked at */
	if (how & 1 && size >= sizeof(request)) {
		memcpy(copy + 4, request + 4, sizeof(request) - 4);
		copy[2] = (uint8_t)((size - 20) >> 8);
		copy[3] = (uint8_t)(size - 20);
	}
	ret = eftf_stun_parse(&answer, copy, size, id);
	must(ret == 0 || ret == -ENOMSG || ret == -EBADMSG);
	if (!ret) {
		must(!memcmp(copy + 4, request + 4, sizeof(request) - 4));
		must(!answer.error || (answer.error >= 300 && answer.error < 700));
		must(answer.error || answer.mapped.ss_family == AF_INET ||
		     answer.mapped.ss_family == AF_INET6);
	}
	free(copy);
	return 0;
}
