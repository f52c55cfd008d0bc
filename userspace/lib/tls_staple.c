/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFC 6066 8: what the CA says of the server's own certificate, from a file
 * that another program fetches. wolfSSL wants to ask a responder: it asks here,
 * judges the answer as a client would, and sends it if it is good.
 */
#include "tls_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "pem.h"

#ifdef HAVE_CERTIFICATE_STATUS_REQUEST

/*
 * wolfSSL before 5.7.2 (seen with 5.5.4; looked up in 5.7.2) loses the response and some
 * kilobytes more in each TLS 1.3 handshake in which it sends one.
 */
#define GOOD_VERSION 0x05007002
#ifndef LIBRARY_VERSION			/* a test has another */
#define LIBRARY_VERSION() wolfSSL_lib_version_hex()
#endif

#define RESPONSE_MAX 65536		/* octets */
#define ISSUERS_MAX 4

struct eftf_tls_staple {
	uint8_t *response;		/* DER */
	size_t len;
	struct eftf_x509 issuer[ISSUERS_MAX];	/* the CA, and those above it; raw.p is from the heap */
	size_t n;
};

/* ---- files ------------------------------------------------------------------ */

static int read_response(struct eftf_tls_staple *st, const char *path, struct eftf_err *err)
{
	FILE *f = fopen(path, "re");
	int ret = 0;

	if (!f)
		return eftf_err_set(err, errno, "%s", strerror(errno));
	st->response = malloc(RESPONSE_MAX + 1);
	st->len = st->response ? fread(st->response, 1, RESPONSE_MAX + 1, f) : 0;
	if (!st->response)
		ret = eftf_err_set(err, ENOMEM, "out of memory");
	else if (!st->len || st->len > RESPONSE_MAX)
		ret = eftf_err_set(err, EINVAL, "it is empty, or longer than %d octets", RESPONSE_MAX);
	fclose(f);
	return ret;
}

struct search {
	const struct eftf_x509 *of;
	struct eftf_x509 found;		/* raw.p: NULL, or from the heap */
};

static int is_issuer(void *arg, uint8_t *der, size_t len, struct eftf_err *err)
{
	struct search *s = arg;
	struct eftf_x509 x;

	(void)err;
	if (!s->found.raw.p && eftf_x509_parse(&x, der, len) &&
	    eftf_der_equal(&x.subject, &s->of->issuer))
		s->found = x;
	else
		free(der);
	return 0;
}

/*
 * The CA that signed the certificate, and those above as far as they are there:
 * in the chain that is sent, or among the CAs of clients. By name; wolfSSL looks
 * at the signatures.
 */
static int find_issuers(const struct eftf_tls_ctx *ctx, struct eftf_tls_staple *st,
			const struct eftf_tls_config *cfg, struct eftf_err *err)
{
	struct search s = { .of = &ctx->own };
	struct eftf_err unread;

	while (st->n < ISSUERS_MAX) {
		s.found.raw.p = NULL;
		eftf_pem_file(cfg->cert_file, "CERTIFICATE", NULL, is_issuer, &s, &unread);
		if (cfg->ca_file)
			eftf_pem_file(cfg->ca_file, "CERTIFICATE", NULL, is_issuer, &s, &unread);
		if (!s.found.raw.p)
			break;
		st->issuer[st->n++] = s.found;
		s.of = &st->issuer[st->n - 1];
		if (eftf_der_equal(&s.of->issuer, &s.of->subject))
			break;
	}
	return st->n ? 0 :
		eftf_err_set(err, ENOENT,
			     "it cannot be checked without the certificate of the CA: put that behind the certificate in %.150s",
			     cfg->cert_file);
}

/* ---- wolfSSL ---------------------------------------------------------------- */

static int answer(void *arg, const char *url, int url_len, unsigned char *request, int request_len,
		  unsigned char **response)
{
	struct eftf_tls_staple *st = arg;

	(void)url;
	(void)url_len;
	(void)request;
	(void)request_len;
	*response = st->response;
	return (int)st->len;
}

static void answered(void *arg, unsigned char *response)
{
	(void)arg;
	(void)response;
}

