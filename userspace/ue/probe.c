// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "addr.h"
#include "clock.h"
#include "connect.h"
#include "ike_probe.h"
#include "portal.h"
#include "random.h"
#include "sip_probe.h"
#include "stun.h"
#include "tls_probe.h"

/* RFC 3261 17.1.2.2 and RFC 5389 7.2.1: T1 = 500 ms, doubled; IKE leaves it open (RFC 7296 2.4) */
#define RESEND_FIRST_MS 500
#define REQUEST_MAX 1200

struct probe {
	int fd;			/* -1: not running */
	bool connecting;	/* TCP */
	bool garbled;		/* something came that was no answer */
	unsigned int resend_ms;
	uint64_t next_send;	/* UDP */
	struct eftf_sip_probe sip;
	uint8_t random[EFTF_TLS_PROBE_RANDOM_LEN];	/* as much of it as the request has */
	char local[EFTF_ADDR_TEXT];
	size_t got;		/* TCP: octets in answer[] */
	char answer[EFTF_SIP_MAX];
};

struct run {
	const struct eftf_probe_spec *spec;
	struct eftf_detect *d;
	enum eftf_detect_step step;
	uint64_t start;
	struct eftf_connect_spec control_spec;
	struct eftf_connector *control;
	char target[EFTF_PROBE_KINDS][272];
	struct probe probe[EFTF_PROBE_CONTROL];	/* all but the control */
};

unsigned int eftf_probe_kinds(const struct eftf_probe_spec *spec)
{
	unsigned int kinds = 0;

	if (spec->pcscf.ss_family)
		kinds |= EFTF_PROBE_BIT(EFTF_PROBE_SIP_UDP) | EFTF_PROBE_BIT(EFTF_PROBE_SIP_TCP);
	if (spec->sips.ss_family)
		kinds |= EFTF_PROBE_BIT(EFTF_PROBE_SIP_TLS);
	if (spec->ipsec.ss_family)
		kinds |= EFTF_PROBE_BIT(EFTF_PROBE_IPSEC);
	if (spec->media.ss_family)
		kinds |= EFTF_PROBE_BIT(EFTF_PROBE_STUN);
	if (spec->control.host[0])
		kinds |= EFTF_PROBE_BIT(EFTF_PROBE_CONTROL);
	return kinds;
}

static void finish(struct run *r, enum eftf_probe_kind kind, enum eftf_probe_result result,
		   const char *detail)
{
	struct eftf_evidence e = {
		.kind = kind, .result = result, .ms = (unsigned int)(eftf_now_ms() - r->start),
	};

	if (kind != EFTF_PROBE_CONTROL && r->probe[kind].fd >= 0) {
		close(r->probe[kind].fd);
		r->probe[kind].fd = -1;
	}
	snprintf(e.target, sizeof(e.target), "%s", r->target[kind]);
	snprintf(e.detail, sizeof(e.detail), "%s", detail);
	if (r->step == EFTF_STEP_PROBE)
		r->step = eftf_detect_probed(r->d, &e);
}

static void finish_errno(struct run *r, enum eftf_probe_kind kind, int code, const char *detail)
{
	switch (code) {
	case ECONNREFUSED:
	case ECONNRESET:
		finish(r, kind, EFTF_RESULT_REFUSED, "");
		break;
	case ENETUNREACH:
	case EHOSTUNREACH:
		finish(r, kind, EFTF_RESULT_UNREACHABLE, "");
		break;
	case ETIMEDOUT:
		finish(r, kind, EFTF_RESULT_SILENT, "");
		break;
	default:
		finish(r, kind, EFTF_RESULT_FAILED, detail);
	}
}

static bool is_tcp(enum eftf_probe_kind kind)
{
	return kind == EFTF_PROBE_SIP_TCP || kind == EFTF_PROBE_SIP_TLS;
}

static const struct sockaddr_storage *target_of(const struct run *r, enum eftf_probe_kind kind)
{
	switch (kind) {
	case EFTF_PROBE_SIP_TLS:
		return &r->spec->sips;
	case EFTF_PROBE_IPSEC:
		return &r->spec->ipsec;
	case EFTF_PROBE_STUN:
		return &r->spec->media;
	default:
		return &r->spec->pcscf;
	}
}

