/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path for test_flight_path.c: one sender of voice and endless bulk whose bulk is bounded by
 * kmod/flight.c, one bottleneck with a drop-tail buffer, one other sender. Loss halves a window,
 * once for each round trip; what was lost is sent as new.
 */
#ifndef FLIGHT_PATH_H
#define FLIGHT_PATH_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../kmod/flight.h"

#define PATH_MSS	1448u
#define PATH_VOICE	250u		/* bytes, every 20 ms */
#define PATH_QUEUE	4096		/* packets; more than any buffer here */
#define PATH_FLYING	65536		/* packets behind the bottleneck */
#define PATH_DELAYS	100000

enum path_kind { PATH_BULK, PATH_TALK, PATH_OTHER };

struct path_packet {
	enum path_kind kind;
	unsigned int size;
	bool early;				/* overtakes those before it: its round trip is shorter, all else as without */
	u64 sent, acked;
};

struct path_sender {
	unsigned int flying, window, threshold;	/* bytes */
	u64 cut_at;
	u64 delivered;				/* bytes */
};

struct path {
	/* to be set */
	u64 rate;				/* bytes per second */
	u32 base_us;
	unsigned int buffer;			/* packets */
	bool bulk, voice, other;
	unsigned int overtake;			/* of so many packets one overtakes those before it by half of the base */
	struct eftf_flight_settings set;
	/* state */
	u64 now, free_at, next_voice;
	struct path_packet queue[PATH_QUEUE], flying[PATH_FLYING];
	unsigned int q_first, q_n, f_first, f_n, departed;
	struct path_sender mine, others;
	struct eftf_flight f;
	struct eftf_flight_sample s;
	/* results since path_reset() */
	u32 delay[PATH_DELAYS];
	unsigned int delays, voice_lost, held, probes, releases;
	u64 since, bulk_then, other_then;
};

static inline void path_cut(struct path *p, struct path_sender *who)
{
	if (p->now < who->cut_at + p->base_us)
		return;
	who->cut_at = p->now;
	who->window = who->window * 7 / 10;
	if (who->window < 2 * PATH_MSS)
		who->window = 2 * PATH_MSS;
	who->threshold = who->window;
}

static inline void path_send(struct path *p, enum path_kind kind, unsigned int size)
{
	struct path_sender *who = kind == PATH_OTHER ? &p->others : &p->mine;
	struct path_packet *q;

	if (p->q_n >= p->buffer) {
		if (kind == PATH_TALK)
			p->voice_lost++;
		path_cut(p, who);
		return;
	}
	q = &p->queue[(p->q_first + p->q_n++) % PATH_QUEUE];
	*q = (struct path_packet){.kind = kind, .size = size, .sent = p->now};
	who->flying += size;
	if (kind != PATH_OTHER)
		p->s.nxt += size;
	if (p->q_n == 1)
		p->free_at = p->now + size * 1000000ull / p->rate;
}

static inline void path_update(struct path *p)
{
	enum eftf_flight_event event;

	p->s.now_us = p->now;
	event = eftf_flight_update(&p->f, &p->set, &p->s);
	p->probes += event == EFTF_FLIGHT_PROBED;
	p->releases += event == EFTF_FLIGHT_RELEASED;
}

/* Both senders send what they may. */
static inline void path_fill(struct path *p)
{
	unsigned int n;

	path_update(p);
	for (n = 0; p->bulk && p->mine.flying < p->mine.window && n < 100; n++) {
		if (eftf_flight_outstanding(&p->s) >= p->f.bound) {
			p->f.held = true;
			p->held++;
			break;
		}
		path_send(p, PATH_BULK, PATH_MSS);
	}
	for (n = 0; p->other && p->others.flying < p->others.window && n < 100; n++)
		path_send(p, PATH_OTHER, PATH_MSS);
}

