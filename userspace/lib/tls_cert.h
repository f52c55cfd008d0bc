/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What wolfSSL is asked about certificates and keys; shared by the tls_*.c files only. */
#ifndef EFTF_TLS_CERT_H
#define EFTF_TLS_CERT_H

#include <stdbool.h>

#include "crl.h"
#include "x509.h"

/* "it has expired"; NULL if the code does not speak of trust. */
const char *eftf_tls_untrusted_words(int code);
bool eftf_tls_key_fits(const char *cert_file, const char *key_file);
/* Is the list signed by the key of the certificate? Remembers the last that was. */
bool eftf_tls_signed_by(const struct eftf_x509 *signer, struct eftf_crl *crl);

#endif
