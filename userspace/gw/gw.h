/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gateway as a whole: what its parts share. One process, one thread. */
#ifndef EFTF_GW_H
#define EFTF_GW_H

#include <stdbool.h>
#include <stdint.h>

#include <ev.h>

#include "conf.h"
#include "dhcp4_server.h"
#include "nl.h"
#include "pool.h"
#include "prefix.h"
#include "tls.h"

struct eftf_conn;
struct eftf_session;

struct eftf_gw_counts {
	uint64_t accepted, evicted, refused_source, refused_rate, refused_tunnels;
	uint64_t failed_tls, failed_dhcp, attached, moved, lost_events;
	uint64_t dropped_early;		/* packets behind the request that was acknowledged */
};

/* How far a connection without a tunnel is; conn.c has a queue for each. */
enum eftf_conn_stage {
	EFTF_CONN_SILENT,		/* has not sent an octet */
	EFTF_CONN_HANDSHAKE,
	EFTF_CONN_NEGOTIATING,
	EFTF_CONN_SETTLING,		/* acknowledged; what it sent too early is read */
	EFTF_CONN_CLOSING,		/* its end was sent, the peer may take it */
	EFTF_CONN_ENDED,
	EFTF_CONN_STAGES,
};

struct eftf_gw {
	struct ev_loop *loop;
	struct eftf_gw_conf conf;
	const char *conf_path;
	bool verbose;			/* -v: the file's level does not count */
	struct eftf_tls_ctx *tls;
	struct eftf_dhcp4s_policy policy;
	struct eftf_tokens *tokens;
	struct eftf_pool *pool;
	struct eftf_prefixes *prefixes;
	struct eftf_gw_counts counts;

	/* device.c */
	struct eftf_rt *rt;
	uint32_t ifindex;
	bool made_device;
	bool can_update;		/* this kernel can take new TLS keys */

	/* listener.c */
	struct eftf_listener {
		ev_io io;
		struct eftf_gw *gw;
		int fd;
	} listener[EFTF_GW_MAX_LISTEN];
	size_t n_listeners;
	ev_timer accept_pause;

	/* conn.c: connections that have no tunnel yet */
	struct eftf_conn_queue {
		struct eftf_conn *first, *last;
	} conns[EFTF_CONN_STAGES];
	unsigned int n_conns;
	ev_check turn;
	double turn_ends;		/* by ev_time(): then the loop looks at everything else */

	/* session.c: tunnels of the module */
	struct eftf_nl *nl;
	struct eftf_session **sessions;	/* hash by tunnel id */
	uint32_t sessions_mask;
	unsigned int n_sessions;

	/* events.c */
	struct eftf_nl *events;
	ev_io events_io;

	/* dhcp_port.c: DHCP from inside attached tunnels */
	int dhcp_fd;
	ev_io dhcp_io;

	ev_timer housekeeping;
	int status;			/* exit status */
};

/*
 * For lines that a stranger can cause: at most 20 a second, then one that
 * says how many were left out. Returns whether to log this one.
 */
bool eftf_gw_may_log(double now);

/* device.c: the netdev, its address, and its removal if it was made here. */
int eftf_gw_device_open(struct eftf_gw *gw, struct eftf_err *err);
/* Tells the device the P-CSCFs of the configuration: signalling to and from them goes first. */
int eftf_gw_device_signalling(struct eftf_gw *gw, struct eftf_err *err);
void eftf_gw_device_close(struct eftf_gw *gw);

/* listener.c */
int eftf_gw_listen_open(struct eftf_gw *gw, struct eftf_err *err);
void eftf_gw_listen_close(struct eftf_gw *gw);

/* conn.c: takes the fd over. */
void eftf_gw_conn_new(struct eftf_gw *gw, int fd, const struct sockaddr_storage *peer);
void eftf_gw_conns_close(struct eftf_gw *gw);

/* events.c */
int eftf_gw_events_open(struct eftf_gw *gw, struct eftf_err *err);
/* Reads until no session is left, or the deadline by ev_time(). */
void eftf_gw_events_drain(struct eftf_gw *gw, double deadline);
void eftf_gw_events_close(struct eftf_gw *gw);

/* dhcp_port.c */
int eftf_gw_dhcp_open(struct eftf_gw *gw, struct eftf_err *err);
void eftf_gw_dhcp_close(struct eftf_gw *gw);
/* Answers what is there; never blocks. */
void eftf_gw_dhcp_read(struct eftf_gw *gw);

/* reload.c: settings from the configuration; what may change at run time. */
int eftf_gw_pool_open(struct eftf_gw *gw, struct eftf_err *err);
void eftf_gw_apply(struct eftf_gw *gw);
/* old: before a reload, whose revocation lists stay if there are no new ones; or NULL. */
int eftf_gw_load_tls(const struct eftf_gw_conf *conf, const struct eftf_tls_ctx *old,
		     struct eftf_tls_ctx **ctx, struct eftf_err *err);
void eftf_gw_reload(struct eftf_gw *gw);

#endif
