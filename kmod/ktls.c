// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel TLS on a socket: what net/tls does not offer as an interface, and how
 * it behaves. Nothing else in the module includes net/tls.h.
 *
 * These functions know sockets only, neither transports nor tunnels, and take
 * no lock but the socket's.
 *
 * Two habits of net/tls shape the reader. It announces each record once, and
 * what a foreign reader made it take in it does not announce: so after every
 * "nothing" the state of the socket is looked at again. And it marks the socket
 * with EBADMSG (sk_err) for whatever kept it from decrypting or encrypting,
 * also for a mere lack of memory, and hands the mark to the next call in either
 * direction: so the mark alone proves nothing, and is cleared where it may be.
 */
#include <linux/bvec.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/uio.h>
#include <linux/unaligned.h>
#include <net/inet_connection_sock.h>
#include <net/sock.h>
#include <net/tls.h>

#include "ktls.h"

/* room for the one control message that TLS knows: a record's content type */
union eftf_ktls_control {
	struct cmsghdr hdr;
	u8 buf[CMSG_SPACE(sizeof(u8))];
};

static const struct tls_sw_context_rx *eftf_ktls_rx(const struct sock *sk)
{
	return tls_sw_ctx_rx(tls_get_ctx(sk));
}

static bool eftf_ktls_active(u8 conf)
{
	return conf == TLS_SW || conf == TLS_HW;
}

/**
 * eftf_ktls_check - check that kTLS is active in both directions
 * @sk: TCP socket
 * @extack: told what is missing
 *
 * Context: any, socket locked.
 * Return: 0 or -EPROTOTYPE.
 */
int eftf_ktls_check(const struct sock *sk, struct netlink_ext_ack *extack)
{
	const struct tcp_ulp_ops *ulp = inet_csk(sk)->icsk_ulp_ops;
	const struct tls_context *ctx;

	if (!ulp || strcmp(ulp->name, "tls")) {
		NL_SET_ERR_MSG(extack, "no kTLS on the socket: set TCP_ULP \"tls\", TLS_TX and TLS_RX first");
		return -EPROTOTYPE;
	}
	ctx = tls_get_ctx(sk);
	if (!ctx || !eftf_ktls_active(ctx->tx_conf)) {
		NL_SET_ERR_MSG(extack, "kTLS has no sending key: set TLS_TX first");
		return -EPROTOTYPE;
	}
	if (!eftf_ktls_active(ctx->rx_conf)) {
		NL_SET_ERR_MSG(extack, "kTLS has no receiving key: set TLS_RX first");
		return -EPROTOTYPE;
	}
	return 0;
}

/**
 * eftf_ktls_expect_no_padding - let TLS decrypt straight into the reader's memory
 * @sk: kTLS socket
 *
 * What the socket option TLS_RX_EXPECT_NO_PAD does, which waits for the socket's
 * lock. Without it TLS decrypts each record of TLS 1.3 into memory of its own and
 * copies it from there. A record that has padding after all, or is no data, is
 * decrypted a second time, the slow way.
 *
 * Context: any, socket locked.
 */
void eftf_ktls_expect_no_padding(struct sock *sk)
{
	struct tls_context *ctx = tls_get_ctx(sk);

	if (ctx->rx_conf != TLS_SW)
		return;
	ctx->rx_no_pad = 1;
	tls_sw_ctx_rx(ctx)->zc_capable = 1;
}

/**
 * eftf_ktls_info - TLS version and cipher of a connection
 * @sk: kTLS socket
 *
 * They stay the same for the life of a connection, also through changes of key.
 *
 * Context: any.
 * Return: version and cipher, valid as long as the socket.
 */
const struct tls_crypto_info *eftf_ktls_info(const struct sock *sk)
{
	return &tls_get_ctx(sk)->crypto_send.info;
}

/**
 * eftf_ktls_sequence - sequence number of the next record
 * @sk: kTLS socket
 * @direction: whose records
 *
 * A key starts at 0, so this is the number of records under the current key.
 *
 * Context: process, by the only sender or the only reader.
 * Return: sequence number.
 */
u64 eftf_ktls_sequence(const struct sock *sk, enum eftf_direction direction)
{
	const struct tls_context *ctx = tls_get_ctx(sk);

	return get_unaligned_be64(direction == EFTF_DIRECTION_TX ? ctx->tx.rec_seq :
								   ctx->rx.rec_seq);
}

