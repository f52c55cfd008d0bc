// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attach, swaps and ends of every kind against each other and against traffic
 * in both directions, from both processors. Whatever comes first: whole records
 * until the end of the stream, one DOWN for each tunnel, nothing left.
 */
#include "fault.h"
#include "fixture.h"
#include "pump.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 15000	/* ms */

/* A debug kernel is slow: fewer rounds, and less traffic, or it does nothing else. */
static int rounds(int n)
{
	return fault_available() ? (n + 3) / 4 : n;
}

static int pace(int ms)
{
	return fault_available() ? ms * 20 : ms;
}

static uint32_t attach_nth(struct fx *fx, struct rec *peer, unsigned int k)
{
	int dut = fx_pair(peer, KTLS_BOTH);
	struct eftf_tunnel_spec spec = pump_spec(fx, dut, k);
	struct eftf_err err;
	uint32_t id = 0;

	if (eftf_nl_tunnel_new(fx->nl, &spec, &id, &err))
		fail_msg("tunnel %u: %s", k, err.text);
	close(dut);
	return id;
}

static void delete_nth(struct fx *fx, uint32_t id)
{
	struct eftf_err err;

	if (eftf_nl_tunnel_del(fx->nl, fx->ifindex, id, &err))
		fail_msg("delete %u: %s", id, err.text);
}

static void reset(int fd)
{

	fx_reset_on_close(fd);
	shutdown(fd, SHUT_RDWR);
}

/* ---- attach, swap and detach under traffic ------------------------------------------ */

static void swap_to(struct fx *fx, struct pump *old, struct pump *fresh)
{
	struct eftf_err err;
	struct rec peer;
	int dut = fx_pair(&peer, KTLS_BOTH);

	fresh->pause = (unsigned int)pace(1);
	if (eftf_nl_tunnel_swap(fx->nl, fx->ifindex, fx->id, dut, &err))
		fail_msg("swap: %s", err.text);
	close(dut);
	pump_start(fresh, fx, 0, &peer, 0);
	old->bye = true;
	pump_end(old);
	fx_event(fx, EFTF_CMD_EVENT_SWAPPED);
}

/* Returns packets that the peers heard. */
static unsigned long one_life_under_traffic(struct fx *fx, int round)
{
	static struct pump pumps[3];
	struct pump *p = pumps;
	struct rec peer;
	unsigned long heard = 0;

	memset(pumps, 0, sizeof(pumps));
	p->pause = (unsigned int)pace(1);
	fx->id = attach_nth(fx, &peer, 0);
	pump_start(p, fx, 0, &peer, 0);
	for (int swaps = round % 3; swaps; swaps--, p++)
		swap_to(fx, p, p + 1);
	fx_sleep(rand() % pace(30));
	switch (round % 5) {
	case 0:
	case 1:
		delete_nth(fx, fx->id);
		break;
	case 2:
		p->bye = true;
		break;
	case 3:
		shutdown(p->rec.fd, SHUT_WR);
		break;
	case 4:
		reset(p->rec.fd);
		break;
	}
	fx_event(fx, EFTF_CMD_EVENT_DOWN);
	pump_end(p);
	fx_wait_count(fx, PATIENCE, 0, "an end under traffic");
	for (; p >= pumps; p--)
		heard += p->heard;
	return heard;
}

static void attach_and_detach_under_traffic(void **state)
{
	struct blast blast = {.n = 1, .pause = (unsigned int)pace(1)};
	struct fx *fx = *state;
	unsigned long heard = 0;

	blast_start(&blast, fx, 1);
	for (int i = 0; i < rounds(40); i++) {
		heard += one_life_under_traffic(fx, i);
		fx_forget_events(fx);
	}
	blast_end(&blast);
	if (!heard || !blast.got)
		fail_msg("expected packets in both directions; seen: %lu out, %lu in of %lu", heard,
			 blast.got, blast.sent);
	fx_attach(fx);
	fx_expect_alive(fx);
}

/* ---- ends and swaps against each other ------------------------------------------------- */

enum ender { SWAP, DELETE, SAY_BYE, SHUT, RESET, SET, N_ENDERS };

struct racer {
	pthread_t thread;
	pthread_barrier_t *go;
	const struct fx *fx;
	enum ender what;
	int fd;			/* of the module for a swap, of the peer for an end */
	struct rec peer;	/* of fd */
	struct eftf_nl *nl;
	int ret;
	char text[128];
};

