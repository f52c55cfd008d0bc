// SPDX-License-Identifier: GPL-2.0-or-later
/* Order: what came by one tunnel reaches the stack as it came, also when the stack is overloaded. */
#include "fault.h"
#include "fixture.h"
#include "pump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* One that keeps a processor's softirqs busy, so that NAPI is put off to ksoftirqd. */
static pid_t start_flood(int cpu)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(9)};
	static const char text[16] = "flood";
	pid_t pid = fork();
	cpu_set_t set;
	int fd;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (;;)
		(void)!sendto(fd, text, sizeof(text), 0, (struct sockaddr *)&sin, sizeof(sin));
}

static void end_floods(const pid_t floods[2])
{
	for (int cpu = 0; cpu < 2; cpu++)
		pump_hush(floods[cpu]);
}

/* Numbered packets from the peer, fifty in a record */
static pid_t start_sender(struct fx *fx, uint32_t ordered)
{
	uint8_t out[REC_MAX];
	pid_t pid = fork();

	if (pid)
		return pid;
	for (uint32_t number = 1; number <= ordered;) {
		size_t n = 0;

		for (int i = 0; i < 50 && number <= ordered; i++, number++)
			n += fx_envelope(fx, out + n, &number, sizeof(number));
		rec_send(&fx->peer, REC_DATA, out, n);
	}
	_exit(0);
}

/* The floods also drop TCP's segments, and it may be a minute until it tries those again. */
static bool all_acknowledged(const struct fx *fx)
{
	int octets;

	assert_return_code(ioctl(fx->peer.fd, SIOCOUTQ, &octets), errno);
	return !octets;
}

/*
 * Packets of a tunnel stay in order, wherever the worker and the softirqs are
 * just running. What the overloaded stack does not take is counted.
 */
static void packets_stay_in_order(void **state)
{
	/* a checked kernel is slow, and the floods take nearly all of it */
	const uint32_t ordered = fault_available() ? 1500 : 20000;
	unsigned int got = 0, behind = 0, quiet_seconds = 0, dropped;
	struct fx *fx = *state;
	int size = 64 << 20;
	int64_t end = fx_now() + 200000;
	uint32_t number, last = 0;
	bool flooded = true;
	pid_t floods[2], pid;

	fx_attach(fx);
	assert_return_code(setsockopt(fx->udp, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), errno);
	for (int cpu = 0; cpu < 2; cpu++)
		floods[cpu] = start_flood(cpu);
	pid = start_sender(fx, ordered);
	/* The last ones may be dropped: then all are accounted for. The floods may starve the sender for long;
	 * without them ten seconds of silence are the end, if TCP has delivered all.
	 */
	while (last < ordered) {
		struct pollfd p = {.fd = fx->udp, .events = POLLIN};

		if (poll(&p, 1, 1000) != 1) {
			if (got + fx_stat(fx, EFTF_STAT_DROP_RX_BACKLOG) == ordered)
				break;
			if (++quiet_seconds < 10)
				continue;
			quiet_seconds = 0;
			if (!flooded && (all_acknowledged(fx) || fx_now() > end))
				break;
			if (flooded)
				end_floods(floods);
			flooded = false;
			continue;
		}
		quiet_seconds = 0;
		assert_int_equal(recv(fx->udp, &number, sizeof(number), 0), sizeof(number));
		got++;
		behind += number <= last;
		if (number > last)
			last = number;
	}
	if (flooded)
		end_floods(floods);
	waitpid(pid, NULL, 0);
	dropped = (unsigned int)fx_stat(fx, EFTF_STAT_DROP_RX_BACKLOG);
	if (behind || !got || got + dropped != ordered)
		fail_msg("expected %u packets in order, or dropped by the stack, seen: %u, the last is number %u; %u dropped, %u came too late",
			 ordered, got, last, dropped, behind);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(packets_stay_in_order, fx_setup_ue, fx_teardown),
		cmocka_unit_test_setup_teardown(packets_stay_in_order, fx_setup_gw, fx_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
