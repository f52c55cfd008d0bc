// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A user who can make a network namespace can make devices and tunnels in it, and
 * keeps descriptors of the sockets that he gives away. None of that may hold up
 * or harm other users of the machine.
 */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a page that nobody fills: who copies from it sleeps, with the socket's lock ------------ */

#define PAGE 4096

struct sleeper {
	int uffd, sock;
	char *page;
	pthread_t thread;
};

static bool sleeper_possible(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void *sleeper_run(void *arg)
{
	struct sleeper *s = arg;

	(void)!send(s->sock, s->page, PAGE, MSG_NOSIGNAL);
	return NULL;
}

static void sleeper_start(struct sleeper *s, int sock)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register reg = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	struct uffd_msg msg;

	s->sock = sock;
	s->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	assert_return_code(s->uffd, errno);
	assert_return_code(ioctl(s->uffd, UFFDIO_API, &api), errno);
	s->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(s->page != MAP_FAILED);
	reg.range.start = (uintptr_t)s->page;
	reg.range.len = PAGE;
	assert_return_code(ioctl(s->uffd, UFFDIO_REGISTER, &reg), errno);
	assert_int_equal(pthread_create(&s->thread, NULL, sleeper_run, s), 0);
	/* it is there when the fault is told */
	assert_int_equal(read(s->uffd, &msg, sizeof(msg)), sizeof(msg));
}

static void sleeper_end(struct sleeper *s)
{
	struct uffdio_zeropage zero = {.range = {.start = (uintptr_t)s->page, .len = PAGE}};

	assert_return_code(ioctl(s->uffd, UFFDIO_ZEROPAGE, &zero), errno);
	pthread_join(s->thread, NULL);
	munmap(s->page, PAGE);
	close(s->uffd);
}

static void locked_socket_is_refused(void **state)
{
	struct fx *fx = *state;
	struct sleeper sleeper;
	struct eftf_err err;
	int64_t start;
	int dut;

	if (!sleeper_possible())
		skip();
	dut = fx_pair(&fx->peer, KTLS_BOTH);
	sleeper_start(&sleeper, dut);
	start = fx_now();
	assert_int_equal(fx_attach_fd(fx, dut, &err), -EBUSY);
	fx_expect_within(start, 3000, "the refusal");
	assert_non_null(strstr(err.text, "another thread sends or receives"));
	sleeper_end(&sleeper);
	/* what it sent is in the stream, as data of its own */
	{
		static uint8_t data[REC_MAX + 256];
		uint8_t type;

		assert_int_equal(rec_recv(&fx->peer, &type, data, 10000), PAGE);
	}
	assert_int_equal(fx_attach_fd(fx, dut, &err), 0);
	fx_expect_alive(fx);
	close(dut);
}

#define SLEEPERS 8

static void *delete_link(void *arg)
{
	struct eftf_rt *rt;
	struct eftf_err err;

	(void)arg;
	if (!eftf_rt_open(&rt, &err)) {
		eftf_rt_link_del(rt, "eftf1", &err);
		eftf_rt_close(rt);
	}
	return NULL;
}

/* The end of their device waits for them, as it must; nobody else's does. */
static void locked_sockets_hold_up_their_own_device_only(void **state)
{
	struct eftf_link_spec link = {.name = "eftf1", .role = EFTF_ROLE_GW};
	struct sleeper sleepers[SLEEPERS];
	struct rec peers[SLEEPERS];
	struct fx *fx = *state;
	struct eftf_err err;
	pthread_t deleter;
	int64_t start;

	if (!sleeper_possible())
		skip();
	assert_int_equal(eftf_rt_link_add(fx->rt, &link, &err), 0);
	for (int i = 0; i < SLEEPERS; i++) {
		int dut = fx_pair(&peers[i], KTLS_BOTH);
		struct eftf_tunnel_spec spec = fx_spec(fx, dut);
		uint32_t id;

		spec.ifindex = if_nametoindex("eftf1");
		spec.id = 1000 + (uint32_t)i;	/* not those of the other device */
		spec.inner4.s_addr = htonl(0x0a400100 + (uint32_t)i);
		assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &id, &err), 0);
		sleeper_start(&sleepers[i], dut);
	}
	assert_int_equal(pthread_create(&deleter, NULL, delete_link, NULL), 0);
	for (int i = 0; i < 20; i++) {
		start = fx_now();
		fx_attach(fx);
		fx_expect_alive(fx);
		assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
		fx_expect_down(fx, EFTF_REASON_DELETED);
		fx_expect_closed(fx, 1, 0);
		close(fx->peer.fd);
		fx_expect_within(start, 5000, "the life of a tunnel");
	}
	fx->peer.fd = -1;
	for (int i = 0; i < SLEEPERS; i++) {
		sleeper_end(&sleepers[i]);
		close(sleepers[i].sock);
		close(peers[i].fd);
	}
	pthread_join(deleter, NULL);
	assert_int_equal(if_nametoindex("eftf1"), 0);
}

