/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a proxy says to CONNECT after an interim answer (RFC 9110 15.2), which libcurl takes for
 * the final one. No I/O.
 */
#ifndef EFTF_UE_INTERIM_H
#define EFTF_UE_INTERIM_H

#include <stddef.h>

/* Of all answers from the first interim one on, as libcurl's own limits: a proxy that means well needs a line. */
#define EFTF_INTERIM_OCTETS 16384
#define EFTF_INTERIM_ANSWERS 16

/* To begin with all zero. */
struct eftf_interim {
	char line[16];		/* begin of the present line, as far as a status needs it */
	size_t n_line;		/* octets of the line, without CR */
	int status;		/* of the present answer; 0: its first line is not whole yet */
	size_t octets;
	unsigned int answers;	/* whole interim ones */
};

/* Is the answer with this status followed by another one? Not 101, which ends HTTP. */
static inline int eftf_interim_is(long status)
{
	return status >= 100 && status <= 199 && status != 101;
}

/*
 * The next octet. Returns 0: go on; the status of the final answer, whose header ends here;
 * -EPROTO: this is no HTTP; -E2BIG: there are too many octets or answers.
 */
int eftf_interim_take(struct eftf_interim *in, char octet);

#endif