static inline void path_depart(struct path *p)
{
	struct path_packet *q = &p->queue[p->q_first], *f;
	u64 last = p->f_n ? p->flying[(p->f_first + p->f_n - 1) % PATH_FLYING].acked : 0;

	q->acked = p->now + p->base_us;
	q->early = p->overtake && ++p->departed * 2654435761u < UINT32_MAX / p->overtake;
	if (q->acked < last)
		q->acked = last;
	if (q->kind == PATH_TALK && p->delays < PATH_DELAYS)
		p->delay[p->delays++] = (u32)(p->now - q->sent + p->base_us / 2);
	f = &p->flying[(p->f_first + p->f_n++) % PATH_FLYING];
	*f = *q;
	p->q_first = (p->q_first + 1) % PATH_QUEUE;
	if (--p->q_n)
		p->free_at = p->now + p->queue[p->q_first].size * 1000000ull / p->rate;
}

static inline void path_ack(struct path *p)
{
	struct path_packet *f = &p->flying[p->f_first];
	struct path_sender *who = f->kind == PATH_OTHER ? &p->others : &p->mine;

	p->f_first = (p->f_first + 1) % PATH_FLYING;
	p->f_n--;
	who->flying -= f->size;
	if (f->kind != PATH_TALK)
		who->delivered += f->size;
	if (who->window < who->threshold)
		who->window += f->size;
	else
		who->window += PATH_MSS * f->size / who->window + 1;
	if (who->window > 4000u * PATH_MSS)
		who->window = 4000u * PATH_MSS;
	if (f->kind == PATH_OTHER)
		return;
	p->s.una += f->size;
	p->s.delivered++;
	p->s.rtt_us = (u32)(p->now - f->sent);
	if (f->early)
		p->s.rtt_us -= p->base_us / 2;
}

/* Lets @seconds go by. */
static inline void path_run(struct path *p, unsigned int seconds)
{
	u64 end = p->now + seconds * 1000000ull, next;

	while (p->now < end) {
		next = p->next_voice;
		if (p->q_n && p->free_at < next)
			next = p->free_at;
		if (p->f_n && p->flying[p->f_first].acked < next)
			next = p->flying[p->f_first].acked;
		p->now = next > p->now ? next : p->now;
		if (p->q_n && p->free_at <= p->now)
			path_depart(p);
		else if (p->f_n && p->flying[p->f_first].acked <= p->now)
			path_ack(p);
		if (p->next_voice <= p->now) {
			p->next_voice += 20000;
			if (p->voice) {
				p->s.voice_at = (u32)(p->now / 1000000);
				path_send(p, PATH_TALK, PATH_VOICE);
			}
		}
		path_fill(p);
	}
}

static inline void path_reset(struct path *p)
{
	p->delays = p->voice_lost = p->held = p->probes = p->releases = 0;
	p->since = p->now;
	p->bulk_then = p->mine.delivered;
	p->other_then = p->others.delivered;
}

/* A path of @kbit/s that begins at @start_us of the clock, with sequence numbers about to wrap. */
static inline struct path *path_new(unsigned int kbit, u32 base_us, unsigned int buffer)
{
	struct path *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->rate = kbit * 125ull;
	p->base_us = base_us;
	p->buffer = buffer;
	p->bulk = true;
	p->set = (struct eftf_flight_settings){EFTF_FLIGHT_TARGET_US, EFTF_FLIGHT_HOLD_S};
	p->now = p->next_voice = 5000000;
	p->mine.window = p->others.window = 10 * PATH_MSS;
	p->mine.threshold = p->others.threshold = ~0u;
	p->s = (struct eftf_flight_sample){.una = 0xfff00000u, .nxt = 0xfff00000u,
					   .delivered = 0xfffffff0u, .mss = PATH_MSS};
	eftf_flight_init(&p->f, base_us);
	path_reset(p);
	return p;
}

static int path_compare(const void *a, const void *b)
{
	const u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* One-way delay of voice in ms that @percent of the packets do not exceed. */
static inline unsigned int path_delay(struct path *p, double percent)
{
	if (!p->delays)
		return 0;
	qsort(p->delay, p->delays, sizeof(p->delay[0]), path_compare);
	return p->delay[(unsigned int)((p->delays - 1) * percent / 100)] / 1000;
}

/* Share of the link that bulk, or the other sender, has had, in per cent. */
static inline unsigned int path_share(const struct path *p, bool other)
{
	u64 bytes = other ? p->others.delivered - p->other_then : p->mine.delivered - p->bulk_then;

	return (unsigned int)(bytes * 100 / (p->rate * (p->now - p->since) / 1000000));
}

#endif