/* Returns octets. */
static size_t make_request(const struct probe *p, enum eftf_probe_kind kind, char request[REQUEST_MAX])
{
	uint8_t *out = (uint8_t *)request;

	switch (kind) {
	case EFTF_PROBE_SIP_TLS:
		eftf_tls_probe_request(out, p->random);
		return EFTF_TLS_PROBE_REQUEST_LEN;
	case EFTF_PROBE_IPSEC:
		eftf_ike_request(out, p->random);
		return EFTF_IKE_REQUEST_LEN;
	case EFTF_PROBE_STUN:
		eftf_stun_request(out, p->random);
		return EFTF_STUN_REQUEST_LEN;
	default:
		return eftf_sip_request(request, REQUEST_MAX, &p->sip);
	}
}

/* Builds the request of a probe and sends it. */
static void send_request(struct run *r, enum eftf_probe_kind kind)
{
	struct probe *p = &r->probe[kind];
	char request[REQUEST_MAX];
	size_t len = make_request(p, kind, request);
	ssize_t sent;

	sent = send(p->fd, request, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN && errno != ENOBUFS)
		finish_errno(r, kind, errno, strerror(errno));
	else if (is_tcp(kind) && sent != (ssize_t)len)
		finish(r, kind, EFTF_RESULT_FAILED, "request not taken at once");
}

static void set_local(struct probe *p)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(&ss, 0, sizeof(ss));
	getsockname(p->fd, (struct sockaddr *)&ss, &len);
	eftf_addr_text(p->local, &ss);
	p->sip.local = p->local;
}

static void start_probe(struct run *r, enum eftf_probe_kind kind)
{
	const struct sockaddr_storage *to = target_of(r, kind);
	socklen_t len = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
						    sizeof(struct sockaddr_in);
	bool tcp = is_tcp(kind);
	struct probe *p = &r->probe[kind];

	if (eftf_random(p->random, sizeof(p->random)) || eftf_random(&p->sip.id, sizeof(p->sip.id))) {
		finish(r, kind, EFTF_RESULT_FAILED, "no random numbers");
		return;
	}
	p->sip.tcp = tcp;
	p->sip.target = r->target[kind];
	p->fd = socket(to->ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC |
		       SOCK_NONBLOCK, 0);
	if (p->fd < 0 || (r->spec->link && setsockopt(p->fd, SOL_SOCKET, SO_BINDTODEVICE, r->spec->link,
						      (socklen_t)strlen(r->spec->link)))) {
		finish(r, kind, EFTF_RESULT_FAILED, strerror(errno));
		return;
	}
	/* a connected UDP socket is told of ICMP errors */
	if (connect(p->fd, (const struct sockaddr *)to, len) && errno != EINPROGRESS) {
		finish_errno(r, kind, errno, strerror(errno));
		return;
	}
	set_local(p);
	p->connecting = tcp;
	p->resend_ms = RESEND_FIRST_MS;
	if (!tcp) {
		p->next_send = r->start + p->resend_ms;
		send_request(r, kind);
	}
}

/* Is the datagram of so many octets the answer? Then detail says what it is. */
static bool udp_answers(struct probe *p, enum eftf_probe_kind kind, size_t len, char detail[EFTF_DETAIL_TEXT])
{
	const uint8_t *data = (const uint8_t *)p->answer;
	struct eftf_stun_answer stun;
	char mapped[EFTF_ADDR_TEXT];
	int status;

	switch (kind) {
	case EFTF_PROBE_IPSEC:
		snprintf(detail, EFTF_DETAIL_TEXT, "IKEv2");
		return !eftf_ike_parse(data, len, p->random);
	case EFTF_PROBE_STUN:
		if (eftf_stun_parse(&stun, data, len, p->random))
			return false;
		eftf_addr_text(mapped, &stun.mapped);
		if (stun.error)
			snprintf(detail, EFTF_DETAIL_TEXT, "STUN error %u", stun.error);
		else
			snprintf(detail, EFTF_DETAIL_TEXT, "seen as %s", mapped);
		return true;
	default:
		status = eftf_sip_response(&p->sip, p->answer, len);
		snprintf(detail, EFTF_DETAIL_TEXT, "SIP %d", status);
		return status > 0;
	}
}

static void udp_readable(struct run *r, enum eftf_probe_kind kind)
{
	struct probe *p = &r->probe[kind];
	char detail[EFTF_DETAIL_TEXT] = "";
	ssize_t n;

	n = recv(p->fd, p->answer, sizeof(p->answer), MSG_DONTWAIT);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish_errno(r, kind, errno, strerror(errno));
		return;
	}
	/* a datagram may be forged: go on waiting for an answer that fits */
	if (udp_answers(p, kind, (size_t)n, detail))
		finish(r, kind, EFTF_RESULT_ANSWERED, detail);
	else
		p->garbled = true;
}

