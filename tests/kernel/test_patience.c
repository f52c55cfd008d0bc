// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Silence and suspension for minutes, of several tunnels of one gateway at the
 * same time: it takes 150 s, or up to 250 s if TCP has lost something for want
 * of room at a peer that did not read: it tries again at ever longer intervals.
 *
 *	deaf	its peer does not read for 130 s, then reads on
 *	silent	its peer says nothing; keep-alives each 10 s
 *	frozen	its peer's process is stopped for 120 s
 *	timed	its peer says nothing, and that ends it after 120 s
 *	busy	the same time limit, and traffic all the time
 */
#include "fixture.h"
#include "pump.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEAF_S		130
#define FROZEN_S	120
#define TIMEOUT_S	120
#define KEEPALIVE_S	10
#define END_S		150
#define TCP_S		120	/* between two tries, at most */
#define VOICE		200	/* packets; they fit into their sender's buffer */
#define RECORD		64	/* packets, at most: EFTF_BATCH_PACKETS of the module */
#define PORT		9100	/* tunnel k has PORT + k */

enum { DEAF, SILENT, FROZEN, TIMED, BUSY, TUNNELS };

static struct patience {
	struct fx *fx;
	uint32_t ids[TUNNELS];
	struct pump pumps[TUNNELS];	/* not of FROZEN */
	struct blast to_frozen, to_busy;
	int bulk, voice;		/* sockets, to DEAF */
	uint32_t n_bulk;
	unsigned int stalled[TUNNELS], down[TUNNELS];
	uint32_t reason;		/* of the last DOWN, and when it came */
	int64_t down_at, start;
} pt;

/* ---- the peer in a process of its own ---------------------------------------------------- */

struct report {
	unsigned long said, heard;
	char wrong[128];
};

static struct frozen {
	pid_t pid;
	int ask, answer;
} frozen;

static void frozen_run(const struct rec *peer, int ask, int answer)
{
	struct pump p = {.pause = 50, .port = PORT + FROZEN, .silent = true};
	struct report report = {0};
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pump_start(&p, pt.fx, FROZEN, peer, -1);
	/* once: speaks; again: says nothing more; then the report; then the end */
	(void)!read(ask, &c, 1);
	p.silent = false;
	(void)!read(ask, &c, 1);
	p.silent = true;
	(void)!read(ask, &c, 1);
	pump_stop(&p);
	report.said = p.said;
	report.heard = p.heard;
	memcpy(report.wrong, p.wrong, sizeof(report.wrong));
	(void)!write(answer, &report, sizeof(report));
	(void)!read(ask, &c, 1);
	_exit(0);
}

static void frozen_start(const struct rec *peer)
{
	int ask[2], answer[2];

	assert_return_code(pipe(ask), errno);
	assert_return_code(pipe(answer), errno);
	frozen.pid = fork();
	assert_return_code(frozen.pid, errno);
	if (!frozen.pid)
		frozen_run(peer, ask[0], answer[1]);
	close(peer->fd);
	close(ask[0]);
	close(answer[1]);
	frozen.ask = ask[1];
	frozen.answer = answer[0];
}

static void frozen_next(void)
{
	assert_int_equal(write(frozen.ask, "!", 1), 1);
}

static struct report frozen_report(void)
{
	struct report report = {0};

	frozen_next();
	assert_int_equal(read(frozen.answer, &report, sizeof(report)), sizeof(report));
	return report;
}

/* ---- set-up ---------------------------------------------------------------------------------- */

static void attach(unsigned int k, struct rec *peer, uint32_t keepalive, uint32_t timeout)
{
	int dut = fx_pair(peer, KTLS_BOTH);
	struct eftf_tunnel_spec spec = pump_spec(pt.fx, dut, k);
	struct eftf_err err;

	spec.keepalive = keepalive;
	spec.timeout = timeout;
	if (eftf_nl_tunnel_new(pt.fx->nl, &spec, &pt.ids[k], &err))
		fail_msg("tunnel %u: %s", k, err.text);
	close(dut);
}

static void begin(unsigned int k, uint32_t keepalive, uint32_t timeout)
{
	struct rec peer;

	attach(k, &peer, keepalive, timeout);
	pt.pumps[k].port = (uint16_t)(PORT + k);
	pump_start(&pt.pumps[k], pt.fx, k, &peer, -1);
}

static struct eftf_tunnel_info info(unsigned int k)
{
	pt.fx->id = pt.ids[k];
	return fx_get(pt.fx);
}

static uint64_t stat_of(unsigned int k, enum eftf_stat which)
{
	return info(k).stats[which];
}

