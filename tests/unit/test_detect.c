// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/detect.c ue/verdict.c lib/quote.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ue/detect.h"
#include "ue/verdict.h"

#define U EFTF_PROBE_BIT(EFTF_PROBE_SIP_UDP)
#define T EFTF_PROBE_BIT(EFTF_PROBE_SIP_TCP)
#define L EFTF_PROBE_BIT(EFTF_PROBE_SIP_TLS)
#define I EFTF_PROBE_BIT(EFTF_PROBE_IPSEC)
#define M EFTF_PROBE_BIT(EFTF_PROBE_STUN)
#define C EFTF_PROBE_BIT(EFTF_PROBE_CONTROL)

/* Runs S1 with the probes of ask, of which those in answer are answered. */
static enum eftf_detect_step run(struct eftf_detect *d, const struct eftf_detect_policy *policy,
				 unsigned int answer)
{
	enum eftf_detect_step step = eftf_detect_start(d, policy);
	int kind;

	for (kind = 0; kind < EFTF_PROBE_KINDS && step == EFTF_STEP_PROBE; kind++) {
		struct eftf_evidence e = { .kind = (enum eftf_probe_kind)kind, .ms = 4000 };

		if (!(d->pending & EFTF_PROBE_BIT(kind)))
			continue;
		e.result = answer & EFTF_PROBE_BIT(kind) ? EFTF_RESULT_ANSWERED :
							   EFTF_RESULT_SILENT;
		step = eftf_detect_probed(d, &e);
	}
	return step;
}

/* signalling: one of U, T, L is enough. IPsec: I. media: M. network: C. */
static const struct {
	unsigned int ask, answer;
	enum eftf_verdict verdict;
	enum eftf_detect_step step;
	bool signalling_fails, media_fails, ipsec_fails;
} table[] = {
	{ U | T | M | C, U | T | M | C, EFTF_VERDICT_OPEN, EFTF_STEP_DIRECT, false, false, false },
	{ U | T | M | C, U | M, EFTF_VERDICT_OPEN, EFTF_STEP_DIRECT, false, false, false },
	{ U | T | M | C, T | M, EFTF_VERDICT_OPEN, EFTF_STEP_DIRECT, false, false, false },
	{ U | T | M | C, U | T | C, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, false, true, false },
	{ U | T | M | C, T, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, false, true, false },
	{ U | T | M | C, M, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, true, false, false },
	{ U | T | M | C, C, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, true, true, false },
	{ U | T | M | C, 0, EFTF_VERDICT_NO_NETWORK, EFTF_STEP_WAIT, true, true, false },
	{ U | T | C, T, EFTF_VERDICT_OPEN, EFTF_STEP_DIRECT, false, false, false },
	{ U | T | C, C, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, true, false, false },
	{ U | T | C, 0, EFTF_VERDICT_NO_NETWORK, EFTF_STEP_WAIT, true, false, false },
	{ M | C, M, EFTF_VERDICT_OPEN, EFTF_STEP_DIRECT, false, false, false },
	{ M | C, C, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, false, true, false },
	{ M | C, 0, EFTF_VERDICT_NO_NETWORK, EFTF_STEP_WAIT, false, true, false },
	{ U | T | L | C, L, EFTF_VERDICT_OPEN, EFTF_STEP_DIRECT, false, false, false },
	{ U | T | L | C, C, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, true, false, false },
	{ U | T | I | M | C, U | I | M, EFTF_VERDICT_OPEN, EFTF_STEP_DIRECT, false, false, false },
	{ U | T | I | M | C, U | M, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, false, false, true },
	{ U | T | I | C, I, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, true, false, false },
	{ U | T | I | C, C, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, true, false, true },
	{ U | T | I | C, 0, EFTF_VERDICT_NO_NETWORK, EFTF_STEP_WAIT, true, false, true },
	{ I | C, I, EFTF_VERDICT_OPEN, EFTF_STEP_DIRECT, false, false, false },
	/* no control to ask: better try the tunnel than wait for ever */
	{ U | T | M, 0, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, true, true, false },
	/* nothing to judge by: neither open nor closed was shown */
	{ C, C, EFTF_VERDICT_FIREWALL, EFTF_STEP_TUNNEL, false, false, false },
	{ C, 0, EFTF_VERDICT_NO_NETWORK, EFTF_STEP_WAIT, false, false, false },
};

