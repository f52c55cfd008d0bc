// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/dhcp6_codec.c lib/dhcp6_decode.c lib/dhcp_octets.c lib/err.c */
/* The DHCPv6 codec: whatever can be decoded can be encoded, and is the same again. */
#include <errno.h>

#include "dhcp6_same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eftf_dhcp6_msg first, second;
	struct eftf_err err = {""};
	uint8_t *copy = fuzz_exact(data, size), out[EFTF_DHCP6_MAX], *small;
	size_t len;
	int ret = eftf_dhcp6_decode(&first, copy, size, FUZZ_ENTERPRISE, &err);

	free(copy);
	must(ret == 0 || (ret == -EBADMSG && err.text[0]));
	if (ret)
		return 0;
	fuzz_dhcp6_sane(&first);
	len = eftf_dhcp6_encode(out, sizeof(out), &first, FUZZ_ENTERPRISE);
	must(len > 0 && len <= sizeof(out));
	must(!eftf_dhcp6_decode(&second, out, len, FUZZ_ENTERPRISE, &err));
	must(!second.n_bad);
	fuzz_dhcp6_same(&first, &second);
	small = malloc(len - 1);
	must(small && eftf_dhcp6_encode(small, len - 1, &first, FUZZ_ENTERPRISE) == 0);
	free(small);
	return 0;
}
