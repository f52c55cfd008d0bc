/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection from accept() to the hand-off, for conn.c and negotiate.c. */
#ifndef EFTF_GW_CONN_H
#define EFTF_GW_CONN_H

#include <netinet/in.h>

#include "tls_channel.h"
#include "worker.h"

struct eftf_conn {
	struct eftf_conn *prev, *next;	/* in the queue of its stage */
	struct eftf_worker *worker;
	struct eftf_conn_id id;
	struct eftf_watch io;
	ev_timer deadline;
	ev_timer pause;			/* active: it has had its turn, and is not read */
	unsigned int pauses;
	enum eftf_conn_stage stage;
	struct sockaddr_storage peer;
	struct eftf_prefix_use prefixes;
	size_t awaited;			/* octets that wake it */
	struct eftf_tls *tls;		/* from the first record on */
	struct eftf_channel *channel;	/* from the end of the handshake on */
	unsigned int packets;
	size_t discarded;		/* octets, while closing */
	bool begun4, bound4, begun6, bound6;	/* a lease of a family: asked for; given */
	struct in6_addr link6;		/* where the UE says IPv6 from */
	bool known;			/* the main process has a lease for it */
	bool has_cert;
	uint8_t cert[EFTF_TLS_PEER_ID_LEN];
};

/* conn.c */
/* To the end of the queue of a stage: the others there have been quiet for longer. */
void eftf_conn_set_stage(struct eftf_conn *c, enum eftf_conn_stage stage);
/* Logs, counts, and closes. */
void eftf_conn_fail(struct eftf_conn *c, const char *why);
/* NULL: it has ended. */
struct eftf_conn *eftf_conn_find(struct eftf_worker *w, const struct eftf_conn_id *id);
/* Wakes it when these have come (EPOLLIN, EPOLLOUT); 0: not at all. */
void eftf_conn_want(struct eftf_conn *c, uint32_t events);

/* negotiate.c */
/* What one record brings; then it is the other connections' turn. */
void eftf_negotiate(struct eftf_conn *c);
/* After the last acknowledgement: reads up to where the kernel can go on, and hands off. */
void eftf_settle(struct eftf_conn *c);

#endif
