/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM eftf

#if !defined(EFTF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define EFTF_TRACE_H

#include <linux/tracepoint.h>

#include "flight.h"
#include "types.h"

DECLARE_EVENT_CLASS(eftf_tunnel,
	TP_PROTO(const struct eftf_tunnel *tunnel),
	TP_ARGS(tunnel),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, id)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->ifindex = tunnel->edev->dev->ifindex;
		__entry->id = tunnel->config.id;
		__entry->reason = tunnel->end.reason;
	),
	TP_printk("ifindex=%d id=%u reason=%u", __entry->ifindex, __entry->id, __entry->reason)
);

DEFINE_EVENT(eftf_tunnel, eftf_tunnel_up,
	TP_PROTO(const struct eftf_tunnel *tunnel), TP_ARGS(tunnel));
DEFINE_EVENT(eftf_tunnel, eftf_tunnel_down,
	TP_PROTO(const struct eftf_tunnel *tunnel), TP_ARGS(tunnel));

/* A batch of envelopes was accepted by TLS. */
TRACE_EVENT(eftf_batch,
	TP_PROTO(const struct eftf_tunnel *tunnel, unsigned int envelopes, size_t bytes),
	TP_ARGS(tunnel, envelopes, bytes),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, id)
		__field(u32, envelopes)
		__field(u32, bytes)
	),
	TP_fast_assign(
		__entry->ifindex = tunnel->edev->dev->ifindex;
		__entry->id = tunnel->config.id;
		__entry->envelopes = envelopes;
		__entry->bytes = bytes;
	),
	TP_printk("ifindex=%d id=%u envelopes=%u bytes=%u",
		  __entry->ifindex, __entry->id, __entry->envelopes, __entry->bytes)
);

/* The reader has read once; found is an enum eftf_ktls_kind. */
TRACE_EVENT(eftf_read,
	TP_PROTO(const struct eftf_tunnel *tunnel, size_t size, unsigned int found, size_t len),
	TP_ARGS(tunnel, size, found, len),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, id)
		__field(u32, size)
		__field(u32, found)
		__field(u32, len)
	),
	TP_fast_assign(
		__entry->ifindex = tunnel->edev->dev->ifindex;
		__entry->id = tunnel->config.id;
		__entry->size = size;
		__entry->found = found;
		__entry->len = len;
	),
	TP_printk("ifindex=%d id=%u size=%u found=%u len=%u",
		  __entry->ifindex, __entry->id, __entry->size, __entry->found, __entry->len)
);

/* Packets go to the stack. */
TRACE_EVENT(eftf_deliver,
	TP_PROTO(const struct eftf_tunnel *tunnel, unsigned int packets),
	TP_ARGS(tunnel, packets),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, id)
		__field(u32, packets)
	),
	TP_fast_assign(
		__entry->ifindex = tunnel->edev->dev->ifindex;
		__entry->id = tunnel->config.id;
		__entry->packets = packets;
	),
	TP_printk("ifindex=%d id=%u packets=%u",
		  __entry->ifindex, __entry->id, __entry->packets)
);

/*
 * What flight.c was told, with whether bulk had been held back, and the bound that
 * came of it: a row of tests/unit/traces.
 */
TRACE_EVENT(eftf_flight,
	TP_PROTO(const struct eftf_tunnel *tunnel, const struct eftf_flight_sample *s, bool held,
		 const struct eftf_flight *f),
	TP_ARGS(tunnel, s, held, f),
	TP_STRUCT__entry(
		__field(int, ifindex)
		__field(u32, id)
		__field_struct(struct eftf_flight_sample, s)
		__field(u32, bound)
		__field(u32, base_us)
		__field(u32, rate)
		__field(bool, held)
	),
	TP_fast_assign(
		__entry->ifindex = tunnel->edev->dev->ifindex;
		__entry->id = tunnel->config.id;
		__entry->s = *s;
		__entry->bound = f->bound;
		__entry->base_us = f->base_us;
		__entry->rate = f->rate;
		__entry->held = held;
	),
	TP_printk("ifindex=%d id=%u row=%llu,%u,%u,%u,%u,%u,%u,%u,%d,%u,%u,%u",
		  __entry->ifindex, __entry->id, __entry->s.now_us, __entry->s.voice_at,
		  __entry->s.rtt_us, __entry->s.delivered, __entry->s.una, __entry->s.nxt,
		  __entry->s.sacked, __entry->s.mss, __entry->held, __entry->bound,
		  __entry->base_us, __entry->rate)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
