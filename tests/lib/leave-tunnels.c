// SPDX-License-Identifier: GPL-2.0-or-later
/* libs: -I../../userspace -I../../userspace/lib -I../../include -I../../include/uapi ../../userspace/gw/state.c ../../userspace/gw/ranges.c ../../userspace/gw/siphash.c ../../userspace/lib/file.c ../../userspace/lib/err.c ../../userspace/lib/nl_*.c -lmnl */
/*
 * What a gateway with many tunnels leaves behind when it is killed: persistent tunnels of a device, and whose they are.
 *
 *   ktls-pair --pairs N -- leave-tunnels DEVICE STATE_FILE     pool 10.64.0.0/16
 *
 * Prints "left N" and stays as all the UEs, until it is ended.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gw/state.h"
#include "nl.h"

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "leave-tunnels: %s: %s\n", what, why);
	exit(2);
}

static void leave(struct eftf_nl *nl, struct eftf_state *st, uint32_t ifindex, unsigned int i, int fd)
{
	struct eftf_tunnel_spec spec = { .ifindex = ifindex, .fd = fd, .has_inner4 = true, .persistent = true };
	struct eftf_state_lease l;
	struct timespec now;
	struct eftf_err err;

	memset(&l, 0, sizeof(l));
	spec.inner4.s_addr = l.inner.s_addr = htonl(0x0a400002 + i);
	if (eftf_nl_tunnel_new(nl, &spec, &l.tunnel, &err))
		die("tunnel", err.text);
	clock_gettime(CLOCK_BOOTTIME, &now);
	l.since = (double)now.tv_sec;
	/* a source has 60 of them */
	((struct sockaddr_in *)&l.outer)->sin_family = AF_INET;
	((struct sockaddr_in *)&l.outer)->sin_addr.s_addr = htonl(0xc6120000 + i / 60);
	memcpy(l.lease.id, &i, sizeof(i));
	l.lease.epoch = l.lease.oldest_epoch = 1;
	l.lease.proven = l.lease.has_cert = true;
	memcpy(l.lease.cert, &i, sizeof(i));
	snprintf(l.identity, sizeof(l.identity), "id:phone-%u", i);
	if (eftf_state_put(st, &l))
		die("state file", strerror(errno));
}

int main(int argc, char **argv)
{
	char *fds = getenv("B"), *fd;
	struct eftf_ranges ranges;
	struct eftf_state *st;
	struct eftf_err err;
	struct eftf_nl *nl;
	unsigned int n = 0;

	if (argc != 3 || !fds) {
		fprintf(stderr, "usage: ktls-pair --pairs N -- leave-tunnels DEVICE STATE_FILE\n");
		return 2;
	}
	memset(&ranges, 0, sizeof(ranges));
	eftf_ranges_add(&ranges, (struct in_addr){ htonl(0x0a400000) }, 16);
	if (eftf_state_open(&st, argv[2], &ranges, &err) || eftf_nl_open(&nl, &err))
		die(argv[1], err.text);
	eftf_state_set_made_device(st, true);
	for (fd = strtok(fds, " "); fd; fd = strtok(NULL, " ")) {
		leave(nl, st, if_nametoindex(argv[1]), n++, atoi(fd));
		close(atoi(fd));
	}
	eftf_nl_close(nl);
	eftf_state_close(st, false);
	printf("left %u\n", n);
	fflush(stdout);
	pause();
	return 0;
}
