/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TLS handshake (wolfSSL) with the profile of TS 33.210 clause 6.2:
 * TLS 1.3 and 1.2, ECDHE and AEAD only, X25519 / P-256 / P-384, signatures
 * with SHA-256 or better, RSA from 2048 bits on, no resumption. After the
 * handshake the keys go to the kernel (eftf_tls_plant) and wolfSSL is done, or
 * is parked to make the next keys.
 */
#ifndef EFTF_TLS_H
#define EFTF_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "tls_key.h"

struct eftf_tls_ctx;
struct eftf_tls;

struct eftf_tls_config {
	bool server;
	const char *ca_file;	/* client: required. server: if set, client certificates are required */
	const char *cert_file;	/* PEM chain; server: required; client: optional */
	const char *key_file;	/* PEM; required with cert_file */
	const char *crl_file;	/* PEM or DER: what the CAs of ca_file have revoked; optional */
	const char *ocsp_file;	/* server: DER: what the CA says of cert_file, for eftf_tls_ctx_staple() */
	const char *alpn;	/* client: protocol names to offer (RFC 7301), by commas; NULL: no ALPN */
	/* Reload: its lists stay if the new ones cannot be used. NULL at the start. */
	const struct eftf_tls_ctx *old;
};

enum eftf_tls_status {
	EFTF_TLS_DONE,
	EFTF_TLS_WANT_READ,
	EFTF_TLS_WANT_WRITE,
	EFTF_TLS_FAILED,	/* err says why; the connection is of no use */
	EFTF_TLS_UNTRUSTED,	/* as FAILED: the peer's certificate or name is wrong */
};

struct eftf_tls_info {
	char version[16];	/* "TLSv1.3" */
	char cipher[64];	/* IANA name, for example TLS_AES_128_GCM_SHA256 */
	char group[32];		/* key exchange, for example X25519 */
};

/* Once per process, before anything else of wolfSSL: wiping allocators. */
int eftf_tls_init(struct eftf_err *err);
#ifdef EFTF_KEYLOG
/* From now on the secrets of each connection go to this file, see tls_keylog.h. */
int eftf_tls_keylog(const char *path, struct eftf_err *err);
/* For a child process, which has to keep it; -1: there is none. */
int eftf_tls_keylog_fd(void);
#endif
/* Loads CA, certificate, key and CRL; a missing, wrong or unfit file is named in err. */
int eftf_tls_ctx_new(struct eftf_tls_ctx **ctx, const struct eftf_tls_config *cfg,
		     struct eftf_err *err);
/*
 * How well a server's certificate suits a client: record is what it sent
 * first, a whole record. The higher the better: a key that the client takes
 * goes before its name, and that before ECDSA. 0: as well as any other.
 */
unsigned int eftf_tls_ctx_suits(const struct eftf_tls_ctx *ctx, const uint8_t *record, size_t len);
/*
 * For a process that can open no files: random octets of connections that are
 * made from now on come by getrandom(). wolfSSL would open /dev/urandom.
 * -EOPNOTSUPP: it still does, as it was built without WOLF_CRYPTO_CB (OpenWrt's).
 */
int eftf_tls_ctx_without_files(struct eftf_tls_ctx *ctx, struct eftf_err *err);
/*
 * A server's handshakes carry the OCSP response of cfg->ocsp_file from now on,
 * to clients that ask. Once for a context. On failure, a negative errno with
 * what is wrong with the file, without its name, in err, they carry none.
 */
int eftf_tls_ctx_staple(struct eftf_tls_ctx *ctx, const struct eftf_tls_config *cfg,
			struct eftf_err *err);
/* Is it good at this moment? What is not, any more, is not sent. 0, also without one, or a negative errno. */
int eftf_tls_ctx_check_staple(const struct eftf_tls_ctx *ctx, struct eftf_err *err);
/* Connections made from it go on. */
void eftf_tls_ctx_free(struct eftf_tls_ctx *ctx);

/*
 * fd: a connected non-blocking TCP socket; stays the caller's.
 * peer_name: client only: the name or IP literal that the certificate must
 * carry; SNI is sent if it is a name.
 */
int eftf_tls_new(struct eftf_tls **tls, struct eftf_tls_ctx *ctx, int fd,
		 const char *peer_name, struct eftf_err *err);
enum eftf_tls_status eftf_tls_handshake(struct eftf_tls *tls, struct eftf_err *err);
void eftf_tls_info(struct eftf_tls *tls, struct eftf_tls_info *info);
/* Does this kernel have kTLS? 0, or a negative errno with the remedy in err. */
int eftf_tls_kernel_check(struct eftf_err *err);
/*
 * After EFTF_TLS_DONE: gives the keys of both directions to the kernel
 * (TCP_ULP "tls", TLS_TX, TLS_RX). Returns 0, or a negative errno with the
 * remedy in err (no tls module, cipher not known to the kernel). On failure
 * the connection must be closed: nothing may be written on it any more.
 */
int eftf_tls_plant(struct eftf_tls *tls, struct eftf_err *err);
/*
 * After eftf_tls_plant(): keeps what the next keys are made of (RFC 8446 7.2)
 * and gives back of the rest what can be spared. The fd is not used any more.
 * -EOPNOTSUPP: TLS 1.2, which changes no keys.
 */
int eftf_tls_park(struct eftf_tls *tls, struct eftf_err *err);
/*
 * The key after the last one, of a parked connection: for receiving when the
 * peer's KeyUpdate has come, for sending when one's own goes out. Its first
 * record has the number 0. On failure no more keys can be had.
 */
int eftf_tls_next_rx(struct eftf_tls *tls, struct eftf_tls_key *key, struct eftf_err *err);
int eftf_tls_next_tx(struct eftf_tls *tls, struct eftf_tls_key *key, struct eftf_err *err);
#define EFTF_TLS_PEER_ID_LEN 32
/* SHA-256 of the verified peer certificate; false if there is none. */
bool eftf_tls_peer_id(struct eftf_tls *tls, uint8_t id[EFTF_TLS_PEER_ID_LEN]);
/* Wipes the secrets. Sends nothing, does not close the fd. */
void eftf_tls_free(struct eftf_tls *tls);

#endif
