// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/nl_tunnel.c lib/nl_events.c lib/nl_parse.c lib/nl_attr.c lib/nl_genl.c lib/nl_sock.c lib/err.c */
/* libs: -lmnl */
/*
 * The conversation with a kernel that this test plays itself: sendto(),
 * recvmsg() and poll() are its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>

#include "nl_build.h"
#include "nl_sock.h"

#define MAX_STEPS 40

/* What recvmsg() gives next; error > 0 instead of octets. */
static struct step {
	_Alignas(8) char data[2048];
	size_t len;
	int error;
	uint32_t from;		/* 0: the kernel */
	bool truncated;
} steps[MAX_STEPS];

static size_t n_steps, at_step;
static unsigned int requests;
static _Alignas(8) char request[2048];
static uint32_t portid;

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
	       socklen_t tolen)
{
	(void)fd, (void)flags, (void)to, (void)tolen;
	assert_true(len <= sizeof(request));
	memcpy(request, buf, len);
	requests++;
	return (ssize_t)len;
}

int poll(struct pollfd *p, nfds_t n, int timeout)
{
	(void)n, (void)timeout;
	p->revents = POLLIN;
	return 1;
}

/* Messages that were built with number n above the first request belong to it. */
static void stamp(struct step *s)
{
	const struct nlmsghdr *last = NULL, *nlh;
	uint32_t first = ((struct nlmsghdr *)request)->nlmsg_seq;

	while ((nlh = eftf_nl_msg_next(s->data, s->len, last))) {
		((struct nlmsghdr *)(uintptr_t)nlh)->nlmsg_seq += first;
		if (!nlh->nlmsg_pid)
			((struct nlmsghdr *)(uintptr_t)nlh)->nlmsg_pid = portid;
		last = nlh;
	}
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct sockaddr_nl *from = msg->msg_name;
	struct step *s = &steps[at_step];

	(void)fd, (void)flags;
	if (at_step == n_steps) {
		errno = EAGAIN;
		return -1;
	}
	at_step++;
	if (s->error) {
		errno = s->error;
		return -1;
	}
	stamp(s);
	memset(from, 0, sizeof(*from));
	from->nl_family = AF_NETLINK;
	from->nl_pid = s->from;
	msg->msg_namelen = sizeof(*from);
	msg->msg_flags = s->truncated ? MSG_TRUNC : 0;
	memcpy(msg->msg_iov->iov_base, s->data, s->len);
	return (ssize_t)s->len;
}

static struct step *add_step(void)
{
	struct step *s = &steps[n_steps++];

	assert_true(n_steps <= MAX_STEPS);
	memset(s, 0, sizeof(*s));
	return s;
}

static void add_errno(int error)
{
	add_step()->error = error;
}

static struct nlmsghdr *add_tunnel(uint8_t cmd, uint32_t id)
{
	struct step *s = add_step();
	struct nlmsghdr *nlh = nl_build_start(s->data, cmd);

	mnl_attr_put_u32(nlh, EFTF_A_IFINDEX, 7);
	mnl_attr_put_u32(nlh, EFTF_A_ID, id);
	s->len = nlh->nlmsg_len;
	return nlh;
}

static struct nlmsghdr *add_end(uint16_t type, int code, const char *text)
{
	struct step *s = add_step();
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(s->data);
	struct nlmsgerr *e;

	nlh->nlmsg_type = type;
	if (type == NLMSG_DONE) {
		*(int32_t *)mnl_nlmsg_put_extra_header(nlh, 4) = code;
	} else {
		e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));
		e->error = code;
		nlh->nlmsg_flags |= NLM_F_CAPPED;
	}
	if (text) {
		nlh->nlmsg_flags |= NLM_F_ACK_TLVS;
		mnl_attr_put_strz(nlh, 1, text);
	}
	s->len = nlh->nlmsg_len;
	return nlh;
}

static struct eftf_nl *nl;
static struct eftf_err err;

static uint32_t got[64];
static size_t n_got;

static void collect(const struct eftf_tunnel_info *info, void *arg)
{
	(void)arg;
	assert_true(n_got < 64);
	got[n_got++] = info->id;
}

