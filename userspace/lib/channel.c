/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/tls.h>

#include "alert.h"
#include "clock.h"

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22
#define RECORD_DATA 23
#define HS_HDR_LEN 4
#define HS_NEW_SESSION_TICKET 4
#define HS_KEY_UPDATE 24
#define MAX_USELESS 16
#define MAX_TICKET 16384
#define SEND_WAIT_MS 1000

void eftf_channel_init(struct eftf_channel *ch, int fd)
{
	memset(ch, 0, offsetof(struct eftf_channel, packet));
	ch->fd = fd;
}

void eftf_channel_init_io(struct eftf_channel *ch, const struct eftf_channel_io *io, void *arg)
{
	eftf_channel_init(ch, -1);
	ch->io = io;
	ch->arg = arg;
}

static enum eftf_channel_status fail(struct eftf_err *err, const char *text)
{
	eftf_err_set(err, EPROTO, "%s", text);
	return EFTF_CHANNEL_FAILED;
}

static enum eftf_channel_status on_alert(unsigned int description, struct eftf_err *err)
{
	const char *hint = eftf_alert_hint(description);

	if (description == EFTF_ALERT_CLOSE_NOTIFY)
		return EFTF_CHANNEL_CLOSED;
	eftf_err_set(err, ECONNABORTED, "the peer sent the TLS alert %s (%u)%s%s",
		     eftf_alert_name(description), description, hint ? ": " : "",
		     hint ? hint : "");
	return EFTF_CHANNEL_FAILED;
}

/* One octet of a handshake record; messages may be cut anywhere. */
static enum eftf_channel_status on_handshake(struct eftf_channel *ch, uint8_t octet,
					     struct eftf_err *err)
{
	if (ch->ctl_left) {
		ch->ctl_left--;
		return EFTF_CHANNEL_AGAIN;
	}
	ch->ctl[ch->ctl_have++] = octet;
	if (ch->ctl[0] == HS_KEY_UPDATE)
		return fail(err, "the peer changes its TLS key before the tunnel is up");
	if (ch->ctl[0] != HS_NEW_SESSION_TICKET)
		return fail(err, "the peer sent a TLS handshake message that has no place here");
	if (ch->ctl_have == HS_HDR_LEN) {
		ch->ctl_left = (uint32_t)ch->ctl[1] << 16 | (uint32_t)ch->ctl[2] << 8 | ch->ctl[3];
		ch->ctl_have = 0;
		if (++ch->tickets > MAX_USELESS || ch->ctl_left > MAX_TICKET)
			return fail(err, "the peer sends nothing but TLS session tickets");
	}
	return EFTF_CHANNEL_AGAIN;
}

enum eftf_channel_status eftf_channel_control(struct eftf_channel *ch, uint8_t type,
					      const uint8_t *data, size_t len,
					      struct eftf_err *err)
{
	enum eftf_channel_status status;

	if (type != RECORD_ALERT && type != RECORD_HANDSHAKE)
		return fail(err, "the peer sent a TLS record of a type that has no place here");
	/* A record may not begin inside a message of another type. */
	if (type != ch->ctl_type && (ch->ctl_have || ch->ctl_left))
		return fail(err, "the peer cut a TLS message by a record of another type");
	ch->ctl_type = type;
	for (size_t i = 0; i < len; i++) {
		if (type == RECORD_HANDSHAKE) {
			status = on_handshake(ch, data[i], err);
			if (status != EFTF_CHANNEL_AGAIN)
				return status;
			continue;
		}
		ch->ctl[ch->ctl_have++] = data[i];
		if (ch->ctl_have == 2)
			return on_alert(ch->ctl[1], err);
	}
	return EFTF_CHANNEL_AGAIN;
}

