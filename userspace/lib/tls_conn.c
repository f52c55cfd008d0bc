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
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include "alert.h"
#include "tls_keylog.h"

#define ALERT 21			/* type of a record */
#define HANDSHAKE_RECORDS 512
#define HANDSHAKE_OCTETS 131072
/* OpenSSL's numbers for dates that do not fit, which some builds of wolfSSL use instead. */
#define NOT_YET_VALID 9
#define HAS_EXPIRED 10
#define NOT_BEFORE_FIELD 13
#define NOT_AFTER_FIELD 14

/* In the clear, for wolfSSL knows nothing of it. What does not fit the socket now is lost. */
static void send_alert(struct eftf_tls *tls, unsigned int description)
{
	const uint8_t record[] = { ALERT, 3, 3, 0, 2, EFTF_ALERT_FATAL, (uint8_t)description };

	send(tls->fd, record, sizeof(record), MSG_DONTWAIT | MSG_NOSIGNAL);
	tls->dead = true;
}

static void follow(struct tls_records *r, const uint8_t *p, size_t len)
{
	r->octets += len;
	for (; len; p++, len--) {
		if (r->have < TLS_RECORD_HDR) {
			r->hdr[r->have++] = *p;
			if (r->have < TLS_RECORD_HDR)
				continue;
			r->left = (size_t)(r->hdr[3] << 8 | r->hdr[4]);
			r->at = 0;
		} else {
			if (r->at < TLS12_NONCE)
				r->nonce[r->at] = *p;
			r->at++;
			r->left--;
		}
		if (r->left)
			continue;
		r->have = 0;
		r->n++;
	}
}

/* Far above what certificates need; without a limit the peer decides how long this goes on. */
static bool handshake_too_long(struct eftf_tls *tls)
{
	if (tls->one_by_one ||
	    (tls->rx.n <= HANDSHAKE_RECORDS && tls->rx.octets <= HANDSHAKE_OCTETS))
		return false;
	tls->refused = "the peer's handshake does not come to an end";
	return true;
}

static int on_recv(WOLFSSL *ssl, char *buf, int len, void *arg)
{
	struct eftf_tls *tls = arg;
	unsigned int alert;
	ssize_t n;

	(void)ssl;
	if (tls->dead || handshake_too_long(tls))
		return WOLFSSL_CBIO_ERR_GENERAL;
	if (tls->one_by_one && !tls->rx.have && !tls->may_begin)
		return WOLFSSL_CBIO_ERR_WANT_READ;
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
	tls->may_begin = false;
	follow(&tls->rx, (const uint8_t *)buf, (size_t)n);
	for (ssize_t i = 0; i < n && tls->n_first < sizeof(tls->first); i++)
		tls->first[tls->n_first++] = (uint8_t)buf[i];
	alert = eftf_tls_watch(&tls->watch, tls->server, &tls->profile, (const uint8_t *)buf,
			       (size_t)n, &tls->refused);
	if (!alert) {
		tls->refused = NULL;
		return (int)n;
	}
	send_alert(tls, alert);
	return WOLFSSL_CBIO_ERR_GENERAL;
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
	follow(&tls->tx, (const uint8_t *)buf, (size_t)n);
	return (int)n;
}

/* The whole judgement, in the place of wolfSSL's own. Returns one of its codes. */
static int judge(struct eftf_tls *tls, const WOLFSSL_X509_STORE_CTX *store)
{
	struct eftf_der cert[EFTF_TLS_CHAIN_MAX];
	struct eftf_x509 own;
	const char *bad;
	unsigned int n = 0;
	int code;

	for (; n < EFTF_TLS_CHAIN_MAX && (int)n < store->totalCerts; n++)
		cert[n] = (struct eftf_der){ store->certs[n].buffer, store->certs[n].length };
	code = eftf_tls_trust_check(tls->trust, cert, n, tls->why);
	if (code)
		return code;
	bad = eftf_x509_parse(&own, cert[0].p, cert[0].len) ?
		eftf_x509_bad_usage(&own, !tls->server) : "it is malformed";
	if (bad) {
		snprintf(tls->why, sizeof(tls->why), "%s", bad);
		return EXTKEYUSE_AUTH_E;
	}
	/* here and not from wolfSSL later, which opens the random device for it on some processors */
	tls->has_peer_id = !wc_Sha256Hash(cert[0].p, (word32)cert[0].len, tls->peer_id);
	if (tls->server)
		return 0;
	if (tls->ip_len ? eftf_x509_has_ip(&own, tls->ip, tls->ip_len) :
	    eftf_x509_has_name(&own, tls->peer_name))
		return 0;
	snprintf(tls->why, sizeof(tls->why), "it is for another %s than %.100s%s",
		 tls->ip_len ? "address" : "name", tls->peer_name,
		 own.san.p ? "" : " (it has no subjectAltName)");
	return tls->ip_len ? IPADDR_MISMATCH : DOMAIN_NAME_MISMATCH;
}

/*
 * A CA of the chain whose signature is right. What has no CA here wolfSSL lets
 * pass by itself, if it knows alternative chains; else it would take it for a
 * CA from now on.
 */
static bool may_be_needless(int code)
{
	switch (code) {
	case ASN_BEFORE_DATE_E:
	case ASN_AFTER_DATE_E:
	case NOT_YET_VALID:
	case HAS_EXPIRED:
	case NOT_BEFORE_FIELD:
	case NOT_AFTER_FIELD:
		return true;
	default:
		return false;
	}
}

/*
 * wolfSSL asks from the top of the chain down to the peer's own certificate.
 * That one is judged with all the others; what is wrong with a CA may be of
 * no importance, since another path may do without it.
 */
