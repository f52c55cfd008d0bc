/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "openssl_peer.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

struct peer {
	SSL_CTX *ctx;
	SSL *ssl;
};

struct peer *peer_new(const char *cert, const char *key, const char *suite, int fd, int tickets)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->ctx = SSL_CTX_new(cert ? TLS_server_method() : TLS_client_method());
	if (!p->ctx || !SSL_CTX_set_ciphersuites(p->ctx, suite) ||
	    !SSL_CTX_set_num_tickets(p->ctx, (size_t)tickets))
		abort();
	if (cert && (SSL_CTX_use_certificate_file(p->ctx, cert, SSL_FILETYPE_PEM) != 1 ||
		     SSL_CTX_use_PrivateKey_file(p->ctx, key, SSL_FILETYPE_PEM) != 1))
		abort();
	p->ssl = SSL_new(p->ctx);
	if (!p->ssl || !SSL_set_fd(p->ssl, fd))
		abort();
	if (cert)
		SSL_set_accept_state(p->ssl);
	else
		SSL_set_connect_state(p->ssl);
	return p;
}

void peer_free(struct peer *p)
{
	SSL_free(p->ssl);
	SSL_CTX_free(p->ctx);
	free(p);
}

int peer_handshake(struct peer *p)
{
	int ret = SSL_do_handshake(p->ssl), why;

	if (ret == 1)
		return 1;
	why = SSL_get_error(p->ssl, ret);
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool peer_update(struct peer *p, bool request)
{
	return SSL_key_update(p->ssl, request ? SSL_KEY_UPDATE_REQUESTED :
			      SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(p->ssl) == 1;
}

bool peer_write(struct peer *p, const char *text)
{
	return SSL_write(p->ssl, text, (int)strlen(text)) == (int)strlen(text);
}

bool peer_reads(struct peer *p, const char *text)
{
	char got[PEER_RECORD_MAX];
	int n = SSL_read(p->ssl, got, sizeof(got));

	return n == (int)strlen(text) && !memcmp(got, text, (size_t)n);
}

/* ---- the record layer ------------------------------------------------------- */

struct view {
	const EVP_CIPHER *cipher;
	const unsigned char *key;
	unsigned char *rec_seq;
	uint8_t nonce[12];
};

static struct view view(struct eftf_tls_key *key)
{
	struct view v = { NULL, NULL, NULL, { 0 } };

	if (key->info.version != TLS_1_3_VERSION)
		abort();
	switch (key->info.cipher_type) {
	case TLS_CIPHER_AES_GCM_128:
		v = (struct view){ EVP_aes_128_gcm(), key->gcm128.key, key->gcm128.rec_seq, { 0 } };
		memcpy(v.nonce, key->gcm128.salt, 4);
		memcpy(v.nonce + 4, key->gcm128.iv, 8);
		break;
	case TLS_CIPHER_AES_GCM_256:
		v = (struct view){ EVP_aes_256_gcm(), key->gcm256.key, key->gcm256.rec_seq, { 0 } };
		memcpy(v.nonce, key->gcm256.salt, 4);
		memcpy(v.nonce + 4, key->gcm256.iv, 8);
		break;
	case TLS_CIPHER_CHACHA20_POLY1305:
		v = (struct view){ EVP_chacha20_poly1305(), key->chacha.key, key->chacha.rec_seq,
				   { 0 } };
		memcpy(v.nonce, key->chacha.iv, 12);
		break;
	default:
		abort();
	}
	for (int i = 0; i < 8; i++)
		v.nonce[4 + i] ^= v.rec_seq[i];
	return v;
}

static void count_on(unsigned char rec_seq[8])
{
	for (int i = 7; i >= 0 && !++rec_seq[i]; i--)
		;
}

size_t record_seal(struct eftf_tls_key *key, uint8_t type, const void *data, size_t len,
		   uint8_t record[PEER_RECORD_MAX])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct view v = view(key);
	size_t body = len + 1 + 16;
	int n;

	if (!ctx || 5 + body > PEER_RECORD_MAX)
		abort();
	record[0] = 23;
	record[1] = record[2] = 3;
	record[3] = (uint8_t)(body >> 8);
	record[4] = (uint8_t)body;
	memcpy(record + 5, data, len);
	record[5 + len] = type;
	EVP_EncryptInit_ex(ctx, v.cipher, NULL, v.key, v.nonce);
	EVP_EncryptUpdate(ctx, NULL, &n, record, 5);
	EVP_EncryptUpdate(ctx, record + 5, &n, record + 5, (int)len + 1);
	EVP_EncryptFinal_ex(ctx, record + 5 + n, &n);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, record + 5 + len + 1);
	EVP_CIPHER_CTX_free(ctx);
	count_on(v.rec_seq);
	return 5 + body;
}

int record_open(struct eftf_tls_key *key, const uint8_t *record, size_t len, uint8_t *type,
		uint8_t data[PEER_RECORD_MAX])
{
	EVP_CIPHER_CTX *ctx;
	struct view v = view(key);
	uint8_t tag[16];
	int n, tail, good;

	if (len < 5 + 1 + 16 || len > PEER_RECORD_MAX || record[0] != 23)
		return -1;
	ctx = EVP_CIPHER_CTX_new();
	memcpy(tag, record + len - 16, 16);
	EVP_DecryptInit_ex(ctx, v.cipher, NULL, v.key, v.nonce);
	EVP_DecryptUpdate(ctx, NULL, &n, record, 5);
	EVP_DecryptUpdate(ctx, data, &n, record + 5, (int)len - 5 - 16);
	EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, tag);
	good = EVP_DecryptFinal_ex(ctx, data + n, &tail);
	EVP_CIPHER_CTX_free(ctx);
	if (good != 1 || n < 1)
		return -1;
	count_on(v.rec_seq);
	*type = data[n - 1];
	return n - 1;
}
