// SPDX-License-Identifier: GPL-2.0-or-later
#include "outer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "clock.h"
#include "connect.h"
#include "log.h"
#include "negotiate.h"
#include "portal.h"
#include "resolve.h"

/* Of the time for a connection, for what follows a slow name server. */
#define MIN_TCP_MS 5000

/* The addresses to connect to, into addrs. */
static int find_addresses(const struct eftf_outer_spec *how, struct eftf_connect_spec *spec,
			  struct eftf_signals *sig, struct sockaddr_storage *addrs,
			  struct eftf_err *err)
{
	uint64_t deadline = eftf_now_ms() + spec->timeout_ms - MIN_TCP_MS;
	struct eftf_value_target to = { .port = spec->port };
	int ret;

	if (!spec->proxy)
		snprintf(to.host, sizeof(to.host), "%s", spec->host);
	else if (eftf_ue_proxy_target(spec->proxy, &to))
		return 0;	/* of the environment, in a form that libcurl may know */
	ret = eftf_resolve_targets(how->targets, to.host, to.port, sig, err);
	spec->timeout_ms = (unsigned int)eftf_ms_left(deadline) + MIN_TCP_MS;
	if (ret)
		return ret;
	/* without the full stop that ends a whole name, as libcurl is told it */
	if (!spec->proxy)
		spec->host = how->targets->of.host;
	spec->targets = how->targets;
	spec->addrs = addrs;
	spec->n_addrs = eftf_targets_begin(how->targets, addrs);
	return 0;
}

static int connect_outer(const struct eftf_outer_spec *how, struct eftf_signals *sig,
			 struct eftf_outer *o, struct eftf_err *err)
{
	const struct eftf_ue_conf *conf = how->conf;
	struct eftf_connect_spec spec = {
		.host = conf->address.host, .port = conf->port, .timeout_ms = EFTF_OUTER_CONNECT_MS,
		.user = conf->proxy_user, .password = conf->proxy_password,
		.auth = (enum eftf_ue_auth)conf->proxy_auth, .link = how->link,
	};
	struct sockaddr_storage addrs[EFTF_TARGETS_MAX];
	const struct sockaddr_in *sin;
	socklen_t len = sizeof(o->peer), local_len = sizeof(o->local);
	int ret;

	if (how->detect->via_proxy) {
		bool env = how->detect->via_fallback || !strcmp(conf->proxy_url, "env");

		spec.proxy = env ? eftf_connect_env_proxy(err) : conf->proxy_url;
		spec.proxy_from_env = env;
		if (!spec.proxy)
			return -ENOENT;
	}
	ret = find_addresses(how, &spec, sig, addrs, err);
	if (ret)
		return ret;
	ret = eftf_connect(&spec, sig, &o->fd, err);
	if (ret && ret != -EINTR)
		eftf_targets_unreachable(how->targets);
	if (ret)
		return ret;
	if (getpeername(o->fd, (struct sockaddr *)&o->peer, &len) ||
	    getsockname(o->fd, (struct sockaddr *)&o->local, &local_len))
		return eftf_err_set(err, ENOTCONN, "the connection to %s was closed at once",
				    spec.host);
	sin = (const struct sockaddr_in *)&o->local;
	if (how->inner->set && o->local.ss_family == AF_INET &&
	    sin->sin_addr.s_addr == how->inner->addr.s_addr)
		return eftf_err_set(err, ELOOP, "the outer connection would go into the tunnel "
				    "itself: its routes cover %s", spec.host);
	return 0;
}

static void log_connected(const struct eftf_outer_spec *how, const struct eftf_outer *o)
{
	char peer[EFTF_ADDR_TEXT];

	eftf_addr_text(peer, &o->peer);
	log_info("connected to %s (%s%s), %s %s %s", how->conf->address.host,
		 how->detect->via_proxy ? "by proxy " : "", peer, o->tls.version, o->tls.cipher,
		 o->tls.group);
}

/* Through a proxy port 80 of the peer would be the proxy's. */
static bool is_portal(const struct eftf_outer_spec *how, struct eftf_signals *sig,
		      const struct eftf_outer *o, struct eftf_err *err)
{
	const char *host = how->conf->address.host;
	char numeric[INET6_ADDRSTRLEN], where[EFTF_PORTAL_WHERE];
	const uint8_t *octets;
	size_t n = eftf_addr_octets(&o->peer, &octets);
	bool known = n && inet_ntop(n == 4 ? AF_INET : AF_INET6, octets, numeric, sizeof(numeric));

	if (how->detect->via_proxy || !eftf_portal_ask(known ? numeric : host, EFTF_PORTAL_PORT, host,
						       how->link, sig, where))
		return false;
	eftf_portal_explain(err, host, where);
	return true;
}

enum eftf_attempt eftf_outer_open(const struct eftf_outer_spec *how, struct eftf_signals *sig,
				  struct eftf_outer *o, struct eftf_err *err)
{
	enum eftf_attempt attempt;
	int ret;

	memset(o, 0, sizeof(*o));
	o->fd = -1;
	o->keys = (struct eftf_errand){ .fd = -1 };
	ret = connect_outer(how, sig, o, err);
	if (ret)
		return how->ask_portal && (ret == -ECONNREFUSED || ret == -ETIMEDOUT) &&
			is_portal(how, sig, o, err) ? EFTF_ATTEMPT_PORTAL : EFTF_ATTEMPT_NO_TCP;
	attempt = eftf_negotiate_tls(how->tls, o->fd, eftf_ue_conf_name(how->conf), sig, &o->tls,
				     how->conf->key_update ? &o->parked : NULL, err);
	if (attempt == EFTF_ATTEMPT_UP)
		log_connected(how, o);
	else
		eftf_targets_failed(how->targets, &o->peer);
	if (attempt == EFTF_ATTEMPT_UNTRUSTED && is_portal(how, sig, o, err))
		attempt = EFTF_ATTEMPT_PORTAL;
	return attempt;
}

void eftf_outer_close(struct eftf_outer *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	eftf_tls_free(o->parked);
	o->parked = NULL;
	eftf_errand_end(&o->keys);
}

struct eftf_errand eftf_outer_take_keys(struct eftf_outer *o, bool can_update)
{
	struct eftf_errand keys = { .fd = -1 };

	if (!can_update)
		return keys;
	keys = o->keys;
	o->keys = (struct eftf_errand){ .fd = -1 };
	return keys;
}
