/* SPDX-License-Identifier: GPL-2.0-only OR GPL-2.0-or-later */
/*
 * Why a tunnel ends: for each enum eftf_reason its word, which netlink carries,
 * and a text for people, which tells it from the side of the reader. Compiles
 * in the kernel and in user space. A new reason: the enum in
 * include/uapi/linux/eftf.h, a line here, and one in include/netlink/eftf.yaml.
 */
#ifndef EFTF_REASON_H
#define EFTF_REASON_H

#define EFTF_REASONS(X) \
	X(NONE, "none", "no reason was given") \
	X(DELETED, "deleted", "it was deleted here") \
	X(OWNER, "owner-gone", "the program that made it has ended") \
	X(LINK, "link-deleted", "the network device was deleted") \
	X(RELEASED, "released", "the peer released it") \
	X(TRUNCATED, "truncated", "the connection was cut without close_notify") \
	X(RESET, "reset", "the connection was reset") \
	X(TIMEOUT, "timeout", "nothing was received for too long") \
	X(ALERT, "alert", "the peer sent a TLS alert") \
	X(FRAMING, "framing", "the peer sent impossible envelopes") \
	X(NOT_FTT, "not-ftt-ims", "the peer does not speak FTT-IMS") \
	X(BAD_RECORD, "bad-record", "a TLS record failed its authentication") \
	X(PROTOCOL, "tls-protocol", "the peer broke the TLS protocol") \
	X(REKEY, "rekey", "the peer changes its TLS key, which was not followed here") \
	X(KEY_LIMIT, "key-limit", "the TLS key has been used as often as it may be") \
	X(ERROR, "error", "the socket failed") \
	X(SWAPPED, "swapped", "another connection took its place") \
	X(STALLED, "stalled", "the peer acknowledged nothing any more") \
	X(UNFINISHED, "unfinished", "the peer began an envelope and did not end it in time")

#endif
