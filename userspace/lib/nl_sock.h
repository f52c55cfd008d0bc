/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One netlink conversation: request, answers, acknowledgement. Inside the
 * library only; programs use nl.h.
 */
#ifndef EFTF_NL_SOCK_H
#define EFTF_NL_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "nl.h"

#define EFTF_NL_BUF		32768	/* the kernel never makes a longer dump message */
#define EFTF_NL_REQ		1024	/* longest request: all of a tunnel's attributes fit */

#define EFTF_NL_NOT_LOADED \
	"kernel module eftf is not loaded: insmod eftf.ko (needs modprobe tls)"

struct eftf_nlsock {
	struct mnl_socket *sock;
	uint32_t portid, seq;
	_Alignas(8) char buf[EFTF_NL_BUF];
};

/* A request under construction; the buffer is aligned as netlink wants it. */
struct eftf_nlreq {
	_Alignas(8) char buf[EFTF_NL_REQ];
};

/*
 * Takes one answer. Returns 0 to go on, a negative errno to fail. "again" is
 * set before the first answer of a dump that starts anew: forget what came.
 */
typedef int (*eftf_nl_answer_fn)(const struct nlmsghdr *nlh, void *arg);

struct eftf_nl_ask {
	struct nlmsghdr *nlh;		/* type, flags and payload are filled in */
	eftf_nl_answer_fn answer;	/* NULL: only the acknowledgement matters */
	void (*again)(void *arg);	/* dumps: an interrupted dump starts anew */
	void *arg;
	const char *what;		/* begins the error text: "tunnel add" */
};

/* bus: NETLINK_GENERIC or NETLINK_ROUTE. */
int eftf_nlsock_open(struct eftf_nlsock *s, int bus, struct eftf_err *err);
void eftf_nlsock_close(struct eftf_nlsock *s);
/* Header of a request at the start of req. */
struct nlmsghdr *eftf_nlreq_start(struct eftf_nlreq *req, uint16_t type, uint16_t flags);
/*
 * Sends and reads until the acknowledgement or the end of the dump. Returns 0
 * or a negative errno, with the kernel's own text in err when it gave one.
 */
int eftf_nlsock_ask(struct eftf_nlsock *s, const struct eftf_nl_ask *ask, struct eftf_err *err);
/*
 * One datagram from the kernel into buf. Returns octets, 0 for one that did
 * not come from the kernel, or a negative errno.
 */
int eftf_nlsock_recv(const struct mnl_socket *sock, void *buf, size_t size, int flags);

/*
 * Text that the kernel attached to an NLMSG_ERROR or NLMSG_DONE (extack), not
 * terminated: *len octets. NULL if there is none.
 */
const char *eftf_nl_extack(const struct nlmsghdr *nlh, size_t *len);
/*
 * Errno (0 or negative) of an NLMSG_ERROR or NLMSG_DONE; -EBADMSG if it is cut.
 */
int eftf_nl_errno(const struct nlmsghdr *nlh);

/*
 * Steps through the messages of a datagram of len octets; start with nlh =
 * NULL. NULL: no more, or what is left is no whole message.
 */
const struct nlmsghdr *eftf_nl_msg_next(const void *start, size_t len, const struct nlmsghdr *nlh);

/* ---- attributes: never read past their own length ----------------------- */

/* Steps through attributes in [start, end); start with attr = NULL. NULL: no more. */
const struct nlattr *eftf_nl_attr_next(const void *start, const void *end,
				       const struct nlattr *attr);
/* Copies a payload of exactly size octets. False, and nothing is done, otherwise. */
bool eftf_nl_attr_copy(const struct nlattr *attr, void *to, size_t size);
/* Copies a string, terminated or not, with 1 to size - 1 octets in front of the NUL. */
bool eftf_nl_attr_string(const struct nlattr *attr, char *to, size_t size);

static inline const void *eftf_nl_attr_end(const struct nlattr *attr)
{
	return (const char *)attr + attr->nla_len;
}

/* ---- taking messages apart; also for tests ------------------------------ */

/*
 * A tunnel description or event of the generic netlink family. Attributes of
 * a wrong size or an impossible value are skipped. Returns 0; -EBADMSG if the
 * message is cut or does not say which tunnel (IFINDEX, ID).
 */
int eftf_nl_tunnel_parse(const struct nlmsghdr *nlh, struct eftf_tunnel_info *info);
/* A link. Returns 0; -ENODEV if not of kind eftf; -EBADMSG if cut or nameless. */
int eftf_nl_link_parse(const struct nlmsghdr *nlh, struct eftf_link_info *info);
/* A route as the answer to a lookup. Returns 0, -EBADMSG, or -EAFNOSUPPORT. */
int eftf_nl_route_parse(const struct nlmsghdr *nlh, struct eftf_route *route);

/* What the generic netlink controller says about a family. */
struct eftf_nl_family {
	uint16_t id;
	uint32_t events, tickets;	/* multicast groups, 0 if there is none */
	uint32_t version;
};
int eftf_nl_family_parse(const struct nlmsghdr *nlh, struct eftf_nl_family *family);

/* ---- what both sides of nl.h are made of --------------------------------- */

struct eftf_nl {
	struct eftf_nl_family family;
	struct eftf_nlsock s;
};

struct eftf_rt {
	struct eftf_nlsock s;
};

#endif
