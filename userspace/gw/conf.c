/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>

#include "keepalive.h"
#include "log.h"
#include "pool.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

#define KEY(s, n, m, ...) \
	{ .section = s, .name = n, .offset = offsetof(struct eftf_gw_conf, m), __VA_ARGS__ }
#define GW(n, ...) KEY("gateway", #n, n, __VA_ARGS__)
#define FILE_NAME .type = EFTF_CONFIG_STRING, .max = 1024
#define UINT(lo, hi) .type = EFTF_CONFIG_UINT, .min = lo, .max = hi
#define BOOL .type = EFTF_CONFIG_BOOL
#define CHOICE(c) .type = EFTF_CONFIG_CHOICE, .choices = c
#define VALUE(v) .type = EFTF_CONFIG_VALUE, .value = &eftf_##v
/* What a key was called before. */
#define OLD_NAME(s, n, s_now, n_now) \
	{ .section = s, .name = n, .type = EFTF_CONFIG_ALIAS, .to_section = s_now, .to = n_now }

struct in6_addr eftf_gw_inner6(const struct eftf_gw_conf *conf, struct in_addr inner)
{
	uint32_t n = eftf_ranges_number(&conf->ranges, inner);
	struct in6_addr addr = { 0 };
	size_t i = 0;

	if (n == EFTF_RANGES_NONE || !conf->pool6.n)
		return addr;
	if (conf->pool6.n > 1) {	/* one for each */
		i = eftf_ranges_of(&conf->ranges, n);
		n -= conf->ranges.r[i].first;
	}
	addr = conf->pool6.p[i].base;
	for (unsigned int k = 0; k < 4; k++, n >>= 8)
		addr.s6_addr[conf->pool6_each / 8 - 1 - k] |= (uint8_t)n;
	if (conf->pool6_each < 128) {
		addr.s6_addr[14] = EFTF_GW_IN_64 >> 8;
		addr.s6_addr[15] = EFTF_GW_IN_64 & 0xff;
	}
	return addr;
}

/* If it is of the i-th of pool6; else 0.0.0.0. */
static struct in_addr inner4_of(const struct eftf_gw_conf *conf, size_t i, const struct in6_addr *inner6)
{
	const uint8_t *p = &inner6->s6_addr[conf->pool6_each / 8 - 4];
	unsigned int fixed = conf->pool6_each - 32;	/* bits before that number */
	uint32_t n = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	struct in_addr inner, none = { 0 };
	uint32_t size = conf->ranges.size;
	struct in6_addr back;

	if (conf->pool6.p[i].plen > fixed)
		n &= 0xffffffffu >> (conf->pool6.p[i].plen - fixed);
	if (conf->pool6.n > 1)
		size = conf->ranges.r[i].size;
	if (n >= size)
		return none;
	inner = eftf_ranges_addr(&conf->ranges, conf->pool6.n > 1 ? conf->ranges.r[i].first + n : n);
	back = eftf_gw_inner6(conf, inner);
	return eftf_value_same_network6(&back, inner6, (uint8_t)conf->pool6_each) ? inner : none;
}

struct in_addr eftf_gw_inner4(const struct eftf_gw_conf *conf, const struct in6_addr *inner6)
{
	struct in_addr inner = { 0 };

	for (size_t i = 0; !inner.s_addr && i < conf->pool6.n; i++)
		inner = inner4_of(conf, i, inner6);
	return inner;
}

/* In the order of enum eftf_gw_policy, eftf_gw_log_format. */
static const char *const policies[] = { "strict", "open", NULL };
static const char *const log_formats[] = { "text", "json", NULL };

