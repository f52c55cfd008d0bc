/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define END_ROOM 4			/* for a quote, a brace and the 0 */

struct out {
	char *p;
	size_t len, size;
};

/* All of it, or nothing. */
static bool put(struct out *o, const char *fmt, ...)
{
	size_t room = o->size - END_ROOM - o->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->p + o->len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room) {
		o->p[o->len] = 0;
		return false;
	}
	o->len += (size_t)n;
	return true;
}

/* Octets above ASCII may be of no encoding: each is the character with its number. */
static void put_string(struct out *o, const char *text)
{
	bool room = true;

	for (; room && *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			room = put(o, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			room = put(o, "\\u%04x", c);
		else
			room = put(o, "%c", c);
	}
	o->p[o->len++] = '"';
	o->p[o->len] = 0;
}

/* ,"NAME": in front of a value of so many octets at least */
static bool put_name(struct out *o, const char *name, size_t least)
{
	size_t before = o->len;

	if (put(o, ",\"%s\":", name) && o->size - END_ROOM - o->len > least)
		return true;
	o->len = before;
	o->p[o->len] = 0;
	return false;
}

static void put_text(struct out *o, const char *name, const char *text)
{
	if (!put_name(o, name, 2))
		return;
	o->p[o->len++] = '"';
	put_string(o, text);
}

size_t eftf_log_json(char *out, size_t size, const struct eftf_log_entry *entry)
{
	struct out o = { out, 0, size };
	struct tm tm;

	gmtime_r(&entry->at.tv_sec, &tm);
	put(&o, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ\"", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, entry->at.tv_nsec / 1000000);
	put_text(&o, "program", entry->program);
	put_text(&o, "level", entry->level);
	/* the text last: it says the same again, and may be the longest */
	for (size_t i = 0; i < entry->n_fields; i++) {
		const struct eftf_log_field *f = &entry->fields[i];

		if (f->text)
			put_text(&o, f->name, f->text);
		else if (put_name(&o, f->name, 20))
			put(&o, "%" PRIu64, f->number);
	}
	put_text(&o, "text", entry->text);
	out[o.len++] = '}';
	out[o.len] = 0;
	return o.len;
}
