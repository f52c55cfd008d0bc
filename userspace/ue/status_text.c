// SPDX-License-Identifier: GPL-2.0-or-later
#include "status.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "addr.h"
#include "clock.h"
#include "log.h"
#include "reason.h"
#include "report.h"
#include "ue.h"
#include "verdict.h"
#include "eftf_version.h"

static const char *const doings[] = {
	[EFTF_DOING_START] = "starting",
	[EFTF_DOING_PROBES] = "probing",
	[EFTF_DOING_CONNECT] = "connecting",
	[EFTF_DOING_PAUSE] = "waiting",
	[EFTF_DOING_DIRECT] = "direct",
	[EFTF_DOING_OFF] = "off",
	[EFTF_DOING_STOP] = "stopping",
};

static const char *state(const struct eftf_ue *ue)
{
	return ue->tunnel.id ? "up" : doings[ue->status.doing];
}

static bool is_pause(const struct eftf_ue *ue)
{
	return !ue->tunnel.id && (ue->status.doing == EFTF_DOING_PAUSE ||
				  ue->status.doing == EFTF_DOING_DIRECT);
}

static uint64_t left_s(uint64_t until)
{
	uint64_t now = eftf_now_ms();

	return until > now ? (until - now + 999) / 1000 : 0;
}

static uint64_t since_s(uint64_t then)
{
	return (eftf_now_ms() - then) / 1000;
}

void eftf_status_line(const struct eftf_ue *ue, char out[EFTF_STATUS_LINE_TEXT])
{
	const struct in6_addr *six = &ue->tunnel.six.lease.address;
	char address[INET_ADDRSTRLEN] = "", address6[INET6_ADDRSTRLEN] = "";

	if (ue->lease.address.s_addr)
		inet_ntop(AF_INET, &ue->lease.address, address, sizeof(address));
	if (!IN6_IS_ADDR_UNSPECIFIED(six))
		inet_ntop(AF_INET6, six, address6, sizeof(address6));
	if (ue->tunnel.id)
		snprintf(out, EFTF_STATUS_LINE_TEXT, "up: %s%s%s via %s", address,
			 address[0] && address6[0] ? ", " : "", address6, ue->tunnel.device.name);
	else
		snprintf(out, EFTF_STATUS_LINE_TEXT, "%s%s%s", state(ue),
			 ue->status.judged_at ? ", verdict: " : "",
			 ue->status.judged_at ? eftf_verdict_name(ue->detect.verdict) : "");
}

static void addr_item(char *out, size_t size, size_t i, const void *arg)
{
	const struct in_addr *addr = arg;

	inet_ntop(AF_INET, &addr[i], out, (socklen_t)size);
}

static void route_item(char *out, size_t size, size_t i, const void *arg)
{
	const struct eftf_routes *routes = arg;
	char text[INET_ADDRSTRLEN] = "?";

	inet_ntop(AF_INET, &routes->prefix[i].addr, text, sizeof(text));
	snprintf(out, size, "%s/%u", text, routes->prefix[i].plen);
}

static void addr6_item(char *out, size_t size, size_t i, const void *arg)
{
	const struct in6_addr *addr = arg;

	inet_ntop(AF_INET6, &addr[i], out, (socklen_t)size);
}

static void route6_item(char *out, size_t size, size_t i, const void *arg)
{
	const struct eftf_routes6 *routes = arg;
	char text[EFTF_PREFIX6_TEXT];

	snprintf(out, size, "%s", eftf_prefix6_text(text, &routes->prefix[i]));
}

static void conflict_item(char *out, size_t size, size_t i, const void *arg)
{
	const struct eftf_offer *offer = arg;
	char text[EFTF_CONFLICT_TEXT];

	eftf_conflict_text(&offer->conflict[i], text);
	snprintf(out, size, "%s", text);
}

static void conflict6_item(char *out, size_t size, size_t i, const void *arg)
{
	const struct eftf_conflicts6 *conflicts = arg;

	snprintf(out, size, "%s", conflicts->text[i]);
}