static const struct eftf_config_key keys[] = {
	GW(listen, VALUE(gw_value_listen), .preset = "0.0.0.0:443, [::]:443",
	   .help = "Addresses and ports to listen on; may be repeated"),
	GW(cert, VALUE(gw_value_files), .needed = "/etc/eftf/gw.pem",
	   .help = "PEM file of the certificate chain; of several the UE gets one whose key it takes, then one for the name that it asked for, then ECDSA, then the first; may be repeated"),
	GW(key, VALUE(gw_value_files), .needed = "/etc/eftf/gw.key",
	   .help = "PEM file of its private key, which only the gateway's user and group may read; as many as cert, in the same order"),
	GW(ocsp, VALUE(gw_value_files), .without = "none is sent", .example = "/etc/eftf/gw.ocsp",
	   .help = "File of the OCSP response, DER, for the certificate, which UEs get with it; as many as cert, in the same order, - where there is none; read again on SIGHUP; one that is missing, wrong or out of date is warned of and not sent"),
	GW(client_ca, FILE_NAME, .without = "no client certificate is asked for",
	   .example = "/etc/eftf/client-ca.pem",
	   .help = "PEM file of the CA of client certificates, which are required then"),
	GW(crl, FILE_NAME, .without = "revocation is not checked",
	   .example = "/etc/eftf/client-ca.crl",
	   .help = "File of the revocation lists of client_ca, PEM or DER; read again on SIGHUP; one that is missing or out of date is an error at the start, and later a warning: what was read last stays in force"),
	GW(device, VALUE(value_ifname), .preset = "eftf0",
	   .help = "Network device; made if missing"),
	GW(pool, VALUE(gw_value_pool), .needed = "10.64.0.0/16",
	   .help = "Inner addresses of IPv4 for the UEs, up to 8 prefixes, a million addresses together, of which the first are given out first; may be repeated; none: they get IPv6 alone, of pool6"),
	GW(pool6, VALUE(gw_value_pool6), .without = "IPv4 only", .example = "2001:db8:64::/64",
	   .help = "IPv6 addresses beside them, for UEs that ask for one by DHCPv6: a UE with the N-th address of pool has the N-th of this prefix, as a /128, or its N-th /64, see pool6_each; it needs as many bits for them as pool has; or as many prefixes as pool has, each for one of them, in the same order; may be repeated; with pool = none it gives at most a million addresses"),
	GW(pool6_each, UINT(64, 128), .preset = "128",
	   .help = "What a UE has of pool6: 128, an address; 64, a /64 of its own, in which it is given the address ::ef7f and all of which it may use, as for a network behind it; a router advertisement tells it so beside DHCPv6"),
	GW(gateway, VALUE(value_addr4), .without = "the first of the (first) pool", .example = "10.64.0.1",
	   .help = "Inner address of the EFTF; the one of pool6 follows from it; not with pool = none"),
	GW(static_addresses, FILE_NAME, .without = "none", .example = "/etc/eftf/gw.addresses",
	   .help = "File of addresses that belong to one client certificate each: lines of its identity, as eftf-gw status shows it (cert: and 32 hexadecimal digits of its SHA-256), and its address of pool, or of pool6, or both; read again on SIGHUP; needs client_ca"),
	GW(dns, VALUE(gw_value_addrs), .without = "none", .example = "192.0.2.53",
	   .help = "DNS servers to tell the UEs, of IPv4 and IPv6"),
	GW(pcscf, VALUE(gw_value_pcscf), .without = "none", .example = "192.0.2.10",
	   .help = "P-CSCF to tell the UEs, by IPv4 and IPv6"),
	GW(routes, VALUE(gw_value_routes), .without = "none",
	   .example = "192.0.2.0/24, 198.51.100.0/24",
	   .help = "Prefixes that the UEs shall route into the tunnel, of IPv4 by DHCP and of IPv6 by a router advertisement; may be repeated"),
	GW(policy, CHOICE(policies), .preset = "strict",
	   .help = "Strict: nftables are told, in a table of their own, that UEs reach DHCP and echo of the gateway and beyond it only the prefixes of reach; see eftf-gw(8); open: what UEs may reach is the administrator's own affair"),
	GW(reach, VALUE(gw_value_prefixes), .without = "what the UEs are told of: routes, dns and pcscf",
	   .example = "192.0.2.0/24",
	   .help = "Prefixes that UEs may reach, and that may reach them, with policy = strict; may be repeated"),
	GW(max_flows, UINT(1, 1000000), .zero = "any number", .preset = "1024",
	   .help = "Connections of one UE, with policy = strict, that the kernel's connection tracking has at a time; further ones are dropped"),
	GW(announce, VALUE(gw_value_table), .preset = "off",
	   .help = "A route to each address, of IPv4 and IPv6, of each UE that has a tunnel goes into this routing table, with the protocol number 233 and a lower metric the later the UE came, for routing daemons of several gateways; main: the device then has the address gateway as a /32 (of pool6 as a /128), without a route for the whole pool"),
	GW(mtu, UINT(576, 65532), .preset = "1500",
	   .help = "Inner MTU of the device, and to tell the UEs, octets"),
	GW(lease, UINT(60, 0xffffffffu), .preset = "3600",
	   .help = "DHCP lease time, seconds; 4294967295 is for ever; an attached tunnel keeps its address"),
	GW(keepalive, UINT(EFTF_KEEPALIVE_MIN, EFTF_KEEPALIVE_MAX), .zero = "off for all UEs",
	   .preset = TEXT(EFTF_KEEPALIVE_DEFAULT),
	   .help = "Keep-alive interval for UEs that propose none, seconds"),
	GW(keepalive_min, UINT(EFTF_KEEPALIVE_MIN, EFTF_KEEPALIVE_MAX),
	   .preset = TEXT(EFTF_KEEPALIVE_MIN),
	   .help = "Shortest interval that a UE may propose, seconds"),
	GW(keepalive_max, UINT(EFTF_KEEPALIVE_MIN, EFTF_KEEPALIVE_MAX),
	   .preset = TEXT(EFTF_KEEPALIVE_MAX),
	   .help = "Longest interval that a UE may propose, seconds"),
	GW(timeout, UINT(1, 65535), .zero = "three intervals", .preset = "0",
	   .help = "Seconds without receiving that end a tunnel"),
	GW(hold, UINT(0, 86400), .preset = "120",
	   .help = "Seconds that the address of a lost tunnel is kept for its UE, if the UE has come back with its token or certificate before"),
	GW(quarantine, UINT(0, 31536000), .preset = "604800",
	   .help = "Seconds after that, or after the end of any other tunnel, in which its address goes to no other UE, for who knew the last one by it, such as its SIP registrar; only when nothing else is left, the oldest goes before its time"),
	GW(token_keys, FILE_NAME, .without = "a random key: after a restart UEs get new addresses",
	   .example = "/etc/eftf/gw.tokens",
	   .help = "File of one or two keys, each a line of 64 hexadecimal digits, that seal the resume tokens: the first seals, both open; the same on all gateways of the pool; read again on SIGHUP"),
	GW(persistent, BOOL, .preset = "yes",
	   .help = "Tunnels go on when this program is killed or ended by SIGQUIT, and its successor takes them over; no: they end with it"),
	GW(state_dir, FILE_NAME, .preset = "/run/eftf-gw",
	   .help = "Folder, made if missing, of the file DEVICE.leases, which says whose the running tunnels are; on a file system that is empty after a start of the machine"),
	GW(max_tunnels, UINT(1, 1000000), .preset = "10000", .help = "Tunnels at a time"),
	GW(max_tunnels_per_source, UINT(1, 1000000), .zero = "any number", .preset = "64",
	   .help = "Inner addresses of one outer address (IPv6: /56), in use, held and in quarantine; at the limit its oldest that is not in use goes first"),
	GW(max_handshakes, UINT(1, 100000), .preset = "1024",
	   .help = "Connections that have no tunnel yet; when there are more, the oldest of those ends that have said least"),
	GW(max_handshakes_per_source, UINT(1, 100000), .preset = "16",
	   .help = "Such connections from one outer address (IPv6: /64); from an IPv6 /56 twice, from a /48 or an IPv4 /24 eight times as many"),
	GW(handshake_rate_per_source, UINT(1, 100000), .zero = "any number", .preset = "20",
	   .help = "Connections a second from one outer address (IPv6: /64), after a burst of ten seconds' worth; wider prefixes as for max_handshakes_per_source"),
	GW(workers, UINT(1, EFTF_GW_MAX_WORKERS), .zero = "one for each processor", .preset = "0",
	   .help = "Processes that deal with connections until they have a tunnel; caps per source hold for all of them together"),
	GW(user, .type = EFTF_CONFIG_STRING, .max = 32, .preset = "eftf",
	   .help = "User that they run as, if the gateway is started as root; nobody, if there is no such user"),
	GW(handshake_timeout, UINT(1, 300), .preset = "10",
	   .help = "Time for the TLS handshake, seconds"),
	GW(negotiate_timeout, UINT(1, 300), .preset = "10",
	   .help = "Time for the DHCP exchange after it, seconds"),
	GW(record_limit, UINT(100, 0xffffffffu), .zero = "the cipher's own", .preset = "0",
	   .help = "TLS records per key, after which a tunnel ends unless its UE has made a new connection"),
	GW(key_update, BOOL, .preset = "yes",
	   .help = "Follow when a UE changes its TLS key, if the kernel can; takes 55 kB for each tunnel, 76 kB with client_ca; no: the UE must reconnect"),
	GW(ue_to_ue, BOOL, .preset = "no", .help = "Packets may go from one UE to another; of several pools, name them in routes, too"),
	GW(enterprise, UINT(1, 0xffffffffu), .preset = TEXT(EFTF_ENTERPRISE_DEFAULT),
	   .help = "Enterprise number of the vendor options"),
	OLD_NAME("gateway", "log_level", "log", "level"),
	OLD_NAME("gateway", "syslog", "log", "syslog"),

	KEY("log", "level", log_level, CHOICE(eftf_log_levels), .preset = "info",
	    .help = "What is logged"),
	KEY("log", "format", log_format, CHOICE(log_formats), .preset = "text",
	    .help = "Json: each line is an object with time, program, level and text; the end of a tunnel has its identity, addresses, TLS, octets and reason as members of their own"),
	KEY("log", "syslog", syslog, BOOL, .preset = "no",
	    .help = "Log to syslog instead of standard error"),

	KEY("status", "socket", status_socket, .type = EFTF_CONFIG_STRING, .max = 107,
	    .preset = EFTF_GW_STATUS_SOCKET,
	    .help = "UNIX socket at which eftf-gw status and eftf-gw kick ask, for root and the user of the program; the last folder of its name is made if missing"),
	KEY("status", "metrics_file", metrics_file, FILE_NAME, .without = "no such file is written",
	    .example = "/var/lib/prometheus/node-exporter/eftf-gw.prom",
	    .help = "File in the text format of Prometheus, written every 15 s for node_exporter's textfile collector and removed at the end"),
	KEY("status", "metrics_listen", metrics_listen, VALUE(value_addr_port),
	    .without = "no HTTP", .example = "127.0.0.1:9469",
	    .help = "Loopback address and port of an HTTP listener that shows /metrics to Prometheus"),
	{ .name = NULL },
};

