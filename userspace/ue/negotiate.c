// SPDX-License-Identifier: GPL-2.0-or-later
#include "negotiate.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "channel.h"
#include "clock.h"
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

static int send_dhcp(struct eftf_channel *ch, struct eftf_dhcp4c *c, int *wait_ms,
		     struct eftf_err *err)
{
	uint8_t message[EFTF_DHCP4_MAX], packet[EFTF_CHANNEL_MAX_PACKET];
	struct eftf_inner_udp udp = {
		.dst.s_addr = INADDR_BROADCAST, .sport = DHCP_CLIENT_PORT,
		.dport = DHCP_SERVER_PORT,
		.data = message,
	};
	size_t len;

	udp.len = eftf_dhcp4c_output(c, message, sizeof(message), wait_ms);
	if (!udp.len)
		return 0;
	len = eftf_inner_build(packet, sizeof(packet), &udp);
	if (!len)
		return eftf_err_set(err, EMSGSIZE, "DHCP message does not fit into a packet");
	return eftf_channel_send(ch, packet, len, err);
}

/* Reads what is there. Returns 1 if the client's state changed, 0, or an error. */
static int take_dhcp(struct eftf_channel *ch, struct eftf_dhcp4c *c, struct eftf_err *err)
{
	struct eftf_inner_udp udp;
	const uint8_t *packet;
	const char *warning;
	size_t len;
	int i;

	for (i = 0; i < PACKETS_AT_ONCE; i++) {
		bool changed;

		switch (eftf_channel_recv(ch, &packet, &len, err)) {
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
		if (eftf_inner_parse(packet, len, &udp) || udp.dport != DHCP_CLIENT_PORT ||
		    udp.sport != DHCP_SERVER_PORT)
			continue;
		/* read no further: what follows an ACK must stay in the socket for the module */
		changed = eftf_dhcp4c_input(c, udp.data, udp.len);
		warning = eftf_dhcp4c_warning(c);
		if (warning)
			log_warn("DHCP answer of the EFTF: %s", warning);
		if (changed)
			return 1;
	}
	return 0;
}

static int no_lease(const struct eftf_dhcp4c *c, struct eftf_err *err)
{
	if (c->state == EFTF_DHCP4C_REFUSED)
		return eftf_err_set(err, EACCES, "EFTF refused: %s",
				    c->refusal[0] ? c->refusal : "no reason given");
	return eftf_err_set(err, ETIMEDOUT, "the EFTF gave no address in %d s: it does not speak "
			    "DHCP (set a static [tunnel] address), or it has none left",
			    EFTF_LEASE_MS / 1000);
}

int eftf_negotiate_lease(int fd, struct eftf_dhcp4c *c, const struct in_addr *only,
			 struct eftf_signals *sig, struct eftf_err *err)
{
	uint64_t deadline = eftf_now_ms() + EFTF_LEASE_MS, due = 0;
	struct eftf_channel ch;
	uint32_t xid;
	int ret;

	if (eftf_random(&xid, sizeof(xid)))
		return eftf_err_set(err, EIO, "no random numbers");
	eftf_channel_init(&ch, fd);
	eftf_dhcp4c_start(c, xid);
	while (eftf_ms_left(deadline) > 0) {
		if (eftf_ms_left(due) == 0) {
			int wait_ms = -1;

			ret = send_dhcp(&ch, c, &wait_ms, err);
			if (ret)
				return ret;
			due = wait_ms < 0 ? deadline : eftf_now_ms() + (uint64_t)wait_ms;
		}
		ret = take_dhcp(&ch, c, err);
		if (ret < 0)
			return ret;
		if (c->state == EFTF_DHCP4C_BOUND)
			return 0;
		if (c->state == EFTF_DHCP4C_REFUSED || c->state == EFTF_DHCP4C_FAILED)
			return no_lease(c, err);
		/* before the REQUEST: an OFFER that is not taken has no effect at the EFTF */
		if (only && c->state == EFTF_DHCP4C_REQUESTING &&
		    c->lease.address.s_addr != only->s_addr)
			return eftf_err_set(err, EADDRNOTAVAIL,
					    "the EFTF offers another address than the tunnel's");
		if (ret > 0) {
			due = 0;
			continue;
		}
		ret = eftf_wait(sig, fd, POLLIN, due < deadline ? due : deadline);
		if (ret < 0)
			return eftf_err_set(err, -ret, "waiting for an address: %s",
					    strerror(-ret));
	}
	return no_lease(c, err);
}
