// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP fills the buffer of the slowest link on the path, where no packet
 * overtakes another. So while there is voice, bulk is held back in the
 * tunnel's queue as long as more than the bound is outstanding; voice never
 * waits for the bound, and TCP's own window is left alone.
 *
 *   round    lasts a round trip, but not less than 10 ms; gives the lowest
 *            round trip and the rate of delivery
 *   base     the lowest round trip ever that was seen twice, in two rounds; what a
 *            round is above it is queue. Once may have been a packet, or an
 *            acknowledgement, that has overtaken others
 *   limit    queue allowed: the target and three segments' time on the link
 *   bound    with more queue: what the path holds at this rate, and the target.
 *            With less than half of it, and bulk held back: one segment more, and
 *            after three such rounds an eighth, a quarter, a half
 *   probe    the path may have become longer, or the queue is not ours: when the
 *            bound does not get rid of it, two rounds without bulk. The first
 *            drains the path, the second measures the base anew. Also from time
 *            to time, as a base that is too high is never noticed otherwise
 *   strike   a probe that finds the path longer than the shortest known: that
 *            may be the queue of others. It is the path if the next probe finds
 *            the same, and the next. Else released: no bound for a while, or
 *            until bulk has the whole rate again, and then a probe; yielding
 *            leaves the link to the others, and voice gains nothing
 *
 * Nothing here knows the socket: samples come in, the bound goes out.
 */
#include "flight.h"

#ifdef __KERNEL__
#include <linux/math64.h>
#include <linux/minmax.h>
#else
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define div_u64(a, b) ((a) / (b))
#define div64_u64(a, b) ((a) / (b))
#endif

#define EFTF_FLIGHT_SECOND	1000000U		/* us */
#define EFTF_FLIGHT_ROUND_US	10000U			/* a round is not shorter */
#define EFTF_FLIGHT_MAX		0x7fffffffU		/* bytes; a bound is not larger */
#define EFTF_FLIGHT_MSS		536U			/* if TCP names none */
#define EFTF_FLIGHT_RECORD	1024U			/* a record is not smaller */
#define EFTF_FLIGHT_PROBE_GAP	(5ULL * EFTF_FLIGHT_SECOND)
#define EFTF_FLIGHT_DOUBT	(10ULL * EFTF_FLIGHT_SECOND)	/* age of a base after a strike */
#define EFTF_FLIGHT_FORGET	(60ULL * EFTF_FLIGHT_SECOND)	/* and of any other */
#define EFTF_FLIGHT_RELEASE	(15ULL * EFTF_FLIGHT_SECOND)	/* four times that from the third strike on */
#define EFTF_FLIGHT_OVER	4U			/* rounds before a probe, 2 after a strike */
#define EFTF_FLIGHT_STRIKES	3U
#define EFTF_FLIGHT_SAME	3U			/* probes with one result that prove a longer path */
#define EFTF_FLIGHT_ALONE	2U			/* rounds at full rate that end a release */
#define EFTF_FLIGHT_GROW	5U			/* from here on half of the bound for each round */

/* @len microseconds at @rate bytes per second */
static u32 eftf_flight_bytes(u32 rate, u64 len)
{
	return (u32)min(div_u64((u64)rate * len, EFTF_FLIGHT_SECOND), (u64)EFTF_FLIGHT_MAX);
}

static u32 eftf_flight_limit(const struct eftf_flight *f, const struct eftf_flight_settings *set,
			     u32 mss)
{
	u64 limit = set->target_us + div_u64(3ULL * mss * EFTF_FLIGHT_SECOND, f->peak ?: mss);

	return (u32)min(limit, (u64)EFTF_FLIGHT_MAX);
}

/* us, of the round that has ended */
static u32 eftf_flight_queue(const struct eftf_flight *f)
{
	return max(f->last_us, f->base_us) - f->base_us;
}

/* What the path holds without a queue, and the target. */
static void eftf_flight_set(struct eftf_flight *f, const struct eftf_flight_settings *set,
			    u32 rate, u32 mss)
{
	u64 bound = (u64)mss + eftf_flight_bytes(rate, (u64)f->base_us + set->target_us);

	f->bound = (u32)min(bound, (u64)EFTF_FLIGHT_MAX);
}

