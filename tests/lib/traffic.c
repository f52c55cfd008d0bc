// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traffic for measurements: voice-like packets with the time of sending in them, and bulk TCP.
 * Sender and receiver need the same clock, so both run on one machine, in namespaces of it.
 *
 *   traffic talk ADDRESS PORT SECONDS [DSCP]    50 packets/s of 200 octets with their IP header
 *   traffic listen PORT SECONDS                 prints a row for each: number, when sent, delay (us)
 *   traffic push ADDRESS PORT SECONDS [FLOWS]   sends as much as it can by TCP
 *   traffic sink PORT SECONDS                   takes it; prints a row each second: when, octets
 *   traffic delay FROM TO [EXPECTED] <ROWS      of the packets sent between FROM and TO (s since the
 *                                               first): packets, lost, p50, p99, longest (ms)
 *   traffic rate FROM TO <ROWS                  Mbit/s between FROM and TO (s since the first row)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_NS	20000000u
#define PAYLOAD		172u
#define MAX_FLOWS	64u
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
	fputs("usage: traffic talk ADDRESS PORT SECONDS [DSCP] | listen PORT SECONDS |\n"
	      "       push ADDRESS PORT SECONDS [FLOWS] | sink PORT SECONDS |\n"
	      "       delay FROM TO [EXPECTED] | rate FROM TO\n", stderr);
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

static void talk(const char *to, const char *port, unsigned long seconds, unsigned long dscp)
{
	struct sockaddr_in sin = address(to, port);
	struct packet p = {0};
	struct timespec next;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), tos = (int)(dscp << 2);

	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)) ||
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("talk");
	p.padding[0] = 1;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (; p.number < seconds * 50; p.number++) {
		p.sent_us = now_us();
		send(fd, &p, sizeof(p), 0);	/* what is refused is lost, and counted so */
		next.tv_nsec += INTERVAL_NS;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}

static int wait_until(struct pollfd *fds, nfds_t n, uint64_t end)
{
	uint64_t now = now_us();

	return now < end ? poll(fds, n, (int)((end - now) / 1000) + 1) : 0;
}

static void listen_to(const char *port, unsigned long seconds)
{
	struct sockaddr_in sin = address("0.0.0.0", port);
	struct pollfd fd = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .events = POLLIN};
	uint64_t end = now_us() + seconds * SECOND_US;
	struct packet p;

	if (fd.fd < 0 || bind(fd.fd, (struct sockaddr *)&sin, sizeof(sin)))
		die("listen");
	while (wait_until(&fd, 1, end) > 0)
		if (recv(fd.fd, &p, sizeof(p), 0) == sizeof(p))
			printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", p.number, p.sent_us,
			       now_us() - p.sent_us);
}

static void push(const char *to, const char *port, unsigned long seconds, unsigned long flows)
{
	struct sockaddr_in sin = address(to, port);
	struct pollfd fds[MAX_FLOWS];
	uint64_t end = now_us() + seconds * SECOND_US;
	static uint8_t data[65536];
	unsigned long i;

	for (i = 0; i < flows; i++) {
		fds[i] = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLOUT};
		if (fds[i].fd < 0 || connect(fds[i].fd, (struct sockaddr *)&sin, sizeof(sin)))
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
	struct sockaddr_in sin = address("0.0.0.0", port);
	struct pollfd fds[MAX_FLOWS + 1] = {{.fd = socket(AF_INET, SOCK_STREAM, 0), .events = POLLIN}};
	uint64_t end = now_us() + seconds * SECOND_US, row = now_us() + SECOND_US, octets = 0;
	static uint8_t data[65536];
	nfds_t n = 1, i;
	ssize_t len;
	int on = 1;

	if (fds[0].fd < 0 || setsockopt(fds[0].fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fds[0].fd, (struct sockaddr *)&sin, sizeof(sin)) || listen(fds[0].fd, MAX_FLOWS))
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

/* ---- what came of it ------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Times in the rows are counted from the first packet, which has number 0. */
static void delay(double from, double to, unsigned long expected)
{
	uint64_t seq, sent, us, first = 0, *all = NULL;
	size_t n = 0, room = 0;
	double at;

	while (scanf("%" SCNu64 " %" SCNu64 " %" SCNu64, &seq, &sent, &us) == 3) {
		if (!first)
			first = sent - seq * INTERVAL_NS / 1000;
		at = (double)(int64_t)(sent - first) / SECOND_US;
		if (at < from || at >= to)
			continue;
		if (n == room) {
			room = room ? room * 2 : 4096;
			all = reallocarray(all, room, sizeof(*all));
			if (!all)
				die("delay");
		}
		all[n++] = us;
	}
	if (!n) {
		printf("0 %lu - - -\n", expected);
		return;
	}
	qsort(all, n, sizeof(*all), compare);
	printf("%zu %lu %.1f %.1f %.1f\n", n, expected > n ? expected - n : 0,
	       (double)all[(n - 1) / 2] / 1000, (double)all[(size_t)((double)(n - 1) * 0.99)] / 1000,
	       (double)all[n - 1] / 1000);
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
	if (!strcmp(verb, "talk") && (argc == 5 || argc == 6))
		talk(argv[2], argv[3], number(argv[4], 86400), argc == 6 ? number(argv[5], 63) : 46);
	else if (!strcmp(verb, "listen") && argc == 4)
		listen_to(argv[2], number(argv[3], 86400));
	else if (!strcmp(verb, "push") && (argc == 5 || argc == 6))
		push(argv[2], argv[3], number(argv[4], 86400), argc == 6 ? number(argv[5], MAX_FLOWS) : 1);
	else if (!strcmp(verb, "sink") && argc == 4)
		sink(argv[2], number(argv[3], 86400));
	else if (!strcmp(verb, "delay") && (argc == 4 || argc == 5))
		delay(atof(argv[2]), atof(argv[3]), argc == 5 ? number(argv[4], 10000000) : 0);
	else if (!strcmp(verb, "rate") && argc == 4)
		rate(atof(argv[2]), atof(argv[3]));
	else
		usage();
	return 0;
}
