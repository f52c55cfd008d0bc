/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keepalive.h"
#include "log.h"

#define AT(m) offsetof(struct eftf_gw_conf, m)
#define STRING(n, h) { "gateway", #n, EFTF_CFG_STRING, AT(n), 0, 1024, NULL, NULL, h }
#define UINT(n, lo, hi, h) { "gateway", #n, EFTF_CFG_UINT, AT(n), lo, hi, NULL, NULL, h }
#define BOOL(n, h) { "gateway", #n, EFTF_CFG_BOOL, AT(n), 0, 0, NULL, NULL, h }
#define CUSTOM(n, fn, h) { "gateway", #n, EFTF_CFG_CUSTOM, AT(n), 0, 0, NULL, fn, h }

const struct eftf_cfg_key eftf_gw_conf_keys[] = {
	CUSTOM(listen, eftf_gw_parse_listen,
	       "address and port to listen on, may be repeated (0.0.0.0:443 and [::]:443)"),
	STRING(cert, "PEM file of the certificate chain (required)"),
	STRING(key, "PEM file of its private key (required)"),
	STRING(client_ca, "PEM file of the CA of client certificates; set: they are required (none)"),
	CUSTOM(device, eftf_gw_parse_device, "network device; made if missing (eftf0)"),
	CUSTOM(pool, eftf_gw_parse_cidr, "inner addresses for the UEs (required)"),
	CUSTOM(gateway, eftf_gw_parse_addr, "inner address of the EFTF (first of the pool)"),
	CUSTOM(dns, eftf_gw_parse_addrs, "DNS servers to tell the UEs (none)"),
	CUSTOM(pcscf, eftf_gw_parse_pcscf, "P-CSCF to tell the UEs: addresses or a name (none)"),
	CUSTOM(routes, eftf_gw_parse_routes,
	       "prefixes that the UEs shall route into the tunnel, may be repeated (none)"),
	UINT(mtu, 576, 65532, "inner MTU, octets (1400)"),
	UINT(lease, 60, 0xffffffffu,
	     "DHCP lease time, s; 4294967295 is for ever; an attached tunnel keeps its address (3600)"),
	CUSTOM(keepalive, eftf_gw_parse_keepalive,
	       "keep-alive for UEs that propose none, s; 0 turns it off for all (110)"),
	UINT(keepalive_min, EFTF_KEEPALIVE_MIN, EFTF_KEEPALIVE_MAX, "shortest interval that a UE may propose, s (10)"),
	UINT(keepalive_max, EFTF_KEEPALIVE_MIN, EFTF_KEEPALIVE_MAX, "longest interval that a UE may propose, s (600)"),
	UINT(timeout, 0, 65535,
	     "a tunnel that received nothing for so long ends, s; 0 is 3 x keep-alive (0)"),
	UINT(hold, 0, 86400, "a lost tunnel's address is kept for its UE, s (120)"),
	UINT(max_tunnels, 1, 1000000, "tunnels at a time (10000)"),
	UINT(max_tunnels_per_source, 0, 1000000, "of them from one outer address; 0: any (0)"),
	UINT(max_handshakes, 1, 100000, "connections that have no tunnel yet (512)"),
	UINT(max_handshakes_per_source, 1, 100000,
	     "of them from one outer address (IPv6: /64) (16)"),
	UINT(handshake_timeout, 1, 300, "time for the TLS handshake, s (10)"),
	UINT(negotiate_timeout, 1, 300, "time for the DHCP exchange after it, s (10)"),
	CUSTOM(record_limit, eftf_gw_parse_record_limit,
	       "TLS records per key, after which a tunnel ends unless its UE has made a new connection; 0: the cipher's own (0)"),
	BOOL(key_update,
	     "follow when a UE changes its TLS key, if the kernel can; takes 55 kB for each tunnel, 76 kB with client_ca; no: the UE must reconnect (yes)"),
	BOOL(ue_to_ue, "packets may go from one UE to another (no)"),
	UINT(enterprise, 1, 0xffffffffu, "enterprise number of the vendor options (32473)"),
	{ "gateway", "log_level", EFTF_CFG_CHOICE, AT(log_level), 0, 0, eftf_log_levels, NULL,
	  "error, warn, info or debug (info)" },
	BOOL(syslog, "log to syslog, not to standard error (no)"),
	{ .name = NULL },
};

