// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random netlink messages to the module: every command of the generic family
 * and the links of kind eftf, with right, wrong, doubled, cut and nested
 * attributes, in between real tunnels that come and go.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "fixture.h"
#include "nl_genl.h"
#include "nl_rt.h"

#define N_SLOTS		8
#define FEW_LINKS	6
#define MSG_MAX		4096

/* A descriptor to be named in a message, and who is at its other end. */
struct slot {
	int fd;
	struct rec peer;
};

struct nlfuzz {
	struct fx *fx;
	struct eftf_nlsock genl, route;
	uint16_t family;
	struct slot slots[N_SLOTS];
	uint32_t links[FEW_LINKS + 2];
	unsigned int n_links;
	bool intact;		/* the message is for the module, and as it was meant */
	unsigned long sent, agreed, refused, silent, made;
};

static struct nlfuzz nf;

union message {
	_Alignas(8) char buf[MSG_MAX + 1024];
	struct nlmsghdr nlh;
};

/* ---- descriptors ------------------------------------------------------------ */

static void slot_close(struct slot *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->peer.fd >= 0) {
		if (fuzz_one_in(2))
			fx_reset_on_close(s->peer.fd);
		close(s->peer.fd);
	}
	s->fd = -1;
	s->peer.fd = -1;
}

static void slot_open(struct slot *s)
{
	static const int domains[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK};
	int pair[2];

	s->peer.fd = -1;
	switch (fuzz_below(12)) {
	case 0:
		s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		break;
	case 1:
		s->fd = socket(domains[fuzz_below(4)], SOCK_STREAM | SOCK_CLOEXEC, 0);
		break;
	case 2:
		s->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		break;
	case 3:
		s->fd = pipe2(pair, O_CLOEXEC) ? -1 : pair[0];
		if (s->fd >= 0)
			close(pair[1]);
		break;
	case 4:
		s->fd = fx_pair(&s->peer, (int)fuzz_below(KTLS_BOTH));
		break;
	default:
		s->fd = fx_pair(&s->peer, KTLS_BOTH);
		break;
	}
}

