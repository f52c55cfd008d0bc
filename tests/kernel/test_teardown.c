// SPDX-License-Identifier: GPL-2.0-or-later
/* Ends from this side: owners, devices, namespaces, foreign users of the socket, many tunnels. */
#include "fixture.h"
#include "owner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t spawn_owner(struct fx *fx, bool persistent)
{
	int dut = fx_pair(&fx->peer, KTLS_BOTH);
	struct eftf_tunnel_spec spec = fx_spec(fx, dut);
	pid_t pid;

	spec.persistent = persistent;
	pid = owner_start(&spec, &fx->id);
	close(dut);
	assert_int_not_equal(fx->id, 0);
	return pid;
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void tunnel_goes_with_its_owner(void **state)
{
	struct fx *fx = *state;
	pid_t pid = spawn_owner(fx, false);

	fx_expect_alive(fx);
	kill_child(pid);
	fx_expect_down(fx, EFTF_REASON_OWNER);
	fx_expect_closed(fx, 1, 0);
}

static void persistent_tunnel_stays(void **state)
{
	struct fx *fx = *state;
	pid_t pid = spawn_owner(fx, true);

	kill_child(pid);
	fx_sleep(200);
	fx_expect_alive(fx);
	assert_true(fx_get(fx).persistent);
}

static void persistence_can_change(void **state)
{
	struct eftf_tunnel_change change = {.has_persistent = true, .persistent = true};
	struct fx *fx = *state;
	struct eftf_err err;
	pid_t pid = spawn_owner(fx, false);

	fx_set(fx, &change);
	kill_child(pid);
	fx_sleep(200);
	fx_expect_alive(fx);
	/* the one that takes it back is its owner */
	change.persistent = false;
	fx_set(fx, &change);
	eftf_nl_close(fx->nl);
	fx_expect_down(fx, EFTF_REASON_OWNER);
	assert_int_equal(eftf_nl_open(&fx->nl, &err), 0);
}

static pid_t spawn_traffic(struct fx *fx)
{
	pid_t pid = fork();

	assert_return_code(pid, errno);
	if (!pid) {
		/* not so much that the connection is full: the last word must fit */
		for (;;) {
			(void)!send(fx->udp, "traffic", 7, MSG_DONTWAIT | MSG_NOSIGNAL);
			fx_sleep(1);
		}
	}
	return pid;
}

static void device_deleted_under_traffic(void **state)
{
	struct fx *fx = *state;
	struct eftf_err err;
	int64_t start;
	pid_t pid;

	fx_attach(fx);
	pid = spawn_traffic(fx);
	for (int i = 0; i < 50; i++)
		fx_peer_says(fx, "traffic");
	start = fx_now();
	assert_int_equal(eftf_rt_link_del(fx->rt, FX_DEV, &err), 0);
	kill_child(pid);
	fx_expect_within(start, 5000, "the end of the link");
	fx_expect_down(fx, EFTF_REASON_LINK);
	fx_expect_closed(fx, 1, 0);
}

/* The device's namespace goes, the socket's stays. */
static void device_namespace_deleted(void **state)
{
	struct fx *fx = *state;
	int dut = fx_pair(&fx->peer, KTLS_BOTH), status;
	pid_t pid = fork();

	assert_return_code(pid, errno);
	if (!pid) {
		struct fx *own = NULL;
		struct eftf_tunnel_spec spec;
		struct eftf_err err;

		if (fx_setup_ue((void **)&own))
			_exit(1);
		spec = fx_spec(own, dut);
		spec.persistent = true;
		if (eftf_nl_tunnel_new(own->nl, &spec, &own->id, &err))
			_exit(2);
		for (int i = 0; i < 100; i++)
			fx_dut_says(own, "until the end");
		_exit(0);
	}
	close(dut);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	fx_expect_closed(fx, 1, 0);
}

/* The socket's namespace has nothing left but the socket; then it goes too. */
static void socket_namespace_deleted(void **state)
{
	struct fx *fx = *state;
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), dut;
	struct eftf_err err;

	assert_return_code(unshare(CLONE_NEWNET), errno);
	{
		struct eftf_rt *rt;

		assert_int_equal(eftf_rt_open(&rt, &err), 0);
		assert_int_equal(eftf_rt_link_up(rt, 1, true, &err), 0);
		eftf_rt_close(rt);
	}
	dut = fx_pair(&fx->peer, KTLS_BOTH);
	assert_return_code(setns(here, CLONE_NEWNET), errno);
	close(here);
	assert_int_equal(fx_attach_fd(fx, dut, &err), 0);
	close(dut);
	fx_event(fx, EFTF_CMD_EVENT_UP);
	fx_expect_alive(fx);
	assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
	fx_expect_closed(fx, 1, 0);
}

