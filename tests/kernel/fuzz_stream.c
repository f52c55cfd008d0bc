// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A peer that says random things over real TLS records, while the tunnel is
 * changed, swapped and deleted. At the end of each round the peer finishes
 * what it has begun; then the tunnel has ended with an event that says why, and
 * something was done that may end it, or it carries traffic.
 */
#include "fuzz.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "side.h"

#define PATIENCE	30000	/* ms */

static struct streamfuzz {
	struct fx *fx;
	struct side now, old;
	bool has_old;
	const char *may_die;		/* what was done that may end the tunnel */
	bool down;			/* it has ended */
	struct eftf_tunnel_info end;
	char wanted[32];		/* text that the module is to send, and whether it did */
	bool got;
	unsigned long lived, died, swaps, packets, asked_again;
	unsigned long reasons[__EFTF_REASON_MAX];
} sf;

static void may_die(const char *why)
{
	if (!sf.may_die)
		sf.may_die = why;
}

/* ---- what the peer says ------------------------------------------------------- */

static void say_packet(struct side *s)
{
	char text[1400];
	uint8_t out[2048];
	size_t len = fuzz_below(sizeof(text)), n;

	memset(text, 'p', sizeof(text));
	n = fx_envelope(sf.fx, out, text, len);
	if (fuzz_one_in(3))	/* inside the packet: framing stays */
		for (uint32_t flips = 1 + fuzz_below(4); flips; flips--)
			out[3 + fuzz_below(40)] = (uint8_t)fuzz_below(256);
	if (fuzz_one_in(60))
		out[fuzz_below(3)] ^= (uint8_t)(1 << fuzz_below(8));
	for (uint32_t times = fuzz_one_in(5) ? fuzz_below(20) : 1; times; times--)
		side_say(s, out, n);
}

static void packet_heard(const uint8_t *packet, size_t len)
{
	struct eftf_inner_udp udp;

	sf.packets++;
	if (ftt_ims_check_ip(packet, len) <= 0)
		fuzz_fail("the module sent an envelope of %zu octets that is no IP packet", len);
	if (!eftf_inner_parse(packet, len, &udp) && udp.len == strlen(sf.wanted) &&
	    !memcmp(udp.data, sf.wanted, udp.len))
		sf.got = true;
}

/* ---- connections ------------------------------------------------------------------- */

static void open_now(bool fresh)
{
	side_open(&sf.now, fresh, &sf.may_die);
	sf.now.packet_heard = packet_heard;
	sf.now.to_server = sf.fx->role == EFTF_ROLE_GW;
}

static void old_ends(void)
{
	if (!sf.has_old)
		return;
	side_let_go(&sf.old);
	side_close(&sf.old, fuzz_one_in(2));
	sf.has_old = false;
}

static void swap(void)
{
	struct side before = sf.old;
	struct eftf_err err = {""};
	int ret;

	old_ends();
	before.rec.fd = before.dut = -1;
	sf.old = sf.now;
	sf.now = before;
	sf.old.may_die = NULL;
	open_now(true);
	ret = eftf_nl_tunnel_swap(sf.fx->nl, sf.fx->ifindex, sf.fx->id, sf.now.dut, &err);
	fuzz_did("swap: %s", ret ? err.text : "done");
	if (ret) {		/* -EBUSY, or it has ended */
		side_let_go(&sf.now);
		side_close(&sf.now, false);
		before = sf.now;
		sf.now = sf.old;
		sf.now.may_die = &sf.may_die;
		sf.old = before;
		return;
	}
	if (!fuzz_one_in(4))
		side_let_go(&sf.now);
	sf.has_old = true;
	sf.swaps++;
}

/* ---- what else happens ------------------------------------------------------------------ */

