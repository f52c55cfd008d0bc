/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DHCP client identifier of this UE (RFC 4361): the same after a restart. */
#ifndef EFTF_UE_CLIENT_ID_H
#define EFTF_UE_CLIENT_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dhcp4.h"
#include "err.h"

/*
 * configured: what the configuration says, or NULL. machine_id: path of a
 * file as /etc/machine-id; only a hash of it, mixed with the device's name,
 * is ever sent. own_id: path of a file of the same form in its place, which is
 * made, with its folder, where there is no such thing. If that cannot be, the
 * identifier is random: *stable = false.
 * Returns the octets written to out (EFTF_DHCP4_CLIENT_ID_MAX), or a
 * negative errno.
 */
int eftf_client_id(uint8_t *out, const char *configured, const char *machine_id,
		   const char *own_id, const char *device, uint32_t enterprise, bool *stable, struct eftf_err *err);

#endif
