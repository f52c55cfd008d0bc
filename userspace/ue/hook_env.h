/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The environment of the hook: variables of our own, and those that vpnc-script reads. No I/O. */
#ifndef EFTF_UE_HOOK_ENV_H
#define EFTF_UE_HOOK_ENV_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "dhcp4.h"
#include "offer6.h"
#include "routes.h"

enum eftf_hook_reason { EFTF_HOOK_UP, EFTF_HOOK_RENEW, EFTF_HOOK_DOWN };

struct eftf_hook_info {
	const char *device;
	const struct eftf_lease4 *lease;
	const struct eftf_routes *routes;	/* into the tunnel */
	const struct eftf_six *six;		/* the same of IPv6; NULL: nothing */
	const struct eftf_routes6 *routes6;
	const struct sockaddr_storage *peer;	/* outer: the EFTF, or the proxy */
	uint8_t plen;				/* of the address on the device */
	unsigned int mtu;			/* octets */
	unsigned int keepalive;			/* s */
	long pid;				/* of eftf-ue */
};

/* "up", "renew", "down" */
const char *eftf_hook_reason_name(enum eftf_hook_reason reason);
/*
 * What a run is told but for its reason: "NAME=value" one after the other, each with
 * its NUL; *size octets in all. To be freed. NULL: no memory.
 */
char *eftf_hook_facts(const struct eftf_hook_info *info, size_t *size);
/*
 * For execve(): reason, facts and the PATH of this process, and nothing else. It points
 * into facts, and is never freed: the process is to become another. NULL: no memory.
 */
char **eftf_hook_env(enum eftf_hook_reason reason, char *facts, size_t size);

#endif
