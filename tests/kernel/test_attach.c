// SPDX-License-Identifier: GPL-2.0-or-later
/* Attach: the module takes a socket with kTLS both ways, and refuses every other with a reason. */
#include "fixture.h"
#include "nl_genl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void refused(struct fx *fx, int fd, int error, const char *words)
{
	struct eftf_err err;
	int ret = fx_attach_fd(fx, fd, &err);

	if (ret != -error || !strstr(err.text, words))
		fail_msg("expected refusal %d with \"%s\", seen %d: \"%s\"", -error, words, ret,
			 err.text);
	assert_int_equal(fx_count(fx), 0);
}

static void takes_ktls_socket(void **state)
{
	struct fx *fx = *state;

	fx_attach(fx);
	fx_expect_alive(fx);
	assert_int_equal(fx_count(fx), 1);
}

static void refuses_what_is_no_socket(void **state)
{
	struct fx *fx = *state;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	refused(fx, fd, ENOTSOCK, "no socket");
	refused(fx, 999, EBADF, "no such file descriptor");
	close(fd);
}

static void refuses_other_protocols(void **state)
{
	static const int kinds[][3] = {
		{AF_INET, SOCK_DGRAM, 0},
		{AF_INET, SOCK_RAW, IPPROTO_ICMP},
		{AF_UNIX, SOCK_STREAM, 0},
		{AF_NETLINK, SOCK_RAW, 0},
	};
	struct fx *fx = *state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int fd = socket(kinds[i][0], kinds[i][1] | SOCK_CLOEXEC, kinds[i][2]);

		assert_return_code(fd, errno);
		refused(fx, fd, EPROTONOSUPPORT, "not a TCP socket");
		close(fd);
	}
}

static void refuses_missing_keys(void **state)
{
	static const struct {
		int what;
		const char *words;
	} cases[] = {
		{KTLS_NONE, "no kTLS"},
		{KTLS_ULP, "TLS_TX"},
		{KTLS_TX, "TLS_RX"},
		{KTLS_RX, "TLS_TX"},
	};
	struct fx *fx = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = fx_pair(&fx->peer, cases[i].what);

		refused(fx, fd, EPROTOTYPE, cases[i].words);
		close(fd);
		close(fx->peer.fd);
	}
	fx->peer.fd = -1;
}

static void refuses_unconnected_sockets(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct fx *fx = *state;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	refused(fx, fd, ENOTCONN, "not connected");
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_return_code(bind(fd, (struct sockaddr *)&sin, sizeof(sin)), errno);
	assert_return_code(listen(fd, 1), errno);
	refused(fx, fd, ENOTCONN, "not connected");
	close(fd);
}

/* Half-closed by the peer: FIN came, the state is CLOSE_WAIT. */
static void refuses_close_wait(void **state)
{
	struct fx *fx = *state;
	int fd = fx_pair(&fx->peer, KTLS_BOTH);
	char c;

	shutdown(fx->peer.fd, SHUT_WR);
	while (recv(fd, &c, 1, 0) > 0)
		;
	refused(fx, fd, ENOTCONN, "not connected");
	close(fd);
}

static void refuses_shut_down(void **state)
{
	struct fx *fx = *state;
	int fd = fx_pair(&fx->peer, KTLS_BOTH);

	shutdown(fd, SHUT_WR);
	refused(fx, fd, ENOTCONN, "not connected");
	close(fd);
}

static void refuses_reset(void **state)
{
	struct fx *fx = *state;
	int fd = fx_pair(&fx->peer, KTLS_BOTH);

	fx_reset_on_close(fx->peer.fd);
	close(fx->peer.fd);
	fx->peer.fd = -1;
	refused(fx, fd, ENOTCONN, "not connected");
	close(fd);
}

static void refuses_twice(void **state)
{
	struct fx *fx = *state;
	struct eftf_tunnel_spec spec;
	struct eftf_err err;
	uint32_t id;
	int fd = fx_pair(&fx->peer, KTLS_BOTH);

	assert_int_equal(fx_attach_fd(fx, fd, &err), 0);
	spec = fx_spec(fx, fd);
	assert_int_equal(inet_pton(AF_INET, "10.64.0.3", &spec.inner4), 1);
	assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &id, &err), -EBUSY);
	assert_non_null(strstr(err.text, "in use"));
	close(fd);
	fx_expect_alive(fx);
}

static void refuses_wrong_device(void **state)
{
	struct fx *fx = *state;
	int fd = fx_pair(&fx->peer, KTLS_BOTH);
	uint32_t own = fx->ifindex;

	fx->ifindex = 1;
	refused(fx, fd, EOPNOTSUPP, "not of kind eftf");
	fx->ifindex = 4711;
	refused(fx, fd, ENODEV, "no such device");
	fx->ifindex = own;
	close(fd);
}

