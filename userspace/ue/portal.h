/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is it a captive portal that answers in the place of the EFTF? One that wants a login leads
 * HTTP elsewhere (RFC 8952 2.3; RFC 6585 clause 6).
 */
#ifndef EFTF_UE_PORTAL_H
#define EFTF_UE_PORTAL_H

#include <stdbool.h>
#include <sys/socket.h>

#include "signals.h"

#define EFTF_PORTAL_WHERE 128

/*
 * Does this answer to a request to host come from a portal? where: to which page it leads,
 * printable; "" if it does not say. No I/O.
 */
bool eftf_portal_answer(const char *answer, const char *host, char where[EFTF_PORTAL_WHERE]);
/*
 * Asks at port 80 of peer for a page of host, by link if that is not NULL, and waits some
 * seconds for what eftf_portal_answer() says of it. No answer: false.
 */
bool eftf_portal_ask(const struct sockaddr_storage *peer, const char *host, const char *link,
		     struct eftf_signals *sig, char where[EFTF_PORTAL_WHERE]);

#endif
