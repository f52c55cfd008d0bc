/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that owns a tunnel: the tunnel goes with it, unless it is persistent. */
#ifndef OWNER_H
#define OWNER_H

#include <stdint.h>
#include <sys/types.h>

#include "nl.h"

/*
 * Starts a process that makes the tunnel by a netlink socket of its own and
 * keeps nothing but that. *id: the tunnel's, 0 if it could not be made. The
 * caller ends the process, and closes spec->fd.
 */
pid_t owner_start(const struct eftf_tunnel_spec *spec, uint32_t *id);

#endif