/* Another process uses the module's socket: the stream may break, the module must not. */
static void foreign_use(struct side *s)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	char data[100];
	int what = (int)fuzz_below(5);
	ssize_t n = 0;

	if (s->dut < 0 || !fuzz_one_in(20))
		return;
	may_die("another user of the socket");	/* also of the old one: it has its part of the data */
	s->broken = true;
	s->ended = true;	/* what the peer hears from now on may be anything */
	if (what == 0)
		n = recv(s->dut, data, sizeof(data), MSG_DONTWAIT);
	else if (what == 1)
		n = send(s->dut, data, fuzz_below(sizeof(data)), MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (what == 2)
		n = shutdown(s->dut, (int)fuzz_below(3));
	else if (what == 3)
		n = connect(s->dut, &none, sizeof(none));
	else
		n = send(s->dut, data, 50, MSG_DONTWAIT | MSG_MORE | MSG_NOSIGNAL);
	fuzz_did("another user of the socket: %d gives %zd", what, n);
}

static void change(void)
{
	struct eftf_tunnel_change c = {
		.has_keepalive = fuzz_one_in(2), .keepalive = fuzz_below(3) * 600,
		.has_timeout = fuzz_one_in(2), .timeout = fuzz_below(2) * 3600,
		.has_persistent = fuzz_one_in(2), .persistent = fuzz_one_in(2),
		.has_record_limit = fuzz_one_in(8), .record_limit = 1 + fuzz_below(200),
	};
	struct eftf_err err;

	if (c.has_record_limit && !eftf_nl_tunnel_set(sf.fx->nl, sf.fx->ifindex, sf.fx->id, &c,
						      &err))
		may_die("record limit");
	c.has_record_limit = false;
	eftf_nl_tunnel_set(sf.fx->nl, sf.fx->ifindex, sf.fx->id, &c, &err);
}

static void end_it(void)
{
	struct eftf_err err;

	switch (fuzz_below(4)) {
	case 0:
		may_die("deleted");
		eftf_nl_tunnel_del(sf.fx->nl, sf.fx->ifindex, sf.fx->id, &err);
		break;
	case 1:
		may_die("owner gone");
		eftf_nl_close(sf.fx->nl);
		assert_int_equal(eftf_nl_open(&sf.fx->nl, &err), 0);
		break;
	case 2:
		may_die("peer closed");
		side_push(&sf.now, SIZE_MAX, 0);
		side_close(&sf.now, fuzz_one_in(2));
		break;
	default:
		may_die("peer shut down");
		shutdown(sf.now.rec.fd, SHUT_WR);
		sf.now.broken = true;
		break;
	}
	fuzz_did("%s", sf.may_die);
}

/* The stack sends into the tunnel. */
static void dut_sends(void)
{
	static char data[9000];

	for (uint32_t n = fuzz_one_in(12) ? fuzz_below(200) : fuzz_below(4); n; n--)
		if (send(sf.fx->udp, data, fuzz_below(fuzz_one_in(20) ? sizeof(data) : 1300),
			 MSG_DONTWAIT) < 0 && errno != EAGAIN)
			return;
}

static void step(void)
{
	struct side *s = sf.has_old && fuzz_one_in(4) ? &sf.old : &sf.now;

	switch (fuzz_below(22)) {
	case 0: case 1: case 2: case 3:
		say_packet(s);
		break;
	case 4: case 5:
		side_say_odd(s);
		break;
	case 6: case 7: case 8:
		side_seal(s, fuzz_one_in(3));
		break;
	case 9:
		side_say_control(s);
		break;
	case 10: case 11: case 12:
		side_push(s, fuzz_one_in(2) ? SIZE_MAX : 1 + fuzz_below(2000), 0);
		break;
	case 13: case 14:
		side_listen(s, fuzz_below(200));
		break;
	case 15: case 16:
		dut_sends();
		break;
	case 17:
		change();
		break;
	case 18:
		if (fuzz_one_in(4))
			swap();
		break;
	case 19:
		foreign_use(s);
		break;
	case 20:
		if (fuzz_one_in(60))
			end_it();
		break;
	default:
		fx_sleep((int)fuzz_below(4));
		break;
	}
}

/* ---- verdict --------------------------------------------------------------------------- */

