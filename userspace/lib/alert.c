/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "alert.h"

#include <stddef.h>

static const struct {
	uint8_t number;
	const char *name;
	const char *hint;
} alerts[] = {
	{ 0, "close_notify", NULL },
	{ 10, "unexpected_message", NULL },
	{ 20, "bad_record_mac", NULL },
	{ 21, "decryption_failed", NULL },
	{ 22, "record_overflow", NULL },
	{ 30, "decompression_failure", NULL },
	{ 40, "handshake_failure", "no common cipher, group or certificate type" },
	{ 41, "no_certificate", "it wants a certificate from this side" },
	{ 42, "bad_certificate", "it does not accept this side's certificate" },
	{ 43, "unsupported_certificate", "it does not accept this kind of certificate" },
	{ 44, "certificate_revoked", "this side's certificate is revoked" },
	{ 45, "certificate_expired", "this side's certificate has expired" },
	{ 46, "certificate_unknown", "it does not accept this side's certificate" },
	{ 47, "illegal_parameter", NULL },
	{ 48, "unknown_ca", "it does not know the CA of this side's certificate" },
	{ 49, "access_denied", "the certificate is valid but not allowed in" },
	{ 50, "decode_error", NULL },
	{ 51, "decrypt_error", NULL },
	{ 60, "export_restriction", NULL },
	{ 70, "protocol_version", "no common TLS version" },
	{ 71, "insufficient_security", "it wants stronger ciphers" },
	{ 80, "internal_error", NULL },
	{ 86, "inappropriate_fallback", NULL },
	{ 90, "user_canceled", NULL },
	{ 100, "no_renegotiation", NULL },
	{ 109, "missing_extension", NULL },
	{ 110, "unsupported_extension", NULL },
	{ 112, "unrecognized_name", "it serves no such name" },
	{ 113, "bad_certificate_status_response", NULL },
	{ 115, "unknown_psk_identity", NULL },
	{ 116, "certificate_required", "it wants a client certificate" },
	{ 120, "no_application_protocol", NULL },
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
