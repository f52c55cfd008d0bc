/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "crl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pem.h"

#define LISTS_MAX 64

static int compare(const void *a, const void *b)
{
	const struct eftf_der *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->p, y->p, x->len);
}

/* A critical extension changes what the list means: it must not be read as if it were whole. */
static bool has_critical(struct eftf_der in)
{
	struct eftf_der list, ext, value;

	if (!eftf_der_take(&in, EFTF_DER_SEQUENCE, &list, NULL))
		return true;
	while (list.len) {
		if (!eftf_der_take(&list, EFTF_DER_SEQUENCE, &ext, NULL) ||
		    !eftf_der_take(&ext, EFTF_DER_OID, &value, NULL))
			return true;
		if (eftf_der_peek(&ext) == EFTF_DER_BOOLEAN &&
		    (eftf_der_next(&ext, &value) < 0 || value.len != 1 || value.p[0]))
			return true;
	}
	return false;
}

/* Returns how many there are, or -1. With serial: puts them there. */
static long walk_revoked(struct eftf_der list, struct eftf_der *serial)
{
	struct eftf_der entry, number, extensions;
	int64_t when;
	long n = 0;

	for (; list.len; n++) {
		if (!eftf_der_take(&list, EFTF_DER_SEQUENCE, &entry, NULL) ||
		    !eftf_der_take(&entry, EFTF_DER_INTEGER, &number, NULL) ||
		    !eftf_der_take_time(&entry, &when))
			return -1;
		if (entry.len && (!eftf_der_take(&entry, EFTF_DER_SEQUENCE, NULL, &extensions) ||
				  has_critical(extensions)))
			return -1;
		if (serial)
			serial[n] = number;
	}
	return n;
}

static int parse_revoked(struct eftf_crl *crl, struct eftf_der list, struct eftf_err *err)
{
	long n = walk_revoked(list, NULL);

	if (n < 0)
		return eftf_err_set(err, EINVAL, "an entry of the list is malformed, or of a kind that is not known here");
	if (!n)
		return 0;
	crl->serial = calloc((size_t)n, sizeof(*crl->serial));
	if (!crl->serial)
		return eftf_err_set(err, ENOMEM, "out of memory");
	crl->n_serials = (size_t)walk_revoked(list, crl->serial);
	qsort(crl->serial, crl->n_serials, sizeof(*crl->serial), compare);
	return 0;
}

/* RFC 5280 5.1.2: version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates, [0]. */
static int parse_tbs(struct eftf_crl *crl, struct eftf_der tbs, struct eftf_err *err)
{
	struct eftf_der value, revoked = { NULL, 0 };
	int64_t this_update;

	if (eftf_der_peek(&tbs) == EFTF_DER_INTEGER)
		eftf_der_next(&tbs, &value);
	if (!eftf_der_take(&tbs, EFTF_DER_SEQUENCE, &value, NULL) ||
	    !eftf_der_take(&tbs, EFTF_DER_SEQUENCE, NULL, &crl->issuer) ||
	    !eftf_der_take_time(&tbs, &this_update))
		return eftf_err_set(err, EINVAL, "it is no certificate revocation list");
	if (!eftf_der_take_time(&tbs, &crl->next_update))
		return eftf_err_set(err, EINVAL, "the list does not say when the next one comes (nextUpdate)");
	if (eftf_der_peek(&tbs) == EFTF_DER_SEQUENCE)
		eftf_der_next(&tbs, &revoked);
	if (tbs.len && (!eftf_der_take(&tbs, EFTF_DER_CONTEXT(0), &value, NULL) || tbs.len ||
			has_critical(value)))
		return eftf_err_set(err, EINVAL, "the list has a critical extension: only whole lists of one CA can be used");
	return parse_revoked(crl, revoked, err);
}

int eftf_crl_parse(struct eftf_crl *crl, uint8_t *der, size_t len, struct eftf_err *err)
{
	struct eftf_der in = { der, len }, list, tbs, bits;
	int ret;

	memset(crl, 0, sizeof(*crl));
	crl->der = der;
	if (!eftf_der_take(&in, EFTF_DER_SEQUENCE, &list, NULL) || in.len ||
	    !eftf_der_take(&list, EFTF_DER_SEQUENCE, &tbs, &crl->tbs) ||
	    !eftf_der_take(&list, EFTF_DER_SEQUENCE, &crl->alg, NULL) ||
	    !eftf_der_take(&list, EFTF_DER_BIT_STRING, &bits, NULL) || list.len || bits.len < 2 ||
	    bits.p[0])
		ret = eftf_err_set(err, EINVAL, "it is no certificate revocation list");
	else
		ret = parse_tbs(crl, tbs, err);
	if (ret) {
		eftf_crl_free(crl);
		return ret;
	}
	crl->signature = (struct eftf_der){ bits.p + 1, bits.len - 1 };
	return 0;
}

void eftf_crl_free(struct eftf_crl *crl)
{
	free((void *)crl->signer.p);
	free(crl->serial);
	free(crl->der);
	memset(crl, 0, sizeof(*crl));
}

static int add(void *arg, uint8_t *der, size_t len, struct eftf_err *err)
{
	struct eftf_crls *crls = arg;
	struct eftf_crl *more;
	int ret;

	more = crls->n < LISTS_MAX ? realloc(crls->list, (crls->n + 1) * sizeof(*more)) : NULL;
	if (!more) {
		free(der);
		return eftf_err_set(err, ENOMEM, "more than %d lists", LISTS_MAX);
	}
	crls->list = more;
	ret = eftf_crl_parse(&more[crls->n], der, len, err);
	if (!ret)
		crls->n++;
	return ret;
}

struct eftf_crls *eftf_crls_load(const char *path, struct eftf_err *err)
{
	struct eftf_crls *crls = calloc(1, sizeof(*crls));
	struct eftf_err why = { "" };
	int n = -ENOMEM;

	if (crls) {
		crls->refs = 1;
		crls->path = strdup(path);
	}
	if (crls && crls->path)
		n = eftf_pem_file(path, "X509 CRL", NULL, add, crls, &why);
	if (n > 0)
		return crls;
	if (n)
		eftf_err_set(err, -n, "CRL file %s", why.text);
	else
		eftf_err_set(err, EINVAL, "CRL file %.200s: there is no PEM block X509 CRL in it",
			     path);
	eftf_crls_put(crls);
	return NULL;
}

struct eftf_crls *eftf_crls_get(struct eftf_crls *crls)
{
	if (crls)
		crls->refs++;
	return crls;
}

void eftf_crls_put(struct eftf_crls *crls)
{
	if (!crls || --crls->refs)
		return;
	for (size_t i = 0; i < crls->n; i++)
		eftf_crl_free(&crls->list[i]);
	free(crls->list);
	free(crls->path);
	free(crls);
}

const struct eftf_crl *eftf_crls_expired(const struct eftf_crls *crls, time_t now)
{
	for (size_t i = 0; i < crls->n; i++)
		if (crls->list[i].next_update < now)
			return &crls->list[i];
	return NULL;
}

bool eftf_crl_has(const struct eftf_crl *crl, const struct eftf_der *serial)
{
	return crl->n_serials &&
		bsearch(serial, crl->serial, crl->n_serials, sizeof(*serial), compare);
}
