// SPDX-License-Identifier: GPL-2.0-or-later
#include "interim.h"

#include <errno.h>
#include <stdbool.h>

#define STATUS_AT 9	/* behind "HTTP/1.1 " */

/* "HTTP/1.1 200", and then nothing or a blank. */
static int parse_status(struct eftf_interim *in)
{
	static const char pattern[] = "HTTP/1.# ### ";
	size_t i;

	for (i = 0; pattern[i] && i < in->n_line; i++) {
		bool fits = pattern[i] == '#' ? in->line[i] >= '0' && in->line[i] <= '9' :
						in->line[i] == pattern[i];
		if (!fits)
			return -EPROTO;
	}
	if (i < STATUS_AT + 3 || in->line[STATUS_AT] == '0')
		return -EPROTO;
	for (i = STATUS_AT; i < STATUS_AT + 3; i++)
		in->status = in->status * 10 + (in->line[i] - '0');
	return 0;
}

/* The header of an answer is whole. */
static int end_answer(struct eftf_interim *in)
{
	int status = in->status;

	if (!eftf_interim_is(status))
		return status;
	in->status = 0;
	return ++in->answers > EFTF_INTERIM_ANSWERS ? -E2BIG : 0;
}

int eftf_interim_take(struct eftf_interim *in, char octet)
{
	int ret = 0;

	if (++in->octets > EFTF_INTERIM_OCTETS)
		return -E2BIG;
	if (octet == '\r')
		return 0;
	if (octet != '\n') {
		if (in->n_line < sizeof(in->line))
			in->line[in->n_line] = octet;
		in->n_line++;
		return 0;
	}
	if (!in->status)
		ret = parse_status(in);
	else if (!in->n_line)
		ret = end_answer(in);
	in->n_line = 0;
	return ret;
}