static int check_gateway(struct eftf_gw_conf *conf, struct eftf_err *err)
{
	uint32_t i = eftf_ranges_number(&conf->ranges, conf->gateway);
	char text[INET_ADDRSTRLEN];
	const struct eftf_range *r;

	if (!conf->gateway.s_addr) {
		conf->gateway = eftf_ranges_addr(&conf->ranges, 1);
		return 0;
	}
	r = i == EFTF_RANGES_NONE ? NULL : &conf->ranges.r[eftf_ranges_of(&conf->ranges, i)];
	if (r && i > r->first && i < r->first + r->size - 1)
		return 0;
	inet_ntop(AF_INET, &conf->gateway, text, sizeof(text));
	return eftf_err_set(err, EINVAL,
			    "gateway.gateway = %s: allowed is a host address of the pool", text);
}

/* Leases are numbers then, as many as pool6 has, within what a pool may have. */
static int number_ipv6(struct eftf_gw_conf *conf, struct eftf_err *err)
{
	uint32_t base = 0, most = EFTF_POOL_MAX / EFTF_MAX_RANGES;

	if (!conf->pool6.n)
		return eftf_err_set(err, EINVAL, "gateway.pool = none: that needs gateway.pool6");
	if (conf->gateway.s_addr)
		return eftf_err_set(err, EINVAL, "gateway.gateway is an address of IPv4: that needs gateway.pool");
	if (conf->dns.n || conf->pcscf.addrs.n || conf->routes.n || conf->reach.n)
		return eftf_err_set(err, EINVAL, "gateway.dns, pcscf, routes or reach has IPv4: that needs gateway.pool");
	if (conf->pool6.n == 1)
		most = EFTF_POOL_MAX;
	for (size_t i = 0; i < conf->pool6.n; i++) {
		unsigned int plen = conf->pool6.p[i].plen, each = conf->pool6_each;
		uint32_t size = most;

		if (plen + 2 > each)
			return eftf_err_set(err, EINVAL, "gateway.pool6: allowed is a /%u or a shorter prefix", each - 2);
		if (plen > each - 32 && 1u << (each - plen) < most)
			size = 1u << (each - plen);
		eftf_ranges_add(&conf->ranges, (struct in_addr){ htonl(base) }, 32 - (unsigned int)__builtin_ctz(size));
		base += size;
	}
	conf->ipv6_only = true;
	return 0;
}

