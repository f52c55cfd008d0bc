// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLS records as far as the module looks at them: control records that come
 * between the data, the alert that closes, and the count of records per key.
 */
#include <linux/unaligned.h>
#include <net/sock.h>

#include "device.h"
#include "event.h"
#include "key.h"
#include "transport.h"

#define EFTF_HANDSHAKE_HELLO_REQUEST	0	/* TLS 1.2: renegotiation wanted */
#define EFTF_HANDSHAKE_NEW_TICKET	4
#define EFTF_TICKETS_MAX		16	/* told for one connection */

/**
 * eftf_record_send_alert - send the transport's closing alert
 * @tp: transport
 *
 * Context, return: as eftf_ktls_send_record().
 */
int eftf_record_send_alert(struct eftf_transport *tp)
{
	u8 alert[2] = { 2, READ_ONCE(tp->close_alert) };

	if (alert[1] == EFTF_ALERT_CLOSE_NOTIFY)
		alert[0] = 1;	/* a warning; the others are fatal */
	return eftf_ktls_send_record(tp->sock, EFTF_RECORD_ALERT, alert, sizeof(alert));
}

static void eftf_record_near_limit(struct eftf_transport *tp, enum eftf_direction direction,
				   u64 records, int flag)
{
	u64 limit = READ_ONCE(tp->record_limit);

	/* an eighth of the limit is left for the way to a new key */
	if (records < limit - limit / 8)
		return;
	if (!test_and_set_bit(flag, &tp->flags) && eftf_transport_is_current(tp) &&
	    !READ_ONCE(tp->tunnel->closing))
		eftf_event_rekey(tp->tunnel, direction, records);
}

/**
 * eftf_record_exhausted - is the sending key worn out?
 * @tp: transport
 *
 * Context: TX worker.
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
	clear_bit(EFTF_TP_TOLD_TX, &tp->flags);
	clear_bit(EFTF_TP_TOLD_RX, &tp->flags);
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
		eftf_record_near_limit(tp, direction, seq, EFTF_TP_TOLD_RX);
		return;
	}
	eftf_stat_add(stats, EFTF_STAT_TX_RECORDS,
		      seq >= tp->tx_records ? seq - tp->tx_records : seq);
	WRITE_ONCE(tp->tx_records, seq);
	eftf_record_near_limit(tp, direction, seq, EFTF_TP_TOLD_TX);
}

/* An impossible record: say so to the peer, then close. */
static void eftf_record_unexpected(struct eftf_transport *tp)
{
	const struct eftf_end end = { .reason = EFTF_REASON_PROTOCOL };

	WRITE_ONCE(tp->close_alert, EFTF_ALERT_UNEXPECTED_MESSAGE);
	eftf_transport_read_end(tp, &end);
}

static void eftf_record_alert(struct eftf_transport *tp, const u8 *data, size_t len)
{
	struct eftf_end end = { .reason = EFTF_REASON_ALERT };

	if (len != 2) {
		eftf_record_unexpected(tp);
		return;
	}
	if (data[1] == EFTF_ALERT_USER_CANCELED)
		return;	/* close_notify follows, RFC 9846 6.1 */
	if (data[1] == EFTF_ALERT_CLOSE_NOTIFY)
		end.reason = EFTF_REASON_RELEASED;
	end.alert = data[1];
	eftf_transport_read_end(tp, &end);
}

/*
 * A ticket, of which a helper may make use. An EFTF is a TLS server and never
 * gets any; a UE gets a few.
 */
static bool eftf_record_ticket(struct eftf_transport *tp, const u8 *data, size_t len, bool whole)
{
	if (tp->tunnel->edev->role == EFTF_ROLE_GW)
		return false;
	if (whole && tp->tickets < EFTF_TICKETS_MAX && !READ_ONCE(tp->tunnel->closing)) {
		tp->tickets++;
		eftf_event_ticket(tp->tunnel, data, len);
	}
	return true;
}

/*
 * A new key begins with a new record, so a KeyUpdate ends the one that it is
 * in (RFC 8446 5.1). It must begin it as well: TLS looks for it there only and
 * would go on with the old key.
 */
static void eftf_record_key_update(struct eftf_transport *tp, const u8 *data, size_t len, bool first)
{
	const struct eftf_end rekey = { .reason = EFTF_REASON_REKEY };

	if (len != EFTF_KEY_UPDATE_LEN || get_unaligned_be24(data + 1) != 1 || data[4] > 1)
		eftf_record_unexpected(tp);
	else if (!first || READ_ONCE(tp->tunnel->closing) || !eftf_key_announced(tp, data[4]))
		eftf_transport_read_end(tp, &rekey);
}

/* RFC 8446 4.6: several messages may share a record, one may span several. */
static void eftf_record_handshake(struct eftf_transport *tp, const u8 *data, size_t len)
{
	const u8 *start = data;
	size_t body;

	if (tp->hs_skip) {
		body = min_t(size_t, tp->hs_skip, len);
		tp->hs_skip -= body;
		data += body;
		len -= body;
	}
	while (len) {
		if (len < 4) {
			eftf_record_unexpected(tp);
			return;
		}
		body = get_unaligned_be24(data + 1);
		switch (data[0]) {
		case EFTF_HANDSHAKE_NEW_TICKET:
			if (eftf_record_ticket(tp, data, body + 4, body + 4 <= len))
				break;
			eftf_record_unexpected(tp);
			return;
		case EFTF_HANDSHAKE_HELLO_REQUEST:
			break;	/* may be ignored, RFC 5246 7.4.1.1 */
		case EFTF_HANDSHAKE_KEY_UPDATE:
			eftf_record_key_update(tp, data, len, data == start);
			return;
		default:
			eftf_record_unexpected(tp);
			return;
		}
		if (body + 4 > len) {
			tp->hs_skip = body + 4 - len;
			return;
		}
		data += body + 4;
		len -= body + 4;
	}
}

/**
 * eftf_record_control - act upon a record that is not application data
 * @tp: transport
 * @type: content type
 * @data: plaintext of the whole record
 * @len: octets
 *
 * Context: process, RX worker.
 */
void eftf_record_control(struct eftf_transport *tp, u8 type, const u8 *data, size_t len)
{
	/* a split handshake message must not be interleaved, RFC 8446 5.1 */
	if (tp->hs_skip && type != EFTF_RECORD_HANDSHAKE)
		eftf_record_unexpected(tp);
	else if (type == EFTF_RECORD_ALERT)
		eftf_record_alert(tp, data, len);
	else if (type == EFTF_RECORD_HANDSHAKE && len)
		eftf_record_handshake(tp, data, len);
	else
		eftf_record_unexpected(tp);
}
