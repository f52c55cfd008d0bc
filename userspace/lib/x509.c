/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "x509.h"

#include <string.h>
#include <strings.h>

#define RSA_MIN_BITS 2048
#define DNS_NAME (0x80 | 2)		/* GeneralName: [2] IA5String */
#define IP_ADDRESS (0x80 | 7)		/* GeneralName: [7] OCTET STRING */

static const uint8_t oid_cn[] = { 0x55, 0x04, 0x03 };
static const uint8_t oid_key_usage[] = { 0x55, 0x1d, 0x0f };
static const uint8_t oid_ext_key_usage[] = { 0x55, 0x1d, 0x25 };
static const uint8_t oid_any_purpose[] = { 0x55, 0x1d, 0x25, 0x00 };
static const uint8_t oid_server_auth[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01 };
static const uint8_t oid_client_auth[] = { 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02 };
static const uint8_t oid_san[] = { 0x55, 0x1d, 0x11 };
static const uint8_t oid_ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const uint8_t oid_rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 };
static const uint8_t oid_pss[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a };
static const uint8_t oid_ed25519[] = { 0x2b, 0x65, 0x70 };
static const uint8_t oid_ed448[] = { 0x2b, 0x65, 0x71 };
static const uint8_t oid_dsa[] = { 0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01 };
static const uint8_t oid_p256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const uint8_t oid_p384[] = { 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t oid_p521[] = { 0x2b, 0x81, 0x04, 0x00, 0x23 };
/* pkcs-1 and ecdsa-with-SHA2: the last arc says which hash. */
static const uint8_t oid_pkcs1[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01 };
static const uint8_t oid_ecdsa_sha2[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03 };
static const uint8_t oid_ecdsa_sha1[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01 };
/* NIST's hashes: 1 is SHA-256, 2 SHA-384, 3 SHA-512, 4 SHA-224. */
static const uint8_t oid_nist_hash[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02 };

#define IS(der, oid) ((der)->len == sizeof(oid) && !memcmp((der)->p, oid, sizeof(oid)))
#define BEGINS(der, oid) ((der)->len == sizeof(oid) + 1 && !memcmp((der)->p, oid, sizeof(oid)))

static const struct {
	const uint8_t *oid;
	size_t len;
	const char *words;
} other_keys[] = {
	{ oid_pss, sizeof(oid_pss), "RSA-PSS" },
	{ oid_ed25519, sizeof(oid_ed25519), "Ed25519" },
	{ oid_ed448, sizeof(oid_ed448), "Ed448" },
	{ oid_dsa, sizeof(oid_dsa), "DSA" },
};

/* The bits of an RSA modulus: BIT STRING { SEQUENCE { INTEGER, INTEGER } }. */
static unsigned int rsa_bits(struct eftf_der bits)
{
	struct eftf_der seq, n;
	unsigned int size;

	if (!bits.len || bits.p[0])
		return 0;
	bits.p++;
	bits.len--;
	if (!eftf_der_take(&bits, EFTF_DER_SEQUENCE, &seq, NULL) ||
	    !eftf_der_take(&seq, EFTF_DER_INTEGER, &n, NULL))
		return 0;
	for (; n.len && !*n.p; n.p++, n.len--)
		;
	if (!n.len || n.len > 8192)
		return 0;
	size = (unsigned int)n.len * 8;
	for (uint8_t top = *n.p; !(top & 0x80); top = (uint8_t)(top << 1))
		size--;
	return size;
}

static enum eftf_x509_key ec_curve(struct eftf_der *params)
{
	struct eftf_der curve;

	if (!eftf_der_take(params, EFTF_DER_OID, &curve, NULL))
		return EFTF_X509_KEY_OTHER;
	return IS(&curve, oid_p256) ? EFTF_X509_KEY_P256 :
		IS(&curve, oid_p384) ? EFTF_X509_KEY_P384 :
		IS(&curve, oid_p521) ? EFTF_X509_KEY_P521 : EFTF_X509_KEY_OTHER;
}

static bool parse_key(struct eftf_x509 *x, struct eftf_der spki)
{
	struct eftf_der alg, oid, bits;

	if (!eftf_der_take(&spki, EFTF_DER_SEQUENCE, &alg, NULL) ||
	    !eftf_der_take(&alg, EFTF_DER_OID, &oid, NULL) ||
	    !eftf_der_take(&spki, EFTF_DER_BIT_STRING, &bits, NULL))
		return false;
	x->key_words = "";
	if (IS(&oid, oid_ec)) {
		x->key = ec_curve(&alg);
		x->key_words = "ECDSA on a curve that is none of P-256, P-384, P-521";
	} else if (IS(&oid, oid_rsa)) {
		x->key = EFTF_X509_KEY_RSA;
		x->rsa_bits = rsa_bits(bits);
	}
	for (size_t i = 0; i < sizeof(other_keys) / sizeof(other_keys[0]); i++)
		if (oid.len == other_keys[i].len &&
		    !memcmp(oid.p, other_keys[i].oid, oid.len))
			x->key_words = other_keys[i].words;
	return true;
}

/* RFC 5280 4.2: no extension comes twice. */
static bool parse_extension(struct eftf_x509 *x, const struct eftf_der *oid, struct eftf_der value)
{
	if (IS(oid, oid_san))
		return !x->san.p && eftf_der_take(&value, EFTF_DER_SEQUENCE, &x->san, NULL);
	if (IS(oid, oid_key_usage))
		return !x->usage.p && eftf_der_take(&value, EFTF_DER_BIT_STRING, &x->usage, NULL);
	if (IS(oid, oid_ext_key_usage))
		return !x->purposes.p &&
			eftf_der_take(&value, EFTF_DER_SEQUENCE, &x->purposes, NULL);
	return true;
}

static bool parse_extensions(struct eftf_x509 *x, struct eftf_der in)
{
	struct eftf_der list, ext, oid, value;

	if (!eftf_der_take(&in, EFTF_DER_SEQUENCE, &list, NULL))
		return false;
	while (list.len) {
		if (!eftf_der_take(&list, EFTF_DER_SEQUENCE, &ext, NULL) ||
		    !eftf_der_take(&ext, EFTF_DER_OID, &oid, NULL))
			return false;
		if (eftf_der_peek(&ext) == EFTF_DER_BOOLEAN)
			eftf_der_next(&ext, &value);
		if (!eftf_der_take(&ext, EFTF_DER_OCTET_STRING, &value, NULL))
			return false;
		if (!parse_extension(x, &oid, value))
			return false;
	}
	return true;
}

/* RFC 5280 4.1: the fields in their order. */
static bool parse_tbs(struct eftf_x509 *x, struct eftf_der tbs)
{
	struct eftf_der value, spki;
	int tag;

	if (eftf_der_peek(&tbs) == EFTF_DER_CONTEXT(0))
		eftf_der_next(&tbs, &value);	/* version */
	if (!eftf_der_take(&tbs, EFTF_DER_INTEGER, &x->serial, NULL) ||
	    !eftf_der_take(&tbs, EFTF_DER_SEQUENCE, &value, NULL) ||
	    !eftf_der_take(&tbs, EFTF_DER_SEQUENCE, NULL, &x->issuer) ||
	    !eftf_der_take(&tbs, EFTF_DER_SEQUENCE, &value, NULL) ||
	    !eftf_der_take_time(&value, &x->not_before) ||
	    !eftf_der_take_time(&value, &x->not_after) ||
	    !eftf_der_take(&tbs, EFTF_DER_SEQUENCE, NULL, &x->subject) ||
	    !eftf_der_take(&tbs, EFTF_DER_SEQUENCE, &spki, &x->spki) || !parse_key(x, spki))
		return false;
	while (tbs.len) {
		tag = eftf_der_next(&tbs, &value);
		if (tag < 0 || (tag == EFTF_DER_CONTEXT(3) && !parse_extensions(x, value)))
			return false;
	}
	return true;
}

bool eftf_x509_parse(struct eftf_x509 *x, const uint8_t *der, size_t len)
{
	struct eftf_der in = { der, len }, cert, tbs;

	memset(x, 0, sizeof(*x));
	return eftf_der_take(&in, EFTF_DER_SEQUENCE, &cert, &x->raw) && !in.len &&
		eftf_der_take(&cert, EFTF_DER_SEQUENCE, &tbs, NULL) &&
		eftf_der_take(&cert, EFTF_DER_SEQUENCE, &x->alg, NULL) &&
		eftf_der_take(&cert, EFTF_DER_BIT_STRING, NULL, NULL) && parse_tbs(x, tbs);
}

void eftf_x509_cn(const struct eftf_x509 *x, char cn[EFTF_X509_CN_LEN])
{
	struct eftf_der in = x->subject, rdns, set, pair, oid, value;
	size_t n;

	cn[0] = '?';
	cn[1] = 0;
	if (!eftf_der_take(&in, EFTF_DER_SEQUENCE, &rdns, NULL))
		return;
	while (eftf_der_take(&rdns, EFTF_DER_SET, &set, NULL) &&
	       eftf_der_take(&set, EFTF_DER_SEQUENCE, &pair, NULL)) {
		if (!eftf_der_take(&pair, EFTF_DER_OID, &oid, NULL) || !IS(&oid, oid_cn) ||
		    eftf_der_next(&pair, &value) < 0)
			continue;
		for (n = 0; n < value.len && n < EFTF_X509_CN_LEN - 1; n++)
			cn[n] = value.p[n] < 0x20 || value.p[n] > 0x7e ? '.' : (char)value.p[n];
		cn[n] = 0;
	}
}

const char *eftf_x509_bad_key(const struct eftf_x509 *x)
{
	if (x->key == EFTF_X509_KEY_RSA && x->rsa_bits < RSA_MIN_BITS)
		return "its RSA key is shorter than 2048 bits";
	if (x->key != EFTF_X509_KEY_OTHER)
		return NULL;
	if (!strcmp(x->key_words, "Ed25519"))
		return "its key is Ed25519; the TLS profile has ECDSA (P-256, P-384, P-521) and RSA";
	if (!strcmp(x->key_words, "Ed448"))
		return "its key is Ed448; the TLS profile has ECDSA (P-256, P-384, P-521) and RSA";
	if (!strcmp(x->key_words, "RSA-PSS"))
		return "its key is for RSA-PSS only; the TLS profile has ECDSA (P-256, P-384, P-521) and RSA";
	if (!strcmp(x->key_words, "DSA"))
		return "its key is DSA; the TLS profile has ECDSA (P-256, P-384, P-521) and RSA";
	return "its key is none of ECDSA (P-256, P-384, P-521) and RSA";
}

const char *eftf_x509_bad_usage(const struct eftf_x509 *x, bool server)
{
	struct eftf_der list = x->purposes, oid;

	/* digitalSignature is the first bit behind the octet that counts unused ones */
	if (x->usage.p && (x->usage.len < 2 || !(x->usage.p[1] & 0x80)))
		return "its key usage forbids signatures";
	while (eftf_der_take(&list, EFTF_DER_OID, &oid, NULL))
		if (IS(&oid, oid_any_purpose) ||
		    (server ? IS(&oid, oid_server_auth) : IS(&oid, oid_client_auth)))
			return NULL;
	return x->purposes.p ? "its extended key usage forbids this use" : NULL;
}

/* RFC 4055 3.1: RSASSA-PSS-params { [0] hashAlgorithm ... }; without it SHA-1. */
static bool pss_hash_is_good(struct eftf_der params)
{
	struct eftf_der seq, tagged, alg, oid;

	return eftf_der_take(&params, EFTF_DER_SEQUENCE, &seq, NULL) &&
		eftf_der_take(&seq, EFTF_DER_CONTEXT(0), &tagged, NULL) &&
		eftf_der_take(&tagged, EFTF_DER_SEQUENCE, &alg, NULL) &&
		eftf_der_take(&alg, EFTF_DER_OID, &oid, NULL) && BEGINS(&oid, oid_nist_hash) &&
		oid.p[oid.len - 1] >= 1 && oid.p[oid.len - 1] <= 3;
}

unsigned int eftf_x509_hash(const struct eftf_der *alg)
{
	static const unsigned int hash[] = { 256, 384, 512 };
	struct eftf_der in = *alg, oid;
	unsigned int last;

	if (!eftf_der_take(&in, EFTF_DER_OID, &oid, NULL) || !oid.len)
		return 0;
	last = oid.p[oid.len - 1];
	if (BEGINS(&oid, oid_pkcs1) && last >= 11 && last <= 13)
		return hash[last - 11];
	if (BEGINS(&oid, oid_ecdsa_sha2) && last >= 2 && last <= 4)
		return hash[last - 2];
	return 0;
}

const char *eftf_x509_bad_signature(const struct eftf_der *alg)
{
	struct eftf_der in = *alg, oid;
	unsigned int last;

	if (eftf_x509_hash(alg))
		return NULL;
	if (!eftf_der_take(&in, EFTF_DER_OID, &oid, NULL) || !oid.len)
		return "its signature is of an unknown kind";
	last = oid.p[oid.len - 1];
	if (IS(&oid, oid_pss))
		return pss_hash_is_good(in) ? NULL : "its signature is with SHA-1 or SHA-224";
	if (IS(&oid, oid_ecdsa_sha1) || (BEGINS(&oid, oid_pkcs1) && last == 5))
		return "its signature is with SHA-1";
	if ((BEGINS(&oid, oid_ecdsa_sha2) && last == 1) || (BEGINS(&oid, oid_pkcs1) && last == 14))
		return "its signature is with SHA-224";
	if (BEGINS(&oid, oid_pkcs1) && last == 4)
		return "its signature is with MD5";
	return "its signature is of a kind that the TLS profile does not have";
}

/* One dNSName against the wanted one. */
static bool name_fits(const struct eftf_der *have, const char *want)
{
	const char *rest = strchr(want, '.');
	const char *p = (const char *)have->p;
	size_t len = have->len;

	if (len < 2 || p[0] != '*')
		return len == strlen(want) && !strncasecmp(p, want, len);
	/* "*.a.b": for one label, and never for all of a top-level domain. */
	if (p[1] != '.' || !memchr(p + 2, '.', len - 2) || !rest || rest == want)
		return false;
	return len - 1 == strlen(rest) && !strncasecmp(p + 1, rest, len - 1);
}

bool eftf_x509_has_name(const struct eftf_x509 *x, const char *name)
{
	struct eftf_der list = x->san, value;
	int tag;

	while ((tag = eftf_der_next(&list, &value)) >= 0)
		if (tag == DNS_NAME && !memchr(value.p, 0, value.len) && name_fits(&value, name))
			return true;
	return false;
}

bool eftf_x509_has_ip(const struct eftf_x509 *x, const uint8_t *ip, size_t len)
{
	struct eftf_der list = x->san, value;
	int tag;

	while ((tag = eftf_der_next(&list, &value)) >= 0)
		if (tag == IP_ADDRESS && value.len == len && !memcmp(value.p, ip, len))
			return true;
	return false;
}
