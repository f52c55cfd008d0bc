// SPDX-License-Identifier: GPL-2.0-or-later
#include "ike_probe.h"

#include <errno.h>
#include <string.h>

#define MARKER_LEN 4		/* zero: no ESP follows (RFC 3948 2.2) */
#define SPI_LEN 8
#define KEY_LEN 32
#define NONCE_LEN 32
#define HEADER_LEN 28

/* Offsets in the header (RFC 7296 3.1) */
#define AT_VERSION 17
#define AT_EXCHANGE 18
#define AT_FLAGS 19
#define AT_MESSAGE_ID 20
#define AT_LENGTH 24

#define VERSION_2 0x20
#define EXCHANGE_SA_INIT 34
#define FLAG_INITIATOR 0x08
#define FLAG_RESPONSE 0x20

/*
 * Behind the header one proposal: AES-CBC-128, HMAC-SHA2-256 as PRF and for integrity, Curve25519 (RFC 7296 3.3,
 * RFC 8031); then the heads of the key exchange and of the nonce, whose values follow each of these.
 */
static const uint8_t sa[] = {
	34, 0, 0, 48,
	0, 0, 0, 44, 1, 1, 0, 4,
	3, 0, 0, 12, 1, 0, 0, 12, 0x80, 14, 0, 128,
	3, 0, 0, 8, 2, 0, 0, 5,
	3, 0, 0, 8, 3, 0, 0, 12,
	0, 0, 0, 8, 4, 0, 0, 31,
};
static const uint8_t key_exchange[] = { 40, 0, 0, 8 + KEY_LEN, 0, 31, 0, 0 };
static const uint8_t nonce[] = { 0, 0, 0, 4 + NONCE_LEN };

_Static_assert(EFTF_IKE_RANDOM_LEN == SPI_LEN + KEY_LEN + NONCE_LEN, "what is random");
_Static_assert(EFTF_IKE_REQUEST_LEN == MARKER_LEN + HEADER_LEN + sizeof(sa) + sizeof(key_exchange) + KEY_LEN +
	       sizeof(nonce) + NONCE_LEN, "length of the request");

/* The SPI of an initiator is not zero (RFC 7296 2.6). */
static void make_spi(uint8_t spi[SPI_LEN], const uint8_t *random)
{
	memcpy(spi, random, SPI_LEN);
	spi[0] |= 1;
}

void eftf_ike_request(uint8_t out[EFTF_IKE_REQUEST_LEN], const uint8_t *random)
{
	uint8_t *header = out + MARKER_LEN, *at = header + HEADER_LEN;

	memset(out, 0, MARKER_LEN + HEADER_LEN);
	make_spi(header, random);
	header[16] = 33;	/* an SA comes first */
	header[AT_VERSION] = VERSION_2;
	header[AT_EXCHANGE] = EXCHANGE_SA_INIT;
	header[AT_FLAGS] = FLAG_INITIATOR;
	header[AT_LENGTH + 3] = EFTF_IKE_REQUEST_LEN - MARKER_LEN;
	at = mempcpy(at, sa, sizeof(sa));
	at = mempcpy(at, key_exchange, sizeof(key_exchange));
	at = mempcpy(at, random + SPI_LEN, KEY_LEN);
	at = mempcpy(at, nonce, sizeof(nonce));
	memcpy(at, random + SPI_LEN + KEY_LEN, NONCE_LEN);
}

int eftf_ike_parse(const uint8_t *data, size_t len, const uint8_t *random)
{
	static const uint8_t zero[MARKER_LEN];
	const uint8_t *header = data + MARKER_LEN;
	uint8_t spi[SPI_LEN];
	size_t length;

	if (len < MARKER_LEN + HEADER_LEN || memcmp(data, zero, MARKER_LEN) ||
	    (header[AT_VERSION] & 0xf0) != VERSION_2)
		return -EBADMSG;
	length = (size_t)header[AT_LENGTH] << 24 | (size_t)header[AT_LENGTH + 1] << 16 |
		(size_t)header[AT_LENGTH + 2] << 8 | header[AT_LENGTH + 3];
	if (length != len - MARKER_LEN)
		return -EBADMSG;
	make_spi(spi, random);
	if (memcmp(header, spi, SPI_LEN) || header[AT_EXCHANGE] != EXCHANGE_SA_INIT ||
	    (header[AT_FLAGS] & (FLAG_RESPONSE | FLAG_INITIATOR)) != FLAG_RESPONSE ||
	    memcmp(header + AT_MESSAGE_ID, zero, 4))
		return -ENOMSG;
	return 0;
}
