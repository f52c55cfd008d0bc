/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an operator is told and may ask for: counters, tunnels, the end of a
 * tunnel. Answers are text in memory; how they travel is status_socket.c's and
 * metrics.c's affair.
 */
#ifndef EFTF_GW_STATUS_H
#define EFTF_GW_STATUS_H

#include "gw.h"

/*
 * One request: "status", "tunnels", "drain SECONDS", or "kick WHO", which is an
 * inner or outer address or an identity. Returns JSON, also for what is wrong with it, as
 * {"error": ...}; freed by the caller; NULL: no memory. now: of sessions' clock.
 */
char *eftf_status_answer(struct eftf_gw *gw, const char *request, double now);
/* "ready" or "draining" */
const char *eftf_status_word(const struct eftf_gw *gw);
/* The counters in the text format of Prometheus; freed by the caller; NULL: no memory. */
char *eftf_status_metrics(const struct eftf_gw *gw, double now);

/* status_socket.c: answers at the UNIX socket of the configuration. */
int eftf_status_open(struct eftf_gw *gw, struct eftf_err *err);
void eftf_status_close(struct eftf_gw *gw);

/* status_cli.c: "eftf-gw status", "eftf-gw kick" and "eftf-gw drain"; argv[0] is that word. Returns an exit status. */
bool eftf_status_cli_knows(const char *word);
int eftf_status_cli(int argc, char **argv);

#endif