static void note_event(const struct eftf_tunnel_info *info, void *arg)
{
	(void)arg;
	if (info->cmd != EFTF_CMD_EVENT_DOWN || info->id != sf.fx->id)
		return;
	sf.down = true;
	sf.end = *info;
}

static void read_events(void)
{
	struct eftf_err err = {""};
	int ret = eftf_nl_events_read(sf.fx->events, note_event, NULL, &err);
	struct eftf_tunnel_info info;

	if (ret && ret != -ENOBUFS)
		fuzz_fail("events: %s", err.text);
	if (ret != -ENOBUFS || sf.down)
		return;
	/* events were lost: ask */
	memset(&info, 0, sizeof(info));
	if (eftf_nl_tunnel_get(sf.fx->nl, sf.fx->ifindex, sf.fx->id, note_event, NULL, &err)) {
		sf.down = true;
		info.reason = EFTF_REASON_ERROR;
		memcpy(info.reason_name, "lost", 5);
		sf.end = info;
	}
}

/* Everything that was said is in records, and most of those are sent; or the module reads nothing for long. */
static void seal_everything(struct side *s)
{
	int64_t end = fx_now() + PATIENCE;

	do {
		side_push(s, SIZE_MAX, 1000);	/* makes room */
		side_seal(s, true);
	} while (s->n_plain && fx_now() < end);
}

/* Ends the envelope that was begun, with as many octets as it takes. */
static void finish_envelope(struct side *s)
{
	static uint8_t zeros[65536];

	seal_everything(s);
	if (s->said.have == 1)
		side_say(s, "\0\3", 2);
	else if (s->said.have == 2)
		side_say(s, "\3", 1);
	seal_everything(s);
	if (s->said.have) {
		side_say(s, zeros, s->said.left);
		seal_everything(s);
	}
}

static bool heard_text(const char *text)
{
	char got[2048];
	ssize_t n;

	while ((n = recv(sf.fx->udp, got, sizeof(got) - 1, MSG_DONTWAIT)) != -1 ||
	       errno == ECONNREFUSED || errno == EHOSTUNREACH) {
		got[n < 0 ? 0 : n] = '\0';
		if (!strcmp(got, text))
			return true;
	}
	return false;
}

/* Where did it get stuck? */
static void fail_stuck(bool there)
{
	uint32_t mem[SK_MEMINFO_VARS] = {0};
	struct eftf_tunnel_info info;
	socklen_t len = sizeof(mem);
	int unsent = 0;

	fuzz_tell();
	info = fx_get(sf.fx);
	ioctl(sf.now.rec.fd, SIOCOUTQ, &unsent);
	getsockopt(sf.fx->udp, SOL_SOCKET, SO_MEMINFO, mem, &len);
	fail_msg("the tunnel neither ends nor carries packets (%s; there: %d, broken: %d; the peer has %zu octets not in "
		 "records, %zu not sent, %d on their way; the module has read %llu octets, %llu packets, dropped %llu; "
		 "the socket has dropped %u)", sf.may_die ? sf.may_die : "nothing ends it", there, sf.now.broken,
		 sf.now.n_plain, sf.now.n_wire, unsent,
		 (unsigned long long)info.stats[EFTF_STAT_RX_STREAM_BYTES],
		 (unsigned long long)info.stats[EFTF_STAT_RX_PACKETS],
		 (unsigned long long)info.stats[EFTF_STAT_DROP_RX_BACKLOG], mem[SK_MEMINFO_DROPS]);
}

/* Packets that the tunnel told to have dropped on their way to the stack; 0 if it has ended. */
static uint64_t dropped(void)
{
	struct eftf_tunnel_info info;
	struct eftf_err err;

	fx_find(sf.fx, &info, &err);
	return info.stats[EFTF_STAT_DROP_RX_BACKLOG] + info.stats[EFTF_STAT_DROP_RX_NOMEM];
}