static void test_s1_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct eftf_detect_policy policy = {
			.mode = EFTF_MODE_AUTO, .probes = table[i].ask,
		};
		struct eftf_detect d;

		print_message("row %zu\n", i);
		assert_int_equal(run(&d, &policy, table[i].answer), table[i].step);
		assert_int_equal(d.verdict, table[i].verdict);
		assert_int_equal(d.signalling_fails, table[i].signalling_fails);
		assert_int_equal(d.media_fails, table[i].media_fails);
		assert_int_equal(d.ipsec_fails, table[i].ipsec_fails);
	}
}

static void test_modes(void **state)
{
	struct eftf_detect_policy policy = { .mode = EFTF_MODE_OFF, .probes = U | C };
	struct eftf_detect d;

	(void)state;
	assert_int_equal(eftf_detect_start(&d, &policy), EFTF_STEP_DIRECT);
	assert_int_equal(d.verdict, EFTF_VERDICT_UNTESTED);
	assert_int_equal(d.n_path, 1);
	policy.mode = EFTF_MODE_ALWAYS;
	assert_int_equal(eftf_detect_start(&d, &policy), EFTF_STEP_TUNNEL);
	assert_false(d.via_proxy);
	assert_int_equal(d.pending, 0);
	policy.proxy = true;
	assert_int_equal(eftf_detect_start(&d, &policy), EFTF_STEP_TUNNEL);
	assert_true(d.via_proxy);
	assert_int_equal(eftf_detect_tried(&d, EFTF_ATTEMPT_FAILED), EFTF_STEP_WAIT);
	assert_int_equal(d.path[d.n_path - 1], EFTF_S3_TYPE2);
}

static void test_verdict_comes_early(void **state)
{
	struct eftf_detect_policy policy = { .probes = U | T | M | C };
	struct eftf_evidence e = { .kind = EFTF_PROBE_STUN, .result = EFTF_RESULT_ANSWERED };
	struct eftf_detect d;

	(void)state;
	assert_int_equal(eftf_detect_start(&d, &policy), EFTF_STEP_PROBE);
	assert_int_equal(eftf_detect_probed(&d, &e), EFTF_STEP_PROBE);
	e.kind = EFTF_PROBE_SIP_TCP;
	assert_int_equal(eftf_detect_probed(&d, &e), EFTF_STEP_DIRECT);
	assert_int_equal(d.pending, U | C);
}

static void test_stray_results_change_nothing(void **state)
{
	struct eftf_detect_policy policy = { .probes = U | C };
	struct eftf_evidence e = { .kind = EFTF_PROBE_STUN, .result = EFTF_RESULT_ANSWERED };
	struct eftf_detect d;

	(void)state;
	eftf_detect_start(&d, &policy);
	assert_int_equal(eftf_detect_probed(&d, &e), EFTF_STEP_PROBE);
	e.kind = EFTF_PROBE_KINDS;
	assert_int_equal(eftf_detect_probed(&d, &e), EFTF_STEP_PROBE);
	e.kind = EFTF_PROBE_SIP_UDP;
	e.result = EFTF_RESULT_NONE;
	assert_int_equal(eftf_detect_probed(&d, &e), EFTF_STEP_PROBE);
	e.result = EFTF_RESULT_REFUSED;
	assert_int_equal(eftf_detect_probed(&d, &e), EFTF_STEP_PROBE);
	e.result = EFTF_RESULT_ANSWERED;
	assert_int_equal(eftf_detect_probed(&d, &e), EFTF_STEP_PROBE);
	assert_int_equal(d.evidence[EFTF_PROBE_SIP_UDP].result, EFTF_RESULT_REFUSED);
}

