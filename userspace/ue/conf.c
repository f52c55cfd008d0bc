// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "conf_parse.h"
#include "detect.h"
#include "dhcp4.h"
#include "keepalive.h"
#include "log.h"

#define AT(m) offsetof(struct eftf_ue_conf, m)
#define STRING(s, n, m, maxlen, h) \
	{ .section = s, .name = n, .type = EFTF_CFG_STRING, .offset = AT(m), .max = maxlen, \
	  .help = h }
#define UINT(s, n, m, lo, hi, h) \
	{ .section = s, .name = n, .type = EFTF_CFG_UINT, .offset = AT(m), .min = lo, .max = hi, \
	  .help = h }
#define BOOL(s, n, m, h) \
	{ .section = s, .name = n, .type = EFTF_CFG_BOOL, .offset = AT(m), .help = h }
#define CHOICE(s, n, m, c, h) \
	{ .section = s, .name = n, .type = EFTF_CFG_CHOICE, .offset = AT(m), .choices = c, \
	  .help = h }
#define CUSTOM(s, n, m, fn, h) \
	{ .section = s, .name = n, .type = EFTF_CFG_CUSTOM, .offset = AT(m), .parse = fn, \
	  .help = h }

static const char *const modes[] = { "auto", "always", "off", NULL };
static const char *const auths[] = { "safe", "any", "basic", "digest", "ntlm", "negotiate", NULL };

static const struct eftf_cfg_key keys[] = {
	CUSTOM("eftf", "address", address, eftf_conf_parse_host,
	       "EFTF: DNS name or IP address (required)"),
	UINT("eftf", "port", port, 1, 65535, "its TCP port (443)"),
	CUSTOM("eftf", "name", name, eftf_conf_parse_host,
	       "name that its certificate must carry (the address)"),
	STRING("eftf", "ca", ca, 4096, "PEM file of the CA certificates to trust (required)"),
	STRING("eftf", "cert", cert, 4096, "PEM file of the client certificate chain (none)"),
	STRING("eftf", "key", key, 4096, "PEM file of its private key (none)"),
	STRING("eftf", "client_id", client_id, 40,
	       "identity of this UE towards the EFTF (made of /etc/machine-id)"),
	UINT("eftf", "enterprise", enterprise, 1, 0xffffffffu,
	     "enterprise number of the vendor options (32473)"),

	CUSTOM("tunnel", "device", device, eftf_conf_parse_ifname,
	       "network device; made if missing (eftf0)"),
	CUSTOM("tunnel", "mtu", mtu, eftf_conf_parse_mtu, "inner MTU (what the EFTF says)"),
	UINT("tunnel", "keepalive", keepalive, EFTF_KEEPALIVE_MIN, EFTF_KEEPALIVE_MAX,
	     "keep-alive interval to propose, seconds; the EFTF decides (110)"),
	UINT("tunnel", "timeout", timeout, 10, 3600,
	     "seconds without receiving that end the tunnel (three intervals)"),
	CUSTOM("tunnel", "record_limit", record_limit, eftf_conf_parse_record_limit,
	       "TLS records per key; shortly before, a new connection is made; 0: the cipher's own (0)"),
	BOOL("tunnel", "key_update", key_update,
	     "follow when the EFTF changes its TLS key, if the kernel can; takes 75 kB; no: reconnect (yes)"),
	CUSTOM("tunnel", "routes", routes, eftf_conf_parse_routes,
	       "prefixes to route into the tunnel besides those that the EFTF gives"),
	CUSTOM("tunnel", "address", static_addr, eftf_conf_parse_prefix,
	       "static inner address instead of DHCP (none)"),
	CUSTOM("tunnel", "gateway", gateway, eftf_conf_parse_addr4,
	       "inner address of the EFTF; required with address"),
	STRING("tunnel", "hook", hook, 4096,
	       "program to run on up and down, without shell; environment EFTF_* (none)"),

	CUSTOM("proxy", "url", proxy_url, eftf_conf_parse_proxy,
	       "HTTP proxy: http://host:port, or env (none)"),
	STRING("proxy", "user", proxy_user, 255, "user name for the proxy (none)"),
	STRING("proxy", "password", proxy_password, 255, "password for the proxy (none)"),
	CHOICE("proxy", "auth", proxy_auth, auths,
	       "safe, any, basic, digest, ntlm, negotiate; safe is any but basic (safe)"),
	BOOL("proxy", "fallback", proxy_fallback,
	     "without url: try the environment's proxy if the EFTF is out of reach (no)"),

	CHOICE("detect", "mode", mode, modes, "auto, always, off (auto)"),
	CUSTOM("detect", "pcscf", pcscf, eftf_conf_parse_addr,
	       "P-CSCF address to probe with SIP OPTIONS (none)"),
	UINT("detect", "sip_port", sip_port, 1, 65535, "its port (5060)"),
	CUSTOM("detect", "media", media, eftf_conf_parse_addr_port,
	       "STUN server address:port to probe the media path (none)"),
	CUSTOM("detect", "control", control, eftf_conf_parse_host_port,
	       "host:port that a firewall lets through (the proxy or the EFTF)"),
	UINT("detect", "timeout_ms", probe_timeout_ms, 100, 60000, "time for the probes (4000)"),
	UINT("detect", "recheck", recheck, 10, 86400,
	     "seconds between probes while no tunnel is needed (1800)"),

	CHOICE("log", "level", log_level, eftf_log_levels, "error, warn, info, debug (info)"),
	BOOL("log", "syslog", syslog, "log to syslog instead of stderr (no)"),
	{ .name = NULL },
};

