/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a UE is called in logs and towards the operator. */
#ifndef EFTF_GW_IDENTITY_H
#define EFTF_GW_IDENTITY_H

#include "lease_request.h"

#define EFTF_IDENTITY_TEXT 64		/* longest, with its terminator */
#define EFTF_IDENTITY_CERT_OCTETS 16	/* of a certificate's SHA-256, that it is known by */

/*
 * "cert:" and 32 hexadecimal digits of the certificate's SHA-256; without one
 * "id:" and the name in the client identifier, or its octets in hexadecimal as
 * far as there is room; "-": neither. Nothing of it but the certificate is
 * proved. No octet is one that a terminal would obey.
 */
void eftf_identity_text(char out[EFTF_IDENTITY_TEXT], const struct eftf_lease_request *request);

#endif