/**
 * eftf_ktls_parser_stopped - did TLS meet a record header that it cannot accept?
 * @sk: kTLS socket
 *
 * Such an error is reported once, possibly to a sender, and the record is never
 * read.
 *
 * Context: any.
 * Return: true if nothing will ever be read any more.
 */
bool eftf_ktls_parser_stopped(const struct sock *sk)
{
	return eftf_ktls_rx(sk)->strp.stopped;
}

static bool eftf_ktls_marked(const struct sock *sk)
{
	return READ_ONCE(sk->sk_err) == EBADMSG;
}

/*
 * Clears the mark EBADMSG of the socket. Lack of memory has consumed nothing:
 * without the mark all is as before. A forged record is still queued, and the
 * call that finds it sets the mark again.
 *
 * Return: false if the mark is all that is left of a real error: the parser has
 * stopped, or an asynchronous decryption has failed.
 */
static bool eftf_ktls_clear_mark(struct sock *sk)
{
	if (eftf_ktls_parser_stopped(sk) || eftf_ktls_rx(sk)->async_wait.err)
		return false;
	/* a sender inside TLS relies on the mark that it has just set */
	lock_sock(sk);
	if (sk->sk_err == EBADMSG)
		sock_error(sk);
	release_sock(sk);
	return true;
}

/* Return: as recvmsg; *type: the record's content type, 0 if TLS told none. */
static int eftf_ktls_recvmsg(struct socket *sock, struct page *page, size_t size, u8 *type)
{
	union eftf_ktls_control control = {};
	struct msghdr msg = {
		.msg_control = &control,
		.msg_controllen = sizeof(control.buf),
	};
	struct bio_vec vec = { .bv_page = page, .bv_len = size };
	int ret;

	iov_iter_bvec(&msg.msg_iter, ITER_DEST, &vec, 1, size);
	ret = sock_recvmsg(sock, &msg, MSG_DONTWAIT);
	*type = 0;
	if (control.hdr.cmsg_level == SOL_TLS && control.hdr.cmsg_type == TLS_GET_RECORD_TYPE)
		*type = *(u8 *)CMSG_DATA(&control.hdr);
	return ret;
}

/*
 * Would a read find anything, if only an error? A record that becomes ready after
 * this look is announced after it.
 */
static bool eftf_ktls_readable(struct sock *sk)
{
	return sk_is_readable(sk) || READ_ONCE(sk->sk_err) ||
	       READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN;
}

/*
 * Nothing was to be had. If that is because a foreign reader was there, TLS
 * does not wake the module when it leaves, and it may have taken the socket's error along.
 */
static void eftf_ktls_nothing(struct sock *sk, struct eftf_ktls_read *read)
{
	read->kind = EFTF_KTLS_NOTHING;
	if (eftf_ktls_rx(sk)->reader_present) {
		read->kind = EFTF_KTLS_LATER;
	} else if (eftf_ktls_readable(sk)) {
		read->kind = EFTF_KTLS_RETRY;
	} else if (eftf_ktls_parser_stopped(sk)) {
		read->kind = EFTF_KTLS_ERROR;
		read->error = -EINVAL;
	}
}

/* Is an error only a lack of memory, or the mark that one has left? */
static bool eftf_ktls_is_transient(struct sock *sk, int error)
{
	/*
	 * EBADMSG set by this very call, or a decrypted record is queued
	 * without a type: both are fatal.
	 */
	if (error == -EBADMSG &&
	    (eftf_ktls_marked(sk) || !skb_queue_empty_lockless(&eftf_ktls_rx(sk)->rx_list)))
		return false;
	return (error == -EBADMSG || error == -ENOMEM) && eftf_ktls_clear_mark(sk);
}

static void eftf_ktls_error(struct sock *sk, int error, struct eftf_ktls_read *read)
{
	if (error == -EKEYEXPIRED) {
		/* a mark would keep the key's owner from being noticed: the sender may go on */
		read->cleared = eftf_ktls_marked(sk) && eftf_ktls_clear_mark(sk);
		read->kind = read->cleared ? EFTF_KTLS_LATER : EFTF_KTLS_NEED_KEY;
	} else if (eftf_ktls_is_transient(sk, error)) {
		read->cleared = true;
		read->kind = EFTF_KTLS_LATER;
	} else {
		read->kind = EFTF_KTLS_ERROR;
		read->error = error;
	}
}