static int check_pool(struct eftf_gw_conf *conf, struct eftf_err *err)
{
	if (conf->pool6_each != 64 && conf->pool6_each != 128)
		return eftf_err_set(err, EINVAL, "gateway.pool6_each = %u: allowed is 64 or 128", conf->pool6_each);
	for (size_t i = 0; i < conf->pool.n; i++)
		if (!eftf_ranges_add(&conf->ranges, conf->pool.p[i].base, conf->pool.p[i].plen))
			return eftf_err_set(err, EINVAL, "gateway.pool: two of them have addresses in common");
	if (conf->ranges.size > EFTF_POOL_MAX)
		return eftf_err_set(err, EINVAL, "gateway.pool: all together have more addresses than a /12");
	return conf->pool.n ? 0 : number_ipv6(conf, err);
}

static bool overlap6(const struct eftf_gw_cidr6 *a, const struct eftf_gw_cidr6 *b)
{
	return eftf_value_same_network6(&a->base, &b->base, a->plen < b->plen ? a->plen : b->plen);
}

/* The i-th of pool6 has to have an address, or a /64, for each of so many. */
static int check_room6(const struct eftf_gw_conf *conf, size_t i, uint32_t size, struct eftf_err *err)
{
	unsigned int bits = 0;

	while (1u << bits < size)
		bits++;
	for (size_t k = 0; k < i; k++)
		if (overlap6(&conf->pool6.p[k], &conf->pool6.p[i]))
			return eftf_err_set(err, EINVAL, "gateway.pool6: two of them have addresses in common");
	if (conf->pool6.p[i].plen + bits <= conf->pool6_each)
		return 0;
	return eftf_err_set(err, EINVAL,
			    "gateway.pool6: allowed is a /%u or a shorter prefix, as gateway.pool is a /%u%s",
			    conf->pool6_each - bits, 32 - bits,
			    conf->pool6_each == 64 ? " and pool6_each a /64" : "");
}

