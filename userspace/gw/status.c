/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "session.h"
#include "eftf_version.h"

struct snapshot {
	const struct eftf_gw *gw;
	struct eftf_pool_counts pool;
	struct eftf_workers_load load;
	double now;
};

/* ---- counters: one table for JSON and Prometheus ------------------------------- */

enum kind { GAUGE, COUNTER };

struct row {
	const char *group, *name;
	enum kind kind;
	const char *help;
	uint64_t (*get)(const struct snapshot *s);
};

static uint64_t drain_left(const struct snapshot *s)
{
	double left = eftf_gw_drain_left(s->gw);

	return left > 0 ? (uint64_t)left : 0;
}

static uint64_t with_ipv6(const struct eftf_gw *gw)
{
	uint64_t n = 0;

	for (uint32_t i = 0; gw->sessions && i <= gw->sessions_mask; i++)
		for (const struct eftf_session *s = gw->sessions[i]; s; s = s->next)
			n += s->has6;
	return n;
}

#define ROWS(R) \
	R(gateway, uptime_seconds, GAUGE, "Seconds since the start", (uint64_t)(s->now - s->gw->since)) \
	R(gateway, draining, GAUGE, "1 while tunnels are released by eftf-gw drain", s->gw->drain.on) \
	R(gateway, drain_left_seconds, GAUGE, "Seconds until the end of the drain", drain_left(s)) \
	R(tunnels, now, GAUGE, "Tunnels that run", s->gw->n_sessions) \
	R(tunnels, max, GAUGE, "Tunnels that may run, max_tunnels", s->gw->conf.max_tunnels) \
	R(tunnels, attached, COUNTER, "Tunnels made", s->gw->counts.attached) \
	R(tunnels, moved, COUNTER, "Tunnels that went on with a newer connection", s->gw->counts.moved) \
	R(tunnels, kicked, COUNTER, "Tunnels ended by the operator", s->gw->counts.kicked) \
	R(tunnels, elsewhere, COUNTER, "Tunnels ended as their UEs came to another gateway", s->gw->counts.elsewhere) \
	R(tunnels, drained, COUNTER, "Tunnels that ended after a drain had begun", s->gw->counts.drained) \
	R(connections, now, GAUGE, "Connections without a tunnel yet", s->load.conns) \
	R(connections, accepted, COUNTER, "Connections accepted", s->gw->counts.accepted) \
	R(connections, evicted, COUNTER, "Connections ended early by max_handshakes", s->gw->counts.evicted) \
	R(connections, refused_rate, COUNTER, "Connections refused by handshake_rate_per_source", s->gw->counts.refused_rate) \
	R(connections, refused_inside, COUNTER, "Connections from inside tunnels, refused", s->gw->counts.refused_inside) \
	R(connections, refused_source, COUNTER, "Connections refused by max_handshakes_per_source", s->gw->counts.refused_source) \
	R(connections, failed_tls, COUNTER, "Connections that failed before TLS was up", s->gw->counts.failed_tls) \
	R(connections, failed_dhcp, COUNTER, "Connections that failed before there was a lease", s->gw->counts.failed_dhcp) \
	R(packets, dropped_early, COUNTER, "Packets behind the acknowledged request, dropped", s->gw->counts.dropped_early) \
	R(packets, dropped_dhcp, COUNTER, "DHCP messages from inside tunnels beyond their rate", s->gw->counts.dropped_dhcp) \
	R(workers, now, GAUGE, "Worker processes", s->load.workers) \
	R(workers, lost, COUNTER, "Worker processes that died or hung", s->gw->counts.workers_lost) \
	R(workers, keys, GAUGE, "Tunnels whose next keys a worker can make", s->load.keys) \
	R(pool, size, GAUGE, "Addresses of the pool", s->pool.size) \
	R(pool, owned, GAUGE, "Addresses of tunnels", s->pool.owned) \
	R(pool, held, GAUGE, "Addresses held for UEs that may come back", s->pool.held) \
	R(pool, quarantined, GAUGE, "Addresses in quarantine", s->pool.quarantined) \
	R(pool, statics, GAUGE, "Addresses of certificates, static_addresses", s->pool.statics) \
	R(pool, evicted, COUNTER, "Addresses taken from hold or quarantine before their time", s->pool.evicted) \
	R(pool, refused_full, COUNTER, "Leases refused as no address was left", s->pool.refused_full) \
	R(pool, refused_source, COUNTER, "Leases refused by max_tunnels_per_source", s->pool.refused_source) \
	R(pool6, size, GAUGE, "Addresses of pool6 that go with those of the pool", s->gw->conf.pool6.n ? s->pool.size : 0) \
	R(pool6, owned, GAUGE, "Addresses of pool6 that tunnels have", with_ipv6(s->gw)) \
	R(tokens, good, COUNTER, "Resume tokens that were good", s->pool.tokens[EFTF_TOKEN_GOOD]) \
	R(tokens, unknown, COUNTER, "Resume tokens forged or of other keys", s->pool.tokens[EFTF_TOKEN_UNKNOWN]) \
	R(tokens, foreign, COUNTER, "Resume tokens of another pool", s->pool.tokens[EFTF_TOKEN_FOREIGN]) \
	R(tokens, stale, COUNTER, "Resume tokens given up or replaced", s->pool.tokens[EFTF_TOKEN_STALE]) \
	R(events, lost, COUNTER, "Times that events of the module were lost", s->gw->counts.lost_events)

