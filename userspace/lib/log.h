/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines of the helpers: "<level> text", to syslog or stderr; there in the form that the
 * journal reads, if stderr leads there (sd-daemon(3)).
 */
#ifndef EFTF_LOG_H
#define EFTF_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log_json.h"

enum eftf_log_level { EFTF_LOG_ERROR, EFTF_LOG_WARN, EFTF_LOG_INFO, EFTF_LOG_DEBUG };

/* The words of the levels in the configuration, in the order of the enum; ends with NULL. */
extern const char *const eftf_log_levels[];

/* name: program name for the prefix. max: the chattiest level that is shown. */
void eftf_log_open(const char *name, enum eftf_log_level max, bool to_syslog);
/* From now on each line is a JSON object. */
void eftf_log_as_json(bool json);
/* Around the closing of descriptors that the system's log may be one of. */
void eftf_log_suspend(void);
void eftf_log_resume(void);
void eftf_log(enum eftf_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same with members that only JSON has. */
void eftf_log_with(enum eftf_log_level level, const struct eftf_log_field *fields, size_t n_fields,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The last lines up to the level info are kept, also those that are not shown. */
#define EFTF_LOG_KEPT 16
struct eftf_log_line {
	uint64_t at;		/* ms since 1970 */
	enum eftf_log_level level;
	char text[200];		/* cut, no control characters */
};
/* Fills out with them, the oldest first, and returns how many there are. */
size_t eftf_log_kept(struct eftf_log_line out[EFTF_LOG_KEPT]);

#define log_error(...) eftf_log(EFTF_LOG_ERROR, __VA_ARGS__)
#define log_warn(...) eftf_log(EFTF_LOG_WARN, __VA_ARGS__)
#define log_info(...) eftf_log(EFTF_LOG_INFO, __VA_ARGS__)
#define log_debug(...) eftf_log(EFTF_LOG_DEBUG, __VA_ARGS__)

#endif