/* The parent of who has probed draws the verdict once more, of the evidence alone. */
static void test_portal_that_refuses_all_else(void **state)
{
	struct eftf_detect_policy policy = { .probes = U | C };
	struct eftf_evidence e = { .kind = EFTF_PROBE_SIP_UDP, .result = EFTF_RESULT_REFUSED };
	struct eftf_detect d;
	char *text;

	(void)state;
	eftf_detect_start(&d, &policy);
	eftf_detect_probed(&d, &e);
	e.kind = EFTF_PROBE_CONTROL;
	e.result = EFTF_RESULT_PORTAL;
	snprintf(e.detail, sizeof(e.detail), "http://login.example/");
	assert_int_equal(eftf_detect_probed(&d, &e), EFTF_STEP_LOGIN);
	assert_int_equal(d.verdict, EFTF_VERDICT_PORTAL);
	text = eftf_verdict_text(&d);
	assert_non_null(strstr(text, "a captive portal, found in 0 ms, http://login.example/"));
	free(text);
}

static void test_attempts(void **state)
{
	struct eftf_detect_policy policy = { .mode = EFTF_MODE_ALWAYS };
	struct eftf_detect d;

	(void)state;
	eftf_detect_start(&d, &policy);
	assert_int_equal(eftf_detect_tried(&d, EFTF_ATTEMPT_UP), EFTF_STEP_RUN);
	assert_int_equal(d.path[d.n_path - 1], EFTF_S4_UP);
	eftf_detect_start(&d, &policy);
	assert_int_equal(eftf_detect_tried(&d, EFTF_ATTEMPT_FAILED), EFTF_STEP_WAIT);
	eftf_detect_start(&d, &policy);
	assert_int_equal(eftf_detect_tried(&d, EFTF_ATTEMPT_NO_TCP), EFTF_STEP_WAIT);
	eftf_detect_start(&d, &policy);
	assert_int_equal(eftf_detect_tried(&d, EFTF_ATTEMPT_UNTRUSTED), EFTF_STEP_SHUN);
	assert_int_equal(d.verdict, EFTF_VERDICT_INTERCEPTED);
	eftf_detect_start(&d, &policy);
	assert_int_equal(eftf_detect_tried(&d, EFTF_ATTEMPT_PORTAL), EFTF_STEP_LOGIN);
	assert_string_equal(eftf_verdict_name(d.verdict), "portal");
}

static void test_proxy_fallback_once(void **state)
{
	struct eftf_detect_policy policy = { .mode = EFTF_MODE_ALWAYS, .proxy_fallback = true };
	struct eftf_detect d;

	(void)state;
	eftf_detect_start(&d, &policy);
	assert_false(d.via_proxy);
	assert_int_equal(eftf_detect_tried(&d, EFTF_ATTEMPT_NO_TCP), EFTF_STEP_TUNNEL);
	assert_true(d.via_proxy);
	assert_true(d.via_fallback);
	assert_int_equal(eftf_detect_tried(&d, EFTF_ATTEMPT_NO_TCP), EFTF_STEP_WAIT);
	/* an intercepting network is never got round by way of a proxy */
	eftf_detect_start(&d, &policy);
	assert_int_equal(eftf_detect_tried(&d, EFTF_ATTEMPT_UNTRUSTED), EFTF_STEP_SHUN);
}

static void test_path_is_bounded(void **state)
{
	struct eftf_detect_policy policy = { .mode = EFTF_MODE_ALWAYS };
	struct eftf_detect d;
	int i;

	(void)state;
	eftf_detect_start(&d, &policy);
	for (i = 0; i < 100; i++)
		eftf_detect_tried(&d, EFTF_ATTEMPT_UP);
	assert_int_equal(d.n_path, EFTF_DETECT_PATH);
}

static struct eftf_detect firewalled(void)
{
	struct eftf_detect_policy policy = { .probes = U | C };
	struct eftf_evidence e = {
		.kind = EFTF_PROBE_SIP_UDP, .result = EFTF_RESULT_SILENT, .ms = 4000,
		.target = "10.20.0.1:5060",
	};
	struct eftf_detect d;

	eftf_detect_start(&d, &policy);
	eftf_detect_probed(&d, &e);
	e = (struct eftf_evidence){
		.kind = EFTF_PROBE_CONTROL, .result = EFTF_RESULT_ANSWERED, .ms = 12,
		.target = "eftf\"\\\n\x01.example:443",
	};
	assert_int_equal(eftf_detect_probed(&d, &e), EFTF_STEP_TUNNEL);
	return d;
}

