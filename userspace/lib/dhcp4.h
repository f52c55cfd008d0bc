/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCPv4 (RFC 2131, 2132, 3361, 3396, 3442, 3925, 4361) as far as the tunnel
 * needs it: message codec, and client and server as state machines without
 * I/O. Times in seconds, addresses in network order.
 */
#ifndef EFTF_DHCP4_H
#define EFTF_DHCP4_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dhcp.h"
#include "dhcp_octets.h"
#include "err.h"

#define EFTF_DHCP4_MAX 1400		/* longest message that is built */
#define EFTF_DHCP4_TOKEN_MAX 128
#define EFTF_DHCP4_CLIENT_ID_MAX 255	/* of one option */
#define EFTF_DHCP4_CHADDR_MAX 16
#define EFTF_DHCP4_MAX_ADDRS 4		/* DNS servers, SIP servers kept */
#define EFTF_DHCP4_MAX_ROUTES 16
#define EFTF_DHCP4_MAX_BAD 8		/* wrong options named */
#define EFTF_ENTERPRISE_DEFAULT 32473	/* RFC 5612: documentation */

enum eftf_dhcp4_type {
	EFTF_DHCP4_DISCOVER = 1,
	EFTF_DHCP4_OFFER,
	EFTF_DHCP4_REQUEST,
	EFTF_DHCP4_DECLINE,
	EFTF_DHCP4_ACK,
	EFTF_DHCP4_NAK,
	EFTF_DHCP4_RELEASE,
	EFTF_DHCP4_INFORM,
};

struct eftf_dhcp4_route {
	struct in_addr dest;
	uint8_t plen;
	struct in_addr via;		/* 0.0.0.0: on link */
};

/* A message in its parts. has_* / n_* / *_len = 0 mean: option absent. */
struct eftf_dhcp4_msg {
	bool reply;			/* op: BOOTREPLY */
	uint8_t htype, hlen;		/* htype 0, to encode: a link without addresses */
	uint8_t chaddr[EFTF_DHCP4_CHADDR_MAX];
	uint32_t xid;
	uint16_t secs;
	bool broadcast;
	struct in_addr ciaddr, yiaddr, siaddr, giaddr;
	enum eftf_dhcp4_type type;
	uint8_t client_id[EFTF_DHCP4_CLIENT_ID_MAX];
	size_t client_id_len;
	bool has_server_id, has_requested, has_mask, has_router, has_mtu, has_lease, has_t1, has_t2;
	struct in_addr server_id, requested, mask, router;
	uint16_t mtu;
	uint32_t lease, t1, t2;
	struct in_addr dns[EFTF_DHCP4_MAX_ADDRS];
	size_t n_dns;
	struct in_addr sip[EFTF_DHCP4_MAX_ADDRS];	/* option 120, encoding 1 */
	size_t n_sip;
	char sip_name[256];				/* option 120, encoding 0: first name */
	struct eftf_dhcp4_route routes[EFTF_DHCP4_MAX_ROUTES];
	size_t n_routes;
	char message[128];				/* option 56, printable */
	bool has_keepalive;				/* option 125, our enterprise */
	uint16_t keepalive;
	uint8_t token[EFTF_DHCP4_TOKEN_MAX];
	size_t token_len;
	uint8_t params[255];				/* option 55 */
	size_t n_params;
	uint8_t bad[EFTF_DHCP4_MAX_BAD];		/* decode: options that do not count: wrong */
	size_t n_bad;
};

/* Returns octets written, 0 if out (size) is too small. enterprise: for option 125. */
size_t eftf_dhcp4_encode(uint8_t *out, size_t size, const struct eftf_dhcp4_msg *msg,
			 uint32_t enterprise);
/*
 * Returns 0, or -EBADMSG with what was wrong in err. Unknown options are
 * skipped. One that is cut or has a wrong length or value is as if it were
 * absent, and named in msg->bad; the rest of the message counts. Of an option
 * of fixed length that comes several times the first counts.
 */
int eftf_dhcp4_decode(struct eftf_dhcp4_msg *msg, const uint8_t *data, size_t len,
		      uint32_t enterprise, struct eftf_err *err);

/* What a client ends up with. */
struct eftf_lease4 {
	struct in_addr address, mask, router, server;
	uint16_t mtu;			/* 0: not given */
	uint32_t seconds, t1, t2;	/* 0xffffffff: for ever */
	struct in_addr dns[EFTF_DHCP4_MAX_ADDRS];
	size_t n_dns;
	struct in_addr sip[EFTF_DHCP4_MAX_ADDRS];
	size_t n_sip;
	char sip_name[256];
	struct eftf_dhcp4_route routes[EFTF_DHCP4_MAX_ROUTES];
	size_t n_routes;
	uint16_t keepalive;		/* 0: not given */
	uint8_t token[EFTF_DHCP4_TOKEN_MAX];
	size_t token_len;
};

/* Can it be one machine's address on a link? */
static inline bool eftf_dhcp4_is_host(struct in_addr addr)
{
	uint32_t a = ntohl(addr.s_addr);

	return a >> 24 != 0 && a >> 24 != 127 && a >> 28 < 14;
}

/* The EFTF's inner address: the router, or else the server. 0.0.0.0: not known. */
static inline struct in_addr eftf_lease4_gateway(const struct eftf_lease4 *lease)
{
	struct in_addr none = { 0 };

	if (lease->router.s_addr)
		return lease->router;
	return eftf_dhcp4_is_host(lease->server) ? lease->server : none;
}

/* Client: DISCOVER, OFFER, REQUEST, ACK; retransmits by RFC 2131 4.1. */
struct eftf_dhcp4c {
	enum eftf_dhcpc_state state;
	uint32_t enterprise;
	uint32_t xid;
	uint8_t client_id[EFTF_DHCP4_CLIENT_ID_MAX];
	size_t client_id_len;
	uint16_t keepalive;		/* proposed; 0: none */
	uint8_t token[EFTF_DHCP4_TOKEN_MAX];	/* to resume with */
	size_t token_len;			/* 0: none */
	struct in_addr previous;	/* asked for; 0.0.0.0: any */
	struct eftf_lease4 lease;
	unsigned int sends;		/* of the current message */
	uint64_t begun_ms, age_ms;	/* since start, or of the lease: at the first message, now */
	char refusal[128];
	struct eftf_dhcp_warning warning;
};

/*
 * The caller sends what *_output writes (DHCP payload, for UDP 68 -> 67) when
 * eftf_dhcp4c_output() is due: at once after start and after an input that
 * changed the state, then each time the returned milliseconds have passed.
 */
void eftf_dhcp4c_start(struct eftf_dhcp4c *c, uint32_t xid);
/* Renewal of c->lease, given age_ms ago: a REQUEST with ciaddr set. */
void eftf_dhcp4c_renew(struct eftf_dhcp4c *c, uint32_t xid, uint64_t age_ms);
/*
 * Returns octets to send (0: nothing); *wait_ms: when to call again, at least
 * 1000. Where to: the lease's server if the state is RENEWING afterwards (and
 * it has a host's address), else broadcast.
 */
size_t eftf_dhcp4c_output(struct eftf_dhcp4c *c, uint8_t *out, size_t size, int *wait_ms);
/* A DHCP payload that came. Returns true if the state changed. */
bool eftf_dhcp4c_input(struct eftf_dhcp4c *c, const uint8_t *data, size_t len);
/* A RELEASE for the lease. Returns octets to send. */
size_t eftf_dhcp4c_release(const struct eftf_dhcp4c *c, uint8_t *out, size_t size);

#endif
