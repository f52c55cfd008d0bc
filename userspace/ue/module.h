/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel module as this program sees it: its netlink sockets, and whether it is there. */
#ifndef EFTF_UE_MODULE_H
#define EFTF_UE_MODULE_H

#include <stdbool.h>

#include "nl.h"

/* Starts as 0. nl owns the tunnels that are not persistent: they end with it. */
struct eftf_module {
	struct eftf_nl *nl, *events;
	struct eftf_rt *rt;
};

/*
 * Checks privilege, kernel TLS and the module, and opens the sockets that are
 * not open. Returns 0, or a negative errno with the remedy in err.
 */
int eftf_module_open(struct eftf_module *m, struct eftf_err *err);
bool eftf_module_is_open(const struct eftf_module *m);
/* The module was unloaded: its family has another number when it comes back. */
void eftf_module_lost(struct eftf_module *m);
void eftf_module_close(struct eftf_module *m);

#endif
