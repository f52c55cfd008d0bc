// SPDX-License-Identifier: GPL-2.0-or-later
/* The direct way, while there is a tunnel: is it open again? */
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "ue.h"

static bool wanted(const struct eftf_ue *ue)
{
	struct eftf_probe_spec spec = eftf_direct_probes(&ue->conf);

	return ue->conf.mode == EFTF_MODE_AUTO && !ue->options.once && eftf_probe_kinds(&spec);
}

void eftf_direct_start(struct eftf_ue *ue)
{
	eftf_recheck_begin(&ue->recheck, eftf_now_ms(),
			   wanted(ue) ? (uint64_t)ue->conf.recheck * 1000 : 0);
}

uint64_t eftf_direct_due(const struct eftf_ue *ue)
{
	return ue->tunnel.id ? ue->recheck.at : UINT64_MAX;
}

/* Packets through the tunnel, both ways. */
static bool count(const struct eftf_ue *ue, uint64_t *packets)
{
	struct eftf_tunnel_info info;

	if (!eftf_tunnel_look(&ue->tunnel, &info))
		return false;
	*packets = info.stats[EFTF_STAT_RX_PACKETS] + info.stats[EFTF_STAT_TX_PACKETS];
	return true;
}

static int rp_filter(const char *name)
{
	char path[64 + IF_NAMESIZE];
	FILE *f;
	int value = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", name);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%d", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

/*
 * Silence says nothing where this machine drops an answer by a link that its sender is not routed by: the
 * larger of the two values counts, and 2 is content with any route.
 */
static void explain_silence(struct eftf_ue *ue, struct eftf_detect *d, const char *link)
{
	int all = rp_filter("all"), own = rp_filter(link);
	char text[sizeof(d->evidence[0].detail)];
	bool said = false, new = false;

	if ((all > own ? all : own) != 1)
		return;
	snprintf(text, sizeof(text), "rp_filter of %s is 1, so that an answer is dropped here", link);
	for (int kind = 0; kind < EFTF_PROBE_CONTROL; kind++) {
		struct eftf_evidence *e = &d->evidence[kind];

		/* IPv6 has no such filter */
		if (e->result != EFTF_RESULT_SILENT || e->target[0] == '[')
			continue;
		said = said || !strcmp(ue->detect.evidence[kind].detail, text);
		new = true;
		memcpy(e->detail, text, sizeof(text));
	}
	if (new && !said)
		log_warn("the direct way cannot be found open again while there is a tunnel: %s; set it to 2", text);
}

/* By the link of the outer connection: the routes would lead into the tunnel. */
static bool probe(struct eftf_ue *ue, struct eftf_detect *d)
{
	struct eftf_probe_spec spec = eftf_direct_probes(&ue->conf);
	struct eftf_detect_policy policy = {
		.mode = EFTF_MODE_AUTO, .probes = eftf_probe_kinds(&spec),
	};
	char link[IF_NAMESIZE];
	struct eftf_err err;
	int step;

	if (!if_indextoname(ue->tunnel.way.hop.ifindex, link))
		return false;
	spec.link = link;
	if (eftf_detect_start(d, &policy) != EFTF_STEP_PROBE)
		return false;
	step = eftf_send_probes(ue, &spec, d, &err);
	if (step < 0)
		log_debug("the direct way: %s", err.text);
	else
		explain_silence(ue, d, link);
	return step >= 0;
}

/* What was found out anew of the firewall is remembered as of now. */
static void note_firewall(struct eftf_ue *ue, const struct eftf_detect *d)
{
	for (int kind = 0; kind < EFTF_PROBE_CONTROL; kind++)
		ue->detect.evidence[kind] = d->evidence[kind];
	ue->detect.remembered = false;
	ue->status.judged_at = eftf_now_ms();
	eftf_remember(ue);
}

static void leave(struct eftf_ue *ue)
{
	log_info("the direct way is open, and no call is in the tunnel: it is left");
	eftf_forget(ue);
	eftf_down(ue, true);
	ue->recheck.left = true;
}

void eftf_direct_step(struct eftf_ue *ue)
{
	struct eftf_recheck *r = &ue->recheck;
	struct eftf_detect d;
	uint64_t packets;
	bool was = r->direct;

	if (eftf_now_ms() < eftf_direct_due(ue) || !count(ue, &packets))
		return;
	if (r->direct && !eftf_recheck_quiet(r, eftf_now_ms(), packets) && r->direct)
		return;
	/* once more before the tunnel is left: a firewall may have closed meanwhile */
	if (!probe(ue, &d) || !count(ue, &packets)) {
		r->at = eftf_now_ms() + r->every;
		return;
	}
	if (d.verdict != EFTF_VERDICT_OPEN) {
		eftf_recheck_seen(r, eftf_now_ms(), false, packets);
		note_firewall(ue, &d);
	} else if (r->direct && eftf_recheck_quiet(r, eftf_now_ms(), packets)) {
		leave(ue);
	} else {
		eftf_recheck_seen(r, eftf_now_ms(), true, packets);
		if (!was)
			log_info("the direct way is open: the tunnel is left when it is quiet");
	}
}
