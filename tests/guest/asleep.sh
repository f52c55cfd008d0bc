# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A machine that sleeps, as a program sees it (tests/lib/asleep.c), and its clock. Source lib.sh first.
#   "${may_sleep[@]}" COMMAND...     the command finds out about it
#   sleeps SECONDS                   the machine has slept for so long
#   clock_moves SECONDS              its clock is set forward by so much, or back
asleep_file=$(mktemp) slept=0
may_sleep=(env "LD_PRELOAD=$tools/asleep.so" "ASLEEP=$asleep_file")
printf %020d 0 >"$asleep_file"

clock_moves() { date -s "@$(($(date +%s) + $1))" >/dev/null; }

sleeps() {
	slept=$((slept + $1))
	printf %020d "$slept" 1<>"$asleep_file"
	clock_moves "$1"
}
