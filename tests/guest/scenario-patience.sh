#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tunnels through minutes of silence and suspension (tests/kernel/test_patience.c). By itself, as it takes
# 150 seconds whatever the kernel.
exec "$(dirname "$0")/kernel-tests.sh" patience