static int check_pool6(struct eftf_gw_conf *conf, struct eftf_err *err)
{
	const struct eftf_gw_pool6 *p6 = &conf->pool6;
	int ret = 0;

	if (!p6->n) {
		if (conf->dns.n6 || conf->pcscf.addrs.n6 || conf->routes.n6 || conf->reach.n6)
			return eftf_err_set(err, EINVAL, "gateway.dns, pcscf, routes or reach has IPv6: that needs gateway.pool6");
		return 0;
	}
	if (p6->n > 1 && p6->n != conf->ranges.n)
		return eftf_err_set(err, EINVAL,
				    "gateway.pool6 has %zu prefixes and gateway.pool %zu: one for all, or as many",
				    p6->n, conf->ranges.n);
	for (size_t i = 0; !ret && i < p6->n; i++)
		ret = check_room6(conf, i, p6->n > 1 ? conf->ranges.r[i].size : conf->ranges.size, err);
	if (ret)
		return ret;
	if (conf->mtu < 1280)
		return eftf_err_set(err, EINVAL, "gateway.mtu = %u: allowed is 1280 or more, for IPv6 (pool6)",
				    conf->mtu);
	conf->gateway6 = eftf_gw_inner6(conf, conf->gateway);
	return 0;
}

static unsigned int processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return n > EFTF_GW_MAX_WORKERS ? EFTF_GW_MAX_WORKERS : (unsigned int)n;
}