/* Bulk until nothing more is taken, then voice, which nobody will want to hear. */
static void stuff_deaf(void)
{
	uint8_t text[FX_STUFFING] = {0};

	pt.bulk = pump_socket(pt.fx, DEAF, PORT + DEAF, 0);
	pt.voice = pump_socket(pt.fx, DEAF, PORT + 100, PUMP_VOICE);
	for (int idle = 0; idle < 30; idle++) {
		for (;;) {
			uint32_t number = pt.n_bulk + 1;

			memcpy(text, &number, sizeof(number));
			if (send(pt.bulk, text, sizeof(text), MSG_DONTWAIT) < 0)
				break;
			pt.n_bulk = number;
			idle = 0;
		}
		fx_sleep(20);
	}
	for (int i = 0; i < VOICE; i++)
		if (send(pt.voice, text, 160, 0) != 160)
			fail_msg("voice packet %d cannot be sent: %s", i, strerror(errno));
	assert_true(info(DEAF).queue_packets >= VOICE);
}

/* ---- time passes --------------------------------------------------------------------------- */

static void note(const struct eftf_tunnel_info *event, void *arg)
{
	(void)arg;
	for (unsigned int k = 0; k < TUNNELS; k++) {
		if (event->id != pt.ids[k])
			continue;
		pt.stalled[k] += event->cmd == EFTF_CMD_EVENT_STALLED;
		if (event->cmd != EFTF_CMD_EVENT_DOWN)
			continue;
		pt.down[k]++;
		pt.reason = event->reason;
		pt.down_at = fx_now();
	}
}

static void read_events(void)
{
	struct eftf_err err;

	if (eftf_nl_events_read(pt.fx->events, note, NULL, &err))
		fail_msg("events: %s", err.text);
}

static void until(int seconds)
{
	while (fx_now() < pt.start + seconds * 1000LL) {
		read_events();
		fx_sleep(100);
	}
}

static void wait_queue_empty(unsigned int k)
{
	int64_t end = fx_now() + TCP_S * 1000;

	while (info(k).queue_packets) {
		if (fx_now() > end)
			fail_msg("tunnel %u: expected its queue to drain, seen: %u packets in it", k,
				 info(k).queue_packets);
		read_events();
		fx_sleep(20);
	}
}

