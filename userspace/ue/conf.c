// SPDX-License-Identifier: GPL-2.0-or-later
#include "conf.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "detect.h"
#include "dhcp4.h"
#include "keepalive.h"
#include "log.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

#define KEY(s, n, m, ...) \
	{ .section = s, .name = n, .offset = offsetof(struct eftf_ue_conf, m), \
	  .size = sizeof(((struct eftf_ue_conf *)0)->m), __VA_ARGS__ }
#define STRING(maxlen) .type = EFTF_CONFIG_STRING, .max = maxlen
#define UINT(lo, hi) .type = EFTF_CONFIG_UINT, .min = lo, .max = hi
#define BOOL .type = EFTF_CONFIG_BOOL
#define CHOICE(c) .type = EFTF_CONFIG_CHOICE, .choices = c
#define VALUE(v) .type = EFTF_CONFIG_VALUE, .value = &eftf_##v

static const char *const modes[] = { "auto", "always", "off", NULL };
static const char *const families[] = { "any", "4", "6", "both", NULL };
static const char *const auths[] = { "safe", "any", "basic", "digest", "ntlm", "negotiate", NULL };

static const struct eftf_config_key keys[] = {
	KEY("eftf", "address", address, VALUE(value_host), .needed = "eftf.example.net",
	    .help = "DNS name or IP address of the EFTF"),
	KEY("eftf", "port", port, UINT(1, 65535), .preset = "443", .help = "Its TCP port"),
	KEY("eftf", "name", name, VALUE(value_host), .without = "the address",
	    .example = "eftf.example.net", .help = "Name that its certificate must carry"),
	KEY("eftf", "ca", ca, .apart = true, STRING(4096), .needed = "/etc/eftf/ca.pem",
	    .help = "PEM file of the CA certificates to trust"),
	KEY("eftf", "crl", crl, .apart = true, STRING(4096), .without = "revocation is not checked by lists",
	    .example = "/etc/eftf/ca.crl",
	    .help = "File of the revocation lists of these CAs, PEM or DER; read again on SIGHUP; one that is missing is an error at the start, one that is out of date is waited for; later both are a warning: what was read last stays in force"),
	KEY("eftf", "cert", cert, .apart = true, STRING(4096), .without = "no client certificate",
	    .example = "/etc/eftf/ue.pem",
	    .help = "PEM file of the client certificate chain; goes with key"),
	KEY("eftf", "key", key, .apart = true, STRING(4096), .without = "no client certificate",
	    .example = "/etc/eftf/ue.key", .help = "PEM file of the client's private key"),
	KEY("eftf", "alpn", alpn, STRING(255), .value = &eftf_ue_value_alpn, .without = "no ALPN",
	    .example = "http/1.1", .help = "Protocol names to offer by ALPN (RFC 7301) where something in front of the EFTF chooses by them; it need not choose one"),
	KEY("eftf", "client_id", client_id, STRING(40), .without = "made of /etc/machine-id; without that, of " EFTF_UE_ID_FILE ", which is made once",
	    .example = "line-7", .help = "Identity of this UE towards the EFTF"),
	KEY("eftf", "enterprise", enterprise, UINT(1, 0xffffffffu),
	    .preset = TEXT(EFTF_ENTERPRISE_DEFAULT),
	    .help = "Enterprise number of the vendor options"),

	KEY("tunnel", "device", device, VALUE(value_ifname), .preset = "eftf0",
	    .help = "Network device; made if missing"),
	KEY("tunnel", "family", family, CHOICE(families), .preset = "any",
	    .help = "Inner addresses to ask the EFTF for: of IPv4 by DHCP, of IPv6 by DHCPv6; any: both, and one of them is enough; both: both have to come"),
	KEY("tunnel", "mtu", mtu, UINT(576, 65532), .zero = "what the EFTF says", .preset = "0",
	    .help = "Inner MTU of the device, octets"),
	KEY("tunnel", "keepalive", keepalive, UINT(EFTF_KEEPALIVE_MIN, EFTF_KEEPALIVE_MAX),
	    .zero = "what the EFTF says, and if it says nothing 840", .preset = "0",
	    .help = "Keep-alive interval to propose, seconds; the EFTF decides; each connection draws four fifths to all of it"),
	KEY("tunnel", "timeout", timeout, UINT(10, 10800), .zero = "three intervals",
	    .preset = "0", .help = "Seconds without receiving that end the tunnel"),
	KEY("tunnel", "record_limit", record_limit, UINT(100, 0xffffffffu),
	    .zero = "the cipher's own", .preset = "0",
	    .help = "TLS records per key; shortly before, a new connection is made"),
	KEY("tunnel", "key_update", key_update, BOOL, .preset = "yes",
	    .help = "Follow when the EFTF changes its TLS key, if the kernel can; a child process stays for it; no: reconnect"),
	KEY("tunnel", "routes", routes, VALUE(ue_value_routes), .without = "those of the EFTF alone",
	    .example = "192.0.2.0/24, 198.51.100.0/24",
	    .help = "Prefixes to route into the tunnel besides those that the EFTF gives, which they also allow if they contain them; all allows whatever it gives: without such a word no route goes in that covers a network, router or name server of this machine; may be repeated"),
	KEY("tunnel", "address", static_addr, VALUE(ue_value_prefix), .without = "DHCP",
	    .example = "10.64.0.7/24", .help = "Static inner address; goes with gateway; with this one or address6 there is no DHCP, and so no other address of either family"),
	KEY("tunnel", "gateway", gateway, VALUE(ue_value_addr4), .without = "DHCP",
	    .example = "10.64.0.1", .help = "Inner address of the EFTF; goes with address"),
	KEY("tunnel", "address6", static_addr6, VALUE(ue_value_addr6), .without = "DHCP",
	    .example = "fd00:64::7", .help = "Static inner address of IPv6, beside address or alone; goes with gateway6"),
	KEY("tunnel", "gateway6", gateway6, VALUE(ue_value_addr6), .without = "DHCP",
	    .example = "fd00:64::1", .help = "Inner IPv6 address of the EFTF; goes with address6"),
	KEY("tunnel", "configure", configure, BOOL, .preset = "yes",
	    .help = "Put address and routes on the device; no: the hook is told of them and does that, as netifd of OpenWrt; only the route that keeps the outer connection out of the tunnel is still put in"),
	KEY("tunnel", "hook", hook, STRING(4096), .value = &eftf_ue_value_path, .without = "none",
	    .example = "/etc/eftf/hook",
	    .help = "Program to run when the tunnel comes up, its lease is renewed with other values, and it goes down; without shell; the environment is that of vpnc-script and EFTF_*"),
	KEY("tunnel", "hook_timeout", hook_timeout, .apart = true, UINT(1, 600), .preset = "30",
	    .help = "Seconds that a run of the hook may last, then it is killed; nothing but the next run waits for it"),

	KEY("proxy", "url", proxy_url, STRING(512), .value = &eftf_ue_value_proxy,
	    .without = "a direct connection", .example = "http://proxy.example.net:3128",
	    .help = "HTTP proxy to connect by; an eftf-ue built without libcurl refuses it"),
	KEY("proxy", "user", proxy_user, STRING(255), .without = "no credentials",
	    .example = "user", .help = "User name for the proxy"),
	KEY("proxy", "password", proxy_password, STRING(255), .without = "no credentials",
	    .example = "secret",
	    .help = "Password for the proxy; ends with the line, blanks at both ends do not count"),
	KEY("proxy", "auth", proxy_auth, CHOICE(auths), .preset = "safe",
	    .help = "How to authenticate to the proxy; safe is any but basic"),
	KEY("proxy", "fallback", proxy_fallback, BOOL, .preset = "no",
	    .help = "Without url: try the environment's proxy if the EFTF is out of reach"),

	KEY("detect", "mode", mode, CHOICE(modes), .preset = "auto",
	    .help = "Probe first, tunnel without probing, or never tunnel; auto needs pcscf or media"),
	KEY("detect", "pcscf", pcscf, VALUE(value_addr), .without = "no SIP probe",
	    .example = "192.0.2.10", .shown = true,
	    .help = "P-CSCF address to probe with SIP OPTIONS"),
	KEY("detect", "sip_port", sip_port, UINT(1, 65535), .preset = "5060",
	    .help = "Port of the P-CSCF"),
	KEY("detect", "sips_port", sips_port, UINT(1, 65535), .zero = "no probe of SIP over TLS", .preset = "0",
	    .help = "Its port of SIP over TLS, usually 5061, where the phone uses that: one that answers is as good as one of UDP or TCP"),
	KEY("detect", "ipsec", ipsec, VALUE(value_addr_port), .without = "no IPsec probe",
	    .example = "192.0.2.10:4500", .help = "IKE responder to probe, in UDP, where the phone's IPsec needs that port; signalling alone is not enough then"),
	KEY("detect", "media", media, VALUE(value_addr_port), .without = "no media probe",
	    .example = "192.0.2.20:3478", .help = "STUN server to probe the media path"),
	KEY("detect", "control", control, VALUE(value_host_port),
	    .without = "the proxy or the EFTF", .example = "www.example.net:443",
	    .help = "What a firewall is sure to let through, to tell it from no network"),
	KEY("detect", "timeout_ms", probe_timeout_ms, UINT(100, 60000), .preset = "4000",
	    .help = "Time for the probes, milliseconds"),
	KEY("detect", "recheck", recheck, UINT(10, 86400), .preset = "1800",
	    .help = "Seconds between looks at the direct way: while no tunnel is needed, and while there is one, which is left when that way is open and no call can be in it: at most two packets in 30 s"),
	KEY("detect", "remember", remember, .apart = true, UINT(60, 31536000),
	    .zero = "not at all", .preset = "86400",
	    .help = "Seconds after which a firewall, and the way through it, is found out anew on a network where it is known; until then that way is gone without probes, and if it fails, the probes follow at once"),
	KEY("detect", "state_dir", state_dir, .apart = true, STRING(200),
	    .value = &eftf_ue_value_path, .preset = "/var/lib/eftf-ue",
	    .help = "Folder in which that is kept over restarts, in a file for each device"),

	KEY("log", "level", log_level, .apart = true, CHOICE(eftf_log_levels), .preset = "info",
	    .help = "What is logged"),
	KEY("log", "syslog", syslog, .apart = true, BOOL, .preset = "no",
	    .help = "Log to syslog instead of standard error"),
	{ .name = NULL },
};

