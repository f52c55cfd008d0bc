/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * Netlink ABI of the eftf module: the rtnl link kind "eftf" and the generic
 * netlink family "eftf". Times are in the unit that the attribute's comment
 * names; IP addresses are in network byte order; everything else is in host
 * byte order.
 */
#ifndef _UAPI_LINUX_EFTF_H
#define _UAPI_LINUX_EFTF_H

#define EFTF_LINK_KIND		"eftf"
#define EFTF_GENL_NAME		"eftf"
#define EFTF_GENL_VERSION	1
#define EFTF_MCGRP_EVENTS	"events"
#define EFTF_MCGRP_TICKETS	"tickets"

/**
 * enum eftf_role - which end of the tunnels a device is
 * @EFTF_ROLE_UE: at most one tunnel; every packet goes into it
 * @EFTF_ROLE_GW: many tunnels; the inner destination chooses the tunnel
 */
enum eftf_role {
	EFTF_ROLE_UE,
	EFTF_ROLE_GW,
};

/* IFLA_INFO_DATA of the link kind */
enum {
	IFLA_EFTF_UNSPEC,
	IFLA_EFTF_ROLE,		/* u8: enum eftf_role; only when the link is made */
	IFLA_EFTF_UE_TO_UE,	/* u8: 1 lets packets go from one UE to another */
	IFLA_EFTF_TUNNELS,	/* u32, read only: number of tunnels */
	IFLA_EFTF_KEY_UPDATE,	/* u8, read only: 1 = this kernel can take new TLS keys */
	IFLA_EFTF_FLIGHT_TARGET, /* u32, ms: queue in the network that bulk may build up while there
				  * is voice; 0 = any; default 10, at most 10000
				  */
	IFLA_EFTF_FLIGHT_HOLD,	/* u32, s: for how long after the last voice or signalling;
				 * 0 = always; default 10, at most 3600
				 */
	IFLA_EFTF_SIP_PORTS,	/* array of u16, at most 8: signalling that is not marked by DSCP
				 * has one of them at either end; default 5060, 5061
				 */
	IFLA_EFTF_PCSCF,	/* array of 16 bytes each, at most 8: or one of these addresses,
				 * IPv4 as ::ffff:a.b.c.d; default none
				 */
	__IFLA_EFTF_MAX,
};
#define IFLA_EFTF_MAX (__IFLA_EFTF_MAX - 1)

#define EFTF_FLIGHT_TARGET_MAX	10000
#define EFTF_FLIGHT_HOLD_MAX	3600
#define EFTF_SIP_PORTS_MAX	8
#define EFTF_PCSCF_MAX		8

/*
 * Generic netlink commands. All, and the multicast groups, need CAP_NET_ADMIN in
 * the namespace: descriptions of tunnels have the addresses of subscribers. What
 * the link kind shows of a device as a whole, anybody may see.
 */
