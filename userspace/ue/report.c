// SPDX-License-Identifier: GPL-2.0-or-later
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "quote.h"

#define ITEM_MAX 320

int eftf_report_begin(struct eftf_report *r, bool json)
{
	memset(r, 0, sizeof(*r));
	r->json = json;
	r->f = open_memstream(&r->text, &r->size);
	if (!r->f)
		return -ENOMEM;
	if (json)
		fputc('{', r->f);
	return 0;
}

char *eftf_report_end(struct eftf_report *r)
{
	eftf_report_group(r, NULL);
	if (r->json)
		fputs("}\n", r->f);
	if (!fclose(r->f))
		return r->text;
	free(r->text);
	return NULL;
}

void eftf_report_group(struct eftf_report *r, const char *name)
{
	if (r->json && r->group) {
		fputc('}', r->f);
		r->more = true;
	}
	if (r->json && name) {
		fprintf(r->f, "%s\"%s\":{", r->more ? "," : "", name);
		r->more = false;
	}
	r->group = name;
}

static void name_value(struct eftf_report *r, const char *name)
{
	if (r->json)
		fprintf(r->f, "%s\"%s\":", r->more ? "," : "", name);
	else if (r->group)
		fprintf(r->f, "%-10s %-10s ", r->group, name);
	else
		fprintf(r->f, "%-21s ", name);
	r->more = true;
}

static void end_value(struct eftf_report *r)
{
	if (!r->json)
		fputc('\n', r->f);
}

void eftf_report_raw(struct eftf_report *r, const char *name, const char *text, const char *json)
{
	if (!r->json && !text)
		return;
	name_value(r, name);
	if (r->json)
		fputs(json ? json : "null", r->f);
	else
		eftf_quote_plain(r->f, text);
	end_value(r);
}

void eftf_report_text(struct eftf_report *r, const char *name, const char *text)
{
	if (!r->json || !text) {
		eftf_report_raw(r, name, text, NULL);
		return;
	}
	name_value(r, name);
	eftf_quote_json(r->f, text);
}

void eftf_report_number(struct eftf_report *r, const char *name, uint64_t value)
{
	name_value(r, name);
	fprintf(r->f, "%" PRIu64, value);
	end_value(r);
}

void eftf_report_list(struct eftf_report *r, const char *name, size_t n,
		      void (*item)(char *out, size_t size, size_t i, const void *arg),
		      const void *arg)
{
	char text[ITEM_MAX];
	size_t i;

	if (r->json) {
		name_value(r, name);
		fputc('[', r->f);
	}
	for (i = 0; i < n; i++) {
		text[0] = '\0';
		item(text, sizeof(text), i, arg);
		if (!r->json) {
			eftf_report_text(r, name, text);
			continue;
		}
		if (i)
			fputc(',', r->f);
		eftf_quote_json(r->f, text);
	}
	if (r->json)
		fputc(']', r->f);
}
