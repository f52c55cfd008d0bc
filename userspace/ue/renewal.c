// SPDX-License-Identifier: GPL-2.0-or-later
#include "renewal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "inner6.h"
#include "log.h"
#include "random.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define RETRY_MIN_MS 5000u
#define MESSAGES_AT_ONCE 64

/* ---- what the families have differently --------------------------------------- */

static const char *family_of(const struct eftf_renewal *r)
{
	return r->client6 ? "IPv6 lease" : "lease";
}

static uint16_t client_port(const struct eftf_renewal *r)
{
	return r->client6 ? EFTF_DHCP6_CLIENT_PORT : DHCP_CLIENT_PORT;
}

static uint32_t seconds_of(const struct eftf_renewal *r)
{
	return r->client6 ? r->client6->lease.seconds : r->client->lease.seconds;
}

static uint32_t t1_of(const struct eftf_renewal *r)
{
	return r->client6 ? r->client6->lease.t1 : r->client->lease.t1;
}

static void renew(const struct eftf_renewal *r, uint32_t xid, uint64_t age_ms)
{
	if (r->client6)
		eftf_dhcp6c_renew(r->client6, xid, age_ms);
	else
		eftf_dhcp4c_renew(r->client, xid, age_ms);
}

static size_t output(const struct eftf_renewal *r, uint8_t *out, size_t size, int *wait_ms)
{
	return r->client6 ? eftf_dhcp6c_output(r->client6, out, size, wait_ms) :
		eftf_dhcp4c_output(r->client, out, size, wait_ms);
}

static bool input(const struct eftf_renewal *r, const uint8_t *data, size_t len)
{
	return r->client6 ? eftf_dhcp6c_input(r->client6, data, len) :
		eftf_dhcp4c_input(r->client, data, len);
}

static const char *warning_of(const struct eftf_renewal *r)
{
	return eftf_dhcp_warning(r->client6 ? &r->client6->warning : &r->client->warning);
}

static enum eftf_dhcpc_state state_of(const struct eftf_renewal *r)
{
	return r->client6 ? r->client6->state : r->client->state;
}

static const char *refusal_of(const struct eftf_renewal *r)
{
	const char *text = r->client6 ? r->client6->refusal : r->client->refusal;

	return text[0] ? text : "no reason given";
}

/* ---- times ---------------------------------------------------------------------- */

static void set_times(struct eftf_renewal *r)
{
	uint64_t now = eftf_now_ms();

	r->given_at = now;
	r->start_at = UINT64_MAX;
	r->expires_at = UINT64_MAX;
	r->send_at = UINT64_MAX;
	if (seconds_of(r) == EFTF_DHCP_FOREVER)
		return;
	r->expires_at = now + (uint64_t)seconds_of(r) * 1000;
	if (t1_of(r) != EFTF_DHCP_FOREVER)
		r->start_at = now + (uint64_t)t1_of(r) * 1000;
}

void eftf_renewal_start(struct eftf_renewal *r, struct eftf_dhcp4c *client, const char *device)
{
	r->fd = -1;
	r->client = client;
	r->client6 = NULL;
	r->device = device;
	r->start_at = r->expires_at = r->send_at = UINT64_MAX;
	if (client)
		set_times(r);
}

void eftf_renewal_start6(struct eftf_renewal *r, struct eftf_dhcp6c *client, const char *device)
{
	eftf_renewal_start(r, NULL, device);
	r->client6 = client;
	if (client)
		set_times(r);
}

uint64_t eftf_renewal_due(const struct eftf_renewal *r)
{
	uint64_t due = r->fd < 0 ? r->start_at : r->send_at;

	return due < r->expires_at ? due : r->expires_at;
}

void eftf_renewal_stop(struct eftf_renewal *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->start_at = r->expires_at = r->send_at = UINT64_MAX;
}

