// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic for measurements: voice-like packets with the time of sending in them, bulk TCP, and what either costs.
 * Sender and receiver need the same clock, so both run on one machine, in namespaces of it.
 *
 *   traffic talk ADDRESS PORT SECONDS [DSCP [OCTETS]]   50 packets/s of 200 octets with their IPv4 header
 *   traffic listen PORT SECONDS                 prints a row for each: number, when sent, delay (us)
 *   traffic push ADDRESS PORT SECONDS [FLOWS]   sends as much as it can by TCP
 *   traffic sink PORT SECONDS                   takes it; prints a row each second: when, octets
 *   traffic offer ADDRESS PORT SECONDS RATE [FLOWS [FROM]]   packets of 200 octets, RATE/s in all (0: as many as can be);
 *                                               with FROM the n-th flow goes from FROM + n to ADDRESS + n
 *   traffic write FD SECONDS SIZE [RATE]        on an inherited socket: writes of SIZE octets
 *   traffic meter udp PORT | tcp PORT | fd FD  FROM WINDOW N
 *                                               takes such traffic; FROM seconds after the first of it begin N windows
 *                                               of WINDOW seconds; a row for each: packets (udp) or octets, packets
 *                                               missing, ns that have passed, ns of them that the processor was busy
 *   traffic echo PORT SECONDS                   sends packets back
 *   traffic first ADDRESS PORT SECONDS COMMAND...     starts the command, asks such an echo each 5 ms, prints how long it took
 *                                               until the first answer (ms), and ends the command
 *   traffic delay FROM TO [EXPECTED] <ROWS      of the packets sent between FROM and TO (s since the
 *                                               first): packets, lost, p50, p99, longest (ms)
 *   traffic quantiles FROM TO <ROWS             of the same: the shortest, p1 to p99, the longest (ms)
 *   traffic rate FROM TO <ROWS                  Mbit/s between FROM and TO (s since the first row)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_NS	20000000u
#define PAYLOAD		172u
#define IP_UDP		28u
#define MAX_PACKET	1472u
#define MAX_FLOWS	64u
#define MAX_SENDERS	1000u
#define SECOND_US	1000000u

struct packet {
	uint64_t number, sent_us;
	uint8_t padding[PAYLOAD - 16];
};

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void __attribute__((noreturn)) usage(void)
{
	fputs("usage: traffic talk ADDRESS PORT SECONDS [DSCP [OCTETS]] | listen PORT SECONDS |\n"
	      "       push ADDRESS PORT SECONDS [FLOWS] | sink PORT SECONDS |\n"
	      "       offer ADDRESS PORT SECONDS RATE [FLOWS [FROM]] | write FD SECONDS SIZE [RATE] |\n"
	      "       meter udp PORT|tcp PORT|fd FD FROM WINDOW N |\n"
	      "       echo PORT SECONDS | first ADDRESS PORT SECONDS COMMAND... |\n"
	      "       delay FROM TO [EXPECTED] | quantiles FROM TO | rate FROM TO\n", stderr);
	exit(2);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_US + (uint64_t)ts.tv_nsec / 1000;
}

static unsigned long number(const char *text, unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || !*text || n > most) {
		fprintf(stderr, "traffic: \"%s\": a number from 0 to %lu is needed\n", text, most);
		exit(2);
	}
	return n;
}

/* of a packet of talk, with its IPv4 header */
static unsigned long octets(const char *text)
{
	unsigned long n = number(text, IP_UDP + MAX_PACKET);

	if (n >= IP_UDP + PAYLOAD)
		return n;
	fprintf(stderr, "traffic: a packet has at least %u octets\n", IP_UDP + PAYLOAD);
	exit(2);
}

static struct sockaddr_in address(const char *text, const char *port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
				  .sin_port = htons((uint16_t)number(port, 65535))};

	if (inet_pton(AF_INET, text, &sin.sin_addr) != 1) {
		fprintf(stderr, "traffic: \"%s\" is no IPv4 address\n", text);
		exit(2);
	}
	return sin;
}

/* The same of either family */
static struct sockaddr_storage any_address(const char *text, const char *port)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6};
	struct sockaddr_storage any = {0};
	struct sockaddr_in sin;

	if (inet_pton(AF_INET6, text, &sin6.sin6_addr) == 1) {
		sin6.sin6_port = htons((uint16_t)number(port, 65535));
		memcpy(&any, &sin6, sizeof(sin6));
	} else {
		sin = address(text, port);
		memcpy(&any, &sin, sizeof(sin));
	}
	return any;
}