static void both_namespaces_deleted(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_return_code(pid, errno);
	if (!pid) {
		struct fx *own = NULL;

		if (fx_setup_gw((void **)&own))
			_exit(1);
		fx_attach(own);
		fx_expect_alive(own);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A program that kept the descriptor sits in a blocking call; the tunnel ends nonetheless. */
static void foreign_user_cannot_hold_the_end_up(struct fx *fx, bool writes)
{
	int dut = fx_pair(&fx->peer, KTLS_BOTH);
	static char data[65536];
	struct eftf_err err;
	int64_t start;
	pid_t pid;

	assert_int_equal(fx_attach_fd(fx, dut, &err), 0);
	pid = fork();
	if (!pid) {
		for (;;)
			if ((writes ? send(dut, data, sizeof(data), MSG_NOSIGNAL) :
				      recv(dut, data, sizeof(data), 0)) <= 0)
				_exit(0);
	}
	fx_sleep(300);
	for (int i = 0; i < 20; i++)
		fx_dut_says(fx, "behind a foreign writer");
	start = fx_now();
	assert_int_equal(eftf_rt_link_del(fx->rt, FX_DEV, &err), 0);
	kill_child(pid);
	fx_expect_within(start, 5000, "the end of the link");
	fx_expect_down(fx, EFTF_REASON_LINK);
	close(dut);
}

static void foreign_writer(void **state)
{
	foreign_user_cannot_hold_the_end_up(*state, true);
}

static void foreign_reader(void **state)
{
	foreign_user_cannot_hold_the_end_up(*state, false);
}

#define WRITERS 60

/*
 * Many at a time, and their workers wait for the foreign writers: other
 * devices' tunnels do not, and all of them end.
 */
static void many_foreign_writers(void **state)
{
	struct eftf_link_spec other = {.name = "eftf1", .role = EFTF_ROLE_GW};
	const int little = 65536;	/* or all together take what TCP may have in a small machine */
	struct rec peers[WRITERS];
	static char data[65536];
	struct fx *fx = *state;
	struct eftf_err err;
	pid_t pids[WRITERS];
	int64_t start;

	assert_int_equal(eftf_rt_link_add(fx->rt, &other, &err), 0);
	fx_attach(fx);
	for (int i = 0; i < WRITERS; i++) {
		int dut = fx_pair(&peers[i], KTLS_BOTH);
		struct eftf_tunnel_spec spec = fx_spec(fx, dut);
		uint32_t id;

		spec.ifindex = if_nametoindex("eftf1");
		spec.inner4.s_addr = htonl(0x0a400100 + (uint32_t)i);
		spec.keepalive = 1;
		setsockopt(dut, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
		setsockopt(peers[i].fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
		assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &id, &err), 0);
		pids[i] = fork();
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			while (send(dut, data, sizeof(data), MSG_NOSIGNAL) > 0)
				;
			_exit(0);
		}
		close(dut);
	}
	fx_sleep(2500);	/* the keep-alives are due, and their senders stuck */
	fx_expect_alive(fx);
	start = fx_now();
	assert_int_equal(eftf_rt_link_del(fx->rt, "eftf1", &err), 0);
	for (int i = 0; i < WRITERS; i++) {
		kill_child(pids[i]);
		close(peers[i].fd);
	}
	fx_expect_within(start, 10000, "the end of the link");
	fx_expect_alive(fx);
}

/* A release whose peer never reads ends all the same. */
static void release_of_a_stalled_tunnel_is_bounded(void **state)
{
	struct fx *fx = *state;
	struct eftf_err err;
	int64_t start = fx_now();

	fx_attach(fx);
	fx_stuff(fx);
	assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
	fx_expect_down(fx, EFTF_REASON_DELETED);
	/* the device's last reference goes with the transport */
	start = fx_now();
	assert_int_equal(eftf_rt_link_del(fx->rt, FX_DEV, &err), 0);
	fx_expect_within(start, 5000, "the end of the link");
}

#define MANY 150

static void attach_many(struct fx *fx, struct rec *peers, uint32_t *ids)
{
	struct eftf_err err;

	for (int i = 0; i < MANY; i++) {
		int dut = fx_pair(&peers[i], KTLS_BOTH);
		struct eftf_tunnel_spec spec = fx_spec(fx, dut);

		spec.inner4.s_addr = htonl(0x0a400100 + (uint32_t)i);
		if (eftf_nl_tunnel_new(fx->nl, &spec, &ids[i], &err))
			fail_msg("tunnel %d: %s", i, err.text);
		close(dut);
	}
}

static void seen_once(const struct eftf_tunnel_info *info, void *arg)
{
	uint8_t *seen = arg;

	assert_true(info->id > 0 && info->id <= MANY * 20);
	assert_int_equal(seen[info->id]++, 0);
}

/* A dump sees every tunnel that is there all the time, and none twice. */
static void dumps_while_tunnels_change(void **state)
{
	static uint8_t seen[MANY * 20 + 1];
	struct rec peers[MANY];
	struct fx *fx = *state;
	uint32_t ids[MANY];
	struct eftf_err err;

	attach_many(fx, peers, ids);
	for (int round = 0; round < 10; round++) {
		pid_t pid = fork();

		if (!pid) {
			struct eftf_nl *nl;

			if (eftf_nl_open(&nl, &err))
				_exit(1);
			for (int i = round; i < MANY; i += 11)
				if (eftf_nl_tunnel_del(nl, fx->ifindex, ids[i], &err))
					_exit(2);
			_exit(0);
		}
		memset(seen, 0, sizeof(seen));
		assert_int_equal(eftf_nl_tunnel_get(fx->nl, 0, 0, seen_once, seen, &err), 0);
		for (int i = 10; i < MANY; i += 11)	/* these are never deleted */
			assert_int_equal(seen[ids[i]], 1);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
	}
	for (int i = 0; i < MANY; i++)
		close(peers[i].fd);
}

static void counted(const struct eftf_tunnel_info *info, void *arg)
{
	(void)info;
	++*(unsigned int *)arg;
}

/* A listener that slept is told, and knows all again after one dump. */
static void slow_listener_is_told(void **state)
{
	struct rec peers[MANY];
	struct fx *fx = *state;
	uint32_t ids[MANY];
	struct eftf_err err;
	unsigned int n = 0;
	int least = 1, ret;

	setsockopt(eftf_nl_fd(fx->events), SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	attach_many(fx, peers, ids);
	ret = eftf_nl_events_read(fx->events, counted, &n, &err);
	assert_int_equal(ret, -ENOBUFS);
	assert_int_equal(fx_count(fx), MANY);
	for (int i = 0; i < MANY; i++)
		close(peers[i].fd);
}

static void of_its_kind(const struct eftf_tunnel_info *info, void *arg)
{
	unsigned int *kinds = arg;

	kinds[info->cmd == EFTF_CMD_EVENT_DOWN]++;
	assert_int_equal(info->role, EFTF_ROLE_GW);
}

static unsigned int live;

static void live_one(const struct eftf_tunnel_info *info, void *arg)
{
	(void)info;
	(void)arg;
	live++;
}

/* Two listeners, one of which sleeps: the other one gets every event, once, and no word of it. */
static void slow_listener_disturbs_nobody(void **state)
{
	unsigned int awake[2] = {0}, slow[2] = {0};
	struct rec peers[MANY];
	struct fx *fx = *state;
	struct eftf_nl *sleeper;
	uint32_t ids[MANY];
	struct eftf_err err;
	int least = 1, ret;

	assert_int_equal(eftf_nl_events_open(&sleeper, &err), 0);
	setsockopt(eftf_nl_fd(sleeper), SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	attach_many(fx, peers, ids);
	ret = eftf_nl_events_read(fx->events, of_its_kind, awake, &err);
	if (ret || awake[0] != MANY || awake[1])
		fail_msg("expected %d events UP at the listener that is awake, seen: %u, %u DOWN, %d",
			 MANY, awake[0], awake[1], ret);
	/* the one that slept is told, once, and knows all by a dump: from then on nothing gets lost without a word */
	ret = eftf_nl_events_read(sleeper, of_its_kind, slow, &err);
	if (ret != -ENOBUFS)
		fail_msg("expected %d at the listener that slept, seen: %d, %u events", -ENOBUFS, ret,
			 slow[0]);
	assert_int_equal(eftf_nl_tunnel_get(fx->nl, 0, 0, live_one, NULL, &err), 0);
	assert_int_equal(live, MANY);
	slow[0] = slow[1] = 0;
	/* from then on both are equal again */
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, ids[i], &err), 0);
		assert_int_equal(eftf_nl_events_read(sleeper, of_its_kind, slow, &err), 0);
		assert_int_equal(eftf_nl_events_read(fx->events, of_its_kind, awake, &err), 0);
	}
	if (slow[1] != MANY || awake[1] != MANY)
		fail_msg("expected %d events DOWN at both, seen: %u at the one that slept, %u at the other",
			 MANY, slow[1], awake[1]);
	eftf_nl_close(sleeper);
	for (int i = 0; i < MANY; i++)
		close(peers[i].fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(tunnel_goes_with_its_owner),
		GW(persistent_tunnel_stays),
		UE(persistence_can_change),
		UE(device_deleted_under_traffic),
		UE(device_namespace_deleted),
		UE(socket_namespace_deleted),
		UE(both_namespaces_deleted),
		UE(foreign_writer),
		UE(foreign_reader),
		GW(many_foreign_writers),
		UE(release_of_a_stalled_tunnel_is_bounded),
		GW(dumps_while_tunnels_change),
		GW(slow_listener_is_told),
		GW(slow_listener_disturbs_nobody),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("teardown", tests, NULL, NULL);
}