static void event_item(char *out, size_t size, size_t i, const void *arg)
{
	const struct eftf_log_line *line = (const struct eftf_log_line *)arg + i;
	time_t at = (time_t)(line->at / 1000);
	char when[32] = "?";
	struct tm tm;

	if (gmtime_r(&at, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(out, size, "%s %s: %s", when, eftf_log_levels[line->level], line->text);
}

static void put_addr(struct eftf_report *r, const char *name, struct in_addr addr)
{
	char text[INET_ADDRSTRLEN];

	eftf_report_text(r, name, addr.s_addr && inet_ntop(AF_INET, &addr, text, sizeof(text)) ?
			 text : NULL);
}

static void put_addr6(struct eftf_report *r, const char *name, const struct in6_addr *addr)
{
	char text[INET6_ADDRSTRLEN];

	eftf_report_text(r, name, !IN6_IS_ADDR_UNSPECIFIED(addr) &&
			 inet_ntop(AF_INET6, addr, text, sizeof(text)) ? text : NULL);
}

static void put_prefix6(struct eftf_report *r, const char *name, const struct eftf_prefix6 *p)
{
	char text[EFTF_PREFIX6_TEXT];

	eftf_report_text(r, name, p->plen ? eftf_prefix6_text(text, p) : NULL);
}

static void put_program(struct eftf_report *r, const struct eftf_ue *ue)
{
	eftf_report_text(r, "version", EFTF_VERSION);
	eftf_report_number(r, "pid", (uint64_t)getpid());
	eftf_report_text(r, "device", ue->conf.device);
	eftf_report_text(r, "state", state(ue));
	if (is_pause(ue))
		eftf_report_number(r, "next_try_s", left_s(ue->status.next_at));
	else
		eftf_report_text(r, "next_try_s", NULL);
}

static void put_verdict(struct eftf_report *r, const struct eftf_ue *ue)
{
	char *text, *json;

	if (!ue->status.judged_at)
		return;
	text = eftf_verdict_text(&ue->detect);
	json = eftf_verdict_json(&ue->detect);
	eftf_report_group(r, "detection");
	eftf_report_raw(r, "verdict", text, json);
	eftf_report_number(r, "age_s", since_s(ue->status.judged_at));
	free(text);
	free(json);
}

static void put_way(struct eftf_report *r, const struct eftf_ue *ue)
{
	const struct eftf_way *way = &ue->tunnel.way;
	char text[EFTF_ADDR_TEXT], link[IF_NAMESIZE];
	const char *proxy = NULL;

	/* of the environment's it is not known whether a password is in it */
	if (ue->detect.via_proxy)
		proxy = ue->conf.proxy_url && strcmp(ue->conf.proxy_url, "env") ? ue->conf.proxy_url :
			"of the environment";
	eftf_report_group(r, "outer");
	eftf_report_text(r, "eftf", ue->conf.address.host);
	eftf_report_number(r, "port", ue->conf.port);
	eftf_report_text(r, "proxy", proxy);
	if (!ue->tunnel.id)
		return;
	eftf_addr_text(text, &way->peer);
	eftf_report_text(r, "peer", text);
	eftf_addr_text(text, &way->local);
	eftf_report_text(r, "local", text);
	eftf_report_text(r, "link", if_indextoname(way->hop.ifindex, link));
	eftf_report_text(r, "way", way->lost ? "lost" : way->foreign ? "by rules" : "direct");
}

static void put_tunnel(struct eftf_report *r, struct eftf_ue *ue)
{
	struct eftf_tunnel *t = &ue->tunnel;
	struct eftf_tunnel_info info;

	eftf_report_group(r, "tunnel");
	if (!t->id) {
		eftf_report_text(r, "end", t->down_since ? eftf_reason_word(t->down_reason) : NULL);
		return;
	}
	eftf_report_number(r, "id", t->id);
	eftf_report_number(r, "up_s", since_s(t->up_since));
	eftf_report_number(r, "keepalive_s", eftf_tunnel_keepalive(&ue->conf, &ue->lease));
	eftf_report_number(r, "timeout_s", t->timeout);
	if (!eftf_tunnel_look(t, &info))
		return;
	eftf_report_number(r, "in_bytes", info.stats[EFTF_STAT_RX_BYTES]);
	eftf_report_number(r, "out_bytes", info.stats[EFTF_STAT_TX_BYTES]);
	eftf_report_number(r, "heard_ms", info.rx_age);
	eftf_report_number(r, "sent_ms", info.tx_age);
}

static void put_lease(struct eftf_report *r, const char *group, const struct eftf_renewal *renewal,
		      uint32_t seconds, bool configured)
{
	eftf_report_group(r, group);
	eftf_report_text(r, "by", configured ? "configuration" : "DHCP");
	if (renewal->expires_at == UINT64_MAX)
		return;
	eftf_report_number(r, "seconds", seconds);
	eftf_report_number(r, "left_s", left_s(renewal->expires_at));
	eftf_report_number(r, "renewal_s", left_s(renewal->start_at));
}

static void put_inner(struct eftf_report *r, const struct eftf_ue *ue)
{
	const struct eftf_lease4 *l = &ue->lease;
	const struct eftf_device *dev = &ue->tunnel.device;

	eftf_report_group(r, "inner");
	put_addr(r, "address", l->address);
	put_addr(r, "gateway", eftf_lease4_gateway(l));
	eftf_report_number(r, "mtu", dev->mtu);
	eftf_report_list(r, "dns", l->n_dns, addr_item, l->dns);
	eftf_report_list(r, "pcscf", l->n_sip, addr_item, l->sip);
	eftf_report_text(r, "pcscf_name", l->sip_name[0] ? l->sip_name : NULL);
	eftf_report_list(r, "routes", dev->routes.n, route_item, &dev->routes);
	eftf_report_list(r, "conflicts", ue->tunnel.offer.n, conflict_item, &ue->tunnel.offer);
	if (l->address.s_addr)
		put_lease(r, "lease", &ue->renewal, l->seconds,
			  eftf_ue_conf_is_static(&ue->conf));
}

static void put_inner6(struct eftf_report *r, const struct eftf_ue *ue)
{
	const struct eftf_lease6 *l = &ue->tunnel.six.lease;

	eftf_report_group(r, "inner6");
	put_addr6(r, "address", &l->address);
	put_prefix6(r, "prefix", &ue->tunnel.routes6.own);
	put_addr6(r, "gateway", &l->unicast);
	eftf_report_list(r, "dns", l->n_dns, addr6_item, l->dns);
	eftf_report_list(r, "pcscf", l->n_sip, addr6_item, l->sip);
	eftf_report_text(r, "pcscf_name", l->sip_name[0] ? l->sip_name : NULL);
	eftf_report_list(r, "routes", ue->tunnel.routes6.n, route6_item, &ue->tunnel.routes6);
	eftf_report_list(r, "conflicts", ue->tunnel.conflicts6.n, conflict6_item, &ue->tunnel.conflicts6);
	put_lease(r, "lease6", &ue->renewal6, l->seconds,
		  eftf_ue_conf_is_static(&ue->conf));
}

static char *answer(struct eftf_ue *ue, bool json)
{
	struct eftf_log_line lines[EFTF_LOG_KEPT];
	size_t n = eftf_log_kept(lines);
	struct eftf_report r;

	if (eftf_report_begin(&r, json))
		return NULL;
	put_program(&r, ue);
	put_verdict(&r, ue);
	put_way(&r, ue);
	put_tunnel(&r, ue);
	if (ue->tunnel.id)
		put_inner(&r, ue);
	if (ue->tunnel.id && eftf_six_there(&ue->tunnel.six))
		put_inner6(&r, ue);
	eftf_report_group(&r, NULL);
	eftf_report_list(&r, "events", n, event_item, lines);
	return eftf_report_end(&r);
}

char *eftf_status_answer(const char *request, struct eftf_ue *ue)
{
	if (!strcmp(request, "status json"))
		return answer(ue, true);
	if (!strcmp(request, "status text"))
		return answer(ue, false);
	return strdup("unknown request: known are status json and status text\n");
}
