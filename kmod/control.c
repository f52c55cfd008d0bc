// SPDX-License-Identifier: GPL-2.0-only
/*
 * TLS records between the data: alerts in both directions, NewSessionTicket and
 * KeyUpdate from the peer. What a peer of TLS 1.2 or 1.3 must not send after the
 * handshake ends the tunnel.
 */
#include <linux/unaligned.h>

#include "control.h"
#include "end.h"
#include "event.h"
#include "key.h"
#include "types.h"

#define EFTF_HANDSHAKE_HELLO_REQUEST	0	/* TLS 1.2: renegotiation wanted */
#define EFTF_HANDSHAKE_NEW_TICKET	4
#define EFTF_TICKETS_MAX		16	/* told for one connection */

/**
 * eftf_control_send_alert - send the transport's closing alert
 * @tp: transport
 *
 * Context: process, TX worker; does not wait for room.
 * Return: 0, or the socket's negative errno; -EAGAIN: not accepted, no room.
 */
int eftf_control_send_alert(struct eftf_transport *tp)
{
	u8 alert[2] = { 2, READ_ONCE(tp->close_alert) };

	if (alert[1] == EFTF_ALERT_CLOSE_NOTIFY)
		alert[0] = 1;	/* a warning; the others are fatal */
	return eftf_ktls_send_record(tp->sock, EFTF_RECORD_ALERT, alert, sizeof(alert));
}

/* A record that must not come: tell the peer by an alert, then close. */
static void eftf_control_unexpected(struct eftf_transport *tp)
{
	const struct eftf_end end = { .reason = EFTF_REASON_PROTOCOL };

	WRITE_ONCE(tp->close_alert, EFTF_ALERT_UNEXPECTED_MESSAGE);
	eftf_end_read(tp, &end);
}

static void eftf_control_alert(struct eftf_transport *tp, const u8 *data, size_t len)
{
	struct eftf_end end = { .reason = EFTF_REASON_ALERT };

	if (len != 2) {
		eftf_control_unexpected(tp);
		return;
	}
	if (data[1] == EFTF_ALERT_USER_CANCELED)
		return;	/* close_notify follows, RFC 9846 6.1 */
	if (data[1] == EFTF_ALERT_CLOSE_NOTIFY)
		end.reason = EFTF_REASON_RELEASED;
	end.alert = data[1];
	eftf_end_read(tp, &end);
}

/*
 * A NewSessionTicket, which a helper may use for its next connection. The EFTF
 * is the TLS server and must never get one. Return: false if it may not come.
 */
static bool eftf_control_ticket(struct eftf_transport *tp, const u8 *data, size_t len, bool whole)
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
static void eftf_control_key_update(struct eftf_transport *tp, const u8 *data, size_t len, bool first)
{
	const struct eftf_end rekey = { .reason = EFTF_REASON_REKEY };

	if (len != EFTF_KEY_UPDATE_LEN || get_unaligned_be24(data + 1) != 1 || data[4] > 1)
		eftf_control_unexpected(tp);
	else if (!first || READ_ONCE(tp->tunnel->closing) || !eftf_key_announced(tp, data[4]))
		eftf_end_read(tp, &rekey);
}

/* RFC 8446 4.6: several messages may share a record, one may span several. */
static void eftf_control_handshake(struct eftf_transport *tp, const u8 *data, size_t len)
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
			eftf_control_unexpected(tp);
			return;
		}
		body = get_unaligned_be24(data + 1);
		switch (data[0]) {
		case EFTF_HANDSHAKE_NEW_TICKET:
			if (eftf_control_ticket(tp, data, body + 4, body + 4 <= len))
				break;
			eftf_control_unexpected(tp);
			return;
		case EFTF_HANDSHAKE_HELLO_REQUEST:
			break;	/* may be ignored, RFC 5246 7.4.1.1 */
		case EFTF_HANDSHAKE_KEY_UPDATE:
			eftf_control_key_update(tp, data, len, data == start);
			return;
		default:
			eftf_control_unexpected(tp);
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
 * eftf_control_received - act upon a record that is not application data
 * @tp: transport
 * @type: content type
 * @data: plaintext of the whole record
 * @len: bytes
 *
 * Context: process, RX worker.
 */
void eftf_control_received(struct eftf_transport *tp, u8 type, const u8 *data, size_t len)
{
	/* a split handshake message must not be interleaved, RFC 8446 5.1 */
	if (tp->hs_skip && type != EFTF_RECORD_HANDSHAKE)
		eftf_control_unexpected(tp);
	else if (type == EFTF_RECORD_ALERT)
		eftf_control_alert(tp, data, len);
	else if (type == EFTF_RECORD_HANDSHAKE && len)
		eftf_control_handshake(tp, data, len);
	else
		eftf_control_unexpected(tp);
}
