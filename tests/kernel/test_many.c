// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A thousand tunnels of one gateway at the same time, or EFTF_MANY of them: each
 * finds its UE and nobody else's, a dump shows each once, and however they end,
 * one after the other or all with their device, every peer is told.
 */
#include "fault.h"
#include "fixture.h"
#include "pump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 10000
#define PORT 9101

static struct many {
	struct fx *fx;
	unsigned int n;
	int peers[MOST];
	struct rec_key tx, rx;		/* of all of them, before the first record */
	uint32_t ids[MOST];
	uint8_t seen[MOST];		/* by a dump */
	int udp;
} many;

static void allow_files(void)
{
	const struct rlimit files = {.rlim_cur = MOST + 1000, .rlim_max = MOST + 1000};

	assert_return_code(setrlimit(RLIMIT_NOFILE, &files), errno);
}

/* sndbuf: octets of the module's socket, 0 for the kernel's choice */
static void make(unsigned int k, int sndbuf)
{
	static struct rec peer;
	int dut = fx_pair(&peer, KTLS_BOTH);
	struct eftf_tunnel_spec spec = pump_spec(many.fx, dut, k);
	struct eftf_err err;

	if (sndbuf)
		assert_return_code(setsockopt(dut, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf)), errno);
	if (eftf_nl_tunnel_new(many.fx->nl, &spec, &many.ids[k], &err))
		fail_msg("tunnel %u: %s", k, err.text);
	close(dut);
	many.peers[k] = peer.fd;
	many.tx = peer.tx;
	many.rx = peer.rx;
}

/* The n-th record of peer k. */
static struct rec *rec_of(unsigned int k, uint64_t n)
{
	static struct rec rec;

	rec.fd = many.peers[k];
	rec.tx = many.tx;
	rec.rx = many.rx;
	rec.tx.seq = rec.rx.seq = n;
	rec.have = 0;
	return &rec;
}

/* ---- what holds for each of them -------------------------------------------------------- */

static void send_to(unsigned int k, const void *data, size_t len)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = pump_ue(k)};

	assert_return_code(sendto(many.udp, data, len, 0, (struct sockaddr *)&to, sizeof(to)), errno);
}

static void to_its_ue(unsigned int k)
{
	static uint8_t data[REC_MAX + 256];
	struct eftf_inner_udp udp;
	uint8_t type = 0;
	uint32_t number;
	long n;

	send_to(k, &k, sizeof(k));
	n = rec_recv(rec_of(k, 0), &type, data, 10000);
	if (n <= FTT_IMS_HDR_LEN || type != REC_DATA ||
	    eftf_inner_parse(data + FTT_IMS_HDR_LEN, (size_t)n - FTT_IMS_HDR_LEN, &udp))
		fail_msg("UE %u: expected its packet, reading gave %ld, type %u", k, n, type);
	memcpy(&number, udp.data, sizeof(number));
	if (udp.len != sizeof(number) || number != k || udp.dst.s_addr != pump_ue(k).s_addr)
		fail_msg("UE %u: expected its packet, seen: that of UE %u", k, number);
}

static void from_its_ue(unsigned int k)
{
	struct eftf_inner_udp udp = {.src = pump_ue(k), .sport = PORT, .dport = PORT,
		.data = (const uint8_t *)&k, .len = sizeof(k)};
	struct pollfd p = {.fd = many.udp, .events = POLLIN};
	struct sockaddr_in from = {0};
	socklen_t size = sizeof(from);
	uint8_t out[256];
	uint32_t number = 0;
	size_t len;

	inet_pton(AF_INET, FX_GW, &udp.dst);
	len = eftf_inner_build(out + FTT_IMS_HDR_LEN, sizeof(out) - FTT_IMS_HDR_LEN, &udp);
	ftt_ims_put_header(out, FTT_IMS_TYPE_IP, len);
	rec_send(rec_of(k, 0), REC_DATA, out, len + FTT_IMS_HDR_LEN);
	if (poll(&p, 1, 10000) != 1)
		fail_msg("UE %u: expected its packet, nothing came", k);
	assert_int_equal(recvfrom(many.udp, &number, sizeof(number), 0, (struct sockaddr *)&from,
				  &size), sizeof(number));
	if (number != k || from.sin_addr.s_addr != pump_ue(k).s_addr)
		fail_msg("expected the packet of UE %u, seen: that of UE %u", k, number);
}

/* The UE hears close_notify, then the end of the stream; or the end alone, if that may be. Returns false then. */
static bool is_told(unsigned int k, bool or_ended)
{
	static uint8_t data[256 + REC_MAX];
	uint8_t type = 0;
	struct rec *rec = rec_of(k, 1);
	long n = rec_recv(rec, &type, data, 60000);
	bool told = n == 2 && type == REC_ALERT && data[1] == 0;

	if (!told && !(or_ended && n == -1 && !rec->have))
		fail_msg("UE %u: expected close_notify, reading gave %ld, type %u", k, n, type);
	if (told && rec_recv(rec, &type, data, 60000) != -1)
		fail_msg("UE %u: expected the end of the stream after close_notify", k);
	close(many.peers[k]);
	return told;
}

static void see(const struct eftf_tunnel_info *info, void *arg)
{
	unsigned int k = ntohl(info->inner4.s_addr) - ntohl(pump_ue(0).s_addr);

	(void)arg;
	if (k >= many.n || many.ids[k] != info->id)
		fail_msg("a dump: seen: a tunnel that nobody made, id %u", info->id);
	many.seen[k]++;
}

