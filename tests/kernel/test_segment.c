// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP packets that the stack leaves to the device to cut: the segments in the
 * envelopes are those that the kernel's own code makes of the same packet.
 *
 * The packets are made here and given to the device by a packet socket. The kernel's segments
 * are seen on the loopback device of another namespace, whose TSO is off.
 */
#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define URG 0x20
#define ECE 0x40
#define CWR 0x80

struct packet {
	bool v6;
	unsigned int ip_options, tcp_options;	/* octets; of IPv6: of a header of destination options */
	unsigned int payload, size;		/* octets; of one segment */
	unsigned int linear;			/* octets of payload beside the headers */
	uint8_t flags;
	uint16_t id;
	uint32_t seq;
};

struct ends {
	int dut;		/* packets for the module */
	int lo_in, lo_out;	/* packets for the kernel's own code, and its segments */
	struct ftt_ims_decoder decoder;
	uint8_t record[REC_MAX + 256];
	long n_record;
	size_t at_record;
};

static void put16(uint8_t *p, unsigned int value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static unsigned int ip_len(const struct packet *p) { return (p->v6 ? 40 : 20) + p->ip_options; }
static unsigned int header_len(const struct packet *p) { return ip_len(p) + 20 + p->tcp_options; }

static uint32_t pseudo_header_sum(const uint8_t *packet, size_t len, unsigned int ip)
{
	bool v6 = packet[0] >> 4 == 6;
	uint8_t tail[4] = {0, IPPROTO_TCP};

	put16(tail + 2, (unsigned int)(len - ip));
	return eftf_inner_sum(eftf_inner_sum(0, packet + (v6 ? 8 : 12), v6 ? 32 : 8), tail, 4);
}

/* The checksum of a whole TCP packet: 0 if it is right. */
static uint16_t tcp_sum(const uint8_t *packet, size_t len, unsigned int ip)
{
	return eftf_inner_fold(eftf_inner_sum(pseudo_header_sum(packet, len, ip), packet + ip, len - ip));
}

/* Writes the packet to out; returns its octets. */
static size_t build(const struct packet *p, uint8_t *out)
{
	unsigned int ip = ip_len(p), head = header_len(p);
	size_t len = head + p->payload;
	uint8_t *th = out + ip;

	memset(out, 0, head);
	if (p->v6) {
		out[0] = 0x60;
		put16(out + 4, (unsigned int)(len - 40));
		out[6] = p->ip_options ? IPPROTO_DSTOPTS : IPPROTO_TCP;
		out[7] = 64;
		inet_pton(AF_INET6, "2001:db8:64::2", out + 8);
		inet_pton(AF_INET6, "2001:db8:1::1", out + 24);
		if (p->ip_options) {
			out[40] = IPPROTO_TCP;
			out[41] = (uint8_t)(p->ip_options / 8 - 1);
			out[42] = 1;	/* padding */
			out[43] = (uint8_t)(p->ip_options - 4);
		}
	} else {
		out[0] = (uint8_t)(0x40 | ip / 4);
		put16(out + 2, (unsigned int)len);
		put16(out + 4, p->id);
		put16(out + 6, 0x4000);
		out[8] = 64;
		out[9] = IPPROTO_TCP;
		inet_pton(AF_INET, FX_UE, out + 12);
		inet_pton(AF_INET, FX_GW, out + 16);
		memset(out + 20, 1, p->ip_options);	/* no operation */
		put16(out + 10, eftf_inner_fold(eftf_inner_sum(0, out, ip)));
	}
	put16(th, 40000);
	put16(th + 2, 443);
	put16(th + 4, p->seq >> 16);
	put16(th + 6, p->seq & 0xffff);
	put16(th + 8, 0x1234);
	th[12] = (uint8_t)((20 + p->tcp_options) / 4 << 4);
	th[13] = p->flags;
	put16(th + 14, 5000);
	/* the rest of the checksum is left to the device */
	put16(th + 16, (uint16_t)~eftf_inner_fold(pseudo_header_sum(out, len, ip)));
	memset(th + 20, 1, p->tcp_options);
	for (size_t i = head; i < len; i++)
		out[i] = (uint8_t)(i * 31 + i / 251);
	return len;
}

static int packet_socket(const char *dev, int protocol)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons((uint16_t)protocol),
		.sll_ifindex = (int)if_nametoindex(dev),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_return_code(fd, errno);
	assert_return_code(bind(fd, (struct sockaddr *)&ll, sizeof(ll)), errno);
	return fd;
}

