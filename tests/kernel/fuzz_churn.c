// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels come and go at random, of several devices of both roles at the same
 * time and under traffic: attached in every way, swapped, changed, ended in
 * every way, by their owner's death, with their device or their namespace.
 * Works also while allocations are made to fail (fault.h): then a command may
 * be refused and a tunnel may end by itself, but no peer ever hears anything
 * but whole records, and every stream comes to its end.
 *
 * Every two seconds, and at the end, a line with the sums so far.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "far_end.h"
#include "fault.h"
#include "fixture.h"
#include "owner.h"
#include "pump.h"

#define WORKERS		3	/* the first has a gateway, the others UEs */
#define GW_SLOTS	5
#define PATIENCE	60000	/* ms; a checked kernel under load */

/* One tunnel and who has to do with it. */
struct slot {
	bool used;
	bool gone;		/* has ended, for a known reason or not */
	uint32_t id;
	struct pump *pump;
	pid_t owner;		/* process that owns it, or 0 */
};

/* Of all workers */
struct sums {
	unsigned long rounds, made, ended, refused, swaps, out, in;
	unsigned long untold;	/* ends that TCP had no memory for */
	unsigned long slowest;	/* deletion of a link with tunnels, ms */
};

static struct sums *sums;

static struct churn {
	struct fx *fx;
	struct slot slots[GW_SLOTS];
	unsigned int n_slots;
	struct blast blast;
	int other_ns;		/* for sockets that live elsewhere */
	unsigned int pace;	/* ms; a checked kernel does nothing else otherwise */
	bool faults;		/* some of the module's allocations failed in this round */
} ch;

static void count(unsigned long *sum, unsigned long n)
{
	__atomic_add_fetch(sum, n, __ATOMIC_RELAXED);
}

/* A command that did not do what it should: fine only where memory was short. */
static void may_fail(const char *what, int ret, const struct eftf_err *err)
{
	fuzz_did("%s: %s", what, err->text);
	count(&sums->refused, 1);
	ch.faults = ch.faults || fault_on();
	if (!ch.faults)
		fuzz_fail("%s: %d \"%s\"", what, ret, err->text);
}

/* ---- attach --------------------------------------------------------------------- */

static int pair_elsewhere(struct rec *peer)
{
	int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), dut;

	assert_return_code(setns(ch.other_ns, CLONE_NEWNET), errno);
	dut = fx_pair(peer, KTLS_BOTH);
	assert_return_code(setns(here, CLONE_NEWNET), errno);
	close(here);
	return dut;
}

static void end_owner(struct slot *s)
{
	if (!s->owner)
		return;
	kill(s->owner, SIGKILL);
	waitpid(s->owner, NULL, 0);
	s->owner = 0;
}

static void attach(struct slot *s)
{
	unsigned int k = (unsigned int)(s - ch.slots);
	struct eftf_err err = {"the owner could not"};
	struct eftf_tunnel_spec spec;
	struct rec peer;
	int dut = fuzz_one_in(3) ? pair_elsewhere(&peer) : fx_pair(&peer, KTLS_BOTH);
	int ret = 0;

	spec = pump_spec(ch.fx, dut, k);
	spec.persistent = fuzz_one_in(3);
	spec.keepalive = fuzz_below(3);
	spec.timeout = fuzz_one_in(3) ? 600 : 0;
	s->id = 0;
	if (fuzz_one_in(4)) {
		spec.persistent = false;
		s->owner = owner_start(&spec, &s->id);
		ret = s->id ? 0 : -ENOMEM;
	} else {
		ret = eftf_nl_tunnel_new(ch.fx->nl, &spec, &s->id, &err);
	}
	close(dut);
	if (ret) {
		end_owner(s);
		close(peer.fd);
		may_fail("attach", ret, &err);
		return;
	}
	fuzz_did("slot %u: attach, id %u%s%s", k, s->id, s->owner ? ", an owner" : "",
		 spec.persistent ? ", persistent" : "");
	s->pump = calloc(1, sizeof(*s->pump));
	assert_non_null(s->pump);
	s->pump->pause = ch.pace + fuzz_below(3 * ch.pace);
	pump_start(s->pump, ch.fx, k, &peer, fuzz_one_in(2));
	s->used = true;
	s->gone = false;
	count(&sums->made, 1);
}

