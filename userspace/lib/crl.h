/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificate revocation lists (RFC 5280 5). wolfSSL has them, too, but forgets
 * all that a list says when it is out of date; here it stays in force, with a
 * warning, since to know most of what is revoked is better than nothing.
 */
#ifndef EFTF_CRL_H
#define EFTF_CRL_H

#include <stdbool.h>
#include <time.h>

#include "der.h"
#include "err.h"
#include "x509.h"

struct eftf_crl {
	uint8_t *der;			/* what all else points into */
	struct eftf_der issuer;		/* whole Name */
	struct eftf_der tbs;		/* whole TBSCertList: what is signed */
	struct eftf_der alg;		/* contents of the signature's AlgorithmIdentifier */
	struct eftf_der signature;
	int64_t next_update;	/* s since 1970 */
	struct eftf_der *serial;	/* of what is revoked, sorted */
	size_t n_serials;
	struct eftf_der signer;		/* key that is known to have signed it; p is the list's own */
};

/* Lists that were read from one file. */
struct eftf_crls {
	char *path;
	struct eftf_crl *list;
	size_t n;
	unsigned int refs;
	bool warned;			/* that one is out of date */
};

/*
 * Reads PEM or DER. Returns NULL with the file and the reason in err: it is
 * missing, holds no list, or one with critical extensions (partial, indirect).
 */
struct eftf_crls *eftf_crls_load(const char *path, struct eftf_err *err);
struct eftf_crls *eftf_crls_get(struct eftf_crls *crls);
void eftf_crls_put(struct eftf_crls *crls);
/* The first list whose time is over at now; NULL: none. */
const struct eftf_crl *eftf_crls_expired(const struct eftf_crls *crls, time_t now);
bool eftf_crl_has(const struct eftf_crl *crl, const struct eftf_der *serial);
/* Takes der over, whatever it returns; 0 or a negative errno. For the fuzzer, too. */
int eftf_crl_parse(struct eftf_crl *crl, uint8_t *der, size_t len, struct eftf_err *err);
void eftf_crl_free(struct eftf_crl *crl);

#endif