/*
 * How much to ask for: TLS decrypts a record into the reader's memory only if all
 * of it fits, so of long ones just the next. A guess: it is looked at without the
 * lock.
 */
static size_t eftf_ktls_read_size(const struct sock *sk, size_t size)
{
	const struct tls_sw_context_rx *rx = eftf_ktls_rx(sk);
	size_t record = READ_ONCE(rx->strp.stm.full_len);
	u16 overhead = tls_get_ctx(sk)->prot_info.overhead_size;

	if (record <= size / 4 + overhead || !skb_queue_empty_lockless(&rx->rx_list))
		return size;
	return min(record - overhead, size);
}

/**
 * eftf_ktls_recv - read once from a kTLS socket
 * @sock: kTLS socket, of which the caller is the module's only reader
 * @page: where to; compound if @size is more than a page
 * @size: bytes
 * @read: what was found
 *
 * The bio_vec iterator lets TLS decrypt straight into the page; see
 * eftf_ktls_expect_no_padding().
 *
 * Context: process; takes the socket's lock, does not wait for data.
 */
void eftf_ktls_recv(struct socket *sock, struct page *page, size_t size,
		    struct eftf_ktls_read *read)
{
	struct sock *sk = sock->sk;
	u8 type;
	int ret;

	*read = (struct eftf_ktls_read){};
	ret = eftf_ktls_recvmsg(sock, page, eftf_ktls_read_size(sk, size), &type);
	if (ret == -EAGAIN) {
		read->records = type;	/* only empty records were consumed */
		eftf_ktls_nothing(sk, read);
		return;
	}
	if (ret < 0) {
		eftf_ktls_error(sk, ret, read);
		return;
	}
	/* an empty record of another type returns 0 as well */
	if (!ret && !type) {
		read->kind = EFTF_KTLS_END;
		return;
	}
	read->cleared = eftf_ktls_marked(sk) && eftf_ktls_clear_mark(sk);
	read->kind = type && type != EFTF_RECORD_DATA ? EFTF_KTLS_CONTROL : EFTF_KTLS_DATA;
	read->type = type;
	read->len = ret;
	read->records = true;
	/* what waits for a foreign reader, or for a stopped parser, the next read finds out */
	read->more = eftf_ktls_readable(sk) || eftf_ktls_rx(sk)->reader_present ||
		     eftf_ktls_parser_stopped(sk);
}

/**
 * eftf_ktls_send - send application data
 * @sock: kTLS socket, of which the caller is the module's only sender
 * @vec: the data
 * @n_vecs: elements of @vec
 * @len: bytes in all
 * @skip: bytes at the beginning that an earlier call has sent
 *
 * This is the sender that encrypts: the *_locked senders and what builds on them would
 * put plaintext on the wire.
 *
 * Context: process; does not wait for room, but for the lock of a foreign sender.
 * Return: bytes accepted, more than 0, never to be sent again; or the socket's
 * negative errno. -EAGAIN: no room, the socket's wait queue tells when.
 */
int eftf_ktls_send(struct socket *sock, const struct kvec *vec, unsigned int n_vecs,
		   size_t len, size_t skip)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };

	iov_iter_kvec(&msg.msg_iter, ITER_SOURCE, vec, n_vecs, len);
	iov_iter_advance(&msg.msg_iter, skip);
	return sock_sendmsg(sock, &msg) ?: -EAGAIN;
}

/**
 * eftf_ktls_send_record - send a record that is not application data
 * @sock: kTLS socket
 * @type: content type
 * @data: plaintext of the whole record
 * @len: bytes
 *
 * Context: process; does not wait for room, but for the lock of a foreign sender.
 * Return: 0, or the socket's negative errno; -EAGAIN: not accepted, no room.
 */
int eftf_ktls_send_record(struct socket *sock, u8 type, const void *data, size_t len)
{
	union eftf_ktls_control control = {};
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL,
		.msg_control = &control,
		.msg_controllen = sizeof(control.buf),
	};
	struct kvec vec = { .iov_base = (void *)data, .iov_len = len };
	int ret;

	control.hdr.cmsg_level = SOL_TLS;
	control.hdr.cmsg_type = TLS_SET_RECORD_TYPE;
	control.hdr.cmsg_len = CMSG_LEN(sizeof(u8));
	*(u8 *)CMSG_DATA(&control.hdr) = type;

	ret = kernel_sendmsg(sock, &msg, &vec, 1, len);
	return ret < 0 ? ret : 0;
}