static int open_socket(const struct eftf_renewal *r)
{
	struct sockaddr_in me = {
		.sin_family = AF_INET, .sin_port = htons(DHCP_CLIENT_PORT),
	};
	struct sockaddr_in6 me6 = {
		.sin6_family = AF_INET6, .sin6_port = htons(EFTF_DHCP6_CLIENT_PORT),
	};
	int fd, one = 1, control = IPTOS_CLASS_CS6;

	fd = socket(r->client6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/*
	 * Another DHCP client of this host may sit on port 68 of all addresses.
	 * The socket is not bound to the inner address: a NAK is a broadcast.
	 */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    (r->client6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) :
	     setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one))) ||
	    /* an upload in the tunnel may keep other packets waiting for seconds */
	    (r->client6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &control, sizeof(control)) :
	     setsockopt(fd, IPPROTO_IP, IP_TOS, &control, sizeof(control))) ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, r->device, (socklen_t)strlen(r->device)) ||
	    (r->client6 ? bind(fd, (struct sockaddr *)&me6, sizeof(me6)) :
	     bind(fd, (struct sockaddr *)&me, sizeof(me)))) {
		int ret = -errno;

		close(fd);
		return ret;
	}
	return fd;
}

/* Tries later again: at half of what is left, as RFC 2131 4.4.5 has it. */
static void postpone(struct eftf_renewal *r)
{
	uint64_t now = eftf_now_ms(), left = r->expires_at > now ? r->expires_at - now : 0;

	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->start_at = now + (left / 2 > RETRY_MIN_MS ? left / 2 : RETRY_MIN_MS);
}

static void begin(struct eftf_renewal *r)
{
	uint32_t xid;
	int fd;

	fd = open_socket(r);
	if (fd < 0 || eftf_random(&xid, sizeof(xid))) {
		log_warn("%s renewal: UDP port %u on %s: %s", family_of(r), client_port(r), r->device,
			 fd < 0 ? strerror(-fd) : "no random numbers");
		if (fd >= 0)
			close(fd);
		postpone(r);
		return;
	}
	r->fd = fd;
	r->send_at = 0;
	renew(r, xid, eftf_now_ms() - r->given_at);
}

/* To the server, or to all of them. */
static struct sockaddr_in server_of(const struct eftf_dhcp4c *c)
{
	bool unicast = c->state != EFTF_DHCPC_REBINDING && eftf_dhcp4_is_host(c->lease.server);

	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(DHCP_SERVER_PORT),
		.sin_addr.s_addr = unicast ? c->lease.server.s_addr : htonl(INADDR_BROADCAST),
	};
}

static struct sockaddr_in6 server6_of(const struct eftf_dhcp6c *c)
{
	bool unicast = c->state != EFTF_DHCPC_REBINDING && !IN6_IS_ADDR_UNSPECIFIED(&c->lease.unicast);

	return (struct sockaddr_in6){
		.sin6_family = AF_INET6, .sin6_port = htons(EFTF_DHCP6_SERVER_PORT),
		.sin6_addr = unicast ? c->lease.unicast : eftf_all_dhcp_servers,
	};
}

