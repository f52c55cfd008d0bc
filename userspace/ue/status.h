/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What "eftf-ue status" and the service manager are told. */
#ifndef EFTF_UE_STATUS_H
#define EFTF_UE_STATUS_H

#include <net/if.h>
#include <poll.h>
#include <stdint.h>

#include "ask.h"

struct eftf_ue;

/* What the program is at while there is no tunnel. */
enum eftf_doing {
	EFTF_DOING_START,
	EFTF_DOING_PROBES,
	EFTF_DOING_CONNECT,
	EFTF_DOING_PAUSE,	/* until next_at */
	EFTF_DOING_DIRECT,	/* no tunnel is needed; looks again at next_at */
	EFTF_DOING_OFF,
	EFTF_DOING_STOP,
};

#define EFTF_STATUS_FDS (1 + EFTF_ASK_CLIENTS)
#define EFTF_STATUS_LINE_TEXT 160

/* Starts as { .listener = -1 }. */
struct eftf_status {
	int listener;			/* -1: nothing can be asked */
	char path[108];
	struct {
		struct eftf_ask ask;
		enum eftf_ask_next next;
		uint64_t until;		/* ms; 0: this place is free */
	} client[EFTF_ASK_CLIENTS];
	enum eftf_doing doing;
	uint64_t next_at;		/* ms: of the next attempt; PAUSE and DIRECT */
	uint64_t judged_at;		/* ms: of the verdict; 0: there was none yet */
	uint64_t watchdog_ms, watchdog_at;	/* the service manager's; 0: none */
	char told[EFTF_STATUS_LINE_TEXT];	/* to the service manager */
};

/* ---- status_text.c ---- */

/* The text of a request, "status json" or "status text"; to be freed; NULL: no memory. */
char *eftf_status_answer(const char *request, struct eftf_ue *ue);
/* One line: what it is at. */
void eftf_status_line(const struct eftf_ue *ue, char out[EFTF_STATUS_LINE_TEXT]);

/* ---- status_socket.c ---- */

/* Where the eftf-ue of a device of this network namespace answers. */
void eftf_status_path(char out[108], const char *device);
/* Opens it; if that fails it is logged, and nothing can be asked. Takes the service manager's wishes. */
void eftf_status_open(struct eftf_ue *ue);
void eftf_status_close(struct eftf_ue *ue);
/* For poll(): EFTF_STATUS_FDS entries; when eftf_status_step() wants to be called at the latest. */
void eftf_status_fds(const struct eftf_ue *ue, struct pollfd *pfd);
uint64_t eftf_status_due(const struct eftf_ue *ue);
/* Answers, and tells the service manager what is new. Never blocks. */
void eftf_status_step(struct eftf_ue *ue);
/* "eftf-ue status"; argv[0] is that word. Returns an exit status. */
int eftf_status_cli(int argc, char **argv);

#endif
