#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ten thousand tunnels at the same time (tests/kernel/test_many.c).
EFTF_MANY=10000 exec "$(dirname "$0")/kernel-tests.sh" many