static void *racer_run(void *arg)
{
	struct racer *r = arg;
	const struct eftf_tunnel_change change = {.has_keepalive = true, .keepalive = 1,
						  .has_timeout = true, .timeout = 3600};
	struct eftf_err err = {""};
	uint8_t out[64];
	size_t n;

	pthread_barrier_wait(r->go);
	pump_spin(500);
	switch (r->what) {
	case SWAP:
		r->ret = eftf_nl_tunnel_swap(r->nl, r->fx->ifindex, r->fx->id, r->fd, &err);
		break;
	case DELETE:
		r->ret = eftf_nl_tunnel_del(r->nl, r->fx->ifindex, r->fx->id, &err);
		break;
	case SET:
		r->ret = eftf_nl_tunnel_set(r->nl, r->fx->ifindex, r->fx->id, &change, &err);
		break;
	case SAY_BYE:
		n = rec_seal(&r->peer.tx, REC_ALERT, "\1\0", 2, 0, out);
		(void)!send(r->fd, out, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		break;
	case SHUT:
		shutdown(r->fd, SHUT_WR);
		break;
	default:
		reset(r->fd);
		break;
	}
	snprintf(r->text, sizeof(r->text), "%s", err.text);
	return NULL;
}

static bool may_be(const struct racer *r)
{
	switch (r->what) {
	case SWAP:
		return !r->ret || r->ret == -EBUSY || r->ret == -ENOENT || r->ret == -ESHUTDOWN;
	case DELETE:
		return !r->ret || r->ret == -ENOENT;
	case SET:
		return !r->ret || r->ret == -ENOENT || r->ret == -ESHUTDOWN;
	default:
		return true;
	}
}

/* The peer's end of a connection comes to its end, with whole records before. */
static void drain(struct rec *peer, const char *which)
{
	static uint8_t data[REC_MAX + 256];
	int64_t end = fx_now() + PATIENCE;
	uint8_t type;
	long n = 0;

	while (n >= 0 && fx_now() < end)
		n = rec_recv(peer, &type, data, PATIENCE);
	if (n != -1 && n != -2)
		fail_msg("%s: expected the end of the stream, seen: %ld (-3: nothing, -4 and -5: no TLS record)",
			 which, n);
	close(peer->fd);
	peer->fd = -1;
}

/* Exactly one DOWN. */
static void one_down(struct fx *fx)
{
	unsigned int more = 0;

	fx_event(fx, EFTF_CMD_EVENT_DOWN);
	fx_sleep(20);
	for (unsigned int i = 0; i < fx->n_seen; i++)
		more += fx->seen[i].cmd == EFTF_CMD_EVENT_DOWN && fx->seen[i].id == fx->id;
	if (more)
		fail_msg("expected one event DOWN of tunnel %u, seen: %u more", fx->id, more);
	fx_forget_events(fx);
}

#define RACERS 5

static void start_racer(struct fx *fx, struct racer *r, pthread_barrier_t *go, enum ender what)
{
	struct eftf_err err;

	*r = (struct racer){.go = go, .fx = fx, .what = what, .fd = -1, .peer.fd = -1};
	if (what == SWAP)
		r->fd = fx_pair(&r->peer, KTLS_BOTH);
	else if (what == SAY_BYE || what == SHUT || what == RESET)
		r->fd = fx->peer.fd;
	if (what == SAY_BYE)
		r->peer = fx->peer;
	assert_int_equal(eftf_nl_open(&r->nl, &err), 0);
	assert_int_equal(pthread_create(&r->thread, NULL, racer_run, r), 0);
}

static void finish_racer(struct racer *r)
{
	eftf_nl_close(r->nl);
	if (!may_be(r))
		fail_msg("racer %d: expected success or a refusal that tells of the race, seen: %d \"%s\"",
			 r->what, r->ret, r->text);
	if (r->what == SWAP)
		close(r->fd);
}

static void one_race(struct fx *fx, int round)
{
	static const enum ender ends[] = {DELETE, SAY_BYE, SHUT, RESET};
	const enum ender who[RACERS] = {SWAP, SWAP, ends[round % 4], ends[round / 4 % 4], SET};
	struct racer racers[RACERS];
	pthread_barrier_t go;
	struct eftf_err err;

	fx_attach(fx);
	pthread_barrier_init(&go, NULL, RACERS + 1);
	for (int i = 0; i < RACERS; i++)
		start_racer(fx, &racers[i], &go, who[i]);
	pthread_barrier_wait(&go);
	for (int i = 0; i < RACERS; i++)
		pthread_join(racers[i].thread, NULL);
	pthread_barrier_destroy(&go);
	for (int i = 0; i < RACERS; i++)
		finish_racer(&racers[i]);
	/* a swap may have been first: then the end was the old connection's alone */
	eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err);
	one_down(fx);
	fx_wait_count(fx, PATIENCE, 0, "swaps and ends at the same time");
	shutdown(fx->peer.fd, SHUT_WR);
	drain(&fx->peer, "the first connection");
	for (int i = 0; i < RACERS; i++) {
		if (racers[i].what != SWAP)
			continue;
		shutdown(racers[i].peer.fd, SHUT_WR);
		drain(&racers[i].peer, "the connection of a swap");
	}
}

