// SPDX-License-Identifier: GPL-2.0-or-later
#include "record.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <endian.h>
#include <linux/tls.h>
#include <openssl/evp.h>

#include "fixture.h"

#ifndef SOL_TLS
#define SOL_TLS 282
#endif
#ifndef TCP_ULP
#define TCP_ULP 31
#endif

/* TLS 1.3: RFC 8446 5.3. TLS 1.2: RFC 5288 3, with the sequence number for the octets in the record. */
static void rec_nonce(const struct rec_key *key, const uint8_t explicit[8], uint8_t nonce[12])
{
	uint64_t seq = htobe64(key->seq);

	memcpy(nonce, key->iv, 12);
	if (key->tls12) {
		memcpy(nonce + 4, explicit, 8);
		return;
	}
	for (int i = 0; i < 8; i++)
		nonce[4 + i] ^= ((const uint8_t *)&seq)[i];
}

/* What is authenticated besides: RFC 8446 5.2, RFC 5246 6.2.3.3. Returns its length; len: of the plaintext. */
static int rec_aad(const struct rec_key *key, const uint8_t header[5], size_t len, uint8_t aad[13])
{
	uint64_t seq = htobe64(key->seq);

	if (!key->tls12) {
		memcpy(aad, header, 5);
		return 5;
	}
	memcpy(aad, &seq, 8);
	memcpy(aad + 8, header, 3);
	aad[11] = (uint8_t)(len >> 8);
	aad[12] = (uint8_t)len;
	return 13;
}

static void rec_put(EVP_CIPHER_CTX *ctx, uint8_t *out, int *at, const void *data, size_t len)
{
	int n;

	if (!len)
		return;
	EVP_EncryptUpdate(ctx, out + *at, &n, data, (int)len);
	*at += n;
}

size_t rec_seal(struct rec_key *key, uint8_t type, const void *data, size_t len, size_t pad,
		uint8_t *out)
{
	static const uint8_t zeros[REC_MAX];
	size_t body = key->tls12 ? 8 + len + 16 : len + 1 + pad + 16;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint64_t seq = htobe64(key->seq);
	uint8_t nonce[12], aad[13];
	int n, at = 5;

	out[0] = key->tls12 ? type : REC_DATA;
	out[1] = out[2] = 3;
	out[3] = (uint8_t)(body >> 8);
	out[4] = (uint8_t)body;
	rec_nonce(key, (const uint8_t *)&seq, nonce);
	n = rec_aad(key, out, len, aad);
	key->seq++;
	EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key->key, nonce);
	EVP_EncryptUpdate(ctx, NULL, &n, aad, n);
	if (key->tls12) {
		memcpy(out + at, &seq, 8);
		at += 8;
	}
	rec_put(ctx, out, &at, data, len);
	if (!key->tls12) {
		rec_put(ctx, out, &at, &type, 1);
		rec_put(ctx, out, &at, zeros, pad);
	}
	EVP_EncryptFinal_ex(ctx, out + at, &n);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, out + at);
	EVP_CIPHER_CTX_free(ctx);
	return 5 + body;
}

void rec_send(struct rec *r, uint8_t type, const void *data, size_t len)
{
	static uint8_t out[REC_MAX + 64];
	size_t n = rec_seal(&r->tx, type, data, len, 0, out);

	fx_write(r->fd, out, n);
}

/* Octets until want are there; 0, or the negative codes of rec_recv(). */
static int rec_fill(struct rec *r, size_t want, int ms)
{
	while (r->have < want) {
		struct pollfd p = {.fd = r->fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, ms) == 0)
			return -3;
		n = read(r->fd, r->raw + r->have, want - r->have);
		if (n == 0)
			return -1;
		if (n < 0)
			return errno == ECONNRESET ? -2 : -5;
		r->have += (size_t)n;
	}
	return 0;
}

/* TLS 1.3: finds the type behind the data, and takes the padding off. */
static long rec_inner(uint8_t *type, const uint8_t *data, long n)
{
	while (n > 0 && !data[n - 1])
		n--;
	if (!n)
		return -5;
	*type = data[n - 1];
	return n - 1;
}

static long rec_open(struct rec *r, uint8_t *type, uint8_t *data, size_t body)
{
	size_t explicit = r->rx.tls12 ? 8 : 0, len = body - explicit - 16;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12], aad[13];
	int n = 0, tail = 0, good;

	rec_nonce(&r->rx, r->raw + 5, nonce);
	n = rec_aad(&r->rx, r->raw, len, aad);
	EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, r->rx.key, nonce);
	EVP_DecryptUpdate(ctx, NULL, &n, aad, n);
	n = 0;
	if (len)
		EVP_DecryptUpdate(ctx, data, &n, r->raw + 5 + explicit, (int)len);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, r->raw + 5 + body - 16);
	good = EVP_DecryptFinal_ex(ctx, data + n, &tail);
	EVP_CIPHER_CTX_free(ctx);
	if (good != 1)
		return -4;
	r->rx.seq++;
	if (!r->rx.tls12)
		return rec_inner(type, data, n);
	*type = r->raw[0];
	return n;
}

static size_t rec_body(const struct rec *r)
{
	return (size_t)(r->raw[3] << 8 | r->raw[4]);
}

long rec_recv(struct rec *r, uint8_t *type, uint8_t *data, int ms)
{
	size_t body;
	long n;
	int err;

	err = rec_fill(r, 5, ms);
	if (err)
		return err;
	body = rec_body(r);
	if ((r->raw[0] != REC_DATA && !r->rx.tls12) || r->raw[1] != 3 || r->raw[2] != 3 ||
	    body < (r->rx.tls12 ? 24 : 17) || body > REC_MAX + 256)
		return -5;
	err = rec_fill(r, 5 + body, ms);
	if (err)
		return err;
	n = rec_open(r, type, data, body);
	if (n >= 0)
		r->have = 0;
	return n;
}

bool rec_there(struct rec *r)
{
	for (;;) {
		size_t want = r->have < 5 ? 5 : 5 + rec_body(r);
		ssize_t n;

		if (r->have == want || want > sizeof(r->raw))
			return true;
		n = recv(r->fd, r->raw + r->have, want - r->have, MSG_DONTWAIT);
		if (n <= 0)
			return n == 0 || errno != EAGAIN;
		r->have += (size_t)n;
	}
}

static int ktls_direction(int fd, int direction, const struct rec_key *key)
{
	struct tls12_crypto_info_aes_gcm_128 info = {
		.info = {.version = key->tls12 ? TLS_1_2_VERSION : TLS_1_3_VERSION,
			 .cipher_type = TLS_CIPHER_AES_GCM_128},
	};
	uint64_t seq = htobe64(key->seq);

	memcpy(info.salt, key->iv, 4);
	memcpy(info.iv, key->iv + 4, 8);
	memcpy(info.key, key->key, 16);
	memcpy(info.rec_seq, &seq, 8);
	return setsockopt(fd, SOL_TLS, direction, &info, sizeof(info));
}

int ktls_plant(int fd, int what, const struct rec_key *tx, const struct rec_key *rx)
{
	if (what == KTLS_NONE)
		return 0;
	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 3))
		return -1;
	if ((what == KTLS_TX || what == KTLS_BOTH) && ktls_direction(fd, TLS_TX, tx))
		return -1;
	if ((what == KTLS_RX || what == KTLS_BOTH) && ktls_direction(fd, TLS_RX, rx))
		return -1;
	return 0;
}