static void ignore(const struct eftf_tunnel_info *event, void *arg)
{
	(void)event;
	(void)arg;
}

static void dump_shows_each_once(void)
{
	struct eftf_err err;

	memset(many.seen, 0, sizeof(many.seen));
	if (eftf_nl_tunnel_get(many.fx->nl, 0, 0, see, NULL, &err))
		fail_msg("dump: %s", err.text);
	for (unsigned int k = 0; k < many.n; k++)
		if (many.seen[k] != 1)
			fail_msg("a dump: expected tunnel %u once, seen: %u times", k, many.seen[k]);
}

/* ---- the story --------------------------------------------------------------------------- */

/* For who looks at the log: how long did it take? */
static void took(const char *what)
{
	static int64_t before;
	int64_t now = fx_now();

	if (what)
		print_message("%u tunnels: %s in %lld ms\n", many.n, what, (long long)(now - before));
	fflush(stdout);
	before = now;
}

static unsigned int how_many(void)
{
	const char *n = getenv("EFTF_MANY");

	if (n)
		return (unsigned int)atoi(n) < MOST ? (unsigned int)atoi(n) : MOST;
	/* a checked kernel is slow */
	return fault_available() ? 200 : 1000;
}

static void many_tunnels(void **state)
{
	unsigned int untold = 0;
	struct eftf_err err;
	int64_t start;
	bool slow;

	many.fx = *state;
	many.n = how_many();
	allow_files();
	many.udp = pump_socket_of_all(many.fx, PORT);
	took(NULL);
	for (unsigned int k = 0; k < many.n; k++)
		make(k, 0);
	took("made");
	dump_shows_each_once();
	took("dumped");
	for (unsigned int k = 0; k < many.n; k++) {
		to_its_ue(k);
		from_its_ue(k);
	}
	took("a packet to each and from each");

	/* every third by itself */
	for (unsigned int k = 0; k < many.n; k += 3)
		if (eftf_nl_tunnel_del(many.fx->nl, many.fx->ifindex, many.ids[k], &err))
			fail_msg("tunnel %u: %s", k, err.text);
	for (unsigned int k = 0; k < many.n; k += 3)
		is_told(k, false);
	assert_int_equal(fx_count(many.fx), many.n - (many.n + 2) / 3);
	took("each third deleted, and its UE told");

	/* nobody has read the events of all that, and is told so */
	if (many.n > 5000)
		assert_int_equal(eftf_nl_events_read(many.fx->events, ignore, NULL, &err), -ENOBUFS);

	start = fx_now();
	if (eftf_rt_link_del(many.fx->rt, FX_DEV, &err))
		fail_msg("link: %s", err.text);
	/* for its last word each has a second (EFTF_LAST_WORD_JIFFIES): a checked kernel is too slow for so many */
	slow = fx_now() - start >= 1000;
	took("link deleted with two thirds of them");
	for (unsigned int k = 0; k < many.n; k++)
		if (k % 3)
			untold += !is_told(k, slow);
	print_message("%u ended without close_notify\n", untold);
	took("all others told");
	assert_int_equal(fx_count(many.fx), 0);
	close(many.udp);
}

/* ---- what they may have together ------------------------------------------------------------ */

#define FULL		300		/* tunnels with a queue that has more than its fair share */
#define SEND		60000		/* octets of a packet: few of them, as a checked kernel is slow */
#define SENDS		19		/* more than the MiB that one queue takes */
#define TOTAL_MIB	256
#define FAIR_KIB	32

static void add_queue(const struct eftf_tunnel_info *info, void *arg)
{
	*(uint64_t *)arg += info->queue_bytes;
}

static uint64_t queued(void)
{
	struct eftf_err err;
	uint64_t sum = 0;

	if (eftf_nl_tunnel_get(many.fx->nl, 0, 0, add_queue, &sum, &err))
		fail_msg("dump: %s", err.text);
	return sum;
}

/* Peers that do not read cost a gateway no more memory than that, and no other tunnel its call. */
static void queues_have_a_bound_together(void **state)
{
	static const uint8_t text[SEND];
	const uint64_t most = ((uint64_t)TOTAL_MIB << 20) + FULL * ((FAIR_KIB + 64) << 10);
	int size = 512 << 20;
	struct eftf_err err;
	uint64_t sum;

	many.fx = *state;
	many.n = FULL + 1;
	allow_files();
	many.udp = pump_socket_of_all(many.fx, PORT);
	assert_return_code(setsockopt(many.udp, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)), errno);
	assert_int_equal(eftf_rt_link_mtu(many.fx->rt, many.fx->ifindex, SEND + 1000, &err), 0);
	for (unsigned int k = 0; k < many.n; k++)
		make(k, 8192);
	for (unsigned int i = 0; i < SENDS; i++)
		for (unsigned int k = 0; k < FULL; k++)
			send_to(k, text, sizeof(text));
	sum = queued();
	if (sum < (uint64_t)(TOTAL_MIB - 16) << 20 || sum > most)
		fail_msg("expected the queues to hold %u MiB, and at most %llu octets; seen: %llu",
			 TOTAL_MIB, (unsigned long long)most, (unsigned long long)sum);
	to_its_ue(FULL);
	from_its_ue(FULL);
	if (eftf_rt_link_del(many.fx->rt, FX_DEV, &err))
		fail_msg("link: %s", err.text);
	for (unsigned int k = 0; k < many.n; k++)
		close(many.peers[k]);
	close(many.udp);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_tunnels, fx_setup_gw, fx_teardown),
		cmocka_unit_test_setup_teardown(queues_have_a_bound_together, fx_setup_gw, fx_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}
