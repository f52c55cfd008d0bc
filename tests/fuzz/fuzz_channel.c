// SPDX-License-Identifier: GPL-2.0-or-later
/* needs: lib/channel.c lib/alert.c lib/err.c */
/* Envelopes read one at a time from a socket, and TLS control messages, cut anywhere. */
#include "fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"

/* Reads until nothing more is there. Returns false when the channel has ended. */
static bool drain(struct eftf_channel *ch)
{
	enum eftf_channel_status status;
	struct eftf_err err = {""};
	const uint8_t *packet;
	size_t len;

	for (int turns = 0; turns < 100000; turns++) {
		unsigned int before = ch->envelopes;

		packet = NULL;
		len = 0;
		status = eftf_channel_recv(ch, &packet, &len, &err);
		must(ch->have <= FTT_IMS_HDR_LEN && ch->ctl_have <= sizeof(ch->ctl));
		if (status == EFTF_CHANNEL_AGAIN)
			return true;
		if (status != EFTF_CHANNEL_PACKET) {
			must(status == EFTF_CHANNEL_CLOSED || err.text[0]);
			return false;
		}
		must(ch->envelopes > before);
		must(packet == ch->packet && len <= sizeof(ch->packet));
		must(ftt_ims_check_ip(packet, len) > 0);
	}
	must(!"the channel comes to rest");
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = {data, size};
	struct eftf_err err = {""};
	struct eftf_channel *ch = malloc(sizeof(*ch));
	bool alive = true;
	int fd[2];

	must(ch && !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd));
	eftf_channel_init(ch, fd[0]);
	while (alive && in.left) {
		uint8_t how = fuzz_u8(&in), *block;
		size_t len;

		block = fuzz_block(&in, 8192, &len);
		if (how & 1) {
			must(!len || send(fd[1], block, len, MSG_DONTWAIT) == (ssize_t)len);
			alive = drain(ch);
		} else {
			alive = eftf_channel_control(ch, how & 2 ? 22 : how & 4 ? 21 : how >> 3,
						     block, len, &err) == EFTF_CHANNEL_AGAIN;
		}
		must(ch->skipped <= ch->envelopes);
		free(block);
	}
	if (alive) {
		shutdown(fd[1], SHUT_WR);
		must(!drain(ch));
	}
	close(fd[0]);
	close(fd[1]);
	free(ch);
	return 0;
}
