/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output from one table: each row makes one JSON value, and the text for
 * people is made from that value. So no field can be in one and not in the
 * other.
 */
#ifndef EFTF_CTL_OUTPUT_H
#define EFTF_CTL_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a number means: the suffix of the JSON key, and how people read it. */
enum eftf_out_unit {
	EFTF_OUT_PLAIN,
	EFTF_OUT_SECONDS,	/* _s */
	EFTF_OUT_LIMIT_S,	/* _s, 0 means off */
	EFTF_OUT_HOLD_S,	/* _s, 0 means always */
	EFTF_OUT_LIMIT_MS,	/* _ms, 0 means off */
	EFTF_OUT_MS,		/* _ms */
	EFTF_OUT_US,		/* _us */
	EFTF_OUT_BYTES,		/* _bytes */
	EFTF_OUT_BYTES_S,	/* _bytes_per_s */
	EFTF_OUT_ONOFF,		/* a truth value, read as on or off */
	EFTF_OUT_CIPHER_LIMIT,	/* 0 means the cipher's own limit */
	EFTF_OUT_HISTOGRAM,	/* array of {"below_us", "packets"} */
};

struct eftf_out_field {
	const char *name;
	enum eftf_out_unit unit;
	/* A new reference; NULL: the field is not there. */
	json_t *(*get)(const void *obj, const struct eftf_out_field *field);
	size_t offset;		/* of the member, for the getters below */
	unsigned int attr;	/* shown only if has(obj, attr); 0: always */
};

struct eftf_out_table {
	const struct eftf_out_field *fields;	/* ends with name NULL */
	bool (*has)(const void *obj, unsigned int attr);
};

/* Getters of plain members. */
json_t *eftf_out_u8(const void *obj, const struct eftf_out_field *field);
json_t *eftf_out_u16(const void *obj, const struct eftf_out_field *field);
json_t *eftf_out_u32(const void *obj, const struct eftf_out_field *field);
json_t *eftf_out_u64(const void *obj, const struct eftf_out_field *field);
json_t *eftf_out_bool(const void *obj, const struct eftf_out_field *field);
json_t *eftf_out_chars(const void *obj, const struct eftf_out_field *field);

/* A string from anywhere: what is no printable UTF-8 becomes '?'. */
json_t *eftf_out_string(const char *s);
/* A number that JSON can hold (jansson's are signed): larger ones stop there. */
json_t *eftf_out_number(uint64_t value);

/* A new reference to an object with everything that the table knows; NULL: no memory. */
json_t *eftf_out_json(const struct eftf_out_table *table, const void *obj);
/* Aligned lines "name  value". */
void eftf_out_block(FILE *to, const struct eftf_out_table *table, const void *obj);
/* The same in one line, "name value name value", without the line's end. */
void eftf_out_line(FILE *to, const struct eftf_out_table *table, const void *obj);

#endif
