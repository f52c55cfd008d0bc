/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP from inside attached tunnels: UDP port 67 on the device, which a worker
 * reads. The module has checked that the source address is the UE's own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gw.h"
#include "log.h"
#include "session.h"

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

enum eftf_dhcp4s_result eftf_gw_dhcp_input(struct eftf_gw *gw, struct in_addr inner,
					   const struct eftf_dhcp4_msg *msg,
					   struct eftf_dhcp4_msg *reply)
{
	struct eftf_session *s = eftf_pool_owner(gw->pool, inner);
	enum eftf_dhcp4s_result result;
	uint16_t keepalive;

	if (!s)
		return EFTF_DHCP4S_IGNORED;
	keepalive = s->dhcp.keepalive;
	result = eftf_dhcp4s_input(&s->dhcp, &gw->policy, &no_pool, NULL, msg, reply);
	switch (result) {
	case EFTF_DHCP4S_DECLINED:
		if (eftf_gw_may_log(eftf_gw_now()))
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
		if (s->dhcp.keepalive != keepalive)
			eftf_session_retime(gw, s);
		break;
	case EFTF_DHCP4S_OFFER:
	case EFTF_DHCP4S_INFORMED:
	case EFTF_DHCP4S_NAK:
		break;
	case EFTF_DHCP4S_IGNORED:
	case EFTF_DHCP4S_ACK:
	case EFTF_DHCP4S_EXHAUSTED:
		result = EFTF_DHCP4S_IGNORED;
		break;
	}
	return result;
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
	close(gw->dhcp_fd);
	gw->dhcp_fd = -1;
}
