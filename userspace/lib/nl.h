/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's side by netlink (libmnl): tunnels of eftf.ko by generic
 * netlink; links, addresses and routes by rtnetlink. Functions return 0 or a
 * negative errno with the kernel's own text (extack) in err.
 */
#ifndef EFTF_NL_H
#define EFTF_NL_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <linux/eftf.h>

#include "err.h"
#include "tls_key.h"

struct eftf_nl;

/* ---- generic netlink: tunnels ------------------------------------------ */

struct eftf_tunnel_spec {
	uint32_t ifindex;
	uint32_t id;			/* 0: the kernel chooses */
	int fd;
	bool has_inner4, has_inner6, has_gateway4, has_gateway6;
	struct in_addr inner4, gateway4;
	struct in6_addr inner6, gateway6;
	uint8_t inner6_plen;
	uint32_t keepalive, timeout;	/* s; 0: off */
	bool has_stall;			/* or the module's default */
	uint32_t stall;			/* s; 0: off */
	bool persistent, negotiated;
	uint64_t record_limit;		/* 0: the cipher's own */
};

/* The bit of an attribute in a set; of all that the kernel sends, without those of requests alone. */
#define EFTF_NL_BIT(a) (1ull << EFTF_A_##a)
#define EFTF_NL_READABLE (((1ull << (EFTF_A_MAX + 1)) - 1) & ~(EFTF_NL_BIT(UNSPEC) | \
	EFTF_NL_BIT(PAD) | EFTF_NL_BIT(FD) | EFTF_NL_BIT(NEGOTIATED) | EFTF_NL_BIT(KEY_TX) | \
	EFTF_NL_BIT(KEY_RX)))

/* A tunnel, or an event about one, as the kernel described it. Strings are
 * terminated; what is not present is 0.
 */
struct eftf_tunnel_info {
	uint8_t cmd;			/* enum eftf_cmd: what was received */
	uint64_t present;		/* bit n: attribute EFTF_A_n was there */
	uint32_t ifindex, id;
	char ifname[IFNAMSIZ];
	uint8_t role;
	struct in_addr inner4, gateway4;
	struct in6_addr inner6, gateway6;
	uint8_t inner6_plen;
	uint32_t keepalive, timeout, stall;
	bool persistent;
	uint64_t record_limit;
	uint32_t reason;
	char reason_name[24];
	uint8_t alert, direction;
	uint32_t sock_errno;
	struct sockaddr_storage outer_local, outer_peer;
	uint16_t tls_version, tls_cipher;
	uint64_t uptime, rx_age, tx_age;	/* ms */
	uint32_t srtt, unsent, queue_packets, queue_bytes, transports;
	uint32_t unacked, retransmits, path_mtu;	/* of the outer TCP */
	uint64_t key_records_tx, key_records_rx;
	uint32_t transport;			/* serial number of the current one */
	bool update_requested;
	uint32_t flight_bound;			/* octets */
	uint32_t flight_base;			/* us */
	uint32_t flight_rate;			/* octets per second */
	uint32_t ticket_len;			/* octets of EFTF_A_TICKET */
	uint64_t stats[EFTF_STAT_MAX + 1];
	uint64_t sojourn[EFTF_SOJOURN_BUCKETS];
};

/* No eftf module: -ENOENT, and err says how to load it. */
int eftf_nl_open(struct eftf_nl **nl, struct eftf_err *err);
void eftf_nl_close(struct eftf_nl *nl);

/* Non-persistent tunnels live as long as this nl. *id: out. */
int eftf_nl_tunnel_new(struct eftf_nl *nl, const struct eftf_tunnel_spec *spec, uint32_t *id,
		       struct eftf_err *err);
/* Only the members whose has-flag is set are changed. */
struct eftf_tunnel_change {
	bool has_keepalive, has_timeout, has_stall, has_persistent, has_record_limit;
	uint32_t keepalive, timeout, stall;
	bool persistent;
	uint64_t record_limit;
};
int eftf_nl_tunnel_set(struct eftf_nl *nl, uint32_t ifindex, uint32_t id,
		       const struct eftf_tunnel_change *change, struct eftf_err *err);
int eftf_nl_tunnel_swap(struct eftf_nl *nl, uint32_t ifindex, uint32_t id, int fd,
			struct eftf_err *err);
/*
 * New TLS keys for the transport with this serial number: rx after an event
 * KEY_UPDATE only, tx at any time, or both; NULL: not that one. request: the
 * peer shall change its key, too.
 */
int eftf_nl_tunnel_rekey(struct eftf_nl *nl, uint32_t ifindex, uint32_t id, uint32_t transport,
			 const struct eftf_tls_key *rx, const struct eftf_tls_key *tx, bool request,
			 struct eftf_err *err);
