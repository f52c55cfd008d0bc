/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IKE_SA_INIT (RFC 7296 1.2) in UDP to port 4500 (RFC 3948 2.2), as far as a reachability probe needs it: the
 * request, and the check that some octets are the answer to it. No I/O.
 */
#ifndef EFTF_IKE_PROBE_H
#define EFTF_IKE_PROBE_H

#include <stddef.h>
#include <stdint.h>

#define EFTF_IKE_RANDOM_LEN 72		/* the initiator's SPI, a share of Curve25519, a nonce */
#define EFTF_IKE_REQUEST_LEN 156

/* Writes a request; random: EFTF_IKE_RANDOM_LEN random octets, the same each time that it is sent. */
void eftf_ike_request(uint8_t out[EFTF_IKE_REQUEST_LEN], const uint8_t *random);
/*
 * Is data (one datagram) the answer to the request with this random? Whether it accepts, wants something
 * else or refuses does not matter: the path is there. Returns 0; -ENOMSG: IKE, but not our answer; -EBADMSG: malformed.
 */
int eftf_ike_parse(const uint8_t *data, size_t len, const uint8_t *random);

#endif
