/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP from inside attached tunnels: UDP ports 67 and 547 on the device. The
 * module has checked that the source address is the UE's own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../gw.h"
#include "dhcp6_server.h"
#include "log.h"
#include "worker.h"

#define READ_AT_ONCE 64
#define SYNC_AT_MOST 4096
#define UES 65536			/* a power of 2; UEs whose addresses share these bits share a rate */
#define RATE 2.0			/* messages a second */
#define BURST_S 5.0

struct eftf_ue_rate {
	double full_at;			/* when its allowance is whole again */
};

/* A renewal is due once in half a lease: more than a few a second are of no use to a UE. */
static bool may_ask(struct eftf_worker *w, uint32_t low_bits)
{
	struct eftf_ue_rate *r = &w->rates[low_bits & (UES - 1)];
	double now = eftf_gw_now();

	if (r->full_at - now > BURST_S) {
		w->counts.dropped_dhcp++;
		return false;
	}
	if (r->full_at < now)
		r->full_at = now;
	r->full_at += 1.0 / RATE;
	return true;
}

static void on_datagram(struct eftf_worker *w, const struct sockaddr_in *peer, const uint8_t *data,
			size_t len)
{
	struct eftf_msg msg = { .type = EFTF_MSG_ASK };
	struct eftf_err err;

	if (!may_ask(w, ntohl(peer->sin_addr.s_addr)))
		return;
	if (eftf_dhcp4_decode(&msg.ask.msg, data, len, w->start->policy->enterprise, &err)) {
		log_debug("DHCP from inside a tunnel: %s", err.text);
		return;
	}
	msg.ask.from.inner = *peer;
	eftf_worker_send(w, &msg, -1);
	explicit_bzero(&msg, sizeof(msg));
}

/* Machines of the network behind a UE have addresses of its /64, too: its lease is none of their business. */
static bool is_of_ue(const struct eftf_worker *w, const struct in6_addr *addr)
{
	struct in6_addr given = eftf_gw_inner6(w->conf, eftf_gw_inner4(w->conf, addr));

	return IN6_ARE_ADDR_EQUAL(&given, addr);
}

static void on_datagram6(struct eftf_worker *w, const struct sockaddr_in6 *peer,
			 const uint8_t *data, size_t len)
{
	struct eftf_msg msg = { .type = EFTF_MSG_ASK6 };
	const uint8_t *end;
	struct eftf_err err;

	/* the end of what tells UEs apart */
	end = &peer->sin6_addr.s6_addr[w->conf->pool6_each / 8 - 2];
	if (!is_of_ue(w, &peer->sin6_addr) || !may_ask(w, (uint32_t)end[0] << 8 | end[1]))
		return;
	if (eftf_dhcp6_decode(&msg.ask.msg6, data, len, w->start->policy->enterprise, &err)) {
		log_debug("DHCPv6 from inside a tunnel: %s", err.text);
		return;
	}
	msg.ask.from.inner6 = *peer;
	eftf_worker_send(w, &msg, -1);
	explicit_bzero(&msg, sizeof(msg));
}

static void read_some(struct eftf_worker *w, int fd, int max)
{
	struct sockaddr_in6 peer;	/* the longer one */
	uint8_t data[2048];
	socklen_t len;
	ssize_t n;

	for (int i = 0; i < max; i++) {
		len = sizeof(peer);
		n = recvfrom(fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC,
			     (struct sockaddr *)&peer, &len);
		if (n < 0)
			break;
		if ((size_t)n > sizeof(data))
			continue;
		if (len == sizeof(struct sockaddr_in))
			on_datagram(w, (const struct sockaddr_in *)&peer, data, (size_t)n);
		else if (len == sizeof(peer))
			on_datagram6(w, &peer, data, (size_t)n);
	}
}

static void on_readable(void *data)
{
	struct eftf_worker *w = data;

	read_some(w, w->start->port_fd, READ_AT_ONCE);
}

static void on_readable6(void *data)
{
	struct eftf_worker *w = data;

	read_some(w, w->start->port6_fd, READ_AT_ONCE);
}

void eftf_port_read_all(struct eftf_worker *w)
{
	if (!w->rates || w->draining)
		return;
	read_some(w, w->start->port_fd, SYNC_AT_MOST);
	if (w->start->port6_fd >= 0)
		read_some(w, w->start->port6_fd, SYNC_AT_MOST);
}

static void send_answer(int fd, const void *to, socklen_t to_len, const uint8_t *message, size_t len,
			const char *protocol)
{
	if (len && sendto(fd, message, len, MSG_DONTWAIT, to, to_len) < 0)
		log_debug("%s answer into a tunnel: %s", protocol, strerror(errno));
}

void eftf_port_on_answer(struct eftf_worker *w, const struct eftf_msg *msg)
{
	uint32_t enterprise = w->start->policy->enterprise;
	const struct eftf_asker *to = &msg->answer.to;
	uint8_t out[EFTF_DHCP4_MAX];
	size_t len;

	_Static_assert(EFTF_DHCP6_MAX <= sizeof(out), "a message of either version fits");
	if (!w->rates)
		return;
	if (msg->type == EFTF_MSG_ANSWER6 && eftf_dhcp6s_replies(msg->answer.result)) {
		len = eftf_dhcp6_encode(out, sizeof(out), &msg->answer.reply6, enterprise);
		send_answer(w->start->port6_fd, &to->inner6, sizeof(to->inner6), out, len, "DHCPv6");
	} else if (msg->type != EFTF_MSG_ANSWER6 && eftf_dhcp4s_replies(msg->answer.result)) {
		len = eftf_dhcp4_encode(out, sizeof(out), &msg->answer.reply, enterprise);
		send_answer(w->start->port_fd, &to->inner, sizeof(to->inner), out, len, "DHCP");
	}
	explicit_bzero(out, sizeof(out));
}

int eftf_port_open(struct eftf_worker *w, struct eftf_err *err)
{
	if (w->start->port_fd < 0)
		return 0;
	w->rates = calloc(UES, sizeof(*w->rates));
	if (!w->rates)
		return eftf_err_set(err, ENOMEM, "out of memory");
	w->port_io = (struct eftf_watch){ .fd = w->start->port_fd, .on_ready = on_readable, .data = w };
	eftf_watch_set(w, &w->port_io, EPOLLIN);
	if (w->start->port6_fd < 0)
		return 0;
	w->port6_io = (struct eftf_watch){ .fd = w->start->port6_fd, .on_ready = on_readable6, .data = w };
	eftf_watch_set(w, &w->port6_io, EPOLLIN);
	return 0;
}

void eftf_port_close(struct eftf_worker *w)
{
	if (!w->rates)
		return;
	eftf_watch_set(w, &w->port_io, 0);
	close(w->start->port_fd);
	if (w->start->port6_fd >= 0) {
		eftf_watch_set(w, &w->port6_io, 0);
		close(w->start->port6_fd);
	}
	free(w->rates);
	w->rates = NULL;
}
