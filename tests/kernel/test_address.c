// SPDX-License-Identifier: GPL-2.0-or-later
/* Which packet belongs to which tunnel: IPv6 and prefixes, many tunnels, UE to UE, loops. */
#include "fixture.h"
#include "pump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define UE6 "2001:db8:64::2"
#define GW6 "2001:db8:1::1"

static struct in6_addr addr6(const char *text)
{
	struct in6_addr addr;

	assert_int_equal(inet_pton(AF_INET6, text, &addr), 1);
	return addr;
}

static void add_addr6(struct fx *fx, const char *own, const char *route_to, uint8_t plen)
{
	struct eftf_route route = {.family = AF_INET6, .plen = plen, .ifindex = fx->ifindex};
	struct in6_addr addr = addr6(own), dst = addr6(route_to);
	struct eftf_err err;

	memcpy(route.dst, &dst, 16);
	if (eftf_rt_addr_add(fx->rt, fx->ifindex, AF_INET6, &addr, 128, &err) ||
	    eftf_rt_route_add(fx->rt, &route, &err))
		fail_msg("IPv6 address: %s", err.text);
}

static void expect_text(int fd, const char *text)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char got[256] = "";

	assert_int_equal(poll(&p, 1, 10000), 1);
	assert_return_code(recv(fd, got, sizeof(got) - 1, 0), errno);
	assert_string_equal(got, text);
}

static int udp6(const char *own, const char *other)
{
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(7777)};
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t end = fx_now() + 30000;

	sin6.sin6_addr = addr6(own);
	/* duplicate address detection may still run; a checked kernel takes its time */
	while ((ret = bind(fd, (struct sockaddr *)&sin6, sizeof(sin6))) && errno == EADDRNOTAVAIL &&
	       fx_now() < end)
		fx_sleep(20);
	assert_return_code(ret, errno);
	/* and only a moment after it the route by which packets to it are ours */
	do
		(void)!sendto(fd, "me", 2, 0, (struct sockaddr *)&sin6, sizeof(sin6));
	while (poll(&p, 1, 200) != 1 && fx_now() < end);
	expect_text(fd, "me");
	sin6.sin6_addr = addr6(other);
	assert_return_code(connect(fd, (struct sockaddr *)&sin6, sizeof(sin6)), errno);
	return fd;
}

