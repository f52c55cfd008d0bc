/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the configuration into effect, at the start and after SIGHUP. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "gw.h"
#include "log.h"

/* A private key that every user of the machine can read is none. */
static int check_secret(const char *what, const char *path, struct eftf_err *err)
{
	struct stat st;

	if (stat(path, &st) || !(st.st_mode & S_IROTH))
		return 0;		/* a missing one is named when it is read */
	return eftf_err_set(err, EACCES, "%s %.200s: every user can read it (mode %04o): chmod 640",
			    what, path, (unsigned int)st.st_mode & 07777);
}

/* A gateway without it serves its UEs as well. */
static void staple(struct eftf_tls_ctx *ctx, const struct eftf_tls_config *cfg)
{
	struct eftf_err err;

	if (cfg->ocsp_file && eftf_tls_ctx_staple(ctx, cfg, &err))
		log_warn("OCSP response %.200s is not sent: %s", cfg->ocsp_file, err.text);
}

void eftf_gw_check_staples(struct eftf_gw *gw)
{
	struct eftf_err err;

	for (size_t i = 0; i < gw->tls.n; i++) {
		if (gw->tls.stale[i] || !eftf_tls_ctx_check_staple(gw->tls.ctx[i], &err))
			continue;
		log_warn("OCSP response %.200s is sent no more: %s: renew it and send SIGHUP",
			 gw->conf.ocsp.name[i], err.text);
		gw->tls.stale[i] = true;
	}
}

int eftf_gw_load_tls(const struct eftf_gw_conf *conf, const struct eftf_gw_tls *old,
		     struct eftf_gw_tls *tls, struct eftf_err *err)
{
	struct eftf_tls_config cfg = {
		.server = true,
		.ca_file = conf->client_ca,
		.crl_file = conf->crl,
		.old = old ? old->ctx[0] : NULL,
	};
	int ret = 0;

	memset(tls, 0, sizeof(*tls));
	while (!ret && tls->n < conf->cert.n) {
		cfg.cert_file = conf->cert.name[tls->n];
		cfg.key_file = conf->key.name[tls->n];
		cfg.ocsp_file = conf->ocsp.n && strcmp(conf->ocsp.name[tls->n], "-") ?
			conf->ocsp.name[tls->n] : NULL;
		ret = check_secret("key file", cfg.key_file, err);
		if (!ret)
			ret = eftf_tls_ctx_new(&tls->ctx[tls->n], &cfg, err);
		if (!ret)
			staple(tls->ctx[tls->n++], &cfg);
	}
	if (ret)
		eftf_gw_free_tls(tls);
	return ret;
}

void eftf_gw_free_tls(struct eftf_gw_tls *tls)
{
	while (tls->n)
		eftf_tls_ctx_free(tls->ctx[--tls->n]);
}

/* A fixed timeout must leave room for two keep-alives. */
static uint16_t longest_keepalive(const struct eftf_gw_conf *c)
{
	unsigned int max = c->keepalive_max;

	if (c->timeout && c->timeout / 2 < max)
		max = c->timeout / 2 > c->keepalive_min ? c->timeout / 2 : c->keepalive_min;
	return (uint16_t)max;
}

static struct eftf_pool_settings pool_settings(const struct eftf_gw_conf *c)
{
	return (struct eftf_pool_settings){ .hold = c->hold, .quarantine = c->quarantine,
					    .per_source = c->max_tunnels_per_source };
}

int eftf_gw_pool_open(struct eftf_gw *gw, struct eftf_err *err)
{
	struct eftf_pool_settings set = pool_settings(&gw->conf);

	int ret = eftf_pool_new(&gw->pool, &gw->conf.ranges, gw->conf.gateway, &set, gw->tokens, err);

	if (!ret)
		eftf_pool_set_statics(gw->pool, &gw->statics);
	return ret;
}

/* What a UE is told of IPv6: servers here, routes and MTU by a router advertisement. */
static void apply6(struct eftf_gw *gw)
{
	const struct eftf_gw_conf *c = &gw->conf;
	struct eftf_dhcp6s_policy *p = &gw->policy6;

	memset(p, 0, sizeof(*p));
	/* DUID-EN (RFC 8415 11.3) of our enterprise: all gateways of a pool are one server */
	p->duid.v[1] = 2;
	for (int i = 0; i < 4; i++)
		p->duid.v[2 + i] = (uint8_t)(c->enterprise >> (24 - 8 * i));
	memcpy(p->duid.v + 6, &c->gateway6, sizeof(c->gateway6));
	p->duid.len = 6 + sizeof(c->gateway6);
	p->server = c->gateway6;
	p->lease = c->lease;
	p->n_dns = c->dns.n6;
	memcpy(p->dns, c->dns.a6, sizeof(p->dns));
	p->n_sip = c->pcscf.addrs.n6;
	memcpy(p->sip, c->pcscf.addrs.a6, sizeof(p->sip));
	memcpy(p->sip_name, c->pcscf.name, sizeof(p->sip_name));
	p->keepalive = gw->policy.keepalive;
	p->keepalive_min = gw->policy.keepalive_min;
	p->keepalive_max = gw->policy.keepalive_max;
	p->enterprise = c->enterprise;
}

