/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of outer connections begin with: signals, which end an attempt, and the connector. */
#ifndef EFTF_TEST_CONNECT_SETUP_H
#define EFTF_TEST_CONNECT_SETUP_H

#include "ue/connect.h"

static struct eftf_signals sig;

/* For cmocka_run_group_tests() */
static inline int connect_setup(void **state)
{
	struct eftf_err err;

	(void)state;
	return eftf_signals_open(&sig, &err) || eftf_connect_init(&err);
}

#endif
