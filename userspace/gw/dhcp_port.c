/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP from inside attached tunnels: UDP port 67 on the device. The module
 * has checked that the source address is the UE's own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gw.h"
#include "log.h"
#include "session.h"

#define READ_AT_ONCE 64

static int no_get(void *arg, const struct eftf_dhcp4_msg *msg, struct in_addr *addr)
{
	(void)arg;
	(void)msg;
	(void)addr;
	return -ENOSPC;
}

static void no_put(void *arg, struct in_addr addr)
{
	(void)arg;
	(void)addr;
}

static int no_confirm(void *arg, const struct eftf_dhcp4_msg *msg, struct in_addr addr,
		      uint8_t *token, size_t *token_len)
{
	(void)arg;
	(void)msg;
	(void)addr;
	(void)token;
	(void)token_len;
	return -ESTALE;
}

/* A packet from inside a tunnel belongs to a bound lease: no address is given out here. */
static const struct eftf_dhcp4s_pool no_pool = { no_get, no_put, no_confirm };

static void reply_to(struct eftf_gw *gw, const struct sockaddr_in *peer,
		     const struct eftf_dhcp4_msg *reply)
{
	uint8_t out[EFTF_DHCP4_MAX];
	size_t len = eftf_dhcp4_encode(out, sizeof(out), reply, gw->policy.enterprise);

	if (len && sendto(gw->dhcp_fd, out, len, MSG_DONTWAIT, (const struct sockaddr *)peer,
			  sizeof(*peer)) < 0)
		log_debug("DHCP answer into a tunnel: %s", strerror(errno));
	explicit_bzero(out, sizeof(out));
}

static void on_message(struct eftf_gw *gw, const struct sockaddr_in *peer, const uint8_t *data,
		       size_t len)
{
	struct eftf_session *s = eftf_pool_owner(gw->pool, peer->sin_addr);
	struct eftf_dhcp4_msg msg, reply;
	struct eftf_err err;
	uint16_t keepalive;

	if (!s)
		return;
	keepalive = s->dhcp.keepalive;
	if (eftf_dhcp4_decode(&msg, data, len, gw->policy.enterprise, &err)) {
		log_debug("tunnel %u: %s", s->id, err.text);
		return;
	}
	switch (eftf_dhcp4s_input(&s->dhcp, &gw->policy, &no_pool, NULL, &msg, &reply)) {
	case EFTF_DHCP4S_DECLINED:
		if (eftf_gw_may_log(ev_now(gw->loop)))
			log_warn("tunnel %u: its UE has found the address in use and declines it", s->id);
		s->given_up = true;
		eftf_session_end(gw, s);
		break;
	case EFTF_DHCP4S_RELEASED:
		s->given_up = true;
		eftf_session_end(gw, s);
		break;
	case EFTF_DHCP4S_RENEWED:
		log_debug("tunnel %u: lease renewed", s->id);
		reply_to(gw, peer, &reply);
		if (s->dhcp.keepalive != keepalive)
			eftf_session_retime(gw, s);
		break;
	case EFTF_DHCP4S_OFFER:
	case EFTF_DHCP4S_INFORMED:
	case EFTF_DHCP4S_NAK:
		reply_to(gw, peer, &reply);
		break;
	case EFTF_DHCP4S_IGNORED:
	case EFTF_DHCP4S_ACK:
	case EFTF_DHCP4S_EXHAUSTED:
		break;
	}
}

void eftf_gw_dhcp_read(struct eftf_gw *gw)
{
	struct sockaddr_in peer;
	uint8_t data[2048];
	socklen_t len;
	ssize_t n;

	for (int i = 0; i < READ_AT_ONCE; i++) {
		len = sizeof(peer);
		n = recvfrom(gw->dhcp_fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC,
			     (struct sockaddr *)&peer, &len);
		if (n < 0)
			return;
		if ((size_t)n <= sizeof(data) && len == sizeof(peer))
			on_message(gw, &peer, data, (size_t)n);
	}
}

static void on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	(void)loop;
	(void)revents;
	eftf_gw_dhcp_read(io->data);
}

int eftf_gw_dhcp_open(struct eftf_gw *gw, struct eftf_err *err)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(67) };
	int fd, one = 1, code;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return eftf_err_set(err, errno, "UDP socket: %s", strerror(errno));
	if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, gw->conf.device,
			(socklen_t)strlen(gw->conf.device)) &&
	    !bind(fd, (struct sockaddr *)&sin, sizeof(sin))) {
		gw->dhcp_fd = fd;
		ev_io_init(&gw->dhcp_io, on_readable, fd, EV_READ);
		gw->dhcp_io.data = gw;
		ev_io_start(gw->loop, &gw->dhcp_io);
		return 0;
	}
	code = errno;
	close(fd);
	return eftf_err_set(err, code, "UDP port 67 on %s: %s%s", gw->conf.device, strerror(code),
			    code == EADDRINUSE ?
			    ": a DHCP server takes it on all devices; bind it to its own" : "");
}

void eftf_gw_dhcp_close(struct eftf_gw *gw)
{
	if (gw->dhcp_fd < 0)
		return;
	ev_io_stop(gw->loop, &gw->dhcp_io);
	close(gw->dhcp_fd);
	gw->dhcp_fd = -1;
}
