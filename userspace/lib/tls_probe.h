/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ClientHello, and whether some octets are a ServerHello to it: as far as a reachability probe needs TLS, which
 * ends there. No certificate is looked at, no key is made. No I/O.
 */
#ifndef EFTF_TLS_PROBE_H
#define EFTF_TLS_PROBE_H

#include <stddef.h>
#include <stdint.h>

#define EFTF_TLS_PROBE_RANDOM_LEN 96	/* of the client, a session id, a share of Curve25519 */
#define EFTF_TLS_PROBE_REQUEST_LEN 198

/* Writes a ClientHello of TLS 1.3 and 1.2; random: EFTF_TLS_PROBE_RANDOM_LEN random octets. */
void eftf_tls_probe_request(uint8_t out[EFTF_TLS_PROBE_REQUEST_LEN], const uint8_t *random);
/*
 * Does the stream begin with an answer to the request with this random? Returns 0: too short to say; 1: it does;
 * 2: with an alert (its number in data[6]); -EBADMSG: with something else.
 */
int eftf_tls_probe_answer(const uint8_t *data, size_t len, const uint8_t *random);

#endif
