// SPDX-License-Identifier: GPL-2.0-or-later
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TAP_STREAMS 8192
#define TAP_BUFFER (64 << 20)
#define RECORD_MAX (16384 + 256)

struct stream {
	uint16_t from, to;
	bool started;
	uint32_t next;			/* sequence number of the octet to come */
	uint8_t hdr[5];
	unsigned int have;
	uint32_t left;			/* octets of the record to come */
	bool broken;
};

struct tap {
	int fd, end;
	pthread_t thread;
	uint8_t watched[65536 / 8];
	struct stream streams[TAP_STREAMS];
	unsigned int n;
	unsigned long records, wrong, missed;
	char first[128];
};

static void tap_wrong(struct tap *tap, struct stream *s, const char *what)
{
	if (!tap->wrong++)
		snprintf(tap->first, sizeof(tap->first),
			 "%s at port %u: %02x %02x %02x %02x %02x", what, s->from, s->hdr[0],
			 s->hdr[1], s->hdr[2], s->hdr[3], s->hdr[4]);
	s->broken = true;
}

static void tap_octets(struct tap *tap, struct stream *s, const uint8_t *p, size_t len)
{
	while (len && !s->broken) {
		if (s->left) {
			size_t n = len < s->left ? len : s->left;

			s->left -= (uint32_t)n;
			p += n;
			len -= n;
			continue;
		}
		s->hdr[s->have++] = *p++;
		len--;
		if (s->have < 5)
			continue;
		s->have = 0;
		s->left = (uint32_t)(s->hdr[3] << 8 | s->hdr[4]);
		if (s->hdr[0] < 20 || s->hdr[0] > 23 || s->hdr[1] != 3 || s->hdr[2] != 3 ||
		    s->left < 17 || s->left > RECORD_MAX)
			tap_wrong(tap, s, "no TLS record");
		else
			tap->records++;
	}
}

static struct stream *tap_stream(struct tap *tap, uint16_t from, uint16_t to, bool fresh)
{
	for (unsigned int i = tap->n; i-- > 0;)
		if (tap->streams[i].from == from && tap->streams[i].to == to && !fresh)
			return &tap->streams[i];
	if (tap->n == TAP_STREAMS)
		return NULL;
	tap->streams[tap->n] = (struct stream){.from = from, .to = to};
	return &tap->streams[tap->n++];
}

static void tap_segment(struct tap *tap, const uint8_t *p, size_t len)
{
	const struct iphdr *ip = (const struct iphdr *)p;
	const struct tcphdr *tcp = (const struct tcphdr *)(p + ip->ihl * 4u);
	size_t head = ip->ihl * 4u + tcp->doff * 4u;
	uint16_t from = ntohs(tcp->source);
	struct stream *s;
	uint32_t seq = ntohl(tcp->seq);

	if (len < head || !(tap->watched[from / 8] & 1 << from % 8))
		return;
	s = tap_stream(tap, from, ntohs(tcp->dest), tcp->syn);
	if (!s) {
		tap->missed++;
		return;
	}
	if (tcp->syn) {
		s->started = true;
		s->next = seq + 1;
		return;
	}
	len -= head;
	p += head;
	/* what was sent before is skipped */
	if (len && s->started && (int32_t)(s->next - seq) > 0) {
		size_t old = s->next - seq;

		old = old < len ? old : len;
		p += old;
		len -= old;
		seq += (uint32_t)old;
	}
	if (!len || !s->started)
		return;
	if (seq != s->next) {
		tap->missed++;
		s->broken = true;
		return;
	}
	s->next += (uint32_t)len;
	tap_octets(tap, s, p, len);
}

static bool tap_packet(struct tap *tap)
{
	static uint8_t packet[1 << 17];
	struct sockaddr_ll ll;
	socklen_t size = sizeof(ll);
	ssize_t n = recvfrom(tap->fd, packet, sizeof(packet), MSG_DONTWAIT,
			     (struct sockaddr *)&ll, &size);

	if (n < 0)
		return errno != EAGAIN;
	/* a tap for one protocol sees what comes; on loopback everything comes */
	if (ll.sll_pkttype != PACKET_OUTGOING && n >= 40 && packet[0] >> 4 == 4 &&
	    packet[9] == IPPROTO_TCP)
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

struct tap *tap_start(void)
{
	struct tap *tap = calloc(1, sizeof(*tap));
	int size = TAP_BUFFER;

	if (!tap)
		abort();
	tap->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
	tap->end = eventfd(0, EFD_CLOEXEC);
	if (tap->fd < 0 || tap->end < 0 ||
	    setsockopt(tap->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    pthread_create(&tap->thread, NULL, tap_run, tap)) {
		perror("tap");
		abort();
	}
	return tap;
}

void tap_watch(struct tap *tap, uint16_t port)
{
	__atomic_or_fetch(&tap->watched[port / 8], (uint8_t)(1 << port % 8), __ATOMIC_SEQ_CST);
}

bool tap_stop(struct tap *tap)
{
	struct tpacket_stats stats = {0};
	socklen_t size = sizeof(stats);
	bool good;

	eventfd_write(tap->end, 1);
	pthread_join(tap->thread, NULL);
	getsockopt(tap->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
	tap->missed += stats.tp_drops;
	close(tap->fd);
	close(tap->end);
	if (tap->wrong)
		fprintf(stderr, "ERROR: on the wire: %lu times no TLS record, first: %s\n",
			tap->wrong, tap->first);
	if (tap->missed)
		fprintf(stderr, "ERROR: on the wire: %lu packets were not seen\n", tap->missed);
	good = !tap->wrong && !tap->missed;
	free(tap);
	return good;
}
