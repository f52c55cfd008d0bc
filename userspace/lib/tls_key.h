/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key of one direction in the form in which the kernel takes it. */
#ifndef EFTF_TLS_KEY_H
#define EFTF_TLS_KEY_H

#include <stdint.h>

#include <linux/tls.h>

/* With all that belongs to it, for setsockopt(SOL_TLS) and EFTF_A_KEY_*. To be wiped after use. */
struct eftf_tls_key {
	union {
		struct tls_crypto_info info;	/* begins each of the others */
		struct tls12_crypto_info_aes_gcm_128 gcm128;
		struct tls12_crypto_info_aes_gcm_256 gcm256;
		struct tls12_crypto_info_chacha20_poly1305 chacha;
	};
	uint32_t len;			/* octets of the one in use */
};

#endif
