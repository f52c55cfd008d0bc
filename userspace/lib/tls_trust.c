/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/error-ssl.h>
#include <wolfssl/wolfcrypt/error-crypt.h>

#include "eftf_version.h"
#include "log.h"
#include "pem.h"
#include "tls_cert.h"

#define PATHS_MAX 8			/* that are tried: the peer chooses how many there are */
#define YEAR (365 * 24 * 3600L)
#define STEPS_MAX 64			/* from a certificate to one of its CAs, in all */

struct anchor {
	uint8_t *der;
	struct eftf_x509 x;
};

struct eftf_tls_trust {
	unsigned int refs;
	struct anchor *anchor;		/* the CA file */
	size_t n_anchors;
	struct eftf_crls *crls;		/* NULL: none are configured */
};

/* ---- the files -------------------------------------------------------------- */

static int add_anchor(void *arg, uint8_t *der, size_t len, struct eftf_err *err)
{
	struct eftf_tls_trust *t = arg;
	struct anchor *more = realloc(t->anchor, (t->n_anchors + 1) * sizeof(*more));

	if (!more) {
		free(der);
		return eftf_err_set(err, ENOMEM, "out of memory");
	}
	t->anchor = more;
	more += t->n_anchors;
	more->der = der;
	if (!eftf_x509_parse(&more->x, der, len)) {
		free(der);
		return eftf_err_set(err, EINVAL, "certificate %zu in it is malformed",
				    t->n_anchors + 1);
	}
	t->n_anchors++;
	return 0;
}

/* A list that a CA of the file should have signed, and has not, is a forgery. */
static int check_signatures(const struct eftf_tls_trust *t, struct eftf_crls *crls,
			    struct eftf_err *err)
{
	for (size_t i = 0; i < crls->n; i++) {
		struct eftf_crl *crl = &crls->list[i];
		bool known = false, good = false;

		for (size_t j = 0; j < t->n_anchors && !good; j++) {
			if (!eftf_der_equal(&t->anchor[j].x.subject, &crl->issuer))
				continue;
			known = true;
			good = eftf_tls_signed_by(&t->anchor[j].x, crl);
		}
		if (known && !good)
			return eftf_err_set(err, EINVAL,
					    "CRL file %.200s: list %zu in it is not signed by its CA",
					    crls->path, i + 1);
	}
	return 0;
}

static int check_expired(const struct eftf_crls *crls, struct eftf_err *err)
{
	const struct eftf_crl *crl = eftf_crls_expired(crls, time(NULL));
	char day[32] = "?";
	struct tm tm;
	time_t since;

	if (!crl)
		return 0;
	since = (time_t)crl->next_update;
	if (gmtime_r(&since, &tm))
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M", &tm);
	return eftf_err_set(err, EKEYEXPIRED,
			    "CRL file %.200s: a list in it is out of date since %s UTC: get a new one from the CA",
			    crls->path, day);
}

static int load_crls(struct eftf_tls_trust *t, const char *path,
		     const struct eftf_tls_trust *old, struct eftf_err *err)
{
	struct eftf_err why = { "" };
	int ret = -EINVAL;

	t->crls = eftf_crls_load(path, &why);
	if (t->crls && !check_signatures(t, t->crls, &why))
		ret = check_expired(t->crls, &why);
	if (!ret)
		return 0;
	eftf_crls_put(t->crls);
	t->crls = NULL;
	if (!old || !old->crls)
		return eftf_err_set(err, -ret, "%s", why.text);
	log_warn("%s; the lists that were read before stay in force", why.text);
	t->crls = eftf_crls_get(old->crls);
	return 0;
}

int eftf_tls_trust_load(struct eftf_tls_trust **out, const char *ca_file, const char *crl_file,
			const struct eftf_tls_trust *old, struct eftf_err *err)
{
	struct eftf_tls_trust *t = calloc(1, sizeof(*t));
	struct eftf_err why = { "" };
	int n, ret = 0;

	*out = NULL;
	if (!t)
		return eftf_err_set(err, ENOMEM, "out of memory");
	t->refs = 1;
	n = eftf_pem_file(ca_file, "CERTIFICATE", "TRUSTED CERTIFICATE", add_anchor, t, &why);
	if (n < 0)
		ret = eftf_err_set(err, EINVAL, "CA file %s", why.text);
	else if (!n)
		ret = eftf_err_set(err, EINVAL, "CA file %.200s: no usable PEM certificate", ca_file);
	else if (crl_file)
		ret = load_crls(t, crl_file, old, err);
	if (ret)
		eftf_tls_trust_put(t);
	else
		*out = t;
	return ret;
}

