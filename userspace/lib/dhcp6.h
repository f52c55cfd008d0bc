/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCPv6 (RFC 8415, 3319, 3646) as far as the tunnel needs it: one address by
 * IA_NA; message codec, and client and server as state machines without I/O.
 * Times in seconds.
 */
#ifndef EFTF_DHCP6_H
#define EFTF_DHCP6_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dhcp.h"
#include "dhcp_octets.h"
#include "err.h"

#define EFTF_DHCP6_MAX 1400		/* longest message that is built */
#define EFTF_DHCP6_TOKEN_MAX 128
#define EFTF_DHCP6_DUID_MAX 130		/* RFC 8415 11.1 */
#define EFTF_DHCP6_MAX_ADDRS 4		/* DNS servers, SIP servers kept */
#define EFTF_DHCP6_MAX_ORO 32
#define EFTF_DHCP6_MAX_BAD 8		/* wrong options named */
#define EFTF_DHCP6_SERVER_PORT 547
#define EFTF_DHCP6_CLIENT_PORT 546

enum eftf_dhcp6_type {
	EFTF_DHCP6_SOLICIT = 1,
	EFTF_DHCP6_ADVERTISE,
	EFTF_DHCP6_REQUEST,
	EFTF_DHCP6_CONFIRM,
	EFTF_DHCP6_RENEW,
	EFTF_DHCP6_REBIND,
	EFTF_DHCP6_REPLY,
	EFTF_DHCP6_RELEASE,
	EFTF_DHCP6_DECLINE,
	EFTF_DHCP6_RECONFIGURE,
	EFTF_DHCP6_INFORMATION_REQUEST,
};

enum eftf_dhcp6_status {
	EFTF_DHCP6_SUCCESS,
	EFTF_DHCP6_UNSPEC_FAIL,
	EFTF_DHCP6_NO_ADDRS,
	EFTF_DHCP6_NO_BINDING,
	EFTF_DHCP6_NOT_ON_LINK,
	EFTF_DHCP6_USE_MULTICAST,
};

struct eftf_duid {
	uint8_t v[EFTF_DHCP6_DUID_MAX];
	size_t len;			/* 0: absent */
};

static inline bool eftf_duid_same(const struct eftf_duid *a, const struct eftf_duid *b)
{
	return a->len == b->len && !__builtin_memcmp(a->v, b->v, a->len);
}

/* A message in its parts. has_* / n_* / *_len = 0 mean: option absent. */
struct eftf_dhcp6_msg {
	enum eftf_dhcp6_type type;
	uint32_t xid;			/* 24 bits */
	struct eftf_duid client, server;
	bool has_ia, has_addr;		/* has_addr: in the IA */
	uint32_t iaid, t1, t2;
	struct in6_addr addr;
	uint32_t preferred, valid;
	bool has_elapsed, rapid_commit, has_unicast;
	uint16_t elapsed;		/* hundredths of a second */
	struct in6_addr unicast;	/* option 12: where the server wants what is not multicast */
	/* of the message, of the IA or of the address: the first that is no success */
	uint16_t status;
	bool status_in_ia;		/* to encode: not of the message, but of the IA */
	char message[128];		/* with that status; printable */
	struct in6_addr dns[EFTF_DHCP6_MAX_ADDRS];
	size_t n_dns;
	char domain[EFTF_DHCP_NAME];	/* option 24: first name */
	struct in6_addr sip[EFTF_DHCP6_MAX_ADDRS];
	size_t n_sip;
	char sip_name[EFTF_DHCP_NAME];	/* option 21: first name */
	bool has_keepalive;		/* option 17, our enterprise */
	uint16_t keepalive;
	uint8_t token[EFTF_DHCP6_TOKEN_MAX];
	size_t token_len;
	uint16_t oro[EFTF_DHCP6_MAX_ORO];
	size_t n_oro;
	uint16_t bad[EFTF_DHCP6_MAX_BAD];	/* decode: options that do not count: wrong */
	size_t n_bad;
};

