// SPDX-License-Identifier: GPL-2.0-or-later
#include "sip_probe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SIP_VERSION "SIP/2.0 "
#define BRANCH "z9hG4bK-eftf-%016" PRIx64
#define CALL_ID "eftf-%016" PRIx64

/* A run of characters inside the message; not terminated. */
struct span {
	const char *p;
	size_t len;
};

size_t eftf_sip_request(char *out, size_t size, const struct eftf_sip_probe *probe)
{
	const char *transport = probe->tcp ? "TCP" : "UDP";
	int n;

	n = snprintf(out, size,
		     "OPTIONS sip:%s%s SIP/2.0\r\n"
		     "Via: SIP/2.0/%s %s;rport;branch=" BRANCH "\r\n"
		     "Max-Forwards: 70\r\n"
		     "From: <sip:probe@anonymous.invalid>;tag=%08" PRIx32 "\r\n"
		     "To: <sip:%s>\r\n"
		     "Call-ID: " CALL_ID "\r\n"
		     "CSeq: 1 OPTIONS\r\n"
		     "Contact: <sip:probe@%s%s>\r\n"
		     "Accept: application/sdp\r\n"
		     "Content-Length: 0\r\n\r\n",
		     probe->target, probe->tcp ? ";transport=tcp" : "", transport, probe->local,
		     probe->id, (uint32_t)(probe->id >> 16), probe->target, probe->id,
		     probe->local, probe->tcp ? ";transport=tcp" : "");
	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span s)
{
	while (s.len && is_space(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len && is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool span_is(struct span s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.p, text, s.len);
}

static bool span_is_nocase(struct span s, const char *text)
{
	return s.len == strlen(text) && !strncasecmp(s.p, text, s.len);
}

/* The line at s, with the folded lines (RFC 3261 7.3.1) that belong to it. */
static struct span take_line(struct span *s)
{
	struct span line = { s->p, 0 };
	size_t i = 0;

	while (i + 1 < s->len) {
		if (s->p[i] == '\r' && s->p[i + 1] == '\n' &&
		    (i + 2 >= s->len || (s->p[i + 2] != ' ' && s->p[i + 2] != '\t')))
			break;
		i++;
	}
	if (i + 1 >= s->len) {
		line.len = s->len;
		s->p += s->len;
		s->len = 0;
		return line;
	}
	line.len = i;
	s->p += i + 2;
	s->len -= i + 2;
	return line;
}

/* First header of this name (or compact form). p NULL: there is none. */
static struct span find_header(struct span headers, const char *name, const char *compact)
{
	struct span none = { NULL, 0 };

	while (headers.len) {
		struct span line = take_line(&headers), key = line, value;
		const char *colon = memchr(line.p, ':', line.len);

		if (!colon)
			continue;
		key.len = (size_t)(colon - line.p);
		key = trim(key);
		if (!span_is_nocase(key, name) && !span_is_nocase(key, compact))
			continue;
		value.p = colon + 1;
		value.len = line.len - (size_t)(value.p - line.p);
		return trim(value);
	}
	return none;
}

/* The branch parameter of the topmost Via value. */
static struct span find_branch(struct span via)
{
	struct span none = { NULL, 0 };
	const char *end = memchr(via.p, ',', via.len);

	if (end)
		via.len = (size_t)(end - via.p);
	for (;;) {
		struct span param;
		const char *semi = memchr(via.p, ';', via.len);

		if (!semi)
			return none;
		via.len -= (size_t)(semi + 1 - via.p);
		via.p = semi + 1;
		end = memchr(via.p, ';', via.len);
		param.p = via.p;
		param.len = end ? (size_t)(end - via.p) : via.len;
		param = trim(param);
		if (param.len > 7 && !strncasecmp(param.p, "branch=", 7)) {
			param.p += 7;
			param.len -= 7;
			return param;
		}
	}
}

static bool cseq_is_ours(struct span cseq)
{
	struct span number = cseq, method = cseq;
	size_t i = 0;

	while (i < cseq.len && !is_space(cseq.p[i]))
		i++;
	number.len = i;
	method.p += i;
	method.len -= i;
	return span_is(number, "1") && span_is(trim(method), "OPTIONS");
}

static bool is_ours(const struct eftf_sip_probe *probe, struct span headers)
{
	char branch[48], call_id[32];
	struct span via, id, cseq;

	snprintf(branch, sizeof(branch), BRANCH, probe->id);
	snprintf(call_id, sizeof(call_id), CALL_ID, probe->id);
	via = find_header(headers, "Via", "v");
	id = find_header(headers, "Call-ID", "i");
	cseq = find_header(headers, "CSeq", "CSeq");
	return via.p && id.p && cseq.p && span_is(id, call_id) && cseq_is_ours(cseq) &&
	       span_is(find_branch(via), branch);
}

int eftf_sip_response(const struct eftf_sip_probe *probe, const char *data, size_t len)
{
	const size_t vlen = sizeof(SIP_VERSION) - 1;
	struct span msg = { data, len };
	const char *end;
	int status;

	/* keep-alive line ends may precede a message (RFC 5626 3.5.1) */
	while (msg.len && (msg.p[0] == '\r' || msg.p[0] == '\n')) {
		msg.p++;
		msg.len--;
	}
	if (memcmp(msg.p, SIP_VERSION, msg.len < vlen ? msg.len : vlen))
		return -EBADMSG;
	end = memmem(msg.p, msg.len, "\r\n\r\n", 4);
	if (!end)
		return len >= EFTF_SIP_MAX ? -EBADMSG : 0;
	msg.len = (size_t)(end - msg.p) + 2;
	if (msg.len < vlen + 5 || msg.p[vlen] < '1' || msg.p[vlen] > '6' ||
	    msg.p[vlen + 1] < '0' || msg.p[vlen + 1] > '9' ||
	    msg.p[vlen + 2] < '0' || msg.p[vlen + 2] > '9' ||
	    (msg.p[vlen + 3] != ' ' && msg.p[vlen + 3] != '\r'))
		return -EBADMSG;
	status = (msg.p[vlen] - '0') * 100 + (msg.p[vlen + 1] - '0') * 10 + msg.p[vlen + 2] - '0';
	take_line(&msg);
	return is_ours(probe, msg) ? status : -ENOMSG;
}