/* There is neither TLS nor a password in front of the figures. */
static int check_metrics(const struct eftf_gw_conf *conf, struct eftf_err *err)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&conf->metrics_listen;
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)&conf->metrics_listen;

	if (in4->sin_family == AF_UNSPEC ||
	    (in4->sin_family == AF_INET && ntohl(in4->sin_addr.s_addr) >> 24 == 127) ||
	    (in6->sin6_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr)))
		return 0;
	return eftf_err_set(err, EINVAL, "status.metrics_listen: allowed is a loopback address, 127.0.0.1:9469 or [::1]:9469");
}

/* Checks between keys; those of one key are in its row. */
static int check(struct eftf_gw_conf *conf, struct eftf_err *err)
{
	if (conf->keepalive_min > conf->keepalive_max)
		return eftf_err_set(err, EINVAL, "gateway.keepalive_min is above keepalive_max");
	if (conf->timeout && conf->timeout <= conf->keepalive_min)
		return eftf_err_set(err, EINVAL,
				    "gateway.timeout = %u: allowed is 0, or more than keepalive_min",
				    conf->timeout);
	if (conf->cert.n != conf->key.n)
		return eftf_err_set(err, EINVAL,
				    "gateway.cert has %zu files and gateway.key %zu: each certificate needs its key",
				    conf->cert.n, conf->key.n);
	if (conf->ocsp.n && conf->ocsp.n != conf->cert.n)
		return eftf_err_set(err, EINVAL,
				    "gateway.ocsp has %zu files and gateway.cert %zu: as many, with - where there is none",
				    conf->ocsp.n, conf->cert.n);
	if (conf->static_addresses && !conf->client_ca)
		return eftf_err_set(err, EINVAL, "gateway.static_addresses: that needs gateway.client_ca");
	if (!conf->workers)
		conf->workers = processors();
	if (check_metrics(conf, err) || check_pool(conf, err) || check_gateway(conf, err))
		return -EINVAL;
	return check_pool6(conf, err);
}

static int finish(struct eftf_gw_conf *conf, const char *name, struct eftf_err *err)
{
	struct eftf_err why;
	int ret = check(conf, &why);

	return ret ? eftf_err_set(err, -ret, "%.150s: %.200s", name, why.text) : 0;
}

int eftf_gw_conf_load(struct eftf_gw_conf *conf, const char *path, struct eftf_err *err)
{
	int ret;

	memset(conf, 0, sizeof(*conf));
	ret = eftf_config_file(path, keys, conf, err);
	return ret ? ret : finish(conf, path, err);
}

int eftf_gw_conf_load_text(struct eftf_gw_conf *conf, const char *text, size_t len,
			   const char *name, struct eftf_err *err)
{
	int ret;

	memset(conf, 0, sizeof(*conf));
	ret = eftf_config_text(text, len, name, keys, conf, err);
	return ret ? ret : finish(conf, name, err);
}

void eftf_gw_conf_free(struct eftf_gw_conf *conf)
{
	eftf_config_free(keys, conf);
}

void eftf_gw_conf_help(FILE *out)
{
	eftf_config_help(out, "Configuration of eftf-gw: all keys; see eftf-gw.conf(5)", keys);
}

#define FIXED(m) { offsetof(struct eftf_gw_conf, m), sizeof(((struct eftf_gw_conf *)0)->m) }

bool eftf_gw_conf_keep(struct eftf_gw_conf *old, struct eftf_gw_conf *now)
{
	static const struct {
		size_t offset, size;
	} fixed[] = {
		FIXED(listen), FIXED(device), FIXED(pool), FIXED(ipv6_only), FIXED(pool6), FIXED(pool6_each), FIXED(ranges), FIXED(gateway),
		FIXED(gateway6), FIXED(ue_to_ue), FIXED(mtu), FIXED(announce), FIXED(max_tunnels),
		FIXED(workers), FIXED(persistent), FIXED(metrics_listen),
	};
	char *socket = now->status_socket, *state_dir = now->state_dir;
	bool same = !strcmp(old->status_socket, socket) && !strcmp(old->state_dir, state_dir);

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		char *to = (char *)now + fixed[i].offset, *from = (char *)old + fixed[i].offset;

		same = same && !memcmp(to, from, fixed[i].size);
		memcpy(to, from, fixed[i].size);
	}
	/* exchanged: each configuration frees its own */
	now->status_socket = old->status_socket;
	old->status_socket = socket;
	now->state_dir = old->state_dir;
	old->state_dir = state_dir;
	return same;
}
