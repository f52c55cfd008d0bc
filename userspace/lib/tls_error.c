/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "alert.h"

/* Codes that mean: this certificate is not to be trusted. */
static const struct {
	int code;
	const char *words;
} untrusted[] = {
	{ ASN_NO_SIGNER_E, "it is signed by a CA that is not configured here" },
	{ ASN_SELF_SIGNED_E, "it is self-signed" },
	{ ASN_BEFORE_DATE_E, "it is not valid yet" },
	{ ASN_AFTER_DATE_E, "it has expired" },
	{ ASN_SIG_CONFIRM_E, "its signature is wrong" },
	{ ASN_NAME_INVALID_E, "its CA may not sign for this name" },
	{ ASN_PATHLEN_SIZE_E, "its chain is longer than the CA allows" },
	{ ASN_PATHLEN_INV_E, "its chain is longer than the CA allows" },
	{ ASN_CRIT_EXT_E, "it has a critical extension that is not known" },
	{ DOMAIN_NAME_MISMATCH, "it is for another name" },
	{ IPADDR_MISMATCH, "it is for another address" },
	{ NO_PEER_CERT, "there is none" },
	{ NOT_CA_ERROR, "a certificate in its chain is no CA" },
	{ CRL_CERT_REVOKED, "it is revoked" },
	{ CRL_MISSING, "its CA is in no list of the CRL file" },
	{ BAD_CERTIFICATE_STATUS_ERROR, "the OCSP response that came with it does not say that it is good" },
	{ OCSP_CERT_REVOKED, "it is revoked" },
	{ MAX_CHAIN_ERROR, "its chain is too long" },
	{ KEYUSE_SIGNATURE_E, "its key usage forbids signatures" },
	{ KEYUSE_ENCIPHER_E, "its key usage forbids this use" },
	{ EXTKEYUSE_AUTH_E, "its extended key usage forbids this use" },
	{ ECC_KEY_SIZE_E, "its key is too short" },
	{ RSA_KEY_SIZE_E, "its key is too short" },
	{ VERIFY_CERT_ERROR, "it does not verify" },
};

const char *eftf_tls_untrusted_words(int code)
{
	for (size_t i = 0; i < sizeof(untrusted) / sizeof(untrusted[0]); i++)
		if (untrusted[i].code == code)
			return untrusted[i].words;
	return NULL;
}

static const char *why_untrusted(const struct eftf_tls *tls, int code)
{
	return tls->verify_error ? tls->why : eftf_tls_untrusted_words(code);
}

static enum eftf_tls_status refuse_cert(const struct eftf_tls *tls, const char *words,
					struct eftf_err *err)
{
	if (tls->server)
		eftf_err_set(err, EKEYREJECTED, "the client's certificate is refused: %s", words);
	else
		eftf_err_set(err, EKEYREJECTED, "the certificate of %s is refused: %s",
			     tls->peer_name, words);
	return EFTF_TLS_UNTRUSTED;
}

static enum eftf_tls_status explain_alert(struct eftf_tls *tls, struct eftf_err *err)
{
	WOLFSSL_ALERT_HISTORY h = { { -1, -1 }, { -1, -1 } };
	const char *hint;
	unsigned int code;

	if (wolfSSL_get_alert_history(tls->ssl, &h) != WOLFSSL_SUCCESS || h.last_rx.code < 0) {
		eftf_err_set(err, EPROTO, "the TLS handshake failed");
		return EFTF_TLS_FAILED;
	}
	code = (unsigned int)h.last_rx.code;
	hint = eftf_alert_hint(code);
	/* no verdict on a certificate: it is in the clear, and any station on the way can send it */
	eftf_err_set(err, EPROTO,
		     "the peer, or a station on the way to it, ended the TLS handshake with the alert %s (%u)%s%s",
		     eftf_alert_name(code), code, hint ? ": " : "", hint ? hint : "");
	return EFTF_TLS_FAILED;
}

/* A peer whose first octets are no TLS record is better shown than described. */
static bool explain_not_tls(const struct eftf_tls *tls, struct eftf_err *err)
{
	char shown[TLS_RECORD_HDR + 1];
	unsigned int i;

	if (!tls->n_first || (tls->first[0] >= 20 && tls->first[0] <= 23))
		return false;
	for (i = 0; i < tls->n_first; i++)
		shown[i] = isprint(tls->first[i]) ? (char)tls->first[i] : '.';
	shown[i] = 0;
	eftf_err_set(err, EPROTO, "the peer does not speak TLS: it begins with \"%s\"", shown);
	return true;
}

enum eftf_tls_status eftf_tls_explain(struct eftf_tls *tls, int code, struct eftf_err *err)
{
	const char *words = why_untrusted(tls, code);

	if (tls->refused) {
		eftf_err_set(err, EPROTO, "the TLS handshake is refused: %s", tls->refused);
		return EFTF_TLS_FAILED;
	}
	if (words)
		return refuse_cert(tls, words, err);
	if (explain_not_tls(tls, err))
		return EFTF_TLS_FAILED;
	if (code == FATAL_ERROR)
		return explain_alert(tls, err);
	if (tls->io_errno)
		eftf_err_set(err, tls->io_errno, "the connection broke during the TLS handshake: %s",
			     strerror(tls->io_errno));
	else if (tls->closed)
		eftf_err_set(err, ECONNRESET,
			     "the peer closed the connection during the TLS handshake");
	else
		eftf_err_set(err, EPROTO, "the TLS handshake failed: %s (%d)",
			     wolfSSL_ERR_reason_error_string((unsigned long)code), code);
	return EFTF_TLS_FAILED;
}