static bool eftf_flight_wanted(const struct eftf_flight *f,
			       const struct eftf_flight_settings *set,
			       const struct eftf_flight_sample *s)
{
	u32 now_s = (u32)div_u64(s->now_us, EFTF_FLIGHT_SECOND);

	if (!set->target_us)
		return false;
	if (s->now_us < f->free_us)
		return false;
	if (!set->hold_s)
		return true;
	/* the two readings of the clock may be in either order */
	return s->voice_at && (s32)(now_s - s->voice_at) < (s32)min(set->hold_s, EFTF_FLIGHT_MAX);
}

/* A round without a bound has ended. Does bulk have the link for itself again? */
static void eftf_flight_free_round(struct eftf_flight *f, u32 rate, u64 now)
{
	f->rate = rate;
	f->heir = false;
	if (now >= f->free_us) {
		f->peak = rate;
		return;
	}
	f->over = rate > f->peak - f->peak / 8 ? f->over + 1 : 0;
	if (f->over == EFTF_FLIGHT_ALONE)
		f->free_us = now;
}

/* Two rounds without bulk: the first drains the path, the second measures it. */
static void eftf_flight_probe(struct eftf_flight *f, u32 mss, u64 now)
{
	if (now - max(f->probed_us, f->free_us) > EFTF_FLIGHT_FORGET) {
		f->strikes = 0;
		f->low_us = f->base_us;
	}
	f->probe = 2;
	f->probed_us = now;
	f->bound = 2 * mss;
}

/*
 * There is voice, or the release is over. Bulk may be under way already: then
 * it goes on without its queue, else it starts like TCP does.
 */
static enum eftf_flight_event eftf_flight_begin(struct eftf_flight *f,
						const struct eftf_flight_settings *set,
						const struct eftf_flight_sample *s, u32 mss)
{
	u64 start = max(2ULL * eftf_flight_outstanding(s), 10ULL * mss);

	if (!f->probed_us)	/* the first probe may come as soon as it is due */
		f->probed_us = max(s->now_us, EFTF_FLIGHT_PROBE_GAP + 2) - EFTF_FLIGHT_PROBE_GAP - 1;
	f->over = 0;
	f->grow = 0;
	if (f->strikes > 1 || f->heir) {
		eftf_flight_probe(f, mss, s->now_us);
		f->probe += f->heir;	/* what the other one has begun takes a round more */
		f->heir = false;
		return EFTF_FLIGHT_PROBED;
	}
	if (f->min_us != EFTF_FLIGHT_NONE &&
	    f->min_us > (u64)f->base_us + eftf_flight_limit(f, set, mss)) {
		eftf_flight_set(f, set, max(f->rate, mss), mss);
	} else {
		f->grow = EFTF_FLIGHT_GROW;
		f->bound = (u32)min(start, (u64)EFTF_FLIGHT_MAX);
	}
	return EFTF_FLIGHT_NOTHING;
}

static void eftf_flight_end(struct eftf_flight *f)
{
	f->bound = EFTF_FLIGHT_NONE;
	f->probe = 0;
}

/* The second round of a probe has ended. */
static enum eftf_flight_event eftf_flight_probed(struct eftf_flight *f,
						 const struct eftf_flight_settings *set, u32 mss,
						 u64 now)
{
	enum eftf_flight_event event = EFTF_FLIGHT_NOTHING;
	u32 limit = eftf_flight_limit(f, set, mss);
	u32 low = min(f->low_us, f->base_us);
	u32 before = f->base_us, found = max(f->last_us, low);
	u32 change = found > before ? found - before : before - found;

	f->low_us = low;
	f->base_us = found;
	f->over = 0;
	f->same = f->strikes && change <= limit / 2 ? f->same + 1 : 0;
	if (found <= f->low_us || found - f->low_us <= limit || f->same == EFTF_FLIGHT_SAME) {
		f->strikes = 0;		/* this is the path */
		f->same = 0;
		f->low_us = found;
		f->peak = f->rate;
	} else if (f->same) {
		f->strikes = 1;
	} else {	/* bulk has yielded, and others may have taken it */
		f->strikes = (u8)min(f->strikes + 1U, EFTF_FLIGHT_STRIKES);
		f->rate = f->peak;
		if (f->strikes > 1) {
			f->free_us = now + (EFTF_FLIGHT_RELEASE << 2 * (f->strikes - 2));
			event = EFTF_FLIGHT_RELEASED;
		}
	}
	eftf_flight_set(f, set, f->rate, mss);
	return event;
}

