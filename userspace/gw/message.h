/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker processes deal with strangers; the main process decides, and has the
 * privileges. What they say to each other: one message of one size is one
 * packet of a SOCK_SEQPACKET socketpair. What a worker says is checked like
 * a stranger's word: it may have been taken over.
 */
#ifndef EFTF_GW_MESSAGE_H
#define EFTF_GW_MESSAGE_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#include "dhcp4.h"
#include "dhcp6.h"
#include "tls.h"

/* A connection of a worker: its place in the worker's table, and a number that is not used again. */
struct eftf_conn_id {
	uint32_t place, serial;
};

/* Who asks: a connection before its hand-off, or a UE from inside its tunnel. */
struct eftf_asker {
	struct eftf_conn_id conn;	/* serial 0: from inside the tunnel with this inner address */
	struct sockaddr_in inner;
	struct sockaddr_in6 inner6;	/* ASK6, ANSWER6: in its place */
	struct sockaddr_storage outer;
	uint8_t has_cert;
	uint8_t cert[EFTF_TLS_PEER_ID_LEN];	/* SHA-256 of the verified client certificate */
};

enum eftf_msg_type {
	/* from a worker */
	EFTF_MSG_ASK = 1,		/* ask: a DHCPv4 message of a UE */
	EFTF_MSG_ASK6,			/* ask: a DHCPv6 message */
	EFTF_MSG_GONE,			/* conn: has ended before the hand-off */
	EFTF_MSG_ATTACH,		/* conn, and the socket: ACK is sent, the kernel has the keys */
	EFTF_MSG_KEYS,			/* keys: the answer to UPDATE */
	EFTF_MSG_ALIVE,			/* alive: the answer to PING */
	EFTF_MSG_SYNCED,		/* the answer to SYNC: what was in the DHCP port has been asked */
	/* from the main process */
	EFTF_MSG_ANSWER,		/* answer: to ASK */
	EFTF_MSG_ANSWER6,		/* answer: to ASK6 */
	EFTF_MSG_ATTACHED,		/* attached: the answer to ATTACH; the socket is the kernel's */
	EFTF_MSG_UPDATE,		/* keys: a UE has changed its key; what are the next ones? */
	EFTF_MSG_FORGET,		/* keys: of a connection of a tunnel that is gone */
	EFTF_MSG_PING,
	EFTF_MSG_SYNC,
	EFTF_MSG_CLOSE_DOOR,		/* accept no more */
	EFTF_MSG_DRAIN,			/* the same; end when nothing is left */
};

struct eftf_worker_counts {
	uint64_t accepted, evicted, refused_source, refused_rate, failed_tls, failed_dhcp;
	uint64_t refused_inside;	/* connections from inside a tunnel */
	uint64_t dropped_early;		/* packets behind the request that was acknowledged */
	uint64_t dropped_dhcp;		/* messages from inside tunnels beyond their rate */
};

struct eftf_msg {
	uint32_t type;
	union {
		struct {
			struct eftf_asker from;
			union {
				struct eftf_dhcp4_msg msg;
				struct eftf_dhcp6_msg msg6;
			};
		} ask;
		struct {
			struct eftf_asker to;
			uint32_t result;	/* enum eftf_dhcps_result */
			union {
				struct eftf_dhcp4_msg reply;
				struct eftf_dhcp6_msg reply6;
			};
		} answer;
		struct {
			struct eftf_conn_id id;
			uint8_t has_keys;	/* ATTACH: the worker can follow key updates */
		} conn;
		struct {
			struct eftf_conn_id id;
			uint32_t tunnel;	/* 0: it was not attached */
			uint32_t transport;	/* serial number of this connection in it */
		} attached;
		struct {
			uint32_t tunnel, transport;
			int32_t error;		/* KEYS: 0, or a negative errno */
			uint8_t tx_too;		/* the UE asks for a new sending key as well */
			struct eftf_tls_key rx, tx;
		} keys;
		struct {
			uint32_t conns, keys;	/* that it has now */
			struct eftf_worker_counts counts;	/* since its start */
		} alive;
	};
};

#endif
