/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups of named values as lines for a person, "group name value", or as one JSON
 * object: written by the same calls, so that neither knows more than the other.
 */
#ifndef EFTF_UE_REPORT_H
#define EFTF_UE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct eftf_report {
	FILE *f;
	bool json;
	const char *group;	/* the present one; NULL: none */
	bool more;		/* JSON: something stands before */
	char *text;
	size_t size;
};

/* -ENOMEM: there is no memory, and nothing to be ended. */
int eftf_report_begin(struct eftf_report *r, bool json);
/* The text, to be freed; NULL: no memory. */
char *eftf_report_end(struct eftf_report *r);
/* Values that follow belong to this group, which the next one ends. NULL: to none. */
void eftf_report_group(struct eftf_report *r, const char *name);
/* text may be a stranger's; NULL: null, and no line. */
void eftf_report_text(struct eftf_report *r, const char *name, const char *text);
void eftf_report_number(struct eftf_report *r, const char *name, uint64_t value);
/* Texts, by their index; JSON: an array. */
void eftf_report_list(struct eftf_report *r, const char *name, size_t n,
		      void (*item)(char *out, size_t size, size_t i, const void *arg),
		      const void *arg);
/* A JSON value in the place of a text that is for a person. Both may be NULL. */
void eftf_report_raw(struct eftf_report *r, const char *name, const char *text, const char *json);

#endif
