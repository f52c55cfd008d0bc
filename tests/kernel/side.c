// SPDX-License-Identifier: GPL-2.0-or-later
#include "side.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "far_end.h"
#include "fuzz.h"

unsigned long side_records;

void side_may_die(const struct side *s, const char *why)
{
	if (s->may_die && !*s->may_die)
		*s->may_die = why;
}

/* ---- what it says ---------------------------------------------------------------------- */

/* Follows the stream as the module will read it. */
static void follow(struct side *s, const uint8_t *data, size_t len)
{
	struct ftt_ims_piece piece;

	while (len) {
		int used = ftt_ims_decode(&s->said, data, len, &piece);

		if (used < 0) {
			side_may_die(s, "Length below 3");
			s->said = (struct ftt_ims_decoder){.have = 0};
			return;
		}
		data += used;
		len -= (size_t)used;
		if (!piece.valid || !piece.first)
			continue;
		if (piece.type == FTT_IMS_TYPE_IP) {
			s->fresh = false;
			s->unknown = 0;
		} else if (s->fresh || ++s->unknown > 16) {
			side_may_die(s, "unknown types");
		}
	}
}

void side_say(struct side *s, const void *data, size_t len)
{
	if (s->n_plain + len > PLAIN_MAX)
		return;
	memcpy(s->plain + s->n_plain, data, len);
	s->n_plain += len;
}

static void put_record(struct side *s, uint8_t type, const void *data, size_t len)
{
	size_t pad = fuzz_one_in(6) ? fuzz_below(256) : 0, n;

	if (len + pad > REC_MAX)
		pad = 0;
	if (s->n_wire + len + pad + REC_OVERHEAD > 2 * PLAIN_MAX)
		return;
	n = rec_seal(&s->rec.tx, type, data, len, pad, s->wire + s->n_wire);
	if (fuzz_one_in(400) && !s->honest) {
		s->wire[s->n_wire + fuzz_below((uint32_t)n)] ^= (uint8_t)(1 << fuzz_below(8));
		s->broken = true;
		side_may_die(s, "altered record");
		fuzz_did("alters a record of %zu octets", n);
	}
	s->n_wire += n;
	side_records++;
}

/* Some of what was said goes into records. */
void side_seal(struct side *s, bool all)
{
	do {
		size_t most = fuzz_one_in(3) ? REC_MAX : 1 + fuzz_below(300);
		size_t n = s->n_plain < most ? s->n_plain : most;

		if (s->n_wire + n + 300 > 2 * PLAIN_MAX)
			return;
		follow(s, s->plain, n);
		put_record(s, REC_DATA, s->plain, n);
		s->n_plain -= n;
		memmove(s->plain, s->plain + n, s->n_plain);
	} while (all && s->n_plain);
}

/* Sends what TCP takes; ms: how long to wait for it to take everything. */
void side_push(struct side *s, size_t most, int ms)
{
	size_t at = 0;

	while (at < s->n_wire && at < most && s->rec.fd >= 0) {
		struct pollfd p = {.fd = s->rec.fd, .events = POLLOUT};
		size_t len = s->n_wire < most ? s->n_wire - at : most - at;
		ssize_t n = send(s->rec.fd, s->wire + at, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			at += (size_t)n;
		} else if (errno != EAGAIN) {
			at = s->n_wire;	/* there is nobody any more */
			break;
		} else if (poll(&p, 1, ms) != 1) {
			break;
		}
	}
	memmove(s->wire, s->wire + at, s->n_wire - at);
	s->n_wire -= at;
}

void side_say_odd(struct side *s)
{
	uint8_t out[4096] = {0};
	size_t len = fuzz_below(fuzz_one_in(3) ? 4000 : 60);

	fuzz_fill(out, len + 3);
	switch (fuzz_below(6)) {
	case 0:			/* an unknown type */
		ftt_ims_put_header(out, (uint8_t)fuzz_below(256), len);
		break;
	case 1:			/* empty ones */
		for (len = 3 * (1 + fuzz_below(100)); len; len -= 3) {
			ftt_ims_put_header(out, FTT_IMS_TYPE_IP, 0);
			side_say(s, out, 3);
		}
		return;
	case 2:			/* a long one, of which little comes for now */
		ftt_ims_put_header(out, FTT_IMS_TYPE_IP, fuzz_below(FTT_IMS_MAX_PAYLOAD + 1));
		break;
	case 3:			/* no framing */
		if (!fuzz_one_in(12))
			return;
		fuzz_did("no framing");
		if (fuzz_one_in(2)) {
			ftt_ims_put_header(out, (uint8_t)(1 + fuzz_below(2)), 0);
			out[2] = (uint8_t)fuzz_below(4);
		}
		if (fuzz_one_in(2))	/* a run of useless ones */
			for (int i = 0; i < 17; i++)
				side_say(s, "\7\0\4x", 4);
		break;
	default:		/* no packet */
		ftt_ims_put_header(out, FTT_IMS_TYPE_IP, len);
		break;
	}
	side_say(s, out, len + 3);
}