struct eftf_tls_trust *eftf_tls_trust_get(struct eftf_tls_trust *trust)
{
	if (trust)
		trust->refs++;
	return trust;
}

void eftf_tls_trust_put(struct eftf_tls_trust *trust)
{
	if (!trust || --trust->refs)
		return;
	for (size_t i = 0; i < trust->n_anchors; i++)
		free(trust->anchor[i].der);
	free(trust->anchor);
	eftf_crls_put(trust->crls);
	free(trust);
}

/* ---- one path --------------------------------------------------------------- */

struct search {
	struct eftf_tls_trust *trust;
	struct eftf_x509 cert[EFTF_TLS_CHAIN_MAX];	/* what the peer has sent */
	bool used[EFTF_TLS_CHAIN_MAX];
	unsigned int n;
	const struct eftf_x509 *path[EFTF_TLS_CHAIN_MAX + 1];	/* the peer's own first, the anchor last */
	unsigned int tried, steps;
	int code;			/* why the first path that was tried is none */
	char *why;
};

/* The words are those of the first path: it is the one that the peer meant. */
static bool refuse(struct search *s, unsigned int at, int code, const char *words)
{
	char cn[EFTF_X509_CN_LEN];

	if (s->code)
		return false;
	s->code = code;
	if (at) {
		eftf_x509_cn(s->path[at], cn);
		snprintf(s->why, EFTF_TLS_WHY_LEN, "its CA \"%s\": %s", cn, words);
	} else {
		snprintf(s->why, EFTF_TLS_WHY_LEN, "%s", words);
	}
	return false;
}

static bool refuse_code(struct search *s, unsigned int at, int code)
{
	const char *words = eftf_tls_untrusted_words(code);

	return refuse(s, at, code, words ? words : "it does not verify");
}

/* A certificate is renewed in time, a clock without battery is years off. */
static bool clock_is_suspect(const struct eftf_x509 *x, time_t now)
{
	return now < EFTF_VERSION_TIME || x->not_before - now > YEAR || now - x->not_after > YEAR;
}

static bool refuse_date(struct search *s, unsigned int at, int code, time_t now)
{
	const char *words = eftf_tls_untrusted_words(code);
	char text[EFTF_TLS_WHY_LEN], day[16];
	struct tm tm;

	if (!clock_is_suspect(s->path[at], now) || !gmtime_r(&now, &tm))
		return refuse(s, at, code, words);
	strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	snprintf(text, sizeof(text), "%s, if it is %s as this machine's clock has it: is the clock wrong?",
		 words, day);
	return refuse(s, at, code, text);
}

/* What needs no cryptography. */
static bool check_policy(struct search *s, unsigned int n)
{
	time_t now = time(NULL);

	for (unsigned int i = 0; i < n; i++) {
		const struct eftf_x509 *x = s->path[i];
		const char *bad = eftf_x509_bad_key(x);

		if (bad)
			return refuse(s, i, VERIFY_CERT_ERROR, bad);
		if (x->not_after < now)
			return refuse_date(s, i, ASN_AFTER_DATE_E, now);
		if (x->not_before > now)
			return refuse_date(s, i, ASN_BEFORE_DATE_E, now);
		/* The signature of a CA that the administrator has named is not relied upon. */
		bad = i + 1 < n ? eftf_x509_bad_signature(&x->alg) : NULL;
		if (bad)
			return refuse(s, i, VERIFY_CERT_ERROR, bad);
	}
	return true;
}

