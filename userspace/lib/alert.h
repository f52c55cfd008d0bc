/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS alert descriptions (RFC 8446 clause 6) as words. */
#ifndef EFTF_ALERT_H
#define EFTF_ALERT_H

#include <stdint.h>

#define EFTF_ALERT_WARNING 1
#define EFTF_ALERT_FATAL 2
#define EFTF_ALERT_CLOSE_NOTIFY 0
#define EFTF_ALERT_HANDSHAKE_FAILURE 40
#define EFTF_ALERT_ILLEGAL_PARAMETER 47
#define EFTF_ALERT_DECODE_ERROR 50
#define EFTF_ALERT_INTERNAL_ERROR 80

/* "certificate_expired"; "unassigned" for a number that the RFC does not know. */
const char *eftf_alert_name(unsigned int description);
/* What it means for the one who receives it, or NULL: "it wants a client certificate". */
const char *eftf_alert_hint(unsigned int description);

#endif
