// SPDX-License-Identifier: GPL-2.0-or-later
#include "tls_probe.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define RANDOM_LEN 32
#define SESSION_LEN 32
#define KEY_LEN 32

#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22
#define RECORD_MAX 16384
#define SERVER_HELLO 2
#define ALERT_LEN 7		/* with the record's header */

/* In front of the client's random: record, handshake, version. */
static const uint8_t head[] = {
	RECORD_HANDSHAKE, 3, 1, 0, EFTF_TLS_PROBE_REQUEST_LEN - 5,
	1, 0, 0, EFTF_TLS_PROBE_REQUEST_LEN - 9, 3, 3,
};
/* What the profile (TS 33.210 6.2) makes every server accept one of, of each version and kind of key. */
static const uint8_t suites[] = {
	0x13, 0x01, 0x13, 0x02, 0x13, 0x03, 0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 0xcc, 0xa9, 0xcc, 0xa8,
};
static const uint8_t extensions[] = {
	0, 43, 0, 5, 4, 3, 4, 3, 3,				/* supported_versions: 1.3, 1.2 */
	0, 10, 0, 8, 0, 6, 0, 29, 0, 23, 0, 24,			/* supported_groups: x25519, P-256, P-384 */
	0, 13, 0, 16, 0, 14, 4, 3, 5, 3, 8, 4, 8, 5, 8, 6, 4, 1, 5, 1,	/* signature_algorithms */
	0, 11, 0, 2, 1, 0,					/* ec_point_formats: uncompressed */
	0, 23, 0, 0,						/* extended_master_secret */
	0xff, 1, 0, 1, 0,					/* renegotiation_info: none before */
	0, 51, 0, 38, 0, 36, 0, 29, 0, KEY_LEN,			/* key_share: x25519, which follows */
};

#define EXTENSIONS_LEN (sizeof(extensions) + KEY_LEN)
_Static_assert(EFTF_TLS_PROBE_RANDOM_LEN == RANDOM_LEN + SESSION_LEN + KEY_LEN, "what is random");
_Static_assert(EFTF_TLS_PROBE_REQUEST_LEN == sizeof(head) + RANDOM_LEN + 1 + SESSION_LEN + 2 + sizeof(suites) + 2 +
	       2 + EXTENSIONS_LEN, "length of the request");

void eftf_tls_probe_request(uint8_t out[EFTF_TLS_PROBE_REQUEST_LEN], const uint8_t *random)
{
	uint8_t *at = mempcpy(out, head, sizeof(head));

	at = mempcpy(at, random, RANDOM_LEN);
	*at++ = SESSION_LEN;
	at = mempcpy(at, random + RANDOM_LEN, SESSION_LEN);
	*at++ = 0;
	*at++ = sizeof(suites);
	at = mempcpy(at, suites, sizeof(suites));
	*at++ = 1;
	*at++ = 0;	/* no compression */
	*at++ = 0;
	*at++ = EXTENSIONS_LEN;
	at = mempcpy(at, extensions, sizeof(extensions));
	memcpy(at, random + RANDOM_LEN + SESSION_LEN, KEY_LEN);
}

static bool offered(const uint8_t *suite)
{
	for (size_t i = 0; i < sizeof(suites); i += 2)
		if (!memcmp(suites + i, suite, 2))
			return true;
	return false;
}

/* From the handshake message on; up to the suite it is in the same place in both versions. */
static int check_hello(const uint8_t *at, size_t len, const uint8_t *random)
{
	const size_t fixed = 4 + 2 + RANDOM_LEN + 1;
	const uint8_t *suite;

	if (at[0] != SERVER_HELLO)
		return -EBADMSG;
	if (len < fixed)
		return 0;
	if (at[1] || at[4] != 3 || at[5] != 3 || at[fixed - 1] > SESSION_LEN)
		return -EBADMSG;
	suite = at + fixed + at[fixed - 1];
	if (len < (size_t)(suite + 2 - at))
		return 0;
	/* only who has read the request knows its session id and suites */
	if (!offered(suite) || (suite[0] == 0x13 && (at[fixed - 1] != SESSION_LEN ||
						     memcmp(at + fixed, random + RANDOM_LEN, SESSION_LEN))))
		return -EBADMSG;
	return 1;
}

int eftf_tls_probe_answer(const uint8_t *data, size_t len, const uint8_t *random)
{
	size_t length;

	if (len && data[0] != RECORD_HANDSHAKE && data[0] != RECORD_ALERT)
		return -EBADMSG;
	if (len > 1 && data[1] != 3)
		return -EBADMSG;
	if (len < 6)
		return 0;
	length = (size_t)data[3] << 8 | data[4];
	if (!length || length > RECORD_MAX)
		return -EBADMSG;
	if (data[0] == RECORD_ALERT)
		return length != 2 ? -EBADMSG : len < ALERT_LEN ? 0 : 2;
	return check_hello(data + 5, len - 5 < length ? len - 5 : length, random);
}
