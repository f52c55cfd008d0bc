/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EFTF_PATH_H
#define EFTF_PATH_H

#include <linux/types.h>

struct eftf_transport;

void eftf_path_sent(struct eftf_transport *tp);
bool eftf_path_check(struct eftf_transport *tp, unsigned long *next);
void eftf_path_apply(struct eftf_transport *tp);

#endif
