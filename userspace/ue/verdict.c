// SPDX-License-Identifier: GPL-2.0-or-later
#include "verdict.h"

#include <stdio.h>
#include <stdlib.h>

#include "quote.h"

/* word: JSON; phrase: text */
static const struct {
	const char *word, *phrase;
} kinds[] = {
	[EFTF_PROBE_SIP_UDP] = { "sip-udp", "SIP over UDP" },
	[EFTF_PROBE_SIP_TCP] = { "sip-tcp", "SIP over TCP" },
	[EFTF_PROBE_SIP_TLS] = { "sip-tls", "SIP over TLS" },
	[EFTF_PROBE_IPSEC] = { "ipsec", "IPsec (IKE in UDP)" },
	[EFTF_PROBE_STUN] = { "stun", "media (STUN)" },
	[EFTF_PROBE_CONTROL] = { "control", "TCP 443 control" },
}, results[] = {
	[EFTF_RESULT_NONE] = { "none", "not waited for" },
	[EFTF_RESULT_ANSWERED] = { "answered", "answered" },
	[EFTF_RESULT_SILENT] = { "silent", "no answer" },
	[EFTF_RESULT_REFUSED] = { "refused", "refused" },
	[EFTF_RESULT_UNREACHABLE] = { "unreachable", "unreachable" },
	[EFTF_RESULT_GARBLED] = { "garbled", "answered by something else" },
	[EFTF_RESULT_PORTAL] = { "portal", "a captive portal, found" },
	[EFTF_RESULT_FAILED] = { "failed", "not possible" },
};

static const char *const verdicts[] = {
	[EFTF_VERDICT_NONE] = "unknown",
	[EFTF_VERDICT_OPEN] = "open",
	[EFTF_VERDICT_FIREWALL] = "firewall",
	[EFTF_VERDICT_NO_NETWORK] = "no-network",
	[EFTF_VERDICT_INTERCEPTED] = "intercepted",
	[EFTF_VERDICT_PORTAL] = "portal",
	[EFTF_VERDICT_UNTESTED] = "untested",
};

static const char *const states[] = {
	[EFTF_S0_POLICY] = "S0",
	[EFTF_S1_PROBE] = "S1",
	[EFTF_S2_PROXY] = "S2",
	[EFTF_S3_TYPE1] = "S3-I",
	[EFTF_S3_TYPE2] = "S3-II",
	[EFTF_S4_UP] = "S4",
};

const char *eftf_verdict_name(enum eftf_verdict verdict)
{
	return verdicts[verdict];
}

static bool has_way(const struct eftf_detect *d)
{
	return d->path[d->n_path - 1] >= EFTF_S2_PROXY;
}

/* What fails, as words. Returns how many. */
static size_t failing(const struct eftf_detect *d, const char *out[3])
{
	size_t n = 0;

	if (d->signalling_fails)
		out[n++] = "signalling";
	if (d->ipsec_fails)
		out[n++] = "ipsec";
	if (d->media_fails)
		out[n++] = "media";
	return n;
}

static void text_probe(FILE *f, const struct eftf_evidence *e)
{
	fprintf(f, "%s to ", kinds[e->kind].phrase);
	eftf_quote_plain(f, e->target);
	fprintf(f, ": %s", results[e->result].phrase);
	if (e->result != EFTF_RESULT_FAILED && e->result != EFTF_RESULT_NONE)
		fprintf(f, " in %u ms", e->ms);
	if (e->detail[0]) {
		fputs(", ", f);
		eftf_quote_plain(f, e->detail);
	}
}

char *eftf_verdict_text(const struct eftf_detect *d)
{
	const char *sep = " (", *fail[3];
	size_t size, i, n = failing(d, fail);
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs(verdicts[d->verdict], f);
	for (i = 0; i < EFTF_PROBE_KINDS; i++) {
		if (d->evidence[i].result == EFTF_RESULT_NONE)
			continue;
		fputs(sep, f);
		text_probe(f, &d->evidence[i]);
		sep = "; ";
	}
	fputs(sep[0] == ';' ? ");" : d->remembered ? " (as before on this network);" : ";", f);
	for (i = 0; i < n; i++)
		fprintf(f, "%s%s", !i ? " " : i == n - 1 ? " and " : ", ", fail[i]);
	if (n)
		fprintf(f, " fail%s;", n == 1 ? "s" : "");
	if (has_way(d))
		fprintf(f, " way: %s;", d->via_proxy ? "type II, HTTP proxy" : "type I, direct");
	fputs(" path", f);
	for (i = 0; i < d->n_path; i++)
		fprintf(f, " %s", states[d->path[i]]);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static void json_probe(FILE *f, const struct eftf_evidence *e)
{
	fprintf(f, "{\"kind\":\"%s\",\"target\":", kinds[e->kind].word);
	eftf_quote_json(f, e->target);
	fprintf(f, ",\"result\":\"%s\",\"ms\":%u,\"detail\":", results[e->result].word, e->ms);
	eftf_quote_json(f, e->detail);
	fputc('}', f);
}

char *eftf_verdict_json(const struct eftf_detect *d)
{
	const char *sep = "", *fail[3];
	size_t size, i, n = failing(d, fail);
	char *text = NULL;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "{\"verdict\":\"%s\",\"remembered\":%s,\"fails\":[", verdicts[d->verdict],
		d->remembered ? "true" : "false");
	for (i = 0; i < n; i++)
		fprintf(f, "%s\"%s\"", i ? "," : "", fail[i]);
	fprintf(f, "],\"way\":%s,\"path\":[", !has_way(d) ? "null" : d->via_proxy ? "\"type-2\"" : "\"type-1\"");
	for (i = 0; i < d->n_path; i++)
		fprintf(f, "%s\"%s\"", i ? "," : "", states[d->path[i]]);
	fputs("],\"probes\":[", f);
	for (i = 0; i < EFTF_PROBE_KINDS; i++) {
		if (d->evidence[i].result == EFTF_RESULT_NONE)
			continue;
		fputs(sep, f);
		json_probe(f, &d->evidence[i]);
		sep = ",";
	}
	fputs("]}", f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
