// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ctl/output.c ctl/fields.c ctl/counters.c lib/nl_parse.c lib/nl_attr.c lib/alert.c lib/addr.c lib/reason.c */
/* libs: -lmnl -ljansson */
/*
 * What is promised to who reads eftfctl's JSON: what eftfctl.schema.json names is there, and of that type. And what is
 * there is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "ctl/fields.h"
#include "nl_build.h"
#include "nl_sock.h"

static json_t *schema;

/* The schema lies in the source, wherever this was compiled. */
static int setup(void **state)
{
	const char *end = strstr(__FILE__, "tests/unit/");
	json_error_t error;
	char path[512];

	(void)state;
	snprintf(path, sizeof(path), "%.*suserspace/dist/eftfctl.schema.json", end ? (int)(end - __FILE__) : 0, __FILE__);
	schema = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!schema)
		fprintf(stderr, "%s:%d: %s\n", path, error.line, error.text);
	return schema ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	json_decref(schema);
	return 0;
}

static const char *type_of(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "integer";
	case JSON_NULL:
		return "null";
	case JSON_TRUE:
	case JSON_FALSE:
		return "boolean";
	default:
		return "number";
	}
}

/* type: one word, or several of which one has to be it. */
static bool is_type(const json_t *type, const json_t *value)
{
	const json_t *one;
	size_t i;

	if (json_is_string(type))
		return !strcmp(json_string_value(type), type_of(value));
	json_array_foreach(type, i, one)
		if (!strcmp(json_string_value(one), type_of(value)))
			return true;
	return false;
}

/* An object that has everything, and what the schema says of such. */
static void compare(const char *name, json_t *object)
{
	json_t *promised = json_object_get(json_object_get(json_object_get(schema, "$defs"), name), "properties");
	json_t *value, *about;
	const char *key;

	if (!promised)
		fail_msg("expected $defs.%s.properties in the schema, seen none", name);
	assert_non_null(object);
	json_object_foreach(promised, key, about) {
		value = json_object_get(object, key);
		if (!value)
			fail_msg("%s: expected %s, as the schema promises it, seen none", name, key);
		if (!is_type(json_object_get(about, "type"), value))
			fail_msg("%s: expected the schema's type of %s, seen %s", name, key, type_of(value));
	}
	json_object_foreach(object, key, value)
		if (!json_object_get(promised, key))
			fail_msg("%s: expected each member in the schema, seen none for %s (%s)", name, key, type_of(value));
	json_decref(object);
}

static void test_link(void **state)
{
	struct eftf_link_info link = { .name = "eftf0", .role = EFTF_ROLE_UE };

	(void)state;
	compare("link", eftf_out_json(&eftf_link_table, &link));
}

static struct eftf_tunnel_info *all_there(void)
{
	static struct eftf_tunnel_info info;
	_Alignas(8) char buf[2048];

	assert_int_equal(eftf_nl_tunnel_parse(nl_build_tunnel(buf, EFTF_CMD_EVENT_DOWN, 42), &info), 0);
	info.present = ~0ull;
	info.sojourn[3] = 1;
	return &info;
}

static void test_tunnel(void **state)
{
	(void)state;
	compare("tunnel", eftf_out_json(&eftf_tunnel_table, all_there()));
}

static void test_stats(void **state)
{
	(void)state;
	compare("stats", eftf_out_json(&eftf_stats_table, all_there()));
}

/* Of a number without a bound. */
static void test_no_bound(void **state)
{
	struct eftf_tunnel_info *info = all_there();

	(void)state;
	info->sojourn[3] = 0;
	info->sojourn[EFTF_SOJOURN_BUCKETS - 1] = 1;
	compare("stats", eftf_out_json(&eftf_stats_table, info));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link), cmocka_unit_test(test_tunnel), cmocka_unit_test(test_stats),
		cmocka_unit_test(test_no_bound),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