static void use_vnet(int fd)
{
	const int on = 1;

	assert_return_code(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), errno);
}

static void lo_ready(int fd)
{
	struct ethtool_value off = {.cmd = ETHTOOL_STSO};
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};

	assert_return_code(ioctl(fd, SIOCSIFFLAGS, &ifr), errno);
	ifr.ifr_data = (void *)&off;
	assert_return_code(ioctl(fd, SIOCETHTOOL, &ifr), errno);
}

static void open_ends(struct ends *e)
{
	int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), size = 16 << 20;

	memset(e, 0, sizeof(*e));
	e->dut = packet_socket(FX_DEV, 0);
	use_vnet(e->dut);
	assert_return_code(unshare(CLONE_NEWNET), errno);
	e->lo_in = packet_socket("lo", 0);
	lo_ready(e->lo_in);
	use_vnet(e->lo_in);
	e->lo_out = packet_socket("lo", ETH_P_ALL);
	assert_return_code(setsockopt(e->lo_out, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), errno);
	assert_return_code(setns(here, CLONE_NEWNET), errno);
	close(here);
}

static void close_ends(struct ends *e)
{
	close(e->dut);
	close(e->lo_in);
	close(e->lo_out);
}

/* Gives the packet, behind so many octets of link header, to a device. False if the socket takes no more now. */
static bool offer(int fd, const struct packet *p, const uint8_t *frame, size_t len, unsigned int link,
		  unsigned int ifindex)
{
	struct virtio_net_hdr vnet = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = (p->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4) |
			    (p->flags & CWR ? VIRTIO_NET_HDR_GSO_ECN : 0),
		.hdr_len = (uint16_t)(link + header_len(p) + p->linear),
		.gso_size = (uint16_t)p->size,
		.csum_start = (uint16_t)(link + ip_len(p)),
		.csum_offset = 16,
	};
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(p->v6 ? ETH_P_IPV6 : ETH_P_IP),
		.sll_ifindex = (int)ifindex,
	};
	struct iovec iov[2] = {{&vnet, sizeof(vnet)}, {(void *)(uintptr_t)frame, len}};
	struct msghdr msg = {.msg_name = &ll, .msg_namelen = sizeof(ll), .msg_iov = iov, .msg_iovlen = 2};

	ssize_t n = sendmsg(fd, &msg, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return false;
	assert_return_code(n, errno);
	assert_int_equal(n, sizeof(vnet) + len);
	return true;
}

/* The next segment of the kernel's own code. */
static size_t kernel_segment(const struct ends *e, uint8_t *out, size_t size)
{
	for (;;) {
		struct pollfd p = {.fd = e->lo_out, .events = POLLIN};
		struct sockaddr_ll ll;
		socklen_t len = sizeof(ll);
		ssize_t n;

		if (poll(&p, 1, FX_PATIENCE) != 1)
			fail_msg("expected a segment of the kernel's own on the loopback device, none came");
		n = recvfrom(e->lo_out, out, size, 0, (struct sockaddr *)&ll, &len);
		assert_return_code(n, errno);
		if (ll.sll_pkttype != PACKET_OUTGOING)
			continue;
		assert_true(n > ETH_HLEN);
		memmove(out, out + ETH_HLEN, (size_t)n - ETH_HLEN);
		return (size_t)n - ETH_HLEN;
	}
}

