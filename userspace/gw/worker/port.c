/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP from inside attached tunnels: UDP port 67 on the device. The module
 * has checked that the source address is the UE's own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../gw.h"
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
static bool may_ask(struct eftf_worker *w, struct in_addr inner)
{
	struct eftf_ue_rate *r = &w->rates[ntohl(inner.s_addr) & (UES - 1)];
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

	if (!may_ask(w, peer->sin_addr))
		return;
	if (eftf_dhcp4_decode(&msg.ask.msg, data, len, w->start->policy->enterprise, &err)) {
		log_debug("DHCP from inside a tunnel: %s", err.text);
		return;
	}
	msg.ask.from.inner = *peer;
	eftf_worker_send(w, &msg, -1);
	explicit_bzero(&msg, sizeof(msg));
}

/* Returns how many there were. */
static int read_some(struct eftf_worker *w, int max)
{
	struct sockaddr_in peer;
	uint8_t data[2048];
	socklen_t len;
	ssize_t n;
	int i;

	for (i = 0; i < max; i++) {
		len = sizeof(peer);
		n = recvfrom(w->start->port_fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC,
			     (struct sockaddr *)&peer, &len);
		if (n < 0)
			break;
		if ((size_t)n <= sizeof(data) && len == sizeof(peer))
			on_datagram(w, &peer, data, (size_t)n);
	}
	return i;
}

static void on_readable(void *data)
{
	read_some(data, READ_AT_ONCE);
}

void eftf_port_read_all(struct eftf_worker *w)
{
	if (w->rates && !w->draining)
		read_some(w, SYNC_AT_MOST);
}

void eftf_port_on_answer(struct eftf_worker *w, const struct eftf_msg *msg)
{
	const struct sockaddr_in *to = &msg->answer.to.inner;
	uint8_t out[EFTF_DHCP4_MAX];
	size_t len;

	if (!w->rates || !eftf_dhcp4s_replies(msg->answer.result))
		return;
	len = eftf_dhcp4_encode(out, sizeof(out), &msg->answer.reply,
				w->start->policy->enterprise);
	if (len && sendto(w->start->port_fd, out, len, MSG_DONTWAIT, (const struct sockaddr *)to,
			  sizeof(*to)) < 0)
		log_debug("DHCP answer into a tunnel: %s", strerror(errno));
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
	return 0;
}

void eftf_port_close(struct eftf_worker *w)
{
	if (!w->rates)
		return;
	eftf_watch_set(w, &w->port_io, 0);
	close(w->start->port_fd);
	free(w->rates);
	w->rates = NULL;
}