int eftf_nl_tunnel_del(struct eftf_nl *nl, uint32_t ifindex, uint32_t id, struct eftf_err *err);

typedef void (*eftf_nl_tunnel_fn)(const struct eftf_tunnel_info *info, void *arg);
/*
 * id 0: all of the device; ifindex 0: all of the namespace. fn is called after
 * the whole answer has come, so it may use nl; not at all after a failure.
 */
int eftf_nl_tunnel_get(struct eftf_nl *nl, uint32_t ifindex, uint32_t id, eftf_nl_tunnel_fn fn,
		       void *arg, struct eftf_err *err);
/*
 * All of a device, each told as it comes, so that ten thousand take no memory here. fn may not use nl.
 * again: the table has changed while it was read, so what was told is void, and all of it follows anew.
 * What was told counts only if 0 is returned.
 */
int eftf_nl_tunnel_each(struct eftf_nl *nl, uint32_t ifindex, eftf_nl_tunnel_fn fn, void (*again)(void *arg),
			void *arg, struct eftf_err *err);

/* A socket of its own that joins the events group: never mixed with answers. */
int eftf_nl_events_open(struct eftf_nl **nl, struct eftf_err *err);
int eftf_nl_fd(const struct eftf_nl *nl);	/* to poll for reading */
/*
 * Delivers what is there, never blocks. -ENOBUFS: events were lost, and what was
 * left has been delivered: resync by a dump. -ENOENT: the module was unloaded,
 * nothing will come any more.
 */
int eftf_nl_events_read(struct eftf_nl *nl, eftf_nl_tunnel_fn fn, void *arg, struct eftf_err *err);

/* ---- rtnetlink: links, addresses, routes -------------------------------- */

struct eftf_rt;

int eftf_rt_open(struct eftf_rt **rt, struct eftf_err *err);
void eftf_rt_close(struct eftf_rt *rt);

struct eftf_link_spec {
	const char *name;
	enum eftf_role role;
	bool ue_to_ue;
	uint32_t mtu;			/* 0: the module's default */
};
/* -EEXIST if the name is taken. No module: -EOPNOTSUPP, with the remedy in err. */
int eftf_rt_link_add(struct eftf_rt *rt, const struct eftf_link_spec *spec, struct eftf_err *err);
/* -ENODEV, and nothing is deleted, if there is no such link or it is not of kind eftf. */
int eftf_rt_link_del(struct eftf_rt *rt, const char *name, struct eftf_err *err);
int eftf_rt_link_up(struct eftf_rt *rt, uint32_t ifindex, bool up, struct eftf_err *err);
/* ifalias: a text of the administrator's; eftf-ue marks the links that it makes by it. */
int eftf_rt_link_alias(struct eftf_rt *rt, uint32_t ifindex, const char *alias,
		       struct eftf_err *err);
int eftf_rt_link_mtu(struct eftf_rt *rt, uint32_t ifindex, uint32_t mtu, struct eftf_err *err);

/* How signalling is known that is not marked by DSCP. */
struct eftf_link_ports {
	uint16_t v[EFTF_SIP_PORTS_MAX];
	size_t n;
};
struct eftf_link_addrs {
	struct in6_addr v[EFTF_PCSCF_MAX];	/* IPv4 as ::ffff:a.b.c.d */
	size_t n;
};
/* Only the members whose has-flag is set are changed. */
struct eftf_link_change {
	bool has_ue_to_ue, has_flight_target, has_flight_hold, has_sip_ports, has_pcscf;
	bool ue_to_ue;
	uint32_t flight_target;		/* ms; 0: bulk is not held back */
	uint32_t flight_hold;		/* s after the last voice; 0: always */
	struct eftf_link_ports sip_ports;
	struct eftf_link_addrs pcscf;
};
int eftf_rt_link_set(struct eftf_rt *rt, uint32_t ifindex, const struct eftf_link_change *change,
		     struct eftf_err *err);
/* The P-CSCFs are these, of which there is room for EFTF_PCSCF_MAX; those beyond are left out. */
int eftf_rt_link_pcscf(struct eftf_rt *rt, uint32_t ifindex, const struct in_addr *addrs, size_t n,
		       const struct in6_addr *addrs6, size_t n6, struct eftf_err *err);

struct eftf_link_info {
	uint32_t ifindex, mtu, tunnels;
	char name[IFNAMSIZ];
	char alias[16];			/* "": none, or a longer one */
	bool up, carrier, ue_to_ue;
	bool key_update;		/* this kernel can take new TLS keys */
	uint8_t role;
	uint32_t flight_target, flight_hold;	/* as in eftf_link_change */
	struct eftf_link_ports sip_ports;
	struct eftf_link_addrs pcscf;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes, rx_dropped, tx_dropped, rx_errors, tx_errors;
};
typedef void (*eftf_rt_link_fn)(const struct eftf_link_info *info, void *arg);
/* Links of kind eftf; name NULL: all. -ENODEV if a named one is not there or not eftf. */
int eftf_rt_link_get(struct eftf_rt *rt, const char *name, eftf_rt_link_fn fn, void *arg,
		     struct eftf_err *err);

