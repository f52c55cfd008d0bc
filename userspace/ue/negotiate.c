// SPDX-License-Identifier: GPL-2.0-or-later
#include "negotiate.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
#include "dhcp_octets.h"
#include "inner.h"
#include "log.h"
#include "random.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define PACKETS_AT_ONCE 64	/* then the deadline is looked at */

static enum eftf_attempt handshake(struct eftf_tls *tls, int fd, struct eftf_signals *sig,
				   struct eftf_err *err)
{
	uint64_t deadline = eftf_now_ms() + EFTF_TLS_MS;
	struct eftf_err why;

	for (;;) {
		enum eftf_tls_status status = eftf_tls_handshake(tls, &why);
		short events = status == EFTF_TLS_WANT_WRITE ? POLLOUT : POLLIN;
		int ret;

		switch (status) {
		case EFTF_TLS_DONE:
			return EFTF_ATTEMPT_UP;
		case EFTF_TLS_UNTRUSTED:
			eftf_err_set(err, EACCES, "intercepted or misconfigured: %s", why.text);
			return EFTF_ATTEMPT_UNTRUSTED;
		case EFTF_TLS_FAILED:
			eftf_err_set(err, EPROTO, "TLS: %s", why.text);
			return EFTF_ATTEMPT_FAILED;
		case EFTF_TLS_WANT_READ:
		case EFTF_TLS_WANT_WRITE:
			break;
		}
		ret = eftf_wait(sig, fd, events, deadline);
		if (ret > 0)
			continue;
		if (ret == 0)
			eftf_err_set(err, ETIMEDOUT, "TLS: no handshake in %d s: is this an EFTF?",
				     EFTF_TLS_MS / 1000);
		else
			eftf_err_set(err, -ret, "TLS: %s", strerror(-ret));
		return EFTF_ATTEMPT_FAILED;
	}
}

enum eftf_attempt eftf_negotiate_tls(struct eftf_tls_ctx *ctx, int fd, const char *peer_name,
				     struct eftf_signals *sig, struct eftf_tls_info *info,
				     struct eftf_tls **parked, struct eftf_err *err)
{
	enum eftf_attempt attempt;
	struct eftf_tls *tls;
	struct eftf_err why;

	memset(info, 0, sizeof(*info));
	if (eftf_tls_new(&tls, ctx, fd, peer_name, err))
		return EFTF_ATTEMPT_FAILED;
	attempt = handshake(tls, fd, sig, err);
	if (attempt == EFTF_ATTEMPT_UP) {
		eftf_tls_info(tls, info);
		if (eftf_tls_plant(tls, err))
			attempt = EFTF_ATTEMPT_FAILED;
	}
	if (attempt == EFTF_ATTEMPT_UP && parked && !eftf_tls_park(tls, &why))
		*parked = tls;
	else
		eftf_tls_free(tls);
	return attempt;
}

/* ---- leases --------------------------------------------------------------------- */

struct exchange {
	struct eftf_channel ch;
	struct eftf_dhcp_clients *c;
	const struct eftf_wish *wish;
	uint64_t due4, due6;		/* ms: next message of each; UINT64_MAX: none */
	uint64_t grace;			/* ms: the other family has until then; 0: it has time */
};

/* Until there is one: of the DUID, so that no other host has it. */
static struct in6_addr link_local(const struct eftf_dhcp6c *c)
{
	struct in6_addr a = { { { 0xfe, 0x80 } } };

	for (size_t i = 0; i < c->duid.len; i++)
		a.s6_addr[8 + i % 8] ^= c->duid.v[i];
	a.s6_addr[15] |= 2;		/* never the router's own fe80::1 */
	return a;
}

static bool asks4(const struct exchange *x)
{
	return x->wish->family != EFTF_FAMILY_6 && x->c->v4.state < EFTF_DHCPC_BOUND;
}

static bool asks6(const struct exchange *x)
{
	return x->wish->family != EFTF_FAMILY_4 && x->c->v6.state < EFTF_DHCPC_BOUND;
}

