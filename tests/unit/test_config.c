/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: lib/config.c lib/config_value.c lib/err.c gw/conf.c gw/conf_parse.c gw/ranges.c lib/log.c lib/log_json.c */
/* libs: -linih */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "gw/conf.h"
#include "log.h"

struct sample {
	char *name;
	bool flag;
	unsigned int count;
	int colour;
	int words;
};

static int parse_words(const char *value, void *member)
{
	if (strlen(value) >= 5)
		return -EINVAL;
	(*(int *)member)++;
	return 0;
}

static const char *const colours[] = { "red", "green", NULL };
static const struct eftf_config_value words = {
	.allowed = "a word of less than five letters", .list = true, .parse = parse_words,
};
#define KEY(s, n, m, ...) { .section = s, .name = n, .offset = offsetof(struct sample, m), __VA_ARGS__ }
static const struct eftf_config_key keys[] = {
	KEY("", "name", name, .type = EFTF_CONFIG_STRING, .max = 8, .without = "none",
	    .example = "x", .help = "Name"),
	KEY("a", "flag", flag, .type = EFTF_CONFIG_BOOL, .preset = "no", .help = "Flag"),
	KEY("a", "count", count, .type = EFTF_CONFIG_UINT, .min = 10, .max = 600, .zero = "off",
	    .preset = "77", .help = "Count"),
	KEY("a", "colour", colour, .type = EFTF_CONFIG_CHOICE, .choices = colours,
	    .preset = "green", .help = "Colour"),
	{ .section = "b", .name = "number", .type = EFTF_CONFIG_ALIAS, .to_section = "a",
	  .to = "count" },
	KEY("b", "word", words, .type = EFTF_CONFIG_VALUE, .value = &words, .preset = "one",
	    .help = "Word"),
	{ .name = NULL },
};

static int parse(const char *text, struct sample *s, struct eftf_err *err)
{
	memset(s, 0, sizeof(*s));
	err->text[0] = 0;
	return eftf_config_text(text, strlen(text), "x.conf", keys, s, err);
}

static void test_good(void **state)
{
	struct eftf_err err;
	struct sample s;

	(void)state;
	assert_int_equal(parse("# comment\n\n name = me \r\n[a]\nflag=on ; remark\ncount = 600\n"
			       "colour: green\n[b]\nword = one\nword = two\n", &s, &err), 0);
	assert_string_equal(s.name, "me");
	assert_true(s.flag);
	assert_int_equal(s.count, 600);
	assert_int_equal(s.colour, 1);
	assert_int_equal(s.words, 2);
	eftf_config_free(keys, &s);
	assert_null(s.name);
	assert_int_equal(parse("", &s, &err), 0);
	assert_int_equal(s.count, 77);
	assert_int_equal(s.colour, 1);
	assert_int_equal(s.words, 1);
	assert_null(s.name);
	assert_int_equal(parse("[a]\ncount=0\n", &s, &err), 0);
	assert_int_equal(s.count, 0);
	assert_int_equal(parse("[b]\nnumber = 33\n", &s, &err), 0);
	assert_int_equal(s.count, 33);
	assert_int_equal(parse("\xef\xbb\xbf[a]\ncount=10", &s, &err), 0);	/* BOM, no newline */
	assert_int_equal(s.count, 10);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "[a]\ncount = 9\n", "x.conf:2: a.count = '9': allowed is a number from 10 to 600, or 0: off" },
		{ "[a]\ncount = 601\n", "x.conf:2: a.count" },
		{ "[a]\ncount = 10x\n", "a.count" },
		{ "[a]\ncount = -10\n", "a.count" },
		{ "[a]\ncount = +10\n", "a.count" },
		{ "[a]\ncount = 0x20\n", "a.count" },
		{ "[a]\ncount = 99999999999999999999\n", "a.count" },
		{ "[a]\ncount =\n", "a.count" },
		{ "\n\n[a]\nflag = maybe\n", "x.conf:4: a.flag = 'maybe': allowed is yes or no" },
		{ "[a]\ncolour = blue\n", "a.colour = 'blue': allowed is one of red, green" },
		{ "[b]\nword = longer\n", "b.word = 'longer': allowed is a word of less than five" },
		{ "name = 123456789\n", "x.conf:1: name = '123456789': allowed is a text of at most 8 octets" },
		{ "name = a\nname = b\n", "x.conf:2: name is given twice" },
		{ "[a]\ncount = 11\n[b]\nnumber = 11\n", "x.conf:4: b.number is given twice" },
		{ "[b]\nnumber = 9\n", "x.conf:2: b.number = '9': allowed is a number from 10" },
		{ "[a]\nsize = 1\n", "x.conf:2: [a] has no key 'size'" },
		{ "[c]\nsize = 1\n", "x.conf:1: section [c] is not known" },
		{ "[c]\n", "x.conf:1: section [c] is not known" },
		{ "size = 1\n", "x.conf:1: no key 'size' outside a section" },
		{ "[a]\nflag = yes\njunk\n", "x.conf:3: neither" },
		{ "[a\n", "x.conf:1: neither" },
		{ "[a]\n flag = on\n  count = 20\n junk\n", "x.conf:4: neither" },
	};
	struct eftf_err err;
	struct sample s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].text, &s, &err), -EINVAL);
		if (!strstr(err.text, cases[i].words))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].words);
		eftf_config_free(keys, &s);
	}
}