/* Returns the result as far as it can be said of what has come; NONE: not yet. */
static enum eftf_probe_result tcp_answers(const struct probe *p, enum eftf_probe_kind kind, char detail[EFTF_DETAIL_TEXT])
{
	int ret;

	if (kind == EFTF_PROBE_SIP_TLS) {
		ret = eftf_tls_probe_answer((const uint8_t *)p->answer, p->got, p->random);
		if (ret == 2)
			snprintf(detail, EFTF_DETAIL_TEXT, "TLS alert %u", (unsigned int)(uint8_t)p->answer[6]);
		else
			snprintf(detail, EFTF_DETAIL_TEXT, ret == 1 ? "TLS" : "no TLS answer to us");
		if (ret == 1)
			return EFTF_RESULT_ANSWERED;
		return ret ? EFTF_RESULT_GARBLED : EFTF_RESULT_NONE;
	}
	ret = eftf_sip_response(&p->sip, p->answer, p->got);
	if (ret > 0)
		snprintf(detail, EFTF_DETAIL_TEXT, "SIP %d", ret);
	else
		snprintf(detail, EFTF_DETAIL_TEXT, "no SIP response to us");
	if (ret > 0)
		return EFTF_RESULT_ANSWERED;
	return ret ? EFTF_RESULT_GARBLED : EFTF_RESULT_NONE;
}

static void tcp_connected(struct run *r, enum eftf_probe_kind kind, short revents)
{
	struct probe *p = &r->probe[kind];
	socklen_t len = sizeof(int);
	int code = 0;

	getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &code, &len);
	if (code) {
		finish_errno(r, kind, code, strerror(code));
		return;
	}
	if (!(revents & POLLOUT))
		return;
	p->connecting = false;
	set_local(p);
	send_request(r, kind);
}

static void tcp_ready(struct run *r, enum eftf_probe_kind kind, short revents)
{
	struct probe *p = &r->probe[kind];
	enum eftf_probe_result result;
	char detail[EFTF_DETAIL_TEXT];
	ssize_t n;

	if (p->connecting) {
		tcp_connected(r, kind, revents);
		return;
	}
	n = recv(p->fd, p->answer + p->got, sizeof(p->answer) - p->got, MSG_DONTWAIT);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish_errno(r, kind, errno, strerror(errno));
		return;
	}
	p->got += (size_t)n;
	result = tcp_answers(p, kind, detail);
	if (result != EFTF_RESULT_NONE)
		finish(r, kind, result, detail);
	else if (n == 0)
		finish(r, kind, p->got ? EFTF_RESULT_GARBLED : EFTF_RESULT_REFUSED,
		       "connection closed");
}

static void start_control(struct run *r)
{
	const struct eftf_value_target *to = &r->spec->control;
	struct eftf_err err;
	int ret;

	r->control_spec = (struct eftf_connect_spec){
		.host = to->host, .port = to->port, .timeout_ms = r->spec->timeout_ms,
	};
	ret = eftf_connector_new(&r->control, &r->control_spec, &err);
	if (ret)
		finish(r, EFTF_PROBE_CONTROL, EFTF_RESULT_FAILED, err.text);
}

static void start(struct run *r)
{
	const struct eftf_value_target *c = &r->spec->control;
	bool v6 = strchr(c->host, ':') != NULL;
	int kind;

	for (kind = 0; kind < EFTF_PROBE_CONTROL; kind++) {
		r->probe[kind].fd = -1;
		eftf_addr_text(r->target[kind], target_of(r, (enum eftf_probe_kind)kind));
	}
	snprintf(r->target[EFTF_PROBE_CONTROL], sizeof(r->target[0]), v6 ? "[%s]:%u" : "%s:%u",
		 c->host, c->port);

	r->start = eftf_now_ms();
	for (kind = 0; kind < EFTF_PROBE_CONTROL; kind++) {
		if (r->step == EFTF_STEP_PROBE && (r->d->pending & EFTF_PROBE_BIT(kind)))
			start_probe(r, (enum eftf_probe_kind)kind);
	}
	if (r->step == EFTF_STEP_PROBE && (r->d->pending & EFTF_PROBE_BIT(EFTF_PROBE_CONTROL)))
		start_control(r);
}

