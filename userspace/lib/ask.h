/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The UNIX socket by which a running program is asked by its operator: one line comes
 * in, one text goes out, then it is closed. Only root and the program's own user may
 * connect. Both ends; how the program waits is its own affair.
 */
#ifndef EFTF_ASK_H
#define EFTF_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"

#define EFTF_ASK_LINE 256	/* octets of the longest request, with its end */
#define EFTF_ASK_CLIENTS 8	/* that are served at a time; more are refused */
#define EFTF_ASK_MS 10000	/* the most that one may take */

/* ---- the program that is asked ---- */

/*
 * A listening, non-blocking socket at path, for accept4(). The folder is made, as /run is
 * empty after a start; what a killed program has left there is replaced. Returns
 * a descriptor; -EADDRINUSE: another program answers there; or another negative errno.
 */
int eftf_ask_listen(const char *path, struct eftf_err *err);

struct eftf_ask {
	int fd;			/* -1: this place is free */
	char request[EFTF_ASK_LINE];
	size_t got;
	char *answer;		/* NULL: the request is not complete yet */
	size_t len, sent;
};

enum eftf_ask_next { EFTF_ASK_READ, EFTF_ASK_WRITE, EFTF_ASK_DONE };

/* A connection has come; false, and nothing is left of it, if it has gone again. */
bool eftf_ask_accept(struct eftf_ask *a, int listener);
/*
 * The client can be read or written; what is wanted next. answer: makes the text, to be
 * freed, of a request without its line end. After DONE the caller closes.
 */
enum eftf_ask_next eftf_ask_step(struct eftf_ask *a,
				 char *(*answer)(const char *request, void *arg), void *arg);
void eftf_ask_close(struct eftf_ask *a);

/* ---- who asks ---- */

/*
 * Asks at path; request: without a line end. Returns the answer, to be freed, or NULL
 * with the reason, and the remedy if program (its name) does not run, in err.
 */
char *eftf_ask(const char *path, const char *request, const char *program, struct eftf_err *err);

#endif
