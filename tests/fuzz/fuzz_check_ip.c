// SPDX-License-Identifier: GPL-2.0-or-later
/* The check on the packet inside an envelope, against its description. */
#include "fuzz.h"

#include "ftt_ims.h"

static enum ftt_ims_ip expected(const uint8_t *p, size_t len)
{
	unsigned int version = len ? p[0] / 16 : 0;

	if (version == 4 && len >= 20 && p[0] % 16 >= 5) {
		if (p[2] * 256u + p[3] != len || p[0] % 16u * 4 > len)
			return FTT_IMS_BAD_LENGTH;
		return FTT_IMS_IPV4;
	}
	if (version == 6 && len >= 40)
		return p[4] * 256u + p[5] + 40 == len ? FTT_IMS_IPV6 : FTT_IMS_BAD_LENGTH;
	return FTT_IMS_BAD_VERSION;
}

/* No more than the header may be read, however long the packet says it is. */
static void check_header(const uint8_t *data, size_t size, size_t len)
{
	size_t header = size && data[0] >> 4 == 6 ? 40 : 20;
	uint8_t *copy;

	if (header > size || len < header)
		header = size < len ? size : len;
	if (len > header && header < 20)
		return;
	if (len >= 40 && header < 40 && size && data[0] >> 4 == 6)
		return;
	copy = fuzz_exact(data, header);
	must(ftt_ims_check_ip(copy, len) == expected(copy, len));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;
	size_t len;

	if (size < 2)
		return 0;
	len = (size_t)data[0] << 8 | data[1];
	data += 2;
	size -= 2;
	copy = fuzz_exact(data, size);
	must(ftt_ims_check_ip(copy, size) == expected(copy, size));
	free(copy);
	check_header(data, size, len);
	return 0;
}
