// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: gw/conf.c gw/conf_parse.c gw/ranges.c lib/config.c lib/config_value.c lib/log.c lib/log_json.c lib/err.c */
/* libs: -linih */
/* Configuration text with the keys of eftf-gw. */
#include "fuzz.h"

#include <arpa/inet.h>

#include "gw/conf.h"
#include "lib/keepalive.h"

static void check_pool(const struct eftf_gw_conf *c)
{
	const struct eftf_ranges *r = &c->ranges;
	uint32_t gateway = eftf_ranges_number(r, c->gateway);
	struct in6_addr six;

	must(r->n >= 1 && r->n <= EFTF_MAX_RANGES && r->size >= 4 && r->size <= 1 << 20);
	must(c->ipv6_only ? !c->pool.n && c->pool6.n : r->n == c->pool.n);
	must(gateway < r->size);
	for (size_t i = 0; i < r->n; i++)
		must(gateway != r->r[i].first && gateway != r->r[i].first + r->r[i].size - 1);
	for (uint32_t n = 1; c->pool6.n && n < r->size; n += 1 + n / 3) {
		six = eftf_gw_inner6(c, eftf_ranges_addr(r, n));
		must(eftf_gw_inner4(c, &six).s_addr == eftf_ranges_addr(r, n).s_addr);
	}
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