/* The next packet out of the tunnel. */
static size_t tunnel_packet(struct fx *fx, struct ends *e, uint8_t *out)
{
	struct ftt_ims_piece piece;
	uint8_t type = 0;
	size_t n = 0;

	for (;;) {
		if ((long)e->at_record == e->n_record) {
			e->n_record = rec_recv(&fx->peer, &type, e->record, FX_PATIENCE);
			e->at_record = 0;
			if (e->n_record < 0)
				fail_msg("expected a packet from the tunnel, reading gave %ld", e->n_record);
			assert_int_equal(type, REC_DATA);
			continue;
		}
		int used = ftt_ims_decode(&e->decoder, e->record + e->at_record,
					  (size_t)e->n_record - e->at_record, &piece);

		assert_true(used > 0);
		e->at_record += (size_t)used;
		if (!piece.valid)
			continue;
		assert_int_equal(piece.type, FTT_IMS_TYPE_IP);
		memcpy(out + n, piece.data, piece.len);
		n += piece.len;
		if (piece.last)
			return n;
	}
}

static void compare(const struct packet *p, unsigned int number, const uint8_t *seen, size_t n_seen,
		    uint8_t *wanted, size_t n_wanted)
{
	unsigned int ip = ip_len(p);
	size_t i;

	assert_true(n_seen > ip + 18);
	/* the loopback device lets the kernel leave the checksum of TCP away: it is looked at by itself */
	memcpy(wanted + ip + 16, seen + ip + 16, 2);
	for (i = 0; i < n_seen && i < n_wanted && seen[i] == wanted[i]; i++)
		;
	if (n_seen != n_wanted || i < n_seen || tcp_sum(seen, n_seen, ip))
		fail_msg("segment %u of IPv%d, options %u and %u, payload %u (%u linear), size %u, flags %02x: expected the kernel's, of %zu octets and with a right checksum; seen: %zu octets, the first that differs is %zu, the sum is %04x",
			 number, p->v6 ? 6 : 4, p->ip_options, p->tcp_options, p->payload, p->linear, p->size,
			 p->flags, n_wanted, n_seen, i, tcp_sum(seen, n_seen, ip));
}

static void check(struct fx *fx, struct ends *e, const struct packet *p)
{
	static uint8_t frame[ETH_HLEN + 65536], seen[65536], wanted[65536 + ETH_HLEN];
	size_t len = build(p, frame + ETH_HLEN), n_seen, n_wanted;

	memset(frame, 0, ETH_HLEN);
	put16(frame + 12, p->v6 ? ETH_P_IPV6 : ETH_P_IP);
	assert_true(offer(e->dut, p, frame + ETH_HLEN, len, 0, fx->ifindex));
	assert_true(offer(e->lo_in, p, frame, len + ETH_HLEN, ETH_HLEN, 1));
	for (unsigned int i = 0; i * p->size < p->payload; i++) {
		n_wanted = kernel_segment(e, wanted, sizeof(wanted));
		n_seen = tunnel_packet(fx, e, seen);
		compare(p, i, seen, n_seen, wanted, n_wanted);
	}
}

static void attach_both_families(struct fx *fx)
{
	int dut = fx_pair(&fx->peer, KTLS_BOTH);
	struct eftf_tunnel_spec spec = fx_spec(fx, dut);
	struct eftf_err err;

	spec.has_inner6 = true;
	assert_int_equal(inet_pton(AF_INET6, "2001:db8:64::2", &spec.inner6), 1);
	spec.inner6_plen = 64;
	if (eftf_nl_tunnel_new(fx->nl, &spec, &fx->id, &err))
		fail_msg("attach: %s", err.text);
	close(dut);
	fx_event(fx, EFTF_CMD_EVENT_UP);
}

static void every_size_is_cut_as_the_kernel_does(void **state)
{
	static const unsigned int sizes[] = {8, 13, 536, 1211, 1448, 1460, 9000};
	static const unsigned int payloads[] = {9, 25, 40, 1449, 2897, 14480, 40001, 65400};
	struct fx *fx = *state;
	struct ends e;

	attach_both_families(fx);
	open_ends(&e);
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned int k = 0; k < sizeof(payloads) / sizeof(payloads[0]); k++)
			for (int v6 = 0; v6 < 2; v6++) {
				struct packet p = {
					.v6 = v6, .tcp_options = i % 2 ? 12 : 0, .payload = payloads[k],
					.size = sizes[i], .flags = ACK | PSH, .id = 0xfffe, .seq = 0xffffff00,
				};

				if (p.payload <= p.size || p.payload > 64 * p.size)
					continue;
				check(fx, &e, &p);
				p.linear = p.payload / 2 | 1;
				check(fx, &e, &p);
				p.linear = p.payload;
				check(fx, &e, &p);
			}
	close_ends(&e);
}