static int setup(void **state)
{
	(void)state;
	n_steps = at_step = n_got = requests = 0;
	memset(&err, 0, sizeof(err));
	nl = calloc(1, sizeof(*nl));
	if (!nl || eftf_nlsock_open(&nl->s, NETLINK_GENERIC, &err))
		return -1;
	nl->family.id = NL_BUILD_FAMILY;
	portid = nl->s.portid;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	eftf_nl_close(nl);
	return 0;
}

static void test_new(void **state)
{
	struct eftf_tunnel_spec spec = {.ifindex = 7, .fd = 5, .has_inner4 = true};
	uint32_t id = 99;

	(void)state;
	add_tunnel(EFTF_CMD_TUNNEL_NEW, 3);
	add_end(NLMSG_ERROR, 0, NULL);
	assert_int_equal(eftf_nl_tunnel_new(nl, &spec, &id, &err), 0);
	assert_int_equal(id, 3);
	/* An acknowledgement alone does not say which tunnel it is. */
	n_steps = at_step = 0;
	add_end(NLMSG_ERROR, 0, NULL);
	assert_int_equal(eftf_nl_tunnel_new(nl, &spec, &id, &err), -EPROTO);
	assert_int_equal(id, 0);
}

static void test_extack_text(void **state)
{
	(void)state;
	add_end(NLMSG_ERROR, -ENOENT, "no tunnel with this id");
	assert_int_equal(eftf_nl_tunnel_del(nl, 7, 3, &err), -ENOENT);
	assert_string_equal(err.text, "tunnel del 3 on link 7: no tunnel with this id");
	n_steps = at_step = 0;
	add_end(NLMSG_ERROR, -EBUSY, NULL);
	assert_int_equal(eftf_nl_tunnel_del(nl, 7, 3, &err), -EBUSY);
	assert_string_equal(err.text, "tunnel del 3 on link 7: Device or resource busy");
	n_steps = at_step = 0;
	add_end(NLMSG_ERROR, -EPERM, NULL);
	assert_int_equal(eftf_nl_tunnel_swap(nl, 7, 3, 5, &err), -EPERM);
	assert_non_null(strstr(err.text, "CAP_NET_ADMIN"));
}

static const struct nlattr *attr_of(uint16_t type)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)request;
	const struct nlattr *attr = NULL;

	while ((attr = eftf_nl_attr_next(mnl_nlmsg_get_payload_offset(nlh, GENL_HDRLEN),
					 request + nlh->nlmsg_len, attr)))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static void test_rekey(void **state)
{
	struct eftf_tls_key rx = {.len = sizeof(rx.gcm128)}, tx = {.len = sizeof(tx.gcm256)};
	struct eftf_nl empty = {0};

	(void)state;
	memset(&rx.gcm256, 1, sizeof(rx.gcm256));
	memset(&tx.gcm256, 2, sizeof(tx.gcm256));
	/* the kernel sends back what it refuses */
	add_end(NLMSG_ERROR, -EBUSY, "secret");
	assert_int_equal(eftf_nl_tunnel_rekey(nl, 7, 3, 5, &rx, &tx, false, &err), -EBUSY);
	assert_string_equal(err.text, "tunnel rekey 3 on link 7: secret");
	assert_memory_equal(nl->s.buf, empty.s.buf, sizeof(empty.s.buf));
	assert_int_equal(mnl_attr_get_u32(attr_of(EFTF_A_TRANSPORT)), 5);
	assert_int_equal(mnl_attr_get_payload_len(attr_of(EFTF_A_KEY_RX)), sizeof(rx.gcm128));
	assert_memory_equal(mnl_attr_get_payload(attr_of(EFTF_A_KEY_RX)), &rx.info,
			    sizeof(rx.gcm128));
	assert_int_equal(mnl_attr_get_payload_len(attr_of(EFTF_A_KEY_TX)), sizeof(tx.gcm256));
	assert_memory_equal(mnl_attr_get_payload(attr_of(EFTF_A_KEY_TX)), &tx.info,
			    sizeof(tx.gcm256));
	assert_null(attr_of(EFTF_A_UPDATE_REQUESTED));
	n_steps = at_step = 0;
	add_end(NLMSG_ERROR, 0, NULL);
	assert_int_equal(eftf_nl_tunnel_rekey(nl, 7, 3, 5, NULL, &tx, true, &err), 0);
	assert_null(attr_of(EFTF_A_KEY_RX));
	assert_int_equal(mnl_attr_get_u8(attr_of(EFTF_A_UPDATE_REQUESTED)), 1);
}

