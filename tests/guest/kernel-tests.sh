#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The programs of tests/kernel, one after the other, in the guest; or only those that are named, here or in EFTF_ONLY.
# EFTF_PART=2/3: only every third, from the second on. test_patience has its own scenario.
#   tests/guest/run --modules ... tests/guest/kernel-tests.sh [attach stream ...]
set -u

# shellcheck source=tests/guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tests=${EFTF_KERNEL_TESTS:?the folder of the test programs}
names=("$@")
[[ ${#names[@]} -gt 0 ]] || read -ra names <<<"${EFTF_ONLY:-}"
if [[ ${#names[@]} -eq 0 ]]; then
	part=${EFTF_PART:-1/1} n=0
	for program in "$tests"/test_*; do
		[[ -x $program && $program != *.[od] && $program != */test_patience ]] || continue
		((n++ % ${part#*/} + 1 != ${part%/*})) || names+=("${program##*/test_}")
	done
fi

# those that mostly wait: they do it side by side, before the others, which do not
patient=' keepalive silence unfinished '

# run NAME: its words go to a file; the exit status is its own
run() { timeout "${EFTF_PATIENCE:-300}" "$tests/test_$1" >"$EFTF_RESULTS/$1.log" 2>&1; }

# verdict NAME STATUS: a line for each of its tests
verdict() {
	local name=$1 status=$2 why='' failed=0 line

	while IFS= read -r line; do
		case $line in
		'[       OK ]'*) ok "$name: ${line##*] }" ;;
		'[  FAILED  ]'*) not_ok "$name: ${line##*] }" "every assertion to hold" "$why"; failed=$((failed + 1)) ;;
		'[  ERROR   ] '[a-z]*)	# what comes before and after a test belongs to it
			not_ok "$name: ${line##*] }" "to be set up, and to leave nothing behind" "$why"; failed=$((failed + 1)) ;;
		'[  SKIPPED ]'*) skip "$name" "${line#*] }" ;;
		'[ RUN      ]'*) why= ;;
		'ERROR: '* | seen:* | slab*) why+="${line#ERROR: }; " ;;
		'[  ERROR   ]'*) why+="${line##*--- }; " ;;
		'[==========]'*'run.') break ;;			# what follows repeats the failures
		esac
	done <"$EFTF_RESULTS/$name.log"
	# a program that ends well returns the number of its failures
	((status == failed)) || not_ok "$name runs to its end" "exit status 0" \
		"$status in $(grep -F '[ RUN ' "$EFTF_RESULTS/$name.log" | tail -n 1): $why"
}

waiting=() others=()
for name in "${names[@]}"; do
	if [[ $patient == *" $name "* ]]; then waiting+=("$name"); else others+=("$name"); fi
done
declare -A pids=()
[[ ${#waiting[@]} -eq 0 ]] || say "${waiting[*]}"
for name in "${waiting[@]}"; do
	run "$name" &
	pids[$name]=$!
done
for name in "${waiting[@]}"; do
	wait "${pids[$name]}"
	verdict "$name" $?
done
for name in "${others[@]}"; do
	say "$name"
	run "$name"
	verdict "$name" $?
done

say "the module goes"
check "rmmod with whatever the tests left" rmmod eftf
finish
