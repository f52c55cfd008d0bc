// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/conf.c ue/conf_parse.c lib/config.c lib/config_value.c lib/err.c lib/log.c lib/log_json.c */
/* libs: -linih */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ue/conf.h"
#include "ue/conf_parse.h"
#include "ue/detect.h"

#define BASE "[eftf]\naddress = eftf.ims.example\nca = /etc/eftf/ca.pem\n"
#define ALWAYS "[detect]\nmode = always\n"

static int load(struct eftf_ue_conf *conf, const char *text, struct eftf_err *err)
{
	memset(err, 0, sizeof(*err));
	return eftf_ue_conf_load_text(conf, text, strlen(text), "t.conf", NULL, err);
}

static void good(struct eftf_ue_conf *conf, const char *text)
{
	struct eftf_err err;

	if (load(conf, text, &err))
		fail_msg("%s", err.text);
}

/* The text must be refused, with all the words in the message. */
static void bad(const char *text, const char *word1, const char *word2)
{
	struct eftf_ue_conf conf;
	struct eftf_err err;

	assert_true(load(&conf, text, &err) < 0);
	if (!strstr(err.text, "t.conf") || !strstr(err.text, word1) || !strstr(err.text, word2))
		fail_msg("'%s' lacks '%s' or '%s'", err.text, word1, word2);
	eftf_ue_conf_free(&conf);
}

static void test_defaults(void **state)
{
	struct eftf_ue_conf c;

	(void)state;
	good(&c, BASE ALWAYS);
	assert_int_equal(c.port, 443);
	assert_string_equal(eftf_ue_conf_name(&c), "eftf.ims.example");
	assert_string_equal(c.device, "eftf0");
	assert_int_equal(c.keepalive, 0);
	assert_int_equal(c.recheck, 1800);
	assert_int_equal(c.probe_timeout_ms, 4000);
	assert_int_equal(c.proxy_auth, EFTF_AUTH_SAFE);
	assert_null(c.proxy_url);
	assert_true(c.key_update);
	eftf_ue_conf_free(&c);
}

static void test_everything(void **state)
{
	struct eftf_ue_conf c;
	struct sockaddr_in6 *media = (struct sockaddr_in6 *)&c.media;
	struct sockaddr_in *pcscf = (struct sockaddr_in *)&c.pcscf;

	(void)state;
	good(&c, BASE "port = 8443\nname = other.example\ncert = /c\nkey = /k\nclient_id = p7\nalpn = http/1.1,eftf\n"
	     "[tunnel]\ndevice = ims0\nmtu = 1380\nkeepalive = 60\ntimeout = 200\nrecord_limit = 1000\n"
	     "key_update = no\n"
	     "routes = 10.20.0.0/16, 10.30.0.0/24\nroutes = 10.40.0.1\n"
	     "address = 10.64.0.7/24\ngateway = 10.64.0.1\naddress6 = fd00:64::7\n"
	     "gateway6 = fd00:64::1\nhook = /usr/bin/true\n"
	     "[proxy]\nurl = http://[2001:db8::5]:3128/\nuser = u\npassword = p\nauth = digest\n"
	     "[detect]\nmode = auto\npcscf = 10.20.0.1\nsip_port = 5070\nsips_port = 5061\nipsec = 10.20.0.1:4500\n"
	     "media = [2001:db8::9]:3478\ncontrol = example.org:443\nrecheck = 60\n"
	     "[log]\nlevel = debug\nsyslog = yes\n");
	assert_string_equal(eftf_ue_conf_name(&c), "other.example");
	assert_int_equal(c.record_limit, 1000);
	assert_string_equal(c.alpn, "http/1.1,eftf");
	assert_false(c.key_update);
	assert_int_equal(c.routes.n, 3);
	assert_int_equal(c.routes.prefix[1].plen, 24);
	assert_int_equal(c.routes.prefix[2].plen, 32);
	assert_int_equal(c.static_addr.plen, 24);
	assert_int_equal(c.static_addr6.s6_addr[15], 7);
	assert_true(eftf_ue_conf_is_static(&c));
	assert_int_equal(pcscf->sin_family, AF_INET);
	assert_int_equal(media->sin6_family, AF_INET6);
	assert_int_equal(ntohs(media->sin6_port), 3478);
	assert_int_equal(c.sips_port, 5061);
	assert_int_equal(ntohs(((struct sockaddr_in *)&c.ipsec)->sin_port), 4500);
	assert_string_equal(c.control.host, "example.org");
	assert_int_equal(c.control.port, 443);
	assert_int_equal(c.mode, EFTF_MODE_AUTO);
	assert_true(c.syslog);
	eftf_ue_conf_free(&c);
}

