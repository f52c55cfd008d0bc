// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ctl/output.c ctl/fields.c ctl/counters.c lib/nl_parse.c lib/nl_attr.c lib/alert.c lib/addr.c lib/reason.c */
/* libs: -lmnl -ljansson */
/* What eftfctl prints of a netlink message, as text and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "ctl/fields.h"
#include "nl_build.h"
#include "nl_sock.h"

static struct eftf_tunnel_info info;
static char *text;
static size_t text_len;

static int setup(void **state)
{
	_Alignas(8) char buf[2048];

	(void)state;
	return eftf_nl_tunnel_parse(nl_build_tunnel(buf, EFTF_CMD_EVENT_DOWN, 42), &info);
}

static int teardown(void **state)
{
	(void)state;
	free(text);
	text = NULL;
	return 0;
}

static const char *block(const struct eftf_out_table *table, const void *obj)
{
	FILE *to;

	free(text);
	text = NULL;
	to = open_memstream(&text, &text_len);
	assert_non_null(to);
	eftf_out_block(to, table, obj);
	fclose(to);
	return text;
}

static void has_line(const char *label, const char *value)
{
	char line[160];

	snprintf(line, sizeof(line), "%-20s%s\n", label, value);
	if (!strstr(text, line))
		fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void test_tunnel_text(void **state)
{
	(void)state;
	block(&eftf_tunnel_table, &info);
	has_line("dev", "eftf0");
	has_line("id", "42");
	has_line("role", "gw");
	has_line("inner4", "10.1.2.3");
	has_line("inner6", "2001:db8:1::/64");
	has_line("gateway6", "2001:db8::1");
	has_line("outer local", "192.0.2.1:40000");
	has_line("outer peer", "[2001:db8::443]:443");
	has_line("tls", "TLS 1.3");
	has_line("cipher", "AES-128-GCM");
	has_line("keepalive", "110 s");
	has_line("timeout", "off");
	has_line("persistent", "on");
	has_line("uptime", "1 h 02 min");
	has_line("rx age", "450 ms");
	has_line("tx age", "12.3 s");
	has_line("srtt", "1.5 ms");
	has_line("unsent", "5000 B (4.8 KiB)");
	has_line("unacked", "2000 B (1.9 KiB)");
	has_line("retransmits", "2");
	has_line("path mtu", "1280");
	has_line("key records tx", "1099511627776");
	has_line("key updates tx", "1026");
	has_line("key updates rx", "1027");
	has_line("transport", "4");
	has_line("update requested", "yes");
	has_line("record limit", "the cipher's own");
	has_line("reason", "alert");
	has_line("reason text", "the peer sent a TLS alert");
	has_line("alert", "bad_record_mac");
	has_line("error", "Connection reset by peer");
	has_line("direction", "rx");
	has_line("ticket", "5 B");
}

static void test_tunnel_json(void **state)
{
	json_t *o = eftf_out_json(&eftf_tunnel_table, &info);

	(void)state;
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "dev")), "eftf0");
	assert_int_equal(json_integer_value(json_object_get(o, "id")), 42);
	assert_int_equal(json_integer_value(json_object_get(o, "keepalive_s")), 110);
	assert_int_equal(json_integer_value(json_object_get(o, "uptime_ms")), 3723004);
	assert_int_equal(json_integer_value(json_object_get(o, "srtt_us")), 1530);
	assert_int_equal(json_integer_value(json_object_get(o, "unsent_bytes")), 5000);
	assert_true(json_is_true(json_object_get(o, "persistent")));
	assert_string_equal(json_string_value(json_object_get(o, "tls")), "TLS 1.3");
	assert_int_equal(json_integer_value(json_object_get(o, "alert_number")), 20);
	assert_int_equal(json_integer_value(json_object_get(o, "errno")), 104);
	json_decref(o);
}

static size_t count_lines(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

/* Whatever is missing in the message is missing in both. */
static void test_presence(void **state)
{
	unsigned int attr;

	(void)state;
	for (attr = 1; attr <= EFTF_A_MAX; attr++) {
		uint64_t all = info.present;
		json_t *o;

		info.present &= ~(1ull << attr);
		o = eftf_out_json(&eftf_tunnel_table, &info);
		assert_int_equal(count_lines(block(&eftf_tunnel_table, &info)), json_object_size(o));
		json_decref(o);
		info.present = all;
	}
	info.present = 0;
	assert_string_equal(block(&eftf_tunnel_table, &info), "");
}

/* Every attribute of the ABI that a tunnel has is shown somewhere. */
static void test_complete(void **state)
{
	unsigned int attr;

	(void)state;
	for (attr = EFTF_A_IFINDEX; attr <= EFTF_A_MAX; attr++) {
		const struct eftf_out_field *f;
		bool shown = attr == EFTF_A_FD || attr == EFTF_A_NEGOTIATED ||
			attr == EFTF_A_INNER6_PLEN || attr == EFTF_A_REASON_NAME ||
			attr == EFTF_A_KEY_TX || attr == EFTF_A_KEY_RX;

		for (f = eftf_tunnel_table.fields; f->name; f++)
			shown |= f->attr == attr;
		for (f = eftf_stats_table.fields; f->name; f++)
			shown |= f->attr == attr;
		if (!shown)
			fail_msg("attribute %u is not shown", attr);
	}
}