enum eftf_cmd {
	EFTF_CMD_UNSPEC,
	/* IFINDEX, FD and INNER4 and/or INNER6; optional ID, INNER6_PLEN,
	 * GATEWAY4, GATEWAY6, KEEPALIVE, TIMEOUT, PERSISTENT, NEGOTIATED,
	 * RECORD_LIMIT, STALL. The answer carries IFINDEX and ID.
	 */
	EFTF_CMD_TUNNEL_NEW,
	/* IFINDEX, ID; KEEPALIVE, TIMEOUT, PERSISTENT, RECORD_LIMIT, STALL */
	EFTF_CMD_TUNNEL_SET,
	/* IFINDEX, ID, FD: carry the tunnel on with another kTLS socket */
	EFTF_CMD_TUNNEL_SWAP,
	/* IFINDEX, ID: close_notify, FIN, gone */
	EFTF_CMD_TUNNEL_DEL,
	/* do: IFINDEX, ID. dump: optional IFINDEX */
	EFTF_CMD_TUNNEL_GET,
	/* events, in the multicast group "events" of the device's namespace, tickets in "tickets" */
	EFTF_CMD_EVENT_UP,	/* a whole tunnel description */
	EFTF_CMD_EVENT_DOWN,	/* description, REASON, REASON_NAME, ALERT, ERRNO */
	EFTF_CMD_EVENT_REKEY,	/* IFINDEX, ID, DIRECTION, RECORDS: key change due */
	EFTF_CMD_EVENT_TICKET,	/* IFINDEX, ID, TICKET: a NewSessionTicket came */
	/*
	 * IFINDEX, ID, QUEUE_*, TRANSPORT, UNACKED, RETRANSMITS, PATH_MTU: the
	 * socket takes no more for 5 s, or data is in flight of which nothing was
	 * acknowledged for STALL
	 */
	EFTF_CMD_EVENT_STALLED,
	EFTF_CMD_EVENT_SWAPPED,	/* IFINDEX, ID, REASON: the old transport is gone */
	/*
	 * The peer has sent a TLS 1.3 KeyUpdate: IFINDEX, ID, TRANSPORT,
	 * UPDATE_REQUESTED. Nothing is read until TUNNEL_REKEY brings the next
	 * receiving key; if it does not within 10 s the tunnel ends ("rekey").
	 */
	EFTF_CMD_EVENT_KEY_UPDATE,
	/*
	 * IFINDEX, ID, TRANSPORT, KEY_RX and/or KEY_TX; optional
	 * UPDATE_REQUESTED. KEY_RX is for after EVENT_KEY_UPDATE only. For
	 * KEY_TX the module sends a KeyUpdate under the old key, which asks the
	 * peer for one of its own if UPDATE_REQUESTED is 1, and everything
	 * after that under the new key.
	 */
	EFTF_CMD_TUNNEL_REKEY,
	__EFTF_CMD_MAX,
};
#define EFTF_CMD_MAX (__EFTF_CMD_MAX - 1)

