#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module goes under tunnels that carry traffic in both directions, come, go and are swapped, and under
# netlink commands of every kind; and comes back as if nothing had been.
set -u

# shellcheck source=tests/guest/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

programs=${EFTF_KERNEL_TESTS:?the folder of the test programs}
rounds=${EFTF_UNLOAD_ROUNDS:-4}

# A command that is under way holds the module for a moment: rmmod says so, and is asked again.
unload() {
	wait_for 20 'rmmod eftf' ''
}

busy() { wait_for 90 "holds '^sums: .* out=[1-9][0-9]* in=[1-9]' $EFTF_RESULTS/churn.log" "packets out and in"; }
nobody() { ! pgrep fuzz_; }

for ((round = 1; round <= rounds; round++)); do
	say "round $round"
	spawn churn "$programs/fuzz_churn" 0 300
	spawn netlink "$programs/fuzz_netlink" 0 300
	check "tunnels with traffic" busy
	before=${EPOCHREALTIME/./}
	check "rmmod" unload
	check_range "... milliseconds" 0 $((20000 * patience)) $(((${EPOCHREALTIME/./} - before) / 1000))
	check_fails "the module is gone" grep -q '^eftf ' /proc/modules
	# what they make of it is not the question
	stop churn KILL
	stop netlink KILL
	check "their processes end" wait_for 20 nobody "no process of theirs"
	check "insmod" insmod "$EFTF_KO"
done
check "a tunnel as ever" "$programs/test_attach" takes_ktls_socket
check "rmmod" rmmod eftf
finish