static int on_verify(int ok, WOLFSSL_X509_STORE_CTX *store)
{
	struct eftf_tls *tls = store->userCtx;

	if (wolfSSL_X509_STORE_CTX_get_error_depth(store) != 0)
		return ok || may_be_needless(store->error);
	tls->verify_error = judge(tls, store);
	tls->verified = !tls->verify_error;
	return tls->verified;
}

/* RFC 5746: an empty renegotiation_info; kTLS cannot renegotiate, and the module does not. */
static int offer_renegotiation_info(struct eftf_tls *tls, struct eftf_err *err)
{
#if defined(HAVE_SERVER_RENEGOTIATION_INFO) || defined(HAVE_SECURE_RENEGOTIATION)
	if (wolfSSL_UseSecureRenegotiation(tls->ssl) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, ENOMEM, "wolfSSL does not offer renegotiation_info");
#endif
	return 0;
}

/* RFC 6066 8: the EFTF may send the OCSP response for its certificate; wolfSSL judges it. */
static int offer_status_request(struct eftf_tls *tls, struct eftf_err *err)
{
#ifdef HAVE_CERTIFICATE_STATUS_REQUEST
	if (wolfSSL_UseOCSPStapling(tls->ssl, WOLFSSL_CSR_OCSP, 0) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, ENOMEM, "wolfSSL does not offer status_request");
#endif
	return 0;
}

/* Who does not choose one of the names goes on without; the tunnel is the same. */
static int offer_alpn(struct eftf_tls *tls, char *names, struct eftf_err *err)
{
#ifdef HAVE_ALPN
	if (names && wolfSSL_UseALPN(tls->ssl, names, (unsigned int)strlen(names),
				     WOLFSSL_ALPN_CONTINUE_ON_MISMATCH) != WOLFSSL_SUCCESS)
		return eftf_err_set(err, EINVAL, "wolfSSL does not take the protocol names %.200s", names);
#else
	(void)tls;
	(void)names;
	(void)err;
#endif
	return 0;
}

static int set_peer(struct eftf_tls *tls, const char *name, struct eftf_err *err)
{
	size_t len = name ? strlen(name) : 0;

	if (!len || len >= sizeof(tls->peer_name))
		return eftf_err_set(err, EINVAL, "the EFTF has no name, or too long a one");
	memcpy(tls->peer_name, name, len + 1);
	if (name[len - 1] == '.' && len > 1)
		tls->peer_name[--len] = 0;	/* the root, which no certificate names */
	name = tls->peer_name;
	if (inet_pton(AF_INET, name, tls->ip) == 1)
		tls->ip_len = 4;
	else if (inet_pton(AF_INET6, name, tls->ip) == 1)
		tls->ip_len = 16;
	if (tls->ip_len)
		return 0;
	/* TS 24.322 5.2.2.2: server_name when the EFTF address is an FQDN. */
	if (wolfSSL_UseSNI(tls->ssl, WOLFSSL_SNI_HOST_NAME, name, (word16)len) != WOLFSSL_SUCCESS)
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
	tls->trust = eftf_tls_trust_get(ctx->trust);
	tls->profile = ctx->profile;
	tls->ssl = wolfSSL_new(ctx->wolf);
	if (!tls->ssl) {
		eftf_tls_trust_put(tls->trust);
		free(tls);
		return eftf_err_set(err, ENOMEM, "wolfSSL makes no connection object");
	}
	wolfSSL_SSLSetIORecv(tls->ssl, on_recv);
	wolfSSL_SSLSetIOSend(tls->ssl, on_send);
	wolfSSL_SetIOReadCtx(tls->ssl, tls);
	wolfSSL_SetIOWriteCtx(tls->ssl, tls);
	wolfSSL_SetCertCbCtx(tls->ssl, tls);
	wolfSSL_set_using_nonblock(tls->ssl, 1);
	if (tls->trust)
		wolfSSL_set_verify(tls->ssl, WOLFSSL_VERIFY_PEER |
				   (tls->server ? WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
				   on_verify);
	else
		wolfSSL_set_verify(tls->ssl, WOLFSSL_VERIFY_NONE, NULL);
	if (!tls->server)
		ret = set_peer(tls, peer_name, err);
	if (!tls->server && !ret)
		ret = offer_renegotiation_info(tls, err);
	if (!tls->server && !ret)
		ret = offer_status_request(tls, err);
	if (!tls->server && !ret)
		ret = offer_alpn(tls, ctx->alpn, err);
	if (!ret)
		ret = eftf_tls_keylog_begin(tls, err);
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

	if ((version != WOLFSSL_TLSV1_2 && version != WOLFSSL_TLSV1_3) ||
	    wolfSSL_GetCipherType(tls->ssl) != WOLFSSL_AEAD_TYPE) {
		eftf_err_set(err, EPROTO, "the TLS handshake ended with a version or cipher that is not allowed");
		return EFTF_TLS_FAILED;
	}
	if (tls->trust && !tls->verified)
		return eftf_tls_explain(tls, NO_PEER_CERT, err);
	eftf_tls_keylog_end(tls);
	eftf_tls_watch_end(&tls->watch);
	tls->one_by_one = true;
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
	if (!tls->verified || !tls->has_peer_id)
		return false;
	memcpy(id, tls->peer_id, EFTF_TLS_PEER_ID_LEN);
	return true;
}

void eftf_tls_free(struct eftf_tls *tls)
{
	if (!tls)
		return;
	tls->dead = true;
	wolfSSL_free(tls->ssl);
	eftf_tls_watch_end(&tls->watch);
	eftf_tls_trust_put(tls->trust);
	explicit_bzero(tls, sizeof(*tls));
	free(tls);
}
