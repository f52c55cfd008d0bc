/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters for Prometheus: a file for node_exporter, an HTTP listener on loopback. */
#ifndef EFTF_GW_METRICS_H
#define EFTF_GW_METRICS_H

#include "gw.h"

/* Both as the configuration says, or none. Ends with _close, also after a failure. */
int eftf_metrics_open(struct eftf_gw *gw, struct eftf_err *err);
void eftf_metrics_close(struct eftf_gw *gw);

#endif
