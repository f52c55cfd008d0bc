// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/x509.c lib/der.c lib/crl.c lib/pem.c lib/err.c */
/* Certificates and revocation lists: views stay within the octets, lists are sorted and find what is in them. */
#include "fuzz.h"

#include "crl.h"
#include "x509.h"

static void inside(const struct eftf_der *v, const uint8_t *data, size_t size)
{
	must(!v->p || (v->p >= data && v->p + v->len <= data + size));
}

static void certificate(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_exact(data, size);
	char cn[EFTF_X509_CN_LEN];
	struct eftf_x509 x;
	const char *bad;

	if (eftf_x509_parse(&x, copy, size)) {
		must(x.raw.p == copy && x.raw.len == size);
		inside(&x.serial, copy, size);
		inside(&x.issuer, copy, size);
		inside(&x.subject, copy, size);
		inside(&x.spki, copy, size);
		inside(&x.san, copy, size);
		eftf_x509_cn(&x, cn);
		must(strlen(cn) < sizeof(cn));
		bad = eftf_x509_bad_key(&x);
		must(bad || x.key != EFTF_X509_KEY_OTHER);
		bad = eftf_x509_bad_signature(&x.alg);
		must(!bad || !eftf_x509_hash(&x.alg));
		/* a name that is not in the octets is not in the certificate, but for a wildcard */
		if (eftf_x509_has_name(&x, "eftf.example.org"))
			must(x.san.len >= strlen("*.example.org"));
		must(!eftf_x509_has_name(&x, "localhost") || x.san.len >= strlen("localhost"));
		eftf_x509_has_ip(&x, (const uint8_t *)"\300\0\2\1", 4);
	}
	free(copy);
}

static void list(const uint8_t *data, size_t size)
{
	struct eftf_err err;
	struct eftf_crl crl;
	uint8_t *copy = fuzz_exact(data, size);

	if (eftf_crl_parse(&crl, copy, size, &err)) {
		must(err.text[0]);
		return;
	}
	inside(&crl.issuer, copy, size);
	inside(&crl.tbs, copy, size);
	inside(&crl.signature, copy, size);
	for (size_t i = 0; i < crl.n_serials; i++) {
		inside(&crl.serial[i], copy, size);
		must(eftf_crl_has(&crl, &crl.serial[i]));
	}
	eftf_crl_free(&crl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	certificate(data, size);
	list(data, size);
	return 0;
}