/* An envelope with an IPv6 UDP packet; checksum included. */
static size_t envelope6(uint8_t *out, const char *src, const char *dst, const char *text)
{
	size_t len = strlen(text), udp = 8 + len;
	uint8_t *ip = out + FTT_IMS_HDR_LEN;
	struct in6_addr a = addr6(src), b = addr6(dst);
	uint32_t sum = 17 + (uint32_t)udp;

	memset(ip, 0, 48);
	ftt_ims_put_header(out, FTT_IMS_TYPE_IP, 40 + udp);
	ip[0] = 0x60;
	ip[4] = (uint8_t)(udp >> 8);
	ip[5] = (uint8_t)udp;
	ip[6] = 17;
	ip[7] = 64;
	memcpy(ip + 8, &a, 16);
	memcpy(ip + 24, &b, 16);
	ip[40] = ip[42] = 7777 >> 8;
	ip[41] = ip[43] = 7777 & 255;
	ip[44] = ip[4];
	ip[45] = ip[5];
	memcpy(ip + 48, text, len);
	for (size_t i = 8; i < 40 + udp; i++)
		sum += i % 2 ? ip[i] : (uint32_t)ip[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	ip[46] = (uint8_t)(~sum >> 8);
	ip[47] = (uint8_t)~sum;
	return FTT_IMS_HDR_LEN + 40 + udp;
}

static void attach6(struct fx *fx, const char *inner, uint8_t plen)
{
	int dut = fx_pair(&fx->peer, KTLS_BOTH);
	struct eftf_tunnel_spec spec = fx_spec(fx, dut);
	struct eftf_err err;

	spec.has_inner4 = spec.has_gateway4 = false;
	spec.has_inner6 = spec.has_gateway6 = true;
	spec.inner6 = addr6(inner);
	spec.inner6_plen = plen;
	spec.gateway6 = addr6(GW6);
	if (eftf_nl_tunnel_new(fx->nl, &spec, &fx->id, &err))
		fail_msg("attach: %s", err.text);
	close(dut);
}

static void ipv6_both_ways(struct fx *fx, const char *own, const char *other, uint8_t plen)
{
	static uint8_t data[REC_MAX + 256];
	uint8_t out[512], type;
	int fd;
	long n;

	add_addr6(fx, own, other, plen);
	attach6(fx, UE6, plen);
	fd = udp6(own, other);
	n = (long)envelope6(out, other, own, "six");
	rec_send(&fx->peer, REC_DATA, out, (size_t)n);
	expect_text(fd, "six");
	assert_return_code(send(fd, "vi", 2, 0), errno);
	do {	/* what udp6() has sent before the address was its own went into the tunnel */
		n = rec_recv(&fx->peer, &type, data, 10000);
		assert_int_equal(n, FTT_IMS_HDR_LEN + 40 + 8 + 2);
	} while (!memcmp(data + 3 + 48, "me", 2));
	assert_int_equal(ftt_ims_check_ip(data + 3, (size_t)n - 3), FTT_IMS_IPV6);
	assert_memory_equal(data + 3 + 48, "vi", 2);
	close(fd);
}

static void ipv6_at_the_ue(void **state)
{
	ipv6_both_ways(*state, UE6, GW6, 128);
}

static void ipv6_at_the_gateway(void **state)
{
	struct fx *fx = *state;
	uint8_t out[512];
	size_t n;

	ipv6_both_ways(fx, GW6, UE6, 64);
	/* the whole prefix is the UE's, the next one is not */
	n = envelope6(out, "2001:db8:64::ffff:1", GW6, "mine");
	rec_send(&fx->peer, REC_DATA, out, n);
	fx_wait_stat(fx, EFTF_STAT_RX_PACKETS, 2);
	n = envelope6(out, "2001:db8:64:1::1", GW6, "not mine");
	rec_send(&fx->peer, REC_DATA, out, n);
	fx_wait_stat(fx, EFTF_STAT_DROP_RX_SOURCE, 1);
}

/* The longest prefix wins; four lengths are known at a time, and forgotten when unused. */
static void prefixes_of_many_lengths(void **state)
{
	static const uint8_t plens[] = {48, 64, 128, 56};
	struct rec peers[5];
	uint32_t ids[5];
	struct fx *fx = *state;
	struct eftf_err err;
	struct eftf_tunnel_spec spec;
	uint8_t type, data[REC_MAX + 256];
	int dut, fd;

	for (size_t i = 0; i < 4; i++) {
		attach6(fx, UE6, plens[i]);
		peers[i] = fx->peer;
		ids[i] = fx->id;
	}
	dut = fx_pair(&peers[4], KTLS_BOTH);
	spec = fx_spec(fx, dut);
	spec.has_inner4 = spec.has_gateway4 = false;
	spec.has_inner6 = true;
	spec.inner6 = addr6(UE6);
	spec.inner6_plen = 60;
	assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &ids[4], &err), -ENOSPC);
	assert_non_null(strstr(err.text, "prefix lengths"));

	add_addr6(fx, GW6, UE6, 48);
	fd = udp6(GW6, UE6);
	assert_return_code(send(fd, "a", 1, 0), errno);
	assert_int_equal(rec_recv(&peers[2], &type, data, 10000), 52);
	assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, ids[2], &err), 0);
	assert_return_code(send(fd, "b", 1, 0), errno);
	assert_int_equal(rec_recv(&peers[1], &type, data, 10000), 52);
	/* a slot is free again */
	assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, &ids[4], &err), 0);
	assert_int_equal(eftf_nl_tunnel_del(fx->nl, fx->ifindex, ids[1], &err), 0);
	assert_return_code(send(fd, "c", 1, 0), errno);
	assert_int_equal(rec_recv(&peers[4], &type, data, 10000), 52);
	close(fd);
	close(dut);
	for (int i = 0; i < 4; i++)
		close(peers[i].fd);
	fx->peer = peers[4];
}

