// SPDX-License-Identifier: GPL-2.0-or-later
/* One netlink conversation: request, answers, acknowledgement. */
#include "nl_sock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include <linux/netlink.h>

#include "clock.h"

#define ANSWER_MS	10000	/* the kernel answers at once, or something is very wrong */
#define DUMP_TRIES	10	/* a table that changes all the time cannot be read */

int eftf_nlsock_open(struct eftf_nlsock *s, int bus, struct eftf_err *err)
{
	int one = 1, code;

	memset(s, 0, sizeof(*s));
	s->sock = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!s->sock)
		return eftf_err_set(err, errno, "cannot open a netlink socket: %s",
				    strerror(errno));
	if (mnl_socket_bind(s->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		code = errno;
		eftf_nlsock_close(s);
		return eftf_err_set(err, code, "cannot bind a netlink socket: %s",
				    strerror(code));
	}
	/* Kernels without these options only give shorter errors. */
	mnl_socket_setsockopt(s->sock, NETLINK_EXT_ACK, &one, sizeof(one));
	mnl_socket_setsockopt(s->sock, NETLINK_CAP_ACK, &one, sizeof(one));
	s->portid = mnl_socket_get_portid(s->sock);
	s->seq = (uint32_t)time(NULL);
	return 0;
}

void eftf_nlsock_close(struct eftf_nlsock *s)
{
	if (s->sock)
		mnl_socket_close(s->sock);
	s->sock = NULL;
}

struct nlmsghdr *eftf_nlreq_start(struct eftf_nlreq *req, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(req->buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	return nlh;
}

int eftf_nlsock_recv(const struct mnl_socket *sock, void *buf, size_t size, int flags)
{
	struct sockaddr_nl from = {0};
	struct iovec iov = {.iov_base = buf, .iov_len = size};
	struct msghdr msg = {.msg_name = &from, .msg_namelen = sizeof(from),
			     .msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	do {
		n = recvmsg(mnl_socket_get_fd(sock), &msg, flags);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (msg.msg_namelen != sizeof(from) || from.nl_pid != 0)
		return 0;
	return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : (int)n;
}

static int wait_readable(const struct eftf_nlsock *s)
{
	struct pollfd p = {.fd = mnl_socket_get_fd(s->sock), .events = POLLIN};
	uint64_t deadline = eftf_now_ms() + ANSWER_MS;

	for (;;) {
		int left = eftf_ms_left(deadline), n;

		if (!left)
			return -ETIMEDOUT;
		n = poll(&p, 1, left);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

/* One error line from the kernel's errno and, if it gave one, its own text. */
static int refused(const struct nlmsghdr *nlh, int code, const char *what, struct eftf_err *err)
{
	const char *remedy = code == -EPERM ? " (needs CAP_NET_ADMIN)" : "";
	const char *text;
	size_t len;

	text = nlh ? eftf_nl_extack(nlh, &len) : NULL;
	if (text)
		return eftf_err_set(err, -code, "%s: %.*s%s", what, (int)len, text, remedy);
	return eftf_err_set(err, -code, "%s: %s%s", what, strerror(-code), remedy);
}

enum progress { MORE, DONE };

struct round {
	const struct eftf_nl_ask *ask;
	bool dump, interrupted;
	int code;
};

/* One message of the conversation; others (late answers, strangers) are passed over. */
static enum progress take(const struct eftf_nlsock *s, const struct nlmsghdr *nlh,
			  struct round *r, struct eftf_err *err)
{
	const struct eftf_nl_ask *ask = r->ask;
	int code;

	if (nlh->nlmsg_seq != s->seq || nlh->nlmsg_pid != s->portid)
		return MORE;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		r->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_NOOP:
		return MORE;
	case NLMSG_OVERRUN:
		r->code = refused(NULL, -ENOBUFS, ask->what, err);
		return DONE;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		code = eftf_nl_errno(nlh);
		/* A dump may be acknowledged before its first part. */
		if (!code && nlh->nlmsg_type == NLMSG_ERROR && r->dump)
			return MORE;
		if (code && !r->code)
			r->code = refused(nlh, code, ask->what, err);
		return DONE;
	}
	/* After a failure the rest of the answer is read all the same: it would
	 * be in the way of the next request.
	 */
	if (nlh->nlmsg_type < NLMSG_MIN_TYPE || !ask->answer || r->code)
		return MORE;
	code = ask->answer(nlh, ask->arg);
	if (code)
		r->code = refused(NULL, code, ask->what, err);
	return MORE;
}

static int exchange(struct eftf_nlsock *s, struct round *r, struct eftf_err *err)
{
	const struct eftf_nl_ask *ask = r->ask;
	enum progress progress = MORE;
	ssize_t sent;

	ask->nlh->nlmsg_seq = ++s->seq;
	do {
		sent = mnl_socket_sendto(s->sock, ask->nlh, ask->nlh->nlmsg_len);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return refused(NULL, -errno, ask->what, err);

	while (progress == MORE) {
		const struct nlmsghdr *nlh = NULL;
		int ret = wait_readable(s);

		if (!ret)
			ret = eftf_nlsock_recv(s->sock, s->buf, sizeof(s->buf), MSG_DONTWAIT);
		if (ret == -EAGAIN)
			continue;
		if (ret < 0)
			return refused(NULL, ret, ask->what, err);
		while (progress == MORE && (nlh = eftf_nl_msg_next(s->buf, (size_t)ret, nlh)))
			progress = take(s, nlh, r, err);
	}
	return r->code;
}

int eftf_nlsock_ask(struct eftf_nlsock *s, const struct eftf_nl_ask *ask, struct eftf_err *err)
{
	bool dump = (ask->nlh->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int tries;

	for (tries = 0; tries < DUMP_TRIES; tries++) {
		struct round r = {.ask = ask, .dump = dump};
		int ret;

		if (tries && ask->again)
			ask->again(ask->arg);
		ret = exchange(s, &r, err);
		if (ret || !r.interrupted)
			return ret;
	}
	return eftf_err_set(err, EAGAIN, "%s: the table changed during each of %d readings "
			    "(try again)", ask->what, DUMP_TRIES);
}
