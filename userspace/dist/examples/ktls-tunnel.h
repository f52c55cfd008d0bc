/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ktls-openssl.c and ktls-gnutls.c have in common: the TCP connection, and the netlink message that gives it to the
 * module eftf. Errors end the program. Needs libmnl.
 */
#ifndef KTLS_TUNNEL_H
#define KTLS_TUNNEL_H

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/eftf.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>

#define PORT "443"

static inline void die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

/* A TCP connection to the host, or, of one that listens there, the first that is made. */
static inline int tcp(const char *host, int listens)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	int ret = getaddrinfo(host, PORT, &hints, &found), fd, accepted, on = 1;

	if (ret)
		die(host, gai_strerror(ret));
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die(host, strerror(errno));
	if (!listens) {
		if (connect(fd, found->ai_addr, found->ai_addrlen))
			die(host, strerror(errno));
		freeaddrinfo(found);
		return fd;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, found->ai_addr, found->ai_addrlen) || listen(fd, 1))
		die(host, strerror(errno));
	freeaddrinfo(found);
	accepted = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (accepted < 0)
		die(host, strerror(errno));
	close(fd);
	return accepted;
}

static inline int family_id(const struct nlattr *attr, void *id)
{
	if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID)
		*(uint16_t *)id = mnl_attr_get_u16(attr);
	return MNL_CB_OK;
}

static inline int family_answer(const struct nlmsghdr *nlh, void *id)
{
	return mnl_attr_parse(nlh, sizeof(struct genlmsghdr), family_id, id);
}

/* The kernel's own words about a refusal are an attribute behind the message that was refused, here its header only. */
static inline int refusal(const struct nlattr *attr, void *words)
{
	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING))
		*(const char **)words = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

static inline void ask(struct mnl_socket *nl, struct nlmsghdr *nlh, const char *what, mnl_cb_t answer, void *arg)
{
	static char buf[32768];
	const char *words;
	ssize_t n;
	int ret;

	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		die(what, strerror(errno));
	do {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			die(what, strerror(errno));
		ret = mnl_cb_run(buf, (size_t)n, 0, mnl_socket_get_portid(nl), answer, arg);
	} while (ret > 0);
	if (ret == 0)
		return;
	words = strerror(errno);
	nlh = (struct nlmsghdr *)buf;
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_parse(nlh, sizeof(struct nlmsgerr), refusal, &words);
	die(what, words);
}

static inline struct nlmsghdr *message(char *buf, uint16_t family, uint8_t command, uint8_t version)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = family;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = command;
	genl->version = version;
	return nlh;
}

/*
 * Gives the socket to the device, and waits: the tunnel is this program's netlink socket's, and ends with it.
 * tunnel: DEVICE INNER4 GATEWAY4.
 */
static inline void carry(int fd, char *const *tunnel)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	unsigned int device = if_nametoindex(tunnel[0]);
	struct in_addr inner, gateway;
	struct nlmsghdr *nlh;
	_Alignas(8) char buf[1024];
	uint16_t family = 0;
	int on = 1;

	if (!device)
		die(tunnel[0], "no such device; eftfctl link add makes one");
	if (inet_pton(AF_INET, tunnel[1], &inner) != 1 || inet_pton(AF_INET, tunnel[2], &gateway) != 1)
		die(tunnel[1], "an IPv4 address each");
	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		die("netlink", strerror(errno));
	mnl_socket_setsockopt(nl, NETLINK_CAP_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, &on, sizeof(on));

	nlh = message(buf, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, EFTF_GENL_NAME);
	ask(nl, nlh, "the module eftf", family_answer, &family);

	nlh = message(buf, family, EFTF_CMD_TUNNEL_NEW, EFTF_GENL_VERSION);
	mnl_attr_put_u32(nlh, EFTF_A_IFINDEX, device);
	mnl_attr_put_u32(nlh, EFTF_A_FD, (uint32_t)fd);
	mnl_attr_put(nlh, EFTF_A_INNER4, sizeof(inner), &inner);
	mnl_attr_put(nlh, EFTF_A_GATEWAY4, sizeof(gateway), &gateway);
	ask(nl, nlh, "tunnel", NULL, NULL);
	close(fd);	/* the module holds the connection now */
	puts("tunnel up");
	fflush(stdout);
	for (;;)
		pause();
}

#endif /* KTLS_TUNNEL_H */