/* Late answers, other people's answers and senders that are not the kernel. */
static void test_strangers(void **state)
{
	(void)state;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 1)->nlmsg_seq = (uint32_t)-1;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 2)->nlmsg_pid = 1;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 3);
	steps[2].from = 4711;
	add_errno(EINTR);
	add_errno(EAGAIN);
	add_tunnel(EFTF_CMD_TUNNEL_GET, 4);
	add_end(NLMSG_ERROR, 0, NULL);
	assert_int_equal(eftf_nl_tunnel_get(nl, 7, 4, collect, NULL, &err), 0);
	assert_int_equal(n_got, 1);
	assert_int_equal(got[0], 4);
}

static void test_dump(void **state)
{
	(void)state;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 1);
	add_tunnel(EFTF_CMD_TUNNEL_GET, 2);
	add_end(NLMSG_DONE, 0, NULL);
	assert_int_equal(eftf_nl_tunnel_get(nl, 0, 0, collect, NULL, &err), 0);
	assert_int_equal(n_got, 2);
	assert_int_equal(requests, 1);
}

/* An interrupted dump is asked again, and only the last one counts. */
static void test_interrupted(void **state)
{
	(void)state;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 1);
	add_tunnel(EFTF_CMD_TUNNEL_GET, 2)->nlmsg_flags |= NLM_F_DUMP_INTR;
	add_end(NLMSG_DONE, 0, NULL);
	add_tunnel(EFTF_CMD_TUNNEL_GET, 5);
	add_end(NLMSG_DONE, 0, NULL)->nlmsg_flags |= NLM_F_DUMP_INTR;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 6);
	add_end(NLMSG_DONE, 0, NULL);
	assert_int_equal(eftf_nl_tunnel_get(nl, 0, 0, collect, NULL, &err), 0);
	assert_int_equal(requests, 3);
	assert_int_equal(n_got, 1);
	assert_int_equal(got[0], 6);
}

static void test_always_interrupted(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < MAX_STEPS; i++)
		add_end(NLMSG_DONE, 0, NULL)->nlmsg_flags |= NLM_F_DUMP_INTR;
	assert_int_equal(eftf_nl_tunnel_get(nl, 0, 0, collect, NULL, &err), -EAGAIN);
	assert_true(requests > 1 && requests < MAX_STEPS);
	assert_int_equal(n_got, 0);
	assert_non_null(strstr(err.text, "changed"));
}

static void test_dump_fails(void **state)
{
	(void)state;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 1);
	add_end(NLMSG_DONE, -ENOMEM, "no room");
	assert_int_equal(eftf_nl_tunnel_get(nl, 0, 0, collect, NULL, &err), -ENOMEM);
	assert_string_equal(err.text, "tunnel show: no room");
	assert_int_equal(n_got, 0);
}

static void test_filter(void **state)
{
	(void)state;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 1);
	add_tunnel(EFTF_CMD_TUNNEL_GET, 2);
	add_end(NLMSG_DONE, 0, NULL);
	assert_int_equal(eftf_nl_tunnel_get(nl, 0, 2, collect, NULL, &err), 0);
	assert_int_equal(n_got, 1);
	assert_int_equal(got[0], 2);
}

static void begin_anew(void *arg)
{
	(*(unsigned int *)arg)++;
	n_got = 0;
}

/* In the order of their coming, and void when the table has changed meanwhile. */
static void test_each(void **state)
{
	unsigned int anew = 0;

	(void)state;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 1);
	add_tunnel(EFTF_CMD_TUNNEL_GET, 2)->nlmsg_flags |= NLM_F_DUMP_INTR;
	add_end(NLMSG_DONE, 0, NULL);
	add_tunnel(EFTF_CMD_TUNNEL_GET, 5);
	add_tunnel(EFTF_CMD_TUNNEL_GET, 6);
	add_end(NLMSG_DONE, 0, NULL);
	assert_int_equal(eftf_nl_tunnel_each(nl, 7, collect, begin_anew, &anew, &err), 0);
	assert_int_equal(anew, 1);
	assert_int_equal(n_got, 2);
	assert_int_equal(got[0], 5);
	assert_int_equal(got[1], 6);
}

