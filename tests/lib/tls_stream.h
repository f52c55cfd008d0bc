/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a TCP connection that must be TLS records from its first
 * octet on, put together from its segments as a capture shows them: repeated,
 * overlapping, or out of order.
 */
#ifndef TLS_STREAM_H
#define TLS_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TLS_STREAM_HELD	256	/* segments that came too early, at most */
#define TLS_STREAM_MAX	(16384 + 2048)	/* RFC 5246 6.2.3; TLS 1.3 has less */

struct tls_held {
	uint32_t seq;
	uint32_t len;
	uint8_t *data;
};

struct tls_stream {
	bool strict;		/* encrypted records only: there is no handshake */
	bool started;		/* its SYN was seen */
	uint32_t next;		/* sequence number of the octet to come */
	uint8_t hdr[5];
	unsigned int have;	/* of hdr */
	uint32_t left;		/* octets of the record to come */
	bool broken;		/* no record where one must begin: hdr has what was there */
	bool lost;		/* more came too early than can be held */
	unsigned long records, octets;
	struct tls_held *held;
	unsigned int n_held;
};

/* Is its header one? What is encrypted has 16 octets of tag, and one more, at least. */
static inline bool tls_stream_header(const struct tls_stream *s)
{
	bool data = s->strict || s->hdr[0] == 23;

	return s->hdr[0] >= 20 && s->hdr[0] <= 23 && s->hdr[1] == 3 && s->hdr[2] <= 3 &&
	       s->hdr[2] >= (data ? 3 : 1) && s->left >= (data ? 17 : 1) &&
	       s->left <= TLS_STREAM_MAX;
}

static inline void tls_stream_octets(struct tls_stream *s, const uint8_t *p, size_t len)
{
	while (len && !s->broken) {
		size_t n = len < s->left ? len : s->left;

		if (n) {
			s->left -= (uint32_t)n;
			s->octets += n;
			p += n;
			len -= n;
			continue;
		}
		s->hdr[s->have++] = *p++;
		s->octets++;
		len--;
		/* the first octets may be all there is: judge by what is there */
		if ((s->have == 1 && (s->hdr[0] < 20 || s->hdr[0] > 23)) ||
		    (s->have == 2 && s->hdr[1] != 3)) {
			s->broken = true;
			return;
		}
		if (s->have < 5)
			continue;
		s->left = (uint32_t)(s->hdr[3] << 8 | s->hdr[4]);
		s->broken = !tls_stream_header(s);
		s->records += !s->broken;
		s->have = 0;
	}
}

/* What is at its turn, or was before. Returns false if it is too early. */
static inline bool tls_stream_take(struct tls_stream *s, uint32_t seq, const uint8_t *p, size_t len)
{
	int32_t old = (int32_t)(s->next - seq);

	if (old < 0)
		return false;
	if ((size_t)old < len) {
		tls_stream_octets(s, p + old, len - (size_t)old);
		s->next = seq + (uint32_t)len;
	}
	return true;
}

static inline void tls_stream_hold(struct tls_stream *s, uint32_t seq, const uint8_t *p, size_t len)
{
	struct tls_held *h;

	if (!s->held)
		s->held = calloc(TLS_STREAM_HELD, sizeof(*s->held));
	h = s->held && s->n_held < TLS_STREAM_HELD ? &s->held[s->n_held] : NULL;
	if (h)
		h->data = malloc(len);
	if (!h || !h->data) {
		s->lost = true;
		return;
	}
	memcpy(h->data, p, len);
	h->seq = seq;
	h->len = (uint32_t)len;
	s->n_held++;
}

/* A segment with SYN. */
static inline void tls_stream_start(struct tls_stream *s, uint32_t seq)
{
	s->started = true;
	s->next = seq + 1;
}

/* A segment with data, of a stream that has started. */
static inline void tls_stream_segment(struct tls_stream *s, uint32_t seq, const uint8_t *p, size_t len)
{
	if (!len || s->broken || s->lost)
		return;
	if (!tls_stream_take(s, seq, p, len)) {
		tls_stream_hold(s, seq, p, len);
		return;
	}
	for (unsigned int i = 0; i < s->n_held;) {
		struct tls_held *h = &s->held[i];

		if (!tls_stream_take(s, h->seq, h->data, h->len)) {
			i++;
			continue;
		}
		free(h->data);
		*h = s->held[--s->n_held];
		i = 0;
	}
}

/* Octets are missing in the middle of it. */
static inline bool tls_stream_has_gap(const struct tls_stream *s)
{
	return s->lost || s->n_held > 0;
}

static inline void tls_stream_free(struct tls_stream *s)
{
	while (s->n_held)
		free(s->held[--s->n_held].data);
	free(s->held);
	s->held = NULL;
}

#endif