static void test_limits(void **state)
{
	struct sample s = { 0 };
	struct eftf_err err;
	char *text = malloc(70000);

	(void)state;
	memset(text, 'x', 70000);
	memcpy(text, "[a]\n#", 5);
	text[4 + 511] = '\n';
	assert_int_equal(eftf_config_text(text, 4 + 512, "x", keys, &s, &err), 0);
	text[4 + 511] = 'x';
	text[4 + 512] = '\n';
	assert_int_equal(eftf_config_text(text, 4 + 513, "x", keys, &s, &err), -EINVAL);
	assert_non_null(strstr(err.text, "x:2: the line is longer than 512 octets"));
	assert_int_equal(eftf_config_text(text, 65537, "x", keys, &s, &err), -EFBIG);
	assert_int_equal(eftf_config_text("name=a\0b\n", 9, "x", keys, &s, &err), -EINVAL);
	assert_non_null(strstr(err.text, "NUL"));
	free(text);
}

static void test_set_and_file(void **state)
{
	char path[] = "/tmp/eftf-config-XXXXXX";
	struct sample s = { 0 };
	struct eftf_err err;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(eftf_config_set("a", "count", "33", keys, &s, &err), 0);
	assert_int_equal(s.count, 33);
	assert_int_equal(eftf_config_set("a", "count", "33", keys, &s, &err), 0);
	assert_int_equal(eftf_config_set("a", "count", "3", keys, &s, &err), -EINVAL);
	assert_int_equal(eftf_config_set("a", "none", "3", keys, &s, &err), -EINVAL);
	assert_int_equal(eftf_config_file("/nonexistent/x", keys, &s, &err), -ENOENT);
	assert_string_equal(err.text, "/nonexistent/x: No such file or directory");
	assert_int_equal(eftf_config_file("/tmp", keys, &s, &err), -EISDIR);
	assert_int_equal(write(fd, "[a]\ncount=44\n", 13), 13);
	assert_int_equal(eftf_config_file(path, keys, &s, &err), 0);
	assert_int_equal(s.count, 44);
	close(fd);
	unlink(path);
}

static void test_random(void **state)
{
	static const char alphabet[] = "[]ab =:;#\n\rnameflagcount10word\t\"\xc3";
	struct eftf_err err;
	struct sample s;
	char text[200];

	(void)state;
	srand(55);
	for (int round = 0; round < 100000; round++) {
		size_t len = (size_t)rand() % (sizeof(text) - 1);

		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[(size_t)rand() % (sizeof(alphabet) - 1)];
		text[len] = 0;
		assert_true(parse(text, &s, &err) <= 0);
		eftf_config_free(keys, &s);
	}
}