/* A UE whose prefix contains another UE's, or the EFTF's address, may not use those. */
static void longer_prefixes_inside_are_not_its_own(void **state)
{
	struct rec wide, narrow;
	uint8_t out[512];
	struct fx *fx = *state;
	uint32_t id;
	size_t n;

	attach6(fx, UE6, 48);
	wide = fx->peer;
	id = fx->id;
	attach6(fx, UE6, 128);
	narrow = fx->peer;
	n = envelope6(out, UE6, GW6, "not mine");
	rec_send(&wide, REC_DATA, out, n);
	rec_send(&narrow, REC_DATA, out, n);
	fx_wait_stat(fx, EFTF_STAT_RX_PACKETS, 1);
	fx->id = id;
	fx_wait_stat(fx, EFTF_STAT_DROP_RX_SOURCE, 1);
	n = envelope6(out, GW6, GW6, "as if from the EFTF itself");
	rec_send(&wide, REC_DATA, out, n);
	fx_wait_stat(fx, EFTF_STAT_DROP_RX_SOURCE, 2);
	n = envelope6(out, "2001:db8:64:77::1", GW6, "mine");
	rec_send(&wide, REC_DATA, out, n);
	fx_wait_stat(fx, EFTF_STAT_RX_PACKETS, 1);
	close(wide.fd);
}

static void keep_alive_over_ipv6(void **state)
{
	const struct eftf_tunnel_change change = {.has_keepalive = true, .keepalive = 1};
	uint8_t type, data[REC_MAX + 256];
	struct in6_addr ue = addr6(UE6), gw = addr6(GW6);
	struct fx *fx = *state;

	attach6(fx, UE6, 128);
	fx_set(fx, &change);
	assert_int_equal(rec_recv(&fx->peer, &type, data, 10000), FTT_IMS_HDR_LEN + 48);
	assert_int_equal(data[3 + 6], IPPROTO_ICMPV6);
	assert_int_equal(data[3 + 40], 128);
	assert_memory_equal(data + 3 + 8, fx->role == EFTF_ROLE_UE ? &ue : &gw, 16);
	assert_memory_equal(data + 3 + 24, fx->role == EFTF_ROLE_UE ? &gw : &ue, 16);
}

static void second_ue(struct fx *fx, struct rec *peer, uint32_t *id)
{
	int dut = fx_pair(peer, KTLS_BOTH);
	struct in_addr third;
	struct eftf_route route = {.family = AF_INET, .plen = 32, .ifindex = fx->ifindex};
	struct eftf_tunnel_spec spec = fx_spec(fx, dut);
	struct eftf_err err;

	assert_int_equal(inet_pton(AF_INET, "10.64.0.3", &third), 1);
	spec.inner4 = third;
	assert_int_equal(eftf_nl_tunnel_new(fx->nl, &spec, id, &err), 0);
	memcpy(route.dst, &third, 4);
	assert_int_equal(eftf_rt_route_add(fx->rt, &route, &err), 0);
	close(dut);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f)
		fail_msg("%s: %s", path, strerror(errno));
	fputs(text, f);
	fclose(f);
}