void side_say_control(struct side *s)
{
	uint8_t out[REC_MAX];
	size_t len = fuzz_below(200);

	fuzz_fill(out, sizeof(out));
	switch (fuzz_one_in(12) ? fuzz_below(3) : 3 + fuzz_below(6)) {
	case 0:
		side_may_die(s, "alert");
		out[0] = (uint8_t)(1 + fuzz_below(2));
		if (fuzz_one_in(2))
			out[1] = 0;
		len = fuzz_one_in(4) ? fuzz_below(5) : 2;
		fuzz_did("alert %u %u of %zu octets", out[0], out[1], len);
		put_record(s, REC_ALERT, out, len);
		break;
	case 1:
		side_may_die(s, "handshake");
		out[0] = (uint8_t)(fuzz_one_in(2) ? 4 : fuzz_below(30));
		out[1] = (uint8_t)(fuzz_one_in(20) ? out[1] : 0);
		out[2] = (uint8_t)(fuzz_one_in(3) ? out[2] : 0);
		fuzz_did("handshake record of %zu octets: %u %u %u", len, out[0], out[1], out[2]);
		put_record(s, REC_HANDSHAKE, out, len);
		break;
	case 2:
		side_may_die(s, "record of unknown type");
		out[0] = (uint8_t)fuzz_below(256);
		if (!out[0] || out[0] == REC_DATA)
			out[0] = 20;
		fuzz_did("record of type %u, %zu octets", out[0], len);
		put_record(s, out[0], out, len);
		break;
	case 3:
		out[0] = 1;
		out[1] = 90;
		put_record(s, REC_ALERT, out, 2);
		break;
	case 4:
	case 5:			/* NewSessionTickets, whole ones */
		if (s->to_server && !fuzz_one_in(20))
			break;
		if (s->to_server)
			side_may_die(s, "ticket to a server");
		len = fuzz_below(fuzz_one_in(5) ? 16000 : 300);
		out[0] = 4;
		out[1] = 0;
		out[2] = (uint8_t)(len >> 8);
		out[3] = (uint8_t)len;
		put_record(s, REC_HANDSHAKE, out, len + 4);
		break;
	default:
		for (uint32_t n = fuzz_below(5); n; n--)
			put_record(s, REC_DATA, "", 0);
		break;
	}
}

/* ---- what it hears ------------------------------------------------------------------- */

static void hear(struct side *s, const uint8_t *data, size_t len)
{
	struct ftt_ims_piece piece;

	while (len) {
		int used = ftt_ims_decode(&s->heard, data, len, &piece);

		if (used < 0)
			fuzz_fail("the module sent a Length below 3");
		data += used;
		len -= (size_t)used;
		if (!piece.valid)
			continue;
		if (piece.type != FTT_IMS_TYPE_IP)
			fuzz_fail("the module sent an envelope of type %u", piece.type);
		if (piece.first)
			s->n_packet = 0;
		memcpy(s->packet + s->n_packet, piece.data, piece.len);
		s->n_packet += piece.len;
		if (piece.last)
			s->packet_heard(s->packet, s->n_packet);
	}
}

void side_listen(struct side *s, unsigned int most)
{
	static uint8_t data[REC_MAX + 256];
	uint8_t type;
	long n;

	while (most-- && s->rec.fd >= 0 && !s->ended && rec_there(&s->rec)) {
		n = rec_recv(&s->rec, &type, data, 0);
		if (n == -4 || (n == -5 && s->rec.have >= 5))
			fuzz_fail("the module sent a record that is none (%ld)", n);
		if (n < 0)
			s->ended = true;
		else if (type == REC_DATA)
			hear(s, data, (size_t)n);
		else if (type != REC_ALERT || n != 2)
			fuzz_fail("the module sent a record of type %u, %ld octets", type, n);
	}
}

/* ---- its connection ------------------------------------------------------------------ */

void side_open(struct side *s, bool fresh, const char **may_die)
{
	uint8_t *plain = s->plain ? s->plain : malloc(PLAIN_MAX);
	uint8_t *wire = s->wire ? s->wire : malloc(2 * PLAIN_MAX + 65536);

	assert_true(plain && wire);
	memset(s, 0, sizeof(*s));
	s->plain = plain;
	s->wire = wire;
	s->fresh = fresh;
	s->may_die = may_die;
	s->dut = fx_pair(&s->rec, KTLS_BOTH);
}

const char *side_state(const struct side *s)
{
	static char text[512];
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	char far_end[256];
	int there = 0;

	getsockopt(s->rec.fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	ioctl(s->rec.fd, FIONREAD, &there);
	far_end_held(s->rec.fd, far_end, sizeof(far_end));
	snprintf(text, sizeof(text), "TCP state %u, %d octets there, %zu taken of a record; the far end: %s",
		 info.tcpi_state, there, s->rec.have, far_end);
	return text;
}

void side_let_go(struct side *s)
{
	if (s->dut >= 0)
		close(s->dut);
	s->dut = -1;
}

void side_close(struct side *s, bool reset)
{

	if (s->rec.fd < 0)
		return;
	if (reset)
		fx_reset_on_close(s->rec.fd);
	close(s->rec.fd);
	s->rec.fd = -1;
}
