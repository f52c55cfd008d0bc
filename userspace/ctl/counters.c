// SPDX-License-Identifier: GPL-2.0-or-later
/* What eftfctl shows of a tunnel's counters. */
#include <stdio.h>

#include "fields.h"
#include "nl.h"

static bool has(const void *obj, unsigned int attr)
{
	return ((const struct eftf_tunnel_info *)obj)->present >> attr & 1;
}

/* Every counter of a tunnel, by the name that it has in the output: those of all packets ... */
#define COUNTERS(C) \
	C("tx_packets", PLAIN, TX_PACKETS) \
	C("tx", BYTES, TX_BYTES) \
	C("tx_stream", BYTES, TX_STREAM_BYTES) \
	C("tx_records", PLAIN, TX_RECORDS) \
	C("tx_stalls", PLAIN, TX_STALLS) \
	C("tx_held", PLAIN, TX_HELD) \
	C("flight_probes", PLAIN, FLIGHT_PROBES) \
	C("flight_releases", PLAIN, FLIGHT_RELEASES) \
	C("rx_packets", PLAIN, RX_PACKETS) \
	C("rx", BYTES, RX_BYTES) \
	C("rx_stream", BYTES, RX_STREAM_BYTES) \
	C("rx_records", PLAIN, RX_RECORDS) \
	C("rx_unknown", PLAIN, RX_UNKNOWN) \
	C("key_updates_tx", PLAIN, KEY_UPDATES_TX) \
	C("key_updates_rx", PLAIN, KEY_UPDATES_RX) \
	C("keepalives_tx", PLAIN, KEEPALIVES_TX) \
	C("path_shrinks", PLAIN, PATH_SHRINKS)

/* ... and those of dropped packets, by cause. */
#define DROPS(D) \
	D("tx_full", TX_FULL) D("tx_age", TX_AGE) D("tx_codel", TX_CODEL) \
	D("tx_nomem", TX_NOMEM) D("tx_too_big", TX_TOO_BIG) D("tx_closed", TX_CLOSED) \
	D("rx_empty", RX_EMPTY) D("rx_version", RX_VERSION) D("rx_length", RX_LENGTH) \
	D("rx_source", RX_SOURCE) D("rx_dest", RX_DEST) D("rx_nomem", RX_NOMEM) \
	D("rx_backlog", RX_BACKLOG)

#define COUNTER_BIT(n, unit, s) | 1ull << EFTF_STAT_##s
#define DROP_BIT(n, s) | 1ull << EFTF_STAT_DROP_##s
_Static_assert((1ull << EFTF_STAT_UNSPEC | 1ull << EFTF_STAT_PAD COUNTERS(COUNTER_BIT) DROPS(DROP_BIT)) ==
	       (1ull << (EFTF_STAT_MAX + 1)) - 1, "every counter is shown");

static const struct drop {
	const char *name;
	enum eftf_stat stat;
} drops[] = {
#define ROW(n, s) {n, EFTF_STAT_DROP_##s},
	DROPS(ROW)
#undef ROW
};

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
#define STAT(n, unit, s) INFO(n, unit, eftf_out_u64, stats[EFTF_STAT_##s], STATS),
#define PERCENTILE(n, percent) {n, EFTF_OUT_US, get_percentile, percent, EFTF_A_SOJOURN}

static const struct eftf_out_field stats_fields[] = {
	INFO("dev", PLAIN, eftf_out_chars, ifname, IFNAME),
	INFO("ifindex", PLAIN, eftf_out_u32, ifindex, IFINDEX),
	INFO("id", PLAIN, eftf_out_u32, id, ID),
	COUNTERS(STAT)
	INFO("dropped", PLAIN, get_dropped, stats, STATS),
	INFO("drops", PLAIN, get_drops, stats, STATS),
	PERCENTILE("sojourn_p50_below", 50),
	PERCENTILE("sojourn_p90_below", 90),
	PERCENTILE("sojourn_p99_below", 99),
	INFO("sojourn", HISTOGRAM, get_histogram, sojourn, SOJOURN),
	{NULL, EFTF_OUT_PLAIN, NULL, 0, 0},
};

const struct eftf_out_table eftf_stats_table = {.fields = stats_fields, .has = has};