/**
 * eftf_ktls_send_failed - has an asynchronous encryption failed?
 * @sk: kTLS socket
 *
 * What TLS could not encrypt at once it has not accepted, and it can be sent
 * again. Of what it encrypts asynchronously nothing is known after a failure.
 *
 * Context: process, by the only sender.
 * Return: true if accepted data may be lost.
 */
bool eftf_ktls_send_failed(const struct sock *sk)
{
	const struct tls_context *ctx = tls_get_ctx(sk);

	return ctx->tx_conf == TLS_SW && tls_sw_ctx_tx(ctx)->async_wait.err;
}

/**
 * eftf_ktls_flushed - has TLS given everything to TCP?
 * @sk: kTLS socket
 *
 * A FIN before that would cut off accepted records.
 *
 * Context: process, by the only sender.
 * Return: true if TLS holds nothing back.
 */
bool eftf_ktls_flushed(const struct sock *sk)
{
	const struct tls_context *ctx = tls_get_ctx(sk);

	if (READ_ONCE(ctx->partially_sent_record))
		return false;
	return ctx->tx_conf != TLS_SW || list_empty(&tls_sw_ctx_tx(ctx)->tx_list);
}

/* Bytes of the structure that TLS wants for a cipher; 0: not one that changes keys. */
static size_t eftf_ktls_key_len(u16 cipher)
{
	switch (cipher) {
	case TLS_CIPHER_AES_GCM_128:
		return sizeof(struct tls12_crypto_info_aes_gcm_128);
	case TLS_CIPHER_AES_GCM_256:
		return sizeof(struct tls12_crypto_info_aes_gcm_256);
	case TLS_CIPHER_CHACHA20_POLY1305:
		return sizeof(struct tls12_crypto_info_chacha20_poly1305);
	default:
		return 0;
	}
}

/**
 * eftf_ktls_kernel_can_rekey - does this kernel take new keys for a connection that has some?
 *
 * Context: any.
 * Return: true if it does.
 */
bool eftf_ktls_kernel_can_rekey(void)
{
	return EFTF_COMPAT_TLS_REKEY;
}

/**
 * eftf_ktls_can_rekey - can the keys of this connection change at all?
 * @sk: kTLS socket
 *
 * The kernel must be able to, the version be TLS 1.3, and the processor, not a
 * network card, do the encryption.
 *
 * Context: any.
 * Return: true if eftf_ktls_install_key() may be used.
 */
bool eftf_ktls_can_rekey(const struct sock *sk)
{
	const struct tls_context *ctx = tls_get_ctx(sk);

	return eftf_ktls_kernel_can_rekey() && ctx->tx_conf == TLS_SW && ctx->rx_conf == TLS_SW &&
	       ctx->crypto_send.info.version == TLS_1_3_VERSION &&
	       eftf_ktls_key_len(ctx->crypto_send.info.cipher_type);
}

/**
 * eftf_ktls_key_fits - is a key one of the connection's TLS version and cipher?
 * @sk: kTLS socket
 * @key: one of the structures in union eftf_ktls_key
 * @len: bytes
 *
 * Context: any.
 * Return: true if it is.
 */
bool eftf_ktls_key_fits(const struct sock *sk, const void *key, size_t len)
{
	const struct tls_crypto_info *now = eftf_ktls_info(sk);
	struct tls_crypto_info info;

	if (!len || len != eftf_ktls_key_len(now->cipher_type))
		return false;
	memcpy(&info, key, sizeof(info));
	return info.version == now->version && info.cipher_type == now->cipher_type;
}

/**
 * eftf_ktls_install_key - change to a new key
 * @sock: kTLS socket for which eftf_ktls_can_rekey() is true
 * @direction: whose key
 * @key: the key; wiped, whatever TLS says
 *
 * Context: process, by the only sender or the only reader, between two calls of
 * send or recv.
 * Return: 0 or a negative errno of TLS.
 */
int eftf_ktls_install_key(struct socket *sock, enum eftf_direction direction,
			  union eftf_ktls_key *key)
{
	const struct proto_ops *ops = READ_ONCE(sock->ops);
	int err;

	err = ops->setsockopt(sock, SOL_TLS, direction == EFTF_DIRECTION_TX ? TLS_TX : TLS_RX,
			      KERNEL_SOCKPTR(key), eftf_ktls_key_len(key->info.cipher_type));
	memzero_explicit(key, sizeof(*key));
	return err;
}