static void swaps_and_ends_at_the_same_time(void **state)
{
	struct blast blast = {.n = 1, .pause = (unsigned int)pace(2)};
	struct fx *fx = *state;

	blast_start(&blast, fx, 1);
	for (int i = 0; i < rounds(64); i++)
		one_race(fx, i);
	blast_end(&blast);
	fx_attach(fx);
	fx_expect_alive(fx);
}

/* ---- device and namespace go under traffic and commands ------------------------------ */

#define TUNNELS 6

/* Commands all the time, until the device is gone or it is told to stop. */
struct commander {
	pthread_t thread;
	uint32_t ifindex;
	bool stop;
	unsigned long done;
	struct eftf_nl *nl;
	int wrong;
	char text[128];
};

static void ignore(const struct eftf_tunnel_info *info, void *arg)
{
	(void)info;
	(void)arg;
}

static void *commander_run(void *arg)
{
	struct commander *c = arg;
	const struct eftf_tunnel_change change = {.has_keepalive = true, .keepalive = 1};
	struct eftf_err err = {""};

	for (uint32_t i = 0; !__atomic_load_n(&c->stop, __ATOMIC_RELAXED); i++) {
		int ret[3] = {
			eftf_nl_tunnel_get(c->nl, 0, 0, ignore, NULL, &err),
			eftf_nl_tunnel_set(c->nl, c->ifindex, 1 + i % TUNNELS, &change, &err),
			eftf_nl_tunnel_get(c->nl, c->ifindex, 1 + i % TUNNELS, ignore, NULL, &err),
		};

		for (int k = 0; k < 3; k++)
			if (ret[k] && ret[k] != -ENODEV && ret[k] != -ENOENT && ret[k] != -ESHUTDOWN &&
			    ret[k] != -EAGAIN && !c->wrong) {
				c->wrong = ret[k];
				snprintf(c->text, sizeof(c->text), "%s", err.text);
			}
		__atomic_store_n(&c->done, c->done + 1, __ATOMIC_RELAXED);
		if (fault_available())
			fx_sleep(10);
		else
			sched_yield();
	}
	return NULL;
}

static void commander_start(struct commander *c, uint32_t ifindex)
{
	struct eftf_err err;

	*c = (struct commander){.ifindex = ifindex};
	if (eftf_nl_open(&c->nl, &err))
		fail_msg("netlink: %s", err.text);
	assert_int_equal(pthread_create(&c->thread, NULL, commander_run, c), 0);
}

static void commander_end(struct commander *c)
{
	__atomic_store_n(&c->stop, true, __ATOMIC_RELAXED);
	pthread_join(c->thread, NULL);
	eftf_nl_close(c->nl);
	if (c->wrong)
		fail_msg("commands meanwhile: expected success, or that the device is gone; seen: %d \"%s\"",
			 c->wrong, c->text);
}

/* On a busy machine a thread may not have run for a while. */
static bool both_have_begun(const struct commander *commander, const struct blast *blast)
{
	for (int64_t end = fx_now() + PATIENCE; fx_now() < end; fx_sleep(1))
		if (__atomic_load_n(&commander->done, __ATOMIC_RELAXED) &&
		    __atomic_load_n(&blast->sent, __ATOMIC_RELAXED))
			return true;
	return false;
}