/* ---- ends ---------------------------------------------------------------------------- */

static void reset(int fd)
{

	fx_reset_on_close(fd);
	shutdown(fd, SHUT_RDWR);
}

/*
 * Waits for the end of the module's stream. TCP forgets a FIN or RST that it
 * has no memory for, and its peer never hears of the end: the module has done
 * its part when it has let go of the socket. far_end: what was seen of that.
 */
static bool end_comes(struct pump *p, char *far_end, size_t size)
{
	for (int64_t until = fx_now() + PATIENCE; fx_now() < until;) {
		if (pump_hears_end(p, 2000))
			return true;
		if (far_end_held(p->rec.fd, far_end, size) || !(ch.faults || fault_on()))
			continue;
		fuzz_did("an end that was not told, far end: %s", far_end);
		count(&sums->untold, 1);
		/* or what is left of the far end, and with it its namespace, waits for a last word for ever */
		reset(p->rec.fd);
		return true;
	}
	return false;
}

/* The module's stream comes to its end; so does the pump. */
static void finish(struct pump *p, const char *what)
{
	char why[192], far_end[256] = "";
	bool came = end_comes(p, far_end, sizeof(far_end));

	if (!pump_ends(p, 0, why, sizeof(why)) && (!came || p->wrong[0]))
		fuzz_fail("%s: expected whole records, then the end of the stream; seen: %s; far end: %s",
			  what, why, far_end);
	count(&sums->out, p->heard);
	count(&sums->in, p->said);
	free(p);
}

static void gone(struct slot *s, const char *what)
{
	end_owner(s);
	finish(s->pump, what);
	s->used = false;
	count(&sums->ended, 1);
}

static void ignore(const struct eftf_tunnel_info *info, void *arg)
{
	(void)info;
	++*(unsigned int *)arg;
}

/* Its peer does not wait for what the module says after a reset: the tunnel's address may be in use for a while. */
static void wait_gone(uint32_t id)
{
	int64_t until = fx_now() + PATIENCE;
	struct eftf_err err;
	unsigned int n = 0;

	while (eftf_nl_tunnel_get(ch.fx->nl, ch.fx->ifindex, id, ignore, &n, &err) != -ENOENT) {
		if (fx_now() > until)
			fuzz_fail("reset: expected the end of tunnel %u in %d ms", id, PATIENCE);
		fx_sleep(2);
	}
}