void eftf_gw_apply(struct eftf_gw *gw)
{
	struct eftf_pool_settings set = pool_settings(&gw->conf);
	const struct eftf_gw_conf *c = &gw->conf;
	struct eftf_dhcp4s_policy *p = &gw->policy;

	memset(p, 0, sizeof(*p));
	p->server = c->gateway;
	/* Without ue_to_ue a /32: a UE must not expect its neighbours on the link. The mask of one of several pools is not the others'. */
	p->mask.s_addr = c->ue_to_ue && c->pool.n == 1 ? htonl(eftf_value_mask4(c->pool.p[0].plen)) : 0xffffffff;
	p->mtu = (uint16_t)c->mtu;
	p->lease = c->lease;
	p->n_dns = c->dns.n;
	memcpy(p->dns, c->dns.a, sizeof(p->dns));
	p->n_sip = c->pcscf.addrs.n;
	memcpy(p->sip, c->pcscf.addrs.a, sizeof(p->sip));
	memcpy(p->sip_name, c->pcscf.name, sizeof(p->sip_name));
	p->n_routes = c->routes.n;
	memcpy(p->routes, c->routes.r, sizeof(p->routes));
	for (size_t i = 0; i < p->n_routes; i++)
		p->routes[i].via = c->gateway;
	p->keepalive = (uint16_t)c->keepalive;
	p->keepalive_min = (uint16_t)c->keepalive_min;
	p->keepalive_max = longest_keepalive(c);
	p->enterprise = c->enterprise;
	apply6(gw);
	if (gw->pool)
		eftf_pool_set(gw->pool, &set);
	eftf_log_as_json(c->log_format == EFTF_GW_LOG_JSON);
	eftf_log_open("eftf-gw", eftf_gw_log_level(gw), c->syslog);
}

static void exchange_statics(struct eftf_gw *gw, const struct eftf_statics *now)
{
	struct eftf_statics before = gw->statics;

	/* while the pool looks at those of before */
	eftf_pool_set_statics(gw->pool, NULL);
	gw->statics = *now;
	eftf_pool_set_statics(gw->pool, &gw->statics);
	eftf_statics_free(&before);
}

void eftf_gw_reload(struct eftf_gw *gw)
{
	struct eftf_gw_tls tls = { .n = 0 };
	struct eftf_statics statics = { .n = 0 };
	struct eftf_sandbox_user user;
	struct eftf_gw_conf conf;
	struct eftf_err err;

	if (eftf_gw_conf_load(&conf, gw->conf_path, &err) ||
	    eftf_sandbox_find_user(conf.user, &user, &err) ||
	    eftf_gw_raise_fd_limit(&conf, &err) ||
	    eftf_gw_load_tls(&conf, &gw->tls, &tls, &err) ||
	    /* the pools do not change */
	    eftf_statics_load(&statics, conf.static_addresses, &gw->conf, &err) ||
	    eftf_tokens_reload(gw->tokens, conf.token_keys, &err)) {
		log_error("reload: %s: going on as before", err.text);
		eftf_gw_free_tls(&tls);
		eftf_statics_free(&statics);
		eftf_gw_conf_free(&conf);
		return;
	}
	if (!eftf_gw_conf_keep(&gw->conf, &conf))
		log_warn("reload: listen, device, pool, pool6, pool6_each, gateway, announce, mtu, ue_to_ue, max_tunnels, workers, persistent, state_dir, socket and metrics_listen change by a restart only");
	eftf_gw_conf_free(&gw->conf);
	gw->conf = conf;
	gw->user = user;
	eftf_gw_free_tls(&gw->tls);
	gw->tls = tls;
	exchange_statics(gw, &statics);
	eftf_gw_apply(gw);
	if (eftf_policy_load(&gw->nft, &gw->conf, &err))
		log_error("reload: %s: the policy of before stays", err.text);
	if (eftf_gw_device_signalling(gw, &err))
		log_warn("reload: the device keeps the P-CSCFs of before: %s", err.text);
	eftf_workers_replace(gw);
	log_info("configuration and certificate reloaded");
}
