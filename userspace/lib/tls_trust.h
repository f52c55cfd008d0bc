/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whom to trust: the CA file and the revocation lists, and whether a peer's
 * certificates lead there. One path that is valid is enough (RFC 4158);
 * wolfSSL itself wants all that the peer has sent to be valid.
 */
#ifndef EFTF_TLS_TRUST_H
#define EFTF_TLS_TRUST_H

#include "crl.h"
#include "err.h"
#include "x509.h"

#define EFTF_TLS_WHY_LEN 192
#define EFTF_TLS_CHAIN_MAX 10		/* certificates of a peer that are looked at */

struct eftf_tls_trust;

/*
 * ca_file: PEM. crl_file: PEM or DER, or NULL. With old, which had lists, one
 * that is missing or out of date is a warning in the log, and the old ones
 * stay; without it that is an error. -EKEYEXPIRED: a list is out of date, by this
 * machine's clock; -EINVAL, -ENOMEM.
 */
int eftf_tls_trust_load(struct eftf_tls_trust **out, const char *ca_file, const char *crl_file,
			const struct eftf_tls_trust *old, struct eftf_err *err);
struct eftf_tls_trust *eftf_tls_trust_get(struct eftf_tls_trust *trust);
void eftf_tls_trust_put(struct eftf_tls_trust *trust);

/*
 * cert: a peer's certificates as they came, its own first. Returns 0 if there
 * is a valid path to a CA of the file. Otherwise one of wolfSSL's codes, and
 * in why the words after "the certificate is refused: ".
 */
int eftf_tls_trust_check(struct eftf_tls_trust *trust, const struct eftf_der *cert, unsigned int n,
			 char why[EFTF_TLS_WHY_LEN]);

#endif
