/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration of eftf-gw: one table of keys, their defaults and their help. */
#ifndef EFTF_GW_CONF_H
#define EFTF_GW_CONF_H

#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "config_value.h"
#include "dhcp4.h"
#include "dhcp6.h"
#include "err.h"
#include "inner6.h"
#include "ranges.h"

#define EFTF_GW_MAX_LISTEN 16
#define EFTF_GW_MAX_WORKERS 256
#define EFTF_GW_MAX_CERTS 8
#define EFTF_GW_CONF_FILE "/etc/eftf/eftf-gw.conf"
#define EFTF_GW_STATUS_SOCKET "/run/eftf-gw/status.sock"

struct eftf_gw_listen {
	struct sockaddr_storage addr[EFTF_GW_MAX_LISTEN];
	size_t n;
};

struct eftf_gw_files {
	char name[EFTF_GW_MAX_CERTS][256];
	size_t n;
};

struct eftf_gw_cidr {
	struct in_addr base;
	uint8_t plen;
};

struct eftf_gw_cidr6 {
	struct in6_addr base;
	uint8_t plen;			/* 0: none */
};

struct eftf_gw_pool {
	struct eftf_gw_cidr p[EFTF_MAX_RANGES];
	size_t n;
};

struct eftf_gw_pool6 {
	struct eftf_gw_cidr6 p[EFTF_MAX_RANGES];
	size_t n;
};

/* Both families, each in the order of the file. */
struct eftf_gw_addrs {
	struct in_addr a[EFTF_DHCP4_MAX_ADDRS];
	struct in6_addr a6[EFTF_DHCP6_MAX_ADDRS];
	size_t n, n6;
};

struct eftf_gw_pcscf {
	struct eftf_gw_addrs addrs;
	char name[256];			/* "": addresses only */
};

struct eftf_gw_routes {
	struct eftf_dhcp4_route r[EFTF_DHCP4_MAX_ROUTES];
	struct eftf_gw_cidr6 r6[EFTF_RA_MAX_ROUTES];
	size_t n, n6;
};

#define EFTF_GW_MAX_REACH 64

struct eftf_gw_prefixes {
	struct eftf_gw_cidr p[EFTF_GW_MAX_REACH];
	struct eftf_gw_cidr6 p6[EFTF_GW_MAX_REACH];
	size_t n, n6;
};

enum eftf_gw_log_format { EFTF_GW_LOG_TEXT, EFTF_GW_LOG_JSON };

enum eftf_gw_policy { EFTF_GW_POLICY_STRICT, EFTF_GW_POLICY_OPEN };

struct eftf_gw_conf {
	struct eftf_gw_listen listen;
	char *status_socket, *metrics_file;
	struct sockaddr_storage metrics_listen;	/* AF_UNSPEC: none */
	struct eftf_gw_files cert, key, ocsp;
	char *client_ca, *crl, *token_keys, *static_addresses;
	char device[IFNAMSIZ];
	struct eftf_gw_pool pool;	/* none, if ipv6_only */
	bool ipv6_only;			/* pool = none */
	struct eftf_gw_pool6 pool6;	/* none, one for all of pool, or one for each */
	unsigned int pool6_each;	/* prefix length of what a UE has of it: 128, or 64 */
	struct eftf_ranges ranges;	/* of pool; of numbers alone, if ipv6_only */
	struct in_addr gateway;
	struct in6_addr gateway6;	/* follows from it */
	struct eftf_gw_addrs dns;
	struct eftf_gw_pcscf pcscf;
	struct eftf_gw_routes routes;
	int policy;			/* enum eftf_gw_policy */
	struct eftf_gw_prefixes reach;	/* none: what the UEs are told of */
	unsigned int max_flows;		/* of one UE; 0: any number */
	unsigned int mtu, lease, keepalive, keepalive_min, keepalive_max, timeout;
	unsigned int hold, quarantine;	/* s */
	unsigned int max_tunnels, max_tunnels_per_source;
	unsigned int max_handshakes, max_handshakes_per_source, handshake_rate_per_source;
	unsigned int handshake_timeout, negotiate_timeout;
	unsigned int workers;
	char *user;
	unsigned int record_limit;	/* per key; 0: the cipher's own */
	unsigned int enterprise;
	bool key_update, ue_to_ue, syslog, persistent;
	uint32_t announce;		/* routing table; 0: off */
	char *state_dir;
	int log_level;			/* enum eftf_log_level */
	int log_format;			/* enum eftf_gw_log_format */
};

/*
 * Reads the file into conf (which may hold anything before) and checks the
 * whole. Returns 0, or a negative errno with file, line, key and what is allowed
 * in err. eftf_gw_conf_free() in either case.
 */
int eftf_gw_conf_load(struct eftf_gw_conf *conf, const char *path, struct eftf_err *err);
/* The same from memory, for tests and fuzzing. */
int eftf_gw_conf_load_text(struct eftf_gw_conf *conf, const char *text, size_t len,
			   const char *name, struct eftf_err *err);
void eftf_gw_conf_free(struct eftf_gw_conf *conf);
/*
 * What change by a restart only, as sockets, device, tables and files were made from
 * them: now gets those of old, which may get those of now. Returns whether they were the same.
 */
bool eftf_gw_conf_keep(struct eftf_gw_conf *old, struct eftf_gw_conf *now);
/* A configuration with all keys and their meaning, which the program accepts as it stands. */
void eftf_gw_conf_help(FILE *out);

/* A UE's address in its /64: none that a router takes first for itself on a network that it makes of the /64. */
#define EFTF_GW_IN_64 0xef7f
/*
 * The address of pool6 that goes with one of pool, and the other way: 0.0.0.0 if
 * it goes with none. A lease is known by its address of pool; with IPv6 alone by a number in its place, which no UE
 * sees: 0.0.0.N for the N-th address of pool6. An address that is of no pool has none that goes with it: ::.
 * Where each UE has a /64 its address is ::ef7f in it, and any other of the /64 leads to the same lease.
 */
struct in6_addr eftf_gw_inner6(const struct eftf_gw_conf *conf, struct in_addr inner);
struct in_addr eftf_gw_inner4(const struct eftf_gw_conf *conf, const struct in6_addr *inner6);

/* conf_parse.c: values that only this configuration has. */
extern const struct eftf_config_value eftf_gw_value_listen, eftf_gw_value_pool, eftf_gw_value_pool6;
extern const struct eftf_config_value eftf_gw_value_files, eftf_gw_value_table;

#define EFTF_GW_TABLE_MAIN 254	/* of announce */
extern const struct eftf_config_value eftf_gw_value_addrs, eftf_gw_value_pcscf;
extern const struct eftf_config_value eftf_gw_value_routes, eftf_gw_value_prefixes;

#endif