/* Has a context ask for the response here. */
static bool ask_here(WOLFSSL_CTX *wolf, struct eftf_tls_staple *st)
{
	/* The last one's own CA may not be known; each connection says anew what it verifies. */
	wolfSSL_CTX_set_verify(wolf, WOLFSSL_VERIFY_NONE, NULL);
	for (size_t i = st->n; i-- > 0;)
		if (wolfSSL_CTX_load_verify_buffer(wolf, st->issuer[i].raw.p, (long)st->issuer[i].raw.len,
						   WOLFSSL_FILETYPE_ASN1) != WOLFSSL_SUCCESS)
			return false;
	return wolfSSL_CTX_EnableOCSP(wolf, WOLFSSL_OCSP_URL_OVERRIDE | WOLFSSL_OCSP_NO_NONCE) ==
		WOLFSSL_SUCCESS &&
		wolfSSL_CTX_EnableOCSPStapling(wolf) == WOLFSSL_SUCCESS &&
		wolfSSL_CTX_SetOCSP_OverrideURL(wolf, "http://localhost/") == WOLFSSL_SUCCESS &&
		wolfSSL_CTX_SetOCSP_Cb(wolf, answer, answered, st) == WOLFSSL_SUCCESS;
}

static const char *words(int code)
{
	switch (code) {
	case OCSP_CERT_REVOKED:
		return "it says that the certificate is revoked";
	case OCSP_CERT_UNKNOWN:
		return "it says that the certificate is not known";
	default:
		return "it is no OCSP response for this certificate that is in date and signed by its CA";
	}
}

/* In a context of its own, which has no memory of answers before. */
static int judge(const struct eftf_tls_ctx *ctx, struct eftf_tls_staple *st, struct eftf_err *err)
{
	WOLFSSL_CTX *scratch = wolfSSL_CTX_new(wolfTLS_server_method());
	int code = MEMORY_E;

	if (scratch && ask_here(scratch, st))
		code = wolfSSL_CertManagerCheckOCSP(wolfSSL_CTX_GetCertManager(scratch),
						    ctx->own_der, (int)ctx->own.raw.len);
	wolfSSL_CTX_free(scratch);
	return code == WOLFSSL_SUCCESS ? 0 : eftf_err_set(err, EINVAL, "%s", words(code));
}

/* ---- of a context ------------------------------------------------------------ */

int eftf_tls_ctx_staple(struct eftf_tls_ctx *ctx, const struct eftf_tls_config *cfg,
			struct eftf_err *err)
{
	struct eftf_tls_staple *st;
	int ret;

	if (LIBRARY_VERSION() < GOOD_VERSION)
		return eftf_err_set(err, EOPNOTSUPP,
				    "this wolfSSL, %s, would lose memory with each handshake: 5.7.2 does not",
				    wolfSSL_lib_version());
	st = calloc(1, sizeof(*st));
	if (!st)
		return eftf_err_set(err, ENOMEM, "out of memory");
	ret = read_response(st, cfg->ocsp_file, err);
	if (!ret)
		ret = find_issuers(ctx, st, cfg, err);
	if (!ret)
		ret = judge(ctx, st, err);
	if (!ret && !ask_here(ctx->wolf, st))
		ret = eftf_err_set(err, ENOMEM, "wolfSSL does not staple it");
	/* that was for its way of asking: the certificates of clients are not asked for */
	wolfSSL_CTX_DisableOCSP(ctx->wolf);
	ctx->staple = st;
	if (ret)
		eftf_tls_staple_free(ctx);
	return ret;
}

int eftf_tls_ctx_check_staple(const struct eftf_tls_ctx *ctx, struct eftf_err *err)
{
	return ctx->staple ? judge(ctx, ctx->staple, err) : 0;
}

void eftf_tls_staple_free(struct eftf_tls_ctx *ctx)
{
	if (!ctx->staple)
		return;
	wolfSSL_CTX_DisableOCSPStapling(ctx->wolf);
	free(ctx->staple->response);
	while (ctx->staple->n)
		free((void *)ctx->staple->issuer[--ctx->staple->n].raw.p);
	free(ctx->staple);
	ctx->staple = NULL;
}

#else

int eftf_tls_ctx_staple(struct eftf_tls_ctx *ctx, const struct eftf_tls_config *cfg,
			struct eftf_err *err)
{
	(void)ctx;
	(void)cfg;
	return eftf_err_set(err, EOPNOTSUPP, "this wolfSSL has no OCSP stapling");
}

int eftf_tls_ctx_check_staple(const struct eftf_tls_ctx *ctx, struct eftf_err *err)
{
	(void)ctx;
	(void)err;
	return 0;
}

void eftf_tls_staple_free(struct eftf_tls_ctx *ctx)
{
	(void)ctx;
}

#endif