static void test_what_is_missing(void **state)
{
	(void)state;
	bad("[eftf]\nca = /x\n" ALWAYS, "address", "missing");
	bad("[eftf]\naddress = a.example\n" ALWAYS, "ca", "missing");
	bad(BASE "cert = /c\n" ALWAYS, "cert", "key");
	bad(BASE ALWAYS "[tunnel]\naddress = 10.0.0.1\n", "address", "gateway");
	bad(BASE ALWAYS "[tunnel]\naddress = 10.0.0.1/24\ngateway = 10.0.0.1\n", "gateway", "same");
	bad(BASE ALWAYS "[tunnel]\naddress6 = fd00::1\n", "address6", "gateway6");
	bad(BASE ALWAYS "[tunnel]\naddress6 = fd00::1\ngateway6 = fd00::1\n", "gateway6", "same");
	bad(BASE ALWAYS "[tunnel]\nhook = run.sh\n", "hook", "absolute path");
	bad(BASE ALWAYS "[tunnel]\nconfigure = no\n", "configure", "needs a hook");
	bad(BASE ALWAYS "[tunnel]\nkeepalive = 100\ntimeout = 100\n", "timeout", "keepalive");
	bad(BASE ALWAYS "[proxy]\nurl = http://a:1\npassword = x\n", "password", "user");
	bad(BASE ALWAYS "[proxy]\nuser = x\n", "user", "url");
	bad(BASE ALWAYS "[proxy]\nurl = http://a:1\nuser = a:b\n", "user", "colon");
	bad(BASE, "auto", "pcscf");
	bad(BASE "[detect]\nsips_port = 5061\nmedia = 10.0.0.1:3478\n", "sips_port", "pcscf");
}