#define GETTER(group, name, kind, help, value) \
	static uint64_t get_##group##_##name(const struct snapshot *s) { return value; }
ROWS(GETTER)

#define ROW(group, name, kind, help, value) { #group, #name, kind, help, get_##group##_##name },
static const struct row rows[] = { ROWS(ROW) };

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* The same of each pool; in Prometheus with its prefix as the label. */
#define EACH_ROWS(R) \
	R(each_pool, size, GAUGE, "Addresses of one pool", size) \
	R(each_pool, owned, GAUGE, "Addresses of one pool that tunnels have", owned)

static const struct each_row {
	const char *group, *name;
	enum kind kind;
	const char *help;
	size_t at;			/* of struct eftf_pool_use: an unsigned int */
} each_rows[] = {
#define EACH_ROW(group, name, kind, help, member) { #group, #name, kind, help, offsetof(struct eftf_pool_use, member) },
	EACH_ROWS(EACH_ROW)
};

#define N_EACH_ROWS (sizeof(each_rows) / sizeof(each_rows[0]))
#define PREFIX_TEXT (INET6_ADDRSTRLEN + 4)
#define METRIC_NAME 64

/* The i-th pool as the configuration has it. */
static const char *prefix_text(const struct eftf_gw_conf *conf, size_t i, char out[PREFIX_TEXT])
{
	const struct eftf_range *r = &conf->ranges.r[i];
	struct in_addr base = { htonl(r->base) };
	unsigned int plen = 32 - (unsigned int)__builtin_ctz(r->size);
	char addr[INET6_ADDRSTRLEN];

	if (conf->ipv6_only) {
		inet_ntop(AF_INET6, &conf->pool6.p[i].base, addr, sizeof(addr));
		plen = conf->pool6.p[i].plen;
	} else {
		inet_ntop(AF_INET, &base, addr, sizeof(addr));
	}
	snprintf(out, PREFIX_TEXT, "%s/%u", addr, plen);
	return out;
}

static unsigned int each_value(const struct each_row *row, const struct eftf_pool_use *use)
{
	return *(const unsigned int *)((const char *)use + row->at);
}

static struct snapshot take(const struct eftf_gw *gw, double now)
{
	struct snapshot s = { .gw = gw, .now = now };

	eftf_pool_count(gw->pool, &s.pool);
	eftf_workers_load(gw, &s.load);
	return s;
}

