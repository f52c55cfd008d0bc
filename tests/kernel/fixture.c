// SPDX-License-Identifier: GPL-2.0-or-later
#include "fixture.h"

#include "fault.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FX_PORT 9999

static const struct rec_key fx_key_a = {.key = "module to peer..", .iv = "ivivivivivi"};
static const struct rec_key fx_key_b = {.key = "peer to module..", .iv = "viviviviviv"};

int64_t fx_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

void fx_expect_within(int64_t start, int ms, const char *what)
{
	int64_t took = fx_now() - start, limit = fault_available() ? 6LL * ms : ms;

	if (took > limit)
		fail_msg("expected %s within %lld ms, it took %lld ms", what, (long long)limit,
			 (long long)took);
}

void fx_sleep(int ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&t, NULL);
}

static void fx_link(const struct eftf_link_info *info, void *arg)
{
	((struct fx *)arg)->ifindex = info->ifindex;
}

static const char *fx_own(const struct fx *fx)
{
	return fx->role == EFTF_ROLE_UE ? FX_UE : FX_GW;
}

static const char *fx_other(const struct fx *fx)
{
	return fx->role == EFTF_ROLE_UE ? FX_GW : FX_UE;
}

static struct in_addr fx_addr(const char *text)
{
	struct in_addr addr;

	assert_int_equal(inet_pton(AF_INET, text, &addr), 1);
	return addr;
}

static void fx_lo_up(struct fx *fx)
{
	struct eftf_err err = {""};

	if (eftf_rt_link_up(fx->rt, 1, true, &err))
		fail_msg("loopback: %s", err.text);
}

void fx_device(struct fx *fx)
{
	struct eftf_link_spec spec = {.name = FX_DEV, .role = fx->role};
	struct in_addr own = fx_addr(fx_own(fx)), other = fx_addr(fx_other(fx));
	struct eftf_route route = {.family = AF_INET, .plen = 32};
	struct eftf_err err = {""};
	int ret;

	fault_spare(true);
	ret = eftf_rt_link_add(fx->rt, &spec, &err);
	fault_spare(false);
	if (ret ||
	    eftf_rt_link_get(fx->rt, FX_DEV, fx_link, fx, &err) ||
	    eftf_rt_addr_add(fx->rt, fx->ifindex, AF_INET, &own, 32, &err) ||
	    eftf_rt_link_up(fx->rt, fx->ifindex, true, &err))
		fail_msg("device: %s", err.text);
	memcpy(route.dst, &other, 4);
	route.ifindex = fx->ifindex;
	if (eftf_rt_route_add(fx->rt, &route, &err))
		fail_msg("route: %s", err.text);
}

static void fx_udp(struct fx *fx)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(FX_PORT)};

	fx->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sin.sin_addr = fx_addr(fx_own(fx));
	assert_return_code(bind(fx->udp, (struct sockaddr *)&sin, sizeof(sin)), errno);
	sin.sin_addr = fx_addr(fx_other(fx));
	assert_return_code(connect(fx->udp, (struct sockaddr *)&sin, sizeof(sin)), errno);
}

/* of the running test: for connections that are made without its fixture at hand */
static struct tap *fx_tap;
static bool fx_tls12;

static int fx_setup(void **state, enum eftf_role role, bool tls12)
{
	struct fx *fx = calloc(1, sizeof(*fx));
	struct eftf_err err = {""};

	*state = fx;
	fx->role = role;
	fx->peer.fd = -1;
	assert_return_code(unshare(CLONE_NEWNET), errno);
	if (eftf_rt_open(&fx->rt, &err) || eftf_nl_open(&fx->nl, &err) ||
	    eftf_nl_events_open(&fx->events, &err))
		fail_msg("netlink: %s", err.text);
	fx->tap = tap_start();
	fx_tap = fx->tap;
	fx_tls12 = tls12;
	fx_lo_up(fx);
	fx_device(fx);
	fx_udp(fx);
	return 0;
}

