/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors as text. Functions that can fail for reasons a person must be told
 * return a negative errno and put one line into a struct eftf_err: what was
 * wrong, with what, and the remedy where there is one.
 */
#ifndef EFTF_ERR_H
#define EFTF_ERR_H

struct eftf_err {
	char text[384];
};

/* Sets err->text (cut if too long; err may be NULL). Returns -code, code > 0. */
int eftf_err_set(struct eftf_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