enum eftf_attr {
	EFTF_A_UNSPEC,
	EFTF_A_PAD,
	EFTF_A_IFINDEX,		/* u32 */
	EFTF_A_IFNAME,		/* string, read only */
	EFTF_A_ID,		/* u32, not 0; unique in the device */
	EFTF_A_FD,		/* s32: a TCP socket with kTLS in both directions */
	EFTF_A_INNER4,		/* 4 bytes: the UE's inner address, at both ends */
	EFTF_A_INNER6,		/* 16 bytes: the UE's inner prefix, at both ends */
	EFTF_A_INNER6_PLEN,	/* u8, 1 to 128, default 128 */
	EFTF_A_GATEWAY4,	/* 4 bytes: the EFTF's inner address, at both ends */
	EFTF_A_GATEWAY6,	/* 16 bytes */
	EFTF_A_KEEPALIVE,	/* u32, seconds without sending; 0 = off; <= 65535 */
	EFTF_A_TIMEOUT,		/* u32, seconds without receiving, from when it was set, or from
				 * the beginning of an envelope to its end; 0 = off
				 */
	EFTF_A_PERSISTENT,	/* u8: 1 = outlives the netlink socket that made it; needs
				 * CAP_NET_ADMIN of the initial user namespace
				 */
	EFTF_A_NEGOTIATED,	/* flag: envelopes were exchanged before the attach */
	EFTF_A_RECORD_LIMIT,	/* u64: records per key; 0 = the cipher's own limit */
	EFTF_A_ROLE,		/* u8: enum eftf_role, read only */
	EFTF_A_REASON,		/* u32: enum eftf_reason */
	EFTF_A_REASON_NAME,	/* string: the same as a word */
	EFTF_A_ALERT,		/* u8: TLS alert description */
	EFTF_A_ERRNO,		/* u32: errno of the socket */
	EFTF_A_DIRECTION,	/* u8: enum eftf_direction */
	EFTF_A_TICKET,		/* binary: handshake message as it came */
	EFTF_A_OUTER_LOCAL,	/* struct sockaddr_in or sockaddr_in6 */
	EFTF_A_OUTER_PEER,	/* struct sockaddr_in or sockaddr_in6 */
	EFTF_A_TLS_VERSION,	/* u16: 0x0303, 0x0304 */
	EFTF_A_TLS_CIPHER,	/* u16: TLS_CIPHER_* of linux/tls.h */
	EFTF_A_UPTIME,		/* u64, ms since the tunnel was made */
	EFTF_A_RX_AGE,		/* u64, ms since something was received, or TIMEOUT was changed */
	EFTF_A_TX_AGE,		/* u64, ms since something was sent */
	EFTF_A_SRTT,		/* u32, us: smoothed round trip of the outer TCP */
	EFTF_A_UNSENT,		/* u32, bytes in TCP that were not sent yet */
	EFTF_A_QUEUE_PACKETS,	/* u32 */
	EFTF_A_QUEUE_BYTES,	/* u32 */
	EFTF_A_KEY_RECORDS_TX,	/* u64: records under the current sending key */
	EFTF_A_KEY_RECORDS_RX,	/* u64: records under the current receiving key */
	EFTF_A_STATS,		/* nest of enum eftf_stat */
	EFTF_A_SOJOURN,		/* u64 array: packets that waited < 2^(i+6) us */
	EFTF_A_TRANSPORTS,	/* u32: 1, or 2 while an old one drains */
	EFTF_A_TRANSPORT,	/* u32: the current one; 1 in a new tunnel, 1 more by each swap */
	EFTF_A_KEY_TX,		/* struct tls12_crypto_info_* of linux/tls.h, as for TLS_TX */
	EFTF_A_KEY_RX,		/* the same as for TLS_RX */
	EFTF_A_UPDATE_REQUESTED,	/* u8: 1 = a new key of the other side is wanted, too */
	EFTF_A_STALL,		/* u32, seconds with data in flight and nothing acknowledged until
				 * EVENT_STALLED, after three times that the tunnel ends; 0 = never;
				 * default 10; <= 3600
				 */
	EFTF_A_UNACKED,		/* u32, bytes in flight: sent, not acknowledged */
	EFTF_A_RETRANSMITS,	/* u32: TCP's time-outs in a row (tcpi_retransmits); 0 = all is well */
	EFTF_A_PATH_MTU,	/* u32, bytes of an outer packet, as far as TCP knows */
	EFTF_A_FLIGHT_BOUND,	/* u32, bytes that may be outstanding before bulk waits; not
				 * there without a bound
				 */
	EFTF_A_FLIGHT_BASE,	/* u32, us: round trip of the path without a queue */
	EFTF_A_FLIGHT_RATE,	/* u32, bytes per second that the path has carried last */
	__EFTF_A_MAX,
};
#define EFTF_A_MAX (__EFTF_A_MAX - 1)

enum eftf_direction {
	EFTF_DIRECTION_TX,
	EFTF_DIRECTION_RX,
};