static void ask(const char *text)
{
	uint8_t out[256];

	side_say(&sf.now, out, fx_envelope(sf.fx, out, text, strlen(text)));
	seal_everything(&sf.now);
}

/* One way, then back; or the end of the tunnel. */
static void wait_for_verdict(void)
{
	int64_t end = fx_now() + PATIENCE, told = 0;
	uint64_t before = dropped();
	bool there = false;
	char text[32];

	snprintf(text, sizeof(text), "there %u?", fuzz.round);
	snprintf(sf.wanted, sizeof(sf.wanted), "and back %u", fuzz.round);
	sf.got = false;
	sf.now.honest = true;
	ask(text);
	while (!sf.got && !sf.down) {
		side_push(&sf.now, SIZE_MAX, 0);
		if (sf.has_old)
			side_listen(&sf.old, 100);
		side_listen(&sf.now, 100);
		read_events();
		there = there || heard_text(text);
		/* behind a crowd of packets it may have been dropped; it must not get lost otherwise */
		if (!there && dropped() > before) {
			before = dropped();
			sf.asked_again++;
			ask(text);
		}
		/* the queue may have been full: again */
		if (there && fx_now() - told > 500) {
			told = fx_now();
			send(sf.fx->udp, sf.wanted, strlen(sf.wanted), MSG_DONTWAIT);
		}
		if (fx_now() > end)
			fail_stuck(there);
		fx_sleep(1);
	}
}

/* It cannot know what else may come: half a record, or a socket that another process uses. */
static void end_broken(void)
{
	static uint8_t zeros[REC_MAX + 1024];

	if (!sf.now.broken)
		return;
	if (sf.now.rec.fd >= 0 && sf.now.n_wire + sizeof(zeros) < 2 * PLAIN_MAX) {
		memcpy(sf.now.wire + sf.now.n_wire, zeros, sizeof(zeros));
		sf.now.n_wire += sizeof(zeros);
	}
	side_push(&sf.now, SIZE_MAX, 1000);
	side_let_go(&sf.now);
	side_close(&sf.now, fuzz_one_in(2));
}

/* The peer finishes what it has begun, and the tunnel has ended or carries packets. */
static void come_to_verdict(void)
{
	finish_envelope(&sf.now);
	end_broken();
	wait_for_verdict();
}

static void check_end(void)
{
	int64_t end = fx_now() + PATIENCE;

	if (!sf.may_die)
		fuzz_fail("the tunnel ended (%s, alert %u, errno %u) and nothing was done to it",
			  sf.end.reason_name, sf.end.alert, sf.end.sock_errno);
	if (!sf.end.reason || sf.end.reason >= __EFTF_REASON_MAX || !sf.end.reason_name[0])
		fuzz_fail("the tunnel ended for the reason %u \"%s\"", sf.end.reason,
			  sf.end.reason_name);
	sf.reasons[sf.end.reason]++;
	sf.died++;
	if (fx_count(sf.fx))
		fuzz_fail("the tunnel has ended and is still there");
	/* its stream ends as well */
	side_let_go(&sf.now);
	while (sf.now.rec.fd >= 0 && !sf.now.ended) {
		side_listen(&sf.now, 100);
		if (fx_now() > end)
			fuzz_fail("the tunnel has ended (%s), its connection has not: %s",
				  sf.end.reason_name, side_state(&sf.now));
		fx_sleep(1);
	}
}

static void attach(void)
{
	struct eftf_tunnel_spec spec;
	struct eftf_err err = {""};
	bool negotiated = fuzz_one_in(2);

	open_now(!negotiated);
	spec = fx_spec(sf.fx, sf.now.dut);
	spec.negotiated = negotiated;
	spec.persistent = fuzz_one_in(4);
	if (fuzz_one_in(4)) {	/* something is there before the module is */
		say_packet(&sf.now);
		side_seal(&sf.now, true);
		side_push(&sf.now, SIZE_MAX, 0);
	}
	if (eftf_nl_tunnel_new(sf.fx->nl, &spec, &sf.fx->id, &err))
		fuzz_fail("attach: %s", err.text);
	if (!fuzz_one_in(4))
		side_let_go(&sf.now);
}

