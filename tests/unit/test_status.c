/* SPDX-License-Identifier: GPL-2.0-or-later */
/* needs: gw/status.c gw/identity.c gw/conf.c gw/conf_parse.c gw/pool_life.c gw/pool_proof.c gw/ranges.c gw/charge.c gw/token.c gw/siphash.c lib/addr.c lib/config.c lib/config_value.c lib/random.c lib/log.c lib/log_json.c lib/err.c */
/* libs: -lwolfssl -ljansson -linih */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "ask.h"
#include "gw/session.h"
#include "gw/status.h"

#define TUNNELS 5

static struct eftf_gw gw;
static struct eftf_session sessions[TUNNELS], *table[4];
static uint32_t ended[TUNNELS];
static unsigned int n_ended;

/* In the place of the module's end of a tunnel. */
void eftf_session_end(struct eftf_gw *g, struct eftf_session *s)
{
	assert_ptr_equal(g, &gw);
	ended[n_ended++] = s->id;
}

static unsigned int drained_over = 12345;

void eftf_gw_drain(struct eftf_gw *g, unsigned int over)
{
	g->drain.on = true;
	drained_over = over;
}

double eftf_gw_drain_left(const struct eftf_gw *g)
{
	return g->drain.on ? 59.5 : 0;
}

void eftf_workers_load(const struct eftf_gw *g, struct eftf_workers_load *load)
{
	(void)g;
	*load = (struct eftf_workers_load){ .workers = 2, .conns = 31, .keys = 4 };
}

static void set_outer(struct eftf_session *s, const char *addr)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s->outer;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&s->outer;

	s->outer.ss_family = strchr(addr, ':') ? AF_INET6 : AF_INET;
	in4->sin_port = htons(1000);
	inet_pton(s->outer.ss_family, addr,
		  s->outer.ss_family == AF_INET ? (void *)&in4->sin_addr : (void *)&in6->sin6_addr);
}

static int setup(void **state)
{
	static const char *const outer[TUNNELS] = {
		"192.0.2.1", "192.0.2.1", "192.0.2.11", "2001:db8::1", "2001:db8::11",
	};
	struct eftf_pool_settings set = { 120, 600, 64 };

	(void)state;
	memset(&gw, 0, sizeof(gw));
	memset(table, 0, sizeof(table));
	n_ended = 0;
	gw.sessions = table;
	gw.sessions_mask = 3;
	gw.since = 1000;
	strcpy(gw.conf.device, "eftf0");
	gw.conf.max_tunnels = 77;
	for (uint32_t i = 0; i < TUNNELS; i++) {
		struct eftf_session *s = &sessions[i];

		memset(s, 0, sizeof(*s));
		s->id = i + 1;
		s->inner.s_addr = htonl(0x0a400002 + i);
		s->has4 = true;
		s->has6 = i == 3;
		inet_pton(AF_INET6, "2001:db8:64::5", &s->inner6);
		s->since = 1000 + i;
		set_outer(s, outer[i]);
		snprintf(s->identity, sizeof(s->identity), "id:phone-%u", i / 2);
		s->next = table[s->id & 3];
		table[s->id & 3] = s;
		gw.n_sessions++;
	}
	return eftf_tokens_new(&gw.tokens, NULL, NULL) ||
		!eftf_ranges_add(&gw.conf.ranges, (struct in_addr){ inet_addr("10.64.0.0") }, 24) ||
		!eftf_ranges_add(&gw.conf.ranges, (struct in_addr){ inet_addr("10.65.0.16") }, 28) ||
		eftf_pool_new(&gw.pool, &gw.conf.ranges, (struct in_addr){ inet_addr("10.64.0.1") }, &set,
			      gw.tokens, NULL);
}

static int teardown(void **state)
{
	(void)state;
	eftf_pool_free(gw.pool);
	eftf_tokens_free(gw.tokens);
	return 0;
}

static json_t *ask(const char *request)
{
	char *text = eftf_status_answer(&gw, request, 1060.0);
	json_t *answer = json_loads(text, 0, NULL);

	if (!answer)
		fail_msg("%s: no JSON: %s", request, text);
	free(text);
	return answer;
}

static json_int_t member(const json_t *all, const char *group, const char *name)
{
	json_t *value = json_object_get(json_object_get(all, group), name);

	if (!json_is_integer(value))
		fail_msg("there is no %s.%s", group, name);
	return json_integer_value(value);
}

static void test_counters(void **state)
{
	json_t *all;

	(void)state;
	gw.counts.attached = UINT64_MAX;
	gw.counts.failed_tls = 12;
	all = ask("status");
	assert_int_equal(member(all, "gateway", "uptime_seconds"), 60);
	assert_int_equal(member(all, "tunnels", "now"), TUNNELS);
	assert_int_equal(member(all, "tunnels", "max"), 77);
	assert_int_equal(member(all, "tunnels", "attached"), INT64_MAX);
	assert_int_equal(member(all, "connections", "failed_tls"), 12);
	assert_int_equal(member(all, "connections", "now"), 31);
	assert_int_equal(member(all, "workers", "now"), 2);
	assert_int_equal(member(all, "pool", "size"), 253 + 14);
	assert_int_equal(member(all, "pool6", "size"), 0);
	assert_int_equal(member(all, "pool6", "owned"), 1);
	assert_int_equal(member(all, "tokens", "stale"), 0);
	json_decref(all);
}

