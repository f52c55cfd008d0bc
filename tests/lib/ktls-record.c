// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends or receives single TLS records of any type on an inherited kernel TLS
 * socket: alerts, handshake messages, data.
 *
 *   ktls-record send "$B" 21 0100        close_notify
 *   ktls-record recv "$B" 2000           prints "TYPE HEX", waits at most 2000 ms
 *
 * Exit status: 0; 1 on an error; 2 on wrong usage; 3 at the end of the stream;
 * 4 if nothing came in time.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/tls.h>

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

#define MAX_RECORD 16384

static bool number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	return !errno && text[0] >= '0' && text[0] <= '9' && !*end && *value <= max;
}

static int usage(void)
{
	fputs("usage: ktls-record send FD TYPE HEX | ktls-record recv FD MILLISECONDS\n", stderr);
	return 2;
}

/* Octets written, -1 if text is no hexadecimal string that fits. */
static long unhex(const char *text, uint8_t *out, size_t size)
{
	size_t len = strlen(text), i;
	unsigned int octet;

	if (len % 2 || len / 2 > size || strspn(text, "0123456789abcdefABCDEF") != len)
		return -1;
	for (i = 0; i < len / 2; i++) {
		if (sscanf(text + 2 * i, "%2x", &octet) != 1)
			return -1;
		out[i] = (uint8_t)octet;
	}
	return (long)(len / 2);
}

static int do_send(int fd, uint8_t type, const char *hex)
{
	static uint8_t data[MAX_RECORD];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(1)] = {0};
	long len = unhex(hex, data, sizeof(data));
	struct iovec iov = {.iov_base = data, .iov_len = (size_t)len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	if (len < 0)
		return usage();
	c->cmsg_level = SOL_TLS;
	c->cmsg_type = TLS_SET_RECORD_TYPE;
	c->cmsg_len = CMSG_LEN(1);
	*CMSG_DATA(c) = type;
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) != len) {
		fprintf(stderr, "ktls-record: send: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}

static int do_recv(int fd, int limit)
{
	static uint8_t data[MAX_RECORD];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(1)] = {0};
	struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct cmsghdr *c;
	ssize_t len, i;

	if (poll(&p, 1, limit) == 0)
		return 4;
	len = recvmsg(fd, &msg, MSG_DONTWAIT);
	if (len < 0) {
		fprintf(stderr, "ktls-record: recv: %s\n", strerror(errno));
		return 1;
	}
	c = CMSG_FIRSTHDR(&msg);
	if (!c || c->cmsg_level != SOL_TLS || c->cmsg_type != TLS_GET_RECORD_TYPE)
		return len ? 1 : 3;
	printf("%u ", *CMSG_DATA(c));
	for (i = 0; i < len; i++)
		printf("%02x", data[i]);
	putchar('\n');
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	unsigned long fd, value;

	if (argc < 4 || !number(argv[2], INT32_MAX, &fd) || !number(argv[3], INT32_MAX, &value))
		return usage();
	if (argc == 5 && !strcmp(argv[1], "send") && value <= 255)
		return do_send((int)fd, (uint8_t)value, argv[4]);
	if (argc == 4 && !strcmp(argv[1], "recv"))
		return do_recv((int)fd, (int)value);
	return usage();
}
