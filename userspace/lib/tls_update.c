/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys after those of the handshake (RFC 8446 4.6.3, 7.2). wolfSSL gives
 * no traffic secret away, but it follows KeyUpdate messages. So the parked
 * object is shown one that is made here, in place of the one that the kernel
 * got, and made to send one that goes nowhere.
 */
#include "tls_priv.h"

#include <errno.h>
#include <string.h>

#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/chacha20_poly1305.h>

#define NONCE_LEN 12
#define SALT_LEN 4			/* AES-GCM: the nonce's first octets */
#define SEQ_LEN 8
#define TAG_LEN 16
#define APPLICATION_DATA 23
#define HANDSHAKE 22
#define KEY_UPDATE 24

/* KeyUpdate, update_not_requested, and behind it the type of the record. */
static const uint8_t message[] = { KEY_UPDATE, 0, 0, 1, 0, HANDSHAKE };

#define RECORD_LEN (TLS_RECORD_HDR + sizeof(message) + TAG_LEN)

static int on_recv(WOLFSSL *ssl, char *buf, int len, void *arg)
{
	struct eftf_tls *tls = arg;
	size_t n = (size_t)len < tls->n_feed ? (size_t)len : tls->n_feed;

	(void)ssl;
	if (!n)
		return WOLFSSL_CBIO_ERR_WANT_READ;
	memcpy(buf, tls->feed, n);
	tls->feed += n;
	tls->n_feed -= n;
	return (int)n;
}

static int on_send(WOLFSSL *ssl, char *buf, int len, void *arg)
{
	const struct eftf_tls *tls = arg;

	(void)ssl;
	(void)buf;
	return tls->swallow ? len : WOLFSSL_CBIO_ERR_GENERAL;
}

int eftf_tls_park(struct eftf_tls *tls, struct eftf_err *err)
{
	if (!tls->planted || tls->parked)
		return eftf_err_set(err, EINVAL, "the kernel does not have the TLS keys yet");
	if (wolfSSL_GetVersion(tls->ssl) != WOLFSSL_TLSV1_3)
		return eftf_err_set(err, EOPNOTSUPP, "%s changes no keys: only TLS 1.3 does",
				    wolfSSL_get_version(tls->ssl));
	wolfSSL_SSLSetIORecv(tls->ssl, on_recv);
	wolfSSL_SSLSetIOSend(tls->ssl, on_send);
	/* 5 KB with secrets of the handshake. For the rest wolfSSL 5.5 has no call that frees any. */
	wolfSSL_FreeArrays(tls->ssl);
	tls->fd = -1;
	tls->parked = true;
	return 0;
}

static unsigned char *rec_seq(struct eftf_tls_key *key)
{
	switch (key->info.cipher_type) {
	case TLS_CIPHER_AES_GCM_128:
		return key->gcm128.rec_seq;
	case TLS_CIPHER_AES_GCM_256:
		return key->gcm256.rec_seq;
	default:
		return key->chacha.rec_seq;
	}
}

/* RFC 8446 5.3: the number of the record is in the end of the nonce. */
static void make_nonce(struct eftf_tls_key *key, uint8_t nonce[NONCE_LEN])
{
	const unsigned char *seq = rec_seq(key);

	switch (key->info.cipher_type) {
	case TLS_CIPHER_AES_GCM_128:
		memcpy(nonce, key->gcm128.salt, SALT_LEN);
		memcpy(nonce + SALT_LEN, key->gcm128.iv, NONCE_LEN - SALT_LEN);
		break;
	case TLS_CIPHER_AES_GCM_256:
		memcpy(nonce, key->gcm256.salt, SALT_LEN);
		memcpy(nonce + SALT_LEN, key->gcm256.iv, NONCE_LEN - SALT_LEN);
		break;
	default:
		memcpy(nonce, key->chacha.iv, NONCE_LEN);
	}
	for (size_t i = 0; i < SEQ_LEN; i++)
		nonce[NONCE_LEN - SEQ_LEN + i] ^= seq[i];
}

