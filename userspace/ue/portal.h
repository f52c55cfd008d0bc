/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is it a captive portal that answers in the place of the EFTF? One that wants a login leads
 * HTTP elsewhere (RFC 8952 2.3; RFC 6585 clause 6).
 */
#ifndef EFTF_UE_PORTAL_H
#define EFTF_UE_PORTAL_H

#include <stdbool.h>

#include "err.h"
#include "signals.h"

#define EFTF_PORTAL_WHERE 128
#define EFTF_PORTAL_PORT 80
/* The longest that eftf_portal_ask() takes. */
#define EFTF_PORTAL_MS 6000

/*
 * Does this answer to a request to host come from a portal? where: to which page it leads,
 * printable; "" if it does not say. No I/O.
 */
bool eftf_portal_answer(const char *answer, const char *host, char where[EFTF_PORTAL_WHERE]);
/*
 * Asks at this name or address, and port, for a page of host, by link if that is not NULL, and
 * waits some seconds for what eftf_portal_answer() says of it. No answer: false.
 */
bool eftf_portal_ask(const char *at, unsigned int port, const char *host, const char *link,
		     struct eftf_signals *sig, char where[EFTF_PORTAL_WHERE]);

/* Sets err for a person: host is answered for by a portal (NULL: nothing gets out), and where to log in. Returns -EACCES. */
int eftf_portal_explain(struct eftf_err *err, const char *host, const char *where);

#endif
