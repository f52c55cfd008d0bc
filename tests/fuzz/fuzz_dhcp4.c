// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/dhcp4_codec.c lib/dhcp4_decode.c lib/dhcp_octets.c lib/err.c */
/* The DHCPv4 codec: whatever can be decoded can be encoded, and is the same again. */
#include <arpa/inet.h>
#include <errno.h>

#include "dhcp4_same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eftf_dhcp4_msg first, second;
	struct eftf_err err = {""};
	uint8_t *copy = fuzz_exact(data, size), out[EFTF_DHCP4_MAX], *small;
	size_t len;
	int ret = eftf_dhcp4_decode(&first, copy, size, FUZZ_ENTERPRISE, &err);

	free(copy);
	must(ret == 0 || (ret == -EBADMSG && err.text[0]));
	if (ret)
		return 0;
	fuzz_dhcp4_sane(&first);
	len = eftf_dhcp4_encode(out, sizeof(out), &first, FUZZ_ENTERPRISE);
	must(len > 0 && len <= sizeof(out));
	must(!eftf_dhcp4_decode(&second, out, len, FUZZ_ENTERPRISE, &err));
	fuzz_dhcp4_same(&first, &second);
	small = malloc(len - 1);
	must(small && eftf_dhcp4_encode(small, len - 1, &first, FUZZ_ENTERPRISE) == 0);
	free(small);
	return 0;
}
