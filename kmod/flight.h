/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much may be on its way in TCP before bulk has to wait in the tunnel's
 * queue. Compiles in the kernel and in user space, where tests/unit runs it.
 */
#ifndef EFTF_FLIGHT_H
#define EFTF_FLIGHT_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <linux/types.h>
typedef __u8 u8;
typedef __u32 u32;
typedef __s32 s32;
typedef __u64 u64;
#endif

#define EFTF_FLIGHT_NONE	((u32)~0U)	/* no bound, no sample yet */
#define EFTF_FLIGHT_TARGET_US	10000		/* default of &struct eftf_flight_settings */
#define EFTF_FLIGHT_HOLD_S	10

/**
 * struct eftf_flight_settings - of the device
 * @target_us: queue that bulk may build up in the network; 0 = no bound ever
 * @hold_s: for how long after the last voice packet; 0 = always
 */
struct eftf_flight_settings {
	u32 target_us;
	u32 hold_s;
};

/**
 * struct eftf_flight_sample - what TCP says
 * @now_us: monotonic clock
 * @voice_at: seconds of the same clock when voice was last queued; 0 = never
 * @rtt_us: round trip of the segment delivered last; 0 = none measured
 * @delivered: segments delivered; wraps
 * @una: sequence number of the first byte not acknowledged
 * @nxt: sequence number behind the last byte that TCP has accepted
 * @sacked: segments beyond @una that the peer has
 * @mss: bytes of a segment
 */
struct eftf_flight_sample {
	u64 now_us;
	u32 voice_at;
	u32 rtt_us;
	u32 delivered;
	u32 una;
	u32 nxt;
	u32 sacked;
	u32 mss;
};

/**
 * struct eftf_flight - the bound of one transport, and how it came about
 * @start_us: when the round began
 * @probed_us: when the last probe began; 0 = never
 * @free_us: no bound until then
 * @base_us: round trip of the path without a queue
 * @low_us: lowest of @base_us since @strikes was 0
 * @min_us: lowest round trip of this round; EFTF_FLIGHT_NONE = none yet
 * @next_us: the lowest but one
 * @last_us: lowest round trip of the last round that has ended, without one that is far below all others
 * @delivered: TCP's count at the last sample
 * @acked: sequence number that stands for what had been delivered at @start_us
 * @rate: bytes per second in the last round
 * @peak: highest since the last probe that found the path empty
 * @bound: bytes; EFTF_FLIGHT_NONE = no bound
 * @grow: rounds in a row without a queue in which bulk was held back
 * @over: rounds with a queue in which bulk was held back, none without between;
 *	released: rounds in a row in which bulk had the link for itself
 * @probe: rounds left of the look at the empty path
 * @strikes: probes in a row that found the path longer than before
 * @same: probes in a row that found the path as long as the one before
 * @held: bulk was held back in this round
 * @heir: another transport was replaced, and no round has ended yet
 */
struct eftf_flight {
	u64 start_us;
	u64 probed_us;
	u64 free_us;
	u32 base_us;
	u32 low_us;
	u32 min_us;
	u32 next_us;
	u32 last_us;
	u32 delivered;
	u32 acked;
	u32 rate;
	u32 peak;
	u32 bound;
	u8 grow;
	u8 over;
	u8 probe;
	u8 strikes;
	u8 same;
	bool held;
	bool heir;
};

/**
 * enum eftf_flight_event - what an update has brought
 * @EFTF_FLIGHT_NOTHING: nothing to be counted
 * @EFTF_FLIGHT_PROBED: a probe has begun
 * @EFTF_FLIGHT_RELEASED: bulk is let go for a while: the queue is not its own
 */
enum eftf_flight_event {
	EFTF_FLIGHT_NOTHING,
	EFTF_FLIGHT_PROBED,
	EFTF_FLIGHT_RELEASED,
};

void eftf_flight_init(struct eftf_flight *f, u32 base_us);
void eftf_flight_inherit(struct eftf_flight *f, u32 base_us, u32 rate);
enum eftf_flight_event eftf_flight_update(struct eftf_flight *f,
					  const struct eftf_flight_settings *set,
					  const struct eftf_flight_sample *s);
u32 eftf_flight_record(const struct eftf_flight *f, u32 most);

/**
 * eftf_flight_outstanding - bytes that TCP has accepted and the peer not received
 * @s: sample
 *
 * Context: any.
 * Return: bytes; 0 also if the figures do not fit together.
 */
static inline u32 eftf_flight_outstanding(const struct eftf_flight_sample *s)
{
	s32 n = (s32)(s->nxt - s->una - s->sacked * s->mss);

	return n > 0 ? (u32)n : 0;
}

#endif