static void wait_heard(unsigned int k, const unsigned long *counter, unsigned long expected,
		       const char *what)
{
	int64_t end = fx_now() + 20000;

	while (__atomic_load_n(counter, __ATOMIC_RELAXED) < expected && fx_now() < end)
		fx_sleep(20);
	if (*counter != expected)
		fail_msg("tunnel %u: expected %lu %s, seen: %lu", k, expected, what, *counter);
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static unsigned long dropped_bulk(unsigned int k)
{
	struct eftf_tunnel_info i = info(k);

	return i.stats[EFTF_STAT_DROP_TX_FULL] + i.stats[EFTF_STAT_DROP_TX_CODEL];
}

/*
 * Old voice is dropped and counted, bulk comes in order; what is said now
 * arrives. While the voice was young TCP may have taken one more record, and the
 * next one is made before TCP is asked.
 */
static void deaf_has_read_on(void)
{
	struct pump *p = &pt.pumps[DEAF];
	uint64_t dropped;

	if (pt.stalled[DEAF] != 1)
		fail_msg("deaf: expected one event STALLED, seen: %u", pt.stalled[DEAF]);
	wait_queue_empty(DEAF);
	dropped = stat_of(DEAF, EFTF_STAT_DROP_TX_AGE);
	if (dropped < VOICE - 2 * RECORD || dropped > VOICE)
		fail_msg("deaf: expected %d voice packets dropped for their age, but for two records', seen: %llu",
			 VOICE, (unsigned long long)dropped);
	wait_heard(DEAF, &p->heard, pt.n_bulk - dropped_bulk(DEAF) + VOICE - dropped,
		   "packets of what was sent and not dropped");
	wait_heard(DEAF, &p->voice, VOICE - dropped, "packets of old voice");
	assert_int_equal(send(pt.voice, "fresh voice", 11, 0), 11);
	wait_heard(DEAF, &p->voice, VOICE - dropped + 1, "packets, the last of fresh voice");
	assert_int_equal(p->wrong[0], '\0');
	read_events();
	if (pt.stalled[DEAF] != 1)
		fail_msg("deaf: expected no further event STALLED, seen: %u", pt.stalled[DEAF]);
}

static void silent_got_keepalives(void)
{
	uint64_t sent = stat_of(SILENT, EFTF_STAT_KEEPALIVES_TX);
	struct pump *p = &pt.pumps[SILENT];

	if (sent < END_S / KEEPALIVE_S - 2 || sent > END_S / KEEPALIVE_S + 1)
		fail_msg("silent: expected a keep-alive each %d s for %d s, seen: %llu", KEEPALIVE_S,
			 END_S, (unsigned long long)sent);
	wait_heard(SILENT, &p->heard, sent, "keep-alives");
	if (p->longest > KEEPALIVE_S * 1000 + 5000)
		fail_msg("silent: expected %d s, at most 5 more, between two keep-alives, seen: %lld ms",
			 KEEPALIVE_S, (long long)p->longest);
}

static void timed_has_ended(void)
{
	if (pt.down[TIMED] != 1 || pt.reason != EFTF_REASON_TIMEOUT)
		fail_msg("timed: expected one event DOWN, timeout; seen: %u, reason %u",
			 pt.down[TIMED], pt.reason);
	if (pt.down_at - pt.start < TIMEOUT_S * 1000 - 2000 ||
	    pt.down_at - pt.start > TIMEOUT_S * 1000 + 8000)
		fail_msg("timed: expected the end after %d s, seen: after %lld ms", TIMEOUT_S,
			 (long long)(pt.down_at - pt.start));
	pump_end(&pt.pumps[TIMED]);
	assert_true(pt.pumps[TIMED].has_alert);
}

static void busy_was_not_disturbed(void)
{
	struct pump *p = &pt.pumps[BUSY];

	p->silent = true;
	fx_sleep(200);
	wait_heard(BUSY, &pt.to_busy.got, p->said, "packets of its peer's");
	blast_end(&pt.to_busy);
	wait_heard(BUSY, &p->heard, pt.to_busy.sent, "packets to its peer");
	if (p->longest > 5000 || pt.to_busy.longest > 5000)
		fail_msg("busy: expected a packet each 20 ms and no gap of 5 s, seen: %lld ms out, %lld ms in",
			 (long long)p->longest, (long long)pt.to_busy.longest);
}

static void frozen_goes_on(void)
{
	struct report report;

	blast_end(&pt.to_frozen);
	frozen_next();
	wait_queue_empty(FROZEN);
	fx_sleep(3000);		/* for it to read what TCP has */
	report = frozen_report();
	if (report.wrong[0])
		fail_msg("frozen: expected the stream to be intact, its peer got %s", report.wrong);
	if (report.heard + dropped_bulk(FROZEN) != pt.to_frozen.sent)
		fail_msg("frozen: expected %lu packets, seen: %lu and %lu dropped in the queue",
			 pt.to_frozen.sent, report.heard, dropped_bulk(FROZEN));
	if (stat_of(FROZEN, EFTF_STAT_RX_PACKETS) != report.said)
		fail_msg("frozen: expected %lu packets of its peer's, seen: %llu", report.said,
			 (unsigned long long)stat_of(FROZEN, EFTF_STAT_RX_PACKETS));
}

static void all_end_well(void)
{
	struct eftf_err err;

	for (unsigned int k = 0; k < TUNNELS; k++) {
		if (k == TIMED)
			continue;
		assert_int_equal(pt.down[k], 0);
		assert_int_equal(eftf_nl_tunnel_del(pt.fx->nl, pt.fx->ifindex, pt.ids[k], &err), 0);
		if (k == FROZEN)
			continue;
		pump_end(&pt.pumps[k]);
		assert_true(pt.pumps[k].has_alert);
	}
	kill(frozen.pid, SIGKILL);
	waitpid(frozen.pid, NULL, 0);
	assert_int_equal(fx_count(pt.fx), 0);
}

static void minutes_of_silence(void **state)
{
	struct rec peer;

	pt.fx = *state;
	/* first, so that its process has no other's connection */
	attach(FROZEN, &peer, 0, 0);
	frozen_start(&peer);
	for (unsigned int k = 0; k < TUNNELS; k++)
		pt.pumps[k].silent = true;
	pt.pumps[DEAF].deaf = true;
	pt.pumps[SILENT].pause = pt.pumps[TIMED].pause = pt.pumps[BUSY].pause = 20;
	pt.pumps[DEAF].pause = 1;
	begin(SILENT, KEEPALIVE_S, 0);
	begin(DEAF, 0, 0);
	begin(BUSY, 0, TIMEOUT_S);
	begin(TIMED, 0, TIMEOUT_S);
	pt.start = fx_now();
	pt.to_frozen = (struct blast){.first = FROZEN, .n = FROZEN + 1, .pause = 50,
				      .port = PORT + FROZEN};
	pt.to_busy = (struct blast){.first = BUSY, .n = BUSY + 1, .pause = 20, .port = PORT + BUSY};
	blast_start(&pt.to_frozen, pt.fx, -1);
	blast_start(&pt.to_busy, pt.fx, -1);
	/* only now: before, nobody listens at their ports, and ICMP would say so into the tunnels */
	pt.pumps[BUSY].silent = false;
	frozen_next();
	stuff_deaf();
	until(10);
	kill(frozen.pid, SIGSTOP);
	until(10 + FROZEN_S);
	kill(frozen.pid, SIGCONT);
	until(DEAF_S);
	pt.pumps[DEAF].deaf = false;
	until(END_S);
	silent_got_keepalives();
	timed_has_ended();
	busy_was_not_disturbed();
	deaf_has_read_on();
	frozen_goes_on();
	all_end_well();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(minutes_of_silence, fx_setup_gw, fx_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("patience", tests, NULL, NULL);
}
