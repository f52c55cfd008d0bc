/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "openssl_peer.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEER_STAPLE_MAX 8192		/* octets */

struct peer {
	SSL_CTX *ctx;
	SSL *ssl;
	int alert;
	const char *staple;
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

static void on_info(const SSL *ssl, int where, int code)
{
	struct peer *p = SSL_get_app_data(ssl);

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && code >> 8 == SSL3_AL_FATAL)
		p->alert = code & 0xff;
}

static int on_status(SSL *ssl, void *arg)
{
	struct peer *p = arg;
	FILE *f = fopen(p->staple, "r");
	unsigned char *der = OPENSSL_malloc(PEER_STAPLE_MAX);
	size_t n = f && der ? fread(der, 1, PEER_STAPLE_MAX, f) : 0;

	if (!n)
		abort();
	fclose(f);
	SSL_set_tlsext_status_ocsp_resp(ssl, der, (long)n);
	return SSL_TLSEXT_ERR_OK;
}

static void must(int ok)
{
	if (ok != 1)
		abort();
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *len, const unsigned char *in,
		   unsigned int n, void *arg)
{
	const char *name = arg;
	size_t want = strlen(name);

	(void)ssl;
	for (const unsigned char *p = in; p < in + n; p += 1 + p[0]) {
		if (p[0] != want || memcmp(p + 1, name, want))
			continue;
		*out = p + 1;
		*len = p[0];
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

struct peer *peer_new_spec(const struct peer_spec *s, int fd)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		abort();
	p->alert = -1;
	p->staple = s->staple;
	p->ctx = SSL_CTX_new(s->server ? TLS_server_method() : TLS_client_method());
	SSL_CTX_set_security_level(p->ctx, 0);
	if (s->version) {
		must(SSL_CTX_set_min_proto_version(p->ctx, s->version));
		must(SSL_CTX_set_max_proto_version(p->ctx, s->version));
	}
	if (s->suites)
		must(SSL_CTX_set_ciphersuites(p->ctx, s->suites));
	if (s->ciphers)
		must(SSL_CTX_set_cipher_list(p->ctx, s->ciphers));
	if (s->groups)
		must((int)SSL_CTX_set1_groups_list(p->ctx, s->groups));
	if (s->signatures)
		must((int)SSL_CTX_set1_sigalgs_list(p->ctx, s->signatures));
	if (s->cert) {
		must(SSL_CTX_use_certificate_chain_file(p->ctx, s->cert));
		must(SSL_CTX_use_PrivateKey_file(p->ctx, s->key, SSL_FILETYPE_PEM));
	}
	if (s->ca) {
		must(SSL_CTX_load_verify_locations(p->ctx, s->ca, NULL));
		SSL_CTX_set_verify(p->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
				   NULL);
	}
	if (s->staple) {
		SSL_CTX_set_tlsext_status_cb(p->ctx, on_status);
		SSL_CTX_set_tlsext_status_arg(p->ctx, p);
	}
	if (s->alpn)
		SSL_CTX_set_alpn_select_cb(p->ctx, on_alpn, (void *)s->alpn);
	p->ssl = SSL_new(p->ctx);
	SSL_set_app_data(p->ssl, p);
	SSL_set_info_callback(p->ssl, on_info);
	must(SSL_set_fd(p->ssl, fd));
	if (s->wants_staple)
		must((int)SSL_set_tlsext_status_type(p->ssl, TLSEXT_STATUSTYPE_ocsp));
	if (s->resume)
		must(SSL_set_session(p->ssl, SSL_get0_session(s->resume->ssl)));
	if (s->server)
		SSL_set_accept_state(p->ssl);
	else
		SSL_set_connect_state(p->ssl);
	return p;
}

int peer_alert(const struct peer *p)
{
	return p->alert;
}

long peer_staple(const struct peer *p, const unsigned char **der)
{
	return SSL_get_tlsext_status_ocsp_resp(p->ssl, der);
}

bool peer_resumed(const struct peer *p)
{
	return SSL_session_reused(p->ssl);
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
