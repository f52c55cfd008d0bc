/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reader of DER (X.690) for certificates and revocation lists: every octet may be wrong. */
#ifndef EFTF_DER_H
#define EFTF_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define EFTF_DER_BOOLEAN 0x01
#define EFTF_DER_INTEGER 0x02
#define EFTF_DER_BIT_STRING 0x03
#define EFTF_DER_OCTET_STRING 0x04
#define EFTF_DER_OID 0x06
#define EFTF_DER_UTC_TIME 0x17
#define EFTF_DER_GENERALIZED_TIME 0x18
#define EFTF_DER_SEQUENCE 0x30
#define EFTF_DER_SET 0x31
#define EFTF_DER_CONTEXT(n) (0xa0 | (n))	/* [n], constructed */

/* A view of octets that belong to another: nothing here is to be freed. */
struct eftf_der {
	const uint8_t *p;		/* NULL: absent */
	size_t len;			/* octets */
};

/* Takes one element off the front. value: its contents. Returns its tag; -1: there is none, or it is malformed. */
int eftf_der_next(struct eftf_der *in, struct eftf_der *value);
/* The tag of the next element, which stays; -1: there is none. */
int eftf_der_peek(const struct eftf_der *in);
/* Takes one element, which must have this tag. whole (or NULL): header and contents. */
bool eftf_der_take(struct eftf_der *in, int tag, struct eftf_der *value, struct eftf_der *whole);
/* Takes a UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 allows them; seconds since 1970. */
bool eftf_der_take_time(struct eftf_der *in, int64_t *t);
bool eftf_der_equal(const struct eftf_der *a, const struct eftf_der *b);

#endif
