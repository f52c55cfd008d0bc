// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: ue/conf.c ue/conf_parse.c lib/config.c lib/config_value.c lib/log.c lib/log_json.c lib/err.c */
/* libs: -linih */
/* Configuration text with the keys of eftf-ue. */
#include "fuzz.h"

#include "lib/keepalive.h"
#include "ue/conf.h"

static void check(const struct eftf_ue_conf *c)
{
	must(c->address.host[0] && memchr(c->address.host, 0, sizeof(c->address.host)));
	must(memchr(c->name.host, 0, sizeof(c->name.host)) && eftf_ue_conf_name(c)[0]);
	must(memchr(c->control.host, 0, sizeof(c->control.host)));
	must(c->device[0] && memchr(c->device, 0, sizeof(c->device)));
	must(c->ca && !c->cert == !c->key);
	must(c->port >= 1 && c->port <= 65535 && c->sip_port >= 1 && c->sip_port <= 65535);
	must(c->mtu == 0 || (c->mtu >= 576 && c->mtu <= 65532));
	must(!c->keepalive || (c->keepalive >= EFTF_KEEPALIVE_MIN && c->keepalive <= EFTF_KEEPALIVE_MAX));
	must(!c->timeout || (c->timeout >= 10 && c->timeout <= 3 * EFTF_KEEPALIVE_MAX));
	must(c->routes.n <= EFTF_UE_MAX_ROUTES);
	for (size_t i = 0; i < c->routes.n; i++)
		must(c->routes.prefix[i].plen <= 32);
	must(c->static_addr.set == c->gateway.set);
	must(!c->hook || c->hook[0] == '/');
	must(c->mode >= 0 && c->mode <= 2 && c->log_level >= 0 && c->log_level <= 3);
	must(c->proxy_auth >= EFTF_AUTH_SAFE && c->proxy_auth <= EFTF_AUTH_NEGOTIATE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const modes[] = {NULL, "auto", "always", "off", "sometimes"};
	struct eftf_ue_conf conf;
	struct eftf_err err = {""};
	const char *mode;
	char *text;
	int ret;

	if (size < 1)
		return 0;
	mode = modes[data[0] % 5];
	text = fuzz_exact(data + 1, size - 1);
	ret = eftf_ue_conf_load_text(&conf, text, size - 1, "eftf-ue.conf", mode, &err);
	free(text);
	must(ret <= 0);
	/* one line that says what is wrong */
	must(!ret || (err.text[0] && !strchr(err.text, '\n')));
	if (!ret)
		check(&conf);
	eftf_ue_conf_free(&conf);
	return 0;
}