int fx_setup_ue(void **state)
{
	return fx_setup(state, EFTF_ROLE_UE, false);
}

int fx_setup_gw(void **state)
{
	return fx_setup(state, EFTF_ROLE_GW, false);
}

int fx_setup_ue_tls12(void **state)
{
	return fx_setup(state, EFTF_ROLE_UE, true);
}

int fx_setup_gw_tls12(void **state)
{
	return fx_setup(state, EFTF_ROLE_GW, true);
}

int fx_teardown(void **state)
{
	struct fx *fx = *state;
	bool clean = tap_stop(fx->tap, fx->short_of_memory || fault_on());

	fx_tap = NULL;
	if (fx->peer.fd >= 0)
		close(fx->peer.fd);
	close(fx->udp);
	eftf_nl_close(fx->nl);
	eftf_nl_close(fx->events);
	eftf_rt_close(fx->rt);
	free(fx);
	return clean ? 0 : -1;
}

void fx_tcp_pair(int *a, int *b)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_return_code(bind(listener, (struct sockaddr *)&sin, sizeof(sin)), errno);
	assert_return_code(listen(listener, 1), errno);
	assert_return_code(getsockname(listener, (struct sockaddr *)&sin, &len), errno);
	if (fx_tap)
		tap_watch(fx_tap, ntohs(sin.sin_port));
	*a = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(connect(*a, (struct sockaddr *)&sin, sizeof(sin)), errno);
	*b = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_return_code(*b, errno);
	close(listener);
}

int fx_pair(struct rec *peer, int what)
{
	int dut;

	fx_tcp_pair(&peer->fd, &dut);
	peer->tx = fx_key_b;
	peer->rx = fx_key_a;
	peer->tx.tls12 = peer->rx.tls12 = fx_tls12;
	peer->have = 0;
	assert_return_code(ktls_plant(dut, what, &peer->rx, &peer->tx), errno);
	return dut;
}

void fx_reset_on_close(int fd)
{
	const struct linger now = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void fx_write(int fd, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		assert_return_code(n, errno);
		p += n;
		len -= (size_t)n;
	}
}

struct eftf_tunnel_spec fx_spec(const struct fx *fx, int fd)
{
	return (struct eftf_tunnel_spec){
		.ifindex = fx->ifindex,
		.fd = fd,
		.has_inner4 = true,
		.inner4 = fx_addr(FX_UE),
		.has_gateway4 = true,
		.gateway4 = fx_addr(FX_GW),
		.negotiated = true,
	};
}

int fx_attach_fd(struct fx *fx, int fd, struct eftf_err *err)
{
	struct eftf_tunnel_spec spec = fx_spec(fx, fd);

	err->text[0] = '\0';
	return eftf_nl_tunnel_new(fx->nl, &spec, &fx->id, err);
}

void fx_attach(struct fx *fx)
{
	struct eftf_err err;
	int dut = fx_pair(&fx->peer, KTLS_BOTH);

	if (fx_attach_fd(fx, dut, &err))
		fail_msg("attach: %s", err.text);
	close(dut);
	fx_event(fx, EFTF_CMD_EVENT_UP);
}

void fx_set(struct fx *fx, const struct eftf_tunnel_change *change)
{
	struct eftf_err err;

	if (eftf_nl_tunnel_set(fx->nl, fx->ifindex, fx->id, change, &err))
		fail_msg("set: %s", err.text);
}

void fx_set_times(struct fx *fx, uint32_t keepalive, uint32_t timeout)
{
	fx_set(fx, &(const struct eftf_tunnel_change){.has_keepalive = true, .keepalive = keepalive,
						      .has_timeout = true, .timeout = timeout});
}

