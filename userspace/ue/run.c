// SPDX-License-Identifier: GPL-2.0-or-later
/* From verdict to tunnel and back, until a signal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "client_id.h"
#include "conf_parse.h"
#include "connect.h"
#include "log.h"
#include "notify.h"
#include "portal.h"
#include "probe.h"
#include "secret.h"
#include "ue.h"
#include "verdict.h"

/* Changes of the network come in numbers: attempts after them do not. */
#define PAUSE_MIN_MS 500
/* Who is not the EFTF will not be it in a second: the pause is one of so many failures. */
#define SHUN_FAILURES 4
/* Attempts by the same way after a tunnel ended; then the network is probed again. */
#define RECONNECTS 3
/* After a life of so many ms, a tunnel that ended for its key is made again without a pause. */
#define AT_ONCE_MS 5000

int eftf_prepare(const struct eftf_ue_conf *conf, const char *file, const struct eftf_tls_ctx *old,
		 struct eftf_tls_ctx **tls,
		 struct eftf_dhcp4c *dhcp, struct eftf_err *err)
{
	struct eftf_tls_config cfg = {
		.ca_file = conf->ca, .cert_file = conf->cert, .key_file = conf->key,
		.crl_file = conf->crl, .alpn = conf->alpn, .old = old,
	};
	bool stable;
	int ret;

	if (conf->key)
		eftf_secret_check("key file", conf->key);
	if (conf->proxy_password)
		eftf_secret_check("password in", file);
	ret = eftf_tls_ctx_new(tls, &cfg, err);
	if (ret || !dhcp)
		return ret;
	memset(dhcp, 0, sizeof(*dhcp));
	dhcp->enterprise = conf->enterprise;
	ret = eftf_client_id(dhcp->client_id, conf->client_id, "/etc/machine-id", EFTF_UE_ID_FILE,
			     conf->device, conf->enterprise, &stable, err);
	if (ret < 0)
		return ret;
	dhcp->client_id_len = (size_t)ret;
	if (!stable)
		log_warn("no /etc/machine-id, and " EFTF_UE_ID_FILE " cannot be made: the client "
			 "identifier is new at every start; set [eftf] client_id");
	return 0;
}

/* Target of the control probe: what is configured, else the proxy, else the EFTF. */
static void control_target(const struct eftf_ue_conf *conf, struct eftf_value_target *to)
{
	const char *url = conf->proxy_url;
	struct eftf_err err;

	*to = conf->control;
	if (!to->host[0] && url) {
		url = strcmp(url, "env") ? url : eftf_connect_env_proxy(&err);
		if (!url || eftf_ue_proxy_target(url, to))
			memset(to, 0, sizeof(*to));
		return;
	}
	if (!to->host[0])
		*to = conf->address;
	if (!to->port)
		to->port = conf->control.host[0] ? 443 : conf->port;
}

static void log_verdict(const struct eftf_ue *ue)
{
	char *text;

	if (ue->detect.verdict == EFTF_VERDICT_UNTESTED || ue->detect.verdict == EFTF_VERDICT_NONE)
		return;
	text = eftf_verdict_text(&ue->detect);
	log_info("verdict: %s", text ? text : eftf_verdict_name(ue->detect.verdict));
	free(text);
}

/* From here on changes count. */
static void mark_network(struct eftf_ue *ue)
{
	eftf_changes_forget(&ue->changes);
	ue->mark = eftf_way_mark(ue->changes.ask, ue->tunnel.device.ifindex);
}

static struct eftf_detect_policy policy_of(const struct eftf_ue_conf *conf)
{
	return (struct eftf_detect_policy){
		.mode = (enum eftf_mode)conf->mode, .proxy = conf->proxy_url != NULL,
		.proxy_fallback = conf->proxy_fallback && !conf->proxy_url,
	};
}

/* sin_port and sin6_port have the same offset */
static void set_port(struct sockaddr_storage *ss, unsigned int port)
{
	if (ss->ss_family)
		((struct sockaddr_in *)ss)->sin_port = htons((uint16_t)port);
}

