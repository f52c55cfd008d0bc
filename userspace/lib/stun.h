/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STUN Binding (RFC 5389, 8489) as far as a reachability probe needs it: the
 * request, and the check that some octets are the answer to it. No I/O.
 */
#ifndef EFTF_STUN_H
#define EFTF_STUN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define EFTF_STUN_REQUEST_LEN 20
#define EFTF_STUN_ID_LEN 12

struct eftf_stun_answer {
	/* 0: Binding success. 300 to 699: error response with this code, which
	 * proves the path as well as a success does.
	 */
	unsigned int error;
	struct sockaddr_storage mapped;	/* ss_family 0: none given (error responses) */
};

/* Writes a Binding request; id: EFTF_STUN_ID_LEN random octets. */
void eftf_stun_request(uint8_t out[EFTF_STUN_REQUEST_LEN], const uint8_t *id);
/*
 * Is data (one datagram) the answer to the request with this id?
 * Returns 0; -ENOMSG: a STUN message, but not our answer; -EBADMSG: malformed.
 * A success without XOR-MAPPED-ADDRESS or MAPPED-ADDRESS is malformed.
 */
int eftf_stun_parse(struct eftf_stun_answer *answer, const uint8_t *data, size_t len,
		    const uint8_t *id);

#endif
