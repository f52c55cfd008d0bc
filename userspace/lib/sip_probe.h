/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A SIP OPTIONS request (RFC 3261 clause 11) as a reachability probe, and the
 * check that some octets are a response to it. No I/O.
 */
#ifndef EFTF_SIP_PROBE_H
#define EFTF_SIP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EFTF_SIP_MAX 8192	/* longest response header that is looked at */

struct eftf_sip_probe {
	bool tcp;
	const char *target;	/* host:port of the P-CSCF, IPv6 in brackets */
	const char *local;	/* host:port that we send from, for Via and Contact */
	uint64_t id;		/* random: branch, tag and Call-ID are made of it */
};

/* Writes the request. Returns octets, 0 if out (size) is too small. */
size_t eftf_sip_request(char *out, size_t size, const struct eftf_sip_probe *probe);
/*
 * Is data a response to the request? Any status proves the path, so the
 * caller need not care which. Returns the status (100 to 699) once the header
 * is complete and branch, Call-ID and CSeq are ours; 0: the header is not
 * complete yet (in a datagram: garbage); -ENOMSG: a response to something
 * else; -EBADMSG: not a SIP response, or longer than EFTF_SIP_MAX.
 */
int eftf_sip_response(const struct eftf_sip_probe *probe, const char *data, size_t len);

#endif
