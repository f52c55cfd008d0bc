/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP from inside attached tunnels: UDP ports 67 and 547 on the device, which a
 * worker reads. The module has checked that the source address is the UE's own.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gw.h"
#include "inner6.h"
#include "log.h"
#include "session.h"

/* With the last of its addresses the tunnel goes. */
static void given_back(struct eftf_gw *gw, struct eftf_session *s, bool declined)
{
	if (declined && eftf_gw_may_log(eftf_gw_now()))
		log_warn("tunnel %u: its UE has found the address in use and declines it", s->id);
	if (s->dhcp.bound || s->dhcp6.bound)
		return;
	s->given_up = true;
	eftf_session_end(gw, s);
}

static void renewed(struct eftf_gw *gw, struct eftf_session *s, uint16_t keepalive)
{
	log_debug("tunnel %u: lease renewed", s->id);
	if (eftf_session_keepalive(s) != keepalive)
		eftf_session_retime(gw, s);
}

static bool is_given_back(enum eftf_dhcps_result result)
{
	return result == EFTF_DHCPS_RELEASED || result == EFTF_DHCPS_DECLINED;
}

/* What follows from the result; returns that which the UE is to be answered by. */
static enum eftf_dhcps_result act_on(struct eftf_gw *gw, struct eftf_session *s,
				     enum eftf_dhcps_result result, uint16_t keepalive_before)
{
	switch (result) {
	case EFTF_DHCPS_DECLINED:
	case EFTF_DHCPS_RELEASED:
		given_back(gw, s, result == EFTF_DHCPS_DECLINED);
		break;
	case EFTF_DHCPS_RENEWED:
		renewed(gw, s, keepalive_before);
		break;
	case EFTF_DHCPS_OFFER:
	case EFTF_DHCPS_INFORMED:
	case EFTF_DHCPS_NAK:
		break;
	case EFTF_DHCPS_IGNORED:
	case EFTF_DHCPS_ACK:
	case EFTF_DHCPS_EXHAUSTED:
		return EFTF_DHCPS_IGNORED;
	}
	return result;
}

/* A packet from inside a tunnel belongs to a bound lease: no address is given out here. */
enum eftf_dhcps_result eftf_gw_dhcp_input(struct eftf_gw *gw, struct in_addr inner,
					  const struct eftf_dhcp4_msg *msg,
					  struct eftf_dhcp4_msg *reply)
{
	struct eftf_session *s = eftf_pool_owner(gw->pool, inner);
	enum eftf_dhcps_result result;
	uint16_t keepalive;

	if (!s)
		return EFTF_DHCPS_IGNORED;
	keepalive = eftf_session_keepalive(s);
	result = eftf_dhcp4s_input(&s->dhcp, &gw->policy, NULL, NULL, msg, reply);
	if (is_given_back(result))
		memset(&s->dhcp, 0, sizeof(s->dhcp));
	return act_on(gw, s, result, keepalive);
}

enum eftf_dhcps_result eftf_gw_dhcp6_input(struct eftf_gw *gw, const struct in6_addr *inner,
					   const struct eftf_dhcp6_msg *msg,
					   struct eftf_dhcp6_msg *reply)
{
	struct eftf_session *s = eftf_pool_owner(gw->pool, eftf_gw_inner4(&gw->conf, inner));
	enum eftf_dhcps_result result;
	uint16_t keepalive;

	if (!s)
		return EFTF_DHCPS_IGNORED;
	keepalive = eftf_session_keepalive(s);
	result = eftf_dhcp6s_input(&s->dhcp6, &gw->policy6, NULL, NULL, msg, reply);
	if (is_given_back(result))
		memset(&s->dhcp6, 0, sizeof(s->dhcp6));
	return act_on(gw, s, result, keepalive);
}

/* -errno: a socket of this port on the device could not be had. */
static int open_port(const struct eftf_gw *gw, int family, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct ipv6_mreq group = { .ipv6mr_multiaddr = eftf_all_dhcp_servers,
				   .ipv6mr_interface = gw->ifindex };
	bool v6 = family == AF_INET6;
	int fd, one = 1, code;

	fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, gw->conf.device,
			(socklen_t)strlen(gw->conf.device)) &&
	    (!v6 || !setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one))) &&
	    (!v6 || !setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof(group))) &&
	    !(v6 ? bind(fd, (struct sockaddr *)&sin6, sizeof(sin6)) :
	      bind(fd, (struct sockaddr *)&sin, sizeof(sin))))
		return fd;
	code = errno;
	close(fd);
	return -code;
}

static int open_failed(const struct eftf_gw *gw, int port, int code, struct eftf_err *err)
{
	return eftf_err_set(err, code, "UDP port %d on %s: %s%s", port, gw->conf.device,
			    strerror(code), code == EADDRINUSE ?
			    ": a DHCP server takes it on all devices; bind it to its own" : "");
}

int eftf_gw_dhcp_open(struct eftf_gw *gw, struct eftf_err *err)
{
	int fd = open_port(gw, AF_INET, 67);

	if (fd < 0)
		return open_failed(gw, 67, -fd, err);
	gw->dhcp_fd = fd;
	if (!gw->conf.pool6.n)
		return 0;
	fd = open_port(gw, AF_INET6, EFTF_DHCP6_SERVER_PORT);
	if (fd < 0)
		return open_failed(gw, EFTF_DHCP6_SERVER_PORT, -fd, err);
	gw->dhcp6_fd = fd;
	return 0;
}

void eftf_gw_dhcp_close(struct eftf_gw *gw)
{
	if (gw->dhcp_fd >= 0)
		close(gw->dhcp_fd);
	if (gw->dhcp6_fd >= 0)
		close(gw->dhcp6_fd);
	gw->dhcp_fd = gw->dhcp6_fd = -1;
}