size_t fx_envelope(const struct fx *fx, uint8_t *out, const void *data, size_t len)
{
	struct eftf_inner_udp udp = {
		.src = fx_addr(fx_other(fx)),
		.dst = fx_addr(fx_own(fx)),
		.sport = FX_PORT,
		.dport = FX_PORT,
		.data = data,
		.len = len,
	};
	size_t n = eftf_inner_build(out + FTT_IMS_HDR_LEN, FTT_IMS_MAX_PAYLOAD, &udp);

	assert_true(n > 0);
	ftt_ims_put_header(out, FTT_IMS_TYPE_IP, n);
	return n + FTT_IMS_HDR_LEN;
}

void fx_peer_says(struct fx *fx, const char *text)
{
	uint8_t out[2048];
	size_t n = fx_envelope(fx, out, text, strlen(text));

	rec_send(&fx->peer, REC_DATA, out, n);
}

void fx_expect_udp(struct fx *fx, const char *text)
{
	struct pollfd p = {.fd = fx->udp, .events = POLLIN};
	char got[65536];
	ssize_t n;

	if (poll(&p, 1, FX_PATIENCE) != 1)
		fail_msg("expected the packet \"%.40s\" from the tunnel, nothing came", text);
	n = recv(fx->udp, got, sizeof(got) - 1, 0);
	assert_return_code(n, errno);
	got[n] = '\0';
	assert_string_equal(got, text);
}

void fx_dut_says(struct fx *fx, const char *text)
{
	assert_return_code(send(fx->udp, text, strlen(text), 0), errno);
}

void fx_expect_envelope(struct fx *fx, const char *text)
{
	static uint8_t data[REC_MAX + 256];
	struct eftf_inner_udp udp;
	uint8_t type = 0;
	long n = rec_recv(&fx->peer, &type, data, FX_PATIENCE);

	if (n < 0)
		fail_msg("expected an envelope with \"%.40s\", reading gave %ld", text, n);
	assert_int_equal(type, REC_DATA);
	assert_true(n > FTT_IMS_HDR_LEN);
	assert_int_equal(data[0], FTT_IMS_TYPE_IP);
	assert_int_equal(ftt_ims_payload_len(data), n - FTT_IMS_HDR_LEN);
	assert_int_equal(eftf_inner_parse(data + FTT_IMS_HDR_LEN, (size_t)n - FTT_IMS_HDR_LEN,
					  &udp), 0);
	assert_int_equal(udp.len, strlen(text));
	assert_memory_equal(udp.data, text, udp.len);
}

void fx_expect_alive(struct fx *fx)
{
	fx_peer_says(fx, "are you there?");
	fx_expect_udp(fx, "are you there?");
	fx_dut_says(fx, "I am.");
	fx_expect_envelope(fx, "I am.");
}

static void fx_note(const struct eftf_tunnel_info *info, void *arg)
{
	struct fx *fx = arg;

	if (fx->n_seen < sizeof(fx->seen) / sizeof(fx->seen[0]))
		fx->seen[fx->n_seen++] = *info;
}

static void fx_no_event(const struct fx *fx, uint8_t cmd)
{
	for (unsigned int i = 0; i < fx->n_seen; i++)
		print_error("seen: event %u of tunnel %u, reason \"%s\"\n", fx->seen[i].cmd,
			    fx->seen[i].id, fx->seen[i].reason_name);
	fail_msg("expected event %u of tunnel %u, it did not come in %d ms; seen: %u others", cmd,
		 fx->id, FX_PATIENCE, fx->n_seen);
}

struct eftf_tunnel_info fx_event(struct fx *fx, uint8_t cmd)
{
	int64_t end = fx_now() + FX_PATIENCE;
	struct eftf_err err;

	for (;;) {
		struct pollfd p = {.fd = eftf_nl_fd(fx->events), .events = POLLIN};
		int64_t left = end - fx_now();

		for (unsigned int i = 0; i < fx->n_seen; i++) {
			struct eftf_tunnel_info info = fx->seen[i];

			if (info.cmd != cmd || info.id != fx->id)
				continue;
			memmove(&fx->seen[i], &fx->seen[i + 1],
				(--fx->n_seen - i) * sizeof(fx->seen[0]));
			return info;
		}
		if (left <= 0 || poll(&p, 1, (int)left) != 1)
			fx_no_event(fx, cmd);
		if (eftf_nl_events_read(fx->events, fx_note, fx, &err))
			fail_msg("events: %s", err.text);
	}
}

