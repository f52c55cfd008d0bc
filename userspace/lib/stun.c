// SPDX-License-Identifier: GPL-2.0-or-later
#include "stun.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#define STUN_BINDING_REQUEST	0x0001
#define STUN_BINDING_SUCCESS	0x0101
#define STUN_BINDING_ERROR	0x0111
#define STUN_COOKIE		0x2112a442u
#define STUN_HDR_LEN		20

#define STUN_ATTR_MAPPED	0x0001
#define STUN_ATTR_ERROR		0x0009
#define STUN_ATTR_XOR_MAPPED	0x0020

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put_cookie(uint8_t *p)
{
	put16(p, STUN_COOKIE >> 16);
	put16(p + 2, STUN_COOKIE & 0xffff);
}

void eftf_stun_request(uint8_t out[EFTF_STUN_REQUEST_LEN], const uint8_t *id)
{
	put16(out, STUN_BINDING_REQUEST);
	put16(out + 2, 0);
	put_cookie(out + 4);
	memcpy(out + 8, id, EFTF_STUN_ID_LEN);
}

/*
 * Reads a (XOR-)MAPPED-ADDRESS value. mask: 16 octets that the address is
 * XORed with, cookie and transaction id as in the header, or NULL.
 */
static int get_address(struct sockaddr_storage *ss, const uint8_t *v, size_t len,
		       const uint8_t *mask)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *sin = (struct sockaddr_in *)ss;
	uint8_t addr[16], port[2];
	size_t i, alen;

	if (len < 4)
		return -EBADMSG;
	alen = v[1] == 1 ? 4 : v[1] == 2 ? 16 : 0;
	if (alen == 0 || len != 4 + alen)
		return -EBADMSG;
	memcpy(port, v + 2, sizeof(port));
	memcpy(addr, v + 4, alen);
	for (i = 0; mask && i < sizeof(port); i++)
		port[i] ^= mask[i];
	for (i = 0; mask && i < alen; i++)
		addr[i] ^= mask[i];

	memset(ss, 0, sizeof(*ss));
	if (alen == 4) {
		sin->sin_family = AF_INET;
		memcpy(&sin->sin_port, port, sizeof(port));
		memcpy(&sin->sin_addr, addr, 4);
	} else {
		sin6->sin6_family = AF_INET6;
		memcpy(&sin6->sin6_port, port, sizeof(port));
		memcpy(&sin6->sin6_addr, addr, 16);
	}
	return 0;
}

static int get_error(unsigned int *code, const uint8_t *v, size_t len)
{
	unsigned int number;

	if (len < 4 || (v[2] & 7) < 3 || (v[2] & 7) > 6 || v[3] > 99)
		return -EBADMSG;
	number = (v[2] & 7u) * 100 + v[3];
	*code = number;
	return 0;
}

static int walk(struct eftf_stun_answer *answer, const uint8_t *data, size_t len)
{
	bool have_xor = false;
	size_t pos = STUN_HDR_LEN;

	while (pos < len) {
		const uint8_t *v;
		size_t alen;
		int ret = 0;

		if (len - pos < 4)
			return -EBADMSG;
		v = data + pos + 4;
		alen = get16(data + pos + 2);
		/* the message length is a multiple of 4, so the padding is inside */
		if (alen > len - pos - 4)
			return -EBADMSG;
		switch (get16(data + pos)) {
		case STUN_ATTR_XOR_MAPPED:
			ret = get_address(&answer->mapped, v, alen, data + 4);
			have_xor = true;
			break;
		case STUN_ATTR_MAPPED:
			/* rewritten by some NATs: only when there is nothing better */
			if (!have_xor)
				ret = get_address(&answer->mapped, v, alen, NULL);
			break;
		case STUN_ATTR_ERROR:
			ret = get_error(&answer->error, v, alen);
			break;
		}
		if (ret)
			return ret;
		pos += 4 + ((alen + 3) & ~(size_t)3);
	}
	return 0;
}

int eftf_stun_parse(struct eftf_stun_answer *answer, const uint8_t *data, size_t len,
		    const uint8_t *id)
{
	uint8_t cookie[4];
	unsigned int type;
	int ret;

	memset(answer, 0, sizeof(*answer));
	put_cookie(cookie);
	if (len < STUN_HDR_LEN || (data[0] & 0xc0) || memcmp(data + 4, cookie, sizeof(cookie)))
		return -EBADMSG;
	if (get16(data + 2) % 4 || get16(data + 2) != len - STUN_HDR_LEN)
		return -EBADMSG;
	type = get16(data);
	if ((type != STUN_BINDING_SUCCESS && type != STUN_BINDING_ERROR) ||
	    memcmp(data + 8, id, EFTF_STUN_ID_LEN))
		return -ENOMSG;

	ret = walk(answer, data, len);
	if (ret)
		return ret;
	if (type == STUN_BINDING_SUCCESS) {
		answer->error = 0;
		return answer->mapped.ss_family ? 0 : -EBADMSG;
	}
	return answer->error ? 0 : -EBADMSG;
}