static enum eftf_channel_status recv_error(int code, struct eftf_err *err)
{
	switch (code) {
	case EAGAIN:
		return EFTF_CHANNEL_AGAIN;
	case EBADMSG:
		return fail(err, "a TLS record failed its authentication");
	case EKEYEXPIRED:
		return fail(err, "the peer changes its TLS key before the tunnel is up");
	case ECONNRESET:
	case EPIPE:	/* a reset after the peer's FIN */
		return fail(err, "the peer reset the connection");
	default:
		eftf_err_set(err, code, "cannot read from the TLS socket: %s", strerror(code));
		return EFTF_CHANNEL_FAILED;
	}
}

/* Up to want octets of application data. PACKET: *got of them, 0 of an empty record. */
static enum eftf_channel_status read_socket(struct eftf_channel *ch, uint8_t *buf, size_t want,
					    size_t *got, struct eftf_err *err)
{
	union {
		char buf[CMSG_SPACE(sizeof(unsigned char))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = buf, .iov_len = want };
	struct msghdr msg;
	struct cmsghdr *cmsg;
	enum eftf_channel_status status;
	uint8_t type;
	ssize_t n;

	for (;;) {
		msg = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1,
				       .msg_control = control.buf,
				       .msg_controllen = sizeof(control.buf) };
		n = recvmsg(ch->fd, &msg, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return recv_error(errno, err);
		cmsg = CMSG_FIRSTHDR(&msg);
		type = RECORD_DATA;
		if (cmsg && cmsg->cmsg_level == SOL_TLS && cmsg->cmsg_type == TLS_GET_RECORD_TYPE)
			memcpy(&type, CMSG_DATA(cmsg), 1);
		else if (n == 0)
			return fail(err, "the peer closed the connection without close_notify");
		*got = (size_t)n;
		if (type == RECORD_DATA)
			return EFTF_CHANNEL_PACKET;
		status = eftf_channel_control(ch, type, buf, (size_t)n, err);
		if (status != EFTF_CHANNEL_AGAIN)
			return status;
	}
}

/* As read_socket(), but AGAIN for an empty record. */
static enum eftf_channel_status read_data(struct eftf_channel *ch, uint8_t *buf, size_t want,
					  size_t *got, struct eftf_err *err)
{
	enum eftf_channel_status status = ch->io ? ch->io->read(ch->arg, buf, want, got, err) :
		read_socket(ch, buf, want, got, err);

	if (status != EFTF_CHANNEL_PACKET || *got)
		return status;
	/* Empty data records are legal; a limited number is accepted. */
	return ++ch->empty > MAX_USELESS ?
		fail(err, "the peer sends nothing but empty TLS records") : EFTF_CHANNEL_AGAIN;
}

static enum eftf_channel_status read_header(struct eftf_channel *ch, struct eftf_err *err)
{
	enum eftf_channel_status status;
	size_t n;
	int payload;

	while (ch->have < FTT_IMS_HDR_LEN) {
		status = read_data(ch, ch->hdr + ch->have, FTT_IMS_HDR_LEN - ch->have, &n, err);
		if (status != EFTF_CHANNEL_PACKET)
			return status;
		ch->have += (unsigned int)n;
		/* Refuse web clients and scanners by their first octet, without waiting for more. */
		if (ch->hdr[0] != FTT_IMS_TYPE_IP && !ch->envelopes) {
			eftf_err_set(err, EPROTO,
				     "the peer does not speak FTT-IMS: its first envelope has type %u",
				     ch->hdr[0]);
			return EFTF_CHANNEL_FAILED;
		}
	}
	payload = ftt_ims_payload_len(ch->hdr);
	if (payload < 0)
		return fail(err, "the peer sent an envelope of a Length below 3: framing is lost");
	ch->left = (size_t)payload;
	ch->got = 0;
	return EFTF_CHANNEL_PACKET;
}

/* Payload that is of use is kept, the rest is read over packet[] and forgotten. */
static enum eftf_channel_status read_payload(struct eftf_channel *ch, bool keep,
					     struct eftf_err *err)
{
	enum eftf_channel_status status;
	size_t n, want;

	while (ch->left) {
		want = ch->left;
		if (!keep && want > sizeof(ch->packet))
			want = sizeof(ch->packet);
		status = read_data(ch, ch->packet + (keep ? ch->got : 0), want, &n, err);
		if (status != EFTF_CHANNEL_PACKET)
			return status;
		ch->left -= n;
		ch->got += n;
	}
	return EFTF_CHANNEL_PACKET;
}

enum eftf_channel_status eftf_channel_recv(struct eftf_channel *ch, const uint8_t **packet,
					   size_t *len, struct eftf_err *err)
{
	enum eftf_channel_status status;
	bool keep;

	for (;;) {
		if (ch->have < FTT_IMS_HDR_LEN) {
			status = read_header(ch, err);
			if (status != EFTF_CHANNEL_PACKET)
				return status;
		}
		keep = ch->hdr[0] == FTT_IMS_TYPE_IP &&
			ftt_ims_payload_len(ch->hdr) <= EFTF_CHANNEL_MAX_PACKET;
		status = read_payload(ch, keep, err);
		if (status != EFTF_CHANNEL_PACKET)
			return status;
		ch->have = 0;
		ch->envelopes++;
		if (keep && ftt_ims_check_ip(ch->packet, ch->got) > 0) {
			*packet = ch->packet;
			*len = ch->got;
			return EFTF_CHANNEL_PACKET;
		}
		if (++ch->skipped > MAX_USELESS)
			return fail(err, "the peer sent too many envelopes that are of no use");
	}
}

/* Returns 0 when the socket takes octets again, or a negative errno. */
static int wait_room(int fd, uint64_t deadline, struct eftf_err *err)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	int left = eftf_ms_left(deadline), n = left ? poll(&pfd, 1, left) : 0;

	if (n == 0)
		return eftf_err_set(err, ETIMEDOUT, "the peer takes no more octets");
	if (n < 0 && errno != EINTR)
		return eftf_err_set(err, errno, "cannot wait for the TLS socket: %s",
				    strerror(errno));
	return 0;
}

