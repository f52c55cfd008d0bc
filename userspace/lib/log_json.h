/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log lines as JSON, one object each, for who reads them by a program. */
#ifndef EFTF_LOG_JSON_H
#define EFTF_LOG_JSON_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* A member beside the text: a string, or, if that is NULL, a number. */
struct eftf_log_field {
	const char *name;		/* needs no escapes */
	const char *text;
	uint64_t number;
};

struct eftf_log_entry {
	struct timespec at;		/* by CLOCK_REALTIME */
	const char *program, *level, *text;
	const struct eftf_log_field *fields;
	size_t n_fields;
};

/*
 * Writes the object, without an end of line, and ends it with 0. Returns its octets. What is too
 * long for size (at least 256) is cut, so that it is still an object.
 */
size_t eftf_log_json(char *out, size_t size, const struct eftf_log_entry *entry);

#endif
