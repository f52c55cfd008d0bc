// SPDX-License-Identifier: GPL-2.0-or-later
#include "random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

int eftf_random(void *out, size_t len)
{
	uint8_t *p = out;
	ssize_t n;

	while (len) {
		n = getrandom(p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}