/* A socket that takes what comes to a port, by IPv4 and by IPv6 */
static int open_port(int type, const char *port)
{
	struct sockaddr_storage any = any_address("::", port);
	int fd = socket(AF_INET6, type, 0), on = 1;

	if (fd >= 0 && !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
	    !bind(fd, (struct sockaddr *)&any, sizeof(struct sockaddr_in6)))
		return fd;
	die(port);
}

/* Waits until ns nanoseconds after the last such time. */
static void next_time(struct timespec *next, uint64_t ns)
{
	next->tv_nsec += (long)(ns % 1000000000);
	next->tv_sec += (time_t)(ns / 1000000000);
	if (next->tv_nsec >= 1000000000) {
		next->tv_nsec -= 1000000000;
		next->tv_sec++;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

static void talk(const char *to, const char *port, unsigned long seconds, unsigned long dscp, unsigned long size)
{
	struct sockaddr_storage any = any_address(to, port);
	int fd = socket(any.ss_family, SOCK_DGRAM, 0), tos = (int)(dscp << 2);
	bool six = any.ss_family == AF_INET6;
	uint8_t data[MAX_PACKET] = {0};
	struct packet p = {0};
	struct timespec next;

	if (fd < 0 || setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_TCLASS : IP_TOS, &tos, sizeof(tos)) ||
	    connect(fd, (struct sockaddr *)&any, sizeof(any)))
		die("talk");
	p.padding[0] = 1;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (; p.number < seconds * 50; p.number++) {
		p.sent_us = now_us();
		memcpy(data, &p, sizeof(p));
		send(fd, data, size - IP_UDP, 0);	/* what is refused is lost, and counted so */
		next_time(&next, INTERVAL_NS);
	}
}

static int wait_until(struct pollfd *fds, nfds_t n, uint64_t end)
{
	uint64_t now = now_us();

	return now < end ? poll(fds, n, (int)((end - now) / 1000) + 1) : 0;
}

static void listen_to(const char *port, unsigned long seconds)
{
	struct pollfd fd = {.fd = open_port(SOCK_DGRAM, port), .events = POLLIN};
	uint64_t end = now_us() + seconds * SECOND_US;
	struct packet p;

	while (wait_until(&fd, 1, end) > 0)
		if (recv(fd.fd, &p, sizeof(p), 0) >= (ssize_t)offsetof(struct packet, padding))
			printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", p.number, p.sent_us,
			       now_us() - p.sent_us);
}

