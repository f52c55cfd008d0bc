/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "identity.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAME_AT 11			/* RFC 4361, then RFC 8415 11.3: type, IAID, DUID-EN, enterprise */

static void put_hex(char *out, size_t size, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len && size > 2; i++, out += 2, size -= 2)
		snprintf(out, size, "%02x", data[i]);
}

/* A blank or a colon would make two words, or another kind of identity, of it. */
static bool is_name(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum(p[i]) && !strchr("-_.@", p[i]))
			return false;
	return len && len < EFTF_IDENTITY_TEXT - 3;
}

void eftf_identity_text(char out[EFTF_IDENTITY_TEXT], const struct eftf_lease_request *r)
{
	const uint8_t *id = r->client_id;
	size_t len = r->client_id_len;

	memset(out, 0, EFTF_IDENTITY_TEXT);
	if (r->has_cert) {
		memcpy(out, "cert:", 5);
		put_hex(out + 5, EFTF_IDENTITY_TEXT - 5, r->cert, EFTF_IDENTITY_CERT_OCTETS);
	} else if (!len) {
		out[0] = '-';
	} else if (len > NAME_AT && id[0] == 255 && id[5] == 0 && id[6] == 2 &&
		   is_name(id + NAME_AT, len - NAME_AT)) {
		memcpy(out, "id:", 3);
		memcpy(out + 3, id + NAME_AT, len - NAME_AT);
	} else {
		memcpy(out, "id:", 3);
		put_hex(out + 3, EFTF_IDENTITY_TEXT - 3, id, len);
	}
}