static void test_unknown_words(void **state)
{
	(void)state;
	info.tls_version = 0x0305;
	info.tls_cipher = 99;
	info.present &= ~(1ull << EFTF_A_REASON_NAME);
	info.reason = 200;
	info.alert = 250;
	block(&eftf_tunnel_table, &info);
	has_line("tls", "version 773");
	has_line("cipher", "cipher 99");
	has_line("reason", "reason 200");
	has_line("alert", "unassigned");
}

/* Control characters and broken UTF-8 reach neither a terminal nor JSON. */
static void test_hostile_strings(void **state)
{
	json_t *o;

	(void)state;
	snprintf(info.ifname, sizeof(info.ifname), "a\033[2J\n\377b");
	o = eftf_out_json(&eftf_tunnel_table, &info);
	assert_string_equal(json_string_value(json_object_get(o, "dev")), "a?[2J??b");
	json_decref(o);
	snprintf(info.ifname, sizeof(info.ifname), "gr\303\274n");
	o = eftf_out_json(&eftf_tunnel_table, &info);
	assert_string_equal(json_string_value(json_object_get(o, "dev")), "gr\303\274n");
	json_decref(o);
	block(&eftf_tunnel_table, &info);
	has_line("dev", "gr\303\274n");
}

static void test_stats(void **state)
{
	json_t *o = eftf_out_json(&eftf_stats_table, &info), *drops, *sojourn, *value;
	json_int_t sum = 0;
	const char *key;
	unsigned int i;

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(o, "tx_packets")),
			 1000 + EFTF_STAT_TX_PACKETS);
	assert_int_equal(json_integer_value(json_object_get(o, "rx_stream_bytes")),
			 1000 + EFTF_STAT_RX_STREAM_BYTES);
	drops = json_object_get(o, "drops");
	assert_int_equal(json_object_size(drops), EFTF_STAT_DROP_RX_BACKLOG - EFTF_STAT_DROP_TX_FULL + 1);
	json_object_foreach(drops, key, value)
		sum += json_integer_value(value);
	assert_int_equal(sum, json_integer_value(json_object_get(o, "dropped")));
	assert_int_equal(json_integer_value(json_object_get(drops, "rx_source")),
			 1000 + EFTF_STAT_DROP_RX_SOURCE);
	sojourn = json_object_get(o, "sojourn");
	assert_int_equal(json_array_size(sojourn), EFTF_SOJOURN_BUCKETS);
	for (i = 0; i < EFTF_SOJOURN_BUCKETS; i++) {
		value = json_array_get(sojourn, i);
		assert_int_equal(json_integer_value(json_object_get(value, "packets")), i * 10);
		if (i + 1 < EFTF_SOJOURN_BUCKETS)
			assert_int_equal(json_integer_value(json_object_get(value, "below_us")),
					 1 << (i + 6));
		else
			assert_true(json_is_null(json_object_get(value, "below_us")));
	}
	json_decref(o);
	block(&eftf_stats_table, &info);
	has_line("tx packets", "1002");
	has_line("sojourn p99 below", "no bound");
	has_line("  rx source", "1022");
	assert_non_null(strstr(text, "  longer                     150  ####"));
	assert_non_null(strstr(text, "  < 128 us                    10  ###\n"));
}

static void test_percentile(void **state)
{
	uint64_t b[EFTF_SOJOURN_BUCKETS] = {0};

	(void)state;
	assert_int_equal(eftf_sojourn_percentile(b, 50), 0);
	b[2] = 1;
	assert_int_equal(eftf_sojourn_percentile(b, 50), 256);
	assert_int_equal(eftf_sojourn_percentile(b, 99), 256);
	b[2] = 98;
	b[5] = 1;
	b[15] = 1;
	assert_int_equal(eftf_sojourn_percentile(b, 98), 256);
	assert_int_equal(eftf_sojourn_percentile(b, 99), 2048);
	assert_true(eftf_sojourn_percentile(b, 100) == UINT64_MAX);
	b[2] = b[5] = b[15] = 0;
	b[0] = UINT64_MAX;
	b[1] = UINT64_MAX;		/* the sum does not fit 64 bits */
	assert_int_equal(eftf_sojourn_percentile(b, 50), 64);
	assert_int_equal(eftf_sojourn_percentile(b, 99), 128);
}

static void test_link(void **state)
{
	struct eftf_link_info link = {.ifindex = 3, .mtu = 1400, .name = "eftf0", .up = true,
				      .role = EFTF_ROLE_UE, .rx_bytes = 3ull << 40};
	json_t *o = eftf_out_json(&eftf_link_table, &link);

	(void)state;
	assert_int_equal(count_lines(block(&eftf_link_table, &link)), json_object_size(o));
	has_line("dev", "eftf0");
	has_line("up", "yes");
	has_line("carrier", "no");
	has_line("ue to ue", "off");
	has_line("key update", "no");
	has_line("rx", "3298534883328 B (3.0 TiB)");
	assert_int_equal(json_integer_value(json_object_get(o, "rx_bytes")), 3ull << 40);
	assert_true(json_is_false(json_object_get(o, "ue_to_ue")));
	json_decref(o);
}

static void test_big_numbers(void **state)
{
	json_t *n = eftf_out_number(UINT64_MAX);

	(void)state;
	assert_true(json_integer_value(n) == INT64_MAX);
	json_decref(n);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_tunnel_text), TEST(test_tunnel_json), TEST(test_presence),
		TEST(test_complete), TEST(test_unknown_words), TEST(test_hostile_strings),
		TEST(test_stats), TEST(test_percentile), TEST(test_link), TEST(test_big_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
