/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/policy.c gw/conf.c gw/conf_parse.c lib/config.c lib/config_value.c lib/log.c lib/err.c */
/* libs: -linih */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gw/policy.h"

#define CONF "[gateway]\ncert = a\nkey = b\npool = 10.64.0.0/16\n"

static char folder[] = "/tmp/eftf-policy-XXXXXX";

static void load(struct eftf_gw_conf *conf, const char *lines)
{
	char text[1024];
	struct eftf_err err;

	snprintf(text, sizeof(text), CONF "%s", lines);
	if (eftf_gw_conf_load_text(conf, text, strlen(text), "test", &err))
		fail_msg("%s", err.text);
}

static char *policy_of(const char *lines)
{
	struct eftf_gw_conf conf;
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	load(&conf, lines);
	eftf_policy_write(f, &conf);
	fclose(f);
	eftf_gw_conf_free(&conf);
	return text;
}

static void has(const char *lines, const char *expected, bool there)
{
	char *text = policy_of(lines);

	if (!strstr(text, expected) == there)
		fail_msg("%s:\nexpected%s: %s\nseen: %s", lines, there ? "" : " not", expected, text);
	free(text);
}

static void test_reach(void **state)
{
	(void)state;
	has("routes = 192.0.2.0/24, 198.51.100.0/24\npcscf = 203.0.113.1\ndns = 203.0.113.2\n",
	    "elements = { 192.0.2.0/24, 198.51.100.0/24, 203.0.113.2/32, 203.0.113.1/32 }", true);
	has("routes = 192.0.2.0/24\nreach = 10.1.0.0/16, 10.3.0.1\nreach = 10.2.0.0/16\n",
	    "elements = { 10.1.0.0/16, 10.3.0.1/32, 10.2.0.0/16 }", true);
	has("routes = 0.0.0.0/0\n", "elements = { 0.0.0.0/0 }", true);
	/* An empty set: nothing but the gateway. */
	has("", "elements", false);
	has("", "ip daddr != @reach counter name beyond_reach drop", true);
}

static void test_rules(void **state)
{
	char *text = policy_of("");

	(void)state;
	/* the one table, replaced as a whole */
	assert_int_equal(strncmp(text, "table inet eftf-gw-eftf0\ndelete table inet eftf-gw-eftf0\n"
				 "table inet eftf-gw-eftf0 {\n", 83), 0);
	assert_null(strstr(text, "flush"));
	assert_null(strstr(strstr(text, "{"), "\ntable"));
	free(text);
	has("", "ip daddr { 10.64.0.1, 255.255.255.255 } udp dport 67 accept", true);
	has("gateway = 10.64.9.9\n", "ip daddr 10.64.9.9 icmp type echo-request accept", true);
	has("", "oifname \"eftf0\" counter name ue_to_ue drop", true);
	has("ue_to_ue = yes\n", "ue_to_ue drop", false);
	has("ue_to_ue = yes\n", "oifname \"eftf0\" accept", true);
	has("", "ct count over 1024", true);
	has("max_flows = 7\n", "ct count over 7", true);
	has("max_flows = 0\n", "flows", true);	/* the counter's name */
	has("max_flows = 0\n", "@flows", false);
	/* A device of this name must not stand for all that begin so, nor end the text. */
	has("device = eftf*\n", "iifname \"eftf\\*\"", true);
	has("device = e\"f\n", "iifname \"e\\\"f\"", true);
	has("device = e\"f\n", "table inet eftf-gw-e_f {", true);
	has("policy = open\n", "chain", false);
	has("policy = open\n", "delete table inet eftf-gw-eftf0", true);
}

/* An nft of our own: it keeps what it is told, and fails when it is told to. */
static void make_nft(const char *script)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/nft", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fchmod(fileno(f), 0700);
	fclose(f);
}

static unsigned int runs(void)
{
	char path[64], line[256];
	unsigned int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/runs", folder);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		n += !strncmp(line, "delete table", 12);
	if (f)
		fclose(f);
	return n;
}

static void test_life(void **state)
{
	struct eftf_policy p = { NULL, NULL };
	struct eftf_gw_conf conf, other, open;
	struct eftf_err err;

	(void)state;
	load(&conf, "routes = 192.0.2.0/24\n");
	load(&other, "routes = 198.51.100.0/24\n");
	load(&open, "policy = open\n");
	make_nft("cat >>$(dirname $0)/runs");
	assert_int_equal(eftf_policy_load(&p, &conf, &err), 0);
	assert_int_equal(runs(), 1);
	/* The same again: the counters go on. */
	assert_int_equal(eftf_policy_load(&p, &conf, &err), 0);
	assert_int_equal(runs(), 1);
	assert_int_equal(eftf_policy_load(&p, &other, &err), 0);
	assert_int_equal(runs(), 2);
	make_nft("cat >/dev/null; echo 'Error: no such thing' >&2; echo '  ^^^' >&2; exit 1");
	assert_int_equal(eftf_policy_load(&p, &conf, &err), -EPERM);
	assert_string_equal(err.text, "nft does not load the policy for the UEs: Error: no such thing");
	make_nft("cat >>$(dirname $0)/runs");
	/* What failed is not in force: it is tried again. */
	assert_int_equal(eftf_policy_load(&p, &conf, &err), 0);
	assert_int_equal(runs(), 3);
	assert_int_equal(eftf_policy_load(&p, &open, &err), 0);
	assert_int_equal(runs(), 4);
	eftf_policy_close(&p, false);
	assert_int_equal(runs(), 4);	/* it is not there any more */
	assert_int_equal(eftf_policy_load(&p, &conf, &err), 0);
	eftf_policy_close(&p, false);
	assert_int_equal(runs(), 6);
	eftf_gw_conf_free(&conf);
	eftf_gw_conf_free(&other);
	eftf_gw_conf_free(&open);
}

static int setup(void **state)
{
	char path[128];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s:/usr/bin:/bin", folder);
	return setenv("PATH", path, 1);
}

static int teardown(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/nft", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/runs", folder);
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reach), cmocka_unit_test(test_rules), cmocka_unit_test(test_life),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