/* The peer of a tunnel that may be there says or does something. */
static void slot_peer(struct slot *s)
{
	uint8_t out[2048];
	size_t n;

	if (s->peer.fd < 0)
		return;
	switch (fuzz_below(5)) {
	case 0:
		n = fx_envelope(nf.fx, out, "hello", 5);
		n = rec_seal(&s->peer.tx, REC_DATA, out, n, 0, out + 1024);
		break;
	case 1:
		n = rec_seal(&s->peer.tx, REC_ALERT, "\1\0", 2, 0, out + 1024);
		break;
	case 2:
		n = 30;
		fuzz_fill(out + 1024, n);
		break;
	case 3:
		shutdown(s->peer.fd, (int)fuzz_below(3));
		return;
	default:
		close(s->peer.fd);
		s->peer.fd = -1;
		return;
	}
	if (send(s->peer.fd, out + 1024, n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		fuzz_did("the peer could not send: %s", strerror(errno));
}

/* ---- attributes ---------------------------------------------------------------- */

static bool room(const struct nlmsghdr *nlh, size_t len)
{
	return nlh->nlmsg_len + len + 64 < MSG_MAX;
}

static void put_noise(struct nlmsghdr *nlh, unsigned int max_type)
{
	static const uint16_t flags[] = {0, 0, 0, NLA_F_NESTED, NLA_F_NET_BYTEORDER};
	static const uint32_t limits[] = {0, 1, 2, 127, 128, 129, 255, 65535, 65536, INT32_MAX,
					  0x80000000u, 0xffffffffu};
	uint16_t type = (uint16_t)(fuzz_below(max_type + 6) | flags[fuzz_below(5)]);
	uint8_t data[96];
	uint32_t value = limits[fuzz_below(12)];
	size_t len = fuzz_one_in(3) ? fuzz_below(sizeof(data)) : (size_t)1 << fuzz_below(5);

	fuzz_fill(data, sizeof(data));
	if (fuzz_one_in(2))
		memcpy(data, &value, sizeof(value));
	if (fuzz_one_in(50))
		type = (uint16_t)fuzz_below(65536);
	if (room(nlh, len))
		mnl_attr_put(nlh, type, len, data);
}

static uint32_t some_link(void)
{
	if (nf.n_links && !fuzz_one_in(12))
		return nf.links[fuzz_below(nf.n_links)];
	return fuzz_one_in(2) ? fuzz_below(20) : fuzz_below(UINT32_MAX);
}

static void put_fd(struct nlmsghdr *nlh)
{
	static const uint32_t odd[] = {0, 1, 2, 1000, 1u << 20, INT32_MAX, 0xffffffffu, 0x80000000u};

	if (fuzz_one_in(10))
		mnl_attr_put_u32(nlh, EFTF_A_FD, odd[fuzz_below(8)]);
	else
		mnl_attr_put_u32(nlh, EFTF_A_FD, (uint32_t)nf.slots[fuzz_below(N_SLOTS)].fd);
}

/* An attribute as a command may have it. */
static void put_good(struct nlmsghdr *nlh, int attr)
{
	uint8_t addr[16] = {0xfd, [15] = (uint8_t)(1 + fuzz_below(4))};
	uint8_t addr4[4] = {10, 64, 0, (uint8_t)(1 + fuzz_below(8))};

	switch (attr) {
	case EFTF_A_IFINDEX:
		mnl_attr_put_u32(nlh, EFTF_A_IFINDEX, some_link());
		break;
	case EFTF_A_ID:
		mnl_attr_put_u32(nlh, EFTF_A_ID, fuzz_one_in(20) ? fuzz_below(UINT32_MAX) :
			1 + fuzz_below(5));
		break;
	case EFTF_A_FD:
		put_fd(nlh);
		break;
	case EFTF_A_INNER4:
	case EFTF_A_GATEWAY4:
		mnl_attr_put(nlh, (uint16_t)attr, 4, addr4);
		break;
	case EFTF_A_INNER6:
	case EFTF_A_GATEWAY6:
		mnl_attr_put(nlh, (uint16_t)attr, 16, addr);
		break;
	case EFTF_A_INNER6_PLEN:
		mnl_attr_put_u8(nlh, EFTF_A_INNER6_PLEN, (uint8_t)(1 + fuzz_below(128)));
		break;
	case EFTF_A_KEEPALIVE:
	case EFTF_A_TIMEOUT:
		mnl_attr_put_u32(nlh, (uint16_t)attr, fuzz_below(4));
		break;
	case EFTF_A_PERSISTENT:
		mnl_attr_put_u8(nlh, EFTF_A_PERSISTENT, (uint8_t)fuzz_below(2));
		break;
	case EFTF_A_NEGOTIATED:
		mnl_attr_put(nlh, EFTF_A_NEGOTIATED, 0, NULL);
		break;
	case EFTF_A_RECORD_LIMIT:
		mnl_attr_put_u64(nlh, EFTF_A_RECORD_LIMIT, fuzz_below(10));
		break;
	}
}

/* Sometimes cuts, stretches, alters. */
static void spoil(struct nlmsghdr *nlh, size_t header)
{
	size_t len = nlh->nlmsg_len;

	if (!fuzz_one_in(5))
		return;
	nf.intact = false;
	if (fuzz_one_in(2) && len > NLMSG_HDRLEN + header)
		((uint8_t *)nlh)[NLMSG_HDRLEN + header +
				 fuzz_below((uint32_t)(len - NLMSG_HDRLEN - header))] ^=
			(uint8_t)(1 << fuzz_below(8));
	if (fuzz_one_in(3))
		nlh->nlmsg_len = fuzz_below((uint32_t)len + 40);
	if (fuzz_one_in(3))
		nlh->nlmsg_flags = (uint16_t)(fuzz_below(65536) | NLM_F_REQUEST);
}

/* ---- exchange -------------------------------------------------------------------- */

static void take_error(const struct nlmsghdr *nlh, const char *what)
{
	size_t len = 0;
	int code = eftf_nl_errno(nlh);
	const char *text = eftf_nl_extack(nlh, &len);

	if (!code) {
		nf.agreed++;
		return;
	}
	nf.refused++;
	if (!text)
		nf.silent++;
	/* what reached the module is refused with a reason */
	if (!text && nf.intact && code != -ENOMEM)
		fuzz_fail("%s: refused without a text: %s", what, strerror(-code));
	fuzz_did("%s: %s (%.*s)", what, strerror(-code), text ? (int)len : 0, text ? text : "");
}

static void take(const struct nlmsghdr *nlh, const char *what)
{
	struct eftf_tunnel_info info;

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		take_error(nlh, what);
		return;
	}
	if (nlh->nlmsg_type != nf.family)
		return;
	if (eftf_nl_tunnel_parse(nlh, &info))
		fuzz_fail("%s: the answer is no description of a tunnel", what);
	if (info.cmd == EFTF_CMD_TUNNEL_NEW)
		nf.made++;
}

/* Everything is answered when send() returns; a dump goes on while it is read. */
static void exchange(struct eftf_nlsock *s, const struct nlmsghdr *nlh, size_t len,
		     const char *what)
{
	static _Alignas(8) char answer[EFTF_NL_BUF];
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int fd = mnl_socket_get_fd(s->sock);

	nf.sent++;
	if (sendto(fd, nlh, len, MSG_DONTWAIT, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		fuzz_did("%s: send: %s", what, strerror(errno));
	for (int answers = 0; answers < 1000; answers++) {
		const struct nlmsghdr *one = NULL;
		int n = eftf_nlsock_recv(s->sock, answer, sizeof(answer), MSG_DONTWAIT);

		if (n == -EAGAIN)
			return;
		if (n < 0 && n != -ENOBUFS && n != -EMSGSIZE)
			fuzz_fail("%s: the netlink socket says %s", what, strerror(-n));
		while (n > 0 && (one = eftf_nl_msg_next(answer, (size_t)n, one)))
			take(one, what);
	}
	fuzz_fail("%s: 1000 answers and no end", what);
}

static void genl_new(struct nlmsghdr *nlh)
{
	put_good(nlh, EFTF_A_IFINDEX);
	put_good(nlh, EFTF_A_FD);
	put_good(nlh, fuzz_one_in(3) ? EFTF_A_INNER6 : EFTF_A_INNER4);
	put_good(nlh, EFTF_A_GATEWAY4);
}

static void fuzz_genl(void)
{
	static const uint8_t likely[] = {
		EFTF_CMD_TUNNEL_NEW, EFTF_CMD_TUNNEL_NEW, EFTF_CMD_TUNNEL_NEW, EFTF_CMD_TUNNEL_SET,
		EFTF_CMD_TUNNEL_SET, EFTF_CMD_TUNNEL_SWAP, EFTF_CMD_TUNNEL_DEL,
		EFTF_CMD_TUNNEL_GET, EFTF_CMD_TUNNEL_GET,
	};
	struct eftf_nlreq req;
	union message m;
	uint8_t cmd = fuzz_one_in(30) ? (uint8_t)fuzz_below(256) : likely[fuzz_below(9)];
	struct nlmsghdr *nlh = eftf_nl_genl_start(&req, nf.family, cmd, 0);
	char what[32];
	size_t len;

	memset(&m, 0, sizeof(m));
	memcpy(m.buf, req.buf, nlh->nlmsg_len);
	nlh = &m.nlh;
	if (cmd == EFTF_CMD_TUNNEL_GET && fuzz_one_in(2))
		nlh->nlmsg_flags |= NLM_F_DUMP;
	if (cmd == EFTF_CMD_TUNNEL_NEW && !fuzz_one_in(6)) {
		genl_new(nlh);
	} else if (!fuzz_one_in(6)) {
		put_good(nlh, EFTF_A_IFINDEX);
		put_good(nlh, EFTF_A_ID);
		if (cmd == EFTF_CMD_TUNNEL_SWAP)
			put_good(nlh, EFTF_A_FD);
	}
	for (uint32_t n = fuzz_below(5); n && room(nlh, 32); n--)
		put_good(nlh, (int)fuzz_below(EFTF_A_MAX + 1));
	for (uint32_t n = fuzz_one_in(3) ? fuzz_below(12) : 0; n; n--)
		put_noise(nlh, EFTF_A_MAX);
	len = nlh->nlmsg_len;
	snprintf(what, sizeof(what), "command %u", cmd);
	nf.intact = cmd >= EFTF_CMD_TUNNEL_NEW && cmd <= EFTF_CMD_TUNNEL_GET;
	spoil(nlh, GENL_HDRLEN);
	if (fuzz_one_in(50)) {
		nf.intact = false;
		len = fuzz_below((uint32_t)len);
	}
	exchange(&nf.genl, nlh, len, what);
}

static void put_linkinfo(struct nlmsghdr *nlh)
{
	static const char *const kinds[] = {"eftf", "eftf", "eftf", "eftf", "eftf", "", "eftfeftf"};
	struct nlattr *info = mnl_attr_nest_start(nlh, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, kinds[fuzz_below(7)]);
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	if (fuzz_one_in(2))
		mnl_attr_put_u8(nlh, IFLA_EFTF_ROLE, (uint8_t)fuzz_below(2));
	if (fuzz_one_in(2))
		mnl_attr_put_u8(nlh, IFLA_EFTF_UE_TO_UE, (uint8_t)fuzz_below(2));
	for (uint32_t n = fuzz_one_in(2) ? fuzz_below(4) : 0; n; n--)
		put_noise(nlh, IFLA_EFTF_MAX);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);
}

static void put_link_attr(struct nlmsghdr *nlh)
{
	char name[IFNAMSIZ];

	switch (fuzz_below(8)) {
	case 0:
		mnl_attr_put_u32(nlh, IFLA_MTU, fuzz_below(70000));
		break;
	case 1:
		snprintf(name, sizeof(name), "ef%u", fuzz_below(8));
		mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
		break;
	case 2:
		mnl_attr_put_u32(nlh, IFLA_TXQLEN, fuzz_below(2000));
		break;
	case 3:
		mnl_attr_put_u32(nlh, IFLA_MASTER, some_link());
		break;
	case 4:
		mnl_attr_put_u32(nlh, IFLA_GSO_MAX_SIZE, fuzz_below(200000));
		break;
	case 5:
		mnl_attr_put_u8(nlh, IFLA_CARRIER, (uint8_t)fuzz_below(2));
		break;
	case 6:
		mnl_attr_put_u32(nlh, IFLA_NET_NS_PID, (uint32_t)getpid());
		break;
	case 7:
		mnl_attr_put_u32(nlh, IFLA_GROUP, fuzz_below(3));
		break;
	}
}

static void fuzz_link(void)
{
	bool make = nf.n_links < FEW_LINKS && fuzz_one_in(3);
	uint16_t type = make || fuzz_one_in(2) ? RTM_NEWLINK : fuzz_one_in(4) ? RTM_DELLINK :
		fuzz_one_in(2) ? RTM_GETLINK : RTM_SETLINK;
	struct eftf_nlreq req;
	struct ifinfomsg *ifi;
	union message m;
	void *header;
	struct nlmsghdr *nlh = eftf_nl_rt_start(&req, type, make ? NLM_F_CREATE | NLM_F_EXCL : 0,
						sizeof(*ifi), &header);
	char what[32];

	ifi = header;
	if (!make)
		ifi->ifi_index = nf.n_links ? (int)nf.links[fuzz_below(nf.n_links)] : 12345;
	if (fuzz_one_in(3)) {
		ifi->ifi_flags = fuzz_one_in(3) ? 0 : IFF_UP;
		ifi->ifi_change = IFF_UP;
	}
	memset(&m, 0, sizeof(m));
	memcpy(m.buf, req.buf, nlh->nlmsg_len);
	nlh = &m.nlh;
	if (make || fuzz_one_in(2))
		put_linkinfo(nlh);
	for (uint32_t n = fuzz_below(3); n; n--)
		put_link_attr(nlh);
	snprintf(what, sizeof(what), "link message %u", type);
	nf.intact = false;	/* the stack is not always so polite */
	if (fuzz_one_in(3) && type != RTM_DELLINK)
		spoil(nlh, sizeof(*ifi));
	/* without it and an index the message is for a group of links; loopback would go down */
	if (make)
		nlh->nlmsg_flags |= NLM_F_CREATE;
	exchange(&nf.route, nlh, nlh->nlmsg_len, what);
}

/* ---- rounds ------------------------------------------------------------------------- */

static void note_link(const struct eftf_link_info *info, void *arg)
{
	(void)arg;
	if (nf.n_links < sizeof(nf.links) / sizeof(nf.links[0]))
		nf.links[nf.n_links++] = info->ifindex;
}

static void list_links(void)
{
	struct eftf_err err = {""};

	nf.n_links = 0;
	if (eftf_rt_link_get(nf.fx->rt, NULL, note_link, NULL, &err))
		fuzz_fail("links: %s", err.text);
}

static void open_genl(void)
{
	struct eftf_err err = {""};

	if (eftf_nlsock_open(&nf.genl, NETLINK_GENERIC, &err))
		fuzz_fail("netlink: %s", err.text);
}

static void one_round(void)
{
	for (uint32_t n = 50 + fuzz_below(100); n; n--) {
		struct slot *s = &nf.slots[fuzz_below(N_SLOTS)];

		switch (fuzz_below(24)) {
		case 0:
		case 4:
			slot_close(s);
			slot_open(s);
			break;
		case 1:
			slot_peer(s);
			break;
		case 2:
			fuzz_link();
			break;
		case 3:
			if (!fuzz_one_in(6))
				break;
			fuzz_did("the owner goes");
			eftf_nlsock_close(&nf.genl);
			open_genl();
			break;
		default:
			fuzz_genl();
			break;
		}
	}
	list_links();
}

static void delete_link(uint32_t ifindex)
{
	struct eftf_err err = {"has no name"};
	char name[IFNAMSIZ];

	if (!if_indextoname(ifindex, name) || eftf_rt_link_del(nf.fx->rt, name, &err))
		fuzz_fail("link %u: %s", ifindex, err.text);
}

static void drain_events(struct fx *fx)
{
	struct eftf_err err = {""};

	/* far more came than a socket holds */
	eftf_nl_close(fx->events);
	if (eftf_nl_events_open(&fx->events, &err))
		fuzz_fail("events: %s", err.text);
	fx->n_seen = 0;
}

/* In the same namespace, with the same names: all goes, and can be made again. */
static void make_and_delete(struct fx *fx)
{
	struct eftf_link_spec link = {.name = "ef0", .role = EFTF_ROLE_GW};
	struct eftf_tunnel_spec spec;
	struct eftf_err err = {""};
	struct rec peer;
	uint32_t got;
	int fd;

	for (list_links(); nf.n_links; list_links())
		for (unsigned int i = 0; i < nf.n_links; i++)
			delete_link(nf.links[i]);
	assert_int_equal(fx_count(fx), 0);
	drain_events(fx);
	if (eftf_rt_link_add(fx->rt, &link, &err))
		fuzz_fail("link: %s", err.text);
	list_links();
	assert_int_equal(nf.n_links, 1);
	fd = fx_pair(&peer, KTLS_BOTH);
	spec = fx_spec(fx, fd);
	spec.ifindex = nf.links[0];
	spec.id = 1;
	if (eftf_nl_tunnel_new(fx->nl, &spec, &got, &err) ||
	    eftf_nl_tunnel_del(fx->nl, nf.links[0], got, &err))
		fuzz_fail("tunnel: %s", err.text);
	assert_int_equal(got, 1);
	assert_int_equal(fx_count(fx), 0);
	delete_link(nf.links[0]);
	close(fd);
	close(peer.fd);
}

static void random_messages(void **state)
{
	struct eftf_err err = {""};
	struct fx *fx = *state;

	nf.fx = fx;
	nf.family = fx->nl->family.id;
	open_genl();
	if (eftf_nlsock_open(&nf.route, NETLINK_ROUTE, &err))
		fuzz_fail("netlink: %s", err.text);
	for (int i = 0; i < N_SLOTS; i++) {
		nf.slots[i].fd = -1;
		nf.slots[i].peer.fd = -1;
	}
	list_links();
	fuzz_begin(100);
	while (fuzz_round())
		one_round();
	for (int i = 0; i < N_SLOTS; i++)
		slot_close(&nf.slots[i]);
	eftf_nlsock_close(&nf.genl);
	eftf_nlsock_close(&nf.route);
	printf("%u rounds, %lu messages: %lu agreed to, %lu refused (%lu without a word), %lu tunnels\n",
	       fuzz.round - fuzz.first, nf.sent, nf.agreed, nf.refused, nf.silent, nf.made);
	make_and_delete(fx);
	/* in a few rounds chance may have it otherwise */
	assert_true((nf.made > 0 && nf.refused > 0) || nf.sent < 2000);
}

/* The module serves somebody else as ever. */
static void tunnels_as_before(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	fx_expect_alive(fx);
	rec_send(&fx->peer, REC_ALERT, "\1\0", 2);
	fx_expect_down(fx, EFTF_REASON_RELEASED);
	fx_expect_closed(fx, 1, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_messages, fx_setup_gw, fx_teardown),
		cmocka_unit_test_setup_teardown(tunnels_as_before, fx_setup_gw, fx_teardown),
		cmocka_unit_test_setup_teardown(tunnels_as_before, fx_setup_ue, fx_teardown),
	};

	fuzz_args(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