/* ---- options that the socket brings along ---------------------------------------------------- */

static long orphans(void)
{
	FILE *f = fopen("/proc/net/sockstat", "r");
	char line[256];
	long n = -1;

	assert_non_null(f);
	while (n < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "TCP: inuse %*d orphan %ld", &n) != 1)
			n = -1;
	fclose(f);
	return n;
}

/*
 * The kernel closes the files that its own threads have dropped one after the
 * other: a socket that lingers there would hold up all the others.
 */
static void nobody_lingers(void **state)
{
	const struct linger long_time = {.l_onoff = 1, .l_linger = 100000};
	struct fx *fx = *state;
	struct eftf_err err;
	int64_t end;
	long before;
	int dut;

	dut = fx_pair(&fx->peer, KTLS_BOTH);
	assert_return_code(setsockopt(dut, SOL_SOCKET, SO_LINGER, &long_time, sizeof(long_time)), errno);
	assert_int_equal(fx_attach_fd(fx, dut, &err), 0);
	fx_stuff(fx);	/* the peer reads nothing: the close would have to wait for it */
	before = orphans();
	/* the last moment to set it once more */
	assert_return_code(setsockopt(dut, SOL_SOCKET, SO_LINGER, &long_time, sizeof(long_time)), errno);
	{
		pid_t pid = fork();	/* no last close in our own name */

		if (!pid) {
			close(dut);
			fx_sleep(3000);
			_exit(0);
		}
		close(dut);
		assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	/* closed: the connection lives on without a file, until the peer reads */
	for (end = fx_now() + 10000; orphans() <= before;) {
		if (fx_now() > end)
			fail_msg("expected the socket closed within 10 s, it lingers");
		fx_sleep(50);
	}
}

/* What would delay records is undone. */
static void delaying_options_do_not_delay(void **state)
{
	int lowat = 1 << 20, on = 1;
	struct fx *fx = *state;
	struct eftf_err err;
	int dut = fx_pair(&fx->peer, KTLS_BOTH);

	assert_return_code(setsockopt(dut, SOL_SOCKET, SO_RCVLOWAT, &lowat, sizeof(lowat)), errno);
	assert_return_code(setsockopt(dut, IPPROTO_TCP, 3 /* TCP_CORK */, &on, sizeof(on)), errno);
	assert_int_equal(fx_attach_fd(fx, dut, &err), 0);
	close(dut);
	for (int i = 0; i < 5; i++) {
		int64_t start = fx_now();

		fx_expect_alive(fx);
		/* TCP_CORK gives up after 200 ms: five of them would take a second */
		fx_expect_within(start, 5000, "traffic both ways");
	}
}

/* ---- the administrator of a namespace is not the machine's ----------------------------------- */

static void note_ifindex(const struct eftf_link_info *info, void *arg)
{
	*(uint32_t *)arg = info->ifindex;
}

/* In a child, with all rights in namespaces of its own. Returns its exit status. */
static int as_namespace_admin(int (*act)(struct fx *fx))
{
	pid_t pid = fork();
	int status = -1;

	assert_return_code(pid, errno);
	if (!pid) {
		struct eftf_link_spec link = {.name = FX_DEV, .role = EFTF_ROLE_UE};
		struct fx fx = {.role = EFTF_ROLE_UE};
		struct eftf_err err = {""};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(77);
		if (eftf_rt_open(&fx.rt, &err) || eftf_nl_open(&fx.nl, &err) ||
		    eftf_rt_link_up(fx.rt, 1, true, &err) || eftf_rt_link_add(fx.rt, &link, &err) ||
		    eftf_rt_link_get(fx.rt, FX_DEV, note_ifindex, &fx.ifindex, &err)) {
			print_error("seen: %s\n", err.text);
			_exit(1);
		}
		_exit(act(&fx));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();	/* no user namespaces here */
	return WEXITSTATUS(status);
}

static bool said(int ret, int error, const struct eftf_err *err, const char *words)
{
	if (ret == error && (!words || strstr(err->text, words)))
		return true;
	print_error("seen: %d %s\n", ret, err->text);
	return false;
}

static int persistent_tunnel(struct fx *fx)
{
	const struct eftf_tunnel_change change = {.has_persistent = true, .persistent = true};
	struct eftf_tunnel_spec spec;
	struct rec peer;
	struct eftf_err err = {""};
	int dut = fx_pair(&peer, KTLS_BOTH);

	spec = fx_spec(fx, dut);
	spec.persistent = true;
	if (!said(eftf_nl_tunnel_new(fx->nl, &spec, &fx->id, &err), -EPERM, &err,
		  "initial user namespace"))
		return 2;
	spec.persistent = false;
	if (!said(eftf_nl_tunnel_new(fx->nl, &spec, &fx->id, &err), 0, &err, NULL))
		return 3;
	if (!said(eftf_nl_tunnel_set(fx->nl, fx->ifindex, fx->id, &change, &err), -EPERM, &err,
		  "initial user namespace"))
		return 4;
	return fx_count(fx) == 1 ? 0 : 5;
}

static void persistent_tunnels_are_the_administrators(void **state)
{
	(void)state;
	assert_int_equal(as_namespace_admin(persistent_tunnel), 0);
}

static int socket_of_elsewhere(struct fx *fx)
{
	struct eftf_err err = {""};
	struct eftf_rt *rt;
	struct rec peer;
	int dut;

	/* the device stays behind, and so does the netlink socket that reaches it */
	if (unshare(CLONE_NEWNET) || eftf_rt_open(&rt, &err) || eftf_rt_link_up(rt, 1, true, &err))
		return 2;
	dut = fx_pair(&peer, KTLS_BOTH);
	if (!said(fx_attach_fd(fx, dut, &err), -EPERM, &err, "another network namespace"))
		return 3;
	return fx_count(fx) == 0 ? 0 : 4;
}

static void sockets_of_elsewhere_are_the_administrators(void **state)
{
	(void)state;
	assert_int_equal(as_namespace_admin(socket_of_elsewhere), 0);
}

static void ignore_tunnel(const struct eftf_tunnel_info *info, void *arg)
{
	(void)info;
	(void)arg;
}

static void note_tunnels(const struct eftf_link_info *info, void *arg)
{
	*(uint32_t *)arg = info->tunnels;
}

/* As a user without rights: returns 0 if nothing of a tunnel is shown. Link-level figures are. */
static int look_as_nobody(struct fx *fx)
{
	struct eftf_nl *events, *own;
	struct eftf_err err = {""};
	uint32_t tunnels = 0;

	if (setuid(65534) || eftf_nl_open(&own, &err))
		return 1;
	for (int inherited = 0; inherited < 2; inherited++) {
		struct eftf_nl *nl = inherited ? fx->nl : own;

		if (!said(eftf_nl_tunnel_get(nl, fx->ifindex, fx->id, ignore_tunnel, NULL, &err), -EPERM,
			  &err, NULL))
			return 2;
		if (!said(eftf_nl_tunnel_get(nl, 0, 0, ignore_tunnel, NULL, &err), -EPERM, &err, NULL))
			return 3;
	}
	if (!said(eftf_nl_events_open(&events, &err), -EPERM, &err, "CAP_NET_ADMIN"))
		return 4;
	if (!said(eftf_rt_link_get(fx->rt, FX_DEV, note_tunnels, &tunnels, &err), 0, &err, NULL))
		return 5;
	return tunnels == 1 ? 0 : 6;
}

/* Addresses of subscribers, and TLS tickets, are for the privileged. */
static void subscribers_are_not_for_everybody(void **state)
{
	struct fx *fx = *state;
	int status;
	pid_t pid;

	fx_attach(fx);
	pid = fork();
	assert_return_code(pid, errno);
	if (!pid)
		_exit(look_as_nobody(fx));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fx_expect_alive(fx);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(locked_socket_is_refused),
		GW(locked_sockets_hold_up_their_own_device_only),
		UE(nobody_lingers),
		GW(delaying_options_do_not_delay),
		cmocka_unit_test(persistent_tunnels_are_the_administrators),
		cmocka_unit_test(sockets_of_elsewhere_are_the_administrators),
		UE(subscribers_are_not_for_everybody),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