static void eftf_flight_grow(struct eftf_flight *f, u32 mss)
{
	u64 bound = (u64)f->bound + mss;

	if (f->grow > 2)
		bound += (u64)(f->bound >> 3) << (f->grow - 3);
	f->bound = (u32)min(bound, (u64)EFTF_FLIGHT_MAX);
	f->grow = (u8)min(f->grow + 1U, EFTF_FLIGHT_GROW);
}

/* A round with too much of a queue. Return: the bound does not get rid of it. */
static bool eftf_flight_shrink(struct eftf_flight *f, const struct eftf_flight_settings *set,
			       u32 top, u32 limit, u32 mss)
{
	u32 most = f->strikes ? EFTF_FLIGHT_OVER / 2 : EFTF_FLIGHT_OVER;

	eftf_flight_set(f, set, top, mss);
	f->grow = 0;
	/* a little more is no reason to doubt the base */
	if (f->held && eftf_flight_queue(f) > (u64)limit + f->base_us / 8 && f->over < most)
		f->over++;
	return f->over >= most;
}

/* A round has ended under a bound: @rate bytes per second were delivered. */
static enum eftf_flight_event eftf_flight_round(struct eftf_flight *f,
						const struct eftf_flight_settings *set,
						u32 rate, u32 mss, u64 now)
{
	u64 age = now - f->probed_us;
	u32 top = max(max(rate, f->rate), mss);
	u32 queue = eftf_flight_queue(f);
	bool stuck = false;
	u32 limit;

	f->peak = max(f->peak, top);
	if (f->probe) {
		if (--f->probe)
			return EFTF_FLIGHT_NOTHING;	/* the path was being drained */
		return eftf_flight_probed(f, set, mss, now);
	}
	limit = eftf_flight_limit(f, set, mss);
	f->rate = rate;
	if (queue > limit) {
		stuck = eftf_flight_shrink(f, set, top, limit, mss);
	} else {
		f->over = 0;
		if (queue > limit / 2)
			f->grow = 0;
		else if (f->held)
			eftf_flight_grow(f, mss);
	}
	if ((stuck && age > EFTF_FLIGHT_PROBE_GAP) ||
	    (f->held && age > (f->strikes ? EFTF_FLIGHT_DOUBT : EFTF_FLIGHT_FORGET))) {
		f->rate = top;
		eftf_flight_probe(f, mss, now);
		return EFTF_FLIGHT_PROBED;
	}
	return EFTF_FLIGHT_NOTHING;
}

static void eftf_flight_measure(struct eftf_flight *f, u32 rtt_us)
{
	if (f->base_us == EFTF_FLIGHT_NONE)
		f->base_us = rtt_us;
	if (rtt_us < f->min_us) {
		f->next_us = f->min_us;
		f->min_us = rtt_us;
	} else {
		f->next_us = min(f->next_us, rtt_us);
	}
}

/* What a round has measured. A single round trip below all that is known has to be seen again. */
static u32 eftf_flight_lowest(const struct eftf_flight *f)
{
	if (f->min_us >= f->base_us || f->next_us == EFTF_FLIGHT_NONE ||
	    f->next_us - f->min_us <= f->base_us / 8)
		return f->min_us;
	return f->next_us;
}

/* A round ends, or a time in which nothing was on its way: what does it say about the path? */
static void eftf_flight_learn(struct eftf_flight *f)
{
	u32 lowest = eftf_flight_lowest(f);

	if (f->min_us == EFTF_FLIGHT_NONE)
		return;
	f->base_us = min(f->base_us, max(lowest, f->last_us));
	f->last_us = lowest;
}

static void eftf_flight_next_round(struct eftf_flight *f, u64 now, u32 acked)
{
	f->start_us = now;
	f->acked = acked;
	f->min_us = EFTF_FLIGHT_NONE;
	f->next_us = EFTF_FLIGHT_NONE;
	f->held = false;
}