/* Words that end a tunnel. */
static void peer_says(struct pump *p, uint8_t type, const void *data, size_t len)
{
	uint8_t out[64];
	size_t n;

	pump_stop(p);
	n = rec_seal(&p->rec.tx, type, data, len, 0, out);
	(void)!send(p->rec.fd, out, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	pump_resume(p);
}

static void end(struct slot *s)
{
	static const char *const names[] = {"deleted", "deleted", "owner killed", "close_notify",
		"alert", "FIN", "RST", "no framing", "forged record"};
	unsigned int how = fuzz_below(9);
	struct eftf_err err;
	int ret = 0;

	if (how == 2 && !s->owner)
		how = 0;
	fuzz_did("slot %d: ends: %s", (int)(s - ch.slots), names[how]);
	s->pump->silent = true;
	switch (how) {
	case 0: case 1:
		ret = eftf_nl_tunnel_del(ch.fx->nl, ch.fx->ifindex, s->id, &err);
		break;
	case 2:
		end_owner(s);
		break;
	case 3:
		s->pump->bye = true;
		break;
	case 4:
		peer_says(s->pump, REC_ALERT, "\2\x28", 2);
		break;
	case 5:
		shutdown(s->pump->rec.fd, SHUT_WR);
		break;
	case 6:
		reset(s->pump->rec.fd);
		break;
	case 7:
		peer_says(s->pump, REC_DATA, "\1\0\1", 3);
		break;
	default:
		s->pump->rec.tx.seq += 7;
		peer_says(s->pump, REC_DATA, "?", 1);
		break;
	}
	if (ret)
		may_fail("delete", ret, &err);
	/* not deleted for want of memory: its stream must end all the same */
	if (ret && ret != -ENOENT)
		shutdown(s->pump->rec.fd, SHUT_WR);
	gone(s, names[how]);
	if (how == 6)
		wait_gone(s->id);
}

/* ---- what else happens --------------------------------------------------------------- */

static void swap(struct slot *s)
{
	struct pump *fresh = calloc(1, sizeof(*fresh));
	struct rec peer;
	struct eftf_err err;
	int dut = fuzz_one_in(3) ? pair_elsewhere(&peer) : fx_pair(&peer, KTLS_BOTH);
	int ret = eftf_nl_tunnel_swap(ch.fx->nl, ch.fx->ifindex, s->id, dut, &err);

	assert_non_null(fresh);
	close(dut);
	if (ret) {
		close(peer.fd);
		free(fresh);
		/* the old transport's last steps may be under way */
		if (ret != -EBUSY)
			may_fail("swap", ret, &err);
		return;
	}
	fuzz_did("slot %d: swapped", (int)(s - ch.slots));
	fresh->pause = s->pump->pause;
	pump_start(fresh, ch.fx, (unsigned int)(s - ch.slots), &peer, fuzz_one_in(2));
	s->pump->bye = true;
	finish(s->pump, "swapped");
	s->pump = fresh;
	count(&sums->swaps, 1);
}

static void change(struct slot *s)
{
	const struct eftf_tunnel_change c = {
		.has_keepalive = true, .keepalive = fuzz_below(4),
		.has_timeout = true, .timeout = 600,
		.has_persistent = !s->owner, .persistent = fuzz_one_in(2),
	};
	struct eftf_err err;
	int ret = eftf_nl_tunnel_set(ch.fx->nl, ch.fx->ifindex, s->id, &c, &err);

	if (ret)
		may_fail("set", ret, &err);
}

static void look(void)
{
	struct eftf_err err;
	unsigned int n = 0;
	int ret = eftf_nl_tunnel_get(ch.fx->nl, 0, 0, ignore, &n, &err);

	if (ret)
		may_fail("dump", ret, &err);
}

static void delete_link(const char *name)
{
	int64_t start = fx_now();
	unsigned long ms, before = sums->slowest;
	struct eftf_err err;

	if (eftf_rt_link_del(ch.fx->rt, name, &err))
		fuzz_fail("link del: %s", err.text);
	ms = (unsigned long)(fx_now() - start);
	while (before < ms && !__atomic_compare_exchange_n(&sums->slowest, &before, ms, false,
							   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	if (ms > PATIENCE)
		fuzz_fail("link del: expected an end in %d ms, seen: %lu ms", PATIENCE, ms);
}

/* A second device, with a tunnel, that goes at once. */
static void another_link(void)
{
	struct eftf_link_spec link = {.name = "eftf1", .role = fuzz_one_in(2) ? EFTF_ROLE_GW :
				      EFTF_ROLE_UE};
	struct pump *p = calloc(1, sizeof(*p));
	struct eftf_tunnel_spec spec;
	struct eftf_err err;
	struct rec peer;
	uint32_t id = 0;
	int dut, ret = eftf_rt_link_add(ch.fx->rt, &link, &err);

	assert_non_null(p);
	fuzz_did("another link");
	if (ret) {
		free(p);
		may_fail("link add", ret, &err);
		return;
	}
	dut = fuzz_one_in(2) ? pair_elsewhere(&peer) : fx_pair(&peer, KTLS_BOTH);
	spec = pump_spec(ch.fx, dut, 99);
	spec.ifindex = if_nametoindex("eftf1");
	spec.persistent = fuzz_one_in(2);
	ret = eftf_nl_tunnel_new(ch.fx->nl, &spec, &id, &err);
	close(dut);
	if (ret)
		may_fail("attach to another link", ret, &err);
	else
		count(&sums->made, 1);
	p->pause = ch.pace;
	pump_start(p, ch.fx, 0, &peer, fuzz_one_in(2));
	fx_sleep((int)fuzz_below(10));
	delete_link("eftf1");
	finish(p, "another link deleted");
	count(&sums->ended, !ret);
}

static void step(void)
{
	struct slot *s = &ch.slots[fuzz_below(ch.n_slots)];

	if (!s->used) {
		attach(s);
		return;
	}
	switch (fuzz_below(12)) {
	case 0: case 1: case 2:
		end(s);
		break;
	case 3: case 4:
		swap(s);
		break;
	case 5:
		change(s);
		break;
	case 6:
		look();
		break;
	case 7:
		s->pump->deaf = !s->pump->deaf;
		break;
	case 8:
		if (fuzz_one_in(3))
			another_link();
		break;
	default:
		fx_sleep((int)fuzz_below(60));
		break;
	}
}

/* ---- rounds ------------------------------------------------------------------------------ */

/* With everything in it, by name or together with the namespace; or one after the other. */
static void end_round(void)
{
	uint32_t how = fuzz_below(3);

	fuzz_did("the round ends in way %u", how);
	if (how == 0)
		delete_link(FX_DEV);
	for (struct slot *s = ch.slots; s < &ch.slots[ch.n_slots]; s++) {
		if (!s->used)
			continue;
		if (how == 1)	/* nobody waits for anything */
			reset(s->pump->rec.fd);
		if (how == 2)
			end(s);
		else
			gone(s, how ? "the namespace goes" : "the device goes");
	}
	blast_end(&ch.blast);
	ch.fx->short_of_memory = ch.faults || fault_on();
	count(&sums->rounds, 1);
}

static void one_round(void **state)
{
	/* a namespace costs seconds in a checked kernel */
	int64_t until = fx_now() + (fault_available() ? 15000 : 5000);

	ch.fx = *state;
	ch.faults = ch.faults || fault_on();
	ch.n_slots = ch.fx->role == EFTF_ROLE_GW ? GW_SLOTS : 1;
	memset(ch.slots, 0, sizeof(ch.slots));
	ch.blast = (struct blast){.n = ch.n_slots, .pause = ch.pace};
	blast_start(&ch.blast, ch.fx, (int)fuzz_below(2));
	for (uint32_t n = 30 + fuzz_below(100); n && fx_now() < until; n--) {
		step();
		fx_forget_events(ch.fx);
	}
	end_round();
}

static int worker(int number)
{
	const struct CMUnitTest gw[] = {
		cmocka_unit_test_setup_teardown(one_round, fx_setup_gw, fx_teardown),
	};
	const struct CMUnitTest ue[] = {
		cmocka_unit_test_setup_teardown(one_round, fx_setup_ue, fx_teardown),
	};
	struct eftf_rt *rt;
	struct eftf_err err;
	int failed = 0;

	fuzz.seed += (uint64_t)number << 32;
	ch.pace = fault_available() ? 30 : 4;
	if (unshare(CLONE_NEWNET) || eftf_rt_open(&rt, &err) || eftf_rt_link_up(rt, 1, true, &err))
		return 1;
	eftf_rt_close(rt);
	ch.other_ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	fuzz_begin(100);
	while (!failed && fuzz_round()) {
		ch.faults = fault_on();
		failed = number ? cmocka_run_group_tests_name("ue", ue, NULL, NULL) :
			cmocka_run_group_tests_name("gw", gw, NULL, NULL);
	}
	return failed;
}

static void tell(void)
{
	printf("sums: rounds=%lu made=%lu ended=%lu refused=%lu swaps=%lu out=%lu in=%lu untold=%lu slowest=%lu\n",
	       sums->rounds, sums->made, sums->ended, sums->refused, sums->swaps, sums->out,
	       sums->in, sums->untold, sums->slowest);
}

int main(int argc, char **argv)
{
	pid_t pids[WORKERS];
	int failed = 0;

	fuzz_args(argc, argv);
	sums = mmap(NULL, sizeof(*sums), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sums == MAP_FAILED)
		return 1;
	fflush(stdout);
	for (int i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			failed = worker(i);
			fflush(stdout);
			/* not exit(): libcrypto must not go while the pumps of a failed round still use it */
			_exit(failed);
		}
	}
	for (int left = WORKERS; left;) {
		int status;

		for (int ms = 0; ms < 2000 && left; ms += 100) {
			pid_t pid = waitpid(-1, &status, WNOHANG);

			left -= pid > 0;
			failed += pid > 0 && status;
			if (pid <= 0)
				fx_sleep(100);
		}
		tell();
	}
	for (int i = 0; failed && i < WORKERS; i++)
		kill(pids[i], SIGKILL);
	printf("%lu rounds, %lu tunnels made, %lu ended; %d workers failed\n", sums->rounds,
	       sums->made, sums->ended, failed);
	if (!sums->made || !sums->out || !sums->in)
		failed++;
	return failed != 0;
}
