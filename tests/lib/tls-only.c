// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watches an interface until SIGTERM or SIGINT, and says whether there was
 * anything but TLS records on the TCP connections of a port:
 *
 *   tls-only INTERFACE [PORT]		default 443; 0: of all TCP connections
 *
 * Prints "watching" when it is ready, and in the end a "name value" a line:
 *   streams     directions of connections to or from the port that had data
 *   records     TLS records in them, octets: all of their octets
 *   plaintext   streams in which something else was; a line on each with its first octets there
 *   gaps        streams of which octets are missing
 *   unknown     segments with data of connections that began before (or that a NAT has moved), until one
 *               of them begins with a record
 *   other       packets of anything else, but for ARP, neighbour discovery and the like
 *   missed      packets that the kernel could not show
 * Exit status: 0, 2 on wrong usage, 1 if it could not watch.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls_stream.h"

#define STREAMS 4096
#define BUFFER (64 << 20)

struct end {
	uint8_t addr[16];
	uint16_t port;
};

struct flow {
	struct end from, to;
	struct tls_stream stream;
};

static struct flow flows[STREAMS];
static unsigned int n_flows;
static unsigned long unknown, other, missed;
static uint16_t port = 443;

static struct flow *find(const struct end *from, const struct end *to)
{
	for (unsigned int i = n_flows; i-- > 0;)
		if (!memcmp(&flows[i].from, from, sizeof(*from)) &&
		    !memcmp(&flows[i].to, to, sizeof(*to)))
			return &flows[i];
	return NULL;
}

/* seq: the one before its first octet's */
static struct flow *follow(const struct end *from, const struct end *to, uint32_t seq)
{
	struct flow *f = &flows[n_flows];

	if (n_flows == STREAMS) {
		missed++;
		return NULL;
	}
	n_flows++;
	f->from = *from;
	f->to = *to;
	tls_stream_start(&f->stream, seq);
	return f;
}

static void tcp_segment(struct end *from, struct end *to, const uint8_t *p, size_t len)
{
	const struct tcphdr *tcp = (const struct tcphdr *)p;
	struct flow *f;

	if (len < sizeof(*tcp) || len < tcp->doff * 4u) {
		other++;
		return;
	}
	from->port = ntohs(tcp->source);
	to->port = ntohs(tcp->dest);
	if (port && from->port != port && to->port != port) {
		other++;
		return;
	}
	p += tcp->doff * 4u;
	len -= tcp->doff * 4u;
	f = find(from, to);
	if (tcp->syn && (!f || f->stream.next != ntohl(tcp->seq) + 1)) {
		/* a new one, though it may have the ports of an old one */
		f = follow(from, to, ntohl(tcp->seq));
	} else if (!f && len >= 5 && p[0] >= 20 && p[0] <= 23 && p[1] == 3) {
		f = follow(from, to, ntohl(tcp->seq) - 1);
	}
	if (f)
		tls_stream_segment(&f->stream, ntohl(tcp->seq) + (tcp->syn ? 1 : 0), p, len);
	else
		unknown += len > 0;
}

static void ipv4(const uint8_t *p, size_t len)
{
	const struct iphdr *ip = (const struct iphdr *)p;
	struct end from = {.port = 0}, to = {.port = 0};
	size_t total;

	if (len < sizeof(*ip) || ip->protocol != IPPROTO_TCP || ip->frag_off & htons(0x3fff)) {
		other++;
		return;
	}
	/* a short packet is padded, a very long one has no length */
	total = ntohs(ip->tot_len) ? ntohs(ip->tot_len) : len;
	total = total < len ? total : len;
	memcpy(from.addr, &ip->saddr, 4);
	memcpy(to.addr, &ip->daddr, 4);
	tcp_segment(&from, &to, p + ip->ihl * 4u, total - ip->ihl * 4u);
}