/**
 * eftf_flight_init - a new transport has no bound
 * @f: its flight
 * @base_us: lowest round trip that TCP has measured; EFTF_FLIGHT_NONE = none
 *
 * Context: any.
 */
void eftf_flight_init(struct eftf_flight *f, u32 base_us)
{
	*f = (struct eftf_flight){
		.base_us = base_us ?: EFTF_FLIGHT_NONE,
		.low_us = EFTF_FLIGHT_NONE,
		.min_us = EFTF_FLIGHT_NONE,
		.next_us = EFTF_FLIGHT_NONE,
		.last_us = EFTF_FLIGHT_NONE,
		.bound = EFTF_FLIGHT_NONE,
	};
}

/**
 * eftf_flight_inherit - a transport takes over from another one
 * @f: flight of the new one, just initialised
 * @base_us: round trip of the old one's path without a queue; EFTF_FLIGHT_NONE = unknown
 * @rate: bytes per second that the old one had; 0 = unknown
 *
 * What the old one has on its way is a queue for both, and was one when TCP
 * measured the new one's first round trip. If there is voice, it is let go
 * first, and the path is measured without it: a probe. It tells, too, whether
 * the path is another, longer one.
 *
 * Context: any.
 */
void eftf_flight_inherit(struct eftf_flight *f, u32 base_us, u32 rate)
{
	f->base_us = min(f->base_us, base_us);
	f->rate = rate;
	f->peak = rate;
	f->heir = rate;
}

/**
 * eftf_flight_update - take a sample
 * @f: flight; its bound is up to date afterwards
 * @set: settings, may change from one call to the next
 * @s: what TCP says now
 *
 * Context: any; calls for one @f one after the other.
 * Return: what is to be counted.
 */
enum eftf_flight_event eftf_flight_update(struct eftf_flight *f,
					  const struct eftf_flight_settings *set,
					  const struct eftf_flight_sample *s)
{
	enum eftf_flight_event event = EFTF_FLIGHT_NOTHING;
	u32 mss = s->mss ?: EFTF_FLIGHT_MSS;
	u32 acked = s->una + s->sacked * s->mss;
	u64 len;
	u32 rate;

	if (s->rtt_us && s->delivered != f->delivered) {
		f->delivered = s->delivered;
		eftf_flight_measure(f, min(s->rtt_us, EFTF_FLIGHT_MAX));
	}
	if (!eftf_flight_wanted(f, set, s))
		eftf_flight_end(f);
	else if (f->bound == EFTF_FLIGHT_NONE)
		event = eftf_flight_begin(f, set, s, mss);

	/* nothing on its way, and not because of the bound: the time until now gives no rate */
	if (!f->held && !f->probe && !eftf_flight_outstanding(s)) {
		eftf_flight_learn(f);
		eftf_flight_next_round(f, s->now_us, acked);
		return event;
	}
	len = s->now_us - f->start_us;
	if (f->min_us == EFTF_FLIGHT_NONE || len < max(f->min_us, EFTF_FLIGHT_ROUND_US))
		return event;
	eftf_flight_learn(f);
	/* the peer may take back what it has said it has */
	rate = (s32)(acked - f->acked) < 0 ? 0 : acked - f->acked;
	rate = (u32)min(div64_u64((u64)rate * EFTF_FLIGHT_SECOND, len), (u64)EFTF_FLIGHT_NONE);
	if (f->bound == EFTF_FLIGHT_NONE)
		eftf_flight_free_round(f, rate, s->now_us);
	else if (event == EFTF_FLIGHT_NOTHING)
		event = eftf_flight_round(f, set, rate, mss, s->now_us);
	eftf_flight_next_round(f, s->now_us, acked);
	return event;
}

/**
 * eftf_flight_record - how much to put into a record while bulk is bounded
 * @f: flight with a bound
 * @most: no more than this
 *
 * Context: any.
 * Return: bytes that leave in 4 ms, so that voice waits for no more than that.
 */
u32 eftf_flight_record(const struct eftf_flight *f, u32 most)
{
	return min(max(f->rate >> 8, EFTF_FLIGHT_RECORD), most);
}