static void refuses_bad_addresses(void **state)
{
	static const char *const bad[] = {"0.0.0.0", "224.0.0.1", "255.255.255.255", "127.0.0.1"};
	struct fx *fx = *state;
	struct eftf_tunnel_spec spec;
	struct eftf_err err;
	uint32_t id;
	int fd = fx_pair(&fx->peer, KTLS_BOTH);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		spec = fx_spec(fx, fd);
		assert_int_equal(inet_pton(AF_INET, bad[i], &spec.inner4), 1);
		assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &id, &err), -EADDRNOTAVAIL);
		assert_non_null(strstr(err.text, "unicast"));
	}
	spec = fx_spec(fx, fd);
	spec.has_inner4 = false;
	assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &id, &err), -EINVAL);
	assert_non_null(strstr(err.text, "needs an inner address"));
	spec = fx_spec(fx, fd);
	spec.has_gateway4 = false;
	spec.keepalive = 10;
	assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &id, &err), -EINVAL);
	assert_non_null(strstr(err.text, "keep-alive"));
	/* nothing of all that did the socket any harm */
	assert_int_equal(fx_attach_fd(fx, fd, &err), 0);
	close(fd);
	fx_expect_alive(fx);
}

static void refuses_taken_address_and_id(void **state)
{
	struct fx *fx = *state;
	struct eftf_tunnel_spec spec;
	struct eftf_err err;
	struct rec other;
	uint32_t id;
	int fd;

	fx_attach(fx);
	fd = fx_pair(&other, KTLS_BOTH);
	spec = fx_spec(fx, fd);
	assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &id, &err), -EEXIST);
	if (fx->role == EFTF_ROLE_GW) {
		assert_non_null(strstr(err.text, "inner IPv4 address"));
		assert_int_equal(inet_pton(AF_INET, "10.64.0.3", &spec.inner4), 1);
		spec.id = fx->id;
		assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &id, &err), -EEXIST);
		assert_non_null(strstr(err.text, "this id"));
	} else {
		assert_non_null(strstr(err.text, "one tunnel"));
	}
	close(fd);
	close(other.fd);
	fx_expect_alive(fx);
}

/* What came before the attach is read at once, without another wake-up. */
static void reads_what_waits(void **state)
{
	struct fx *fx = *state;
	struct eftf_err err;
	int fd = fx_pair(&fx->peer, KTLS_BOTH);

	fx_peer_says(fx, "early");
	fx_sleep(100);
	assert_int_equal(fx_attach_fd(fx, fd, &err), 0);
	close(fd);
	fx_expect_udp(fx, "early");
	fx_expect_alive(fx);
}

/* A command with one attribute more than it knows. */
static int ask_with(struct fx *fx, uint8_t cmd, uint16_t attr, uint32_t value, struct eftf_err *err)
{
	struct eftf_nlreq req;
	struct nlmsghdr *nlh = eftf_nl_genl_start(&req, fx->nl->family.id, cmd, NLM_F_ACK);
	const struct eftf_nl_ask ask = {.nlh = nlh, .what = "command"};

	mnl_attr_put_u32(nlh, EFTF_A_IFINDEX, fx->ifindex);
	mnl_attr_put_u32(nlh, EFTF_A_ID, fx->id);
	if (attr)
		mnl_attr_put_u32(nlh, attr, value);
	return eftf_nlsock_ask(&fx->nl->s, &ask, err);
}

/* What a command does nothing with it refuses, so that nobody thinks it did. */
static void commands_refuse_what_they_do_not_know(void **state)
{
	static const struct {
		uint8_t cmd;
		uint16_t attr;
	} cases[] = {
		{EFTF_CMD_TUNNEL_SET, EFTF_A_INNER4},
		{EFTF_CMD_TUNNEL_SET, EFTF_A_FD},
		{EFTF_CMD_TUNNEL_SWAP, EFTF_A_KEEPALIVE},
		{EFTF_CMD_TUNNEL_REKEY, EFTF_A_TIMEOUT},
		{EFTF_CMD_TUNNEL_GET, EFTF_A_KEEPALIVE},
		{EFTF_CMD_TUNNEL_DEL, EFTF_A_TIMEOUT},
		{EFTF_CMD_TUNNEL_DEL, EFTF_A_STATS},
		{EFTF_CMD_TUNNEL_DEL, EFTF_A_MAX + 1},
	};
	struct fx *fx = *state;
	struct eftf_err err;

	fx_attach(fx);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int ret = ask_with(fx, cases[i].cmd, cases[i].attr, 10, &err);

		if (ret != -EINVAL)
			fail_msg("command %u with attribute %u: expected EINVAL, seen: %d %s",
				 cases[i].cmd, cases[i].attr, ret, ret ? err.text : "");
	}
	fx_expect_alive(fx);
	assert_int_equal(ask_with(fx, EFTF_CMD_TUNNEL_SET, EFTF_A_KEEPALIVE, 10, &err), 0);
	assert_int_equal(ask_with(fx, EFTF_CMD_TUNNEL_DEL, 0, 0, &err), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(takes_ktls_socket),
		GW(takes_ktls_socket),
		UE(refuses_what_is_no_socket),
		UE(refuses_other_protocols),
		UE(refuses_missing_keys),
		UE(refuses_unconnected_sockets),
		UE(refuses_close_wait),
		UE(refuses_shut_down),
		UE(refuses_reset),
		GW(refuses_twice),
		UE(refuses_wrong_device),
		UE(refuses_bad_addresses),
		UE(refuses_taken_address_and_id),
		GW(refuses_taken_address_and_id),
		UE(reads_what_waits),
		UE(commands_refuse_what_they_do_not_know),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