static void defaults(struct eftf_ue_conf *conf)
{
	static const char device[] = "eftf0";

	memset(conf, 0, sizeof(*conf));
	conf->port = 443;
	conf->enterprise = EFTF_ENTERPRISE_DEFAULT;
	memcpy(conf->device, device, sizeof(device));
	conf->keepalive = EFTF_KEEPALIVE_DEFAULT;
	conf->key_update = true;
	conf->mode = EFTF_MODE_AUTO;
	conf->sip_port = 5060;
	conf->probe_timeout_ms = 4000;
	conf->recheck = 1800;
	conf->log_level = EFTF_LOG_INFO;
}

const char *eftf_conf_name(const struct eftf_ue_conf *conf)
{
	return conf->name.host[0] ? conf->name.host : conf->address.host;
}

/* What no single key can tell. */
static int check(const struct eftf_ue_conf *conf, const char *file, struct eftf_err *err)
{
	const char *wrong = NULL;

	if (!conf->address.host[0])
		wrong = "[eftf] address is missing: DNS name or IP address of the EFTF";
	else if (!conf->ca)
		wrong = "[eftf] ca is missing: PEM file of the CA certificates to trust";
	else if (!conf->cert != !conf->key)
		wrong = "[eftf] cert and key go together: one of them is missing";
	else if (conf->static_addr.set != conf->gateway.set)
		wrong = "[tunnel] address and gateway go together: one of them is missing";
	else if (conf->static_addr.set &&
		 conf->static_addr.addr.s_addr == conf->gateway.addr.s_addr)
		wrong = "[tunnel] address and gateway are the same: gateway is the EFTF's own";
	else if (conf->hook && conf->hook[0] != '/')
		wrong = "[tunnel] hook must be an absolute path";
	else if (conf->proxy_password && !conf->proxy_user)
		wrong = "[proxy] password needs user";
	else if (conf->proxy_user && !conf->proxy_url && !conf->proxy_fallback)
		wrong = "[proxy] user needs url";
	else if (conf->proxy_user && strchr(conf->proxy_user, ':'))
		wrong = "[proxy] user must not contain a colon";
	else if (conf->timeout && conf->timeout <= conf->keepalive)
		wrong = "[tunnel] timeout must be longer than keepalive";
	else if (conf->mode == EFTF_MODE_AUTO && !conf->pcscf.ss_family && !conf->media.ss_family)
		wrong = "[detect] mode auto needs pcscf or media to probe; or set mode = always";
	return wrong ? eftf_err_set(err, EINVAL, "%s: %s", file, wrong) : 0;
}

static int finish(struct eftf_ue_conf *conf, const char *name, const char *mode,
		  struct eftf_err *err)
{
	int ret = 0;

	if (mode)
		ret = eftf_config_set("detect", "mode", mode, keys, conf, err);
	return ret ? ret : check(conf, name, err);
}

int eftf_conf_load(struct eftf_ue_conf *conf, const char *path, const char *mode,
		   struct eftf_err *err)
{
	int ret;

	defaults(conf);
	ret = eftf_config_file(path, keys, conf, err);
	return ret ? ret : finish(conf, path, mode, err);
}

int eftf_conf_load_text(struct eftf_ue_conf *conf, const char *text, size_t len,
			const char *name, const char *mode, struct eftf_err *err)
{
	int ret;

	defaults(conf);
	ret = eftf_config_text(text, len, name, keys, conf, err);
	return ret ? ret : finish(conf, name, mode, err);
}

void eftf_conf_free(struct eftf_ue_conf *conf)
{
	if (conf->proxy_password)
		explicit_bzero(conf->proxy_password, strlen(conf->proxy_password));
	free(conf->proxy_url);	/* CUSTOM: eftf_config_free() does not know it */
	conf->proxy_url = NULL;
	eftf_config_free(keys, conf);
}

void eftf_conf_help(FILE *out)
{
	const struct eftf_cfg_key *k;
	const char *section = "";

	for (k = keys; k->name; k++) {
		if (strcmp(section, k->section)) {
			fprintf(out, "%s[%s]\n", section[0] ? "\n" : "", k->section);
			section = k->section;
		}
		fprintf(out, "# %s: %s\n", k->name, k->help);
	}
}