struct eftf_probe_spec eftf_direct_probes(const struct eftf_ue_conf *conf)
{
	struct eftf_probe_spec spec = {
		.pcscf = conf->pcscf, .ipsec = conf->ipsec, .media = conf->media,
		.timeout_ms = conf->probe_timeout_ms,
	};

	if (conf->sips_port)
		spec.sips = conf->pcscf;
	set_port(&spec.pcscf, conf->sip_port);
	set_port(&spec.sips, conf->sips_port);
	return spec;
}

int eftf_judge(struct eftf_ue *ue)
{
	const struct eftf_ue_conf *conf = &ue->conf;
	struct eftf_probe_spec spec = eftf_direct_probes(conf);
	struct eftf_detect_policy policy = policy_of(conf);
	const char *where = ue->detect.evidence[EFTF_PROBE_CONTROL].detail;
	struct eftf_err err;
	int step;

	mark_network(ue);
	ue->status.doing = EFTF_DOING_PROBES;
	control_target(conf, &spec.control);
	/* what a proxy says is no word of a portal */
	if (!conf->proxy_url) {
		spec.portal = conf->address;
		spec.portal.port = EFTF_PORTAL_PORT;
	}
	policy.probes = eftf_probe_kinds(&spec);
	step = (int)eftf_detect_start(&ue->detect, &policy);
	if (step == EFTF_STEP_PROBE)
		step = eftf_send_probes(ue, &spec, &ue->detect, &err);
	if (step < 0 && step != -EINTR)
		log_error("probes: %s", err.text);
	if (step >= 0) {
		ue->status.judged_at = eftf_now_ms();
		log_verdict(ue);
	}
	if (step == EFTF_STEP_LOGIN) {
		eftf_portal_explain(&err, NULL, where);
		log_error("%s", err.text);
	}
	return step;
}

/* Reconnect by the way (direct or proxy) of the last tunnel, without probes. */
static void take_same_way(struct eftf_ue *ue)
{
	struct eftf_detect_policy policy = ue->detect.policy;

	policy.mode = EFTF_MODE_ALWAYS;
	mark_network(ue);
	eftf_detect_start(&ue->detect, &policy);
}

/* The way that has led through the firewall of this network before, without probes. */
static void take_known_way(struct eftf_ue *ue, bool fallback)
{
	struct eftf_detect_policy policy = policy_of(&ue->conf);

	mark_network(ue);
	eftf_detect_known(&ue->detect, &policy, fallback);
	ue->status.judged_at = eftf_now_ms();
	log_verdict(ue);
}

/* What may have been the cause of a failure, or of no tunnel being needed, is another one now. */
bool eftf_has_changed(struct eftf_ue *ue)
{
	struct eftf_changes *c = &ue->changes;

	eftf_changes_take(c);
	if (c->clock_set || c->slept) {
		log_info(c->slept ? "this machine has slept" : "the clock was set");
		return true;
	}
	if (!eftf_changes_network(c) || eftf_way_mark(c->ask, ue->tunnel.device.ifindex) == ue->mark)
		return false;
	log_info("the network has changed");
	return true;
}

static void serve_until(struct eftf_ue *ue, uint64_t until)
{
	while (!ue->sig.stop && !ue->sig.reload && eftf_ms_left(until) > 0)
		eftf_round(ue, -1, until);
}

/* Ends early for a signal and for such a change, but not at once: changes come in numbers. */
static void pause_ms(struct eftf_ue *ue, uint64_t ms)
{
	uint64_t now = eftf_now_ms(), until = now + ms;

	ue->status.next_at = until;
	serve_until(ue, now + (ms < PAUSE_MIN_MS ? ms : PAUSE_MIN_MS));
	while (!ue->sig.stop && !ue->sig.reload && eftf_ms_left(until) > 0) {
		if (eftf_has_changed(ue))
			return;
		eftf_round(ue, -1, until < ue->changes.network_at ? until : ue->changes.network_at);
	}
}