static void all_flags_are_where_the_kernel_puts_them(void **state)
{
	struct fx *fx = *state;
	struct ends e;

	attach_both_families(fx);
	open_ends(&e);
	for (unsigned int flags = 0; flags < 256; flags++) {
		const struct packet p = {
			.v6 = flags % 2, .payload = 701, .size = 234, .flags = (uint8_t)(flags ^ (flags >> 1)),
			.id = (uint16_t)(flags << 8), .seq = 0x7fffff00,
		};

		check(fx, &e, &p);
	}
	close_ends(&e);
}

static void long_headers_are_kept(void **state)
{
	struct fx *fx = *state;
	struct ends e;

	attach_both_families(fx);
	open_ends(&e);
	for (unsigned int ip = 0; ip <= 40; ip += 8)
		for (unsigned int tcp = 0; tcp <= 40; tcp += 4)
			for (int v6 = 0; v6 < 2; v6++) {
				const struct packet p = {
					.v6 = v6, .ip_options = ip, .tcp_options = tcp, .payload = 5001,
					.size = 400, .linear = tcp * 5, .flags = ACK | FIN | CWR, .id = 7, .seq = 9,
				};

				check(fx, &e, &p);
			}
	close_ends(&e);
}

/* A tunnel ends while packets are cut: what is left of them goes with it. */
static void tunnel_ends_in_the_middle_of_a_packet(void **state)
{
	static uint8_t out[65536];
	const struct packet p = {.payload = 65400, .size = 1448, .flags = ACK, .linear = 100};
	size_t len = build(&p, out);
	struct fx *fx = *state;
	uint64_t sent = 0, before;
	struct eftf_err err;
	struct ends e;

	attach_both_families(fx);
	open_ends(&e);
	do {
		before = sent;
		while (offer(e.dut, &p, out, len, 0, fx->ifindex))
			;
		fx_sleep(300);
		sent = fx_stat(fx, EFTF_STAT_TX_PACKETS);
	} while (sent != before);
	assert_true(sent > 0);
	assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, fx->id, &err), 0);
	/* with a reset, or the module goes on for the peer that reads nothing until its time is over */
	close(fx->peer.fd);
	fx->peer.fd = -1;
	fx_expect_down(fx, EFTF_REASON_DELETED);
	close_ends(&e);
}

/* What is not cut here, but by the kernel: datagrams. */
static void datagrams_are_cut(void **state)
{
	static uint8_t packet[65536];
	static struct ends e;	/* of which only the stream is used */
	char text[1001] = "", part[101] = "";
	struct fx *fx = *state;
	int size = 100;

	fx_attach(fx);
	for (int i = 0; i < 10; i++)
		memset(text + i * 100, 'a' + i, 100);
	assert_return_code(setsockopt(fx->udp, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)), errno);
	fx_dut_says(fx, text);
	for (int i = 0; i < 10; i++) {
		struct eftf_inner_udp udp;
		size_t n = tunnel_packet(fx, &e, packet);

		memset(part, 'a' + i, 100);
		assert_int_equal(eftf_inner_parse(packet, n, &udp), 0);
		assert_int_equal(udp.len, 100);
		assert_memory_equal(udp.data, part, 100);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_size_is_cut_as_the_kernel_does, fx_setup_ue, fx_teardown),
		cmocka_unit_test_setup_teardown(all_flags_are_where_the_kernel_puts_them, fx_setup_ue, fx_teardown),
		cmocka_unit_test_setup_teardown(long_headers_are_kept, fx_setup_ue, fx_teardown),
		cmocka_unit_test_setup_teardown(tunnel_ends_in_the_middle_of_a_packet, fx_setup_ue, fx_teardown),
		cmocka_unit_test_setup_teardown(datagrams_are_cut, fx_setup_ue, fx_teardown),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
