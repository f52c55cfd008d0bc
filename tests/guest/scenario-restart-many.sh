#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ten thousand tunnels of an eftf-gw that was killed: its successor takes them over.
set -u
cd "$(dirname "$0")" || exit 1
. ./lib.sh
. ./loopback.sh

PATH=${EFTF_TEST_TOOLS:?run it by tests/check}:${EFTF_BUILD:?run it by tests/guest/run}:$PATH
work=$(mktemp -d)
many=${EFTF_MANY:-10000}

# started N: a gateway with N tunnels to take over, until it is ready; ms is how long that took
started() {
	local begun=${EPOCHREALTIME/./}

	gw_start gw || return
	ms=$(((${EPOCHREALTIME/./} - begun) / 1000))
	grep -q "$1 tunnels taken over, 0 ended" "$EFTF_RESULTS/gw.log"
}

say "set-up"
check "module, link, certificates" loopback_up
loopback_config "max_tunnels = 20000" "state_dir = $work"
check "device" eftfctl link add eftf0 role gw
spawn left ktls-pair --pairs "$many" -- leave-tunnels eftf0 "$work/eftf0.leases"
check "$many tunnels and their leases" wait_for 300 "holds 'left $many' $EFTF_RESULTS/left.log" tunnels
say "a successor"
check "all are taken over" started "$many"
check_range "ms from the start until UEs are served" 1 12000 "$ms"
echo "        $ms ms, of which the main process had the processor $(awk '{ print ($14 + $15) * 10 }' "/proc/$(pid_of gw)/stat"); octets of it for each: $(awk -v n="$many" '/^RssAnon/ { printf "%.0f\n", $2 * 1024 / n }' "/proc/$(pid_of gw)/status")"
check_is "addresses in use" "$many" "$(counter pool.owned)"
stop gw KILL
check "and once more" started "$many"
check "one that is ended by its name" eftf-gw kick -s "$work/gw.sock" id:phone-77
check "is gone" wait_for 10 "[[ \$(counter pool.owned) -eq $((many - 1)) ]]" "its end"
check "SIGTERM" stop gw
check "no device is left" eval '! ip link show dev eftf0 2>/dev/null'
stop left KILL
finish