/* Another device's are not told; a failure has the kernel's words. */
static void test_each_of_others(void **state)
{
	unsigned int anew = 0;

	(void)state;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 1);
	add_end(NLMSG_DONE, -ENOMEM, "no room");
	assert_int_equal(eftf_nl_tunnel_each(nl, 8, collect, begin_anew, &anew, &err), -ENOMEM);
	assert_string_equal(err.text, "tunnel show on link 8: no room");
	assert_int_equal(n_got, 0);
}

static void test_too_long(void **state)
{
	(void)state;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 1);
	steps[0].truncated = true;
	assert_int_equal(eftf_nl_tunnel_get(nl, 7, 1, collect, NULL, &err), -EMSGSIZE);
	assert_int_equal(n_got, 0);
}

/* The end of the answer is cut: what follows must still be read. */
static void test_cut_message(void **state)
{
	(void)state;
	add_tunnel(EFTF_CMD_TUNNEL_GET, 1);
	steps[0].len -= 4;
	add_end(NLMSG_ERROR, 0, NULL);
	assert_int_equal(eftf_nl_tunnel_get(nl, 7, 1, collect, NULL, &err), -EPROTO);
	assert_int_equal(n_got, 0);
}

static void test_events(void **state)
{
	struct nlmsghdr *nlh;

	(void)state;
	add_tunnel(EFTF_CMD_EVENT_UP, 1);
	add_tunnel(EFTF_CMD_TUNNEL_GET, 2);		/* no event */
	add_tunnel(EFTF_CMD_EVENT_DOWN, 3);
	steps[2].from = 4711;
	nlh = add_tunnel(EFTF_CMD_EVENT_SWAPPED, 4);
	nlh->nlmsg_type++;				/* of another family */
	add_tunnel(EFTF_CMD_EVENT_SWAPPED, 5);
	assert_int_equal(eftf_nl_events_read(nl, collect, NULL, &err), 0);
	assert_int_equal(n_got, 2);
	assert_int_equal(got[0], 1);
	assert_int_equal(got[1], 5);
	add_tunnel(EFTF_CMD_EVENT_KEY_UPDATE, 7);
	add_tunnel(EFTF_CMD_TUNNEL_REKEY, 8);		/* no event */
	assert_int_equal(eftf_nl_events_read(nl, collect, NULL, &err), 0);
	assert_int_equal(n_got, 3);
	assert_int_equal(got[2], 7);
	n_got = 2;
	add_errno(ENOBUFS);
	add_tunnel(EFTF_CMD_EVENT_UP, 6);
	/* said when nothing is left: until then more may have got lost */
	assert_int_equal(eftf_nl_events_read(nl, collect, NULL, &err), -ENOBUFS);
	assert_int_equal(n_got, 3);
	assert_int_equal(got[2], 6);
	assert_int_equal(eftf_nl_events_read(nl, collect, NULL, &err), 0);
	assert_int_equal(n_got, 3);
}

static void add_family(uint8_t cmd, uint16_t id)
{
	struct step *s = add_step();
	struct nlmsghdr *nlh = nl_build_start(s->data, cmd);

	nlh->nlmsg_type = GENL_ID_CTRL;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, EFTF_GENL_NAME);
	mnl_attr_put_u16(nlh, CTRL_ATTR_FAMILY_ID, id);
	s->len = nlh->nlmsg_len;
}

static void test_unloaded(void **state)
{
	(void)state;
	add_family(CTRL_CMD_NEWFAMILY, NL_BUILD_FAMILY);
	add_family(CTRL_CMD_DELFAMILY, NL_BUILD_FAMILY + 1);
	assert_int_equal(eftf_nl_events_read(nl, collect, NULL, &err), 0);
	add_family(CTRL_CMD_DELFAMILY, NL_BUILD_FAMILY);
	assert_int_equal(eftf_nl_events_read(nl, collect, NULL, &err), -ENOENT);
	assert_string_equal(err.text, "kernel module eftf was unloaded");
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_new), TEST(test_rekey), TEST(test_extack_text), TEST(test_strangers), TEST(test_dump),
		TEST(test_interrupted), TEST(test_always_interrupted), TEST(test_dump_fails),
		TEST(test_filter), TEST(test_each), TEST(test_each_of_others), TEST(test_too_long), TEST(test_cut_message),
		TEST(test_events), TEST(test_unloaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