int eftf_channel_send(struct eftf_channel *ch, const uint8_t *packet, size_t len,
		      struct eftf_err *err)
{
	uint8_t buf[FTT_IMS_HDR_LEN + EFTF_CHANNEL_MAX_PACKET];
	size_t total = len + FTT_IMS_HDR_LEN, done = 0;
	uint64_t deadline = eftf_now_ms() + SEND_WAIT_MS;
	ssize_t n;
	int ret;

	if (!len || len > EFTF_CHANNEL_MAX_PACKET)
		return eftf_err_set(err, EMSGSIZE, "a packet of %zu octets cannot be sent here", len);
	/* One buffer, one send: one TLS record for the whole envelope. */
	ftt_ims_put_header(buf, FTT_IMS_TYPE_IP, len);
	memcpy(buf + FTT_IMS_HDR_LEN, packet, len);
	if (ch->io)
		return ch->io->write(ch->arg, buf, total, err);
	while (done < total) {
		n = send(ch->fd, buf + done, total - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0) {
			done += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == ECONNRESET || errno == EPIPE)
			return eftf_err_set(err, errno, "the peer reset the connection");
		if (errno != EAGAIN)
			return eftf_err_set(err, errno, "cannot write to the TLS socket: %s",
					    strerror(errno));
		ret = wait_room(ch->fd, deadline, err);
		if (ret)
			return ret;
	}
	return 0;
}

static void send_alert(int fd, uint8_t level, uint8_t description)
{
	union {
		char buf[CMSG_SPACE(sizeof(unsigned char))];
		struct cmsghdr align;
	} control = { .buf = { 0 } };
	uint8_t alert[2] = { level, description };
	struct iovec iov = { .iov_base = alert, .iov_len = sizeof(alert) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_TLS;
	cmsg->cmsg_type = TLS_SET_RECORD_TYPE;
	cmsg->cmsg_len = CMSG_LEN(sizeof(unsigned char));
	*CMSG_DATA(cmsg) = RECORD_ALERT;
	/* Best effort: the connection ends anyway. */
	if (sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

void eftf_channel_close_notify(int fd)
{
	send_alert(fd, EFTF_ALERT_WARNING, EFTF_ALERT_CLOSE_NOTIFY);
}
