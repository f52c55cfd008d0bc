#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module in a kernel that looks for data races (KCSAN), with whatever makes its parts meet: both directions
# under load, swaps, commands, ends. The host takes a report of a race for a complaint of the kernel.
# EFTF_RACES_SECONDS (150) for the fuzzers, then the programs of tests/kernel that are about races.
#   make check-races
set -u

# shellcheck source=tests/guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

programs=${EFTF_KERNEL_TESTS:?the folder of the test programs}
seconds=${EFTF_RACES_SECONDS:-150}
kcsan=/sys/kernel/debug/kcsan

say "tunnels come and go, a peer and commands at random"
spawn churn "$programs/fuzz_churn" 0 "$seconds"
spawn stream "$programs/fuzz_stream" 0 "$seconds"
spawn netlink "$programs/fuzz_netlink" 0 "$seconds"
for name in churn stream netlink; do
	check "fuzz_$name comes to its end" wait_for $((seconds + 330)) "! alive $name" ''
	stop "$name"
	check_is "... its exit status" 0 $?
done

# Hundreds of tunnels whose peers do not read have a timer each: watched as closely as a few, they would do nothing
# but wait for each other.
sparsely() {
	local skip=/sys/module/kcsan/parameters/skip_watch usual status

	read -r usual <"$skip" && echo $((usual * 50)) >"$skip" || return
	"$@"
	status=$?
	echo "$usual" >"$skip"
	return "$status"
}
for name in swap rekey race_attach race_ends stream order rounds; do
	say "$name"
	check "test_$name" timeout "${EFTF_PATIENCE:-300}" "$programs/test_$name"
done
say many
check "test_many" sparsely timeout "${EFTF_PATIENCE:-300}" "$programs/test_many"
watched=$(awk '$1 == "setup_watchpoints:" { print $2 }' "$kcsan")
check_range "accesses of the module that KCSAN has watched" 10000 1000000000 "$watched"
check "rmmod" rmmod eftf
finish