static void assert_pools(const char *expected)
{
	json_t *all = ask("status");
	char *seen = json_dumps(json_object_get(all, "pools"), JSON_COMPACT | JSON_SORT_KEYS);

	assert_string_equal(seen, expected);
	free(seen);
	json_decref(all);
}

static void test_each_pool(void **state)
{
	struct in_addr addr = { inet_addr("10.65.0.18") };
	struct eftf_pool_lease lease = { .epoch = 1 };
	char *text;

	(void)state;
	assert_int_equal(eftf_pool_adopt(gw.pool, addr, &gw, &lease, &sessions[0].outer), 0);
	assert_pools("[{\"owned\":0,\"pool\":\"10.64.0.0/24\",\"size\":253},{\"owned\":1,\"pool\":\"10.65.0.16/28\",\"size\":14}]");
	text = eftf_status_metrics(&gw, 1060.0);
	assert_non_null(strstr(text, "\neftf_gw_each_pool_owned{pool=\"10.65.0.16/28\"} 1\n"));
	free(text);
	eftf_pool_release(gw.pool, addr, &gw, true, 1060.0);
	assert_pools("[{\"owned\":0,\"pool\":\"10.64.0.0/24\",\"size\":253},{\"owned\":0,\"pool\":\"10.65.0.16/28\",\"size\":14}]");
	/* without IPv4 the pools are those of IPv6 */
	gw.conf.ipv6_only = true;
	inet_pton(AF_INET6, "2001:db8:64::", &gw.conf.pool6.p[0].base);
	gw.conf.pool6.p[0].plen = 64;
	text = eftf_status_metrics(&gw, 1060.0);
	assert_non_null(strstr(text, "\neftf_gw_each_pool_size{pool=\"2001:db8:64::/64\"} 253\n"));
	free(text);
}

/* Every sample has its help and type, once; nothing of a UE is in it. */
static void test_metrics(void **state)
{
	char *text = eftf_status_metrics(&gw, 1060.0), *line, *next, name[128] = "", expected[160];
	unsigned int samples = 0;

	(void)state;
	assert_non_null(strstr(text, "\neftf_gw_tunnels_now 5\n"));
	assert_non_null(strstr(text, "# TYPE eftf_gw_tunnels_attached_total counter\n"));
	assert_null(strstr(text, "phone"));
	assert_null(strstr(text, "10.64.0.2"));
	assert_null(strstr(text, "10.64.0.5"));
	for (line = text; *line; line = next) {
		next = strchr(line, '\n');
		assert_non_null(next);
		*next++ = 0;
		if (sscanf(line, "# HELP %100s", name) == 1)
			continue;
		snprintf(expected, sizeof(expected), "# TYPE %s ", name);
		if (!strncmp(line, expected, strlen(expected)))
			continue;
		snprintf(expected, sizeof(expected), "%s{pool=\"", name);
		if (!strncmp(line, expected, strlen(expected)) && strstr(line, "\"} "))
			memmove(line + strlen(name), strstr(line, "\"} ") + 2, strlen(strstr(line, "\"} ") + 2) + 1);
		snprintf(expected, sizeof(expected), "%s ", name);
		if (strncmp(line, expected, strlen(expected)) ||
		    line[strspn(line + strlen(expected), "0123456789") + strlen(expected)])
			fail_msg("after the help of %s: %s", name, line);
		samples++;
	}
	assert_true(samples >= 20);
	free(text);
}

static void test_tunnels(void **state)
{
	json_t *all = ask("tunnels"), *list = json_object_get(all, "tunnels"), *one;
	unsigned int seen = 0;
	size_t i;

	(void)state;
	assert_int_equal(json_array_size(list), TUNNELS);
	json_array_foreach(list, i, one) {
		seen |= 1u << json_integer_value(json_object_get(one, "id"));
		if (json_integer_value(json_object_get(one, "id")) != 4)
			continue;
		assert_string_equal(json_string_value(json_object_get(one, "inner")), "10.64.0.5");
		assert_string_equal(json_string_value(json_object_get(one, "inner6")), "2001:db8:64::5");
		assert_string_equal(json_string_value(json_object_get(one, "outer")), "[2001:db8::1]:1000");
		assert_string_equal(json_string_value(json_object_get(one, "identity")), "id:phone-1");
		assert_int_equal(json_integer_value(json_object_get(one, "up_s")), 57);
	}
	assert_int_equal(seen, 0x3e);
	json_decref(all);
}