/* Sends again what is due. Returns when the next one is, at most deadline. */
static uint64_t resend(struct run *r, uint64_t deadline)
{
	uint64_t next = deadline, now = eftf_now_ms();
	int kind;

	for (kind = 0; kind < EFTF_PROBE_CONTROL; kind++) {
		struct probe *p = &r->probe[kind];

		if (p->fd < 0 || is_tcp((enum eftf_probe_kind)kind))
			continue;
		if (p->next_send <= now) {
			p->resend_ms *= 2;
			p->next_send = now + p->resend_ms;
			send_request(r, (enum eftf_probe_kind)kind);
		}
		if (p->fd >= 0 && p->next_send < next)
			next = p->next_send;
	}
	return next;
}

static void wait_once(struct run *r, struct eftf_signals *sig, uint64_t until)
{
	struct pollfd pfd[EFTF_PROBE_CONTROL + 1];
	struct eftf_err err;
	int kind, ret;

	for (kind = 0; kind < EFTF_PROBE_CONTROL; kind++) {
		pfd[kind] = (struct pollfd){
			.fd = r->probe[kind].fd,
			.events = r->probe[kind].connecting ? POLLOUT : POLLIN,
		};
	}
	pfd[kind] = (struct pollfd){ .fd = sig->fd, .events = POLLIN };
	if (r->control) {
		ret = eftf_connector_poll(r->control, pfd, EFTF_PROBE_CONTROL + 1,
					  eftf_ms_left(until), &err);
		if (ret) {
			eftf_connector_free(r->control);
			r->control = NULL;
			if (ret > 0)
				finish(r, EFTF_PROBE_CONTROL, EFTF_RESULT_ANSWERED, "");
			else
				finish_errno(r, EFTF_PROBE_CONTROL, -ret, err.text);
			return;
		}
	} else if (poll(pfd, EFTF_PROBE_CONTROL + 1, eftf_ms_left(until)) <= 0) {
		return;
	}
	for (kind = 0; kind < EFTF_PROBE_CONTROL && r->step == EFTF_STEP_PROBE; kind++) {
		if (r->probe[kind].fd < 0 || !pfd[kind].revents)
			continue;
		if (is_tcp((enum eftf_probe_kind)kind))
			tcp_ready(r, (enum eftf_probe_kind)kind, pfd[kind].revents);
		else
			udp_readable(r, (enum eftf_probe_kind)kind);
	}
}

static void stop(struct run *r)
{
	int kind;

	for (kind = 0; kind < EFTF_PROBE_CONTROL; kind++) {
		if (r->probe[kind].fd >= 0)
			close(r->probe[kind].fd);
	}
	eftf_connector_free(r->control);
}

/* Is what seems to be no network one that wants a login first? */
static enum eftf_detect_step ask_portal(const struct eftf_probe_spec *spec, struct eftf_signals *sig,
					struct eftf_detect *d, enum eftf_detect_step step)
{
	const struct eftf_value_target *at = &spec->portal;
	enum eftf_probe_result control = d->evidence[EFTF_PROBE_CONTROL].result;
	char where[EFTF_PORTAL_WHERE];

	if (d->verdict != EFTF_VERDICT_NO_NETWORK || !at->host[0] ||
	    (control != EFTF_RESULT_REFUSED && control != EFTF_RESULT_SILENT) ||
	    !eftf_portal_ask(at->host, at->port, at->host, spec->link, sig, where))
		return step;
	return eftf_detect_portal(d, where);
}

int eftf_probe_run(const struct eftf_probe_spec *spec, struct eftf_signals *sig,
		   struct eftf_detect *d)
{
	struct run r = { .spec = spec, .d = d, .step = EFTF_STEP_PROBE };
	uint64_t deadline;
	bool interrupted = false;
	int kind;

	start(&r);
	deadline = r.start + spec->timeout_ms;
	while (r.step == EFTF_STEP_PROBE && eftf_ms_left(deadline) > 0) {
		uint64_t until = resend(&r, deadline);

		if (r.step == EFTF_STEP_PROBE)
			wait_once(&r, sig, until);
		interrupted = eftf_signals_take(sig);
		if (interrupted)
			break;
	}
	for (kind = 0; kind < EFTF_PROBE_KINDS && !interrupted; kind++) {
		bool garbled = kind != EFTF_PROBE_CONTROL && r.probe[kind].garbled;

		if (r.step == EFTF_STEP_PROBE && (d->pending & EFTF_PROBE_BIT(kind)))
			finish(&r, (enum eftf_probe_kind)kind,
			       garbled ? EFTF_RESULT_GARBLED : EFTF_RESULT_SILENT, "");
	}
	stop(&r);
	return interrupted ? -EINTR : (int)ask_portal(spec, sig, d, r.step);
}