static int send_dhcp(struct exchange *x, int *wait_ms, struct eftf_err *err)
{
	uint8_t message[EFTF_DHCP4_MAX], packet[EFTF_CHANNEL_MAX_PACKET];
	struct eftf_inner_udp udp = {
		.dst.s_addr = INADDR_BROADCAST, .sport = DHCP_CLIENT_PORT,
		.dport = DHCP_SERVER_PORT,
		.data = message,
	};
	size_t len;

	udp.len = eftf_dhcp4c_output(&x->c->v4, message, sizeof(message), wait_ms);
	if (!udp.len)
		return 0;
	len = eftf_inner_build(packet, sizeof(packet), &udp);
	if (!len)
		return eftf_err_set(err, EMSGSIZE, "DHCP message does not fit into a packet");
	return eftf_channel_send(&x->ch, packet, len, err);
}

/* With a solicitation of routers in front of the first. */
static int send_dhcp6(struct exchange *x, int *wait_ms, struct eftf_err *err)
{
	uint8_t message[EFTF_DHCP6_MAX], packet[EFTF_CHANNEL_MAX_PACKET];
	struct in6_addr src = link_local(&x->c->v6);
	struct eftf_inner6_udp udp = {
		.src = src, .dst = eftf_all_dhcp_servers, .sport = EFTF_DHCP6_CLIENT_PORT,
		.dport = EFTF_DHCP6_SERVER_PORT,
		.data = message,
	};
	size_t len;
	int ret = 0;

	if (x->c->v6.state == EFTF_DHCPC_SELECTING) {
		len = eftf_rs_build(packet, sizeof(packet), &src);
		ret = eftf_channel_send(&x->ch, packet, len, err);
	}
	udp.len = eftf_dhcp6c_output(&x->c->v6, message, sizeof(message), wait_ms);
	if (ret || !udp.len)
		return ret;
	len = eftf_inner6_build(packet, sizeof(packet), &udp);
	if (!len)
		return eftf_err_set(err, EMSGSIZE, "DHCPv6 message does not fit into a packet");
	return eftf_channel_send(&x->ch, packet, len, err);
}

/* IPv4's last word waits for IPv6, unless that has had its time. */
static bool may_send4(const struct exchange *x)
{
	return x->c->v4.state != EFTF_DHCPC_REQUESTING || !asks6(x);
}

static uint64_t next_at(int wait_ms)
{
	return wait_ms < 0 ? UINT64_MAX : eftf_now_ms() + (uint64_t)wait_ms;
}

static int send_due(struct exchange *x, struct eftf_err *err)
{
	uint64_t now = eftf_now_ms();
	int wait_ms = -1, ret = 0;

	if (asks4(x) && now >= x->due4 && may_send4(x)) {
		ret = send_dhcp(x, &wait_ms, err);
		x->due4 = next_at(wait_ms);
	}
	if (!ret && asks6(x) && now >= x->due6) {
		ret = send_dhcp6(x, &wait_ms, err);
		x->due6 = next_at(wait_ms);
	}
	return ret;
}

static void log_warning(const char *warning)
{
	if (warning)
		log_warn("DHCP answer of the EFTF: %s", warning);
}

/* Did it change the state of a client? */
static bool take_packet(struct exchange *x, const uint8_t *packet, size_t len)
{
	struct eftf_dhcp_clients *c = x->c;
	struct eftf_inner6_udp udp6;
	struct eftf_inner_udp udp;
	struct eftf_ra ra;
	bool changed = false;

	if (asks4(x) && !eftf_inner_parse(packet, len, &udp) && udp.dport == DHCP_CLIENT_PORT &&
	    udp.sport == DHCP_SERVER_PORT) {
		changed = eftf_dhcp4c_input(&c->v4, udp.data, udp.len);
		log_warning(eftf_dhcp_warning(&c->v4.warning));
		if (changed)
			x->due4 = 0;
	} else if (asks6(x) && !eftf_ra_parse(packet, len, &ra)) {
		c->ra = ra;
	} else if (asks6(x) && !eftf_inner6_parse(packet, len, &udp6) &&
		   udp6.dport == EFTF_DHCP6_CLIENT_PORT && udp6.sport == EFTF_DHCP6_SERVER_PORT) {
		changed = eftf_dhcp6c_input(&c->v6, udp6.data, udp6.len);
		log_warning(eftf_dhcp_warning(&c->v6.warning));
		if (changed)
			x->due6 = 0;
	}
	return changed;
}

