// SPDX-License-Identifier: GPL-2.0-or-later
#include "pump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PUMP_TEXT 160		/* octets of a packet: voice, about */

#define get(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define put(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)

struct in_addr pump_ue(unsigned int k)
{
	struct in_addr addr;

	inet_pton(AF_INET, FX_UE, &addr);
	addr.s_addr = htonl(ntohl(addr.s_addr) + k);
	return addr;
}

static struct in_addr pump_gw(void)
{
	struct in_addr addr;

	inet_pton(AF_INET, FX_GW, &addr);
	return addr;
}

struct eftf_tunnel_spec pump_spec(const struct fx *fx, int fd, unsigned int k)
{
	struct eftf_tunnel_spec spec = fx_spec(fx, fd);

	spec.inner4 = pump_ue(k);
	return spec;
}

void pump_spin(unsigned int us)
{
	struct timespec t;
	int64_t end, now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = t.tv_sec * 1000000LL + t.tv_nsec / 1000;
	end = now + (us ? rand() % (int)us : 0);
	while (now < end) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		now = t.tv_sec * 1000000LL + t.tv_nsec / 1000;
	}
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* a machine with one processor has the other one nowhere */
	(void)!sched_setaffinity(0, sizeof(set), &set);
}

static void pump_wrong(struct pump *p, const char *what, long value)
{
	if (!p->wrong[0])
		snprintf(p->wrong, sizeof(p->wrong), "%s (%ld)", what, value);
}

/* How long was it since the last one? */
static void note_time(int64_t *at, int64_t *longest)
{
	int64_t now = fx_now();

	if (*at && now - *at > *longest)
		*longest = now - *at;
	*at = now;
}

static void pump_packet(struct pump *p)
{
	struct eftf_inner_udp udp;
	uint32_t number;

	put(p->heard, p->heard + 1);
	note_time(&p->heard_at, &p->longest);
	if (ftt_ims_check_ip(p->packet, p->n_packet) <= 0) {
		pump_wrong(p, "an envelope without an IP packet, octets", (long)p->n_packet);
		return;
	}
	if (p->packet[1] == PUMP_VOICE)
		put(p->voice, p->voice + 1);
	if (p->packet[1] == PUMP_VOICE || eftf_inner_parse(p->packet, p->n_packet, &udp) ||
	    udp.dport != p->port || udp.len < sizeof(number))
		return;
	memcpy(&number, udp.data, sizeof(number));
	/* what goes through one connection does not overtake itself, nor come twice */
	if (number <= p->last)
		pump_wrong(p, "a packet that came before, number", (long)number);
	p->last = number;
}

static void pump_octets(struct pump *p, const uint8_t *data, size_t len)
{
	struct ftt_ims_piece piece = { 0 };

	while (len) {
		int used = ftt_ims_decode(&p->decoder, data, len, &piece);

		if (used < 0) {
			pump_wrong(p, "an envelope with a Length below 3", used);
			return;
		}
		data += used;
		len -= (size_t)used;
		if (!piece.valid)
			continue;
		if (piece.type != FTT_IMS_TYPE_IP)
			pump_wrong(p, "an envelope of type", piece.type);
		if (piece.first)
			p->n_packet = 0;
		if (p->n_packet + piece.len <= sizeof(p->packet)) {
			memcpy(p->packet + p->n_packet, piece.data, piece.len);
			p->n_packet += piece.len;
		}
		if (piece.last)
			pump_packet(p);
	}
}

static void pump_record(struct pump *p, uint8_t type, const uint8_t *data, long n)
{
	put(p->records, p->records + 1);
	if (p->has_alert)
		pump_wrong(p, "a record after the alert, of type", type);
	if (type == REC_DATA) {
		pump_octets(p, data, (size_t)n);
	} else if (type == REC_ALERT && n == 2) {
		memcpy(p->alert, data, 2);
		p->has_alert = true;
	} else {
		pump_wrong(p, "a record of type", type);
	}
}