void fx_expect_down_or_lost(struct fx *fx)
{
	int64_t end = fx_now() + FX_PATIENCE;
	bool down = false, lost = false;

	while (!down && !lost) {
		struct pollfd p = {.fd = eftf_nl_fd(fx->events), .events = POLLIN};
		struct eftf_err err;
		int ret;

		if (fx_now() > end)
			fail_msg("expected the event DOWN of tunnel %u, or ENOBUFS; neither came",
				 fx->id);
		poll(&p, 1, 100);
		ret = eftf_nl_events_read(fx->events, fx_note, fx, &err);
		lost = ret == -ENOBUFS;
		for (unsigned int i = 0; i < fx->n_seen; i++) {
			if (fx->seen[i].cmd != EFTF_CMD_EVENT_DOWN || fx->seen[i].id != fx->id)
				continue;
			down = true;
			if (fx->seen[i].reason == EFTF_REASON_BAD_RECORD)
				fail_msg("expected that lack of memory is not taken for a forged record; tunnel %u ended for that",
					 fx->id);
		}
	}
	fx->n_seen = 0;
}

struct eftf_tunnel_info fx_expect_down(struct fx *fx, enum eftf_reason reason)
{
	struct eftf_tunnel_info info = fx_event(fx, EFTF_CMD_EVENT_DOWN);

	if (info.reason != reason)
		fail_msg("expected the end of the tunnel by reason %d, seen: %u \"%s\" alert %u errno %u",
			 reason, info.reason, info.reason_name, info.alert, info.sock_errno);
	return info;
}

void fx_expect_closed(struct fx *fx, uint8_t level, uint8_t description)
{
	static uint8_t data[REC_MAX + 256];
	uint8_t type = 0;
	long n;

	do
		n = rec_recv(&fx->peer, &type, data, FX_PATIENCE);
	while (n >= 0 && type == REC_DATA);
	if (n != 2 || type != REC_ALERT || data[0] != level || data[1] != description)
		fail_msg("expected alert %u/%u, seen: %ld octets of type %u: %u/%u", level,
			 description, n, type, data[0], data[1]);
	n = rec_recv(&fx->peer, &type, data, FX_PATIENCE);
	if (n != -1)
		fail_msg("expected the end of the stream after the alert, seen: %ld", n);
}

void fx_forget_events(struct fx *fx)
{
	struct eftf_err err;

	(void)eftf_nl_events_read(fx->events, fx_note, fx, &err);
	fx->n_seen = 0;
}

static void fx_keep(const struct eftf_tunnel_info *info, void *arg)
{
	*(struct eftf_tunnel_info *)arg = *info;
}

bool fx_find(struct fx *fx, struct eftf_tunnel_info *info, struct eftf_err *err)
{
	memset(info, 0, sizeof(*info));
	return !eftf_nl_tunnel_get(fx->nl, fx->ifindex, fx->id, fx_keep, info, err);
}

struct eftf_tunnel_info fx_get(struct fx *fx)
{
	struct eftf_tunnel_info info;
	struct eftf_err err = {""};

	if (!fx_find(fx, &info, &err))
		fail_msg("tunnel %u: %s", fx->id, err.text);
	return info;
}

uint64_t fx_stat(struct fx *fx, enum eftf_stat which)
{
	return fx_get(fx).stats[which];
}

void fx_wait_stat(struct fx *fx, enum eftf_stat which, uint64_t value)
{
	int64_t end = fx_now() + FX_PATIENCE;
	uint64_t seen;

	while ((seen = fx_stat(fx, which)) < value) {
		if (fx_now() > end)
			fail_msg("expected counter %d to reach %llu, seen: %llu", which,
				 (unsigned long long)value, (unsigned long long)seen);
		fx_sleep(10);
	}
	assert_int_equal(seen, value);
}

