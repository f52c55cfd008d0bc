/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the TLS profile asks of a certificate and wolfSSL does not check:
 * which key, which signature, which names. Whether a signature is right is
 * for wolfSSL to say (tls_path.c).
 */
#ifndef EFTF_X509_H
#define EFTF_X509_H

#include "der.h"

enum eftf_x509_key {
	EFTF_X509_KEY_OTHER,
	EFTF_X509_KEY_P256,
	EFTF_X509_KEY_P384,
	EFTF_X509_KEY_P521,
	EFTF_X509_KEY_RSA,
};

struct eftf_x509 {
	struct eftf_der raw;		/* the whole certificate; all else points into it */
	struct eftf_der serial;		/* contents of the INTEGER */
	struct eftf_der issuer, subject;	/* whole Names */
	int64_t not_before, not_after;	/* s since 1970 */
	struct eftf_der spki;		/* whole SubjectPublicKeyInfo */
	struct eftf_der alg;		/* contents of the signature's AlgorithmIdentifier */
	struct eftf_der usage;		/* contents of keyUsage's BIT STRING; p is NULL: for all */
	struct eftf_der purposes;	/* contents of extKeyUsage; p is NULL: for all */
	struct eftf_der san;		/* contents of GeneralNames; p is NULL if there are none */
	enum eftf_x509_key key;
	unsigned int rsa_bits;
	const char *key_words;		/* "Ed25519"; "" if there is no name for it here */
};

#define EFTF_X509_CN_LEN 64

/* Returns false if it is no X.509 certificate. The octets must outlive the view. */
bool eftf_x509_parse(struct eftf_x509 *x, const uint8_t *der, size_t len);
/* The subject's common name as it can be shown; "?" if there is none. */
void eftf_x509_cn(const struct eftf_x509 *x, char cn[EFTF_X509_CN_LEN]);
/* TS 33.310 6.1.1, TS 33.210 6.2: NULL, or what is wrong with the key. */
const char *eftf_x509_bad_key(const struct eftf_x509 *x);
/* RFC 5280 4.2.1.3, 4.2.1.12: the same of the entity that sends it in a handshake. */
const char *eftf_x509_bad_usage(const struct eftf_x509 *x, bool server);
/* The same of a signature, by the contents of its AlgorithmIdentifier. NULL: SHA-256 or better. */
const char *eftf_x509_bad_signature(const struct eftf_der *alg);
/* What a signature with it is hashed with: 256, 384 or 512; 0 if it has another form than RSA PKCS #1 and ECDSA. */
unsigned int eftf_x509_hash(const struct eftf_der *alg);

/*
 * RFC 9525: a dNSName of the SAN, whose whole left-most label may be "*" if
 * two labels follow; the subject's CN is no name. name: without final dot.
 */
bool eftf_x509_has_name(const struct eftf_x509 *x, const char *name);
/* An iPAddress of the SAN; len: 4 or 16 octets. */
bool eftf_x509_has_ip(const struct eftf_x509 *x, const uint8_t *ip, size_t len);

#endif