static void test_kick(void **state)
{
	static const struct {
		const char *who;
		unsigned int ended;
	} cases[] = {
		{ "10.64.0.3", 1 }, { "192.0.2.1", 2 }, { "192.0.2.1:1000", 2 }, { "192.0.2", 0 },
		{ "192.0.2.1:1001", 0 }, { "2001:db8::1", 1 }, { "[2001:db8::1]:1000", 1 },
		{ "[2001:db8::1]", 0 }, { "id:phone-0", 2 }, { "phone-0", 0 }, { "id:phone", 0 },
		{ "2001:db8::111", 0 }, { " ", 0 },
	};
	char request[EFTF_ASK_LINE];
	uint64_t kicked = 0;
	json_t *answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n_ended = 0;
		snprintf(request, sizeof(request), "kick %s", cases[i].who);
		answer = ask(request);
		if (n_ended != cases[i].ended ||
		    json_integer_value(json_object_get(answer, "ended")) != cases[i].ended)
			fail_msg("kick %s: expected %u ended, seen %u", cases[i].who, cases[i].ended, n_ended);
		json_decref(answer);
		kicked += n_ended;
	}
	assert_int_equal(gw.counts.kicked, kicked);
}

/* An address of IPv6 however it is written, and where a UE has a /64 any of it. */
static void test_kick6(void **state)
{
	static const struct {
		unsigned int each;
		const char *who;
		unsigned int ended;
	} cases[] = {
		{ 128, "2001:db8:64::5", 1 }, { 128, "2001:0DB8:64:0::5", 1 }, { 128, "2001:db8:64::6", 0 },
		{ 128, "2001:db8:64:5::5", 0 }, { 128, "2001:db8:64::4", 0 }, { 64, "2001:db8:64:5::ef7f", 1 },
		{ 64, "2001:db8:64:5::7", 1 }, { 64, "2001:db8:64:4::7", 0 }, { 64, "2001:db8:65:5::7", 0 },
		{ 64, "2001:db8:64::5", 0 }, { 64, "::", 0 },
	};
	char request[EFTF_ASK_LINE];

	(void)state;
	gw.conf.pool6.n = 1;
	inet_pton(AF_INET6, "2001:db8:64::", &gw.conf.pool6.p[0].base);
	gw.conf.pool6.p[0].plen = 48;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n_ended = 0;
		gw.conf.pool6_each = cases[i].each;
		snprintf(request, sizeof(request), "kick %s", cases[i].who);
		json_decref(ask(request));
		if (n_ended != cases[i].ended)
			fail_msg("/%u, kick %s: expected %u ended, seen %u", cases[i].each, cases[i].who, cases[i].ended, n_ended);
	}
}

static void test_drain(void **state)
{
	json_t *answer = ask("status");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(answer, "state")), "ready");
	json_decref(answer);
	answer = ask("drain 60");
	assert_int_equal(json_integer_value(json_object_get(answer, "tunnels")), TUNNELS);
	json_decref(answer);
	assert_int_equal(drained_over, 60);
	answer = ask("status");
	assert_string_equal(json_string_value(json_object_get(answer, "state")), "draining");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "gateway"), "draining")), 1);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "gateway"),
							    "drain_left_seconds")), 59);
	json_decref(answer);
}

static void test_nonsense(void **state)
{
	static const char *const requests[] = {
		"", "kick", "kick ", "STATUS", "status ", "statuss", "tunnels x", "\x1b[2J",
		"drain", "drain ", "drain -1", "drain x", "drain 1x", "drain 604801", "drain 99999999999999999999", "GET / HTTP/1.1\r",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		json_t *answer = ask(requests[i]);

		if (!json_object_get(answer, "error"))
			fail_msg("accepted: %s", requests[i]);
		json_decref(answer);
	}
	assert_int_equal(n_ended, 0);
}

static void test_identity(void **state)
{
	static const struct {
		const char *id;
		size_t len;
		const char *text;
	} cases[] = {
#define ID(id, text) { id, sizeof(id) - 1, text }
		ID("", "-"),
		ID("\1\2\0\0\0\0\x9", "id:01020000000009"),
		ID("\xff" "iaid\0\2\0\0\x7e\xd9" "phone-7", "id:phone-7"),
		ID("\xff" "iaid\0\2\0\0\x7e\xd9", "id:ff696169640002" "00007ed9"),
		ID("\xff" "iaid\0\2\0\0\x7e\xd9" "a b", "id:ff69616964000200007ed9612062"),
		ID("\xff" "iaid\0\2\0\0\x7e\xd9" "\x1b[2J", "id:ff69616964000200007ed91b5b324a"),
	};
	struct eftf_lease_request r = { .client_id_len = 255 };
	char text[EFTF_IDENTITY_TEXT];

	(void)state;
	eftf_identity_text(text, &r);
	assert_int_equal(strlen(text), EFTF_IDENTITY_TEXT - 1);	/* cut */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r.client_id_len = (uint8_t)cases[i].len;
		memcpy(r.client_id, cases[i].id, cases[i].len);
		eftf_identity_text(text, &r);
		assert_string_equal(text, cases[i].text);
	}
	r.has_cert = true;
	memset(r.cert, 0xc5, sizeof(r.cert));
	eftf_identity_text(text, &r);
	assert_string_equal(text, "cert:c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_pool, setup, teardown),
		cmocka_unit_test_setup_teardown(test_metrics, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tunnels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kick, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kick6, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test(test_identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
