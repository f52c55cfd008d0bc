// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/sip_probe.c */
/* The parser of SIP responses; a stream cut anywhere gives the same verdict at its end. */
#include "fuzz.h"

#include <errno.h>

#include "sip_probe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct eftf_sip_probe probe = {
		.target = "192.0.2.1:5060", .local = "192.0.2.2:5060", .id = 0x0123456789abcdef,
	};
	size_t cut, part;
	char *copy;
	int ret, early = 0;

	if (size < 2)
		return 0;
	part = (size_t)data[0] << 8 | data[1];
	data += 2;
	size -= 2;
	cut = size ? part % size : 0;
	copy = fuzz_exact(data, size);
	ret = eftf_sip_response(&probe, copy, size);
	free(copy);
	must(ret == 0 || ret == -ENOMSG || ret == -EBADMSG || (ret >= 100 && ret < 700));
	must(size < EFTF_SIP_MAX || ret != 0);

	copy = fuzz_exact(data, cut);
	early = eftf_sip_response(&probe, copy, cut);
	free(copy);
	/* what is known early does not change by what follows; nothing can go on for ever */
	must(early == 0 || early == ret);
	return 0;
}