static void ue_to_ue_is_blocked(void **state)
{
	uint8_t out[256], type, data[REC_MAX + 256];
	struct fx *fx = *state;
	struct rec other;
	struct eftf_inner_udp udp = {.sport = 1, .dport = 2, .data = (const uint8_t *)"hi", .len = 2};
	uint32_t id;
	size_t n;

	write_file("/proc/sys/net/ipv4/ip_forward", "1");
	fx_attach(fx);
	second_ue(fx, &other, &id);
	assert_int_equal(inet_pton(AF_INET, FX_UE, &udp.src), 1);
	assert_int_equal(inet_pton(AF_INET, "10.64.0.3", &udp.dst), 1);
	n = eftf_inner_build(out + 3, sizeof(out) - 3, &udp);
	ftt_ims_put_header(out, FTT_IMS_TYPE_IP, n);
	rec_send(&fx->peer, REC_DATA, out, n + 3);
	/* the sender is told: ICMP host unreachable from the EFTF, perhaps after a redirect */
	do {
		assert_true(rec_recv(&fx->peer, &type, data, 10000) >= FTT_IMS_HDR_LEN + 28);
		assert_int_equal(data[3 + 9], IPPROTO_ICMP);
	} while (data[3 + 20] == 5);
	assert_int_equal(data[3 + 20], 3);
	assert_int_equal(rec_recv(&other, &type, data, 300), -3);
	close(other.fd);
}

static void no_tunnel_is_told_to_the_sender(void **state)
{
	struct fx *fx = *state;
	struct pollfd p = {.fd = fx->udp, .events = POLLERR};
	int on = 1;
	char c;

	assert_return_code(setsockopt(fx->udp, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), errno);
	fx_dut_says(fx, "anybody?");
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(recv(fx->udp, &c, 1, 0), -1);
	assert_int_equal(errno, EHOSTUNREACH);
}

/*
 * A tunnel that is refused for its prefix has had its IPv4 address in the table
 * for a moment: what a sender gave it then is dropped, and it is freed when no
 * sender can still look at it.
 */
static void sender_meets_a_tunnel_that_is_refused(void **state)
{
	int64_t end = fx_now() + 15000;
	struct fx *fx = *state;
	struct eftf_tunnel_spec spec;
	int dut, unsent = 0;
	struct rec peer;
	pid_t child;

	attach6(fx, UE6, 64);
	dut = fx_pair(&peer, KTLS_BOTH);
	spec = fx_spec(fx, dut);
	spec.has_inner6 = spec.has_gateway6 = true;
	spec.inner6 = addr6(UE6);
	spec.inner6_plen = 64;
	spec.gateway6 = addr6(GW6);
	child = pump_talk(fx, 15000);
	for (int i = 0; i < 2000 && fx_now() < end - 10000; i++) {
		struct eftf_err err;
		uint32_t id;
		int ret = eftf_nl_tunnel_new(fx->nl, &spec, &id, &err);

		if (ret != -EEXIST || !strstr(err.text, "inner IPv6 prefix"))
			fail_msg("expected refusal %d for the prefix, seen %d: \"%s\"", -EEXIST,
				 ret, err.text);
	}
	pump_hush(child);
	/* nothing of the sender's lies about */
	do
		assert_return_code(ioctl(fx->udp, SIOCOUTQ, &unsent), errno);
	while (unsent && fx_now() < end);
	assert_int_equal(unsent, 0);
	close(dut);
	close(peer.fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define UE(f) cmocka_unit_test_setup_teardown(f, fx_setup_ue, fx_teardown)
#define GW(f) cmocka_unit_test_setup_teardown(f, fx_setup_gw, fx_teardown)
		UE(ipv6_at_the_ue),
		GW(ipv6_at_the_gateway),
		GW(prefixes_of_many_lengths),
		GW(longer_prefixes_inside_are_not_its_own),
		UE(keep_alive_over_ipv6),
		GW(keep_alive_over_ipv6),
		GW(ue_to_ue_is_blocked),
		GW(sender_meets_a_tunnel_that_is_refused),
		UE(no_tunnel_is_told_to_the_sender),
		GW(no_tunnel_is_told_to_the_sender),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
