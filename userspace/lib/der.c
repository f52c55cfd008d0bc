/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "der.h"

#include <string.h>

/* X.690 8.1.3: definite lengths in their shortest form, as DER wants them. */
static bool take_length(struct eftf_der *in, size_t *len)
{
	unsigned int n;

	if (!in->len)
		return false;
	*len = *in->p++;
	in->len--;
	if (*len < 0x80)
		return *len <= in->len;
	n = *len & 0x7f;
	if (!n || n > 4 || n > in->len || !*in->p)
		return false;
	*len = 0;
	for (; n; n--, in->len--)
		*len = *len << 8 | *in->p++;
	return *len >= 0x80 && *len <= in->len;
}

int eftf_der_next(struct eftf_der *in, struct eftf_der *value)
{
	struct eftf_der rest = *in;
	size_t len;
	int tag;

	/* Tags above 30 have a form of their own; X.509 has none. */
	if (!rest.len || (*rest.p & 0x1f) == 0x1f)
		return -1;
	tag = *rest.p++;
	rest.len--;
	if (!take_length(&rest, &len))
		return -1;
	value->p = rest.p;
	value->len = len;
	in->p = rest.p + len;
	in->len = rest.len - len;
	return tag;
}

int eftf_der_peek(const struct eftf_der *in)
{
	return in->len ? *in->p : -1;
}

bool eftf_der_take(struct eftf_der *in, int tag, struct eftf_der *value, struct eftf_der *whole)
{
	const uint8_t *start = in->p;
	struct eftf_der unused;

	if (eftf_der_next(in, value ? value : &unused) != tag)
		return false;
	if (whole)
		*whole = (struct eftf_der){ start, (size_t)(in->p - start) };
	return true;
}

static bool two_digits(const uint8_t **p, int *n)
{
	if ((*p)[0] < '0' || (*p)[0] > '9' || (*p)[1] < '0' || (*p)[1] > '9')
		return false;
	*n = ((*p)[0] - '0') * 10 + (*p)[1] - '0';
	*p += 2;
	return true;
}

/* timegm() would do where time_t has 64 bits: with 32, what lasts beyond 2038 would have ended in 1969. */
static int64_t seconds_of(const struct tm *tm)
{
	/* of a year that begins with March, so that the odd day is its last */
	int64_t year = tm->tm_year + 1900 - (tm->tm_mon < 2), month = (tm->tm_mon + 10) % 12;
	int64_t days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 +
		tm->tm_mday - 719469;

	return ((days * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
}

bool eftf_der_take_time(struct eftf_der *in, int64_t *t)
{
	struct eftf_der v;
	int tag = eftf_der_next(in, &v), century = 20;
	struct tm tm = { 0 };
	const uint8_t *p = v.p;
	bool utc = tag == EFTF_DER_UTC_TIME;

	if ((!utc || v.len != 13) && (tag != EFTF_DER_GENERALIZED_TIME || v.len != 15))
		return false;
	if (v.p[v.len - 1] != 'Z' || (!utc && !two_digits(&p, &century)))
		return false;
	if (!two_digits(&p, &tm.tm_year) || !two_digits(&p, &tm.tm_mon) ||
	    !two_digits(&p, &tm.tm_mday) || !two_digits(&p, &tm.tm_hour) ||
	    !two_digits(&p, &tm.tm_min) || !two_digits(&p, &tm.tm_sec))
		return false;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	if (utc && tm.tm_year >= 50)
		century = 19;
	tm.tm_year += century * 100 - 1900;
	tm.tm_mon--;
	*t = seconds_of(&tm);
	return true;
}

bool eftf_der_equal(const struct eftf_der *a, const struct eftf_der *b)
{
	return a->len == b->len && !memcmp(a->p, b->p, a->len);
}
