/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/statics.c gw/conf.c gw/conf_parse.c gw/ranges.c lib/config.c lib/config_value.c lib/log.c lib/log_json.c lib/err.c */
/* libs: -linih */
/* Files of static addresses. */
#include <arpa/inet.h>
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

#include "gw/conf.h"
#include "gw/statics.h"

#define ONE "cert:0102030405060708090a0b0c0d0e0f10"
#define TWO "cert:00ffffffffffffffffffffffffffffff"

static struct eftf_gw_conf conf;

static void configure(const char *lines)
{
	char text[512];
	struct eftf_err err;

	snprintf(text, sizeof(text), "[gateway]\ncert = c\nkey = k\nclient_ca = a\n%s\n", lines);
	if (eftf_gw_conf_load_text(&conf, text, strlen(text), "test", &err))
		fail_msg("%s", err.text);
}

static mode_t mode = 0600;

/* A file with this text. */
static int load(struct eftf_statics *s, const char *text, struct eftf_err *err)
{
	char path[] = "/tmp/eftf-statics-XXXXXX";
	int fd = mkstemp(path), ret;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	fchmod(fd, mode);
	close(fd);
	ret = eftf_statics_load(s, path, &conf, err);
	unlink(path);
	return ret;
}

static void good(struct eftf_statics *s, const char *text)
{
	struct eftf_err err;

	if (load(s, text, &err))
		fail_msg("%s", err.text);
}

static void test_good(void **state)
{
	struct eftf_statics s;
	struct eftf_err err;

	(void)state;
	configure("pool = 10.64.0.0/24, 10.66.0.0/30\npool6 = fd00:64::/64");
	assert_int_equal(eftf_statics_load(&s, NULL, &conf, &err), 0);
	assert_int_equal(s.n, 0);
	good(&s, "# of the fleet\n\n" ONE " 10.64.0.9  # the first\n" TWO "\tfd00:64::101 10.66.0.1\r\n");
	assert_int_equal(s.n, 2);
	/* in the order of the certificates */
	assert_int_equal(s.v[0].inner.s_addr, inet_addr("10.66.0.1"));
	assert_int_equal(s.v[0].line, 4);
	assert_int_equal(s.v[1].inner.s_addr, inet_addr("10.64.0.9"));
	assert_memory_equal(s.v[1].cert, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20", 16);
	eftf_statics_free(&s);
	/* as openssl x509 -fingerprint -sha256 writes it */
	good(&s, "01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F:20 10.64.0.9");
	assert_memory_equal(s.v[0].cert, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20", 16);
	eftf_statics_free(&s);
	eftf_gw_conf_free(&conf);
	configure("pool = none\npool6 = fd00:64::/64");
	good(&s, ONE " fd00:64::9");
	assert_int_equal(s.v[0].inner.s_addr, htonl(9));
	eftf_statics_free(&s);
	assert_int_equal(load(&s, ONE " 0.0.0.9", &err), -EINVAL);
	eftf_gw_conf_free(&conf);
}

static void test_many(void **state)
{
	char *text = malloc(1000 * 64), *to = text;
	struct eftf_statics s;

	(void)state;
	configure("pool = 10.64.0.0/16");
	for (unsigned int i = 0; i < 1000; i++)
		to += sprintf(to, "cert:%08x%024x 10.64.%u.%u\n", i * 2654435761u, i, 1 + i / 250, i % 250);
	good(&s, text);
	assert_int_equal(s.n, 1000);
	for (size_t i = 1; i < s.n; i++)
		assert_true(memcmp(s.v[i - 1].cert, s.v[i].cert, sizeof(s.v[i].cert)) < 0);
	eftf_statics_free(&s);
	eftf_gw_conf_free(&conf);
	free(text);
}

static void test_wrong(void **state)
{
	static const struct {
		const char *text, *said;
	} t[] = {
		{ "\n" ONE " 10.65.0.9\n", "line 2: 10.65.0.9 is no address that a UE can have" },
		{ ONE " 10.64.0.0\n", "line 1: 10.64.0.0 is no address" },
		{ ONE " 10.64.0.1\n", "line 1: 10.64.0.1 is no address" },	/* the gateway's */
		{ ONE " 10.64.0.255\n", "line 1: 10.64.0.255 is no address" },
		{ ONE " fd00:64::1:0\n", "line 1: fd00:64::1:0 is no address" },
		{ ONE " fd00:65::9\n", "line 1: fd00:65::9 is no address" },
		{ ONE " nonsense\n", "line 1: nonsense is no address" },
		{ ONE " 10.64.0.9 fd00:64::a\n", "line 1: fd00:64::a and the address before it do not go together" },
		{ ONE "\n", "line 1: " ONE " has to have one address, or two" },
		{ ONE " 10.64.0.9 fd00:64::9 10.64.0.9\n", "line 1: " ONE " has to have" },
		{ "id:phone 10.64.0.9\n", "line 1: id:phone is no identity of a certificate" },
		{ "cert:0102 10.64.0.9\n", "line 1: cert:0102 is no identity" },
		{ ONE "11 10.64.0.9\n", "is no identity" },
		{ ONE "1 10.64.0.9\n", "is no identity" },
		{ ONE " 10.64.0.9\n#\n" TWO " 10.64.0.9\n", "line 3: its address is that of line 1, too" },
		{ ONE " 10.64.0.9\n" TWO " 10.64.0.10\n" ONE " 10.64.0.11\n", "line 3: its certificate is that of line 1, too" },
	};
	struct eftf_statics s;
	struct eftf_err err;
	char text[700];

	(void)state;
	configure("pool = 10.64.0.0/24\npool6 = fd00:64::/64");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		err.text[0] = 0;
		assert_int_equal(load(&s, t[i].text, &err), -EINVAL);
		if (!strstr(err.text, t[i].said))
			fail_msg("\"%s\": expected \"%s\", was told \"%s\"", t[i].text, t[i].said, err.text);
	}
	snprintf(text, sizeof(text), "\n# %600d\n", 1);
	assert_int_equal(load(&s, text, &err), -EINVAL);
	assert_non_null(strstr(err.text, "line 2: the line is too long"));
	mode = 0666;
	assert_int_equal(load(&s, "", &err), -EACCES);
	mode = 0600;
	assert_int_equal(eftf_statics_load(&s, "/nonexistent/file", &conf, &err), -ENOENT);
	eftf_gw_conf_free(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
