/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of certificates and revocation lists: PEM (RFC 7468), or one in DER. */
#ifndef EFTF_PEM_H
#define EFTF_PEM_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/* Takes one object, whose octets become the callee's, to be freed by free(). Returns 0 or a negative errno. */
typedef int (*eftf_pem_fn)(void *arg, uint8_t *der, size_t len, struct eftf_err *err);

/*
 * Calls fn for each block with one of the labels ("CERTIFICATE"), or once if
 * the file is DER. label2 may be NULL. Files above 16 MiB are refused. Returns
 * the number of blocks, or a negative errno with the file named in err.
 */
int eftf_pem_file(const char *path, const char *label, const char *label2, eftf_pem_fn fn,
		  void *arg, struct eftf_err *err);

#endif