/* Returns octets written, 0 if out (size) is too small. enterprise: for option 17. */
size_t eftf_dhcp6_encode(uint8_t *out, size_t size, const struct eftf_dhcp6_msg *msg,
			 uint32_t enterprise);
/*
 * Returns 0, or -EBADMSG with what was wrong in err: too short, or not of a
 * client or server. Unknown options are skipped. One that is cut or has a
 * wrong length or value is as if it were absent, and named in msg->bad. Of an
 * option that comes several times the first counts; likewise of IAs, and of
 * addresses in one the first that is valid for a time.
 */
int eftf_dhcp6_decode(struct eftf_dhcp6_msg *msg, const uint8_t *data, size_t len,
		      uint32_t enterprise, struct eftf_err *err);

/* What a client ends up with. */
struct eftf_lease6 {
	struct in6_addr address;
	struct eftf_duid server;
	struct in6_addr unicast;	/* where renewals go; :: means to all servers */
	uint32_t seconds, preferred, t1, t2;	/* EFTF_DHCP_FOREVER: for ever */
	struct in6_addr dns[EFTF_DHCP6_MAX_ADDRS];
	size_t n_dns;
	char domain[EFTF_DHCP_NAME];
	struct in6_addr sip[EFTF_DHCP6_MAX_ADDRS];
	size_t n_sip;
	char sip_name[EFTF_DHCP_NAME];
	uint16_t keepalive;		/* 0: not given */
	uint8_t token[EFTF_DHCP6_TOKEN_MAX];
	size_t token_len;
};

/* Can it be one machine's address beyond a link? */
static inline bool eftf_dhcp6_is_host(const struct in6_addr *a)
{
	return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_LOOPBACK(a) &&
		!IN6_IS_ADDR_MULTICAST(a) && !IN6_IS_ADDR_LINKLOCAL(a) &&
		!IN6_IS_ADDR_V4MAPPED(a) && !IN6_IS_ADDR_V4COMPAT(a);
}

/* Client: SOLICIT with Rapid Commit, and REPLY or ADVERTISE, REQUEST, REPLY. */
struct eftf_dhcp6c {
	enum eftf_dhcpc_state state;
	uint32_t enterprise;
	uint32_t xid;
	struct eftf_duid duid;
	uint32_t iaid;
	uint16_t keepalive;		/* proposed; 0: none */
	uint8_t token[EFTF_DHCP6_TOKEN_MAX];	/* to resume with */
	size_t token_len;			/* 0: none */
	struct in6_addr previous;	/* asked for; ::, any */
	struct eftf_lease6 lease;
	unsigned int sends;		/* of the current message */
	uint64_t begun_ms, age_ms;	/* since start, or of the lease: at the first message, now */
	char refusal[128];
	struct eftf_dhcp_warning warning;
};

/*
 * The caller sends what *_output writes (DHCPv6 payload, for UDP 546 -> 547,
 * to ff02::1:2) when eftf_dhcp6c_output() is due: at once after start and after
 * an input that changed the state, then each time the returned milliseconds
 * have passed.
 */
void eftf_dhcp6c_start(struct eftf_dhcp6c *c, uint32_t xid);
/* Renewal of c->lease, given age_ms ago. */
void eftf_dhcp6c_renew(struct eftf_dhcp6c *c, uint32_t xid, uint64_t age_ms);
/*
 * Returns octets to send (0: nothing); *wait_ms: when to call again, at least
 * 900. Where to: lease.unicast if the state is RENEWING afterwards and it is
 * not ::, else all servers.
 */
size_t eftf_dhcp6c_output(struct eftf_dhcp6c *c, uint8_t *out, size_t size, int *wait_ms);
/* A DHCPv6 payload that came. Returns true if the state changed. */
bool eftf_dhcp6c_input(struct eftf_dhcp6c *c, const uint8_t *data, size_t len);
/* A RELEASE for the lease. Returns octets to send. */
size_t eftf_dhcp6c_release(const struct eftf_dhcp6c *c, uint8_t *out, size_t size);

#endif
