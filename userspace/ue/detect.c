// SPDX-License-Identifier: GPL-2.0-or-later
#include "detect.h"

#include <stdio.h>
#include <string.h>

#define SIGNALLING (EFTF_PROBE_BIT(EFTF_PROBE_SIP_UDP) | EFTF_PROBE_BIT(EFTF_PROBE_SIP_TCP) | \
		    EFTF_PROBE_BIT(EFTF_PROBE_SIP_TLS))
#define IPSEC EFTF_PROBE_BIT(EFTF_PROBE_IPSEC)
#define MEDIA EFTF_PROBE_BIT(EFTF_PROBE_STUN)
#define CONTROL EFTF_PROBE_BIT(EFTF_PROBE_CONTROL)

/* State of a set of probes; one answer is enough to call the set answered. */
enum known { KNOWN_UNASKED, KNOWN_OPEN, KNOWN_YES, KNOWN_NO };

static void enter(struct eftf_detect *d, enum eftf_detect_state state)
{
	if (d->n_path < EFTF_DETECT_PATH)
		d->path[d->n_path++] = state;
}

static enum known known(const struct eftf_detect *d, unsigned int set)
{
	int kind;

	if (!(d->policy.probes & set))
		return KNOWN_UNASKED;
	for (kind = 0; kind < EFTF_PROBE_KINDS; kind++) {
		if ((set & EFTF_PROBE_BIT(kind)) &&
		    d->evidence[kind].result == EFTF_RESULT_ANSWERED)
			return KNOWN_YES;
	}
	return d->pending & set ? KNOWN_OPEN : KNOWN_NO;
}

static enum eftf_detect_step choose_way(struct eftf_detect *d)
{
	enter(d, EFTF_S2_PROXY);
	d->via_proxy = d->policy.proxy;
	return EFTF_STEP_TUNNEL;
}

static enum eftf_detect_step nothing_answered(struct eftf_detect *d)
{
	bool portal = d->evidence[EFTF_PROBE_CONTROL].result == EFTF_RESULT_PORTAL;

	d->verdict = portal ? EFTF_VERDICT_PORTAL : EFTF_VERDICT_NO_NETWORK;
	return portal ? EFTF_STEP_LOGIN : EFTF_STEP_WAIT;
}

static enum eftf_detect_step judge(struct eftf_detect *d)
{
	enum known signalling = known(d, SIGNALLING), ipsec = known(d, IPSEC), media = known(d, MEDIA);
	bool some = signalling == KNOWN_YES || ipsec == KNOWN_YES || media == KNOWN_YES;
	enum known control = known(d, CONTROL);

	if (signalling == KNOWN_OPEN || ipsec == KNOWN_OPEN || media == KNOWN_OPEN)
		return EFTF_STEP_PROBE;
	d->signalling_fails = signalling == KNOWN_NO;
	d->ipsec_fails = ipsec == KNOWN_NO;
	d->media_fails = media == KNOWN_NO;
	if (some && !d->signalling_fails && !d->ipsec_fails && !d->media_fails) {
		d->verdict = EFTF_VERDICT_OPEN;
		return EFTF_STEP_DIRECT;
	}
	/* One kind of probe was answered, so there is a network: the control probe need not be waited for. */
	if (!some) {
		if (control == KNOWN_OPEN)
			return EFTF_STEP_PROBE;
		if (control == KNOWN_NO)
			return nothing_answered(d);
	}
	d->verdict = EFTF_VERDICT_FIREWALL;
	return choose_way(d);
}

enum eftf_detect_step eftf_detect_start(struct eftf_detect *d,
					const struct eftf_detect_policy *policy)
{
	memset(d, 0, sizeof(*d));
	d->policy = *policy;
	enter(d, EFTF_S0_POLICY);
	if (policy->mode == EFTF_MODE_OFF) {
		d->verdict = EFTF_VERDICT_UNTESTED;
		return EFTF_STEP_DIRECT;
	}
	if (policy->mode == EFTF_MODE_ALWAYS) {
		d->verdict = EFTF_VERDICT_UNTESTED;
		return choose_way(d);
	}
	enter(d, EFTF_S1_PROBE);
	d->pending = policy->probes;
	return judge(d);
}

enum eftf_detect_step eftf_detect_known(struct eftf_detect *d,
					const struct eftf_detect_policy *policy, bool fallback)
{
	memset(d, 0, sizeof(*d));
	d->policy = *policy;
	d->verdict = EFTF_VERDICT_FIREWALL;
	d->remembered = true;
	enter(d, EFTF_S0_POLICY);
	choose_way(d);
	if (fallback && !d->via_proxy && policy->proxy_fallback)
		d->via_proxy = d->via_fallback = true;
	return EFTF_STEP_TUNNEL;
}

enum eftf_detect_step eftf_detect_probed(struct eftf_detect *d,
					 const struct eftf_evidence *evidence)
{
	unsigned int bit;

	if (d->path[d->n_path - 1] != EFTF_S1_PROBE || d->verdict != EFTF_VERDICT_NONE ||
	    (unsigned int)evidence->kind >= EFTF_PROBE_KINDS)
		return EFTF_STEP_PROBE;
	bit = EFTF_PROBE_BIT(evidence->kind);
	if (!(d->pending & bit) || evidence->result == EFTF_RESULT_NONE)
		return EFTF_STEP_PROBE;
	d->pending &= ~bit;
	d->evidence[evidence->kind] = *evidence;
	return judge(d);
}

enum eftf_detect_step eftf_detect_portal(struct eftf_detect *d, const char *where)
{
	struct eftf_evidence *e = &d->evidence[EFTF_PROBE_CONTROL];

	e->result = EFTF_RESULT_PORTAL;
	snprintf(e->detail, sizeof(e->detail), "%.*s", (int)sizeof(e->detail) - 1, where);
	return nothing_answered(d);
}

enum eftf_detect_step eftf_detect_tried(struct eftf_detect *d, enum eftf_attempt attempt)
{
	enter(d, d->via_proxy ? EFTF_S3_TYPE2 : EFTF_S3_TYPE1);
	switch (attempt) {
	case EFTF_ATTEMPT_UP:
		enter(d, EFTF_S4_UP);
		return EFTF_STEP_RUN;
	case EFTF_ATTEMPT_UNTRUSTED:
		d->verdict = EFTF_VERDICT_INTERCEPTED;
		return EFTF_STEP_SHUN;
	case EFTF_ATTEMPT_PORTAL:
		d->verdict = EFTF_VERDICT_PORTAL;
		return EFTF_STEP_LOGIN;
	case EFTF_ATTEMPT_NO_TCP:
		if (d->via_proxy || !d->policy.proxy_fallback)
			return EFTF_STEP_WAIT;
		d->via_proxy = true;
		d->via_fallback = true;
		return EFTF_STEP_TUNNEL;
	case EFTF_ATTEMPT_FAILED:
		break;
	}
	return EFTF_STEP_WAIT;
}
