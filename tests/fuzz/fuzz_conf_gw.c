// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: gw/conf.c gw/conf_parse.c lib/config.c lib/config_value.c lib/log.c lib/log_json.c lib/err.c */
/* libs: -linih */
/* Configuration text with the keys of eftf-gw. */
#include "fuzz.h"

#include <arpa/inet.h>

#include "gw/conf.h"
#include "lib/keepalive.h"

static void check_pool(const struct eftf_gw_conf *c)
{
	uint32_t base = ntohl(c->pool.base.s_addr), gateway = ntohl(c->gateway.s_addr);

	must(c->pool.plen >= 12 && c->pool.plen <= 30);
	must((base & 0xffffffffu >> c->pool.plen) == 0);
	must(gateway > base && gateway < (base | 0xffffffffu >> c->pool.plen));
}

static void check(const struct eftf_gw_conf *c)
{
	check_pool(c);
	must(c->cert.n >= 1 && c->cert.n <= EFTF_GW_MAX_CERTS && c->cert.n == c->key.n);
	for (size_t i = 0; i < c->cert.n; i++)
		must(c->cert.name[i][0] && memchr(c->cert.name[i], 0, sizeof(c->cert.name[i])));
	must(!c->client_ca || c->client_ca[0]);
	must(c->workers >= 1 && c->workers <= EFTF_GW_MAX_WORKERS && c->user[0]);
	must(c->device[0] && memchr(c->device, 0, sizeof(c->device)));
	must(c->listen.n >= 1 && c->listen.n <= EFTF_GW_MAX_LISTEN);
	for (size_t i = 0; i < c->listen.n; i++)
		must(c->listen.addr[i].ss_family == AF_INET ||
		     c->listen.addr[i].ss_family == AF_INET6);
	must(c->dns.n <= EFTF_DHCP4_MAX_ADDRS && c->pcscf.addrs.n <= EFTF_DHCP4_MAX_ADDRS);
	must(memchr(c->pcscf.name, 0, sizeof(c->pcscf.name)));
	must(!c->pcscf.name[0] || !c->pcscf.addrs.n);
	must(c->routes.n <= EFTF_DHCP4_MAX_ROUTES);
	must(c->mtu >= 576 && c->mtu <= 65532 && c->lease >= 60);
	must(!c->keepalive || (c->keepalive >= EFTF_KEEPALIVE_MIN && c->keepalive <= EFTF_KEEPALIVE_MAX));
	must(c->keepalive_min >= EFTF_KEEPALIVE_MIN && c->keepalive_min <= c->keepalive_max);
	must(c->keepalive_max <= EFTF_KEEPALIVE_MAX && c->max_tunnels >= 1 && c->enterprise >= 1);
	must(c->log_level >= 0 && c->log_level <= 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eftf_err err = {""};
	struct eftf_gw_conf conf;
	char *text = fuzz_exact(data, size);
	int ret;

	ret = eftf_gw_conf_load_text(&conf, text, size, "eftf-gw.conf", &err);
	free(text);
	must(ret <= 0);
	if (!ret)
		check(&conf);
	/* one line that says what is wrong */
	must(!ret || (err.text[0] && !strchr(err.text, '\n')));
	eftf_gw_conf_free(&conf);
	return 0;
}