/* Everything that is there. */
static void pump_hear(struct pump *p, uint8_t *data)
{
	struct pollfd poll_end = {.fd = p->rec.fd, .events = POLLRDHUP};
	uint8_t type = 0;
	long n;

	while (!p->ended && rec_there(&p->rec)) {
		n = rec_recv(&p->rec, &type, data, 0);
		if (n >= 0)
			pump_record(p, type, data, n);
		else if (n == -4)
			pump_wrong(p, "a record that does not authenticate", n);
		else if (n == -5 && p->rec.have >= 5)
			pump_wrong(p, "octets that are no TLS record, type", p->rec.raw[0]);
		if (n < 0)
			put(p->ended, true);
	}
	if (!p->ended && poll(&poll_end, 1, 0) == 1 && !rec_there(&p->rec)) {
		p->cut = true;
		put(p->ended, true);
	}
}

/* False if there is no room, or nobody. */
static bool pump_say(struct pump *p, uint8_t type, const void *data, size_t len, uint8_t *out)
{
	struct rec_key before = p->rec.tx;
	size_t n = rec_seal(&p->rec.tx, type, data, len, 0, out), at = 0;

	while (at < n) {
		/* what was begun is finished, or the peer is none any more */
		ssize_t done = send(p->rec.fd, out + at, n - at,
				    MSG_NOSIGNAL | (at ? 0 : MSG_DONTWAIT));

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && !at)
			p->rec.tx = before;
		if (done < 0)
			return false;
		at += (size_t)done;
	}
	return true;
}

/* Until something comes or it is time to say something; not long, for it may be told to stop. */
static void pump_wait(struct pump *p, int64_t next)
{
	struct pollfd in = {.fd = p->rec.fd, .events = POLLIN};
	int64_t ms = next - fx_now();

	ms = ms < 1 ? 1 : ms > 20 ? 20 : ms;
	if (get(p->deaf) || poll(&in, 1, (int)ms) == 1)
		fx_sleep(get(p->deaf) ? (int)ms : 1);
}

static void *pump_run(void *arg)
{
	struct pump *p = arg;
	uint8_t *buf = malloc(REC_MAX + 512);
	int64_t next = 0;

	pin(p->cpu);
	while (buf && !get(p->stop) && !p->ended) {
		if (!p->said_bye && !get(p->silent) && fx_now() >= next) {
			next = fx_now() + p->pause;
			if (pump_say(p, REC_DATA, p->envelope, p->len, buf))
				put(p->said, p->said + 1);
		}
		if (!p->said_bye && get(p->bye))
			p->said_bye = pump_say(p, REC_ALERT, "\1\0", 2, buf);
		if (!get(p->deaf))
			pump_hear(p, buf);
		if (!p->ended)
			pump_wait(p, next);
	}
	free(buf);
	return NULL;
}