static void link_deleted_under_traffic_and_commands(void **state)
{
	/* a few grace periods, which take their time in a checked kernel under load */
	const int64_t limit = fault_available() ? 60000 : 10000;
	struct fx *fx = *state;

	for (int round = 0; round < rounds(8); round++) {
		/* threads may outlive a test that fails */
		static struct pump pumps[TUNNELS];
		static struct commander commander;
		static struct blast blast;
		struct eftf_err err;
		struct rec peer;
		int64_t start, took;

		if (round)
			fx_device(fx);
		memset(pumps, 0, sizeof(pumps));
		blast = (struct blast){.n = TUNNELS, .pause = (unsigned int)pace(1)};
		for (unsigned int k = 0; k < TUNNELS; k++) {
			attach_nth(fx, &peer, k);
			pumps[k].pause = (unsigned int)pace(2);
			pump_start(&pumps[k], fx, k, &peer, (int)k % 2);
		}
		blast_start(&blast, fx, 1);
		commander_start(&commander, fx->ifindex);
		fx_sleep(100 + rand() % pace(50));
		assert_true(both_have_begun(&commander, &blast));
		start = fx_now();
		if (eftf_rt_link_del(fx->rt, FX_DEV, &err))
			fail_msg("link del: %s", err.text);
		took = fx_now() - start;
		if (took > limit)
			fail_msg("expected the link to go in %lld ms, seen: %lld ms", (long long)limit,
				 (long long)took);
		printf("the link went in %lld ms\n", (long long)took);
		for (unsigned int k = 0; k < TUNNELS; k++)
			pump_end(&pumps[k]);
		commander_end(&commander);
		blast_end(&blast);
		assert_int_equal(fx_count(fx), 0);
	}
}

/* In a process that ends in the midst of it: its namespace has nothing but what it leaves. */
static void namespace_with_everything(const int *duts)
{
	struct blast blast = {.n = TUNNELS, .pause = (unsigned int)pace(1)};
	struct commander commander;
	struct fx *own = NULL;
	struct eftf_err err;

	if (fx_setup_gw((void **)&own))
		_exit(1);
	for (unsigned int k = 0; k < TUNNELS; k++) {
		struct eftf_tunnel_spec spec = pump_spec(own, duts[k], k);

		spec.persistent = k % 2;
		if (eftf_nl_tunnel_new(own->nl, &spec, &own->id, &err))
			_exit(2);
		close(duts[k]);
	}
	commander_start(&commander, own->ifindex);
	blast_start(&blast, own, 1);
	fx_sleep(150);
	if (!both_have_begun(&commander, &blast))
		_exit(3);
	_exit(commander.wrong ? 4 : 0);
}

static void namespace_deleted_under_traffic_and_commands(void **state)
{
	struct fx *fx = *state;

	for (int round = 0; round < rounds(8); round++) {
		static struct pump pumps[TUNNELS];
		struct rec peers[TUNNELS];
		int duts[TUNNELS], status;
		pid_t pid;

		memset(pumps, 0, sizeof(pumps));
		for (int k = 0; k < TUNNELS; k++)
			duts[k] = fx_pair(&peers[k], KTLS_BOTH);
		pid = fork();
		assert_return_code(pid, errno);
		if (!pid) {
			for (int k = 0; k < TUNNELS; k++)
				close(peers[k].fd);
			namespace_with_everything(duts);
		}
		for (unsigned int k = 0; k < TUNNELS; k++) {
			close(duts[k]);
			pumps[k].pause = (unsigned int)pace(2);
			pump_start(&pumps[k], fx, k, &peers[k], (int)k % 2);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (status)
			fail_msg("expected exit status 0 of the process in the namespace, seen: %d",
				 WEXITSTATUS(status));
		for (unsigned int k = 0; k < TUNNELS; k++)
			pump_end(&pumps[k]);
	}
	fx_attach(fx);
	fx_expect_alive(fx);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(attach_and_detach_under_traffic),
		GW(attach_and_detach_under_traffic),
		UE(swaps_and_ends_at_the_same_time),
		GW(swaps_and_ends_at_the_same_time),
		GW(link_deleted_under_traffic_and_commands),
		GW(namespace_deleted_under_traffic_and_commands),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("race_ends", tests, NULL, NULL);
}