const char *eftf_ue_conf_name(const struct eftf_ue_conf *conf)
{
	return conf->name.host[0] ? conf->name.host : conf->address.host;
}

/* Checks between keys; those of one key are in its row. */
static int check(const struct eftf_ue_conf *conf, const char *file, struct eftf_err *err)
{
	const char *wrong = NULL;

	if (!conf->cert != !conf->key)
		wrong = "[eftf] cert and key go together: one of them is missing";
	else if (conf->static_addr.set != conf->gateway.set)
		wrong = "[tunnel] address and gateway go together: one of them is missing";
	else if (conf->static_addr.set &&
		 conf->static_addr.addr.s_addr == conf->gateway.addr.s_addr)
		wrong = "[tunnel] address and gateway are the same: gateway is the EFTF's own";
	else if (IN6_IS_ADDR_UNSPECIFIED(&conf->static_addr6) != IN6_IS_ADDR_UNSPECIFIED(&conf->gateway6))
		wrong = "[tunnel] address6 and gateway6 go together: one of them is missing";
	else if (!IN6_IS_ADDR_UNSPECIFIED(&conf->gateway6) &&
		 IN6_ARE_ADDR_EQUAL(&conf->static_addr6, &conf->gateway6))
		wrong = "[tunnel] address6 and gateway6 are the same: gateway6 is the EFTF's own";
	else if (!conf->configure && !conf->hook)
		wrong = "[tunnel] configure = no needs a hook, which puts address and routes in";
	else if (!EFTF_UE_PROXY && (conf->proxy_url || conf->proxy_fallback))
		wrong = "[proxy] url and fallback need an eftf-ue with libcurl; this one was built without it (PROXY=no)";
	else if (conf->proxy_password && !conf->proxy_user)
		wrong = "[proxy] password needs user";
	else if (conf->proxy_user && !conf->proxy_url && !conf->proxy_fallback)
		wrong = "[proxy] user needs url";
	else if (conf->proxy_user && strchr(conf->proxy_user, ':'))
		wrong = "[proxy] user must not contain a colon";
	else if (conf->timeout && conf->timeout <= conf->keepalive)
		wrong = "[tunnel] timeout must be longer than keepalive";
	else if (conf->sips_port && !conf->pcscf.ss_family)
		wrong = "[detect] sips_port needs pcscf: it is a port of that";
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

int eftf_ue_conf_load(struct eftf_ue_conf *conf, const char *path, const char *mode,
		   struct eftf_err *err)
{
	int ret;

	memset(conf, 0, sizeof(*conf));
	ret = eftf_config_file(path, keys, conf, err);
	return ret ? ret : finish(conf, path, mode, err);
}

int eftf_ue_conf_load_text(struct eftf_ue_conf *conf, const char *text, size_t len,
			const char *name, const char *mode, struct eftf_err *err)
{
	int ret;

	memset(conf, 0, sizeof(*conf));
	ret = eftf_config_text(text, len, name, keys, conf, err);
	return ret ? ret : finish(conf, name, mode, err);
}

bool eftf_ue_conf_same_tunnel(const struct eftf_ue_conf *a, const struct eftf_ue_conf *b)
{
	return eftf_config_same(keys, a, b);
}

void eftf_ue_conf_free(struct eftf_ue_conf *conf)
{
	if (conf->proxy_password)
		explicit_bzero(conf->proxy_password, strlen(conf->proxy_password));
	eftf_config_free(keys, conf);
}

void eftf_ue_conf_help(FILE *out)
{
	eftf_config_help(out, "Configuration of eftf-ue: all keys; see eftf-ue.conf(5)", keys);
}
