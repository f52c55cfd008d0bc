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

static void rec_nonce(const struct rec_key *key, uint8_t nonce[12])
{
	uint64_t seq = htobe64(key->seq);

	memcpy(nonce, key->iv, 12);
	for (int i = 0; i < 8; i++)
		nonce[4 + i] ^= ((const uint8_t *)&seq)[i];
}

size_t rec_seal(struct rec_key *key, uint8_t type, const void *data, size_t len, size_t pad,
		uint8_t *out)
{
	static const uint8_t zeros[REC_MAX];
	size_t body = len + 1 + pad + 16;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int n, at = 5;

	out[0] = REC_DATA;
	out[1] = out[2] = 3;
	out[3] = (uint8_t)(body >> 8);
	out[4] = (uint8_t)body;
	rec_nonce(key, nonce);
	key->seq++;
	EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, key->key, nonce);
	EVP_EncryptUpdate(ctx, NULL, &n, out, 5);
	if (len) {
		EVP_EncryptUpdate(ctx, out + at, &n, data, (int)len);
		at += n;
	}
	EVP_EncryptUpdate(ctx, out + at, &n, &type, 1);
	at += n;
	if (pad) {
		EVP_EncryptUpdate(ctx, out + at, &n, zeros, (int)pad);
		at += n;
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

static long rec_open(struct rec *r, uint8_t *type, uint8_t *data, size_t body)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int n = 0, tail = 0, good;

	rec_nonce(&r->rx, nonce);
	EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, r->rx.key, nonce);
	EVP_DecryptUpdate(ctx, NULL, &n, r->raw, 5);
	EVP_DecryptUpdate(ctx, data, &n, r->raw + 5, (int)body - 16);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, r->raw + 5 + body - 16);
	good = EVP_DecryptFinal_ex(ctx, data + n, &tail);
	EVP_CIPHER_CTX_free(ctx);
	if (good != 1)
		return -4;
	r->rx.seq++;
	while (n > 0 && !data[n - 1])
		n--;
	if (!n)
		return -5;
	*type = data[n - 1];
	return n - 1;
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
	if (r->raw[0] != REC_DATA || r->raw[1] != 3 || r->raw[2] != 3 || body < 17 ||
	    body > REC_MAX + 256)
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
		.info = {.version = TLS_1_3_VERSION, .cipher_type = TLS_CIPHER_AES_GCM_128},
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
