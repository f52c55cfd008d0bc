/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outer TCP connection: all addresses of a name (Happy Eyeballs), HTTP
 * CONNECT with authentication if there is a proxy. A program has one of two
 * ways to do it: connect_curl.c, or connect_direct.c (make PROXY=no), which
 * needs no libcurl and knows no proxy.
 */
#ifndef EFTF_UE_CONNECT_H
#define EFTF_UE_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "conf.h"
#include "err.h"
#include "signals.h"
#include "targets.h"

struct pollfd;

struct eftf_connect_spec {
	const char *host;		/* name or IP literal, IPv6 without brackets */
	unsigned int port;
	const char *proxy;		/* NULL: none; http://host:port */
	bool proxy_from_env;		/* no_proxy of the environment applies */
	const char *user, *password;	/* for the proxy, or NULL */
	enum eftf_ue_auth auth;
	const char *link;		/* by this one alone; NULL: as the routes say */
	const struct eftf_targets *targets;	/* whose addresses addrs are; NULL: ask for them */
	const struct sockaddr_storage *addrs;	/* to connect to, the best first; ports do not count */
	size_t n_addrs;
	unsigned int timeout_ms;	/* name lookup, TCP and CONNECT together */
};

/* Once per process. */
int eftf_connect_init(struct eftf_err *err);

/* The URL in https_proxy or all_proxy; NULL: none that can be used, err says why. */
const char *eftf_connect_env_proxy(struct eftf_err *err);

struct eftf_connector;

/* The strings of spec must live as long as the connector. */
int eftf_connector_new(struct eftf_connector **c, const struct eftf_connect_spec *spec,
		       struct eftf_err *err);
/*
 * Waits up to timeout_ms for progress, or for one of the caller's n extra
 * descriptors (revents are filled). Returns 1: connected; 0: not yet; or a
 * negative errno with the cause and the remedy in err: -ECONNREFUSED,
 * -ETIMEDOUT, -ENETUNREACH, -ENXIO (name not known), -EACCES (the proxy
 * forbids or wants credentials), -EIO.
 */
int eftf_connector_poll(struct eftf_connector *c, struct pollfd *extra, unsigned int n,
			int timeout_ms, struct eftf_err *err);
/* Takes the connected socket out: the caller's, non-blocking, TCP_NODELAY. */
int eftf_connector_take(struct eftf_connector *c, int *fd, struct eftf_err *err);
void eftf_connector_free(struct eftf_connector *c);

/* All of it. -EINTR: a signal came. */
int eftf_connect(const struct eftf_connect_spec *spec, struct eftf_signals *sig, int *fd,
		 struct eftf_err *err);

/*
 * For the two: why TCP to whom ("proxy", "EFTF") failed. code: errno of
 * connect(), or 0 if it is not known. Returns a negative errno.
 */
int eftf_connect_refused(const struct eftf_connect_spec *spec, const char *whom, int code,
			 struct eftf_err *err);

#endif
