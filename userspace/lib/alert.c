/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "alert.h"

#include <stddef.h>

static const struct {
	uint8_t number;
	bool trust;
	const char *name;
	const char *hint;
} alerts[] = {
	{ 0, false, "close_notify", NULL },
	{ 10, false, "unexpected_message", NULL },
	{ 20, false, "bad_record_mac", NULL },
	{ 21, false, "decryption_failed", NULL },
	{ 22, false, "record_overflow", NULL },
	{ 30, false, "decompression_failure", NULL },
	{ 40, false, "handshake_failure", "no common cipher, group or certificate type" },
	{ 41, true, "no_certificate", "it wants a certificate from this side" },
	{ 42, true, "bad_certificate", "it does not accept this side's certificate" },
	{ 43, true, "unsupported_certificate", "it does not accept this kind of certificate" },
	{ 44, true, "certificate_revoked", "this side's certificate is revoked" },
	{ 45, true, "certificate_expired", "this side's certificate has expired" },
	{ 46, true, "certificate_unknown", "it does not accept this side's certificate" },
	{ 47, false, "illegal_parameter", NULL },
	{ 48, true, "unknown_ca", "it does not know the CA of this side's certificate" },
	{ 49, true, "access_denied", "the certificate is valid but not allowed in" },
	{ 50, false, "decode_error", NULL },
	{ 51, false, "decrypt_error", NULL },
	{ 60, false, "export_restriction", NULL },
	{ 70, false, "protocol_version", "no common TLS version" },
	{ 71, false, "insufficient_security", "it wants stronger ciphers" },
	{ 80, false, "internal_error", NULL },
	{ 86, false, "inappropriate_fallback", NULL },
	{ 90, false, "user_canceled", NULL },
	{ 100, false, "no_renegotiation", NULL },
	{ 109, false, "missing_extension", NULL },
	{ 110, false, "unsupported_extension", NULL },
	{ 112, false, "unrecognized_name", "it serves no such name" },
	{ 113, true, "bad_certificate_status_response", NULL },
	{ 115, false, "unknown_psk_identity", NULL },
	{ 116, true, "certificate_required", "it wants a client certificate" },
	{ 120, false, "no_application_protocol", NULL },
};

static int find(unsigned int description)
{
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (alerts[i].number == description)
			return (int)i;
	return -1;
}

const char *eftf_alert_name(unsigned int description)
{
	int i = find(description);

	return i < 0 ? "unassigned" : alerts[i].name;
}

const char *eftf_alert_hint(unsigned int description)
{
	int i = find(description);

	return i < 0 ? NULL : alerts[i].hint;
}

bool eftf_alert_is_trust(unsigned int description)
{
	int i = find(description);

	return i >= 0 && alerts[i].trust;
}