static void push(const char *to, const char *port, unsigned long seconds, unsigned long flows)
{
	struct sockaddr_storage any = any_address(to, port);
	struct pollfd fds[MAX_FLOWS];
	uint64_t end = now_us() + seconds * SECOND_US;
	static uint8_t data[65536];
	unsigned long i;

	for (i = 0; i < flows; i++) {
		fds[i] = (struct pollfd){.fd = socket(any.ss_family, SOCK_STREAM, 0), .events = POLLOUT};
		if (fds[i].fd < 0 || connect(fds[i].fd, (struct sockaddr *)&any, sizeof(any)))
			die("push");
	}
	while (wait_until(fds, flows, end) > 0)
		for (i = 0; i < flows; i++)
			if (fds[i].revents && send(fds[i].fd, data, sizeof(data),
						   MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
			    errno != EAGAIN)
				die("push");
}

static void sink(const char *port, unsigned long seconds)
{
	struct pollfd fds[MAX_FLOWS + 1] = {{.fd = open_port(SOCK_STREAM, port), .events = POLLIN}};
	uint64_t end = now_us() + seconds * SECOND_US, row = now_us() + SECOND_US, octets = 0;
	static uint8_t data[65536];
	nfds_t n = 1, i;
	ssize_t len;

	if (listen(fds[0].fd, MAX_FLOWS))
		die("sink");
	while (now_us() < end) {
		wait_until(fds, n, row);
		for (i = 1; i < n; i++) {
			len = fds[i].revents ? recv(fds[i].fd, data, sizeof(data), MSG_DONTWAIT) : 0;
			if (len > 0)
				octets += (uint64_t)len;
			else if (fds[i].revents && (!len || errno != EAGAIN))
				fds[i].fd = -1;		/* poll() leaves it out; ends with us */
		}
		if (fds[0].revents && n <= MAX_FLOWS) {
			fds[n] = (struct pollfd){.fd = accept(fds[0].fd, NULL, NULL), .events = POLLIN};
			n += fds[n].fd >= 0;
		}
		if (now_us() >= row) {
			printf("%" PRIu64 " %" PRIu64 "\n", row, octets);
			row += SECOND_US;
		}
	}
}

/* ---- how long it takes to begin -------------------------------------------- */

static void echo(const char *port, unsigned long seconds)
{
	struct pollfd fd = {.fd = open_port(SOCK_DGRAM, port), .events = POLLIN};
	uint64_t end = now_us() + seconds * SECOND_US;
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	uint8_t data[64];
	ssize_t len;

	for (; wait_until(&fd, 1, end) > 0; size = sizeof(from)) {
		len = recvfrom(fd.fd, data, sizeof(data), 0, (struct sockaddr *)&from, &size);
		if (len > 0)
			sendto(fd.fd, data, (size_t)len, 0, (struct sockaddr *)&from, size);
	}
}

/* A socket keeps the address that it began with, so each question has its own; the latest are still listened to. */
static int answered(const struct sockaddr_in *sin, unsigned long limit_us)
{
	struct pollfd fds[MAX_FLOWS];
	uint64_t now = now_us(), end = now + limit_us, next;
	unsigned long i, n;
	uint8_t octet = 0;
	int found = 0;

	for (i = 0; i < MAX_FLOWS; i++)
		fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	for (n = 0; !found && now < end; n = (n + 1) % MAX_FLOWS) {
		if (fds[n].fd >= 0)
			close(fds[n].fd);
		fds[n].fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (!connect(fds[n].fd, (const struct sockaddr *)sin, sizeof(*sin)))
			send(fds[n].fd, &octet, sizeof(octet), 0);
		for (next = now + 5000; !found && (now = now_us()) < next;) {
			poll(fds, MAX_FLOWS, (int)((next - now) / 1000) + 1);
			for (i = 0; i < MAX_FLOWS; i++)
				if (fds[i].fd >= 0 && fds[i].revents)
					found |= recv(fds[i].fd, &octet, sizeof(octet), MSG_DONTWAIT) == 1;
		}
	}
	for (i = 0; i < MAX_FLOWS; i++)
		if (fds[i].fd >= 0)
			close(fds[i].fd);
	return found;
}

static int first(const char *to, const char *port, unsigned long seconds, char **command)
{
	struct sockaddr_in sin = address(to, port);
	uint64_t start = now_us();
	pid_t pid = fork();
	int found;

	if (pid < 0)
		die("first");
	if (!pid) {
		execvp(command[0], command);
		die(command[0]);
	}
	found = answered(&sin, seconds * SECOND_US);
	if (found)
		printf("%.1f\n", (double)(now_us() - start) / 1000);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return !found;
}

/* ---- what it costs --------------------------------------------------------- */

static void offer(const char *to, const char *port, unsigned long seconds, unsigned long rate, unsigned long flows,
		  const char *source)
{
	struct sockaddr_in sin = address(to, port), from = address(source ? source : "0.0.0.0", "0");
	uint64_t end = now_us() + seconds * SECOND_US;
	struct packet p = {0};
	struct timespec next;
	int fds[MAX_SENDERS];
	unsigned long i;

	for (i = 0; i < flows; i++) {
		fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (fds[i] < 0 || bind(fds[i], (struct sockaddr *)&from, sizeof(from)) ||
		    connect(fds[i], (struct sockaddr *)&sin, sizeof(sin)))
			die("offer");
		if (source) {
			from.sin_addr.s_addr = htonl(ntohl(from.sin_addr.s_addr) + 1);
			sin.sin_addr.s_addr = htonl(ntohl(sin.sin_addr.s_addr) + 1);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (; now_us() < end; p.number++) {
		send(fds[p.number % flows], &p, sizeof(p), 0);
		if (rate)
			next_time(&next, 1000000000 / rate);
	}
}

static void write_to(int fd, unsigned long seconds, unsigned long size, unsigned long rate)
{
	uint64_t end = now_us() + seconds * SECOND_US;
	static uint8_t data[65536];
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (now_us() < end) {
		if (send(fd, data, size, MSG_NOSIGNAL) < 0)
			die("write");
		if (rate)
			next_time(&next, 1000000000 / rate);
	}
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* How long the first processor has been idle, to the nanosecond; /proc/stat rounds it to 10 ms. */
static uint64_t idle_ns(void)
{
	FILE *f = fopen("/proc/timer_list", "r");
	uint64_t ns = 0;
	char line[256];
	int found = 0;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, " .idle_sleeptime : %" SCNu64, &ns) == 1;
	if (!found)
		die("meter: /proc/timer_list has no idle_sleeptime");
	fclose(f);
	return ns;
}

struct meter {
	struct pollfd fds[MAX_FLOWS + 1];
	nfds_t n;
	int listener;		/* the first of them accepts */
	int datagrams;
	uint64_t taken;		/* packets or octets */
	uint64_t highest;	/* number of a packet, and one more */
};

static void meter_open(struct meter *m, const char *kind, const char *which)
{
	struct sockaddr_in sin = address("0.0.0.0", strcmp(kind, "fd") ? which : "0");
	int on = 1, room = 8 << 20, fd;

	m->n = 1;
	m->datagrams = !strcmp(kind, "udp");
	m->listener = !strcmp(kind, "tcp");
	if (!strcmp(kind, "fd"))
		fd = (int)number(which, 1024);
	else
		fd = socket(AF_INET, m->datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);
	m->fds[0] = (struct pollfd){.fd = fd, .events = POLLIN};
	if (strcmp(kind, "fd") && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
				   bind(fd, (struct sockaddr *)&sin, sizeof(sin))))
		die("meter");
	if (m->datagrams)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (m->listener && listen(fd, MAX_FLOWS))
		die("meter");
}

static void meter_read(struct meter *m, nfds_t i)
{
	static union { struct packet p; uint8_t data[65536]; } in;
	ssize_t len = recv(m->fds[i].fd, &in, sizeof(in), MSG_DONTWAIT);

	if (len > 0 && m->datagrams) {
		m->taken++;
		if (in.p.number >= m->highest)
			m->highest = in.p.number + 1;
	} else if (len > 0) {
		m->taken += (uint64_t)len;
	} else if (!len || errno != EAGAIN) {
		m->fds[i].fd = -1;
	}
}

/* Until end_ns, or with 0 until the first packet or octet */
static void meter_run(struct meter *m, uint64_t end_ns)
{
	uint64_t now;
	nfds_t i;

	while ((now = now_ns()) < end_ns || (!end_ns && !m->taken)) {
		poll(m->fds, m->n, end_ns ? (int)((end_ns - now) / 1000000) + 1 : -1);
		for (i = (nfds_t)m->listener; i < m->n; i++)
			if (m->fds[i].revents)
				meter_read(m, i);
		if (m->listener && m->fds[0].revents && m->n <= MAX_FLOWS) {
			m->fds[m->n] = (struct pollfd){.fd = accept(m->fds[0].fd, NULL, NULL),
						       .events = POLLIN};
			m->n += m->fds[m->n].fd >= 0;
		}
	}
}

static void meter(const char *kind, const char *which, double from, double window, unsigned long n)
{
	uint64_t idle, start, passed, taken, highest;
	static struct meter m;

	meter_open(&m, kind, which);
	meter_run(&m, 0);
	meter_run(&m, now_ns() + (uint64_t)(from * 1e9));
	while (n--) {
		taken = m.taken;
		highest = m.highest;
		/* What it costs to ask for the idle time is in neither. */
		idle = idle_ns();
		start = now_ns();
		meter_run(&m, start + (uint64_t)(window * 1e9));
		passed = now_ns() - start;
		idle = idle_ns() - idle;
		taken = m.taken - taken;
		highest = m.highest - highest;
		printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", taken,
		       highest > taken ? highest - taken : 0, passed, passed > idle ? passed - idle : 0);
	}
}

/* ---- what came of it ------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The delays of packets sent between FROM and TO, sorted; NULL if there is none. Times in the rows are counted from
 * the first packet, which has number 0.
 */
static uint64_t *delays(double from, double to, size_t *n)
{
	uint64_t seq, sent, us, first = 0, *all = NULL;
	size_t room = 0;
	double at;

	*n = 0;
	while (scanf("%" SCNu64 " %" SCNu64 " %" SCNu64, &seq, &sent, &us) == 3) {
		if (!first)
			first = sent - seq * INTERVAL_NS / 1000;
		at = (double)(int64_t)(sent - first) / SECOND_US;
		if (at < from || at >= to)
			continue;
		if (*n == room) {
			room = room ? room * 2 : 4096;
			all = reallocarray(all, room, sizeof(*all));
			if (!all)
				die("delay");
		}
		all[(*n)++] = us;
	}
	if (all)
		qsort(all, *n, sizeof(*all), compare);
	return all;
}

static double quantile_ms(const uint64_t *all, size_t n, unsigned int percent)
{
	return (double)all[(n - 1) * percent / 100] / 1000;
}

static void delay(double from, double to, unsigned long expected)
{
	size_t n;
	uint64_t *all = delays(from, to, &n);

	if (!all) {
		printf("0 %lu - - -\n", expected);
		return;
	}
	printf("%zu %lu %.1f %.1f %.1f\n", n, expected > n ? expected - n : 0, quantile_ms(all, n, 50),
	       quantile_ms(all, n, 99), quantile_ms(all, n, 100));
	free(all);
}

static void quantiles(double from, double to)
{
	unsigned int percent;
	size_t n;
	uint64_t *all = delays(from, to, &n);

	for (percent = 0; all && percent <= 100; percent++)
		printf("%s%.2f", percent ? " " : "", quantile_ms(all, n, percent));
	putchar('\n');
	free(all);
}

static void rate(double from, double to)
{
	uint64_t when, octets, first = 0, low = 0, high = 0, low_at = 0, high_at = 0;
	double at;

	while (scanf("%" SCNu64 " %" SCNu64, &when, &octets) == 2) {
		if (!first)
			first = when;
		at = (double)(when - first) / SECOND_US;
		if (at <= from + 0.001) {
			low = octets;
			low_at = when;
		}
		if (at <= to + 0.001) {
			high = octets;
			high_at = when;
		}
	}
	printf("%.3f\n", high_at > low_at ? (double)(high - low) * 8 / (double)(high_at - low_at) : 0);
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!strcmp(verb, "talk") && argc >= 5 && argc <= 7)
		talk(argv[2], argv[3], number(argv[4], 86400), argc > 5 ? number(argv[5], 63) : 46,
		     argc > 6 ? octets(argv[6]) : IP_UDP + PAYLOAD);
	else if (!strcmp(verb, "listen") && argc == 4)
		listen_to(argv[2], number(argv[3], 86400));
	else if (!strcmp(verb, "push") && (argc == 5 || argc == 6))
		push(argv[2], argv[3], number(argv[4], 86400), argc == 6 ? number(argv[5], MAX_FLOWS) : 1);
	else if (!strcmp(verb, "sink") && argc == 4)
		sink(argv[2], number(argv[3], 86400));
	else if (!strcmp(verb, "offer") && argc >= 6 && argc <= 8)
		offer(argv[2], argv[3], number(argv[4], 86400), number(argv[5], 1000000),
		      argc > 6 ? number(argv[6], MAX_SENDERS) : 1, argc == 8 ? argv[7] : NULL);
	else if (!strcmp(verb, "write") && (argc == 5 || argc == 6))
		write_to((int)number(argv[2], 1024), number(argv[3], 86400), number(argv[4], 65536),
			 argc == 6 ? number(argv[5], 1000000) : 0);
	else if (!strcmp(verb, "echo") && argc == 4)
		echo(argv[2], number(argv[3], 86400));
	else if (!strcmp(verb, "first") && argc >= 6)
		return first(argv[2], argv[3], number(argv[4], 86400), argv + 5);
	else if (!strcmp(verb, "meter") && argc == 7)
		meter(argv[2], argv[3], atof(argv[4]), atof(argv[5]), number(argv[6], 1000));
	else if (!strcmp(verb, "delay") && (argc == 4 || argc == 5))
		delay(atof(argv[2]), atof(argv[3]), argc == 5 ? number(argv[4], 10000000) : 0);
	else if (!strcmp(verb, "quantiles") && argc == 4)
		quantiles(atof(argv[2]), atof(argv[3]));
	else if (!strcmp(verb, "rate") && argc == 4)
		rate(atof(argv[2]), atof(argv[3]));
	else
		usage();
	return 0;
}
