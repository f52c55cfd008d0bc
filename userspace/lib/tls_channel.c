/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls_priv.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <wolfssl/error-ssl.h>

#include "alert.h"
#include "tls_channel.h"

#define MAX_RECORDS 1024		/* between handshake and lease, of which a UE needs a few */

static enum eftf_channel_status failed(struct eftf_tls *tls, int code, struct eftf_err *err)
{
	WOLFSSL_ALERT_HISTORY h = { { -1, -1 }, { -1, -1 } };

	if (tls->io_errno)
		eftf_err_set(err, tls->io_errno, "the connection broke: %s",
			     strerror(tls->io_errno));
	else if (tls->closed)
		eftf_err_set(err, EPROTO, "the peer closed the connection without close_notify");
	else if (code == FATAL_ERROR && wolfSSL_get_alert_history(tls->ssl, &h) == WOLFSSL_SUCCESS &&
		 h.last_rx.code >= 0)
		eftf_err_set(err, ECONNABORTED, "the peer sent the TLS alert %s (%d)",
			     eftf_alert_name((unsigned int)h.last_rx.code), h.last_rx.code);
	else
		eftf_err_set(err, EPROTO, "what the peer sent is no good TLS: %s (%d)",
			     wolfSSL_ERR_reason_error_string((unsigned long)code), code);
	return EFTF_CHANNEL_FAILED;
}

void eftf_tls_begin_turn(struct eftf_tls *tls, unsigned int records)
{
	tls->rx.turn_ends = tls->rx.n + records;
}

bool eftf_tls_turn_over(struct eftf_tls *tls)
{
	return tls->rx.n >= tls->rx.turn_ends && eftf_tls_drained(tls);
}

/* At most one record more is read from the socket. */
static enum eftf_channel_status read_record(void *arg, uint8_t *buf, size_t want, size_t *got,
					    struct eftf_err *err)
{
	struct eftf_tls *tls = arg;
	unsigned int before = tls->rx.n;
	int n, code;

	if (eftf_tls_turn_over(tls)) {
		*got = 0;
		return EFTF_CHANNEL_AGAIN;
	}
	if (before > MAX_RECORDS) {
		eftf_err_set(err, EPROTO, "the peer sent too many TLS records");
		return EFTF_CHANNEL_FAILED;
	}
	tls->may_begin = !tls->rx.have;
	n = wolfSSL_read(tls->ssl, buf, (int)want);
	tls->may_begin = false;
	if (n > 0) {
		*got = (size_t)n;
		return EFTF_CHANNEL_PACKET;
	}
	code = wolfSSL_get_error(tls->ssl, n);
	if (code == WOLFSSL_ERROR_ZERO_RETURN)
		return EFTF_CHANNEL_CLOSED;
	if (code != WOLFSSL_ERROR_WANT_READ)
		return failed(tls, code, err);
	*got = 0;			/* of a record without data, if it was a record */
	return tls->rx.n != before ? EFTF_CHANNEL_PACKET : EFTF_CHANNEL_AGAIN;
}

static int write_record(void *arg, const uint8_t *data, size_t len, struct eftf_err *err)
{
	struct eftf_tls *tls = arg;

	if (wolfSSL_write(tls->ssl, data, (int)len) == (int)len)
		return 0;
	/* A fresh connection has room for all answers that it may ask for. */
	if (tls->want_write)
		return eftf_err_set(err, ETIMEDOUT, "the peer takes no more octets");
	return eftf_err_set(err, EPIPE, "cannot write to the TLS connection: %s",
			    tls->io_errno ? strerror(tls->io_errno) : "wolfSSL refuses");
}

void eftf_tls_channel(struct eftf_channel *ch, struct eftf_tls *tls)
{
	static const struct eftf_channel_io io = { read_record, write_record };

	tls->rx.n = 0;
	eftf_tls_begin_turn(tls, UINT_MAX);
	eftf_channel_init_io(ch, &io, tls);
}

bool eftf_tls_drained(struct eftf_tls *tls)
{
	return !tls->rx.have && wolfSSL_pending(tls->ssl) <= 0;
}

void eftf_tls_close_notify(struct eftf_tls *tls)
{
	if (!tls->dead && tls->one_by_one)
		wolfSSL_shutdown(tls->ssl);
}