/* family AF_INET or AF_INET6; addr: 4 or 16 octets. An address that is there stays; -EEXIST if it is of IPv6. */
int eftf_rt_addr_add(struct eftf_rt *rt, uint32_t ifindex, int family, const void *addr,
		     uint8_t plen, struct eftf_err *err);
int eftf_rt_addr_del(struct eftf_rt *rt, uint32_t ifindex, int family, const void *addr,
		     uint8_t plen, struct eftf_err *err);

/*
 * The protocol number of routes and addresses of eftf-ue, by which it knows its
 * own routes after a kill: "ip route show proto 232". None of rt_protos(5).
 */
#define EFTF_RTPROT 232

struct eftf_route {
	int family;
	uint8_t dst[16], via[16];
	uint8_t plen;
	bool has_via;
	uint32_t ifindex;		/* 0: not said */
	uint8_t src[16];		/* preferred source */
	bool has_src;
	uint32_t metric;		/* 0: the kernel's default (IPv4 0, IPv6 1024) */
	uint8_t protocol;		/* who put it in; 0: the administrator (RTPROT_STATIC) */
	uint32_t table;			/* 0: main */
	bool unreachable;		/* no way: an error for what no longer prefix matches. To add one: no ifindex */
};
/*
 * Replaces an equal route: the one with the same destination and metric,
 * whatever link it goes through. Give a metric of your own where another
 * route must survive.
 */
int eftf_rt_route_add(struct eftf_rt *rt, const struct eftf_route *route, struct eftf_err *err);
int eftf_rt_route_del(struct eftf_rt *rt, const struct eftf_route *route, struct eftf_err *err);
/*
 * All unicast routes of the table main by which packets get out now; of several ways of one
 * route the first. family AF_INET or AF_INET6. After an interrupted reading some come twice.
 */
typedef void (*eftf_rt_route_fn)(const struct eftf_route *route, void *arg);
int eftf_rt_route_dump(struct eftf_rt *rt, int family, eftf_rt_route_fn fn, void *arg,
		       struct eftf_err *err);
/*
 * Removes those unicast and unreachable routes, of all tables, for which fn returns true; it is called while they
 * are read, and may be called twice for one. removed: how many.
 */
typedef bool (*eftf_rt_route_which_fn)(const struct eftf_route *route, void *arg);
int eftf_rt_route_sweep(struct eftf_rt *rt, int family, eftf_rt_route_which_fn fn, void *arg,
			unsigned int *removed, struct eftf_err *err);
/* As eftf_rt_route_dump(), for the addresses of all links; addr: 4 or 16 octets. */
typedef void (*eftf_rt_addr_fn)(uint32_t ifindex, int family, const void *addr, void *arg);
int eftf_rt_addr_dump(struct eftf_rt *rt, int family, eftf_rt_addr_fn fn, void *arg,
		      struct eftf_err *err);
struct eftf_neigh {
	uint32_t ifindex;
	int family;
	const void *addr;		/* 4 or 16 octets */
};
/* The hardware address of a neighbour. -ENOENT: not known, or none of six octets. */
int eftf_rt_neigh_get(struct eftf_rt *rt, const struct eftf_neigh *n, uint8_t mac[6],
		      struct eftf_err *err);
/* The kernel is to find it out, as if there were a packet for it. CAP_NET_ADMIN. */
int eftf_rt_neigh_use(struct eftf_rt *rt, const struct eftf_neigh *n, struct eftf_err *err);
/* A socket of its own that hears of changes of links, addresses and routes. */
int eftf_rt_watch_open(struct eftf_rt **rt, struct eftf_err *err);
int eftf_rt_fd(const struct eftf_rt *rt);	/* to poll for reading */
/* Takes what came, never blocks. True: something changed, or may have. */
bool eftf_rt_watch_read(struct eftf_rt *rt);
/* The same for routes alone, with what they are. */
int eftf_rt_routes_open(struct eftf_rt **rt, struct eftf_err *err);
/*
 * Calls fn for each unicast route, of any table, that was added or replaced; never blocks, and
 * leaves some for the next time when there are many. False: some were lost, read the tables instead.
 */
bool eftf_rt_routes_read(struct eftf_rt *rt, eftf_rt_route_fn fn, void *arg);
/* How the kernel would reach dst now: fills dst, via, has_via, src, has_src and ifindex. */
int eftf_rt_route_lookup(struct eftf_rt *rt, int family, const void *dst, struct eftf_route *route,
			 struct eftf_err *err);

#endif