static void back_off(struct eftf_ue *ue, int step)
{
	struct eftf_backoff longer = { .failures = SHUN_FAILURES };
	unsigned int ms = eftf_backoff_next(step == EFTF_STEP_LOGIN ? &longer : &ue->backoff);

	/* no more than this once: when the EFTF has been there, it is tried soon again */
	if (step == EFTF_STEP_SHUN && ue->backoff.failures < SHUN_FAILURES)
		ms = eftf_backoff_next(&longer);
	log_info(EFTF_BACKOFF_TEXT, EFTF_BACKOFF_ARGS(ms));
	ue->status.doing = EFTF_DOING_PAUSE;
	pause_ms(ue, ms);
}

int eftf_prepare_at_start(struct eftf_ue *ue, struct eftf_err *err)
{
	for (;;) {
		int ret = eftf_prepare(&ue->conf, ue->options.conf, NULL, &ue->tls, &ue->dhcp.v4, err);

		if (ret != -EKEYEXPIRED || ue->options.once)
			return ret;
		log_error("%s", err->text);
		/* the service manager is not to wait for that */
		eftf_notify("READY=1");
		mark_network(ue);
		back_off(ue, EFTF_STEP_WAIT);
		ue->sig.reload = false;
		if (ue->sig.stop)
			return eftf_err_set(err, EINTR, "interrupted");
	}
}

/* Returns false, and changes nothing, if the new configuration is wrong. */
static bool reload(struct eftf_ue *ue)
{
	struct eftf_instance instance = { .fd = -1 };
	struct eftf_tls_ctx *tls = NULL;
	struct eftf_ue_conf conf;
	struct eftf_dhcp4c dhcp;
	struct eftf_err err;

	ue->sig.reload = false;
	if (eftf_ue_conf_load(&conf, ue->options.conf, ue->options.mode, &err) ||
	    (strcmp(conf.device, ue->conf.device) &&
	     eftf_claim_device(conf.device, &instance, &err)) ||
	    eftf_prepare(&conf, ue->options.conf, ue->tls, &tls, &dhcp, &err) ||
	    (conf.mode != EFTF_MODE_OFF && eftf_tunnel_prepare(&ue->tunnel, &err))) {
		log_error("%s; the old configuration stays", err.text);
		eftf_instance_release(&instance);
		eftf_tls_ctx_free(tls);
		eftf_ue_conf_free(&conf);
		return false;
	}
	if (ue->tunnel.id && eftf_ue_conf_same_tunnel(&conf, &ue->conf)) {
		log_info("configuration read again: the tunnel stays");
		/* what the certificate files say now is to be said of this connection, too */
		ue->tunnel.swap.asked = "SIGHUP";
	} else {
		log_info("configuration read again");
		eftf_down(ue, false);	/* by its own device and hook */
		eftf_backoff_down(&ue->backoff, eftf_now_ms());
		dhcp.token_len = ue->dhcp.v4.token_len;
		memcpy(dhcp.token, ue->dhcp.v4.token, sizeof(dhcp.token));
		dhcp.previous = ue->dhcp.v4.previous;
		ue->dhcp.v4 = dhcp;
	}
	explicit_bzero(&dhcp, sizeof(dhcp));
	eftf_tls_ctx_free(ue->tls);
	eftf_ue_conf_free(&ue->conf);
	ue->tls = tls;
	ue->conf = conf;
	ue->backoff.failures = 0;
	if (instance.fd >= 0) {
		eftf_instance_release(&ue->instance);
		ue->instance = instance;
		eftf_status_close(ue);
		eftf_status_open(ue);
	}
	eftf_log_open("eftf-ue", ue->options.verbose ? EFTF_LOG_DEBUG :
		      (enum eftf_log_level)conf.log_level, conf.syslog);
	return true;
}

/* Connects, falls back where the flowchart says so. Returns RUN, WAIT, SHUN or LOGIN. */
static int try_tunnel(struct eftf_ue *ue)
{
	int step = EFTF_STEP_TUNNEL;

	while (step == EFTF_STEP_TUNNEL && !ue->sig.stop && !ue->sig.reload) {
		enum eftf_attempt attempt = eftf_up(ue);

		step = (int)eftf_detect_tried(&ue->detect, attempt);
		/* the EFTF, or the DNS server, may be inside the routes of the tunnel that ended */
		if (attempt == EFTF_ATTEMPT_NO_TCP)
			eftf_tunnel_withdraw_routes(&ue->tunnel);
		if (step == EFTF_STEP_TUNNEL)
			log_info("trying the proxy of the environment");
	}
	return step;
}

