/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_CONTROL_H
#define EFTF_CONTROL_H

#include <linux/types.h>

struct eftf_transport;

#define EFTF_ALERT_CLOSE_NOTIFY		0	/* descriptions of alerts, RFC 8446 6 */
#define EFTF_ALERT_UNEXPECTED_MESSAGE	10
#define EFTF_ALERT_BAD_RECORD_MAC	20
#define EFTF_ALERT_RECORD_OVERFLOW	22
#define EFTF_ALERT_DECODE_ERROR		50
#define EFTF_ALERT_USER_CANCELED	90

void eftf_control_received(struct eftf_transport *tp, u8 type, const u8 *data, size_t len);
int eftf_control_send_alert(struct eftf_transport *tp);

#endif