/* From the anchor down; each that is verified becomes the CA of the next. */
static bool check_signed(struct search *s, unsigned int n)
{
	WOLFSSL_CERT_MANAGER *cm = wolfSSL_CertManagerNew();
	bool good = cm != NULL;

	for (unsigned int i = n - 1; good && i; i--) {
		const struct eftf_der *ca = &s->path[i]->raw, *below = &s->path[i - 1]->raw;
		int code = wolfSSL_CertManagerLoadCABuffer(cm, ca->p, (long)ca->len,
							   WOLFSSL_FILETYPE_ASN1);

		if (code != WOLFSSL_SUCCESS) {
			good = refuse_code(s, i, code);
			break;
		}
		code = wolfSSL_CertManagerVerifyBuffer(cm, below->p, (long)below->len,
						       WOLFSSL_FILETYPE_ASN1);
		if (code != WOLFSSL_SUCCESS)
			good = refuse_code(s, i - 1, code);
	}
	wolfSSL_CertManagerFree(cm);
	return good;
}

/* The list of the one who has signed; the peer's own certificate must have one. */
static bool check_revoked(struct search *s, unsigned int n)
{
	struct eftf_crls *crls = s->trust->crls;

	for (unsigned int i = 0; crls && i + 1 < n; i++) {
		const struct eftf_x509 *ca = s->path[i + 1];
		bool listed = false;

		for (size_t j = 0; j < crls->n; j++) {
			struct eftf_crl *crl = &crls->list[j];

			if (!eftf_der_equal(&crl->issuer, &ca->subject) ||
			    !eftf_tls_signed_by(ca, crl))
				continue;
			listed = true;
			if (eftf_crl_has(crl, &s->path[i]->serial))
				return refuse_code(s, i, CRL_CERT_REVOKED);
		}
		if (!i && !listed)
			return refuse_code(s, i, CRL_MISSING);
	}
	return true;
}

static bool try_path(struct search *s, unsigned int n)
{
	s->tried++;
	return check_policy(s, n) && check_signed(s, n) && check_revoked(s, n);
}

/* ---- all paths -------------------------------------------------------------- */

/* n certificates stand: is there a CA above, and so on up to the file? */
static bool extend(struct search *s, unsigned int n)
{
	const struct eftf_x509 *top = s->path[n - 1];

	for (size_t i = 0; i < s->trust->n_anchors && s->tried < PATHS_MAX; i++) {
		s->path[n] = &s->trust->anchor[i].x;
		if (eftf_der_equal(&s->path[n]->subject, &top->issuer) && try_path(s, n + 1))
			return true;
	}
	for (unsigned int i = 1; i < s->n && s->tried < PATHS_MAX; i++) {
		if (s->used[i] || n >= EFTF_TLS_CHAIN_MAX - 1 ||
		    !eftf_der_equal(&s->cert[i].subject, &top->issuer))
			continue;
		if (++s->steps > STEPS_MAX)
			return false;
		s->used[i] = true;
		s->path[n] = &s->cert[i];
		if (extend(s, n + 1))
			return true;
		s->used[i] = false;
	}
	return false;
}

static void warn_expired(struct eftf_crls *crls)
{
	struct eftf_err err;

	if (!crls || crls->warned || !check_expired(crls, &err))
		return;
	crls->warned = true;
	log_warn("%s; what it says stays in force", err.text);
}

int eftf_tls_trust_check(struct eftf_tls_trust *trust, const struct eftf_der *cert, unsigned int n,
			 char why[EFTF_TLS_WHY_LEN])
{
	struct search s = { .trust = trust, .why = why };
	const struct eftf_x509 *own = &s.cert[0];

	warn_expired(trust->crls);
	for (unsigned int i = 0; i < n && s.n < EFTF_TLS_CHAIN_MAX; i++)
		if (eftf_x509_parse(&s.cert[s.n], cert[i].p, cert[i].len))
			s.n++;
		else if (!i)
			break;
	if (!s.n) {
		snprintf(why, EFTF_TLS_WHY_LEN, "it is malformed");
		return VERIFY_CERT_ERROR;
	}
	s.path[0] = own;
	if (extend(&s, 1))
		return 0;
	/* No path leads to the file. A key that is unfit is the better thing to say. */
	if (eftf_x509_bad_key(own))
		refuse(&s, 0, VERIFY_CERT_ERROR, eftf_x509_bad_key(own));
	refuse_code(&s, 0, eftf_der_equal(&own->issuer, &own->subject) ? ASN_SELF_SIGNED_E :
		    ASN_NO_SIGNER_E);
	return s.code;
}
