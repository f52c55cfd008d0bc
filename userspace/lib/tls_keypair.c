/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures outside the handshake: does a key belong to a certificate, did a CA sign a list? */
#include "tls_priv.h"

#include <stdlib.h>
#include <string.h>

#include <wolfssl/openssl/evp.h>

#include "crl.h"

static const char probe[] = "eftf key pair";

static bool sign(WOLFSSL_EVP_PKEY *key, unsigned char *sig, size_t *len)
{
	WOLFSSL_EVP_MD_CTX *md = wolfSSL_EVP_MD_CTX_new();
	bool ok;

	if (!md)
		return false;
	ok = wolfSSL_EVP_DigestSignInit(md, NULL, wolfSSL_EVP_sha256(), NULL, key) == 1 &&
		wolfSSL_EVP_DigestSignUpdate(md, probe, sizeof(probe)) == 1 &&
		wolfSSL_EVP_DigestSignFinal(md, sig, len) == 1;
	wolfSSL_EVP_MD_CTX_free(md);
	return ok;
}

static bool verify(WOLFSSL_EVP_PKEY *key, unsigned int hash, const void *data, size_t data_len,
		   const unsigned char *sig, size_t len)
{
	const WOLFSSL_EVP_MD *type = hash == 256 ? wolfSSL_EVP_sha256() :
		hash == 384 ? wolfSSL_EVP_sha384() : wolfSSL_EVP_sha512();
	WOLFSSL_EVP_MD_CTX *md = wolfSSL_EVP_MD_CTX_new();
	bool ok;

	if (!md)
		return false;
	ok = wolfSSL_EVP_DigestVerifyInit(md, NULL, type, NULL, key) == 1 &&
		wolfSSL_EVP_DigestVerifyUpdate(md, data, data_len) == 1 &&
		wolfSSL_EVP_DigestVerifyFinal(md, sig, len) == 1;
	wolfSSL_EVP_MD_CTX_free(md);
	return ok;
}

static void remember(struct eftf_crl *crl, const struct eftf_der *spki)
{
	uint8_t *copy = malloc(spki->len);

	if (!copy)
		return;
	memcpy(copy, spki->p, spki->len);
	free((void *)crl->signer.p);
	crl->signer = (struct eftf_der){ copy, spki->len };
}

bool eftf_tls_signed_by(const struct eftf_x509 *signer, struct eftf_crl *crl)
{
	unsigned int hash = eftf_x509_hash(&crl->alg);
	WOLFSSL_EVP_PKEY *key;
	WOLFSSL_X509 *cert;
	bool good;

	if (crl->signer.p && eftf_der_equal(&crl->signer, &signer->spki))
		return true;
	cert = hash ? wolfSSL_X509_d2i(NULL, signer->raw.p, (int)signer->raw.len) : NULL;
	key = cert ? wolfSSL_X509_get_pubkey(cert) : NULL;
	good = key && verify(key, hash, crl->tbs.p, crl->tbs.len, crl->signature.p,
			     crl->signature.len);
	if (good)
		remember(crl, &signer->spki);
	wolfSSL_EVP_PKEY_free(key);
	wolfSSL_X509_free(cert);
	return good;
}

/* wolfSSL's own check says yes to any EC pair. A kind of key that wolfSSL's EVP layer cannot load (Ed25519) passes unchecked. */
bool eftf_tls_key_fits(const char *cert_file, const char *key_file)
{
	WOLFSSL_X509 *cert = wolfSSL_X509_load_certificate_file(cert_file, WOLFSSL_FILETYPE_PEM);
	WOLFSSL_BIO *bio = wolfSSL_BIO_new_file(key_file, "r");
	WOLFSSL_EVP_PKEY *key = NULL, *public = NULL;
	unsigned char sig[1024];
	size_t len = sizeof(sig);
	bool fits = true;

	if (bio)
		key = wolfSSL_PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	if (cert)
		public = wolfSSL_X509_get_pubkey(cert);
	if (key && public)
		fits = sign(key, sig, &len) && verify(public, 256, probe, sizeof(probe), sig, len);
	wolfSSL_EVP_PKEY_free(key);
	wolfSSL_EVP_PKEY_free(public);
	wolfSSL_BIO_free(bio);
	wolfSSL_X509_free(cert);
	return fits;
}
