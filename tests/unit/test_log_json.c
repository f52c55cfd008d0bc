/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/log_json.c */
/* libs: -ljansson */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "log_json.h"

static json_t *parsed(const struct eftf_log_entry *entry, size_t size)
{
	char *out = malloc(size);	/* of that size, for the sanitizer */
	json_error_t error;
	json_t *object;
	size_t len = eftf_log_json(out, size, entry);

	assert_true(len < size);
	assert_int_equal(strlen(out), len);
	assert_null(strpbrk(out, "\n\r\x1b"));
	object = json_loads(out, 0, &error);
	if (!object)
		fail_msg("no JSON: %s: %s", error.text, out);
	free(out);
	return object;
}

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void a_line_is_an_object(void **state)
{
	static const struct eftf_log_field fields[] = {
		{ "inner", "10.64.0.2", 0 }, { "in_octets", NULL, 12345678901 },
	};
	struct eftf_log_entry entry = {
		.at = { 1795838400, 7000000 }, .program = "eftf-gw", .level = "info",
		.text = "tunnel 1 down", .fields = fields, .n_fields = 2,
	};
	json_t *o = parsed(&entry, 512);

	(void)state;
	assert_string_equal(text_of(o, "time"), "2026-11-28T04:00:00.007Z");
	assert_string_equal(text_of(o, "program"), "eftf-gw");
	assert_string_equal(text_of(o, "level"), "info");
	assert_string_equal(text_of(o, "text"), "tunnel 1 down");
	assert_string_equal(text_of(o, "inner"), "10.64.0.2");
	assert_true(json_integer_value(json_object_get(o, "in_octets")) == 12345678901);
	assert_int_equal(json_object_size(o), 6);
	json_decref(o);
}

static void what_a_stranger_says_stays_text(void **state)
{
	static const struct eftf_log_field fields[] = {
		{ "identity", "id:\"},{\"level\":\"error\",\"\\", 0 },
	};
	struct eftf_log_entry entry = {
		.program = "eftf-gw", .level = "info", .text = "\x1b[2J \n\t \xff\xc3 \"\\u0000\\",
		.fields = fields, .n_fields = 1,
	};
	json_t *o = parsed(&entry, 512);

	(void)state;
	assert_string_equal(text_of(o, "level"), "info");
	assert_string_equal(text_of(o, "identity"), fields[0].text);
	assert_string_equal(text_of(o, "text"), "\x1b[2J \n\t \xc3\xbf\xc3\x83 \"\\u0000\\");
	json_decref(o);
}

/* Of each size, and with each kind of member at the end. */
static void what_is_too_long_is_cut(void **state)
{
	char text[600];
	struct eftf_log_field fields[] = {
		{ "quotes", text, 0 }, { "number", NULL, INT64_MAX }, { "more", text, 0 },
	};
	struct eftf_log_entry entry = { .program = "eftf-gw", .level = "error", .text = text,
					.fields = fields, .n_fields = 3 };

	(void)state;
	for (size_t size = 256; size < 1000; size++)
		for (size_t len = 0; len < sizeof(text) - 1; len += 37) {
			json_t *o;

			memset(text, len % 2 ? '"' : '\x80', len);
			text[len] = 0;
			o = parsed(&entry, size);
			assert_string_equal(text_of(o, "level"), "error");
			json_decref(o);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_an_object),
		cmocka_unit_test(what_a_stranger_says_stays_text),
		cmocka_unit_test(what_is_too_long_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
