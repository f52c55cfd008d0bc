/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of strangers for terminals and as JSON, where there is no library for it. */
#ifndef EFTF_QUOTE_H
#define EFTF_QUOTE_H

#include <stdio.h>

/* A JSON string with its quotes; octets that are no ASCII as \u00XX. */
void eftf_quote_json(FILE *f, const char *text);
/* For a person: control characters as '?'. */
void eftf_quote_plain(FILE *f, const char *text);

#endif
