/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attached tunnels: one session from the first DHCPACK to the module's "down". */
#ifndef EFTF_GW_SESSION_H
#define EFTF_GW_SESSION_H

#include "gw.h"
#include "identity.h"

struct eftf_session {
	struct eftf_session *next;	/* hash chain */
	uint32_t id;			/* tunnel id of the module; 0: not attached yet */
	struct in_addr inner;		/* of the pool: the lease's name; the UE has it only with has4 */
	struct in6_addr inner6;		/* that goes with it */
	bool has4, has6;		/* the tunnel's families */
	struct sockaddr_storage outer;	/* the UE, or the last NAT or proxy before us */
	struct eftf_dhcp4s dhcp;
	struct eftf_dhcp6s dhcp6;
	uint32_t transport;		/* serial number of the current connection in the tunnel */
	uint32_t metric;		/* of its announced route; 0: there is none */
	uint32_t keeper;		/* number of the worker that can make its next keys; 0: none */
	double since;			/* of its first connection, by eftf_gw_now() */
	char identity[EFTF_IDENTITY_TEXT];
	struct eftf_lease *lease;	/* that it comes from, until it has a tunnel */
	struct eftf_session **heir;	/* where a lease waits to take its tunnel over, or NULL */
	bool persistent;		/* it outlives this program */
	bool given_up;			/* DHCPRELEASE: the address is not held */
	bool replaced;			/* its UE has come back on a newer connection */
	bool elsewhere;			/* its UE has come to another gateway */
	uint32_t generation;		/* of the dump that saw it last */
};

int eftf_sessions_open(struct eftf_gw *gw, struct eftf_err *err);
/* Ends all tunnels (close_notify by the module) until the deadline, by eftf_gw_now(). */
void eftf_sessions_end_all(struct eftf_gw *gw, double deadline);
/* After lost events: the sessions that a dump of this generation has not seen have ended. */
void eftf_sessions_end_unseen(struct eftf_gw *gw, uint32_t generation);
/* Takes over the tunnels that a gateway before this one has left, as far as it is known whose they are. */
int eftf_sessions_adopt(struct eftf_gw *gw, struct eftf_err *err);
void eftf_sessions_close(struct eftf_gw *gw);
/* In a process that has come from this one, and that has no business with sessions. */
void eftf_sessions_wipe(struct eftf_gw *gw);

/* "10.64.0.2", "2001:db8::2", "10.64.0.2, 2001:db8::2" */
#define EFTF_SESSION_INNER 64
void eftf_session_inner(const struct eftf_session *s, char out[EFTF_SESSION_INNER]);
/* Seconds between keep-alives; 0: none. */
static inline uint16_t eftf_session_keepalive(const struct eftf_session *s)
{
	return s->dhcp.bound ? s->dhcp.keepalive : s->dhcp6.keepalive;
}

struct eftf_session *eftf_session_new(const struct sockaddr_storage *outer,
				      struct in_addr inner, double since);
/* Into the table of those that have a tunnel, by its id. */
void eftf_session_list(struct eftf_gw *gw, struct eftf_session *s);
/* Frees a session that has no tunnel: never attached, or ended. */
void eftf_session_put(struct eftf_session *s);
/* The session of a tunnel, or NULL. */
struct eftf_session *eftf_session_find(const struct eftf_gw *gw, uint32_t id);
/* Gives the socket to the module; on success fd may be closed. */
int eftf_session_attach(struct eftf_gw *gw, struct eftf_session *s, int fd, struct eftf_err *err);
/*
 * The tunnel of old goes on with s and its socket: make-before-break. On
 * success old is gone and fd may be closed. Otherwise both are as before:
 * -EBUSY: the last such change is not complete yet; -ENOENT, -ESHUTDOWN: the
 * tunnel has ended.
 */
int eftf_session_take_over(struct eftf_gw *gw, struct eftf_session *s, struct eftf_session *old,
			   int fd, struct eftf_err *err);
/* Tells the module of another keep-alive interval. */
void eftf_session_retime(struct eftf_gw *gw, struct eftf_session *s);
/* Ends the tunnel; the session goes when the module says "down". */
void eftf_session_end(struct eftf_gw *gw, struct eftf_session *s);
/* The module said "down" (info; NULL: that was lost): logs, releases the address, frees. */
void eftf_session_ended(struct eftf_gw *gw, struct eftf_session *s,
			const struct eftf_tunnel_info *info);

#endif