static void one_round(void)
{
	struct eftf_err err;

	read_events();		/* of the tunnel before */
	sf.may_die = NULL;
	sf.down = false;
	fuzz_did("round %u", fuzz.round - 1);
	attach();
	for (uint32_t n = 10 + fuzz_below(300); n && !sf.down; n--) {
		step();
		if (fuzz_one_in(20))
			read_events();
	}
	come_to_verdict();
	if (sf.down) {
		check_end();
	} else {
		sf.lived++;
		eftf_nl_tunnel_del(sf.fx->nl, sf.fx->ifindex, sf.fx->id, &err);
	}
	old_ends();
	side_let_go(&sf.now);
	side_close(&sf.now, fuzz_one_in(2));
	if (fx_count(sf.fx))
		fuzz_fail("a deleted tunnel is still there");
}

/* Meanwhile another process dumps the tunnels, and changes their settings. */
static pid_t start_meddler(const struct fx *fx)
{
	pid_t pid = fork();
	struct fx own = {.ifindex = fx->ifindex};	/* id 0: whichever tunnel there is */
	struct eftf_err err;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (eftf_nl_open(&own.nl, &err))
		_exit(1);
	for (;;) {
		struct eftf_tunnel_change c = {.has_keepalive = true, .keepalive = 600,
					       .has_timeout = true, .timeout = 3600};
		struct eftf_tunnel_info info;

		if (fx_find(&own, &info, &err) && info.id)
			eftf_nl_tunnel_set(own.nl, own.ifindex, info.id, &c, &err);
		fx_sleep(30);	/* or checked kernels do nothing else */
	}
}

static void hostile_peer(void **state)
{
	const int room = 16 << 20;
	struct fx *fx = *state;
	pid_t meddler;

	sf.fx = fx;
	sf.lived = sf.died = side_records = sf.swaps = sf.packets = sf.asked_again = 0;
	sf.has_old = false;
	memset(sf.reasons, 0, sizeof(sf.reasons));
	/* it is read only now and then: nothing may get lost there */
	assert_return_code(setsockopt(fx->udp, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), errno);
	meddler = start_meddler(fx);
	fuzz_begin(25);
	while (fuzz_round())
		one_round();
	kill(meddler, SIGKILL);
	waitpid(meddler, NULL, 0);
	printf("%s%s: %u rounds, %lu tunnels lived, %lu ended; %lu records, %lu packets back, %lu swaps, %lu dropped and asked again\n",
	       fx->role == EFTF_ROLE_UE ? "ue" : "gw", sf.now.rec.tx.tls12 ? " (TLS 1.2)" : "",
	       fuzz.round - fuzz.first, sf.lived, sf.died,
	       side_records, sf.packets, sf.swaps, sf.asked_again);
	for (int i = 0; i < __EFTF_REASON_MAX; i++)
		if (sf.reasons[i])
			printf("reason %d: %lu\n", i, sf.reasons[i]);
	/* and now one with manners, though something may be altered before it begins */
	read_events();
	sf.may_die = NULL;
	sf.down = false;
	attach();
	come_to_verdict();
	if (sf.down && !sf.may_die)
		fuzz_fail("after all this a tunnel ended by itself (%s)", sf.end.reason_name);
	side_let_go(&sf.now);
	side_close(&sf.now, false);
	free(sf.now.plain);
	free(sf.now.wire);
	free(sf.old.plain);
	free(sf.old.wire);
	memset(&sf.now, 0, sizeof(sf.now));
	memset(&sf.old, 0, sizeof(sf.old));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hostile_peer, fx_setup_ue, fx_teardown),
		cmocka_unit_test_setup_teardown(hostile_peer, fx_setup_gw, fx_teardown),
		FX_TLS12(hostile_peer, ue, fx_teardown),
		FX_TLS12(hostile_peer, gw, fx_teardown),
	};

	fuzz_args(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