/* Counters, all u64, in the nest EFTF_A_STATS. "drop" counts packets. */
enum eftf_stat {
	EFTF_STAT_UNSPEC,
	EFTF_STAT_PAD,
	EFTF_STAT_TX_PACKETS,		/* inner packets put on the stream */
	EFTF_STAT_TX_BYTES,		/* inner bytes of them */
	EFTF_STAT_TX_STREAM_BYTES,	/* bytes of envelopes accepted by TLS */
	EFTF_STAT_TX_RECORDS,		/* TLS records of them */
	EFTF_STAT_RX_PACKETS,		/* inner packets given to the stack */
	EFTF_STAT_RX_BYTES,
	EFTF_STAT_RX_STREAM_BYTES,
	EFTF_STAT_RX_RECORDS,
	EFTF_STAT_KEEPALIVES_TX,	/* echo requests queued */
	EFTF_STAT_RX_UNKNOWN,		/* envelopes of unknown type, skipped */
	EFTF_STAT_TX_STALLS,		/* times that the socket took no more */
	EFTF_STAT_DROP_TX_FULL,		/* queue limit */
	EFTF_STAT_DROP_TX_AGE,		/* voice older than the age cap */
	EFTF_STAT_DROP_TX_CODEL,	/* CoDel on the bulk band */
	EFTF_STAT_DROP_TX_NOMEM,
	EFTF_STAT_DROP_TX_TOO_BIG,	/* longer than an envelope can hold */
	EFTF_STAT_DROP_TX_CLOSED,	/* still queued when the tunnel ended */
	EFTF_STAT_DROP_RX_EMPTY,	/* IP envelope of Length 3 */
	EFTF_STAT_DROP_RX_VERSION,	/* neither IPv4 nor IPv6, or header cut */
	EFTF_STAT_DROP_RX_LENGTH,	/* IP length disagrees with the envelope */
	EFTF_STAT_DROP_RX_SOURCE,	/* gw: not the UE's own inner address */
	EFTF_STAT_DROP_RX_DEST,		/* ue: not for the UE's inner address */
	EFTF_STAT_DROP_RX_NOMEM,
	EFTF_STAT_DROP_RX_BACKLOG,	/* the stack took no more */
	EFTF_STAT_KEY_UPDATES_TX,	/* new sending keys in use */
	EFTF_STAT_KEY_UPDATES_RX,	/* new receiving keys in use */
	EFTF_STAT_PATH_SHRINKS,		/* times that segments were made smaller for a black hole */
	EFTF_STAT_TX_HELD,		/* times that bulk waited for the bound */
	EFTF_STAT_FLIGHT_PROBES,	/* looks at the path without bulk */
	EFTF_STAT_FLIGHT_RELEASES,	/* times that bulk was let go: the queue is of others */
	__EFTF_STAT_MAX,
};
#define EFTF_STAT_MAX (__EFTF_STAT_MAX - 1)

#define EFTF_SOJOURN_BUCKETS 16

/* Why a tunnel (or, in EVENT_SWAPPED, its old transport) ended. */
enum eftf_reason {
	EFTF_REASON_NONE,
	EFTF_REASON_DELETED,	/* "deleted": TUNNEL_DEL */
	EFTF_REASON_OWNER,	/* "owner-gone": its netlink socket was closed */
	EFTF_REASON_LINK,	/* "link-deleted": device, namespace or module gone */
	EFTF_REASON_RELEASED,	/* "released": close_notify from the peer */
	EFTF_REASON_TRUNCATED,	/* "truncated": FIN without close_notify */
	EFTF_REASON_RESET,	/* "reset": RST from the peer */
	EFTF_REASON_TIMEOUT,	/* "timeout": nothing received for TIMEOUT */
	EFTF_REASON_ALERT,	/* "alert": EFTF_A_ALERT says which */
	EFTF_REASON_FRAMING,	/* "framing": Length below 3, or endless unknown types */
	EFTF_REASON_NOT_FTT,	/* "not-ftt-ims": the first envelope is none */
	EFTF_REASON_BAD_RECORD,	/* "bad-record": TLS authentication failed */
	EFTF_REASON_PROTOCOL,	/* "tls-protocol": an impossible control record */
	EFTF_REASON_REKEY,	/* "rekey": KeyUpdate, and no new key came, or this kernel cannot */
	EFTF_REASON_KEY_LIMIT,	/* "key-limit": RECORD_LIMIT reached */
	EFTF_REASON_ERROR,	/* "error": EFTF_A_ERRNO says which */
	EFTF_REASON_SWAPPED,	/* "swapped": replaced by TUNNEL_SWAP */
	EFTF_REASON_STALLED,	/* "stalled": nothing acknowledged for three times STALL */
	EFTF_REASON_UNFINISHED,	/* "unfinished": an envelope, or TLS handshake message, not ended within TIMEOUT */
	__EFTF_REASON_MAX,
};

#endif /* _UAPI_LINUX_EFTF_H */