/* A text is taken as it stands; behind other values libinih's remarks go on to work. */
static void test_any_character(void **state)
{
	static const char *const texts[] = {
		"a;b", "a ;b", ";ab", "a #b", "#ab", "\"q\"", "a=b", "a:b", "[a]", "a  b", "\\;",
		"; ; ;", "=", "\xc3\xa4 ;",
	};
	struct eftf_err err;
	struct sample s;
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		snprintf(text, sizeof(text), " name =  %s \t\r\n[a]\ncount=11 ; remark\n", texts[i]);
		if (parse(text, &s, &err))
			fail_msg("[%s]: %s", texts[i], err.text);
		assert_string_equal(s.name, texts[i]);
		assert_int_equal(s.count, 11);
		eftf_config_free(keys, &s);
	}
	assert_int_equal(parse("name =\n", &s, &err), 0);
	assert_null(s.name);
	assert_int_equal(parse("name = ;\n", &s, &err), 0);
	assert_string_equal(s.name, ";");
	eftf_config_free(keys, &s);
}

/* ---- the gateway's own ------------------------------------------------------ */

static int gw_parse(const char *body, struct eftf_gw_conf *conf, struct eftf_err *err)
{
	char text[1024];

	snprintf(text, sizeof(text), "[gateway]\n%s", body);
	return eftf_gw_conf_load_text(conf, text, strlen(text), "gw", err);
}

#define NEEDED "cert=c\nkey=k\npool=10.64.0.0/16\n"

static void test_gw_good(void **state)
{
	struct eftf_gw_conf c;
	struct eftf_err err;

	(void)state;
	assert_int_equal(gw_parse(NEEDED, &c, &err), 0);
	assert_int_equal(c.listen.n, 2);
	assert_int_equal(c.gateway.s_addr, inet_addr("10.64.0.1"));
	assert_string_equal(c.device, "eftf0");
	assert_int_equal(c.keepalive, 110);
	assert_true(c.key_update);
	assert_int_equal(c.mtu, 1500);
	assert_int_equal(c.log_level, EFTF_LOG_INFO);
	assert_false(c.syslog);
	eftf_gw_conf_free(&c);
	assert_int_equal(gw_parse(NEEDED "listen=[2001:db8::1]:8443\nlisten=192.0.2.1\n"
				  "dns = 192.0.2.53, 192.0.2.54\npcscf=pcscf.example.org\n"
				  "routes = 10.0.0.0/8 192.0.2.0/24\nroutes=0.0.0.0/0\n"
				  "gateway=10.64.255.254\nkeepalive=0\ndevice=ims0\n"
				  "key_update=no\nmtu=9000\n", &c, &err), 0);
	assert_int_equal(c.mtu, 9000);
	assert_int_equal(c.listen.n, 2);
	assert_int_equal(ntohs(((struct sockaddr_in6 *)&c.listen.addr[0])->sin6_port), 8443);
	assert_int_equal(ntohs(((struct sockaddr_in *)&c.listen.addr[1])->sin_port), 443);
	assert_int_equal(c.dns.n, 2);
	assert_string_equal(c.pcscf.name, "pcscf.example.org");
	assert_int_equal(c.routes.n, 3);
	assert_int_equal(c.routes.r[1].plen, 24);
	assert_false(c.key_update);
	eftf_gw_conf_free(&c);
}

/* The file of before, and that of now. */
static void test_gw_log(void **state)
{
	static const char *const bodies[] = {
		NEEDED "log_level=debug\nsyslog=yes\n", NEEDED "[log]\nlevel=debug\nsyslog=yes\n",
	};
	struct eftf_gw_conf c;
	struct eftf_err err;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(gw_parse(bodies[i], &c, &err), 0);
		assert_int_equal(c.log_level, EFTF_LOG_DEBUG);
		assert_true(c.syslog);
		eftf_gw_conf_free(&c);
	}
	assert_int_equal(gw_parse(NEEDED "log_level=info\n[log]\nlevel=info\n", &c, &err), -EINVAL);
	assert_non_null(strstr(err.text, "log.level is given twice"));
	eftf_gw_conf_free(&c);
}