static void test_wrong_values_name_the_line(void **state)
{
	(void)state;
	bad(BASE "port = 0\n" ALWAYS, ":4", "65535");
	bad(BASE "port = 443x\n" ALWAYS, ":4", "port");
	bad(BASE "name = a_b.example:443\n" ALWAYS, ":4", "without port");
	bad(BASE "name = 300.1.1.1\n" ALWAYS, ":4", "name");
	bad(BASE "alpn = http/1.1,,x\n" ALWAYS, ":4", "separated by commas");
	bad(BASE "alpn = x,\n" ALWAYS, ":4", "separated by commas");
	bad(BASE "alpn = a b\n" ALWAYS, ":4", "without blanks");
	bad(BASE "nonsense = 1\n" ALWAYS, ":4", "nonsense");
	bad(BASE "[tunnel]\ndevice = a/b\n" ALWAYS, ":5", "interface name");
	bad(BASE "[tunnel]\ndevice = abcdefghijklmnop\n" ALWAYS, ":5", "interface name");
	bad(BASE "[tunnel]\nmtu = 100\n" ALWAYS, ":5", "576");
	bad(BASE "[tunnel]\nmtu = 65533\n" ALWAYS, ":5", "65532");
	bad(BASE "[tunnel]\nrecord_limit = 99\n" ALWAYS, ":5", "100 to 4294967295, or 0: the cipher's own");
	bad(BASE "[tunnel]\nrecord_limit = 4294967296\n" ALWAYS, ":5", "100 to 4294967295, or 0: the cipher's own");
	bad(BASE "[tunnel]\nkey_update = perhaps\n" ALWAYS, ":5", "key_update");
	bad(BASE "[tunnel]\nkeepalive = 9\n" ALWAYS, ":5", "3600");
	bad(BASE "[tunnel]\nkeepalive = 3601\n" ALWAYS, ":5", "3600");
	bad(BASE "[tunnel]\nroutes = 10.0.0.1/8\n" ALWAYS, ":5", "host bits");
	bad(BASE "[tunnel]\nroutes = 10.0.0.0/33\n" ALWAYS, ":5", "prefixes");
	bad(BASE "[tunnel]\nroutes = 10.0.0.0/-1\n" ALWAYS, ":5", "prefixes");
	bad(BASE "[tunnel]\nroutes = 10.0.0/8\n" ALWAYS, ":5", "prefixes");
	bad(BASE "[tunnel]\naddress = 224.0.0.1\n" ALWAYS, ":5", "unicast");
	bad(BASE "[tunnel]\naddress = 10.0.0.1/0\n" ALWAYS, ":5", "unicast");
	bad(BASE "[tunnel]\ngateway = 10.0.0.1/24\n" ALWAYS, ":5", "unicast");
	bad(BASE "[tunnel]\naddress6 = fe80::1\n" ALWAYS, ":5", "IPv6 unicast");
	bad(BASE "[tunnel]\naddress6 = fd00::1/64\n" ALWAYS, ":5", "IPv6 unicast");
	bad(BASE "[tunnel]\ngateway6 = ff02::1\n" ALWAYS, ":5", "IPv6 unicast");
	bad(BASE "[proxy]\nurl = https://a:1\n" ALWAYS, ":5", "http://host:port");
	bad(BASE "[proxy]\nurl = http://a\n" ALWAYS, ":5", "http://host:port");
	bad(BASE "[proxy]\nurl = http://u:p@a:1\n" ALWAYS, ":5", "keys of their own");
	bad(BASE "[proxy]\nauth = none\n" ALWAYS, ":5", "digest");
	bad(BASE "[detect]\npcscf = pcscf.example\n", ":5", "address");
	bad(BASE "[detect]\nipsec = 10.0.0.1\n", ":5", "address:port");
	bad(BASE "[detect]\nmedia = 10.0.0.1\n", ":5", "address:port");
	bad(BASE "[detect]\nmedia = [::1\n", ":5", "address:port");
	bad(BASE "[detect]\nmedia = 10.0.0.1:0\n", ":5", "address:port");
	bad(BASE "[detect]\nmode = maybe\n", ":5", "always");
}

static void test_too_many_routes(void **state)
{
	char text[4096];
	size_t len = (size_t)snprintf(text, sizeof(text), "%s[tunnel]\n", BASE);
	int i;

	(void)state;
	for (i = 0; i <= EFTF_UE_MAX_ROUTES; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "routes = 10.0.0.%d\n", i);
	bad(text, ":69", "up to 64");
}

static void test_mode_of_the_command_line(void **state)
{
	static const char text[] = BASE;
	struct eftf_ue_conf c;
	struct eftf_err err;

	(void)state;
	assert_int_equal(eftf_ue_conf_load_text(&c, text, strlen(text), "t", "always", &err), 0);
	assert_int_equal(c.mode, EFTF_MODE_ALWAYS);
	eftf_ue_conf_free(&c);
	assert_true(eftf_ue_conf_load_text(&c, text, strlen(text), "t", "on", &err) < 0);
	assert_non_null(strstr(err.text, "always"));
	eftf_ue_conf_free(&c);
}

static void test_proxy_target(void **state)
{
	struct eftf_value_target t;

	(void)state;
	assert_int_equal(eftf_ue_proxy_target("http://proxy.example:3128/", &t), 0);
	assert_string_equal(t.host, "proxy.example");
	assert_int_equal(t.port, 3128);
	assert_int_equal(eftf_ue_proxy_target("http://u:p@proxy.example:3128", &t), -EINVAL);
	assert_int_equal(eftf_ue_proxy_target("http://", &t), -EINVAL);
	assert_int_equal(eftf_ue_proxy_target("http:///", &t), -EINVAL);
	assert_int_equal(eftf_ue_proxy_target("socks://a:1", &t), -EINVAL);
}

static size_t help(char **text)
{
	size_t size;
	FILE *f = open_memstream(text, &size);

	assert_non_null(f);
	eftf_ue_conf_help(f);
	assert_int_equal(fclose(f), 0);
	return size;
}