static void test_verdict_text(void **state)
{
	struct eftf_detect d = firewalled();
	char *text = eftf_verdict_text(&d);

	(void)state;
	assert_non_null(text);
	assert_string_equal(text, "firewall (SIP over UDP to 10.20.0.1:5060: no answer in 4000 ms;"
			    " TCP 443 control to eftf\"\\??.example:443: answered in 12 ms);"
			    " signalling fails; way: type I, direct; path S0 S1 S2");
	free(text);
}

static void test_all_that_fails(void **state)
{
	struct eftf_detect d = { .verdict = EFTF_VERDICT_FIREWALL, .n_path = 1, .signalling_fails = true,
				 .ipsec_fails = true, .media_fails = true };
	char *text = eftf_verdict_text(&d), *json = eftf_verdict_json(&d);

	(void)state;
	assert_non_null(strstr(text, " signalling, ipsec and media fail; path S0"));
	assert_non_null(strstr(json, "\"fails\":[\"signalling\",\"ipsec\",\"media\"]"));
	free(text);
	free(json);
}

static void test_verdict_json(void **state)
{
	struct eftf_detect d = firewalled();
	char *json = eftf_verdict_json(&d);

	(void)state;
	assert_non_null(json);
	assert_string_equal(json, "{\"verdict\":\"firewall\",\"remembered\":false,\"fails\":[\"signalling\"],"
			    "\"way\":\"type-1\",\"path\":[\"S0\",\"S1\",\"S2\"],"
			    "\"probes\":[{\"kind\":\"sip-udp\",\"target\":\"10.20.0.1:5060\","
			    "\"result\":\"silent\",\"ms\":4000,\"detail\":\"\"},"
			    "{\"kind\":\"control\",\"target\":"
			    "\"eftf\\\"\\\\\\u000a\\u0001.example:443\","
			    "\"result\":\"answered\",\"ms\":12,\"detail\":\"\"}]}");
	free(json);
}

static void test_known(void **state)
{
	struct eftf_detect_policy policy = { .probes = U | C, .proxy_fallback = true };
	struct eftf_detect d;
	char *text;

	(void)state;
	assert_int_equal(eftf_detect_known(&d, &policy, false), EFTF_STEP_TUNNEL);
	assert_int_equal(d.verdict, EFTF_VERDICT_FIREWALL);
	assert_int_equal(d.pending, 0);
	assert_false(d.via_proxy);
	text = eftf_verdict_text(&d);
	assert_string_equal(text, "firewall (as before on this network); way: type I, direct;"
			    " path S0 S2");
	free(text);
	text = eftf_verdict_json(&d);
	assert_non_null(strstr(text, "\"remembered\":true"));
	free(text);
	/* the proxy of the environment at once, and nothing after it */
	assert_int_equal(eftf_detect_known(&d, &policy, true), EFTF_STEP_TUNNEL);
	assert_true(d.via_proxy);
	assert_true(d.via_fallback);
	assert_int_equal(eftf_detect_tried(&d, EFTF_ATTEMPT_NO_TCP), EFTF_STEP_WAIT);
	/* the configuration has the last word */
	policy.proxy_fallback = false;
	eftf_detect_known(&d, &policy, true);
	assert_false(d.via_proxy);
	policy.proxy = true;
	eftf_detect_known(&d, &policy, false);
	assert_true(d.via_proxy);
	assert_false(d.via_fallback);
	/* the whole detection begins from nothing */
	assert_int_equal(eftf_detect_start(&d, &policy), EFTF_STEP_PROBE);
	assert_false(d.remembered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_s1_table),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_verdict_comes_early),
		cmocka_unit_test(test_stray_results_change_nothing),
		cmocka_unit_test(test_portal_that_refuses_all_else),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_proxy_fallback_once),
		cmocka_unit_test(test_path_is_bounded),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_verdict_text),
		cmocka_unit_test(test_all_that_fails),
		cmocka_unit_test(test_verdict_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