/* What --help-config prints is a configuration, and one of nothing but defaults. */
static void test_gw_help_is_a_configuration(void **state)
{
	struct eftf_gw_conf help, c;
	struct eftf_err err;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	eftf_gw_conf_help(f);
	assert_int_equal(fclose(f), 0);
	if (eftf_gw_conf_load_text(&help, text, size, "help", &err))
		fail_msg("%s", err.text);
	assert_int_equal(gw_parse(NEEDED, &c, &err), 0);
	assert_int_equal(help.cert.n, 1);
	assert_string_equal(help.cert.name[0], "/etc/eftf/gw.pem");
	eftf_gw_conf_free(&help);
	eftf_gw_conf_free(&c);
	memset(&help.cert, 0, sizeof(help.cert));
	memset(&help.key, 0, sizeof(help.key));
	memset(&c.cert, 0, sizeof(c.cert));
	memset(&c.key, 0, sizeof(c.key));
	assert_memory_equal(&help, &c, sizeof(c));
	/* every example, too, is a value */
	for (char *line = text; (line = strstr(line, "\n#")); )
		if (line[2] != ' ')
			memmove(line + 1, line + 2, strlen(line + 1));
		else
			line++;
	if (eftf_gw_conf_load_text(&help, text, strlen(text), "help", &err))
		fail_msg("%s", err.text);
	assert_int_equal(help.routes.n, 2);
	eftf_gw_conf_free(&help);
	free(text);
}

static void test_gw_bad(void **state)
{
	static const char *const bad[] = {
		"cert=c\nkey=k\n", "key=k\npool=10.0.0.0/16\n", "cert=c\npool=10.0.0.0/16\n",
		NEEDED "pool=10.64.0.1/16\n", NEEDED "pool=10.0.0.0/8\n", NEEDED "pool=10.0.0.0/31\n",
		NEEDED "pool=10.0.0.0\n", NEEDED "pool=10.0.0.0/\n", NEEDED "pool=x/16\n",
		NEEDED "gateway=10.65.0.1\n", NEEDED "gateway=10.64.0.0\n",
		NEEDED "gateway=10.64.255.255\n", NEEDED "listen=192.0.2.1:0\n",
		NEEDED "listen=192.0.2.1:65536\n", NEEDED "listen=[::1\n", NEEDED "listen=[::1]443\n",
		NEEDED "listen=name:443\n", NEEDED "listen=\n", NEEDED "dns=1.2.3\n",
		NEEDED "dns=1.1.1.1 2.2.2.2 3.3.3.3 4.4.4.4 5.5.5.5\n", NEEDED "pcscf=a..b\n",
		NEEDED "pcscf=-\n", NEEDED "pcscf=1.2.3.4.5\n", NEEDED "routes=10.0.0.1/8\n",
		NEEDED "routes=10.0.0.0/33\n", NEEDED "keepalive=9\n", NEEDED "keepalive=3601\n",
		NEEDED "keepalive_min=100\nkeepalive_max=50\n", NEEDED "timeout=5\n",
		NEEDED "device=much/too\n", NEEDED "device=sixteen-letters0\n", NEEDED "mtu=65533\n",
		NEEDED "max_tunnels=0\n", NEEDED "lease=59\n", NEEDED "key_update=2\n",
	};
	struct eftf_gw_conf c;
	struct eftf_err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.text[0] = 0;
		if (gw_parse(bad[i], &c, &err) != -EINVAL || !err.text[0])
			fail_msg("accepted: %s", bad[i]);
		eftf_gw_conf_free(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_set_and_file),
		cmocka_unit_test(test_random), cmocka_unit_test(test_gw_good),
		cmocka_unit_test(test_gw_bad), cmocka_unit_test(test_any_character),
		cmocka_unit_test(test_gw_log), cmocka_unit_test(test_gw_help_is_a_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
