// SPDX-License-Identifier: GPL-2.0-or-later
/* What eftfctl shows of a tunnel's counters. */
#include <stdio.h>

#include "fields.h"
#include "nl.h"

static bool has(const void *obj, unsigned int attr)
{
	return ((const struct eftf_tunnel_info *)obj)->present >> attr & 1;
}

static const struct drop {
	const char *name;
	enum eftf_stat stat;
} drops[] = {
	{"tx_full", EFTF_STAT_DROP_TX_FULL}, {"tx_age", EFTF_STAT_DROP_TX_AGE},
	{"tx_codel", EFTF_STAT_DROP_TX_CODEL}, {"tx_nomem", EFTF_STAT_DROP_TX_NOMEM},
	{"tx_too_big", EFTF_STAT_DROP_TX_TOO_BIG}, {"tx_closed", EFTF_STAT_DROP_TX_CLOSED},
	{"rx_empty", EFTF_STAT_DROP_RX_EMPTY}, {"rx_version", EFTF_STAT_DROP_RX_VERSION},
	{"rx_length", EFTF_STAT_DROP_RX_LENGTH}, {"rx_source", EFTF_STAT_DROP_RX_SOURCE},
	{"rx_dest", EFTF_STAT_DROP_RX_DEST}, {"rx_nomem", EFTF_STAT_DROP_RX_NOMEM},
	{"rx_backlog", EFTF_STAT_DROP_RX_BACKLOG},
};

_Static_assert(sizeof(drops) / sizeof(drops[0]) ==
	       EFTF_STAT_DROP_RX_BACKLOG - EFTF_STAT_DROP_TX_FULL + 1, "every cause of a drop has its name");

#define N_DROPS (sizeof(drops) / sizeof(drops[0]))

static json_t *get_dropped(const void *obj, const struct eftf_out_field *f)
{
	const struct eftf_tunnel_info *info = obj;
	uint64_t sum = 0;
	size_t i;

	(void)f;
	for (i = 0; i < N_DROPS; i++)
		sum += info->stats[drops[i].stat];
	return eftf_out_number(sum);
}

static json_t *get_drops(const void *obj, const struct eftf_out_field *f)
{
	const struct eftf_tunnel_info *info = obj;
	json_t *object = json_object();
	size_t i;

	(void)f;
	for (i = 0; object && i < N_DROPS; i++)
		json_object_set_new(object, drops[i].name,
				    eftf_out_number(info->stats[drops[i].stat]));
	return object;
}

/* ---- time in the queue --------------------------------------------------- */

/* Bucket i counts packets that waited less than this; the last takes the rest too. */
static uint64_t bucket_bound(unsigned int i)
{
	return i + 1 < EFTF_SOJOURN_BUCKETS ? 1ull << (i + 6) : UINT64_MAX;
}

uint64_t eftf_sojourn_percentile(const uint64_t *buckets, unsigned int percent)
{
	long double total = 0, seen = 0;
	unsigned int i;

	for (i = 0; i < EFTF_SOJOURN_BUCKETS; i++)
		total += (long double)buckets[i];
	if (total <= 0)
		return 0;
	for (i = 0; i + 1 < EFTF_SOJOURN_BUCKETS; i++) {
		seen += (long double)buckets[i];
		if (seen * 100 >= total * percent)
			break;
	}
	return bucket_bound(i);
}

/* offset is the percentage here. Nothing if no packet waited; null if there is no bound. */
static json_t *get_percentile(const void *obj, const struct eftf_out_field *f)
{
	const struct eftf_tunnel_info *info = obj;
	uint64_t us = eftf_sojourn_percentile(info->sojourn, (unsigned int)f->offset);

	if (!us)
		return NULL;
	return us == UINT64_MAX ? json_null() : eftf_out_number(us);
}

static json_t *get_histogram(const void *obj, const struct eftf_out_field *f)
{
	const struct eftf_tunnel_info *info = obj;
	json_t *array = json_array();
	unsigned int i;

	(void)f;
	for (i = 0; array && i < EFTF_SOJOURN_BUCKETS; i++) {
		uint64_t bound = bucket_bound(i);

		json_array_append_new(array, json_pack("{s:o, s:o}",
			"below_us", bound == UINT64_MAX ? json_null() : eftf_out_number(bound),
			"packets", eftf_out_number(info->sojourn[i])));
	}
	return array;
}

#define INFO(n, unit, get, m, a) \
	{n, EFTF_OUT_##unit, get, offsetof(struct eftf_tunnel_info, m), EFTF_A_##a}
#define STAT(n, unit, s) INFO(n, unit, eftf_out_u64, stats[EFTF_STAT_##s], STATS)
#define PERCENTILE(n, percent) {n, EFTF_OUT_US, get_percentile, percent, EFTF_A_SOJOURN}

static const struct eftf_out_field stats_fields[] = {
	INFO("dev", PLAIN, eftf_out_chars, ifname, IFNAME),
	INFO("ifindex", PLAIN, eftf_out_u32, ifindex, IFINDEX),
	INFO("id", PLAIN, eftf_out_u32, id, ID),
	STAT("tx_packets", PLAIN, TX_PACKETS),
	STAT("tx", BYTES, TX_BYTES),
	STAT("tx_stream", BYTES, TX_STREAM_BYTES),
	STAT("tx_records", PLAIN, TX_RECORDS),
	STAT("tx_stalls", PLAIN, TX_STALLS),
	STAT("rx_packets", PLAIN, RX_PACKETS),
	STAT("rx", BYTES, RX_BYTES),
	STAT("rx_stream", BYTES, RX_STREAM_BYTES),
	STAT("rx_records", PLAIN, RX_RECORDS),
	STAT("rx_unknown", PLAIN, RX_UNKNOWN),
	STAT("key_updates_tx", PLAIN, KEY_UPDATES_TX),
	STAT("key_updates_rx", PLAIN, KEY_UPDATES_RX),
	STAT("keepalives_tx", PLAIN, KEEPALIVES_TX),
	INFO("dropped", PLAIN, get_dropped, stats, STATS),
	INFO("drops", PLAIN, get_drops, stats, STATS),
	PERCENTILE("sojourn_p50_below", 50),
	PERCENTILE("sojourn_p90_below", 90),
	PERCENTILE("sojourn_p99_below", 99),
	INFO("sojourn", HISTOGRAM, get_histogram, sojourn, SOJOURN),
	{NULL, EFTF_OUT_PLAIN, NULL, 0, 0},
};

_Static_assert(EFTF_STAT_TX_STALLS + 1 == EFTF_STAT_DROP_TX_FULL &&
	       EFTF_STAT_KEY_UPDATES_RX == EFTF_STAT_MAX,
	       "a counter was added: it needs its row here");

const struct eftf_out_table eftf_stats_table = {.fields = stats_fields, .has = has};
