#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest: loads a module with a fault (tests/planted). This script always ends well: it is the kernel that has to
# complain, and tests/guest/run that has to notice. tests/check's jobs KERNEL:planted-FAULT look at its exit status.
#   EFTF_PLANTED=planted.ko tests/guest/run --kernel ... tests/guest/planted.sh use-after-free|lock-inversion|race
set -u

insmod "${EFTF_PLANTED:?the module with the fault}" fault="$1"
# a race takes a moment until it is seen, and kernel threads have to end
seconds=1
[[ $1 != race ]] || seconds=20
sleep "$seconds"
rmmod planted
exit 0
