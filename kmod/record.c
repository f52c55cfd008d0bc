// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many records each key has protected, and what follows from it: the helper
 * is told before a key wears out, and at the limit the sender stops.
 */
#include "end.h"
#include "event.h"
#include "record.h"
#include "types.h"

static void eftf_record_near_limit(struct eftf_transport *tp, enum eftf_direction direction,
				   u64 records, int flag)
{
	u64 limit = READ_ONCE(tp->record_limit);

	/* an eighth of the limit is left for the way to a new key */
	if (records < limit - limit / 8)
		return;
	if (!test_and_set_bit(flag, &tp->flags) && eftf_end_is_current(tp) &&
	    !READ_ONCE(tp->tunnel->closing))
		eftf_event_rekey(tp->tunnel, direction, records);
}

/**
 * eftf_record_exhausted - is the sending key worn out?
 * @tp: transport
 *
 * Context: process, TX worker.
 * Return: true if nothing more may be sent under it.
 */
bool eftf_record_exhausted(const struct eftf_transport *tp)
{
	return tp->tx_records >= READ_ONCE(tp->record_limit);
}

/**
 * eftf_record_init - begin to count at what the handshake and the helper used
 * @tp: new transport
 *
 * Context: process.
 */
void eftf_record_init(struct eftf_transport *tp)
{
	tp->tx_records = eftf_ktls_sequence(tp->sock->sk, EFTF_DIRECTION_TX);
	tp->rx_records = eftf_ktls_sequence(tp->sock->sk, EFTF_DIRECTION_RX);
}

/**
 * eftf_record_limit - set how many records a key may protect
 * @tp: transport
 * @records: limit; 0 = what RFC 8446 5.5 says for the cipher
 *
 * Context: any.
 */
void eftf_record_limit(struct eftf_transport *tp, u64 records)
{
	if (!records) {
		if (eftf_ktls_info(tp->sock->sk)->cipher_type == TLS_CIPHER_CHACHA20_POLY1305)
			records = U64_MAX;	/* does not wear out */
		else
			records = 23726566;	/* 2^24.5: AES-GCM; none lasts shorter */
	}
	WRITE_ONCE(tp->record_limit, records);
	clear_bit(EFTF_TP_REKEY_NOTIFIED_TX, &tp->flags);
	clear_bit(EFTF_TP_REKEY_NOTIFIED_RX, &tp->flags);
}

/**
 * eftf_record_count - bring the record counters up to date
 * @tp: transport
 * @direction: which
 *
 * TLS's own sequence number is the count under the current key. At the limit
 * the sender stops (RFC 9846 5.5: it must); what comes in is not cut off, only
 * told.
 *
 * Context: process; TX worker for EFTF_DIRECTION_TX, RX worker for _RX.
 */
void eftf_record_count(struct eftf_transport *tp, enum eftf_direction direction)
{
	u64 seq = eftf_ktls_sequence(tp->sock->sk, direction);
	struct eftf_stats *stats = &tp->tunnel->stats;

	/* a new key starts at 0 again */
	if (direction == EFTF_DIRECTION_RX) {
		eftf_stat_add(stats, EFTF_STAT_RX_RECORDS,
			      seq >= tp->rx_records ? seq - tp->rx_records : seq);
		WRITE_ONCE(tp->rx_records, seq);
		eftf_record_near_limit(tp, direction, seq, EFTF_TP_REKEY_NOTIFIED_RX);
		return;
	}
	eftf_stat_add(stats, EFTF_STAT_TX_RECORDS,
		      seq >= tp->tx_records ? seq - tp->tx_records : seq);
	WRITE_ONCE(tp->tx_records, seq);
	eftf_record_near_limit(tp, direction, seq, EFTF_TP_REKEY_NOTIFIED_TX);
}