/* Reads what is there. Returns 1 if a client's state changed, 0, or an error. */
static int take_dhcp(struct exchange *x, struct eftf_err *err)
{
	const uint8_t *packet;
	size_t len;
	int i;

	for (i = 0; i < PACKETS_AT_ONCE; i++) {
		switch (eftf_channel_recv(&x->ch, &packet, &len, err)) {
		case EFTF_CHANNEL_AGAIN:
			return 0;
		case EFTF_CHANNEL_CLOSED:
			return eftf_err_set(err, ECONNRESET, "the EFTF closed the connection "
					    "before it gave an address: none left, or not an EFTF?");
		case EFTF_CHANNEL_FAILED:
			return -EPROTO;
		case EFTF_CHANNEL_PACKET:
			break;
		}
		/* read no further: what follows an ACK must stay in the socket for the module */
		if (take_packet(x, packet, len))
			return 1;
	}
	return 0;
}

static int no_lease(const struct eftf_dhcp_clients *c, struct eftf_err *err)
{
	const char *refusal = c->v4.state == EFTF_DHCPC_REFUSED ? c->v4.refusal :
		c->v6.state == EFTF_DHCPC_REFUSED ? c->v6.refusal : NULL;

	if (refusal)
		return eftf_err_set(err, EACCES, "EFTF refused: %s",
				    refusal[0] ? refusal : "no reason given");
	return eftf_err_set(err, ETIMEDOUT, "the EFTF gave no address in %d s: it does not speak "
			    "DHCP (set a static [tunnel] address), or it has none left",
			    EFTF_LEASE_MS / 1000);
}

/* An EFTF that has refused all that it was asked for may close; one that owes an answer must not. */
static bool is_refused(const struct exchange *x)
{
	const struct eftf_dhcp_clients *c = x->c;

	if (c->v4.state == EFTF_DHCPC_REFUSED)
		return !eftf_has6(c);
	return c->v6.state == EFTF_DHCPC_REFUSED && !asks4(x);
}

/* Is it another address than the tunnel's? Before IPv4's REQUEST: an OFFER that is not taken has no effect. */
static bool is_other(const struct exchange *x)
{
	const struct eftf_dhcp_clients *c = x->c;
	const struct eftf_wish *w = x->wish;

	return (w->only4.s_addr && c->v4.state == EFTF_DHCPC_REQUESTING &&
		c->v4.lease.address.s_addr != w->only4.s_addr) ||
		(!IN6_IS_ADDR_UNSPECIFIED(&w->only6) && c->v6.state == EFTF_DHCPC_BOUND &&
		 memcmp(&c->v6.lease.address, &w->only6, sizeof(w->only6)));
}

/*
 * With any family, one that says nothing after the other has its offer or address
 * is waited for a moment only: answers come in order, and the EFTF has had both
 * questions at the same time.
 */
static void limit_wait(struct exchange *x)
{
	struct eftf_dhcp_clients *c = x->c;
	bool silent4 = asks4(x) && c->v4.state == EFTF_DHCPC_SELECTING && eftf_has6(c);
	bool silent6 = asks6(x) && c->v6.state == EFTF_DHCPC_SELECTING &&
		(c->v4.state == EFTF_DHCPC_REQUESTING || c->v4.state == EFTF_DHCPC_REFUSED);

	if (x->wish->family != EFTF_FAMILY_ANY || (!silent4 && !silent6)) {
		x->grace = 0;
		return;
	}
	if (!x->grace)
		x->grace = eftf_now_ms() + EFTF_GRACE_MS;
	if (eftf_ms_left(x->grace))
		return;
	if (silent4)
		c->v4.state = EFTF_DHCPC_FAILED;
	else
		c->v6.state = EFTF_DHCPC_FAILED;
	x->grace = 0;
}

