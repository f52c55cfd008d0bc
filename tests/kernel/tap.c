// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_stream.h"

#define TAP_STREAMS 32768
#define TAP_BUFFER (64 << 20)

struct stream {
	uint16_t from, to;
	unsigned int older;	/* the one before from the same port, by its number; 0: none */
	struct tls_stream tls;
};

struct tap {
	int fd, end;
	pthread_t thread;
	uint8_t watched[65536 / 8];
	unsigned int newest[65536];	/* stream from a port, by its number, which is its index + 1 */
	struct stream streams[TAP_STREAMS];
	unsigned int n;
	unsigned long wrong, missed;
	char first[128];
};

static void tap_wrong(struct tap *tap, const struct stream *s)
{
	const uint8_t *h = s->tls.hdr;

	if (!tap->wrong++)
		snprintf(tap->first, sizeof(tap->first),
			 "no TLS record at port %u: %02x %02x %02x %02x %02x", s->from, h[0], h[1],
			 h[2], h[3], h[4]);
}

static struct stream *tap_stream(struct tap *tap, uint16_t from, uint16_t to, bool fresh)
{
	struct stream *s;

	for (unsigned int i = tap->newest[from]; i && !fresh; i = s->older) {
		s = &tap->streams[i - 1];
		if (s->to == to)
			return s;
	}
	if (tap->n == TAP_STREAMS)
		return NULL;
	s = &tap->streams[tap->n++];
	*s = (struct stream){.from = from, .to = to, .older = tap->newest[from], .tls.strict = true};
	tap->newest[from] = tap->n;
	return s;
}

static void tap_segment(struct tap *tap, const uint8_t *p, size_t len)
{
	const struct iphdr *ip = (const struct iphdr *)p;
	const struct tcphdr *tcp = (const struct tcphdr *)(p + ip->ihl * 4u);
	size_t head = ip->ihl * 4u + tcp->doff * 4u;
	uint16_t from = ntohs(tcp->source);
	struct stream *s;

	if (len < head || !(tap->watched[from / 8] & 1 << from % 8))
		return;
	s = tap_stream(tap, from, ntohs(tcp->dest), tcp->syn);
	if (!s)
		tap->missed++;
	else if (tcp->syn)
		tls_stream_start(&s->tls, ntohl(tcp->seq));
	else if (s->tls.started)
		tls_stream_segment(&s->tls, ntohl(tcp->seq), p + head, len - head);
}

static bool tap_packet(struct tap *tap)
{
	static uint8_t packet[1 << 17];
	ssize_t n = recv(tap->fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (n < 0)
		return errno != EAGAIN;
	if (n >= 40)
		tap_segment(tap, packet, (size_t)n);
	return true;
}

static void *tap_run(void *arg)
{
	struct tap *tap = arg;
	struct pollfd p[2] = {
		{.fd = tap->fd, .events = POLLIN},
		{.fd = tap->end, .events = POLLIN},
	};

	do {
		poll(p, 2, -1);
		while (tap_packet(tap))
			;
	} while (!(p[1].revents & POLLIN));
	return NULL;
}

/*
 * What comes, TCP in IPv4; on loopback everything comes. What a flood of
 * something else puts here would take the room.
 */
static int tap_open(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 6, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xf0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x40, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, offsetof(struct iphdr, protocol)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};
	const struct sockaddr_ll all = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};
	const int size = TAP_BUFFER;
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) ||
	    bind(fd, (const struct sockaddr *)&all, sizeof(all))) {
		perror("tap");
		abort();
	}
	return fd;
}

struct tap *tap_start(void)
{
	struct tap *tap = calloc(1, sizeof(*tap));

	if (!tap)
		abort();
	tap->fd = tap_open();
	tap->end = eventfd(0, EFD_CLOEXEC);
	if (tap->end < 0 || pthread_create(&tap->thread, NULL, tap_run, tap)) {
		perror("tap");
		abort();
	}
	return tap;
}

void tap_watch(struct tap *tap, uint16_t port)
{
	__atomic_or_fetch(&tap->watched[port / 8], (uint8_t)(1 << port % 8), __ATOMIC_SEQ_CST);
}

bool tap_stop(struct tap *tap, bool may_miss)
{
	struct tpacket_stats stats = {0};
	socklen_t size = sizeof(stats);
	bool good;

	eventfd_write(tap->end, 1);
	pthread_join(tap->thread, NULL);
	for (struct stream *s = tap->streams; s < tap->streams + tap->n; s++) {
		tap->missed += tls_stream_has_gap(&s->tls);
		if (s->tls.broken)
			tap_wrong(tap, s);
		tls_stream_free(&s->tls);
	}
	getsockopt(tap->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
	tap->missed += stats.tp_drops;
	close(tap->fd);
	close(tap->end);
	if (tap->wrong)
		fprintf(stderr, "ERROR: on the wire: %lu times no TLS record, first: %s\n",
			tap->wrong, tap->first);
	if (tap->missed && !may_miss)
		fprintf(stderr, "ERROR: on the wire: %lu packets were not seen\n", tap->missed);
	good = !tap->wrong && (!tap->missed || may_miss);
	free(tap);
	return good;
}
