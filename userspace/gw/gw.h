/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main process as a whole: what its parts share. One thread. */
#ifndef EFTF_GW_H
#define EFTF_GW_H

#include <stdbool.h>
#include <stdint.h>

#include <ev.h>

#include "conf.h"
#include "dhcp4_server.h"
#include "dhcp6_server.h"
#include "log.h"
#include "nl.h"
#include "policy.h"
#include "pool.h"
#include "sandbox.h"
#include "statics.h"
#include "tls.h"

struct eftf_msg;
struct eftf_state;
struct eftf_pending_down;
struct eftf_prefixes;
struct eftf_session;
struct eftf_worker_proc;

struct eftf_gw_counts {
	uint64_t accepted, evicted, refused_source, refused_rate, refused_tunnels;
	uint64_t failed_tls, failed_dhcp, attached, moved, lost_events, kicked;
	uint64_t refused_inside;	/* connections from inside a tunnel */
	uint64_t dropped_early;		/* packets behind the request that was acknowledged */
	uint64_t dropped_dhcp;		/* messages from inside tunnels beyond their rate */
	uint64_t workers_lost;
	uint64_t elsewhere;		/* tunnels whose UEs are at another gateway */
	uint64_t drained;		/* tunnels that ended after a drain had begun */
};

/* One context for each certificate. */
struct eftf_gw_tls {
	struct eftf_tls_ctx *ctx[EFTF_GW_MAX_CERTS];
	bool stale[EFTF_GW_MAX_CERTS];	/* its OCSP response is sent no more, which was said */
	size_t n;
};

struct eftf_gw {
	struct ev_loop *loop;
	struct eftf_gw_conf conf;
	const char *conf_path;
	bool verbose;			/* -v: the file's level does not count */
	double since;			/* by eftf_gw_now() */
	struct eftf_gw_tls tls;
	struct eftf_dhcp4s_policy policy;
	struct eftf_dhcp6s_policy policy6;
	struct eftf_tokens *tokens;
	struct eftf_statics statics;
	struct eftf_pool *pool;
	struct eftf_gw_counts counts;

	/* device.c */
	struct eftf_rt *rt;
	uint32_t ifindex;
	bool made_device;
	bool can_update;		/* this kernel can take new TLS keys */
	struct eftf_policy nft;		/* what UEs may reach */

	struct eftf_state *state;	/* what outlives the program; NULL: tunnels end with it */
	bool leaving;			/* for a successor: tunnels go on */

	/* listener.c: n_listen sockets for each worker, one worker's after the other's */
	int *listen_fd;
	size_t n_listen;

	/* workers.c */
	struct eftf_worker_proc *workers;
	struct eftf_prefixes *prefixes;	/* the caps of those that accept */
	struct eftf_sandbox_user user;	/* theirs, if this process is root's */

	/* session.c: tunnels of the module */
	struct eftf_nl *nl;
	struct eftf_session **sessions;	/* hash by tunnel id */
	uint32_t sessions_mask;
	unsigned int n_sessions;

	/* events.c */
	struct eftf_nl *events;
	ev_io events_io;
	/* ends of tunnels that wait until the DHCP port was read: syncing, and to be synced next */
	struct eftf_pending_down *syncing, *unsynced;

	/* elsewhere.c */
	struct eftf_rt *routes;		/* NULL: without announce */
	ev_io routes_io;

	/* drain.c */
	struct {
		bool on;
		double since, over;	/* s */
		double due;		/* tunnels that are to go */
		uint32_t bucket;	/* of sessions: where they are taken from next */
		ev_timer tick;
	} drain;

	/* dhcp_port.c: DHCP from inside attached tunnels; a worker reads it */
	int dhcp_fd, dhcp6_fd;		/* dhcp6_fd -1: without IPv6 */

	ev_timer housekeeping;
	int status;			/* exit status */
};

/* util.c */
/* Seconds since an arbitrary moment, time asleep included: leases and limits go by it. */
double eftf_gw_now(void);
/* The level of the file, or of -v. */
enum eftf_log_level eftf_gw_log_level(const struct eftf_gw *gw);
/* For this process and its workers; an error names what asks for so many. */
int eftf_gw_raise_fd_limit(const struct eftf_gw_conf *conf, struct eftf_err *err);
/* Connections that one worker may have. */
unsigned int eftf_gw_conns_of_worker(const struct eftf_gw *gw);
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

/*
 * announce.c: a host route for each address of each live tunnel (announce), for a routing daemon
 * to tell the core at which of several gateways a UE is. They have a protocol
 * number of their own, none of rt_protos(5), and not eftf-ue's: "ip route show
 * table all proto 233". The later the UE came the lower the metric: the newest wins.
 */
#define EFTF_GW_RTPROT 233
/*
 * At the start, when tunnels of before have been taken over: routes of these
 * stay or are made, all others that a gateway has left are removed.
 */