int eftf_gw_conf_defaults(struct eftf_gw_conf *conf, struct eftf_err *err)
{
	memset(conf, 0, sizeof(*conf));
	conf->device = strdup("eftf0");
	if (!conf->device)
		return eftf_err_set(err, ENOMEM, "out of memory");
	conf->mtu = 1400;
	conf->lease = 3600;
	conf->keepalive = EFTF_KEEPALIVE_DEFAULT;
	conf->key_update = true;
	conf->keepalive_min = EFTF_KEEPALIVE_MIN;
	conf->keepalive_max = EFTF_KEEPALIVE_MAX;
	conf->hold = 120;
	conf->max_tunnels = 10000;
	conf->max_handshakes = 512;
	conf->max_handshakes_per_source = 16;
	conf->handshake_timeout = 10;
	conf->negotiate_timeout = 10;
	conf->enterprise = EFTF_ENTERPRISE_DEFAULT;
	conf->log_level = EFTF_LOG_INFO;
	return 0;
}

static int check_gateway(struct eftf_gw_conf *conf, struct eftf_err *err)
{
	uint32_t base = ntohl(conf->pool.base.s_addr);
	uint32_t last = base | 0xffffffffu >> conf->pool.plen;
	uint32_t gateway = ntohl(conf->gateway.s_addr);
	char text[INET_ADDRSTRLEN];

	if (!gateway) {
		conf->gateway.s_addr = htonl(base + 1);
		return 0;
	}
	if (gateway > base && gateway < last)
		return 0;
	inet_ntop(AF_INET, &conf->gateway, text, sizeof(text));
	return eftf_err_set(err, EINVAL,
			    "gateway.gateway = %s: allowed is a host address of the pool", text);
}

int eftf_gw_conf_check(struct eftf_gw_conf *conf, struct eftf_err *err)
{
	const char *missing = NULL;

	if (!conf->cert || !conf->cert[0])
		missing = "cert";
	else if (!conf->key || !conf->key[0])
		missing = "key";
	else if (!conf->pool.plen)
		missing = "pool";
	if (missing)
		return eftf_err_set(err, EINVAL, "gateway.%s is required", missing);
	if (conf->client_ca && !conf->client_ca[0]) {
		free(conf->client_ca);
		conf->client_ca = NULL;
	}
	if (conf->keepalive_min > conf->keepalive_max)
		return eftf_err_set(err, EINVAL, "gateway.keepalive_min is above keepalive_max");
	if (conf->timeout && conf->timeout <= conf->keepalive_min)
		return eftf_err_set(err, EINVAL,
				    "gateway.timeout = %u: allowed is 0, or more than keepalive_min",
				    conf->timeout);
	if (!conf->listen.n) {
		const char *allowed;

		eftf_gw_parse_listen("0.0.0.0:443", &conf->listen, &allowed);
		eftf_gw_parse_listen("[::]:443", &conf->listen, &allowed);
	}
	return check_gateway(conf, err);
}

int eftf_gw_conf_load(struct eftf_gw_conf *conf, const char *path, struct eftf_err *err)
{
	struct eftf_err why;
	int ret = eftf_gw_conf_defaults(conf, err);

	if (!ret)
		ret = eftf_config_file(path, eftf_gw_conf_keys, conf, err);
	if (ret)
		return ret;
	ret = eftf_gw_conf_check(conf, &why);
	if (ret)
		return eftf_err_set(err, -ret, "%.150s: %.200s", path, why.text);
	return 0;
}

void eftf_gw_conf_free(struct eftf_gw_conf *conf)
{
	eftf_config_free(eftf_gw_conf_keys, conf);
	free(conf->device);
	conf->device = NULL;
}

void eftf_gw_conf_help(FILE *out)
{
	const struct eftf_cfg_key *k;

	fprintf(out, "Keys of the section [gateway] in %s; defaults in brackets:\n\n",
		EFTF_GW_CONF_FILE);
	for (k = eftf_gw_conf_keys; k->name; k++)
		fprintf(out, "  %-26s %s\n", k->name, k->help);
}