void fx_wait_records(struct fx *fx, enum eftf_direction direction, uint64_t records)
{
	int64_t end = fx_now() + FX_PATIENCE;
	uint64_t seen;

	for (;;) {
		struct eftf_tunnel_info info = fx_get(fx);

		seen = direction == EFTF_DIRECTION_TX ? info.key_records_tx : info.key_records_rx;
		if (seen >= records || fx_now() > end)
			break;
		fx_sleep(10);
	}
	assert_int_equal(seen, records);
}

void fx_wait_idle(struct fx *fx)
{
	int64_t end = fx_now() + FX_PATIENCE;

	while (fx_get(fx).queue_packets) {
		if (fx_now() > end)
			fail_msg("expected the queue to drain, seen: %u packets in it",
				 fx_get(fx).queue_packets);
		fx_sleep(10);
	}
}

static void fx_add(const struct eftf_tunnel_info *info, void *arg)
{
	(void)info;
	++*(unsigned int *)arg;
}

/* Until the sender is held back by its own buffer, whose packets wait in the tunnel. */
static void fx_fill_up(struct fx *fx)
{
	static const char text[FX_STUFFING] = "stuffing";

	for (int idle = 0; idle < 20; idle++) {
		while (send(fx->udp, text, sizeof(text), MSG_DONTWAIT) > 0)
			idle = 0;
		fx_sleep(10);
	}
}

void fx_stuff(struct fx *fx)
{
	int64_t end = fx_now() + 3 * FX_PATIENCE;
	uint64_t octets, stalls;

	/* a worker that was waiting for a processor takes more; one that has tried in vain does not */
	do {
		octets = fx_stat(fx, EFTF_STAT_TX_STREAM_BYTES);
		stalls = fx_stat(fx, EFTF_STAT_TX_STALLS);
		fx_fill_up(fx);
		while (fx_stat(fx, EFTF_STAT_TX_STALLS) == stalls && fx_now() < end)
			fx_sleep(20);
	} while (fx_stat(fx, EFTF_STAT_TX_STREAM_BYTES) != octets && fx_now() < end);
	assert_true(fx_now() < end);
	assert_true(fx_get(fx).queue_packets > 0);
}

bool fx_more_to_come(pid_t *child)
{
	pid_t ended;

	if (!*child)
		return false;
	ended = waitpid(*child, NULL, WNOHANG);
	assert_return_code(ended, errno);
	if (ended)
		*child = 0;
	return true;
}

void fx_expect_each_once(struct fx *fx, const uint8_t *seen, uint32_t n)
{
	struct eftf_tunnel_info info = fx_get(fx);
	/* a slow machine's queue is full at times, or too long for too long */
	uint64_t full = info.stats[EFTF_STAT_DROP_TX_FULL], codel = info.stats[EFTF_STAT_DROP_TX_CODEL];
	uint32_t missing = 0, first = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (seen[i] > 1)
			fail_msg("expected packet %u once, seen: %u times", i, seen[i]);
		if (!seen[i] && !missing++)
			first = i;
	}
	if (missing != full + codel)
		fail_msg("%u packets did not come, %u is the first; counted as dropped: %llu (full), %llu (CoDel)",
			 missing, first, (unsigned long long)full, (unsigned long long)codel);
}

unsigned int fx_count(struct fx *fx)
{
	struct eftf_err err = {""};
	unsigned int n = 0;

	if (eftf_nl_tunnel_get(fx->nl, 0, 0, fx_add, &n, &err))
		fail_msg("dump: %s", err.text);
	return n;
}

void fx_wait_count(struct fx *fx, int ms, unsigned int n, const char *after)
{
	int64_t end = fx_now() + ms;

	while (fx_count(fx) != n) {
		if (fx_now() > end)
			fail_msg("%s: expected %u tunnels, seen: %u", after, n, fx_count(fx));
		fx_sleep(5);
	}
}