int eftf_announce_open(struct eftf_gw *gw, struct eftf_err *err);
/* A tunnel has a connection, its first or a newer one. */
void eftf_announce_up(struct eftf_gw *gw, struct eftf_session *s);
/* Its tunnel is gone, or is another session's. */
void eftf_announce_down(struct eftf_gw *gw, struct eftf_session *s);
/* The program ends, and leaves no tunnels behind. */
void eftf_announce_close(struct eftf_gw *gw);

/*
 * The session that has lost its UE by this route: one to the UE's address, of
 * somewhere else, with a lower metric than its own. NULL: none.
 */
struct eftf_session *eftf_announce_loser(const struct eftf_gw *gw, const struct eftf_route *route);

/* elsewhere.c: with announce, the tunnel of a UE that is at another gateway by now ends. */
int eftf_elsewhere_open(struct eftf_gw *gw, struct eftf_err *err);
void eftf_elsewhere_close(struct eftf_gw *gw);

/* listener.c: the sockets stay here, so that a worker's successor has what waits in them. */
int eftf_gw_listen_open(struct eftf_gw *gw, struct eftf_err *err);
void eftf_gw_listen_close(struct eftf_gw *gw);

/* drain.c: new connections are refused; tunnels are released over so many seconds, then the program ends. */
#define EFTF_GW_DRAIN_S 60		/* unless the operator says otherwise */
#define EFTF_GW_DRAIN_MAX_S 604800
void eftf_gw_drain(struct eftf_gw *gw, unsigned int over);
/* Seconds until the end; 0: there is no drain. */
double eftf_gw_drain_left(const struct eftf_gw *gw);

/* events.c */
int eftf_gw_events_open(struct eftf_gw *gw, struct eftf_err *err);
/* What was in the DHCP port when the last ends of tunnels were told has been dealt with. */
void eftf_gw_events_synced(struct eftf_gw *gw);
/* A worker's next keys for a tunnel. */
void eftf_gw_events_keys(struct eftf_gw *gw, const struct eftf_msg *msg, uint32_t worker);
/* Reads until no session is left, or the deadline by eftf_gw_now(). */
void eftf_gw_events_drain(struct eftf_gw *gw, double deadline);
void eftf_gw_events_close(struct eftf_gw *gw);

/* dhcp_port.c */
int eftf_gw_dhcp_open(struct eftf_gw *gw, struct eftf_err *err);
void eftf_gw_dhcp_close(struct eftf_gw *gw);
/* A message from inside the tunnel with this address; reply is filled if the result is one that replies. */
enum eftf_dhcps_result eftf_gw_dhcp_input(struct eftf_gw *gw, struct in_addr inner,
					  const struct eftf_dhcp4_msg *msg,
					  struct eftf_dhcp4_msg *reply);

/* The same for IPv6. */
enum eftf_dhcps_result eftf_gw_dhcp6_input(struct eftf_gw *gw, const struct in6_addr *inner,
					   const struct eftf_dhcp6_msg *msg,
					   struct eftf_dhcp6_msg *reply);

/* workers.c: their life, and what they ask */
/* Starts as many as configured. */
int eftf_workers_start(struct eftf_gw *gw, struct eftf_err *err);
/* All of them together, as they said last. */
struct eftf_workers_load {
	unsigned int workers, conns, keys;
};
void eftf_workers_load(const struct eftf_gw *gw, struct eftf_workers_load *load);
/* After a reload: new ones begin to accept, those of before finish what they have. */
void eftf_workers_replace(struct eftf_gw *gw);
/* They accept no more, and go on with what they have. */
void eftf_workers_close_door(struct eftf_gw *gw);
/* Once a second: a worker that answers no more is killed, and another takes its place. */
void eftf_workers_check(struct eftf_gw *gw);
/* They tell their peers, and end. */
void eftf_workers_stop(struct eftf_gw *gw);
/* Waits for their ends until then, and kills those that are left. */
void eftf_workers_wait(struct eftf_gw *gw, double deadline);

/*
 * Has the worker that has the keys of a session (its keeper) make the next
 * ones. Returns 0, or -EOPNOTSUPP: there are none.
 */
int eftf_workers_update(struct eftf_gw *gw, const struct eftf_session *s, bool tx_too);
/* The keys of a session's connection are of no use any more. */
void eftf_workers_forget(struct eftf_gw *gw, const struct eftf_session *s);
/* Has what waits in the DHCP port asked before eftf_gw_events_synced() is called. False: no worker reads that port. */
bool eftf_workers_sync(struct eftf_gw *gw);

/* reload.c: settings from the configuration; what may change at run time. */
int eftf_gw_pool_open(struct eftf_gw *gw, struct eftf_err *err);
void eftf_gw_apply(struct eftf_gw *gw);
/* old: before a reload, whose revocation lists stay if there are no new ones; or NULL. */
int eftf_gw_load_tls(const struct eftf_gw_conf *conf, const struct eftf_gw_tls *old,
		     struct eftf_gw_tls *tls, struct eftf_err *err);
/* Says which OCSP responses have run out. */
void eftf_gw_check_staples(struct eftf_gw *gw);
void eftf_gw_free_tls(struct eftf_gw_tls *tls);
void eftf_gw_reload(struct eftf_gw *gw);

#endif
