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
#include "random.h"
#include "sip_probe.h"
#include "stun.h"

/* RFC 3261 17.1.2.2 and RFC 5389 7.2.1: T1 = 500 ms, doubled */
#define RESEND_FIRST_MS 500
#define REQUEST_MAX 1200

struct probe {
	int fd;			/* -1: not running */
	bool connecting;	/* TCP */
	bool garbled;		/* something came that was no answer */
	unsigned int resend_ms;
	uint64_t next_send;	/* UDP */
	struct eftf_sip_probe sip;
	uint8_t stun_id[EFTF_STUN_ID_LEN];
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

/* Builds the request of a probe and sends it. */
static void send_request(struct run *r, enum eftf_probe_kind kind)
{
	struct probe *p = &r->probe[kind];
	char request[REQUEST_MAX];
	ssize_t sent;
	size_t len;

	if (kind == EFTF_PROBE_STUN) {
		eftf_stun_request((uint8_t *)request, p->stun_id);
		len = EFTF_STUN_REQUEST_LEN;
	} else {
		len = eftf_sip_request(request, sizeof(request), &p->sip);
	}
	sent = send(p->fd, request, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN && errno != ENOBUFS)
		finish_errno(r, kind, errno, strerror(errno));
	else if (kind == EFTF_PROBE_SIP_TCP && sent != (ssize_t)len)
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

static void start_probe(struct run *r, enum eftf_probe_kind kind,
			const struct sockaddr_storage *to)
{
	socklen_t len = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
						    sizeof(struct sockaddr_in);
	bool tcp = kind == EFTF_PROBE_SIP_TCP;
	struct probe *p = &r->probe[kind];

	if (eftf_random(p->stun_id, sizeof(p->stun_id)) ||
	    eftf_random(&p->sip.id, sizeof(p->sip.id))) {
		finish(r, kind, EFTF_RESULT_FAILED, "no random numbers");
		return;
	}
	p->sip.tcp = tcp;
	p->sip.target = r->target[kind];
	p->fd = socket(to->ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC |
		       SOCK_NONBLOCK, 0);
	if (p->fd < 0) {
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

static void udp_readable(struct run *r, enum eftf_probe_kind kind)
{
	struct probe *p = &r->probe[kind];
	struct eftf_stun_answer stun;
	char detail[96] = "";
	ssize_t n;
	int ret;

	n = recv(p->fd, p->answer, sizeof(p->answer), MSG_DONTWAIT);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish_errno(r, kind, errno, strerror(errno));
		return;
	}
	if (kind == EFTF_PROBE_STUN) {
		ret = eftf_stun_parse(&stun, (const uint8_t *)p->answer, (size_t)n, p->stun_id);
		if (ret == 0 && stun.error)
			snprintf(detail, sizeof(detail), "STUN error %u", stun.error);
		if (ret == 0 && !stun.error) {
			char mapped[EFTF_ADDR_TEXT];

			eftf_addr_text(mapped, &stun.mapped);
			snprintf(detail, sizeof(detail), "seen as %s", mapped);
		}
	} else {
		ret = eftf_sip_response(&p->sip, p->answer, (size_t)n);
		snprintf(detail, sizeof(detail), "SIP %d", ret);
		ret = ret > 0 ? 0 : -EBADMSG;
	}
	/* a datagram may be forged: go on waiting for an answer that fits */
	if (ret)
		p->garbled = true;
	else
		finish(r, kind, EFTF_RESULT_ANSWERED, detail);
}

static void tcp_ready(struct run *r, short revents)
{
	struct probe *p = &r->probe[EFTF_PROBE_SIP_TCP];
	socklen_t len = sizeof(int);
	char detail[32];
	int code = 0, status;
	ssize_t n;

	if (p->connecting) {
		getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &code, &len);
		if (code) {
			finish_errno(r, EFTF_PROBE_SIP_TCP, code, strerror(code));
			return;
		}
		if (!(revents & POLLOUT))
			return;
		p->connecting = false;
		set_local(p);
		send_request(r, EFTF_PROBE_SIP_TCP);
		return;
	}
	n = recv(p->fd, p->answer + p->got, sizeof(p->answer) - p->got, MSG_DONTWAIT);
	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			finish_errno(r, EFTF_PROBE_SIP_TCP, errno, strerror(errno));
		return;
	}
	p->got += (size_t)n;
	status = eftf_sip_response(&p->sip, p->answer, p->got);
	if (status > 0) {
		snprintf(detail, sizeof(detail), "SIP %d", status);
		finish(r, EFTF_PROBE_SIP_TCP, EFTF_RESULT_ANSWERED, detail);
	} else if (status < 0) {
		finish(r, EFTF_PROBE_SIP_TCP, EFTF_RESULT_GARBLED, "no SIP response to us");
	} else if (n == 0) {
		finish(r, EFTF_PROBE_SIP_TCP, p->got ? EFTF_RESULT_GARBLED : EFTF_RESULT_REFUSED,
		       "connection closed");
	}
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

	for (kind = 0; kind < EFTF_PROBE_CONTROL; kind++)
		r->probe[kind].fd = -1;
	eftf_addr_text(r->target[EFTF_PROBE_SIP_UDP], &r->spec->pcscf);
	memcpy(r->target[EFTF_PROBE_SIP_TCP], r->target[EFTF_PROBE_SIP_UDP], sizeof(r->target[0]));
	eftf_addr_text(r->target[EFTF_PROBE_STUN], &r->spec->media);
	snprintf(r->target[EFTF_PROBE_CONTROL], sizeof(r->target[0]), v6 ? "[%s]:%u" : "%s:%u",
		 c->host, c->port);

	r->start = eftf_now_ms();
	for (kind = 0; kind < EFTF_PROBE_CONTROL; kind++) {
		if (r->step == EFTF_STEP_PROBE && (r->d->pending & EFTF_PROBE_BIT(kind)))
			start_probe(r, (enum eftf_probe_kind)kind,
				    kind == EFTF_PROBE_STUN ? &r->spec->media : &r->spec->pcscf);
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

		if (p->fd < 0 || kind == EFTF_PROBE_SIP_TCP)
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
		if (kind == EFTF_PROBE_SIP_TCP)
			tcp_ready(r, pfd[kind].revents);
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
	return interrupted ? -EINTR : (int)r.step;
}