/* The end was a matter of keys, not of the network: no pause, unless that happens again and again. */
static bool at_once(const struct eftf_ue *ue)
{
	const struct eftf_tunnel *t = &ue->tunnel;

	return (t->down_reason == EFTF_REASON_REKEY || t->down_reason == EFTF_REASON_KEY_LIMIT) &&
		t->down_since - t->up_since >= AT_ONCE_MS;
}

static void stay_direct(struct eftf_ue *ue)
{
	if (ue->conf.mode == EFTF_MODE_OFF) {
		log_info("mode is off: no tunnel");
		ue->status.doing = EFTF_DOING_OFF;
		while (!ue->sig.stop && !ue->sig.reload)
			eftf_round(ue, -1, UINT64_MAX);
	} else {
		log_info("no tunnel is needed; next look in %u s", ue->conf.recheck);
		ue->status.doing = EFTF_DOING_DIRECT;
		pause_ms(ue, (uint64_t)ue->conf.recheck * 1000);
	}
}

/* Judges and connects, and keeps in mind what has come of it. */
static int judge_and_try(struct eftf_ue *ue)
{
	bool fallback;
	int step;

	if (eftf_recall(ue, &fallback)) {
		take_known_way(ue, fallback);
		step = try_tunnel(ue);
		if (step == EFTF_STEP_RUN || ue->sig.stop || ue->sig.reload)
			return step;
		log_info("the way that was good here before is not: looking anew");
		eftf_forget(ue);
	}
	step = eftf_judge(ue);
	if (step == EFTF_STEP_DIRECT)
		eftf_forget(ue);
	if (step == EFTF_STEP_TUNNEL)
		step = try_tunnel(ue);
	if (step == EFTF_STEP_RUN)
		eftf_remember(ue);
	return step;
}

/* *reconnects: attempts left for the tunnel that was. */
static int next_step(struct eftf_ue *ue, unsigned int *reconnects)
{
	if (*reconnects) {
		(*reconnects)--;
		take_same_way(ue);
		return try_tunnel(ue);
	}
	eftf_down(ue, false);
	return judge_and_try(ue);
}

static enum eftf_exit loop(struct eftf_ue *ue)
{
	unsigned int reconnects = 0;

	for (;;) {
		int step = EFTF_STEP_RUN;

		if (ue->sig.stop)
			return EFTF_EXIT_OK;
		if (ue->sig.reload) {
			eftf_notify_reloading();
			if (reload(ue))
				reconnects = 0;
			eftf_notify("READY=1");
		}
		if (!ue->tunnel.id)
			step = next_step(ue, &reconnects);
		if (step == EFTF_STEP_RUN) {
			eftf_watch(ue);
			mark_network(ue);
			if (!ue->tunnel.id)
				eftf_backoff_down(&ue->backoff, ue->tunnel.down_since);
			reconnects = ue->recheck.left ? 0 : RECONNECTS;
		}
		if (ue->sig.stop || ue->sig.reload)
			continue;
		if (ue->options.once && (step == EFTF_STEP_SHUN || step == EFTF_STEP_LOGIN))
			return EFTF_EXIT_UNTRUSTED;
		if (ue->options.once)
			return step == EFTF_STEP_DIRECT || (step == EFTF_STEP_RUN &&
				ue->tunnel.down_reason == EFTF_REASON_RELEASED) ?
				EFTF_EXIT_OK : EFTF_EXIT_ERROR;
		if (step == EFTF_STEP_DIRECT)
			stay_direct(ue);
		else if (step != EFTF_STEP_RUN || !(at_once(ue) || ue->recheck.left))
			back_off(ue, step);
	}
}

enum eftf_exit eftf_run(struct eftf_ue *ue)
{
	enum eftf_exit code;

	eftf_status_open(ue);
	eftf_notify("READY=1");
	code = loop(ue);
	ue->status.doing = EFTF_DOING_STOP;
	eftf_notify("STOPPING=1");
	eftf_down(ue, ue->sig.stop);
	eftf_status_close(ue);
	if (ue->sig.stop)
		log_info("stopped");
	return code;
}