/* jansson's numbers are signed. */
static json_t *number(uint64_t v)
{
	return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

static json_t *each_pool(const struct snapshot *s)
{
	json_t *all = json_array();
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < s->gw->conf.ranges.n; i++) {
		json_t *one = json_object();

		json_object_set_new(one, "pool", json_string(prefix_text(&s->gw->conf, i, text)));
		for (size_t k = 0; k < N_EACH_ROWS; k++)
			json_object_set_new(one, each_rows[k].name,
					    number(each_value(&each_rows[k], &s->pool.each[i])));
		json_array_append_new(all, one);
	}
	return all;
}

static json_t *status(const struct eftf_gw *gw, double now)
{
	struct snapshot s = take(gw, now);
	json_t *all = json_object(), *group = NULL;

	json_object_set_new(all, "version", json_string(EFTF_VERSION));
	json_object_set_new(all, "device", json_string(gw->conf.device));
	json_object_set_new(all, "state", json_string(eftf_status_word(gw)));
	for (size_t i = 0; i < N_ROWS; i++) {
		if (!i || strcmp(rows[i].group, rows[i - 1].group)) {
			group = json_object();
			json_object_set_new(all, rows[i].group, group);
		}
		json_object_set_new(group, rows[i].name, number(rows[i].get(&s)));
	}
	json_object_set_new(all, "pools", each_pool(&s));
	return all;
}

/* The head of a metric; its name goes to name. */
static void put_head(FILE *f, char name[METRIC_NAME], const char *group, const char *what, enum kind kind,
		     const char *help)
{
	snprintf(name, METRIC_NAME, "eftf_gw_%s_%s%s", group, what, kind == COUNTER ? "_total" : "");
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind == COUNTER ? "counter" : "gauge");
}

static void each_pool_metrics(const struct snapshot *s, FILE *f)
{
	char name[METRIC_NAME], text[PREFIX_TEXT];

	for (size_t k = 0; k < N_EACH_ROWS; k++) {
		const struct each_row *row = &each_rows[k];

		put_head(f, name, row->group, row->name, row->kind, row->help);
		for (size_t i = 0; i < s->gw->conf.ranges.n; i++)
			fprintf(f, "%s{pool=\"%s\"} %u\n", name, prefix_text(&s->gw->conf, i, text),
				each_value(row, &s->pool.each[i]));
	}
}

char *eftf_status_metrics(const struct eftf_gw *gw, double now)
{
	struct snapshot s = take(gw, now);
	char name[METRIC_NAME], *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < N_ROWS; i++) {
		put_head(f, name, rows[i].group, rows[i].name, rows[i].kind, rows[i].help);
		fprintf(f, "%s %llu\n", name, (unsigned long long)rows[i].get(&s));
	}
	each_pool_metrics(&s, f);
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

/* ---- tunnels ------------------------------------------------------------------ */

typedef void session_fn(struct eftf_gw *gw, struct eftf_session *s, void *arg);

static void each_session(struct eftf_gw *gw, session_fn *fn, void *arg)
{
	for (uint32_t i = 0; gw->sessions && i <= gw->sessions_mask; i++)
		for (struct eftf_session *s = gw->sessions[i]; s; s = s->next)
			fn(gw, s, arg);
}

struct listing {
	json_t *array;
	double now;
};

static void list_one(struct eftf_gw *gw, struct eftf_session *s, void *arg)
{
	char outer[EFTF_ADDR_TEXT], inner[INET_ADDRSTRLEN], inner6[INET6_ADDRSTRLEN];
	struct listing *l = arg;
	json_t *one = json_object();

	(void)gw;
	eftf_addr_text(outer, &s->outer);
	inet_ntop(AF_INET, &s->inner, inner, sizeof(inner));
	json_object_set_new(one, "id", number(s->id));
	inet_ntop(AF_INET6, &s->inner6, inner6, sizeof(inner6));
	json_object_set_new(one, "inner", json_string(s->has4 ? inner : ""));
	json_object_set_new(one, "inner6", json_string(s->has6 ? inner6 : ""));
	json_object_set_new(one, "outer", json_string(outer));
	json_object_set_new(one, "identity", json_string(s->identity));
	json_object_set_new(one, "up_s", number((uint64_t)(l->now - s->since)));
	json_object_set_new(one, "keepalive_s", number(eftf_session_keepalive(s)));
	json_array_append_new(l->array, one);
}