/* What --help-config prints is a configuration, and one of nothing but defaults. */
static void test_help_is_a_configuration(void **state)
{
	struct eftf_ue_conf h, c;
	struct eftf_err err;
	char *text;
	size_t size = help(&text);

	(void)state;
	if (eftf_ue_conf_load_text(&h, text, size, "help", NULL, &err))
		fail_msg("%s", err.text);
	good(&c, "[eftf]\naddress = eftf.example.net\nca = /etc/eftf/ca.pem\n"
	     "[detect]\npcscf = 192.0.2.10\n");
	assert_string_equal(h.ca, c.ca);
	eftf_ue_conf_free(&h);
	eftf_ue_conf_free(&c);
	assert_memory_equal(&h, &c, sizeof(c));
	free(text);
}

/* The examples that are remarks in it are values, too. */
static void test_every_example_is_allowed(void **state)
{
	struct eftf_ue_conf c;
	char *text, *line;

	(void)state;
	help(&text);
	for (line = text; (line = strstr(line, "\n#")); )
		if (line[2] != ' ')
			memmove(line + 1, line + 2, strlen(line + 1));
		else
			line++;
	good(&c, text);
	assert_string_equal(c.proxy_url, "http://proxy.example.net:3128");
	assert_int_equal(c.static_addr.plen, 24);
	eftf_ue_conf_free(&c);
	free(text);
}

static void test_a_password_is_taken_as_it_stands(void **state)
{
	static const char *const passwords[] = { "a;b", "a ;b", ";ab", "a #b", "#ab", "\"q\"" };
	struct eftf_ue_conf c;
	char text[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(passwords) / sizeof(passwords[0]); i++) {
		snprintf(text, sizeof(text), BASE ALWAYS "[proxy]\nurl = http://p.example:3128\n"
			 "user = u\npassword = %s\n", passwords[i]);
		good(&c, text);
		assert_string_equal(c.proxy_password, passwords[i]);
		eftf_ue_conf_free(&c);
	}
}

static bool same_tunnel(const char *a, const char *b)
{
	struct eftf_ue_conf x, y;
	struct eftf_err err;
	bool same;

	assert_int_equal(eftf_ue_conf_load_text(&x, a, strlen(a), "a", NULL, &err), 0);
	assert_int_equal(eftf_ue_conf_load_text(&y, b, strlen(b), "b", NULL, &err), 0);
	same = eftf_ue_conf_same_tunnel(&x, &y);
	eftf_ue_conf_free(&x);
	eftf_ue_conf_free(&y);
	return same;
}

/* What a reload may change under a running tunnel. */
static void test_same_tunnel(void **state)
{
	static const char base[] = BASE ALWAYS "[tunnel]\nroutes = 10.0.0.0/8\nhook = /a\n";

	(void)state;
	assert_true(same_tunnel(base, base));
	assert_true(same_tunnel(base, BASE "crl = /new\ncert = /c\nkey = /k\n" ALWAYS
				"[tunnel]\nroutes = 10.0.0.0/8\nhook = /a\n[log]\nlevel = debug\n"));
	assert_false(same_tunnel(base, BASE ALWAYS "[tunnel]\nroutes = 10.0.0.0/9\nhook = /a\n"));
	assert_false(same_tunnel(base, BASE ALWAYS "[tunnel]\nroutes = 10.0.0.0/8\nhook = /b\n"));
	assert_false(same_tunnel(base, BASE ALWAYS "[tunnel]\nroutes = 10.0.0.0/8\n"));
	assert_false(same_tunnel(base, BASE ALWAYS
				 "[tunnel]\nroutes = 10.0.0.0/8\nhook = /a\nconfigure = no\n"));
	assert_false(same_tunnel(base, BASE "port = 444\n" ALWAYS
				 "[tunnel]\nroutes = 10.0.0.0/8\nhook = /a\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_what_is_missing),
		cmocka_unit_test(test_wrong_values_name_the_line),
		cmocka_unit_test(test_too_many_routes),
		cmocka_unit_test(test_mode_of_the_command_line),
		cmocka_unit_test(test_proxy_target),
		cmocka_unit_test(test_help_is_a_configuration),
		cmocka_unit_test(test_every_example_is_allowed),
		cmocka_unit_test(test_same_tunnel),
		cmocka_unit_test(test_a_password_is_taken_as_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
