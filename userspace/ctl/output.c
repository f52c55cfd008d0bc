// SPDX-License-Identifier: GPL-2.0-or-later
/* Output from one table, as JSON or as text for people. */
#include "output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_WIDTH	20
#define BAR_WIDTH	40

static const void *member(const void *obj, const struct eftf_out_field *field)
{
	return (const char *)obj + field->offset;
}

json_t *eftf_out_number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *eftf_out_u8(const void *obj, const struct eftf_out_field *field)
{
	return eftf_out_number(*(const uint8_t *)member(obj, field));
}

json_t *eftf_out_u16(const void *obj, const struct eftf_out_field *field)
{
	return eftf_out_number(*(const uint16_t *)member(obj, field));
}

json_t *eftf_out_u32(const void *obj, const struct eftf_out_field *field)
{
	return eftf_out_number(*(const uint32_t *)member(obj, field));
}

json_t *eftf_out_u64(const void *obj, const struct eftf_out_field *field)
{
	return eftf_out_number(*(const uint64_t *)member(obj, field));
}

json_t *eftf_out_bool(const void *obj, const struct eftf_out_field *field)
{
	return json_boolean(*(const bool *)member(obj, field));
}

json_t *eftf_out_chars(const void *obj, const struct eftf_out_field *field)
{
	return eftf_out_string(member(obj, field));
}