static void ipv6(const uint8_t *p, size_t len)
{
	const struct ip6_hdr *ip = (const struct ip6_hdr *)p;
	struct end from = {.port = 0}, to = {.port = 0};
	size_t total;

	if (len < sizeof(*ip)) {
		other++;
		return;
	}
	/* multicast listener reports have an extension header in front */
	if (ip->ip6_nxt == IPPROTO_HOPOPTS)
		return;
	if (ip->ip6_nxt == IPPROTO_ICMPV6 && len > sizeof(*ip) &&
	    p[sizeof(*ip)] >= ND_ROUTER_SOLICIT && p[sizeof(*ip)] <= ND_REDIRECT)
		return;
	if (ip->ip6_nxt != IPPROTO_TCP) {
		other++;
		return;
	}
	total = ntohs(ip->ip6_plen) ? sizeof(*ip) + ntohs(ip->ip6_plen) : len;
	total = total < len ? total : len;
	memcpy(from.addr, &ip->ip6_src, 16);
	memcpy(to.addr, &ip->ip6_dst, 16);
	tcp_segment(&from, &to, p + sizeof(*ip), total - sizeof(*ip));
}

static void take_packets(int fd)
{
	static uint8_t packet[1 << 18];
	struct sockaddr_ll ll;
	socklen_t size = sizeof(ll);
	ssize_t n;

	while ((n = recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT, (struct sockaddr *)&ll,
			     &size)) >= 0 || errno != EAGAIN) {
		if (n < 0)
			continue;
		/* on loopback each packet is seen twice */
		if (ll.sll_hatype == 772 && ll.sll_pkttype == PACKET_OUTGOING)
			continue;
		if (ll.sll_protocol == htons(ETH_P_IP))
			ipv4(packet, (size_t)n);
		else if (ll.sll_protocol == htons(ETH_P_IPV6))
			ipv6(packet, (size_t)n);
		else if (ll.sll_protocol != htons(ETH_P_ARP))
			other++;
	}
}

static void tell_plaintext(const struct flow *f)
{
	const struct tls_stream *s = &f->stream;

	printf("# from port %u to port %u, after %lu records:", f->from.port, f->to.port,
	       s->records);
	for (unsigned int i = 0; i < (s->have ? s->have : 5); i++)
		printf(" %02x", s->hdr[i]);
	puts("");
}

static void tell(void)
{
	unsigned long streams = 0, records = 0, octets = 0, plaintext = 0, gaps = 0;

	for (struct flow *f = flows; f < flows + n_flows; f++) {
		streams += f->stream.octets > 0;
		records += f->stream.records;
		octets += f->stream.octets;
		plaintext += f->stream.broken;
		gaps += tls_stream_has_gap(&f->stream);
		if (f->stream.broken)
			tell_plaintext(f);
		tls_stream_free(&f->stream);
	}
	printf("streams %lu\nrecords %lu\noctets %lu\nplaintext %lu\ngaps %lu\nunknown %lu\nother %lu\nmissed %lu\n",
	       streams, records, octets, plaintext, gaps, unknown, other, missed);
}

static int watch(const char *interface)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = BUFFER;

	ll.sll_ifindex = (int)if_nametoindex(interface);
	if (fd < 0 || !ll.sll_ifindex ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	struct tpacket_stats stats = {0};
	socklen_t size = sizeof(stats);
	struct pollfd p[2];
	sigset_t ends;
	int fd;

	if (argc < 2 || argc > 3) {
		fputs("usage: tls-only INTERFACE [PORT]\n", stderr);
		return 2;
	}
	if (argc == 3)
		port = (uint16_t)atoi(argv[2]);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	fd = watch(argv[1]);
	p[0] = (struct pollfd){.fd = fd, .events = POLLIN};
	p[1] = (struct pollfd){.fd = signalfd(-1, &ends, SFD_CLOEXEC), .events = POLLIN};
	if (fd < 0 || p[1].fd < 0) {
		fprintf(stderr, "tls-only: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	puts("watching");
	fflush(stdout);
	do {
		poll(p, 2, -1);
		take_packets(fd);
	} while (!(p[1].revents & POLLIN));
	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
	missed += stats.tp_drops;
	tell();
	return 0;
}