/* Returns 1: there is what was wished for; 0: not yet; or an error. */
static int judge(const struct exchange *x, struct eftf_err *err)
{
	const struct eftf_dhcp_clients *c = x->c;
	bool both = x->wish->family == EFTF_FAMILY_BOTH;
	bool lost4 = c->v4.state > EFTF_DHCPC_BOUND, lost6 = c->v6.state > EFTF_DHCPC_BOUND;

	if (is_other(x))
		return eftf_err_set(err, EADDRNOTAVAIL,
				    "the EFTF offers another address than the tunnel's");
	if (both && (lost4 || lost6))
		return no_lease(c, err);
	if (asks4(x) || asks6(x))
		return 0;
	return eftf_has4(c) || eftf_has6(c) ? 1 : no_lease(c, err);
}

void eftf_negotiate_prepare6(struct eftf_dhcp_clients *c)
{
	const uint8_t *id = c->v4.client_id;
	struct in6_addr previous = c->v6.previous;

	memset(&c->v6, 0, sizeof(c->v6));
	memset(&c->ra, 0, sizeof(c->ra));
	c->v6.enterprise = c->v4.enterprise;
	c->v6.keepalive = c->v4.keepalive;
	c->v6.previous = previous;
	c->v6.token_len = c->v4.token_len;
	memcpy(c->v6.token, c->v4.token, sizeof(c->v6.token));
	/* RFC 4361: 255, IAID, DUID */
	if (c->v4.client_id_len > 5 && c->v4.client_id_len - 5 <= sizeof(c->v6.duid.v)) {
		c->v6.iaid = eftf_get32(id + 1);
		c->v6.duid.len = c->v4.client_id_len - 5;
		memcpy(c->v6.duid.v, id + 5, c->v6.duid.len);
	}
}

static int exchange(struct exchange *x, struct eftf_signals *sig, struct eftf_err *err)
{
	uint64_t deadline = eftf_now_ms() + EFTF_LEASE_MS, until;
	int ret;

	while (eftf_ms_left(deadline) > 0) {
		ret = send_due(x, err);
		if (!ret)
			ret = take_dhcp(x, err);
		if (ret < 0)	/* after a refusal the EFTF may close */
			return is_refused(x) ? no_lease(x->c, err) : ret;
		limit_wait(x);
		ret = judge(x, err);
		if (ret)
			return ret < 0 ? ret : 0;
		until = x->due6 < deadline ? x->due6 : deadline;
		if (may_send4(x) && x->due4 < until)
			until = x->due4;
		if (x->grace && x->grace < until)
			until = x->grace;
		if (!eftf_ms_left(until))
			continue;
		ret = eftf_wait(sig, x->ch.fd, POLLIN, until);
		if (ret < 0)
			return eftf_err_set(err, -ret, "waiting for an address: %s",
					    strerror(-ret));
	}
	return no_lease(x->c, err);
}

int eftf_negotiate_lease(int fd, struct eftf_dhcp_clients *c, const struct eftf_wish *wish,
			 struct eftf_signals *sig, struct eftf_err *err)
{
	struct exchange x = { .c = c, .wish = wish };
	uint32_t xid[2];
	int ret;

	if (eftf_random(xid, sizeof(xid)))
		return eftf_err_set(err, EIO, "no random numbers");
	eftf_channel_init(&x.ch, fd);
	eftf_negotiate_prepare6(c);
	eftf_dhcp4c_start(&c->v4, xid[0]);
	eftf_dhcp6c_start(&c->v6, xid[1]);
	if (wish->family == EFTF_FAMILY_6)
		x.due4 = UINT64_MAX;
	if (wish->family == EFTF_FAMILY_4)
		x.due6 = UINT64_MAX;
	ret = exchange(&x, sig, err);
	/* the newest token is of whichever family */
	if (!ret && eftf_has6(c) && !eftf_has4(c)) {
		c->v4.token_len = c->v6.token_len;
		memcpy(c->v4.token, c->v6.token, sizeof(c->v4.token));
	}
	return ret;
}
