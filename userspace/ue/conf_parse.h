/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of configuration keys, in the form of eftf_cfg_key.parse: value into
 * member, 0 or -EINVAL with *allowed = what is allowed.
 */
#ifndef EFTF_UE_CONF_PARSE_H
#define EFTF_UE_CONF_PARSE_H

struct eftf_conf_target;

/* host and port of http://host:port; -EINVAL if it is of another form. */
int eftf_conf_proxy_target(const char *url, struct eftf_conf_target *target);

int eftf_conf_parse_host(const char *value, void *member, const char **allowed);
int eftf_conf_parse_host_port(const char *value, void *member, const char **allowed);
int eftf_conf_parse_ifname(const char *value, void *member, const char **allowed);
int eftf_conf_parse_routes(const char *value, void *member, const char **allowed);
int eftf_conf_parse_prefix(const char *value, void *member, const char **allowed);
int eftf_conf_parse_addr4(const char *value, void *member, const char **allowed);
int eftf_conf_parse_addr(const char *value, void *member, const char **allowed);
int eftf_conf_parse_addr_port(const char *value, void *member, const char **allowed);
int eftf_conf_parse_mtu(const char *value, void *member, const char **allowed);
int eftf_conf_parse_record_limit(const char *value, void *member, const char **allowed);
int eftf_conf_parse_proxy(const char *value, void *member, const char **allowed);

#endif
