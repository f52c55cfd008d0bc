/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FTT-IMS envelopes (3GPP TS 24.322 clause 7.1.2) and the checks on the IP
 * packet inside. One text for the kernel module, the helpers and the tests.
 *
 *   octet 1    Type
 *   octet 2-3  Length, big-endian, of the whole envelope (3 to 65535)
 *   octet 4..  payload
 */
#ifndef FTT_IMS_H
#define FTT_IMS_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#endif

#define FTT_IMS_HDR_LEN		3
#define FTT_IMS_MAX_PAYLOAD	(65535 - FTT_IMS_HDR_LEN)
#define FTT_IMS_TYPE_IP		1

/**
 * ftt_ims_put_header - write the header of an envelope
 * @hdr: where to, FTT_IMS_HDR_LEN octets
 * @type: Type
 * @payload_len: octets that follow, at most FTT_IMS_MAX_PAYLOAD
 */
static inline void ftt_ims_put_header(__u8 *hdr, __u8 type, size_t payload_len)
{
	size_t len = payload_len + FTT_IMS_HDR_LEN;

	hdr[0] = type;
	hdr[1] = (__u8)(len >> 8);
	hdr[2] = (__u8)len;
}

/**
 * ftt_ims_payload_len - payload length that a header announces
 * @hdr: FTT_IMS_HDR_LEN octets
 *
 * Return: octets that follow the header; -1 if Length is below 3, after
 * which the stream cannot be understood any more.
 */
static inline int ftt_ims_payload_len(const __u8 *hdr)
{
	int len = hdr[1] << 8 | hdr[2];

	return len < FTT_IMS_HDR_LEN ? -1 : len - FTT_IMS_HDR_LEN;
}

/**
 * struct ftt_ims_decoder - state between two pieces of a stream; starts as 0
 * @hdr: header octets seen of the current envelope
 * @have: how many of them
 * @left: payload octets of the current envelope still to come
 */
struct ftt_ims_decoder {
	__u8 hdr[FTT_IMS_HDR_LEN];
	__u8 have;
	__u16 left;
};

/**
 * struct ftt_ims_piece - a run of payload octets of one envelope
 * @valid: false if only header octets were consumed: nothing to act upon
 * @first: this piece begins the envelope's payload
 * @last: this piece ends the envelope
 * @type: Type of the envelope
 * @payload_len: octets of payload in the whole envelope
 * @data: the octets, inside the caller's buffer
 * @len: how many; 0 only for an envelope without payload
 */
struct ftt_ims_piece {
	bool valid;
	bool first;
	bool last;
	__u8 type;
	__u16 payload_len;
	const __u8 *data;
	size_t len;
};

/**
 * ftt_ims_decode - take the next piece from a stream cut at any octet
 * @d: decoder
 * @buf: octets of the stream
 * @len: how many, more than 0
 * @piece: what was found
 *
 * Return: octets consumed, more than 0; -1 if Length is below 3.
 */
static inline int ftt_ims_decode(struct ftt_ims_decoder *d, const __u8 *buf,
				 size_t len, struct ftt_ims_piece *piece)
{
	size_t used = 0;
	int payload;

	piece->valid = false;
	piece->first = false;
	if (d->have < FTT_IMS_HDR_LEN) {
		while (d->have < FTT_IMS_HDR_LEN && used < len)
			d->hdr[d->have++] = buf[used++];
		if (d->have < FTT_IMS_HDR_LEN)
			return (int)used;
		payload = ftt_ims_payload_len(d->hdr);
		if (payload < 0)
			return -1;
		d->left = (__u16)payload;
	}
	payload = ftt_ims_payload_len(d->hdr);
	if (used == len && payload > 0)
		return (int)used;

	piece->valid = true;
	piece->type = d->hdr[0];
	piece->payload_len = (__u16)payload;
	piece->first = d->left == payload;
	piece->data = buf + used;
	piece->len = len - used < d->left ? len - used : d->left;
	d->left -= (__u16)piece->len;
	piece->last = d->left == 0;
	if (piece->last)
		d->have = 0;
	return (int)(used + piece->len);
}

/**
 * enum ftt_ims_ip - what ftt_ims_check_ip() finds
 * @FTT_IMS_IPV4: one whole IPv4 packet
 * @FTT_IMS_IPV6: one whole IPv6 packet
 * @FTT_IMS_BAD_VERSION: neither version, or the header is cut or impossible
 * @FTT_IMS_BAD_LENGTH: the packet's own length disagrees with the payload
 */
enum ftt_ims_ip {
	FTT_IMS_IPV4 = 4,
	FTT_IMS_IPV6 = 6,
	FTT_IMS_BAD_VERSION = -1,
	FTT_IMS_BAD_LENGTH = -2,
};

/**
 * ftt_ims_check_ip - is the payload exactly one IP packet?
 * @p: payload; only the first 20 (IPv4) or 40 (IPv6) octets are read
 * @len: octets of payload
 *
 * Return: which, or what is wrong.
 */
static inline enum ftt_ims_ip ftt_ims_check_ip(const __u8 *p, size_t len)
{
	if (len >= 20 && p[0] >> 4 == 4 && (p[0] & 15) >= 5) {
		size_t total = (size_t)(p[2] << 8 | p[3]);

		return total == len && (size_t)(p[0] & 15) * 4 <= len ?
			FTT_IMS_IPV4 : FTT_IMS_BAD_LENGTH;
	}
	if (len >= 40 && p[0] >> 4 == 6) {
		size_t total = 40 + (size_t)(p[4] << 8 | p[5]);

		return total == len ? FTT_IMS_IPV6 : FTT_IMS_BAD_LENGTH;
	}
	return FTT_IMS_BAD_VERSION;
}

#endif /* FTT_IMS_H */
