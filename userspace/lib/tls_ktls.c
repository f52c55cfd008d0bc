/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a finished handshake, from wolfSSL to the kernel. */
#include "tls_priv.h"

#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SOL_TLS
#define SOL_TLS 282
#endif
#ifndef TCP_ULP
#define TCP_ULP 31
#endif

/* What the kernel wants to know about one direction. */
struct direction {
	const unsigned char *key, *iv;	/* inside the WOLFSSL object */
	word64 seq;			/* number of the next record */
};

static bool get_direction(struct eftf_tls *tls, bool tx, struct direction *d)
{
	bool client = wolfSSL_GetSide(tls->ssl) == WOLFSSL_CLIENT_END;
	/* The getters go by role: the client's keys are its sending keys. */
	bool client_keys = client == tx;

	d->key = client_keys ? wolfSSL_GetClientWriteKey(tls->ssl) :
		wolfSSL_GetServerWriteKey(tls->ssl);
	d->iv = client_keys ? wolfSSL_GetClientWriteIV(tls->ssl) :
		wolfSSL_GetServerWriteIV(tls->ssl);
	/* They return 1 when the number is 0: only a negative value is an error. */
	if ((tx ? wolfSSL_GetSequenceNumber(tls->ssl, &d->seq) :
	     wolfSSL_GetPeerSequenceNumber(tls->ssl, &d->seq)) < 0)
		return false;
	return d->key && d->iv;
}

/*
 * The 8 octets behind the salt. TLS 1.3: the rest of the IV. TLS 1.2: the
 * explicit nonce, which counts on from the one that wolfSSL used last; when
 * receiving, the kernel takes it from each record.
 */
static void gcm_iv(const struct eftf_tls *tls, const struct direction *d, bool tls13, bool tx,
		   unsigned char iv[TLS12_NONCE])
{
	uint64_t nonce = htobe64(d->seq);

	if (tls13) {
		memcpy(iv, d->iv + 4, TLS12_NONCE);
		return;
	}
	if (tx) {
		memcpy(&nonce, tls->tx.nonce, sizeof(nonce));
		nonce = htobe64(be64toh(nonce) + 1);
	}
	memcpy(iv, &nonce, TLS12_NONCE);
}

int eftf_tls_fill(struct eftf_tls *tls, bool tx, struct eftf_tls_key *c, struct eftf_err *err)
{
	bool tls13 = wolfSSL_GetVersion(tls->ssl) == WOLFSSL_TLSV1_3;
	int bulk = wolfSSL_GetBulkCipher(tls->ssl), key_size = wolfSSL_GetKeySize(tls->ssl);
	struct direction d;
	uint64_t seq;

	memset(c, 0, sizeof(*c));
	c->info.version = tls13 ? TLS_1_3_VERSION : TLS_1_2_VERSION;
	if (!get_direction(tls, tx, &d))
		return eftf_err_set(err, EINVAL, "wolfSSL does not give the keys away");
	seq = htobe64(d.seq);
	if (bulk == wolfssl_aes_gcm && key_size == TLS_CIPHER_AES_GCM_128_KEY_SIZE) {
		c->info.cipher_type = TLS_CIPHER_AES_GCM_128;
		memcpy(c->gcm128.key, d.key, sizeof(c->gcm128.key));
		memcpy(c->gcm128.salt, d.iv, sizeof(c->gcm128.salt));
		memcpy(c->gcm128.rec_seq, &seq, sizeof(seq));
		gcm_iv(tls, &d, tls13, tx, c->gcm128.iv);
		c->len = sizeof(c->gcm128);
		return 0;
	}
	if (bulk == wolfssl_aes_gcm && key_size == TLS_CIPHER_AES_GCM_256_KEY_SIZE) {
		c->info.cipher_type = TLS_CIPHER_AES_GCM_256;
		memcpy(c->gcm256.key, d.key, sizeof(c->gcm256.key));
		memcpy(c->gcm256.salt, d.iv, sizeof(c->gcm256.salt));
		memcpy(c->gcm256.rec_seq, &seq, sizeof(seq));
		gcm_iv(tls, &d, tls13, tx, c->gcm256.iv);
		c->len = sizeof(c->gcm256);
		return 0;
	}
	if (bulk == wolfssl_chacha && key_size == TLS_CIPHER_CHACHA20_POLY1305_KEY_SIZE) {
		c->info.cipher_type = TLS_CIPHER_CHACHA20_POLY1305;
		memcpy(c->chacha.key, d.key, sizeof(c->chacha.key));
		memcpy(c->chacha.iv, d.iv, sizeof(c->chacha.iv));
		memcpy(c->chacha.rec_seq, &seq, sizeof(seq));
		c->len = sizeof(c->chacha);
		return 0;
	}
	return eftf_err_set(err, EOPNOTSUPP,
			    "the negotiated cipher cannot be given to the kernel");
}

static int plant_direction(struct eftf_tls *tls, bool tx, struct eftf_err *err)
{
	struct eftf_tls_key c;
	int ret = eftf_tls_fill(tls, tx, &c, err);

	if (!ret && setsockopt(tls->fd, SOL_TLS, tx ? TLS_TX : TLS_RX, &c, c.len))
		ret = eftf_err_set(err, errno,
				   "the kernel does not take the TLS %s key (%s): its tls module lacks %s",
				   tx ? "sending" : "receiving", strerror(errno),
				   wolfSSL_get_cipher_name(tls->ssl));
	explicit_bzero(&c, sizeof(c));
	return ret;
}

static int no_tls(struct eftf_err *err)
{
	return eftf_err_set(err, ENOENT, "the kernel has no TLS: run 'modprobe tls' (CONFIG_TLS)");
}

int eftf_tls_kernel_check(struct eftf_err *err)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), code;

	if (fd < 0)
		return eftf_err_set(err, errno, "TCP socket: %s", strerror(errno));
	/* On a socket that is not connected a kernel with TLS says ENOTCONN. */
	code = setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls") - 1) ? errno : 0;
	close(fd);
	return code == ENOENT || code == ENOPROTOOPT ? no_tls(err) : 0;
}

static int plant(struct eftf_tls *tls, struct eftf_err *err)
{
	int ret;

	if (wolfSSL_pending(tls->ssl) > 0 || tls->rx.have)
		return eftf_err_set(err, EPROTO, "octets of the peer are left over in the TLS library");
	if (setsockopt(tls->fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof("tls") - 1)) {
		if (errno == ENOENT)
			return no_tls(err);
		if (errno == ENOTCONN)
			return eftf_err_set(err, ENOTCONN,
					    "the peer closed the connection after the TLS handshake");
		return eftf_err_set(err, errno, "the socket does not take TLS: %s",
				    strerror(errno));
	}
	ret = plant_direction(tls, true, err);
	return ret ? ret : plant_direction(tls, false, err);
}

int eftf_tls_plant(struct eftf_tls *tls, struct eftf_err *err)
{
	int ret = plant(tls, err);

	/* From here on one octet from wolfSSL would break the stream. */
	tls->dead = true;
	tls->planted = !ret;
	return ret;
}