/* from: of the type of the option of that level, IP_PKTINFO or IPV6_PKTINFO */
static int send_from(int fd, struct msghdr *msg, int level, int type, const void *from, size_t len)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];	/* the longer one */
	} control = { 0 };
	struct cmsghdr *cmsg;

	msg->msg_control = &control;
	msg->msg_controllen = CMSG_SPACE(len);
	cmsg = CMSG_FIRSTHDR(msg);
	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(cmsg), from, len);
	return sendmsg(fd, msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

/* From the inner address, be there others on the device. */
static int send_from_lease(const struct eftf_renewal *r, const uint8_t *message, size_t len)
{
	struct iovec iov = { (void *)message, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (r->client6) {
		struct in6_pktinfo from = { .ipi6_addr = r->client6->lease.address,
					    .ipi6_ifindex = if_nametoindex(r->device) };
		struct sockaddr_in6 to = server6_of(r->client6);

		msg.msg_name = &to;
		msg.msg_namelen = sizeof(to);
		return send_from(r->fd, &msg, IPPROTO_IPV6, IPV6_PKTINFO, &from, sizeof(from));
	} else {
		struct in_pktinfo from = { .ipi_spec_dst = r->client->lease.address };
		struct sockaddr_in to = server_of(r->client);

		msg.msg_name = &to;
		msg.msg_namelen = sizeof(to);
		return send_from(r->fd, &msg, IPPROTO_IP, IP_PKTINFO, &from, sizeof(from));
	}
}

/* It is tried again; but if that fails, too, these are the words to look at. */
static void say_unsent(const struct eftf_renewal *r, int ret)
{
	char from[INET6_ADDRSTRLEN] = "", to[INET6_ADDRSTRLEN] = "";

	if (r->client6) {
		struct sockaddr_in6 server = server6_of(r->client6);

		inet_ntop(AF_INET6, &r->client6->lease.address, from, sizeof(from));
		inet_ntop(AF_INET6, &server.sin6_addr, to, sizeof(to));
	} else {
		struct sockaddr_in server = server_of(r->client);

		inet_ntop(AF_INET, &r->client->lease.address, from, sizeof(from));
		inet_ntop(AF_INET, &server.sin_addr, to, sizeof(to));
	}
	log_warn("%s renewal: cannot send from %s on %s to %s: %s", family_of(r), from, r->device, to,
		 strerror(-ret));
}

static void send_due(struct eftf_renewal *r)
{
	uint8_t message[EFTF_DHCP4_MAX];
	int wait_ms = -1, ret = 0;
	size_t len;

	len = output(r, message, sizeof(message), &wait_ms);
	if (state_of(r) == EFTF_DHCPC_FAILED) {
		log_warn("%s renewal: no answer from the EFTF", family_of(r));
		postpone(r);
		return;
	}
	if (len)
		ret = send_from_lease(r, message, len);
	if (ret)
		say_unsent(r, ret);
	r->send_at = wait_ms < 0 ? UINT64_MAX : eftf_now_ms() + (uint64_t)wait_ms;
}

static enum eftf_renewal_result receive(struct eftf_renewal *r, struct eftf_err *err)
{
	uint8_t message[2048];
	const char *warning;
	int i;

	for (i = 0; i < MESSAGES_AT_ONCE; i++) {
		ssize_t n = recv(r->fd, message, sizeof(message), MSG_DONTWAIT);
		bool changed;

		if (n < 0)
			break;
		changed = input(r, message, (size_t)n);
		warning = warning_of(r);
		if (warning)
			log_warn("DHCP answer of the EFTF: %s", warning);
		if (!changed)
			continue;
		if (state_of(r) == EFTF_DHCPC_REFUSED) {
			eftf_err_set(err, EACCES, "EFTF refused to renew the %s: %s", family_of(r),
				     refusal_of(r));
			eftf_renewal_stop(r);
			return EFTF_RENEWAL_REFUSED;
		}
		if (state_of(r) == EFTF_DHCPC_BOUND) {
			eftf_renewal_stop(r);
			set_times(r);
			return EFTF_RENEWAL_RENEWED;
		}
	}
	return EFTF_RENEWAL_NOTHING;
}

bool eftf_renewal_release(struct eftf_renewal *r)
{
	uint8_t message[EFTF_DHCP4_MAX];
	size_t len;
	int ret = 0;

	if (!r->client6 && (!r->client || !r->client->lease.address.s_addr))
		return false;
	if (r->fd < 0)
		r->fd = open_socket(r);
	len = r->client6 ? eftf_dhcp6c_release(r->client6, message, sizeof(message)) :
		eftf_dhcp4c_release(r->client, message, sizeof(message));
	if (r->fd < 0)
		log_debug("release: UDP port %u on %s: %s", client_port(r), r->device, strerror(-r->fd));
	else if (len)
		ret = send_from_lease(r, message, len);
	if (ret)
		log_debug("release: %s", strerror(-ret));
	return r->fd >= 0 && len && !ret;
}

bool eftf_renewal_is_sending(const struct eftf_renewal *r)
{
	int octets = 0;

	return r->fd >= 0 && !ioctl(r->fd, SIOCOUTQ, &octets) && octets > 0;
}

enum eftf_renewal_result eftf_renewal_step(struct eftf_renewal *r, struct eftf_err *err)
{
	enum eftf_renewal_result result = EFTF_RENEWAL_NOTHING;
	uint64_t now = eftf_now_ms();

	if (now >= r->expires_at) {
		eftf_err_set(err, ETIMEDOUT, "the %s ran out: the EFTF did not renew it", family_of(r));
		eftf_renewal_stop(r);
		return EFTF_RENEWAL_EXPIRED;
	}
	if (r->fd < 0 && now >= r->start_at)
		begin(r);
	if (r->fd >= 0)
		result = receive(r, err);
	if (r->fd >= 0 && now >= r->send_at)
		send_due(r);
	return result;
}