void pump_start(struct pump *p, const struct fx *fx, unsigned int k, const struct rec *rec,
		int cpu)
{
	const struct timeval patience = {.tv_sec = 5};
	bool gw = fx->role == EFTF_ROLE_GW;
	struct eftf_inner_udp udp = {
		.src = gw ? pump_ue(k) : pump_gw(),
		.dst = gw ? pump_gw() : pump_ue(k),
		.sport = p->port ? p->port : PUMP_PORT,
		.dport = p->port ? p->port : PUMP_PORT,
		.data = (const uint8_t[PUMP_TEXT]){0},
		.len = PUMP_TEXT,
	};

	p->rec = *rec;
	p->cpu = cpu;
	p->said = p->heard = p->records = 0;
	p->ended = p->cut = p->has_alert = p->said_bye = false;
	p->port = udp.dport;
	p->last = 0;
	p->voice = 0;
	p->heard_at = p->longest = 0;
	p->wrong[0] = '\0';
	p->decoder = (struct ftt_ims_decoder){.have = 0};
	p->len = eftf_inner_build(p->envelope + FTT_IMS_HDR_LEN,
				  sizeof(p->envelope) - FTT_IMS_HDR_LEN, &udp);
	ftt_ims_put_header(p->envelope, FTT_IMS_TYPE_IP, p->len);
	p->len += FTT_IMS_HDR_LEN;
	setsockopt(p->rec.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	pump_resume(p);
}

void pump_resume(struct pump *p)
{
	p->stop = false;
	assert_int_equal(pthread_create(&p->thread, NULL, pump_run, p), 0);
	p->running = true;
}

void pump_stop(struct pump *p)
{
	if (!p->running)
		return;
	put(p->stop, true);
	pthread_join(p->thread, NULL);
	p->running = false;
}

bool pump_hears_end(struct pump *p, int ms)
{
	int64_t end = fx_now() + ms;

	put(p->silent, true);
	put(p->deaf, false);
	while (!get(p->ended) && fx_now() < end)
		fx_sleep(2);
	return get(p->ended);
}

bool pump_ends(struct pump *p, int ms, char *why, size_t size)
{
	pump_hears_end(p, ms);
	pump_stop(p);
	if (p->wrong[0])
		snprintf(why, size, "the peer got %s", p->wrong);
	else if (!p->ended)
		snprintf(why, size, "the module's stream has not ended; %lu packets came", p->heard);
	close(p->rec.fd);
	p->rec.fd = -1;
	return !p->wrong[0] && p->ended;
}

void pump_end(struct pump *p)
{
	char why[192];

	if (!pump_ends(p, 15000, why, sizeof(why)))
		fail_msg("expected whole records, then the end of the stream; seen: %s", why);
}

static void *blast_run(void *arg)
{
	struct blast *b = arg;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(b->port)};
	uint8_t text[PUMP_TEXT] = {0}, got[2048];

	pin(b->cpu);
	for (uint32_t number = 1; !get(b->stop); number++) {
		memcpy(text, &number, sizeof(number));
		for (unsigned int k = b->first; k < b->n; k++) {
			to.sin_addr = b->role == EFTF_ROLE_GW ? pump_ue(k) : pump_gw();
			if (sendto(b->fd, text, sizeof(text), MSG_DONTWAIT, (struct sockaddr *)&to,
				   sizeof(to)) > 0)
				put(b->sent, b->sent + 1);
		}
		while (recv(b->fd, got, sizeof(got), MSG_DONTWAIT) > 0) {
			put(b->got, b->got + 1);
			note_time(&b->got_at, &b->longest);
		}
		fx_sleep((int)b->pause);
	}
	return NULL;
}

/* All UEs behind the device, not only the first. */
static void blast_route(const struct fx *fx)
{
	struct eftf_route route = {.family = AF_INET, .plen = 16, .ifindex = fx->ifindex};
	struct in_addr net = {.s_addr = htonl(ntohl(pump_gw().s_addr) & 0xffff0000)};
	struct eftf_err err;

	memcpy(route.dst, &net, 4);
	if (eftf_rt_route_add(fx->rt, &route, &err))
		fail_msg("route: %s", err.text);
}

int pump_socket(const struct fx *fx, unsigned int k, uint16_t port, int tos)
{
	bool gw = fx->role == EFTF_ROLE_GW;
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)}, to = own;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	blast_route(fx);
	own.sin_addr = gw ? pump_gw() : pump_ue(k);
	to.sin_addr = gw ? pump_ue(k) : pump_gw();
	assert_return_code(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)), errno);
	assert_return_code(bind(fd, (struct sockaddr *)&own, sizeof(own)), errno);
	assert_return_code(connect(fd, (struct sockaddr *)&to, sizeof(to)), errno);
	return fd;
}

int pump_socket_of_all(const struct fx *fx, uint16_t port)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};
	int fd = pump_socket(fx, 0, port, 0);

	connect(fd, &none, sizeof(none));
	return fd;
}

void blast_start(struct blast *b, const struct fx *fx, int cpu)
{
	b->cpu = cpu;
	b->stop = false;
	b->sent = b->got = 0;
	b->got_at = b->longest = 0;
	b->role = fx->role;
	if (!b->port)
		b->port = PUMP_PORT;
	b->fd = pump_socket_of_all(fx, b->port);
	assert_int_equal(pthread_create(&b->thread, NULL, blast_run, b), 0);
}

void blast_end(struct blast *b)
{
	put(b->stop, true);
	pthread_join(b->thread, NULL);
	close(b->fd);
}

pid_t pump_talk(const struct fx *fx, int ms)
{
	int64_t end = fx_now() + ms;
	pid_t talker = fork();

	assert_return_code(talker, errno);
	if (talker)
		return talker;
	while (fx_now() < end)
		(void)!send(fx->udp, "anybody?", 8, MSG_DONTWAIT);
	_exit(0);
}

void pump_hush(pid_t talker)
{
	kill(talker, SIGKILL);
	assert_int_equal(waitpid(talker, NULL, 0), talker);
}