static json_t *tunnels(struct eftf_gw *gw, double now)
{
	struct listing l = { json_array(), now };
	json_t *all = json_object();

	each_session(gw, list_one, &l);
	json_object_set_new(all, "device", json_string(gw->conf.device));
	json_object_set_new(all, "tunnels", l.array);
	return all;
}

/* ---- kick --------------------------------------------------------------------- */

struct kick {
	const char *who;
	unsigned int ended;
};

/* The UE's address of IPv6, or any of its /64. */
static bool is_inner6(const struct eftf_gw *gw, const struct eftf_session *s, const char *who)
{
	struct in6_addr addr;

	return s->has6 && inet_pton(AF_INET6, who, &addr) == 1 &&
		eftf_gw_inner4(&gw->conf, &addr).s_addr == s->inner.s_addr;
}

static bool is_meant(const struct eftf_gw *gw, const struct eftf_session *s, const char *who)
{
	char outer[EFTF_ADDR_TEXT], inner[INET_ADDRSTRLEN], *colon;

	if (!strcmp(s->identity, who))
		return true;
	inet_ntop(AF_INET, &s->inner, inner, sizeof(inner));
	eftf_addr_text(outer, &s->outer);
	if ((s->has4 && !strcmp(inner, who)) || is_inner6(gw, s, who) || !strcmp(outer, who))
		return true;
	/* the outer address without its port */
	colon = strrchr(outer, ':');
	*colon = 0;
	if (outer[0] != '[')
		return !strcmp(outer, who);
	colon[-1] = 0;
	return !strcmp(outer + 1, who);
}

static void kick_one(struct eftf_gw *gw, struct eftf_session *s, void *arg)
{
	struct kick *k = arg;

	if (!is_meant(gw, s, k->who))
		return;
	eftf_session_end(gw, s);
	k->ended++;
}

static json_t *kick(struct eftf_gw *gw, const char *who)
{
	struct kick k = { .who = who };
	json_t *answer = json_object();

	each_session(gw, kick_one, &k);
	gw->counts.kicked += k.ended;
	json_object_set_new(answer, "ended", number(k.ended));
	return answer;
}

/* ---- drain -------------------------------------------------------------------- */

static json_t *drain(struct eftf_gw *gw, const char *over)
{
	json_t *answer = json_object();
	char *end;
	unsigned long seconds = strtoul(over, &end, 10);

	if (*over < '0' || *over > '9' || *end || seconds > EFTF_GW_DRAIN_MAX_S) {
		json_object_set_new(answer, "error", json_string("drain: that is no number of seconds, or more than a week"));
		return answer;
	}
	eftf_gw_drain(gw, (unsigned int)seconds);
	json_object_set_new(answer, "tunnels", number(gw->n_sessions));
	return answer;
}

const char *eftf_status_word(const struct eftf_gw *gw)
{
	return gw->drain.on ? "draining" : "ready";
}

char *eftf_status_answer(struct eftf_gw *gw, const char *request, double now)
{
	json_t *answer;
	char *text;

	if (!strcmp(request, "status")) {
		answer = status(gw, now);
	} else if (!strcmp(request, "tunnels")) {
		answer = tunnels(gw, now);
	} else if (!strncmp(request, "kick ", 5) && request[5]) {
		answer = kick(gw, request + 5);
	} else if (!strncmp(request, "drain ", 6)) {
		answer = drain(gw, request + 6);
	} else {
		answer = json_object();
		json_object_set_new(answer, "error", json_string("unknown request: known are status, tunnels, kick WHO and drain SECONDS"));
	}
	text = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	return text;
}
