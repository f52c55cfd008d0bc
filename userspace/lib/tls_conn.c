/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One handshake on a non-blocking socket. */
#include "tls_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/sha256.h>

#define GENERAL_NAME_IP 7		/* RFC 5280 4.2.1.6: the tag of iPAddress */

static int on_recv(WOLFSSL *ssl, char *buf, int len, void *arg)
{
	struct eftf_tls *tls = arg;
	ssize_t n;

	(void)ssl;
	if (tls->dead)
		return WOLFSSL_CBIO_ERR_GENERAL;
	do {
		n = recv(tls->fd, buf, (size_t)len, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return WOLFSSL_CBIO_ERR_WANT_READ;
	if (n < 0) {
		tls->io_errno = errno;
		return errno == ECONNRESET ? WOLFSSL_CBIO_ERR_CONN_RST : WOLFSSL_CBIO_ERR_GENERAL;
	}
	if (n == 0) {
		tls->closed = true;
		return WOLFSSL_CBIO_ERR_CONN_CLOSE;
	}
	for (ssize_t i = 0; i < n && tls->n_first < sizeof(tls->first); i++)
		tls->first[tls->n_first++] = (uint8_t)buf[i];
	return (int)n;
}

/* Follows what went out, cut anywhere, to keep the first octets of the last record. */
static void watch_tx(struct tls_tx_watch *w, const uint8_t *p, size_t len)
{
	for (; len; p++, len--) {
		if (w->have < TLS_RECORD_HDR) {
			w->hdr[w->have++] = *p;
			if (w->have < TLS_RECORD_HDR)
				continue;
			w->left = (size_t)(w->hdr[3] << 8 | w->hdr[4]);
			w->at = 0;
		} else {
			if (w->at < TLS12_NONCE)
				w->nonce[w->at] = *p;
			w->at++;
			w->left--;
		}
		if (!w->left)
			w->have = 0;
	}
}

static int on_send(WOLFSSL *ssl, char *buf, int len, void *arg)
{
	struct eftf_tls *tls = arg;
	ssize_t n;

	(void)ssl;
	if (tls->dead)
		return WOLFSSL_CBIO_ERR_GENERAL;
	do {
		n = send(tls->fd, buf, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	tls->want_write = n < 0 && errno == EAGAIN;
	if (tls->want_write)
		return WOLFSSL_CBIO_ERR_WANT_WRITE;
	if (n < 0) {
		tls->io_errno = errno;
		return errno == ECONNRESET || errno == EPIPE ? WOLFSSL_CBIO_ERR_CONN_RST :
			WOLFSSL_CBIO_ERR_GENERAL;
	}
	watch_tx(&tls->tx, (const uint8_t *)buf, (size_t)n);
	return (int)n;
}

/* wolfSSL's own name check would take a DNS name that looks like the address. */
static bool cert_has_ip(WOLFSSL_X509 *cert, const uint8_t *ip, unsigned int len)
{
	WOLFSSL_GENERAL_NAMES *names;
	WOLFSSL_GENERAL_NAME *name;
	bool found = false;

	names = wolfSSL_X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	if (!names)
		return false;
	for (int i = 0; i < wolfSSL_sk_GENERAL_NAME_num(names) && !found; i++) {
		name = wolfSSL_sk_GENERAL_NAME_value(names, i);
		if (name && name->type == GENERAL_NAME_IP && name->d.iPAddress)
			found = wolfSSL_ASN1_STRING_length(name->d.iPAddress) == (int)len &&
				!memcmp(wolfSSL_ASN1_STRING_data(name->d.iPAddress), ip, len);
	}
	wolfSSL_sk_GENERAL_NAME_pop_free(names, wolfSSL_GENERAL_NAME_free);
	return found;
}

/* Never turns a refusal into consent; adds the check of an address. */
static int on_verify(int ok, WOLFSSL_X509_STORE_CTX *store)
{
	struct eftf_tls *tls = store->userCtx;
	WOLFSSL_X509 *cert;

	if (!ok) {
		if (!tls->verify_error)
			tls->verify_error = store->error;
		return 0;
	}
	if (!tls->ip_len || wolfSSL_X509_STORE_CTX_get_error_depth(store) != 0)
		return 1;
	cert = wolfSSL_X509_STORE_CTX_get_current_cert(store);
	if (cert && cert_has_ip(cert, tls->ip, tls->ip_len))
		return 1;
	tls->ip_mismatch = true;
	return 0;
}

static int set_peer(struct eftf_tls *tls, const char *name, struct eftf_err *err)
{
	size_t len = name ? strlen(name) : 0;

	if (!len || len >= sizeof(tls->peer_name))
		return eftf_err_set(err, EINVAL, "the EFTF has no name, or too long a one");
	memcpy(tls->peer_name, name, len + 1);
	if (inet_pton(AF_INET, name, tls->ip) == 1)
		tls->ip_len = 4;
	else if (inet_pton(AF_INET6, name, tls->ip) == 1)
		tls->ip_len = 16;
	if (tls->ip_len)
		return 0;
	/* TS 24.322 5.2.2.2: server_name when the EFTF address is an FQDN. */
	if (wolfSSL_UseSNI(tls->ssl, WOLFSSL_SNI_HOST_NAME, name, (word16)len) != WOLFSSL_SUCCESS ||
	    wolfSSL_check_domain_name(tls->ssl, name) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, ENOMEM, "wolfSSL does not take the name %.200s", name);
	return 0;
}

int eftf_tls_new(struct eftf_tls **out, struct eftf_tls_ctx *ctx, int fd, const char *peer_name,
		 struct eftf_err *err)
{
	struct eftf_tls *tls = calloc(1, sizeof(*tls));
	int ret = 0;

	if (!tls)
		return eftf_err_set(err, ENOMEM, "out of memory");
	tls->fd = fd;
	tls->server = ctx->server;
	tls->verify = ctx->verify;
	tls->ssl = wolfSSL_new(ctx->wolf);
	if (!tls->ssl) {
		free(tls);
		return eftf_err_set(err, ENOMEM, "wolfSSL makes no connection object");
	}
	wolfSSL_SSLSetIORecv(tls->ssl, on_recv);
	wolfSSL_SSLSetIOSend(tls->ssl, on_send);
	wolfSSL_SetIOReadCtx(tls->ssl, tls);
	wolfSSL_SetIOWriteCtx(tls->ssl, tls);
	wolfSSL_SetCertCbCtx(tls->ssl, tls);
	wolfSSL_set_using_nonblock(tls->ssl, 1);
	if (tls->verify)
		wolfSSL_set_verify(tls->ssl, WOLFSSL_VERIFY_PEER |
				   (tls->server ? WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
				   on_verify);
	else
		wolfSSL_set_verify(tls->ssl, WOLFSSL_VERIFY_NONE, NULL);
	if (!tls->server)
		ret = set_peer(tls, peer_name, err);
	if (ret) {
		eftf_tls_free(tls);
		return ret;
	}
	*out = tls;
	return 0;
}

/* What the profile promises is checked once more on the finished handshake. */
static enum eftf_tls_status check_done(struct eftf_tls *tls, struct eftf_err *err)
{
	int version = wolfSSL_GetVersion(tls->ssl);
	WOLFSSL_X509 *cert;

	if ((version != WOLFSSL_TLSV1_2 && version != WOLFSSL_TLSV1_3) ||
	    wolfSSL_GetCipherType(tls->ssl) != WOLFSSL_AEAD_TYPE) {
		eftf_err_set(err, EPROTO, "the TLS handshake ended with a version or cipher that is not allowed");
		return EFTF_TLS_FAILED;
	}
	if (tls->verify) {
		cert = wolfSSL_get_peer_certificate(tls->ssl);
		if (!cert)
			return eftf_tls_explain(tls, NO_PEER_CERT, err);
		wolfSSL_X509_free(cert);
	}
	return EFTF_TLS_DONE;
}

enum eftf_tls_status eftf_tls_handshake(struct eftf_tls *tls, struct eftf_err *err)
{
	int code;

	tls->want_write = false;
	if ((tls->server ? wolfSSL_accept(tls->ssl) : wolfSSL_connect(tls->ssl)) ==
	    WOLFSSL_SUCCESS)
		return check_done(tls, err);
	code = wolfSSL_get_error(tls->ssl, WOLFSSL_FATAL_ERROR);
	if (code == WOLFSSL_ERROR_WANT_READ)
		return EFTF_TLS_WANT_READ;
	/* wolfSSL 5.5.4 forgets the code when a repeated write blocks again. */
	if (code == WOLFSSL_ERROR_WANT_WRITE || (!code && tls->want_write))
		return EFTF_TLS_WANT_WRITE;
	return eftf_tls_explain(tls, code, err);
}

void eftf_tls_info(struct eftf_tls *tls, struct eftf_tls_info *info)
{
	const char *cipher = wolfSSL_get_cipher_name_iana_from_suite(
		(unsigned char)(wolfSSL_get_current_cipher_suite(tls->ssl) >> 8),
		(unsigned char)wolfSSL_get_current_cipher_suite(tls->ssl));
	const char *group = wolfSSL_get_curve_name(tls->ssl);

	snprintf(info->version, sizeof(info->version), "%s", wolfSSL_get_version(tls->ssl));
	snprintf(info->cipher, sizeof(info->cipher), "%s", cipher ? cipher : "unknown");
	snprintf(info->group, sizeof(info->group), "%s", group ? group : "unknown");
}

bool eftf_tls_peer_id(struct eftf_tls *tls, uint8_t id[EFTF_TLS_PEER_ID_LEN])
{
	WOLFSSL_X509 *cert = tls->verify ? wolfSSL_get_peer_certificate(tls->ssl) : NULL;
	const unsigned char *der;
	bool ok = false;
	int len = 0;

	if (!cert)
		return false;
	der = wolfSSL_X509_get_der(cert, &len);
	if (der && len > 0)
		ok = !wc_Sha256Hash(der, (word32)len, id);
	wolfSSL_X509_free(cert);
	return ok;
}

void eftf_tls_free(struct eftf_tls *tls)
{
	if (!tls)
		return;
	tls->dead = true;
	wolfSSL_free(tls->ssl);
	explicit_bzero(tls, sizeof(*tls));
	free(tls);
}
