#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module under random input, in the guest: EFTF_FUZZ_SECONDS (20) for each fuzzer of tests/kernel,
# or only those that are named; EFTF_FUZZ_SEED repeats a run.
#   EFTF_KERNEL_TESTS=... tests/guest/run --modules ... tests/guest/scenario-fuzz.sh [netlink stream churn]
set -u

# shellcheck source=tests/guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

programs=${EFTF_KERNEL_TESTS:?the folder of the test programs}
seconds=${EFTF_FUZZ_SECONDS:-20}
seed=${EFTF_FUZZ_SEED:-0}
names=("$@")
[[ ${#names[@]} -gt 0 ]] || names=(netlink stream churn)

# A hang inside a system call cannot be ended by a signal: it is told from outside.
fuzz() {
	local name=$1 log=$EFTF_RESULTS/fuzz-$1.log status
	spawn "fuzz-$name" "$programs/fuzz_$name" "$seed" "$seconds"
	if ! wait_for $((seconds + 330)) "! alive fuzz-$name" ''; then
		not_ok "fuzz $name comes to its end" "an end within $((seconds + 330)) s" \
			"it hangs: $(cat "/proc/$(pid_of "fuzz-$name")/stack" 2>/dev/null; tail -n 5 "$log")"
		stop "fuzz-$name" KILL
		return
	fi
	stop "fuzz-$name"
	status=$?
	if [[ $status -eq 0 ]]; then
		ok "fuzz $name: $(grep -E '^seed |rounds, ' "$log" | paste -sd' ')"
	else
		not_ok "fuzz $name" "$seconds s and nothing wrong" \
			"status $status: $(grep -E '^(seed |did: |ERROR: |to see it again: )|--- |  FAILED  ' "$log" |
				tail -n 70)"
	fi
}

for name in "${names[@]}"; do
	fuzz "$name"
done
check "rmmod with whatever the fuzzers left" rmmod eftf
finish