static int seal_gcm(const unsigned char *key, word32 key_len, const uint8_t nonce[NONCE_LEN],
		    uint8_t record[RECORD_LEN])
{
	uint8_t *body = record + TLS_RECORD_HDR;
	Aes aes;
	int ret = wc_AesInit(&aes, NULL, INVALID_DEVID);

	if (ret)
		return ret;
	ret = wc_AesGcmSetKey(&aes, key, key_len);
	if (!ret)
		ret = wc_AesGcmEncrypt(&aes, body, message, sizeof(message), nonce, NONCE_LEN,
				       body + sizeof(message), TAG_LEN, record, TLS_RECORD_HDR);
	wc_AesFree(&aes);
	explicit_bzero(&aes, sizeof(aes));
	return ret;
}

/* The message as the peer would send it under this key. */
static int seal(struct eftf_tls_key *key, uint8_t record[RECORD_LEN])
{
	static const uint8_t header[] = { APPLICATION_DATA, 3, 3, 0, sizeof(message) + TAG_LEN };
	uint8_t *body = record + TLS_RECORD_HDR;
	uint8_t nonce[NONCE_LEN];
	int ret;

	memcpy(record, header, sizeof(header));
	make_nonce(key, nonce);
	switch (key->info.cipher_type) {
	case TLS_CIPHER_AES_GCM_128:
		ret = seal_gcm(key->gcm128.key, sizeof(key->gcm128.key), nonce, record);
		break;
	case TLS_CIPHER_AES_GCM_256:
		ret = seal_gcm(key->gcm256.key, sizeof(key->gcm256.key), nonce, record);
		break;
	default:
		ret = wc_ChaCha20Poly1305_Encrypt(key->chacha.key, nonce, record, TLS_RECORD_HDR,
						  message, sizeof(message), body,
						  body + sizeof(message));
	}
	explicit_bzero(nonce, sizeof(nonce));
	return ret;
}

/* Has wolfSSL take the KeyUpdate of the peer. */
static bool receive(struct eftf_tls *tls, struct eftf_tls_key *now)
{
	uint8_t record[RECORD_LEN], data;
	bool ok;

	if (seal(now, record))
		return false;
	tls->feed = record;
	tls->n_feed = sizeof(record);
	ok = wolfSSL_read(tls->ssl, &data, 1) < 0 &&
		wolfSSL_get_error(tls->ssl, WOLFSSL_FATAL_ERROR) == WOLFSSL_ERROR_WANT_READ &&
		!tls->n_feed;
	tls->feed = NULL;
	tls->n_feed = 0;
	return ok;
}

/* Has wolfSSL change its sending key; what it would say about that is not sent. */
static bool transmit(struct eftf_tls *tls)
{
	bool ok;

	tls->swallow = true;
	ok = wolfSSL_update_keys(tls->ssl) == WOLFSSL_SUCCESS;
	tls->swallow = false;
	return ok;
}

static int next(struct eftf_tls *tls, bool tx, struct eftf_tls_key *key, struct eftf_err *err)
{
	struct eftf_tls_key now;
	int ret;

	if (!tls->parked)
		return eftf_err_set(err, EINVAL, "the TLS connection is not parked");
	ret = eftf_tls_fill(tls, tx, &now, err);
	if (!ret && !(tx ? transmit(tls) : receive(tls, &now)))
		ret = eftf_err_set(err, EIO, "wolfSSL makes no next TLS %s key",
				   tx ? "sending" : "receiving");
	if (!ret)
		ret = eftf_tls_fill(tls, tx, key, err);
	/* A new key, and the first record of it: anything else would break the stream. */
	memset(rec_seq(&now), 0, SEQ_LEN);
	if (!ret && (memcmp(rec_seq(key), rec_seq(&now), SEQ_LEN) ||
		     !memcmp(key, &now, sizeof(now))))
		ret = eftf_err_set(err, EIO, "wolfSSL does not change the TLS %s key",
				   tx ? "sending" : "receiving");
	explicit_bzero(&now, sizeof(now));
	if (ret) {
		explicit_bzero(key, sizeof(*key));
		tls->parked = false;
	}
	return ret;
}

int eftf_tls_next_rx(struct eftf_tls *tls, struct eftf_tls_key *key, struct eftf_err *err)
{
	return next(tls, false, key, err);
}

int eftf_tls_next_tx(struct eftf_tls *tls, struct eftf_tls_key *key, struct eftf_err *err)
{
	return next(tls, true, key, err);
}