json_t *eftf_out_string(const char *s)
{
	json_t *string;
	char *copy = strdup(s), *p;

	if (!copy)
		return NULL;
	for (p = copy; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	string = json_string(copy);
	if (!string) {		/* no UTF-8: keep what is ASCII */
		for (p = copy; *p; p++)
			if ((unsigned char)*p > 127)
				*p = '?';
		string = json_string(copy);
	}
	free(copy);
	return string;
}

static const char *suffix(enum eftf_out_unit unit)
{
	switch (unit) {
	case EFTF_OUT_SECONDS:
	case EFTF_OUT_LIMIT_S:
	case EFTF_OUT_HOLD_S:
		return "_s";
	case EFTF_OUT_MS:
	case EFTF_OUT_LIMIT_MS:
		return "_ms";
	case EFTF_OUT_US:
		return "_us";
	case EFTF_OUT_BYTES:
		return "_bytes";
	case EFTF_OUT_BYTES_S:
		return "_bytes_per_s";
	default:
		return "";
	}
}

static json_t *value_of(const struct eftf_out_table *table, const struct eftf_out_field *f,
			const void *obj)
{
	if (f->attr && !table->has(obj, f->attr))
		return NULL;
	return f->get(obj, f);
}

json_t *eftf_out_json(const struct eftf_out_table *table, const void *obj)
{
	const struct eftf_out_field *f;
	json_t *object = json_object();
	char key[64];

	for (f = table->fields; object && f->name; f++) {
		json_t *value = value_of(table, f, obj);

		if (!value)
			continue;
		snprintf(key, sizeof(key), "%s%s", f->name, suffix(f->unit));
		if (json_object_set_new(object, key, value)) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* ---- text ---------------------------------------------------------------- */

static void put_ms(FILE *to, uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (ms < 1000)
		fprintf(to, "%" PRIu64 " ms", ms);
	else if (s < 60)
		fprintf(to, "%" PRIu64 ".%" PRIu64 " s", s, ms % 1000 / 100);
	else if (s < 3600)
		fprintf(to, "%" PRIu64 " min %02" PRIu64 " s", s / 60, s % 60);
	else if (s < 86400)
		fprintf(to, "%" PRIu64 " h %02" PRIu64 " min", s / 3600, s % 3600 / 60);
	else
		fprintf(to, "%" PRIu64 " d %02" PRIu64 " h", s / 86400, s % 86400 / 3600);
}

static void put_us(FILE *to, uint64_t us)
{
	if (us < 1000)
		fprintf(to, "%" PRIu64 " us", us);
	else if (us < 1000000)
		fprintf(to, "%" PRIu64 ".%" PRIu64 " ms", us / 1000, us % 1000 / 100);
	else
		put_ms(to, us / 1000);
}

static void put_bytes(FILE *to, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	uint64_t whole = bytes, rest = 0;
	unsigned int i;

	for (i = 0; i < 6 && whole >= 1024; i++) {
		rest = whole % 1024;
		whole /= 1024;
	}
	if (!i)
		fprintf(to, "%" PRIu64 " B", bytes);
	else
		fprintf(to, "%" PRIu64 " B (%" PRIu64 ".%" PRIu64 " %s)", bytes, whole,
			rest * 10 / 1024, units[i - 1]);
}

static void put_number(FILE *to, enum eftf_out_unit unit, uint64_t n)
{
	if (!n && (unit == EFTF_OUT_LIMIT_S || unit == EFTF_OUT_LIMIT_MS)) {
		fputs("off", to);
		return;
	}
	if (!n && unit == EFTF_OUT_HOLD_S) {
		fputs("always", to);
		return;
	}
	switch (unit) {
	case EFTF_OUT_LIMIT_S:
	case EFTF_OUT_HOLD_S:
	case EFTF_OUT_SECONDS:
		fprintf(to, "%" PRIu64 " s", n);
		return;
	case EFTF_OUT_MS:
	case EFTF_OUT_LIMIT_MS:
		put_ms(to, n);
		return;
	case EFTF_OUT_US:
		put_us(to, n);
		return;
	case EFTF_OUT_BYTES:
		put_bytes(to, n);
		return;
	case EFTF_OUT_BYTES_S:
		put_bytes(to, n);
		fputs("/s", to);
		return;
	case EFTF_OUT_CIPHER_LIMIT:
		if (!n) {
			fputs("the cipher's own", to);
			return;
		}
		break;
	default:
		break;
	}
	fprintf(to, "%" PRIu64, n);
}

static void put_scalar(FILE *to, enum eftf_out_unit unit, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		fputs(json_string_value(value), to);
		break;
	case JSON_INTEGER:
		put_number(to, unit, (uint64_t)json_integer_value(value));
		break;
	case JSON_TRUE:
		fputs(unit == EFTF_OUT_ONOFF ? "on" : "yes", to);
		break;
	case JSON_FALSE:
		fputs(unit == EFTF_OUT_ONOFF ? "off" : "no", to);
		break;
	default:
		fputs("no bound", to);
		break;
	}
}

static void put_label(FILE *to, int indent, const char *name)
{
	int width = LABEL_WIDTH - indent;

	fprintf(to, "%*s", indent, "");
	for (; *name; name++, width--)
		fputc(*name == '_' ? ' ' : *name, to);
	fprintf(to, "%*s", width > 1 ? width : 1, "");
}

/* One line for each bucket in use, with a bar relative to the largest. */
static void put_histogram(FILE *to, const char *name, const json_t *array)
{
	json_int_t most = 1, n;
	const json_t *bucket;
	size_t i;
	int bar;

	put_label(to, 0, name);
	fputs("packets that waited\n", to);
	json_array_foreach(array, i, bucket) {
		n = json_integer_value(json_object_get(bucket, "packets"));
		most = n > most ? n : most;
	}
	json_array_foreach(array, i, bucket) {
		const json_t *below = json_object_get(bucket, "below_us");
		char text[32] = "longer";
		FILE *label;

		n = json_integer_value(json_object_get(bucket, "packets"));
		if (!n)
			continue;
		label = json_is_integer(below) ? fmemopen(text, sizeof(text), "w") : NULL;
		if (label) {
			fputs("< ", label);
			put_us(label, (uint64_t)json_integer_value(below));
			fclose(label);
		}
		fprintf(to, "  %-*s%12" JSON_INTEGER_FORMAT "  ", LABEL_WIDTH - 2, text, n);
		for (bar = (int)((double)n / (double)most * BAR_WIDTH + 0.5); bar > 0; bar--)
			fputc('#', to);
		fputc('\n', to);
	}
}

static void put_field(FILE *to, const struct eftf_out_field *f, json_t *value)
{
	const char *key;
	json_t *inner;

	if (f->unit == EFTF_OUT_HISTOGRAM) {
		put_histogram(to, f->name, value);
		return;
	}
	put_label(to, 0, f->name);
	if (!json_is_object(value)) {
		put_scalar(to, f->unit, value);
		fputc('\n', to);
		return;
	}
	fputc('\n', to);
	json_object_foreach(value, key, inner) {
		put_label(to, 2, key);
		put_scalar(to, f->unit, inner);
		fputc('\n', to);
	}
}

void eftf_out_block(FILE *to, const struct eftf_out_table *table, const void *obj)
{
	const struct eftf_out_field *f;

	for (f = table->fields; f->name; f++) {
		json_t *value = value_of(table, f, obj);

		if (value)
			put_field(to, f, value);
		json_decref(value);
	}
}

void eftf_out_line(FILE *to, const struct eftf_out_table *table, const void *obj)
{
	const struct eftf_out_field *f;
	const char *gap = "";

	for (f = table->fields; f->name; f++) {
		json_t *value = value_of(table, f, obj);

		if (!value)
			continue;
		fprintf(to, "%s%s ", gap, f->name);
		put_scalar(to, f->unit, value);
		json_decref(value);
		gap = " ";
	}
}
