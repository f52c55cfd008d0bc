/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_KTLS_H
#define EFTF_KTLS_H

#include <linux/eftf.h>
#include <linux/tls.h>
#include <linux/types.h>

struct kvec;
struct netlink_ext_ack;
struct page;
struct sock;
struct socket;

#define EFTF_RECORD_MAX		16384	/* plaintext of one TLS record, RFC 8446 5.1 */
#define EFTF_RECORD_ALERT	21	/* content types, RFC 8446 5.1 */
#define EFTF_RECORD_HANDSHAKE	22
#define EFTF_RECORD_DATA	23

/**
 * enum eftf_ktls_kind - what eftf_ktls_recv() found
 * @EFTF_KTLS_DATA: application data
 * @EFTF_KTLS_CONTROL: one whole record of another content type
 * @EFTF_KTLS_NOTHING: no whole record is there; the socket's wait queue tells when
 * @EFTF_KTLS_RETRY: nothing, and no wake-up will come for what is there now
 * @EFTF_KTLS_LATER: likewise, but to try again at once is of no use: memory is short, or a
 *	foreign reader holds TLS's receiving side
 * @EFTF_KTLS_NEED_KEY: the next record needs a key that TLS does not have
 * @EFTF_KTLS_END: end of the TCP stream
 * @EFTF_KTLS_ERROR: the stream cannot be read any further
 */
enum eftf_ktls_kind {
	EFTF_KTLS_DATA,
	EFTF_KTLS_CONTROL,
	EFTF_KTLS_NOTHING,
	EFTF_KTLS_RETRY,
	EFTF_KTLS_LATER,
	EFTF_KTLS_NEED_KEY,
	EFTF_KTLS_END,
	EFTF_KTLS_ERROR,
};

/**
 * struct eftf_ktls_read - result of one eftf_ktls_recv()
 * @kind: what was found; the other fields are set accordingly
 * @type: content type, with %EFTF_KTLS_CONTROL
 * @len: bytes read, with %EFTF_KTLS_DATA and %EFTF_KTLS_CONTROL
 * @error: negative errno, with %EFTF_KTLS_ERROR
 * @records: at least one record was consumed, possibly an empty one
 * @more: with %EFTF_KTLS_DATA and %EFTF_KTLS_CONTROL: another read may find something. If not,
 *	the socket's wait queue tells when
 * @cleared: an error mark was taken off the socket; a sender may have been given it before
 */
struct eftf_ktls_read {
	enum eftf_ktls_kind kind;
	u8 type;
	size_t len;
	int error;
	bool records;
	bool more;
	bool cleared;
};

/**
 * union eftf_ktls_key - a key in the form that TLS_TX and TLS_RX take it
 * @info: TLS version and cipher, common to all
 * @gcm128: AES-128-GCM
 * @gcm256: AES-256-GCM
 * @chacha: ChaCha20-Poly1305
 */
union eftf_ktls_key {
	struct tls_crypto_info info;
	struct tls12_crypto_info_aes_gcm_128 gcm128;
	struct tls12_crypto_info_aes_gcm_256 gcm256;
	struct tls12_crypto_info_chacha20_poly1305 chacha;
};

int eftf_ktls_check(const struct sock *sk, struct netlink_ext_ack *extack);
void eftf_ktls_expect_no_padding(struct sock *sk);
const struct tls_crypto_info *eftf_ktls_info(const struct sock *sk);
u64 eftf_ktls_sequence(const struct sock *sk, enum eftf_direction direction);

void eftf_ktls_recv(struct socket *sock, struct page *page, size_t size,
		    struct eftf_ktls_read *read);
bool eftf_ktls_parser_stopped(const struct sock *sk);

int eftf_ktls_send(struct socket *sock, const struct kvec *vec, unsigned int n_vecs,
		   size_t len, size_t skip);
int eftf_ktls_send_record(struct socket *sock, u8 type, const void *data, size_t len);
bool eftf_ktls_send_failed(const struct sock *sk);
bool eftf_ktls_flushed(const struct sock *sk);

bool eftf_ktls_kernel_can_rekey(void);
bool eftf_ktls_can_rekey(const struct sock *sk);
bool eftf_ktls_key_fits(const struct sock *sk, const void *key, size_t len);
int eftf_ktls_install_key(struct socket *sock, enum eftf_direction direction,
			  union eftf_ktls_key *key);

#endif
