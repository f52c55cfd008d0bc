/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tap: sees every octet that the module's ends of the connections put on
 * the wire (loopback), and knows whether it belongs to a TLS record.
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdint.h>

struct tap;

/* Starts listening in the caller's network namespace. */
struct tap *tap_start(void);
/* Octets from this TCP port are the module's. */
void tap_watch(struct tap *tap, uint16_t port);
/*
 * Stops. False, and a line on stderr, if anything but TLS records was seen or
 * packets were missed; which may_miss allows.
 */
bool tap_stop(struct tap *tap, bool may_miss);

#endif
