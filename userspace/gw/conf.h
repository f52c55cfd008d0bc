/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration of eftf-gw: one table of keys, their defaults and their help. */
#ifndef EFTF_GW_CONF_H
#define EFTF_GW_CONF_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "config.h"
#include "dhcp4.h"
#include "err.h"

#define EFTF_GW_MAX_LISTEN 16
#define EFTF_GW_CONF_FILE "/etc/eftf/eftf-gw.conf"

struct eftf_gw_listen {
	struct sockaddr_storage addr[EFTF_GW_MAX_LISTEN];
	size_t n;
};

struct eftf_gw_cidr {
	struct in_addr base;
	uint8_t plen;
};

struct eftf_gw_addrs {
	struct in_addr a[EFTF_DHCP4_MAX_ADDRS];
	size_t n;
};

struct eftf_gw_pcscf {
	struct eftf_gw_addrs addrs;
	char name[256];			/* "": addresses only */
};

struct eftf_gw_routes {
	struct eftf_dhcp4_route r[EFTF_DHCP4_MAX_ROUTES];
	size_t n;
};

struct eftf_gw_conf {
	struct eftf_gw_listen listen;
	char *cert, *key, *client_ca, *device;
	struct eftf_gw_cidr pool;
	struct in_addr gateway;
	struct eftf_gw_addrs dns;
	struct eftf_gw_pcscf pcscf;
	struct eftf_gw_routes routes;
	unsigned int mtu, lease, keepalive, keepalive_min, keepalive_max, timeout, hold;
	unsigned int max_tunnels, max_tunnels_per_source;
	unsigned int max_handshakes, max_handshakes_per_source;
	unsigned int handshake_timeout, negotiate_timeout;
	unsigned int record_limit;	/* per key; 0: the cipher's own */
	unsigned int enterprise;
	bool key_update, ue_to_ue, syslog;
	int log_level;			/* enum eftf_log_level */
};

/* Reads the file over the defaults and checks the whole. eftf_gw_conf_free() in any case. */
int eftf_gw_conf_load(struct eftf_gw_conf *conf, const char *path, struct eftf_err *err);
void eftf_gw_conf_free(struct eftf_gw_conf *conf);
/* The defaults and the check alone, for text that is no file. */
int eftf_gw_conf_defaults(struct eftf_gw_conf *conf, struct eftf_err *err);
int eftf_gw_conf_check(struct eftf_gw_conf *conf, struct eftf_err *err);
extern const struct eftf_cfg_key eftf_gw_conf_keys[];
/* The table of all keys. */
void eftf_gw_conf_help(FILE *out);

/* Values, in the form of eftf_cfg_key.parse. */
int eftf_gw_parse_listen(const char *value, void *member, const char **allowed);
int eftf_gw_parse_cidr(const char *value, void *member, const char **allowed);
int eftf_gw_parse_addr(const char *value, void *member, const char **allowed);
int eftf_gw_parse_addrs(const char *value, void *member, const char **allowed);
int eftf_gw_parse_pcscf(const char *value, void *member, const char **allowed);
int eftf_gw_parse_routes(const char *value, void *member, const char **allowed);
int eftf_gw_parse_keepalive(const char *value, void *member, const char **allowed);
int eftf_gw_parse_record_limit(const char *value, void *member, const char **allowed);
int eftf_gw_parse_device(const char *value, void *member, const char **allowed);

#endif
