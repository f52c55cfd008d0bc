/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that only eftf-ue's configuration has. */
#ifndef EFTF_UE_CONF_PARSE_H
#define EFTF_UE_CONF_PARSE_H

#include "config_value.h"
#include "inner6.h"

#define EFTF_UE_MAX_ROUTES 64
#define EFTF_UE_MAX_ROUTES6 16

struct eftf_ue_routes {
	struct eftf_value_prefix prefix[EFTF_UE_MAX_ROUTES];
	size_t n;
	struct eftf_prefix6 prefix6[EFTF_UE_MAX_ROUTES6];
	size_t n6;
	bool all;		/* whatever the EFTF pushes */
};

/* host and port of http://host:port; -EINVAL if it is of another form. */
int eftf_ue_proxy_target(const char *url, struct eftf_value_target *target);

/* struct eftf_ue_routes: a list */
extern const struct eftf_config_value eftf_ue_value_routes;
/* struct eftf_value_prefix: an address with or without its prefix length; an address */
extern const struct eftf_config_value eftf_ue_value_prefix, eftf_ue_value_addr4;
/* struct in6_addr */
extern const struct eftf_config_value eftf_ue_value_addr6;
/* checks a STRING */
extern const struct eftf_config_value eftf_ue_value_proxy, eftf_ue_value_path, eftf_ue_value_alpn;

#endif
