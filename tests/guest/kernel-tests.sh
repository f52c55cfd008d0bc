#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The programs of tests/kernel, one after the other, in the guest; or only those that are named.
#   tests/guest/run --modules ... tests/guest/kernel-tests.sh [attach stream ...]
set -u

# shellcheck source=tests/guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tests=${EFTF_KERNEL_TESTS:?the folder of the test programs}
names=("$@")
if [[ ${#names[@]} -eq 0 ]]; then
	for program in "$tests"/test_*; do
		[[ ! -x $program || $program == *.[od] ]] || names+=("${program##*/test_}")
	done
fi

for name in "${names[@]}"; do
	say "$name"
	while IFS= read -r line; do
		case $line in
		'[       OK ]'*) what=${line##*] }; ok "$name: ${what//_/ }" ;;
		'[  FAILED  ] '*:* | '[  FAILED  ] '*tests) ;;	# cmocka's closing list
		'[  FAILED  ]'*) what=${line##*] }; not_ok "$name: ${what//_/ }" "no failed assertion" "${why:-see above}" ;;
		'[  ERROR   ]'*) why=${line##*--- } ;;
		*Error!*) echo "        $line" ;;
		esac
	done < <(timeout 600 "$tests/test_$name" 2>&1; echo "status $?" >"$EFTF_RESULTS/$name.status")
	read -r _ status <"$EFTF_RESULTS/$name.status"
	((status <= 100)) || not_ok "$name runs to its end" "exit status 0" "$status"
done

say "the module goes"
check "rmmod with whatever the tests left" rmmod eftf
finish
